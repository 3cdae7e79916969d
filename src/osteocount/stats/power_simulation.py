"""The default analysis on thousands of simulated data sets at once, for planning and calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from osteocount.stats.arrays import BoolArray, FloatArray
from osteocount.stats.least_squares import ArmWeights, fit
from osteocount.stats.multivariate_t import critical_value


@dataclass(frozen=True)
class VarianceComponents:
    """How donor × arm totals vary.

    Attributes
    ----------
    mean : float
        Expected count of a control well.
    donor_sd, donor_arm_sd : float
        Between donors, and between a donor's arms beyond the arm's effect, on the log scale.
    theta : float
        Negative-binomial size of wells (variance = mean + mean² / theta); infinite for Poisson wells.
    """

    mean: float
    donor_sd: float
    donor_arm_sd: float
    theta: float


def simulate_log_rates(
    rng: np.random.Generator,
    runs: int,
    cells: pd.DataFrame,
    wells: int,
    components: VarianceComponents,
    log_ratio: ArmWeights,
) -> FloatArray:
    """Draw ``y = log((Σ count + 0.5) / wells)`` of every cell, shape (runs, cells).

    The sum of ``wells`` negative-binomial counts with one mean is negative binomial itself, so totals are drawn.
    """
    donors, codes = np.unique(cells["block"].to_numpy(), return_inverse=True)
    log_mean = np.log(components.mean) + cells["arm"].map(log_ratio).fillna(0.0).to_numpy(dtype=np.float64)
    log_mean = log_mean + components.donor_sd * rng.standard_normal((runs, len(donors)))[:, codes]
    log_mean += components.donor_arm_sd * rng.standard_normal((runs, len(cells)))
    expected = wells * np.exp(log_mean)
    if np.isfinite(components.theta):
        shape = wells * components.theta
        expected *= rng.standard_gamma(shape, expected.shape) / shape
    return np.asarray(np.log((rng.poisson(expected) + 0.5) / wells), dtype=np.float64)


@dataclass(frozen=True)
class SimulatedTests:
    """Of each run (rows) and arm (columns): estimate, standard error, and the verdicts' ingredients."""

    estimate: FloatArray
    error: FloatArray
    df: int
    raw_p: FloatArray
    critical: float
    dunnett: BoolArray
    paired: BoolArray
    pairs: NDArray[np.int_]

    @property
    def robust(self) -> BoolArray:
        """Both tests below .05, on three donors or more."""
        return np.asarray(self.dunnett & self.paired & (self.pairs >= 3), dtype=np.bool_)


def analyse(cells: pd.DataFrame, y: FloatArray, control: str) -> SimulatedTests:
    """Analyse every row of ``y`` as ``compare`` would.

    Parameters
    ----------
    cells : DataFrame
        Columns ``block`` (the donor) and ``arm``, one row per column of ``y``.
    y : (runs, cells) array
    control : str
    """
    arms = [arm for arm in sorted(cells["arm"].unique()) if arm != control]
    contrasts = [{arm: 1.0, control: -1.0} for arm in arms]
    model = fit(cells.assign(y=0.0))
    design, inverse = model.design, model.inverse
    solution = y @ inverse.T
    variance = np.sum((y - solution @ design.T) ** 2, axis=1) / model.df
    matrix = np.array([model.vector(weights) for weights in contrasts])
    estimate = solution[:, : len(model.arms)] @ matrix.T
    unscaled = matrix @ model.unscaled_covariance @ matrix.T
    error = np.sqrt(variance[:, None] * np.diag(unscaled)[None, :])
    correlation = unscaled / np.sqrt(np.outer(np.diag(unscaled), np.diag(unscaled)))
    t = estimate / error
    own = [_donor_ratios(cells, y, arm, control) for arm in arms]
    critical = critical_value(correlation, model.df)
    return SimulatedTests(
        estimate=estimate,
        error=error,
        df=model.df,
        raw_p=2 * stats.t.sf(np.abs(t), model.df),
        critical=critical,
        dunnett=np.abs(t) > critical,
        paired=np.column_stack([_paired(ratios) for ratios in own]),
        pairs=np.array([ratios.shape[1] for ratios in own]),
    )


def _donor_ratios(cells: pd.DataFrame, y: FloatArray, arm: str, control: str) -> FloatArray:
    """Log ratios of the donors that carry both, shape (runs, donors)."""
    column = {key: i for i, key in enumerate(zip(cells["block"], cells["arm"], strict=True))}
    pairs = [
        (i, column[block, control]) for (block, name), i in column.items() if name == arm and (block, control) in column
    ]
    above, below = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return np.asarray(y[:, above] - y[:, below], dtype=np.float64)


def _paired(ratios: FloatArray) -> BoolArray:
    """Whether the t test of the log ratios is below .05; never without spread."""
    n = ratios.shape[1]
    if n < 2:
        return np.zeros(len(ratios), dtype=np.bool_)
    error = ratios.std(axis=1, ddof=1) / np.sqrt(n)
    beyond = np.abs(ratios.mean(axis=1)) > stats.t.ppf(0.975, n - 1) * error
    return np.asarray(beyond & (error > 1e-12), dtype=np.bool_)


def crossed(donors: int, arms: int) -> pd.DataFrame:
    """Return the cells of a complete design; ``arm 0`` is the control."""
    return pd.DataFrame(
        [(f"donor {donor}", f"arm {arm}") for donor in range(donors) for arm in range(arms)], columns=["block", "arm"]
    )

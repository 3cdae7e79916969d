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
from osteocount.stats.pooled_paired_test import pooled_paired_significant
from osteocount.stats.sentences import OWN_LIMIT


@dataclass(frozen=True)
class VarianceComponents:
    """How donor × arm totals vary.

    Attributes
    ----------
    mean : float
        Count of a control well of the donor in the middle (the median over donors).
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
    extra: FloatArray | None = None,
) -> FloatArray:
    """Draw ``y = log((Σ count + 0.5) / wells)`` of every cell, shape (runs, cells).

    ``extra``, shape (runs, cells), is added to the log means. The sum of ``wells`` negative-binomial counts with one
    mean is negative binomial itself, so totals are drawn.
    """
    donors, codes = np.unique(cells["block"].to_numpy(), return_inverse=True)
    log_mean = np.log(components.mean) + cells["arm"].map(log_ratio).fillna(0.0).to_numpy(dtype=np.float64)
    log_mean = log_mean + components.donor_sd * rng.standard_normal((runs, len(donors)))[:, codes]
    log_mean += components.donor_arm_sd * rng.standard_normal((runs, len(cells)))
    if extra is not None:
        log_mean += extra
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
    paired_p: FloatArray
    pooled_paired: BoolArray
    pairs: NDArray[np.int_]

    @property
    def robust(self) -> BoolArray:
        """Dunnett and the pooled paired test below .05, the own paired test below .10, on three donors or more."""
        confirmed = self.pooled_paired & (self.paired_p < OWN_LIMIT)
        return np.asarray(self.dunnett & confirmed & (self.pairs >= 3), dtype=np.bool_)


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
        paired_p=np.column_stack([_paired_p(ratios) for ratios in own]),
        pooled_paired=pooled_paired_significant(np.stack(own, axis=2)),
        pairs=np.array([int((~np.isnan(ratios[0])).sum()) for ratios in own]),
    )


def _donor_ratios(cells: pd.DataFrame, y: FloatArray, arm: str, control: str) -> FloatArray:
    """Log ratios to the control, shape (runs, donors); NaN for donors that lack either."""
    column = {key: i for i, key in enumerate(zip(cells["block"], cells["arm"], strict=True))}
    ratios = np.full((len(y), cells["block"].nunique()), np.nan)
    for place, block in enumerate(sorted(cells["block"].unique())):
        if (block, arm) in column and (block, control) in column:
            ratios[:, place] = y[:, column[block, arm]] - y[:, column[block, control]]
    return ratios


def _paired_p(ratios: FloatArray) -> FloatArray:
    """Return p of the t test of the log ratios, shape (runs,); NaN below two donors or without spread."""
    own = ratios[:, ~np.isnan(ratios[0])]
    n = own.shape[1]
    if n < 2:
        return np.full(len(own), np.nan)
    error = own.std(axis=1, ddof=1) / np.sqrt(n)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * stats.t.sf(np.abs(own.mean(axis=1)) / error, n - 1)
    return np.asarray(np.where(error > 1e-12, p, np.nan), dtype=np.float64)


def crossed(donors: int, arms: int) -> pd.DataFrame:
    """Return the cells of a complete design; ``arm 0`` is the control."""
    return pd.DataFrame(
        [(f"donor {donor}", f"arm {arm}") for donor in range(donors) for arm in range(arms)], columns=["block", "arm"]
    )

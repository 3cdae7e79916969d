"""The default analysis on thousands of simulated data sets at once, for planning and calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from osteocount.stats.arrays import BoolArray, FloatArray
from osteocount.stats.counting_noise import CountedCells, noise_weights, sparse_arms, variances
from osteocount.stats.least_squares import ArmWeights, LeastSquaresFit, fit
from osteocount.stats.multivariate_t import critical_value
from osteocount.stats.pooled_pairs import CORRELATIONS, pooled_paired_significant
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
    evenness: FloatArray | None = None,
) -> FloatArray:
    """Draw ``y = log((Σ count + 0.5) / wells)`` of every cell, shape (runs, cells).

    ``extra``, shape (runs, cells), is added to the log means. The sum of ``wells`` negative-binomial counts with one
    mean is negative binomial itself, so totals are drawn; of wells with unequal areas one of the same variance, by
    their ``evenness`` (as of `CountedCells`, shape (runs, cells)).
    """
    donors, codes = np.unique(cells["block"].to_numpy(), return_inverse=True)
    log_mean = np.log(components.mean) + cells["arm"].map(log_ratio).fillna(0.0).to_numpy(dtype=np.float64)
    log_mean = log_mean + components.donor_sd * rng.standard_normal((runs, len(donors)))[:, codes]
    log_mean += components.donor_arm_sd * rng.standard_normal((runs, len(cells)))
    if extra is not None:
        log_mean += extra
    expected = wells * np.exp(log_mean)
    if np.isfinite(components.theta):
        shape = components.theta * (wells if evenness is None else 1 / evenness)
        expected *= rng.standard_gamma(shape, expected.shape) / shape
    return np.asarray(np.log((rng.poisson(expected) + 0.5) / wells), dtype=np.float64)


@dataclass(frozen=True)
class SimulatedTests:
    """Of each run (rows) and arm (columns): estimate, standard error, and the verdicts' ingredients."""

    estimate: FloatArray
    error: FloatArray
    df: int
    raw_p: FloatArray
    critical: FloatArray
    dunnett: BoolArray
    paired_p: FloatArray
    pooled_paired: BoolArray
    pairs: NDArray[np.int_]

    @property
    def robust(self) -> BoolArray:
        """Dunnett and the pooled paired test below .05, the own paired test below .10, on three donors or more."""
        confirmed = self.pooled_paired & (self.paired_p < OWN_LIMIT)
        return np.asarray(self.dunnett & confirmed & (self.pairs >= 3), dtype=np.bool_)


def analyse(cells: pd.DataFrame, y: FloatArray, control: str, counted: CountedCells | None = None) -> SimulatedTests:
    """Analyse every row of ``y`` as ``compare`` would.

    Parameters
    ----------
    cells : DataFrame
        Columns ``block`` (the donor) and ``arm``, one row per column of ``y``.
    y : (runs, cells) array
    control : str
    counted : CountedCells, optional
        Without it no run is weighted.
    """
    arms = [arm for arm in sorted(cells["arm"].unique()) if arm != control]
    model = fit(cells.assign(y=0.0))
    matrix = np.array([model.vector({arm: 1.0, control: -1.0}) for arm in arms])
    fitted = y @ model.inverse.T @ model.design.T
    variance = np.sum((y - fitted) ** 2, axis=1) / model.df
    estimate = (y @ model.inverse.T)[:, : len(model.arms)] @ matrix.T
    unscaled = matrix @ model.unscaled_covariance @ matrix.T
    error = np.sqrt(variance[:, None] * np.diag(unscaled)[None, :])
    correlation = unscaled / np.sqrt(np.outer(np.diag(unscaled), np.diag(unscaled)))
    critical = np.full(len(y), critical_value(correlation, model.df))
    if counted is not None:
        log_expected = fitted + np.log(counted.size)
        sparse = sparse_arms(log_expected, model.design[:, : len(model.arms)]).any(axis=-1)
        if sparse.any():
            weights = noise_weights(*variances(model, log_expected[sparse], variance[sparse] * model.df, counted))
            estimate[sparse], error[sparse], critical[sparse] = _weighted_fits(model, y[sparse], weights, matrix)
    t = estimate / error
    own = [_donor_ratios(cells, y, arm, control) for arm in arms]
    return SimulatedTests(
        estimate=estimate,
        error=error,
        df=model.df,
        raw_p=2 * scipy.stats.t.sf(np.abs(t), model.df),
        critical=critical,
        dunnett=np.abs(t) > critical[:, None],
        paired_p=np.column_stack([_paired_p(ratios) for ratios in own]),
        pooled_paired=pooled_paired_significant(np.stack(own, axis=2)),
        pairs=np.array([int((~np.isnan(ratios[0])).sum()) for ratios in own]),
    )


def _weighted_fits(
    model: LeastSquaresFit, y: FloatArray, weights: FloatArray, matrix: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return estimates and standard errors of the contrasts, and the critical value, of runs with their own weights.

    The critical value is that of the mean correlation of each run's estimates.
    """
    n_arms = len(model.arms)
    normal = np.einsum("rc,ci,cj->rij", weights, model.design, model.design)
    inverse = np.linalg.pinv(normal, rcond=1e-10, hermitian=True)
    solution = np.einsum("rij,cj,rc->ri", inverse, model.design, weights * y)
    variance = np.sum(weights * (y - solution @ model.design.T) ** 2, axis=1) / model.df
    covariance = matrix @ inverse[:, :n_arms, :n_arms] @ matrix.T
    spread = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    k = len(matrix)
    if k == 1:
        critical = np.full(len(y), float(scipy.stats.t.ppf(0.975, model.df)))
    else:
        correlation = covariance / spread[:, :, None] / spread[:, None, :]
        mean = (correlation.sum(axis=(1, 2)) - k) / (k * (k - 1))
        nodes = [critical_value(np.where(np.eye(k, dtype=np.bool_), 1.0, r), model.df) for r in CORRELATIONS]
        critical = np.interp(mean, CORRELATIONS, nodes)
    return solution[:, :n_arms] @ matrix.T, spread * np.sqrt(variance)[:, None], critical


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
        p = 2 * scipy.stats.t.sf(np.abs(own.mean(axis=1)) / error, n - 1)
    return np.asarray(np.where(error > 1e-12, p, np.nan), dtype=np.float64)


def crossed(donors: int, arms: int) -> pd.DataFrame:
    """Return the cells of a complete design; ``arm 0`` is the control."""
    return pd.DataFrame(
        [(f"donor {donor}", f"arm {arm}") for donor in range(donors) for arm in range(arms)], columns=["block", "arm"]
    )

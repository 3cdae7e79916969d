"""Counting noise: how far the log rate of a donor × arm cell varies by counting alone, and weights that allow for it.

Cells of few osteoclasts vary more than others, whatever the donors do. Where they are sparse, least squares with equal
weights takes that noise for variation between donors and spreads it over all arms: with a control of 6 cells per donor
beside arms of 60 its family-wise error is .085 to .13 (docs/calibration.md). There every cell is weighted by
1 / (τ² + its counting noise), with τ² the variance between a donor's arms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import scipy

from osteocount.stats.arrays import BoolArray, FloatArray
from osteocount.stats.endpoints import COUNT_OFFSET
from osteocount.stats.least_squares import LeastSquaresFit, fit

SPARSE_TOTAL = 20  # an arm with fewer in the cell of a donor in the middle: below it equal weights err by simulation
EXACT_BELOW = 100.0  # above this mean the variance of a log count is 1 / mean within 1 %


def excess_variance(wells: pd.DataFrame) -> float:
    """Variance of wells beyond Poisson over their squared mean, pooled over the cells: 1 / θ of a negative binomial.

    Parameters
    ----------
    wells : DataFrame
        Columns ``block``, ``arm``, ``total`` (count) and ``size`` (area).

    Returns
    -------
    float
        Below 0 where wells differ less than by Poisson; 0 where no cell has two wells.
    """
    above = below = 0.0
    for _, own in wells.groupby(["block", "arm"]):
        count, area = own["total"].to_numpy(dtype=np.float64), own["size"].to_numpy(dtype=np.float64)
        share = area / area.sum()
        mean = count.sum() * share
        above += float(np.sum((count - mean) ** 2) - np.sum(mean * (1 - share)))
        below += float(np.sum(mean**2 * (1 - share)))
    return above / below if below > 0 else 0.0


def log_count_variance(mean: FloatArray) -> FloatArray:
    """Variance of log(count + 0.5) of Poisson counts; means below 1 are taken as 1.

    Below 1 nearly every count is 0 and the logarithm hardly varies, which is no precision.
    """
    grid, values = _exact_variances()
    mean = np.maximum(mean, 1.0)
    return np.where(mean < EXACT_BELOW, np.interp(np.log(mean), grid, values), 1 / mean)


@lru_cache(maxsize=1)
def _exact_variances() -> tuple[FloatArray, FloatArray]:
    """Log means from 1 to `EXACT_BELOW`, and the variance of log(count + 0.5) at each."""
    means = np.geomspace(1.0, EXACT_BELOW, 200)
    counts = np.arange(int(EXACT_BELOW + 12 * np.sqrt(EXACT_BELOW)))
    chance = scipy.stats.poisson.pmf(counts[None, :], means[:, None])
    logs = np.log(counts + COUNT_OFFSET)
    return np.log(means), chance @ logs**2 - (chance @ logs) ** 2


@dataclass(frozen=True)
class CountedCells:
    """How the cells were counted: what the weights of sparse cells are made from (`counting_noise`).

    Attributes
    ----------
    size, evenness : (cells,) arrays
        Area, and Σ area² / (Σ area)² of the wells.
    excess : float
        1 / theta of the wells.
    """

    size: FloatArray
    evenness: FloatArray
    excess: float


@dataclass(frozen=True)
class NoiseModel:
    """A fit of counts weighted by 1 / (τ² + counting noise), and what its errors are made of.

    Attributes
    ----------
    fit : LeastSquaresFit
    sparse_arms : tuple of str
        Those with fewer than `SPARSE_TOTAL` in their middle cell.
    log_expected : (cells,) array
        Log of the expected totals.
    between : float
        τ², the variance between a donor's arms.
    counted : CountedCells
    """

    fit: LeastSquaresFit
    sparse_arms: tuple[str, ...]
    log_expected: FloatArray
    between: float
    counted: CountedCells

    def errors(self, rng: np.random.Generator, runs: int) -> FloatArray:
        """Draw errors of the log rates of experiments in which all arms have one τ², shape (runs, cells)."""
        shape = (runs, len(self.log_expected))
        mean = np.exp(self.log_expected + np.sqrt(self.between) * rng.standard_normal(shape))
        if self.counted.excess > 0:
            size = 1 / (self.counted.excess * self.counted.evenness)
            mean *= rng.standard_gamma(np.broadcast_to(size, shape)) / size
        return np.asarray(np.log(rng.poisson(mean) + COUNT_OFFSET) - self.log_expected, dtype=np.float64)


def weighted_by_noise(whole: LeastSquaresFit, cells: pd.DataFrame, counted: CountedCells) -> NoiseModel:
    """Fit counts again, weighted by 1 / (τ² + counting noise).

    Parameters
    ----------
    whole : LeastSquaresFit
        With equal weights.
    cells : DataFrame
        As for `least_squares.fit`.
    counted : CountedCells
    """
    y = cells["y"].to_numpy(dtype=np.float64)
    log_expected = y - whole.residuals + np.log(counted.size)
    squares = np.asarray(whole.residuals @ whole.residuals)
    between, noise = variances(whole, log_expected, squares, counted)
    are_sparse = sparse_arms(log_expected, whole.design[:, : len(whole.arms)])
    named = tuple(arm for arm, is_sparse in zip(whole.arms, are_sparse, strict=True) if is_sparse)
    return NoiseModel(fit(cells, noise_weights(between, noise)), named, log_expected, float(between), counted)


def variances(
    whole: LeastSquaresFit, log_expected: FloatArray, squares: FloatArray, counted: CountedCells
) -> tuple[FloatArray, FloatArray]:
    """Return τ², shape (...), and the counting noise of every cell, shape (..., cells).

    τ², the variance between a donor's arms, is the residual mean square less what counting explains of it (by moments).

    Parameters
    ----------
    whole : LeastSquaresFit
        With equal weights; of one of the runs.
    log_expected : (..., cells) array
        Log of the expected totals: what that fit gives.
    squares : (...) array
        Its residual sum of squares.
    counted : CountedCells
    """
    noise = log_count_variance(np.exp(log_expected)) + max(counted.excess, 0.0) * counted.evenness
    between = np.maximum((squares - noise @ np.diag(whole.residual_maker)) / whole.df, 0.0)
    return np.asarray(between, dtype=np.float64), np.asarray(noise, dtype=np.float64)


def noise_weights(between: FloatArray, noise: FloatArray) -> FloatArray:
    """Weights 1 / (τ² + counting noise) with a mean of 1, shape (..., cells)."""
    precision = 1 / (between[..., None] + noise)
    return np.asarray(precision / precision.mean(axis=-1, keepdims=True), dtype=np.float64)


def sparse_arms(log_expected: FloatArray, of_arm: FloatArray) -> BoolArray:
    """Tell which arms have fewer than `SPARSE_TOTAL` in their middle cell, shape (..., arms), bool.

    Parameters
    ----------
    log_expected : (..., cells) array
    of_arm : (cells, arms) array
        1 where the cell is of the arm.
    """
    middle = log_expected @ (of_arm / of_arm.sum(axis=0))
    return np.asarray(middle < np.log(SPARSE_TOTAL))

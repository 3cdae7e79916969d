"""The pooled paired test: donor ratios of all arms, with the variance between donors that they have in common.

The least-squares model takes every arm and the control as equally variable between donors. A control that is noisier
than its arms makes its p values too small, for every arm at once; the arms' own paired tests are right, but with three
donors they have little power. This test takes the variance of the donors' own log ratios (which holds the noise of the
control) as the mean over the arms, and its degrees of freedom after Satterthwaite (1946, Biometrics Bull 2:110) from
how much the ratios share by their common control. It is adjusted over the arms as Dunnett's test is, with the
correlation of the ratios as the donors show it. docs/calibration.md has its error and power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from osteocount.stats.arrays import BoolArray, FloatArray
from osteocount.stats.multivariate_t import adjusted_p, critical_value

HIGHEST_CORRELATION = 0.95  # beyond it the ratios are one ratio; the critical value hardly changes
CORRELATIONS = np.linspace(0.0, HIGHEST_CORRELATION, 8)  # between which critical values are interpolated


@dataclass(frozen=True)
class PooledRatios:
    """What the donors' log ratios say of all arms together; leading axes are runs.

    Attributes
    ----------
    t : (..., arms) array
        NaN for an arm with fewer than two donors.
    correlation : (...) array
        Mean correlation of the ratios of two arms over the donors.
    df : (...) array
    """

    t: FloatArray
    correlation: FloatArray
    df: FloatArray


def pool(ratios: FloatArray) -> PooledRatios:
    """Pool the variance of the ratios over the arms.

    Parameters
    ----------
    ratios : (..., donors, arms) array
        Log ratios of every donor and arm to the control; NaN where a donor lacks one, the same in every run.
    """
    known = ~np.isnan(ratios)
    known &= known.sum(axis=-2, keepdims=True) >= 2
    n = known.sum(axis=-2)
    mean = np.where(known, ratios, 0.0).sum(axis=-2) / np.maximum(n, 1)
    residuals = np.where(known, ratios - mean[..., None, :], 0.0)
    free = np.maximum(n - 1, 0).sum(axis=-1)
    squares = (residuals**2).sum(axis=(-2, -1))
    variance = squares / np.maximum(free, 1)
    both = np.einsum("...di,...dj->...ij", known, known, dtype=np.int64)
    shared = np.maximum(both - 1, 0).sum(axis=(-2, -1)) - free
    products = (residuals.sum(axis=-1) ** 2).sum(axis=-1) - squares
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.where(shared > 0, products / np.maximum(shared, 1) / variance, 0.0)
        correlation = np.clip(np.nan_to_num(correlation), 0.0, HIGHEST_CORRELATION)
        t = np.where(n >= 2, np.abs(mean) / np.sqrt(variance[..., None] / np.maximum(n, 1)), np.nan)
    arms = (n >= 2).sum(axis=-1)
    return PooledRatios(t, correlation, free / (1 + np.maximum(arms - 1, 0) * correlation**2))


def pooled_paired_p(ratios: FloatArray) -> FloatArray:
    """Return the adjusted p of every arm.

    Parameters
    ----------
    ratios : (donors, arms) array
        As for `pool`.

    Returns
    -------
    (arms,) array
        NaN for an arm with fewer than two donors, and where the ratios do not vary.
    """
    pooled = pool(ratios)
    p = np.full(ratios.shape[1], np.nan)
    tested = np.isfinite(pooled.t)
    if tested.any() and pooled.df > 0:
        matrix = _equicorrelated(int(tested.sum()), float(pooled.correlation))
        p[tested] = adjusted_p(pooled.t[tested], matrix, float(pooled.df))
    return p


def pooled_paired_significant(ratios: FloatArray, level: float = 0.95) -> BoolArray:
    """Whether the adjusted p of every run and arm is below ``1 - level``, by interpolated critical values.

    Parameters
    ----------
    ratios : (runs, donors, arms) array
        As for `pool`.
    """
    pooled = pool(ratios)
    arms = int(np.isfinite(pooled.t[0]).sum())
    if not arms:
        return np.zeros(pooled.t.shape, dtype=np.bool_)
    free = float(pooled.df[0] * (1 + max(arms - 1, 0) * pooled.correlation[0] ** 2))
    if arms == 1:
        limit = np.full(len(pooled.t), float(scipy.stats.t.ppf(0.5 + level / 2, free)))
    else:
        nodes = [
            critical_value(_equicorrelated(arms, float(r)), free / (1 + (arms - 1) * float(r) ** 2), level)
            for r in CORRELATIONS
        ]
        limit = np.interp(pooled.correlation, CORRELATIONS, nodes)
    with np.errstate(invalid="ignore"):
        return np.asarray(pooled.t > limit[:, None], dtype=np.bool_)


def _equicorrelated(k: int, correlation: float) -> FloatArray:
    return np.where(np.eye(k, dtype=np.bool_), 1.0, correlation)

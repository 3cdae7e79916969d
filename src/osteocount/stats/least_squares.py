"""Ordinary least squares on donor × arm cells, contrasts of arms, the paired t test, and Holm's adjustment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from osteocount.stats.arrays import FloatArray

ArmWeights = dict[str, float]  # arm to its weight in a contrast
ROUNDING_VARIANCE = 1e-24  # a variance of logarithms below this is rounding: squares of about 1e-12


@dataclass(frozen=True)
class LeastSquaresFit:
    """``y ~ block + arm`` (or ``y ~ arm``), by least squares.

    Attributes
    ----------
    arms : tuple of str
        Order of the arm effects.
    effects : (arms,) array
        A solution of the normal equations; only contrasts that ``estimable`` accepts have a meaning.
    unscaled_covariance : (arms, arms) array
        Covariance of the effects for a residual variance of 1.
    design : (cells, arms + blocks) array
    inverse : (arms + blocks, cells) array
        Pseudo-inverse of the design.
    variance : float
        Residual mean square; NaN without residual degrees of freedom.
    df : int
    residuals : (cells,) array
    weights : (cells,) array
        Precision of each cell, relative to the others; ones without weights.
    """

    arms: tuple[str, ...]
    effects: FloatArray
    unscaled_covariance: FloatArray
    design: FloatArray
    inverse: FloatArray
    variance: float
    df: int
    residuals: FloatArray
    weights: FloatArray

    @property
    def residual_maker(self) -> FloatArray:
        """Projection that makes residuals of errors, both multiplied by the root of the weights, (cells, cells)."""
        root = np.sqrt(self.weights)
        return np.asarray(np.eye(len(root)) - root[:, None] * (self.design @ self.inverse) / root, dtype=np.float64)

    @property
    def even_residuals(self) -> FloatArray:
        """Residuals of equal variance: multiplied by the root of the weights, shape (cells,)."""
        return np.asarray(np.sqrt(self.weights) * self.residuals, dtype=np.float64)

    @property
    def has_variation(self) -> bool:
        """Whether there is residual variation to test against, beyond rounding."""
        return self.df > 0 and self.variance > ROUNDING_VARIANCE

    def vector(self, weights: ArmWeights) -> FloatArray:
        """Return the contrast ``weights`` in the order of ``arms``, shape (arms,)."""
        return np.array([weights.get(arm, 0.0) for arm in self.arms])

    def estimable(self, weights: ArmWeights) -> bool:
        """Whether the data hold the contrast: every arm is there, and donors link the arms."""
        if not set(weights) <= set(self.arms):
            return False
        vector = np.zeros(self.design.shape[1])
        vector[: len(self.arms)] = self.vector(weights)
        return bool(np.allclose(vector @ self.inverse @ self.design, vector, atol=1e-8))

    def estimates(self, contrasts: list[ArmWeights]) -> tuple[FloatArray, FloatArray]:
        """Return estimates, shape (k,), and their covariance, shape (k, k)."""
        matrix = np.array([self.vector(weights) for weights in contrasts])
        return matrix @ self.effects, matrix @ self.unscaled_covariance @ matrix.T * self.variance


def fit(cells: pd.DataFrame, weights: FloatArray | None = None) -> LeastSquaresFit:
    """Fit the cells.

    Parameters
    ----------
    cells : DataFrame
        Columns ``arm``, ``y`` and ``block``, within which the arms are compared (a constant one: unblocked).
    weights : (cells,) array, optional
        Precision of each cell, relative to the others.
    """
    arms = tuple(sorted(cells["arm"].unique()))
    blocks = sorted(cells["block"].unique())
    design = np.hstack(
        [
            cells["arm"].to_numpy()[:, None] == np.array(arms, dtype=object)[None, :],
            cells["block"].to_numpy()[:, None] == np.array(blocks, dtype=object)[None, :],
        ]
    ).astype(np.float64)
    y = cells["y"].to_numpy(dtype=np.float64)
    centre = float(y.mean())
    weights = np.ones(len(y)) if weights is None else weights
    root = np.sqrt(weights)
    scaled_inverse = np.asarray(np.linalg.pinv(root[:, None] * design, rcond=1e-10), dtype=np.float64)
    inverse = scaled_inverse * root
    solution = inverse @ (y - centre)
    residuals = y - centre - design @ solution
    df = len(y) - int(np.linalg.matrix_rank(design))
    k = len(arms)
    return LeastSquaresFit(
        arms=arms,
        effects=solution[:k],
        unscaled_covariance=(scaled_inverse @ scaled_inverse.T)[:k, :k],
        design=design,
        inverse=inverse,
        variance=float(weights * residuals @ residuals) / df if df > 0 else float("nan"),
        df=df,
        residuals=residuals,
        weights=weights,
    )


@dataclass(frozen=True)
class PairedTest:
    """t test of the donors' own contrasts."""

    p: float
    signs_up: int
    signs_down: int


def paired_t_test(values: FloatArray) -> PairedTest:
    """Student's paired t test: the mean of ``values`` (one log ratio per donor) against zero.

    p is NaN below two donors or without any variation: `scipy.stats.ttest_1samp` gives 0 or rounding there.
    """
    n = len(values)
    mean = float(np.mean(values)) if n else float("nan")
    sd = float(np.std(values, ddof=1)) if n > 1 else 0.0
    rounding = 1e-12 * max(1.0, float(np.max(np.abs(values), initial=0.0)))
    p = float(2 * scipy.stats.t.sf(abs(mean) / (sd / np.sqrt(n)), n - 1)) if sd > rounding else float("nan")
    return PairedTest(p, int(np.sum(values > rounding)), int(np.sum(values < -rounding)))


def holm(p: FloatArray) -> FloatArray:
    """Holm's step-down adjustment; NaN stays NaN and does not count (Holm 1979, Scand J Stat 6:65)."""
    p = np.asarray(p, dtype=np.float64)
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1.0)
    return adjusted

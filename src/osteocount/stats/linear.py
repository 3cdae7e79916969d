"""Ordinary least squares on donor × arm cells, and contrasts of arms with their t statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Weights = dict[str, float]
NOISE = 1e-24  # a variance of logarithms below this is rounding


@dataclass(frozen=True)
class Fit:
    """``y ~ block + arm`` (or ``y ~ arm``), by least squares.

    Attributes
    ----------
    arms : tuple of str
        Order of the arm effects.
    effects : (arms,) array
        A solution of the normal equations; only contrasts that ``estimable`` accepts have a meaning.
    spread : (arms, arms) array
        Unscaled covariance of the effects.
    design : (cells, arms + blocks) array
    inverse : (arms + blocks, cells) array
        Pseudo-inverse of the design.
    variance : float
        Residual mean square; NaN without residual degrees of freedom.
    df : int
    residuals : (cells,) array
    """

    arms: tuple[str, ...]
    effects: Floats
    spread: Floats
    design: Floats
    inverse: Floats
    variance: float
    df: int
    residuals: Floats

    @property
    def has_noise(self) -> bool:
        """Whether there is variation to test against, beyond rounding."""
        return self.df > 0 and self.variance > NOISE

    def vector(self, weights: Weights) -> Floats:
        """Return the contrast ``weights`` in the order of ``arms``."""
        return np.array([weights.get(arm, 0.0) for arm in self.arms])

    def estimable(self, weights: Weights) -> bool:
        """Whether the data hold the contrast: every arm is there, and donors link the arms."""
        if not set(weights) <= set(self.arms):
            return False
        vector = np.zeros(self.design.shape[1])
        vector[: len(self.arms)] = self.vector(weights)
        return bool(np.allclose(vector @ self.inverse @ self.design, vector, atol=1e-8))

    def estimates(self, contrasts: list[Weights]) -> tuple[Floats, Floats]:
        """Return estimates, shape (k,), and their covariance, shape (k, k)."""
        matrix = np.array([self.vector(weights) for weights in contrasts])
        return matrix @ self.effects, matrix @ self.spread @ matrix.T * self.variance


def fit(cells: pd.DataFrame) -> Fit:
    """Fit the cells.

    Parameters
    ----------
    cells : DataFrame
        Columns ``arm`` and ``y``, and ``block`` where the arms are compared within blocks (a constant one otherwise).
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
    inverse = np.asarray(np.linalg.pinv(design, rcond=1e-10), dtype=np.float64)
    solution = inverse @ (y - centre)
    residuals = y - centre - design @ solution
    df = len(y) - int(np.linalg.matrix_rank(design))
    k = len(arms)
    return Fit(
        arms=arms,
        effects=solution[:k],
        spread=(inverse @ inverse.T)[:k, :k],
        design=design,
        inverse=inverse,
        variance=float(residuals @ residuals) / df if df > 0 else float("nan"),
        df=df,
        residuals=residuals,
    )


@dataclass(frozen=True)
class PairedTest:
    """t test of the donors' own contrasts."""

    n: int
    mean: float
    p: float
    signs_up: int
    signs_down: int


def paired_test(values: Floats) -> PairedTest:
    """Test the mean of ``values`` (one per donor) against zero; p is NaN below two donors or without any spread."""
    n = len(values)
    mean = float(np.mean(values)) if n else float("nan")
    spread = float(np.std(values, ddof=1)) if n > 1 else 0.0
    noise = 1e-12 * max(1.0, float(np.max(np.abs(values), initial=0.0)))
    known = spread > noise
    p = float(2 * stats.t.sf(abs(mean) / (spread / np.sqrt(n)), n - 1)) if known else float("nan")
    return PairedTest(n, mean, p, int(np.sum(values > noise)), int(np.sum(values < -noise)))


def holm(p: Floats) -> Floats:
    """Holm's step-down adjustment; NaN stays NaN and does not count (Holm 1979, Scand J Stat 6:65)."""
    p = np.asarray(p, dtype=np.float64)
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1.0)
    return adjusted

"""Bland-Altman, Lin's concordance and ICC(2,1), each with its 95 % interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from osteocount.stats.arrays import BoolArray, FloatArray


def describe(pairs: pd.DataFrame) -> dict[str, float]:
    """Bias, limits of agreement (Bland & Altman 1999), Lin's concordance and ICC(2,1), each with its 95 % interval.

    Parameters
    ----------
    pairs : DataFrame
        Columns ``first`` and ``second``.
    """
    first, second = np.asarray(pairs["first"], dtype=np.float64), np.asarray(pairs["second"], dtype=np.float64)
    n, error = len(first), second - first
    bias = float(error.mean()) if n else float("nan")
    row = {"n": n, "bias": bias, "bias_percent": 100 * float(error.sum() / first.sum()) if first.sum() > 0 else np.nan}
    nothing = float("nan")
    spread = float(error.std(ddof=1)) if n > 1 else nothing
    quantile = float(stats.t.ppf(0.975, n - 1)) if n > 1 else nothing
    about_bias = quantile * spread / np.sqrt(n) if n > 1 else nothing
    about_limit = quantile * spread * np.sqrt(1 / n + 1.96**2 / (2 * (n - 1))) if n > 1 else nothing
    row |= {"bias_low": bias - about_bias, "bias_high": bias + about_bias}
    for side, sign in (("low", -1), ("high", 1)):
        limit = bias + sign * 1.96 * spread
        row |= {
            f"limit_{side}": limit,
            f"limit_{side}_ci_low": limit - about_limit,
            f"limit_{side}_ci_high": limit + about_limit,
        }
    row |= dict(zip(("concordance", "concordance_low", "concordance_high"), concordance(first, second), strict=True))
    row |= dict(zip(("icc", "icc_low", "icc_high"), icc_2_1(np.column_stack([first, second])), strict=True))
    varied = n > 2 and first.std() > 0 and second.std() > 0
    row["r"] = float(np.corrcoef(first, second)[0, 1]) if varied else nothing
    return row


def cohen_kappa(first: BoolArray, second: BoolArray) -> float:
    """Cohen's kappa of two yes-or-no judgements of the same things (Cohen 1960, Educ Psychol Meas 20:37).

    NaN when there is nothing to judge, or when both always say the same one thing: chance alone would agree then.
    """
    if not len(first):
        return float("nan")
    agreed, yes = float((first == second).mean()), (float(first.mean()), float(second.mean()))
    by_chance = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")


def concordance(first: FloatArray, second: FloatArray) -> tuple[float, float, float]:
    """Lin's concordance with its interval by Fisher's z (Lin 1989, Biometrics 45:255; corrected 2000, 56:324)."""
    n = len(first)
    sd = first.std() * second.std() if n else 0.0
    if n < 4 or not sd > 0:
        return (float("nan"),) * 3
    covariance = float(np.mean((first - first.mean()) * (second - second.mean())))
    shift = float(first.mean() - second.mean())
    value = 2 * covariance / (first.var() + second.var() + shift**2)
    r, u = covariance / sd, shift**2 / sd
    if abs(value) >= 1 - 1e-12 or abs(r) < 1e-12:
        return value, value, value
    variance = (
        (1 - r**2) * value**2 / ((1 - value**2) * r**2)
        + 2 * value**3 * (1 - value) * u / (r * (1 - value**2) ** 2)
        - value**4 * u**2 / (2 * r**2 * (1 - value**2) ** 2)
    ) / (n - 2)
    half = 1.959963984540054 * np.sqrt(max(variance, 0.0))
    z = np.arctanh(value)
    return value, float(np.tanh(z - half)), float(np.tanh(z + half))


def icc_2_1(counts: FloatArray) -> tuple[float, float, float]:
    """ICC(2,1): two-way random, absolute agreement, single reader, with its interval (McGraw & Wong 1996).

    Parameters
    ----------
    counts : (wells, readers) array
    """
    n, k = counts.shape
    if n < 3 or not counts.std() > 0:
        return (float("nan"),) * 3
    grand = counts.mean()
    rows = k * float(np.sum((counts.mean(axis=1) - grand) ** 2)) / (n - 1)
    columns = n * float(np.sum((counts.mean(axis=0) - grand) ** 2)) / (k - 1)
    residual = counts - counts.mean(axis=1, keepdims=True) - counts.mean(axis=0, keepdims=True) + grand
    error = float(np.sum(residual**2)) / ((n - 1) * (k - 1))
    value = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    if error <= 1e-12 * rows and columns <= 1e-12 * rows:
        return value, value, value
    a, b = k * value / (n * (1 - value)), 1 + k * value * (n - 1) / (n * (1 - value))
    v = (a * columns + b * error) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    upper, lower = float(stats.f.ppf(0.975, n - 1, v)), float(stats.f.ppf(0.975, v, n - 1))
    mixed = k * columns + (k * n - k - n) * error
    low = n * (rows - upper * error) / (upper * mixed + n * rows)
    high = n * (lower * rows - error) / (mixed + n * lower * rows)
    return value, low, high

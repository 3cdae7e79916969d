"""Bland-Altman (differences, ratios, donors as clusters), Lin's concordance and ICC(2,1), with 95 % intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy

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
    quantile = float(scipy.stats.t.ppf(0.975, n - 1)) if n > 1 else nothing
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


def as_ratios(pairs: pd.DataFrame) -> dict[str, float]:
    """Limits of agreement as ratios: of log((second + 0.5) / (first + 0.5)), back-transformed.

    They fit counts whose errors grow with the count (Bland & Altman 1999, Stat Methods Med Res 8:135, section 3).

    Parameters
    ----------
    pairs : DataFrame
        Columns ``first`` and ``second``.
    """
    log_ratio = pd.DataFrame({"first": 0.0, "second": np.log((pairs["second"] + 0.5) / (pairs["first"] + 0.5))})
    row = describe(log_ratio)
    names = {
        "ratio": "bias", "ratio_low": "bias_low", "ratio_high": "bias_high", "ratio_limit_low": "limit_low",
        "ratio_limit_high": "limit_high",
    }  # fmt: skip
    return {ours: float(np.exp(row[name])) for ours, name in names.items()}


def over_donors(pairs: pd.DataFrame) -> dict[str, float]:
    """Bias and limits of agreement with wells clustered by donor: what a donor not in the sample may show.

    The bias is the mean of the donors' mean errors, with its t interval; the variance of the limits is that between
    donors plus that within (one-way analysis of variance; Bland & Altman 2007, J Biopharm Stat 17:571).

    Parameters
    ----------
    pairs : DataFrame
        Columns ``first``, ``second`` and ``donor``; empty where unknown.

    Returns
    -------
    dict
        ``n_donors``; the others are NaN with fewer than two donors, or one well each.
    """
    known = pairs[pairs["donor"] != ""]
    error = (known["second"] - known["first"]).groupby(known["donor"])
    size, mean = error.size().to_numpy(dtype=np.float64), error.mean().to_numpy(dtype=np.float64)
    n, donors = float(size.sum()), len(size)
    names = ("bias_donors", "bias_donors_low", "bias_donors_high", "limit_donors_low", "limit_donors_high")
    if donors < 2 or n == donors:
        return {"n_donors": donors} | dict.fromkeys(names, float("nan"))
    within = float(((known["second"] - known["first"] - error.transform("mean")) ** 2).sum()) / (n - donors)
    between = float(size @ (mean - (size @ mean) / n) ** 2) / (donors - 1)
    typical = (n - float(size @ size) / n) / (donors - 1)
    total = float(np.sqrt(within + max((between - within) / typical, 0.0)))
    bias = float(mean.mean())
    about = float(scipy.stats.t.ppf(0.975, donors - 1) * mean.std(ddof=1) / np.sqrt(donors))
    values = (bias, bias - about, bias + about, bias - 1.96 * total, bias + 1.96 * total)
    return {"n_donors": donors} | dict(zip(names, values, strict=True))


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
    upper, lower = float(scipy.stats.f.ppf(0.975, n - 1, v)), float(scipy.stats.f.ppf(0.975, v, n - 1))
    mixed = k * columns + (k * n - k - n) * error
    low = n * (rows - upper * error) / (upper * mixed + n * rows)
    high = n * (lower * rows - error) / (mixed + n * lower * rows)
    return value, low, high

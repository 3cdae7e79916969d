"""Bootstrap intervals of an evaluation's metrics: every resample is a row of weights of the wells."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RUNS = 1000  # resamples
LEAST_UNITS = 5  # wells or pictures below which no interval is given
SEED = 20261124
_LEAST_KNOWN = 0.95  # of the resamples must give a value, else the interval is left out


def resample_weights(n_units: int) -> Floats:
    """Draw how often each unit (well or picture) is in each resample.

    Returns
    -------
    ndarray of float64, (1 + `RUNS`, n_units)
        The first row is the sample itself; the only row where there are fewer than `LEAST_UNITS`: an interval from
        so few would pretend to know.
    """
    sample = np.ones((1, n_units))
    if n_units < LEAST_UNITS:
        return sample
    drawn = np.random.default_rng(SEED).multinomial(n_units, np.full(n_units, 1 / n_units), size=RUNS)
    return np.vstack([sample, drawn.astype(float)])


def percentile_interval(values: Floats) -> tuple[float, float, float]:
    """Return a value with its 95 % percentile interval.

    Parameters
    ----------
    values : ndarray of float, (1 + runs,)
        Of the sample, then of the resamples. The interval is NaN without resamples, or where more than 5 % of them
        leave the value unknown.
    """
    again = values[1:]
    known = again[np.isfinite(again)]
    if not np.isfinite(values[0]) or len(again) == 0 or len(known) < _LEAST_KNOWN * len(again):
        return float(values[0]), float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(values[0]), float(low), float(high)


def ratio(part: Floats, whole: Floats, weights: Floats) -> tuple[float, float, float]:
    """Return Σ part / Σ whole over units with its interval; NaN where Σ whole is 0."""
    return percentile_interval(_divided(weights @ part, weights @ whole))


def average_precision(ours: pd.DataFrame, hit: NDArray[np.bool_], n_true: Floats, weights: Floats) -> Floats:
    """Average precision: the area under the precision-recall curve, precision made non-increasing.

    As of PASCAL VOC from 2010 on (Everingham et al., Int J Comput Vis 2015;111:98).

    Parameters
    ----------
    ours : DataFrame, n rows
        ``chance`` of each of our cells to be an osteoclast (equal chances keep their order) and its ``unit``.
    hit : ndarray of bool, (n,)
        Whether it covers a true osteoclast.
    n_true : ndarray of float, (units,)
        True osteoclasts, found or not.
    weights : ndarray of float, (resamples, units)

    Returns
    -------
    ndarray of float, (resamples,)
        NaN without true osteoclasts: the value is then unknown.
    """
    order = np.argsort(-ours["chance"].to_numpy(float), kind="stable")
    hits, unit = hit[order], ours["unit"].to_numpy(np.int64)[order]
    total = weights @ n_true
    area = np.empty(len(weights))
    for run, weight in enumerate(weights):
        # A cell drawn twice is two equal cells below each other: the envelope is the same for both.
        mass = weight[unit]
        right = mass * hits
        precision = np.cumsum(right) / np.maximum(np.cumsum(mass), 1)
        area[run] = right @ np.maximum.accumulate(precision[::-1])[::-1]
    return _divided(area, total)


def concordance_of_moments(first: Floats, second: Floats, weights: Floats) -> Floats:
    """Lin's concordance (Biometrics 1989;45:255) of every resample; NaN where one side does not vary."""
    mean = weights / weights.sum(axis=1, keepdims=True)
    a, b = mean @ first, mean @ second
    var_a, var_b = mean @ first**2 - a**2, mean @ second**2 - b**2
    value = _divided(2 * (mean @ (first * second) - a * b), var_a + var_b + (a - b) ** 2)
    return np.where((var_a > 1e-9) & (var_b > 1e-9), value, np.nan)


def _divided(part: Floats, whole: Floats) -> Floats:
    known = whole > 0
    return np.where(known, part / np.where(known, whole, 1.0), np.nan)

"""The call of a cell at low power, fitted anew on a lab's annotated cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

# What changing a weight by one costs, in nats, for a feature of SD one: few cells move it little, hundreds freely.
_STIFFNESS = 10.0


def fit_call(
    features: NDArray[np.float64], is_osteoclast: NDArray[np.bool_], before: NDArray[np.float64], annotated: int
) -> NDArray[np.float64]:
    """Fit the logistic regression that calls a cell, held to the weights of before where cells are few.

    It is shifted until as many osteoclasts are called as are annotated: those that are not outlined cannot be called,
    and the count would be too low.

    Parameters
    ----------
    features
        (n, k) of our cells in annotated pictures, see `osteocount.segment.detectors.learned_low_power.cell_features`.
    is_osteoclast
        (n,) whether they are annotated osteoclasts.
    before
        (k,) weights of the network that ships.
    annotated
        Osteoclasts in these pictures.
    """
    if not len(features):
        return before
    spread = np.maximum(features.std(axis=0), 1e-6)
    spread[0] = 1.0
    ridge = _STIFFNESS / len(features)

    def loss(change: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logit = features @ (before + change / spread)
        value = np.mean(np.logaddexp(0, logit) - is_osteoclast * logit) + ridge * change @ change
        slope = (1 / (1 + np.exp(-np.clip(logit, -30, 30))) - is_osteoclast) @ features / len(features) / spread
        return float(value), slope + 2 * ridge * change

    found = minimize(loss, np.zeros(before.size), jac=True, method="L-BFGS-B")
    weights = before + found.x / spread
    return np.asarray(weights + _shift(features @ weights, annotated) * (np.arange(before.size) == 0))


def _shift(logit: NDArray[np.float64], wanted: int) -> float:
    """Return what is to be added so that ``wanted`` logits are above 0."""
    highest = np.sort(logit)[::-1]
    at = min(max(wanted, 1), len(highest) - 1)
    return -float(highest[at - 1] + highest[at]) / 2

"""The call of a cell at low power, fitted anew on a lab's annotated cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

# What changing a weight by one costs, in nats, for a feature of SD one: few cells move it little, hundreds freely.
_STIFFNESS = 10.0


def fit_call(
    features: NDArray[np.float64], is_osteoclast: NDArray[np.bool_], before: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit the logistic regression that calls a cell, held to the weights of before where cells are few.

    Parameters
    ----------
    features
        (n, k) of the annotated cells, see `osteocount.segment.detectors.learned_low_power.cell_features`.
    is_osteoclast
        (n,) what the annotator said.
    before
        (k,) weights of the network that ships.
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
    return np.asarray(before + found.x / spread)

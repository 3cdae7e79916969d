"""The call of a cell at low power, fitted anew on a lab's annotated cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from osteocount.finetune.annotated import folds
from osteocount.finetune.seen_picture import SeenPicture, n_annotated
from osteocount.finetune.trees import fit_trees
from osteocount.segment.backends.low_power_call import HOPELESS, LowPowerCall

# What changing a weight by one costs, in nats, for a feature of SD one: few cells move it little, hundreds freely.
_STIFFNESS = 10.0
_HELD = 100  # annotated osteoclasts whose count moves the threshold half as far as they ask for; a judgement


def fit_call(pictures: Sequence[SeenPicture], before: LowPowerCall) -> LowPowerCall:
    """Fit the logistic regression that calls a cell, held to the weights of before where cells are few.

    It is shifted until as many osteoclasts are called as are annotated: those that are not outlined cannot be called,
    and the count would be too low.
    """
    features = np.concatenate([each.features[each.cells.judged] for each in pictures])
    is_osteoclast = np.concatenate([each.cells.hit[each.cells.judged] for each in pictures])
    weights = fit_weights(features, is_osteoclast, before.weights)
    return _shifted(LowPowerCall(weights), shift(features @ weights, n_annotated(pictures)))


def fit_weights(
    features: NDArray[np.float64], is_osteoclast: NDArray[np.bool_], before: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit a logistic regression (k,) on ``features`` (n, k), held to the weights ``before``."""
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


def boost_call(pictures: Sequence[SeenPicture], before: LowPowerCall, seed: int) -> LowPowerCall:
    """Add trees to the call of before that correct it on a lab's annotated cells.

    Cells that trees were fitted on are called better than others. So the call is shifted by what trees fitted on other
    wells (on other pictures, where there is one well) say of each: until about as many are called as are annotated. Few
    osteoclasts shift it little.
    """
    named = {each.scene.well for each in pictures}
    own = [each.scene.well if len(named) > 1 else each.scene.name for each in pictures]
    parts = folds([(name, int(each.scene.countable.sum())) for name, each in zip(own, pictures, strict=True)])
    call = _boosted(pictures, before, seed)
    if len(parts) < 2:
        return call
    logits = []
    for part in parts:
        other = _boosted([each for name, each in zip(own, pictures, strict=True) if name not in part], before, seed)
        unseen = [each for name, each in zip(own, pictures, strict=True) if name in part]
        logits += [each.logit(other)[each.cells.judged] for each in unseen]
    n = n_annotated(pictures)
    return _shifted(call, shift(np.concatenate(logits), n) * n / (n + _HELD))


def shift(logit: NDArray[np.float64], wanted: int) -> float:
    """Return what is to be added so that ``wanted`` logits are above 0."""
    if logit.size < 2:
        return 0.0
    highest = np.sort(logit)[::-1]
    at = min(max(wanted, 1), len(highest) - 1)
    return -float(highest[at - 1] + highest[at]) / 2


def _boosted(pictures: Sequence[SeenPicture], before: LowPowerCall, seed: int) -> LowPowerCall:
    start = [each.logit(before) for each in pictures]
    asked = [each.cells.judged & (logit > HOPELESS) for each, logit in zip(pictures, start, strict=True)]
    trees = fit_trees(
        np.concatenate([each.appearance[some] for each, some in zip(pictures, asked, strict=True)]),
        np.concatenate([logit[some] for logit, some in zip(start, asked, strict=True)]),
        np.concatenate([each.cells.hit[some] for each, some in zip(pictures, asked, strict=True)]),
        seed,
    )
    return replace(before, trees=trees)


def _shifted(call: LowPowerCall, by: float) -> LowPowerCall:
    """Return the call with ``by`` added to each logit; the first feature is 1."""
    return replace(call, weights=np.round(call.weights + by * (np.arange(call.weights.size) == 0), 5))

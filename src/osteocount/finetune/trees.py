"""Trees that correct the call of a cell where a lab's annotations contradict it: gradient boosting (Friedman 2001)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from osteocount.segment.backends.low_power_call import CELL_APPEARANCE, DEPTH, LabTrees
from osteocount.segment.backends.shipped import sigmoid

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor

# Usual values, tried on the annotated wells that docs/finetune.md reports on, so its figures flatter them a little.
_TREES = 100
_RATE = 0.05  # share of its answer that each tree adds
_ROWS = 0.5  # share of the cells that each tree sees
_MEASURES = 0.3  # share of the measures that each question may be about
_FEWEST_CELLS = 20  # for an answer
_OSTEOCLASTS_A_TREE = 10  # so that few annotations change the call little; a judgement


def fit_trees(
    appearance: NDArray[np.float32], start: NDArray[np.float64], is_osteoclast: NDArray[np.bool_], seed: int
) -> LabTrees:
    """Fit trees whose answers are added to the logit ``start`` of each cell.

    Parameters
    ----------
    appearance
        (n, k) see `osteocount.segment.detectors.cell_appearance`.
    start
        (n,) logits of the call that ships.
    is_osteoclast
        (n,) whether they are annotated osteoclasts.
    seed
        Of the cells and measures that each tree sees.
    """
    from sklearn.tree import DecisionTreeRegressor

    rng, logit, trees = np.random.default_rng(seed), start.astype(float), []
    for _ in range(min(_TREES, int(is_osteoclast.sum()) // _OSTEOCLASTS_A_TREE)):
        chance = sigmoid(logit)
        missing, spread = is_osteoclast - chance, chance * (1 - chance)
        own = rng.random(logit.size) < _ROWS
        tree = DecisionTreeRegressor(
            max_depth=DEPTH,
            max_features=_MEASURES,
            min_samples_leaf=_FEWEST_CELLS,
            random_state=int(rng.integers(2**31)),
        ).fit(appearance[own], missing[own])
        leaf, size = tree.apply(appearance), tree.tree_.node_count
        step = np.bincount(leaf[own], missing[own], size) / np.maximum(np.bincount(leaf[own], spread[own], size), 1e-6)
        logit += _RATE * step[leaf]
        trees.append(_complete(tree, np.round(_RATE * step, 6)))
    asked, thresholds, answers = zip(*trees, strict=True) if trees else ((), (), ())
    return LabTrees(measures=CELL_APPEARANCE, asked=asked, thresholds=thresholds, answers=answers)


def _complete(tree: DecisionTreeRegressor, answers: NDArray[np.float64]) -> tuple[list[int], list[float], list[float]]:
    """Return questions, thresholds and answers of the complete tree: below an early answer all answers are the same."""
    nodes, left, right = [0], tree.tree_.children_left, tree.tree_.children_right
    for at in range(2**DEPTH - 1):
        node = nodes[at]
        nodes += [left[node], right[node]] if left[node] >= 0 else [node, node]
    asking = nodes[: 2**DEPTH - 1]
    asked = np.maximum(tree.tree_.feature[asking], 0)
    return asked.tolist(), np.round(tree.tree_.threshold[asking], 6).tolist(), answers[nodes[len(asking) :]].tolist()

"""The call fitted anew on a lab's cells."""

import numpy as np
import pytest

from osteocount.finetune.call import boost_call, fit_call, fit_weights, shift
from osteocount.finetune.scores import JudgedCells
from osteocount.finetune.seen_picture import SeenPicture
from osteocount.segment.backends.low_power_call import CELL_APPEARANCE, LowPowerCall
from support.annotated_scenes import annotated, labels

BEFORE = np.array([0.0, 1.0])


def cells(n, threshold, seed=0):
    """Return features of ``n`` cells, of which those above ``threshold`` mostly are osteoclasts."""
    rng = np.random.default_rng(seed)
    value = rng.normal(0, 2, n)
    return np.column_stack([np.ones(n), value]), value + rng.logistic(0, 0.5, n) > threshold


def seen(name, n=400, seed=0):
    """Return a picture with ``n`` cells whose osteoclasts are those darker around, which the call does not look at."""
    rng = np.random.default_rng(seed)
    features, _ = cells(n, 0, seed)
    looks = rng.normal(size=(n, len(CELL_APPEARANCE))).astype(np.float32)
    hit = looks[:, CELL_APPEARANCE.index("around")] > 0.5
    boxes = [(y, y + 2, x, x + 2) for y in range(10, 590, 4) for x in range(10, 590, 4)][: hit.sum()]
    scene = annotated(labels(*boxes), range(1, len(boxes) + 1), name=name, well=name[:3])
    return SeenPicture(scene, JudgedCells(scene.cells, hit, np.ones(n, bool)), features, looks)


def right(picture, call):
    """Return the share of the cells that are called right."""
    return np.mean((picture.logit(call) > 0) == picture.cells.hit)


def test_without_cells_the_call_stays():
    np.testing.assert_array_equal(fit_weights(np.zeros((0, 2)), np.zeros(0, bool), BEFORE), BEFORE)
    assert shift(np.zeros(0), 5) == 0


def test_few_cells_move_it_a_little_and_many_all_the_way():
    slopes = [fit_weights(*cells(n, 1.5), BEFORE)[1] for n in (10, 5000)]
    assert 1 < slopes[0] < slopes[1]
    assert 1.5 < slopes[1] <= 2.2  # 2 is the truth: its logistic noise has a scale of a half


@pytest.mark.parametrize("annotated", [1, 7, 40])
def test_as_many_are_called_as_are_annotated(annotated):
    logit = np.random.default_rng(0).normal(-1, 2, 100)
    assert int((logit + shift(logit, annotated) > 0).sum()) == annotated


def test_the_regression_calls_as_many_as_are_annotated():
    picture = seen("A01_f1")
    call = fit_call([picture], LowPowerCall(BEFORE))
    assert int((picture.logit(call) > 0).sum()) == picture.cells.hit.sum()


def test_trees_call_the_cells_of_an_unseen_well_better():
    before, unseen = LowPowerCall(BEFORE), seen("A09_f1", seed=9)
    call = boost_call([seen(name, seed=n) for n, name in enumerate(("A01_f1", "A01_f2", "A02_f1"))], before, 1)
    assert right(unseen, call) > right(unseen, before) + 0.2
    called = (unseen.logit(call) > 0).sum()
    assert called == pytest.approx(unseen.cells.hit.sum(), rel=0.3)
    np.testing.assert_array_equal(call.weights[1:], BEFORE[1:])


def test_one_picture_alone_does_not_move_the_threshold():
    call = boost_call([seen("A01_f1")], LowPowerCall(BEFORE), 1)
    np.testing.assert_array_equal(call.weights, BEFORE)
    assert call.trees is not None

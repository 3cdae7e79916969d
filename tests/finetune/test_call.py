"""The call fitted anew on a lab's cells."""

import numpy as np
import pytest

from osteocount.finetune.call import fit_call

BEFORE = np.array([0.0, 1.0])


def cells(n, threshold, seed=0):
    """Return features of ``n`` cells, of which those above ``threshold`` mostly are osteoclasts."""
    rng = np.random.default_rng(seed)
    value = rng.normal(0, 2, n)
    return np.column_stack([np.ones(n), value]), value + rng.logistic(0, 0.5, n) > threshold


def test_without_cells_the_call_stays():
    np.testing.assert_array_equal(fit_call(np.zeros((0, 2)), np.zeros(0, bool), BEFORE, 0), BEFORE)


def test_few_cells_move_it_a_little_and_many_all_the_way():
    slopes = []
    for n in (10, 5000):
        features, answers = cells(n, 1.5)
        slopes.append(fit_call(features, answers, BEFORE, int(answers.sum()))[1])
    assert 1 < slopes[0] < slopes[1]
    assert 1.5 < slopes[1] <= 2.2  # 2 is the truth: its logistic noise has a scale of a half


@pytest.mark.parametrize("annotated", [1, 7, 40])
def test_as_many_are_called_as_are_annotated(annotated):
    features, answers = cells(100, 1.5)
    assert int((features @ fit_call(features, answers, BEFORE, annotated) > 0).sum()) == annotated

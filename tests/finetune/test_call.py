"""The call fitted anew on a lab's cells."""

import numpy as np

from osteocount.finetune.call import fit_call

BEFORE = np.array([0.0, 1.0])


def cells(n, threshold, seed=0):
    """Return features of ``n`` cells, of which those above ``threshold`` mostly are osteoclasts."""
    rng = np.random.default_rng(seed)
    value = rng.normal(0, 2, n)
    return np.column_stack([np.ones(n), value]), value + rng.logistic(0, 0.5, n) > threshold


def cut(weights):
    return -weights[0] / weights[1]


def test_without_cells_the_call_stays():
    np.testing.assert_array_equal(fit_call(np.zeros((0, 2)), np.zeros(0, bool), BEFORE), BEFORE)


def test_few_cells_move_it_a_little_and_many_all_the_way():
    few, many = (cut(fit_call(*cells(n, 1.5), BEFORE)) for n in (10, 5000))
    assert 0 < few < many
    assert abs(many - 1.5) < 0.15

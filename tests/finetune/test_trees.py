"""Trees that correct a call."""

import numpy as np
import pytest

from osteocount.finetune.trees import fit_trees
from osteocount.segment.backends.low_power_call import CELL_APPEARANCE


def cells(n, seed=0):
    """Return ``n`` cells of which those with ``around`` above 0 and ``rim`` below 1 are osteoclasts."""
    rng = np.random.default_rng(seed)
    looks = rng.normal(size=(n, len(CELL_APPEARANCE))).astype(np.float32)
    around, rim = (looks[:, CELL_APPEARANCE.index(name)] for name in ("around", "rim"))
    return looks, (around > 0) & (rim < 1)


def test_they_learn_what_the_call_that_ships_does_not_look_at():
    looks, answers = cells(1500)
    trees = fit_trees(looks, np.zeros(1500), answers, 1)
    unseen, truth = cells(500, seed=1)
    assert len(trees.asked) == answers.sum() // 10
    assert ((trees.logit(unseen) > 0) == truth).mean() > 0.9


@pytest.mark.parametrize("n", [0, 30, 90, 5000])
def test_few_annotations_change_little(n):
    looks, answers = cells(n)
    fitted = fit_trees(looks, np.zeros(n), answers, 1)
    assert len(fitted.asked) == min(answers.sum() // 10, 100)
    assert np.abs(fitted.logit(cells(100)[0])).max() <= 0.11 * len(fitted.asked)


def test_the_same_seed_grows_the_same_trees():
    looks, answers = cells(200)
    first, again, other = (fit_trees(looks, np.zeros(200), answers, seed) for seed in (1, 1, 2))
    assert first == again != other

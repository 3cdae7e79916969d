"""The marker-controlled watershed."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.segment.watershed import marker_watershed


def basins(heights, seeds):
    """Basins of single-pixel seeds in a picture that is all inside."""
    height = np.asarray(heights, np.float32)
    return marker_watershed(
        np.ones(height.shape, bool), height.ravel(), np.array(seeds), np.arange(len(seeds)), height.ravel()
    )


def test_a_summit_without_a_seed_goes_over_its_highest_saddle():
    found = basins([[1, 5, 2, 1, 4, 3, 6, 1]], [1, 6])
    assert found.basin.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert found.summits.tolist() == [1, 4, 6]
    assert (found.pairs.tolist(), found.saddle.tolist(), found.border_mean.tolist()) == ([[0, 1]], [1], [2])


@given(seed=st.integers(0, 10**6), n_seeds=st.integers(1, 5), levels=st.sampled_from([2, 5, 1000]))
@settings(max_examples=40, deadline=None)
def test_every_basin_is_one_piece_around_its_seed(seed, n_seeds, levels):
    random = np.random.default_rng(seed)
    seeds = np.sort(random.choice(12 * 9, n_seeds, replace=False))
    found = basins(random.integers(0, levels, (12, 9)), seeds)
    assert found.basin[seeds].tolist() == list(range(n_seeds))
    for basin in range(n_seeds):
        own = (found.basin.reshape(12, 9) == basin).astype(np.uint8)
        assert cv2.connectedComponents(own, connectivity=4)[0] == 2

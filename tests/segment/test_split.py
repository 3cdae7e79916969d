"""Touching cells told apart."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.split import split_touching

SCALE = Scale(0.76, 1.0, "made")


@pytest.mark.parametrize(("distance", "parts"), [(20, 1), (30, 1), (56, 2), (58, 2)])
def test_bodies_are_cut_only_at_a_waist(distance, parts):
    y, x = np.ogrid[:100, :200]
    both = (np.hypot(y - 50, x - 60) < 30) | (np.hypot(y - 50, x - 60 - distance) < 30)
    assert split_touching(both.astype(np.uint8), SCALE).max() == parts


def test_a_dense_waist_is_one_cell_and_a_pale_one_two():
    y, x = np.ogrid[:100, :200]
    both = ((np.hypot(y - 50, x - 60) < 30) | (np.hypot(y - 50, x - 112) < 30)).astype(np.uint8)
    middle = np.exp(-(((x - 86) / 8.0) ** 2)) * np.ones((100, 1))
    counts = [
        int(split_touching(both, SCALE, density=(0.3 + sign * 0.2 * middle).astype(np.float32)).max())
        for sign in (1, -1)
    ]
    assert counts == [1, 2]

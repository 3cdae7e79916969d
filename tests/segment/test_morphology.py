"""Mask operations at the border and inside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.segment.morphology import holes_filled, in_raster_order, opened, regions


@pytest.mark.parametrize(("border", "filled"), [(False, True), (True, False)])
def test_only_closed_holes_are_filled(border, filled):
    mask = np.ones((30, 30), np.uint8)
    mask[0 if border else 5 : 10, 10:14] = 0
    assert bool(holes_filled(mask, 100).all()) is filled


def test_opening_does_not_eat_cells_cut_by_the_border():
    mask = np.zeros((40, 40), np.uint8)
    mask[:12, :12] = 1
    mask[30, :] = 1
    out = opened(mask, 3)
    assert out[0, 0] == 1
    assert not out[30].any()


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_raster_order_keeps_the_partition(seed):
    labels = np.random.default_rng(seed).integers(0, 6, (7, 9)).astype(np.int32) * 3
    new = in_raster_order(labels)
    ids, first = np.unique(new, return_index=True)
    assert np.array_equal(new > 0, labels > 0)
    assert np.all(np.diff(first[ids > 0]) > 0)
    assert sorted(ids[ids > 0]) == list(range(1, np.unique(labels[labels > 0]).size + 1))
    for label in ids[ids > 0]:
        assert np.unique(labels[new == label]).size == 1
    assert sum(r.area for r in regions(new)) == (labels > 0).sum()

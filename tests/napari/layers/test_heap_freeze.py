"""What the dock sets aside for the garbage collector, and gives back."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from napari.components import LayerList
from napari.layers import Image, Labels

from osteocount.napari.layers.viewer_layers import HeapFreeze, precompute_line_dashes


@pytest.fixture
def layers():
    before = Image(np.zeros((4, 4)), name="before")
    made = LayerList([before])
    yield made
    gc.unfreeze()


def test_all_there_is_is_set_aside_until_it_is_given_back(layers):
    gc.unfreeze()
    kept = HeapFreeze(layers)
    assert gc.get_freeze_count() > 10_000
    kept.release()
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(("removed", "is_kept"), [("before", False), ("after", True)])
def test_the_pixels_of_a_removed_layer_do_not_stay(layers, removed, is_kept):
    kept = HeapFreeze(layers)
    layers.append(Labels(np.zeros((4, 4), int), name="after"))
    layers.remove(layers[removed])
    assert (gc.get_freeze_count() > 0) is is_kept
    kept.release()


def test_the_dashes_of_lines_are_kept_by_vispy(qtbot):
    precompute_line_dashes()
    from vispy.visuals.line.dash_atlas import _make_pattern

    known = _make_pattern.cache_info()
    precompute_line_dashes()
    assert _make_pattern.cache_info().misses == known.misses

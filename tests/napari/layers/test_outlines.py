"""Outlines are drawn for the window that is asked for, and are those of the whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.layers import Labels

from osteocount.io.label_image import TiledLabels, write_tiled_labels
from osteocount.napari.layers.outlines import (
    NONE,
    OSTEOCLAST,
    OTHER,
    PEN,
    SELECTED,
    OutlineLayerData,
    draw_outlines,
    outline_classes,
)

SHAPE = (1100, 1200)
CELLS = pd.DataFrame({"cell_id": [1, 2], "is_osteoclast": False, "counted": True})
CLASSES = np.array([NONE, OSTEOCLAST, OTHER], np.uint8)


class Layer:
    """Counts how often it was asked to draw anew."""

    asked = 0

    def refresh(self, **_):
        self.asked += 1


@pytest.fixture
def labels(tmp_path):
    whole = np.zeros(SHAPE, np.uint32)
    whole[100:160, 200:300], whole[100:160, 300:380], whole[500:900, 250:270] = 1, 2, 1
    write_tiled_labels(lambda rows, columns: whole[np.ix_(rows, columns)], SHAPE, tmp_path / "a.tif")
    return TiledLabels(tmp_path / "a.tif")


def test_a_window_is_a_window_of_the_whole(labels):
    outlines = OutlineLayerData(labels, CLASSES)
    whole = draw_outlines(labels[0 : SHAPE[0], 0 : SHAPE[1]], CLASSES, 2)
    np.testing.assert_array_equal(np.asarray(outlines.data[0]), whole)
    np.testing.assert_array_equal(outlines.data[0][120:170, 290:310], whole[120:170, 290:310])
    np.testing.assert_array_equal(outlines.data[0][100:900:7, 255], whole[100:900:7, 255])
    assert [level.shape for level in outlines.data] == [SHAPE, (550, 600)]


def test_a_change_is_seen_and_so_is_the_pen(labels):
    outlines, layer = OutlineLayerData(labels, CLASSES), Layer()
    labels[100:160, 300:380] = np.ones((60, 80), np.uint32)
    outlines.redraw(layer, np.s_[100:160, 300:380])
    assert outlines.data[0][130, 300] == NONE  # two cells have become one
    outlines.trace(layer, (400.0, 400.0), (400.0, 420.0))
    assert outlines.data[0][400, 410] == PEN
    assert outlines.data[1][200, 205] == PEN
    outlines.erase(layer, [(400.0, 400.0), (400.0, 420.0)])
    assert outlines.data[0][400, 410] == NONE
    assert layer.asked == 3


def test_outlines_tell_touching_cells_of_one_kind_apart():
    labels = np.zeros((9, 14), np.uint32)
    labels[1:8, 1:7], labels[1:8, 7:13] = 1, 2
    classes = outline_classes(CELLS, 2, selected=[2])
    drawn = draw_outlines(labels, classes, 1)
    assert drawn[4, 6] == OTHER
    assert drawn[4, 7] == SELECTED
    assert drawn[4, 3] == NONE
    assert drawn[0, 0] == NONE


def test_outlines_in_memory_follow_a_change_and_the_pen(qtbot):
    labels = np.zeros((120, 150), np.uint32)
    labels[20:60, 20:60], labels[20:60, 60:100] = 1, 2
    outlines = OutlineLayerData(labels, CLASSES)
    layer = Labels(outlines.data)
    before = layer.data.copy()
    np.testing.assert_array_equal(before, draw_outlines(labels, CLASSES, 1))
    outlines.trace(layer, (10.0, 40.0), (80.0, 40.0))
    outlines.trace(layer, (80.0, 40.0), (80.0, 200.0))  # the pen may leave the picture
    assert (layer.data[10:80, 40] == PEN).all()
    assert (layer.data[80, 40:150] == PEN).all()
    outlines.erase(layer, [(10.0, 40.0), (80.0, 40.0), (80.0, 200.0)])
    np.testing.assert_array_equal(layer.data, before)
    labels[20:60, 60:100] = 1
    outlines.redraw(layer, np.s_[20:60, 60:100])
    np.testing.assert_array_equal(layer.data, draw_outlines(labels, CLASSES, 1))

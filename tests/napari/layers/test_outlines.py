"""Outlines of large pictures are drawn for the window that is asked for, and are those of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.io.label_image import TiledLabels, write_tiled_labels
from osteocount.napari.layers import outline_image
from osteocount.napari.layers.outline_layer import TiledSheet

SHAPE = (1100, 1200)
KINDS = np.array([outline_image.NONE, outline_image.OSTEOCLAST, outline_image.OTHER], np.uint8)


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
    sheet = TiledSheet(labels, KINDS)
    whole = outline_image.outlines(labels[0 : SHAPE[0], 0 : SHAPE[1]], KINDS, 2)
    np.testing.assert_array_equal(np.asarray(sheet.data[0]), whole)
    np.testing.assert_array_equal(sheet.data[0][120:170, 290:310], whole[120:170, 290:310])
    np.testing.assert_array_equal(sheet.data[0][100:900:7, 255], whole[100:900:7, 255])
    assert [level.shape for level in sheet.data] == [SHAPE, (550, 600)]


def test_a_change_is_seen_and_so_is_the_pen(labels):
    sheet, layer = TiledSheet(labels, KINDS), Layer()
    labels[100:160, 300:380] = np.ones((60, 80), np.uint32)
    sheet.redraw(layer, np.s_[100:160, 300:380])
    assert sheet.data[0][130, 300] == outline_image.NONE  # two cells have become one
    sheet.trace(layer, (400.0, 400.0), (400.0, 420.0))
    assert sheet.data[0][400, 410] == outline_image.PEN
    assert sheet.data[1][200, 205] == outline_image.PEN
    sheet.erase(layer, [(400.0, 400.0), (400.0, 420.0)])
    assert sheet.data[0][400, 410] == outline_image.NONE
    assert layer.asked == 3

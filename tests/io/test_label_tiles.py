"""Large label images read tile by tile are what they are when read at once, before and after changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.errors import OsteoCountError
from osteocount.io import picture
from osteocount.io.label_image import TiledLabels, bounding_boxes, open_labels, read_labels, write_tiled_labels

SHAPE = (1300, 1111)
CELLS = {7: (10, 40, 20, 90), 8: (250, 265, 250, 270), 400: (500, 1290, 300, 310), 9: (1299, 1300, 1110, 1111)}


@pytest.fixture(scope="module")
def whole():
    labels = np.zeros(SHAPE, np.uint32)
    for cell, (top, bottom, left, right) in CELLS.items():
        labels[top:bottom, left:right] = cell
    return labels


@pytest.fixture(scope="module")
def path(tmp_path_factory, whole):
    path = tmp_path_factory.mktemp("tiles") / "cells.tif"
    write_tiled_labels(lambda rows, columns: whole[np.ix_(rows, columns)], SHAPE, path)
    return path


def side(longest):
    return st.tuples(st.integers(0, longest - 1), st.integers(1, 400)).map(lambda at: slice(at[0], at[0] + at[1]))


@settings(deadline=None, max_examples=25)
@given(rows=side(SHAPE[0]), columns=side(SHAPE[1]))
def test_every_window_is_that_of_the_whole(path, whole, rows, columns):
    np.testing.assert_array_equal(TiledLabels(path)[rows, columns], whole[rows, columns])


@settings(deadline=None, max_examples=25)
@given(changes=st.lists(st.tuples(side(SHAPE[0]), side(SHAPE[1]), st.integers(0, 9)), max_size=4))
def test_changes_are_seen_at_every_level_and_stay_apart_from_the_file(path, whole, changes):
    tiled, expected = TiledLabels(path), whole.copy()
    for rows, columns, value in changes:
        expected[rows, columns] = value
        tiled[rows, columns] = expected[rows, columns]
    for level, step in enumerate(tiled.downsamples):
        small = expected[::step, ::step]
        np.testing.assert_array_equal(
            tiled.read_level(level, slice(0, small.shape[0]), slice(0, small.shape[1])), small
        )
    np.testing.assert_array_equal(tiled.copy()[0 : SHAPE[0], 0 : SHAPE[1]], expected)
    np.testing.assert_array_equal(TiledLabels(path)[0 : SHAPE[0], 0 : SHAPE[1]], whole)


def test_a_copy_is_changed_apart(path):
    first = TiledLabels(path)
    first[0:2, 0:2] = np.ones((2, 2), np.uint32)
    second = first.copy()
    second[0:2, 0:2] = np.zeros((2, 2), np.uint32)
    assert (first[1, 1], second[1, 1]) == (1, 0)


def test_what_is_written_again_is_the_same_file(path, tmp_path):
    tiled = TiledLabels(path)
    write_tiled_labels(tiled.draw, tiled.shape, tmp_path / "again.tif")
    assert (tmp_path / "again.tif").read_bytes() == path.read_bytes()


def test_boxes_of_cells_that_lie_across_bands(path, whole):
    expected = {cell: (slice(top, bottom), slice(left, right)) for cell, (top, bottom, left, right) in CELLS.items()}
    assert bounding_boxes(TiledLabels(path)) == bounding_boxes(whole) == expected


def test_only_large_files_are_read_by_tiles(path, whole, monkeypatch, tmp_path):
    np.testing.assert_array_equal(open_labels(path), whole)
    monkeypatch.setattr(picture, "LARGE_PIXELS", 10**6)
    assert isinstance(open_labels(path), TiledLabels)
    (tmp_path / "text.tif").write_text("no picture")
    for read in (open_labels, TiledLabels, read_labels):
        with pytest.raises(OsteoCountError, match=r"text\.tif: the label image cannot be read"):
            read(tmp_path / "text.tif")

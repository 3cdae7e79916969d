"""Label images keep their labels, pixel size and bytes; read tile by tile they are what they are when read at once."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.errors import OsteoCountError
from osteocount.io import picture
from osteocount.io.label_image import (
    TiledLabels,
    bounding_boxes,
    open_labels,
    read_labels,
    write_labels,
    write_tiled_labels,
)
from osteocount.io.pixel_size import PixelSizeEvidence, find_pixel_size
from osteocount.io.tiff import quiet_tifffile

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


@pytest.mark.parametrize("top", [0, 1])
def test_boxes_of_labels_of_any_number(top):
    labels = np.zeros((1300, 60), np.uint32)
    expected = {}
    for n, cell in enumerate((3, 70_000, 2**31 - 1, 2**31, 2**32 - 1)):
        labels[top + 260 * n : 260 * (n + 1), 2 * n : 2 * n + 5] = cell
        expected[cell] = (slice(top + 260 * n, 260 * (n + 1)), slice(2 * n, 2 * n + 5))
    assert bounding_boxes(labels) == expected
    assert bounding_boxes(np.full((2, 2), 2**32 - 1, np.uint32)) == {2**32 - 1: (slice(0, 2), slice(0, 2))}


def test_only_large_files_are_read_by_tiles(path, whole, monkeypatch, tmp_path):
    np.testing.assert_array_equal(open_labels(path), whole)
    monkeypatch.setattr(picture, "LARGE_PIXELS", 10**6)
    assert isinstance(open_labels(path), TiledLabels)
    (tmp_path / "text.tif").write_text("no picture")
    for read in (open_labels, TiledLabels, read_labels):
        with pytest.raises(OsteoCountError, match=r"text\.tif: the label image cannot be read"):
            read(tmp_path / "text.tif")


def two_labels(shape=(300, 520)):
    image = np.zeros(shape, np.uint32)
    image[10:50, 20:70], image[-1, -1] = 70_000, 2**32 - 1
    return image


@pytest.mark.parametrize("shape", [(300, 520), (256, 256), (3, 5), (257, 1)])
@pytest.mark.parametrize("um", [0.76, 0.3225, 12.0, None])
def test_round_trip(tmp_path, shape, um):
    write_labels(two_labels(shape), tmp_path / "labels" / "a_cells.tif", um)
    np.testing.assert_array_equal(read_labels(tmp_path / "labels" / "a_cells.tif"), two_labels(shape))
    with tifffile.TiffFile(tmp_path / "labels" / "a_cells.tif") as tiff:
        page = tiff.pages[0]
        assert page.is_tiled and page.compression == 8 and page.dtype == np.uint32
        per_cm = [np.divide(*page.tags[name].value) for name in ("XResolution", "YResolution")]
        unit = int(page.tags["ResolutionUnit"].value)
    found, notes = find_pixel_size(PixelSizeEvidence(tmp_path / "a.tif", per_unit=tuple(per_cm), unit=unit))
    assert notes == ()
    assert found.um == (None if um is None else pytest.approx(um, rel=1e-6))


def test_same_labels_same_bytes(tmp_path):
    hashes = set()
    for name in ("a.tif", "b.tif"):
        write_labels(two_labels(), tmp_path / name, 0.76)
        hashes.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(hashes) == 1
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("wrong", [np.zeros((3, 3), np.int64), np.zeros((2, 3, 3), np.uint32)])
def test_only_label_images_are_written(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"must be \(height, width\) uint32"):
        write_labels(wrong, tmp_path / "a.tif")


@pytest.mark.parametrize("data", [np.zeros((5, 40, 40), np.uint8), np.zeros((40, 40), np.float32), np.full((4, 4), -1)])
def test_other_pictures_are_no_labels(tmp_path, data):
    tifffile.imwrite(tmp_path / "a.tif", data)
    with pytest.raises(OsteoCountError, match="not a label image"):
        read_labels(tmp_path / "a.tif")


def test_labels_of_other_programs(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.arange(12, dtype=np.uint16).reshape(3, 4))
    assert read_labels(tmp_path / "a.tif").dtype == np.uint32
    (tmp_path / "b.tif").write_text("no")
    with pytest.raises(OsteoCountError, match="cannot be read"):
        read_labels(tmp_path / "b.tif")


def test_a_label_pyramid_holds_the_labels_and_smaller_copies(tmp_path):
    labels = np.zeros((2300, 2600), np.uint32)
    labels[100:900, 2000:2599] = 70_000
    labels[2290:] = 9
    path = tmp_path / "labels.tif"
    write_tiled_labels(lambda rows, columns: labels[np.ix_(rows, columns)], labels.shape, path, 0.5)
    np.testing.assert_array_equal(read_labels(path), labels)
    with tifffile.TiffFile(path) as tiff:
        assert tiff.is_bigtiff
        levels = tiff.series[0].levels
        assert [level.shape for level in levels] == [(2300, 2600), (1150, 1300), (575, 650)]
        for n, level in enumerate(levels):
            np.testing.assert_array_equal(level.asarray(), labels[:: 2**n, :: 2**n])
        assert tiff.pages[0].tags["XResolution"].value == (20000, 1)


def claiming(path, side):
    """Write an image of one tile whose header claims ``side`` × ``side`` pixels."""
    tifffile.imwrite(path, np.zeros((16, 16), np.uint32), compression="zlib", metadata=None, tile=(16, 16))
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        for name in ("ImageWidth", "ImageLength"):
            tag = tiff.pages[0].tags[name]
            struct.pack_into("<I" if tag.dtype == 4 else "<H", data, tag.valueoffset, side)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: tifffile.imwrite(path, np.full((9, 9), 2**32 + 1, np.uint64)), "between 0 and 4294967295"),
        (lambda path: tifffile.imwrite(path, np.full((9, 9), 2**32 + 1, np.int64)), "between 0 and 4294967295"),
        (lambda path: tifffile.imwrite(path, np.full((9, 9), -3, np.int16)), "between 0 and 4294967295"),
        (lambda path: tifffile.imwrite(path, np.zeros((9, 9), np.float32)), "one plane of whole numbers"),
        (lambda path: tifffile.imwrite(path, np.zeros((9, 9, 3), np.uint8)), "one plane of whole numbers"),
        (lambda path: claiming(path, 65535), "65535 × 65535 px in 1 of 16777216 parts"),
        (lambda path: path.write_bytes(b"II*\0\0\0\0\0"), "cannot be read"),
        (lambda path: path.write_bytes(b"II*\0\x08\0\0\0"), "cannot be read"),
        (lambda path: path.write_bytes(b""), "cannot be read"),
    ],
)
def test_what_is_no_label_image_is_refused_before_memory_is_asked_for(tmp_path, write, said):
    write(tmp_path / "l.tif")
    for read in (read_labels, open_labels):
        with quiet_tifffile(), pytest.raises(OsteoCountError, match=said):
            read(tmp_path / "l.tif")

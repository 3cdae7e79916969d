"""Label images: which pixel belongs to which cell or nucleus, written and read whole or tile by tile."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular
from osteocount.io.files import atomic_write
from osteocount.io.picture import is_large_size
from osteocount.io.pixel_size import UM_PER

Labels = NDArray[np.uint32]
Window = tuple[slice, slice]
"""Rows and columns."""
_Box = tuple[int, int, int, int]  # top, bottom, left, right
#: Draws the labels (rows, columns) uint32 that these rows and columns of the picture show.
Draw = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.uint32]]

_TILE = 256  # px; the usual side, so that a screen needs few tiles
_SMALLEST = 1024  # px; the longest side of the smallest copy, about a screen
# Rows in memory at a time when a whole picture is written or gone through, and decoded tiles remembered (256 KiB
# each). Chosen to bound the memory; no measurement is recorded.
_ROWS_WRITTEN = 512
_ROWS_READ = 512
_MOST_TILES = 512
_LARGEST_LABEL = 2**32 - 1
_MOST_PIXELS = 2 * 10**9  # as many as of a picture


def write_labels(labels: Labels | TiledLabels, path: Path, pixel_size_um: float | None = None) -> None:
    """Write a label image as tiled, deflate-compressed TIFF with the pixel size inside.

    The pixel size is the TIFF resolution per centimetre, which Fiji, QuPath and `read_picture` understand. The same
    labels give the same bytes; nothing in the file depends on the day or the machine.

    Parameters
    ----------
    labels
        (height, width) uint32, 0 is background; tiled ones are written as `write_tiled_labels` does.
    path
        The file; it appears whole or not at all.
    pixel_size_um
        Side of a pixel in µm, None when unknown.
    """
    if isinstance(labels, TiledLabels):
        write_tiled_labels(labels.draw, labels.shape, path, pixel_size_um)
        return
    if labels.ndim != 2 or labels.dtype != np.uint32:
        raise ValueError(f"labels must be (height, width) uint32, not {labels.shape} {labels.dtype}")
    big = labels.nbytes > 2**31
    with atomic_write(path) as part:
        tifffile.imwrite(part, labels, bigtiff=big, predictor=True, **_tiff_options(pixel_size_um))


def write_tiled_labels(draw: Draw, shape: tuple[int, int], path: Path, pixel_size_um: float | None = None) -> None:
    """Write a label image as tiled, deflate-compressed BigTIFF with copies of 1/2, 1/4, … of its size inside.

    Only a band of it is in memory at a time, and the packed tiles of the copies, so that every label is drawn once.
    Fiji, QuPath and napari open such files at once. The copies hold every second, fourth, … pixel, so that labels stay
    labels.

    Parameters
    ----------
    draw
        Gives the labels at any rows and columns.
    shape
        (height, width) of the picture.
    path
        The file; it appears whole or not at all.
    pixel_size_um
        Side of a pixel in µm, None when unknown.
    """
    levels = max(0, int(np.ceil(np.log2(max(shape) / _SMALLEST))))
    copies = [_SmallerCopy(2**level) for level in range(1, levels + 1)]
    with atomic_write(path) as part, tifffile.TiffWriter(part, bigtiff=True, byteorder="<") as tiff:
        tiles: Iterator[bytes] = _drawn_tiles(draw, shape, copies)
        for level in range(levels + 1):
            step = 2**level
            tiff.write(
                tiles if level == 0 else copies[level - 1].tiles(),
                shape=tuple(-(-side // step) for side in shape),
                dtype=np.uint32,
                subifds=levels if level == 0 else None,
                subfiletype=1 if level else 0,
                **_tiff_options(None if pixel_size_um is None else pixel_size_um * step),
            )


def read_labels(path: Path) -> NDArray[np.uint32]:
    """Read a label image written by `write_labels`, or by another program as whole numbers.

    Raises
    ------
    OsteoCountError
        The file is missing, damaged, or not one plane of whole numbers.
    """
    try:
        check_regular(path)
        with tifffile.TiffFile(path, _multifile=False) as tiff:
            _check_claims(tiff.pages[0])
            labels = np.asarray(tiff.asarray())
    except Exception as error:  # decoders of files from strangers raise anything
        raise OsteoCountError(f"{path}: the label image cannot be read ({error}).") from error
    if labels.ndim != 2 or labels.dtype.kind not in "ui":
        raise OsteoCountError(
            f"{path}: not a label image ({labels.shape} {labels.dtype}); one plane of whole numbers from 0 is needed."
        )
    if labels.size and (labels.min() < 0 or labels.max() > _LARGEST_LABEL):
        raise OsteoCountError(f"{path}: not a label image; its numbers must lie between 0 and {_LARGEST_LABEL}.")
    return labels.astype(np.uint32, copy=False)


def _check_claims(page: Any) -> None:
    """Refuse a header by which memory would be asked for that the file has no pixels for."""
    parts = math.prod(page.chunked)
    if len(page.databytecounts) < parts or math.prod(page.shape) > _MOST_PIXELS:
        raise ValueError(f"{page.imagewidth} × {page.imagelength} px in {len(page.databytecounts)} of {parts} parts")


class TiledLabels:
    """A tiled label image with smaller copies inside, of which only what is asked for is read; changes stay in memory.

    It is indexed like an array: ``labels[y, x]``, ``labels[rows, columns]`` with slices, and assigned to likewise.

    Parameters
    ----------
    path
        A file written by `write_tiled_labels`.

    Attributes
    ----------
    shape, dtype, ndim
        As of an array: (height, width), uint32, 2.
    downsamples
        How many pixels of the picture one pixel of each copy stands for, from 1 on.

    Raises
    ------
    OsteoCountError
        The file cannot be read.
    """

    dtype = np.dtype(np.uint32)
    ndim = 2

    def __init__(self, path: Path) -> None:
        self._levels = _levels(path)
        self.shape: tuple[int, int] = self._levels[0].shape
        self.downsamples = tuple(round(self.shape[0] / level.shape[0]) for level in self._levels)
        self._side = self._levels[0].side
        self._changed: dict[tuple[int, int], Labels] = {}

    def copy(self) -> TiledLabels:
        """Return the same labels, to be changed apart."""
        other = object.__new__(TiledLabels)
        other.__dict__ |= self.__dict__ | {"_changed": {at: tile.copy() for at, tile in self._changed.items()}}
        return other

    def __getitem__(self, key: tuple[int, int] | Window) -> Any:
        rows, columns = key
        if isinstance(rows, slice) and isinstance(columns, slice):
            return self.read_level(0, rows, columns)
        y, x = int(rows), int(columns)  # type: ignore[arg-type]
        return self.read_level(0, slice(y, y + 1), slice(x, x + 1))[0, 0]

    def __setitem__(self, window: Window, values: Labels) -> None:
        side = self._side
        for at, in_tile, in_window in _tiles_in(_box(window, self.shape), side):
            tile = self._changed.get(at)
            if tile is None:
                y, x = at[0] * side, at[1] * side
                tile = self._changed[at] = self[y : y + side, x : x + side]
            tile[in_tile] = values[in_window]

    def read_level(self, level: int, rows: slice, columns: slice) -> Labels:
        """Return a window of the copy ``level``, in pixels of that copy, as it is after all changes."""
        step = self.downsamples[level]
        box = _box((rows, columns), self._levels[level].shape)
        out = self._levels[level].read(box)
        if self._changed:
            for at, in_tile, in_window in _tiles_in(box, self._side // step):
                if at in self._changed:
                    out[in_window] = self._changed[at][::step, ::step][in_tile]
        return out

    def draw(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Labels:
        """Return the labels at these rows and columns, as `write_tiled_labels` asks for them."""
        out = np.empty((rows.size, columns.size), np.uint32)
        step = max(1, int(rows[1] - rows[0])) if rows.size > 1 else 1
        together = max(1, _ROWS_READ // step)
        for n in range(0, rows.size, together):
            some = rows[n : n + together]
            band = self[int(some[0]) : int(some[-1]) + 1, int(columns[0]) : int(columns[-1]) + 1]
            out[n : n + together] = band[np.ix_(some - some[0], columns - columns[0])]
        return out


def open_labels(path: Path) -> Labels | TiledLabels:
    """Read a label image, a large one tile by tile where it is asked for.

    Raises
    ------
    OsteoCountError
        As for `read_labels`.
    """
    try:
        check_regular(path)
        with tifffile.TiffFile(path, _multifile=False) as tiff:
            page: Any = tiff.pages[0]
            large = is_large_size(page.imagelength, page.imagewidth) and page.is_tiled and len(page.pages or ()) > 0
    except Exception:  # decoders of files from strangers raise anything
        large = False  # whoever reads it as a whole says what is wrong
    return TiledLabels(path) if large else read_labels(path)


def bounding_boxes(labels: Labels | TiledLabels) -> dict[int, Window]:
    """Return the smallest window that holds each label, going through the picture once, some rows at a time."""
    boxes: dict[int, Window] = {}
    for top in range(0, labels.shape[0], _ROWS_READ):
        band: Labels = labels[top : min(top + _ROWS_READ, labels.shape[0]), 0 : labels.shape[1]]
        for label, box in _boxes_in(band):
            rows, columns = slice(box[0].start + top, box[0].stop + top), box[1]
            if label in boxes:  # it began in a band above
                above = boxes[label]
                rows = slice(above[0].start, rows.stop)
                columns = slice(min(above[1].start, columns.start), max(above[1].stop, columns.stop))
            boxes[label] = rows, columns
    return boxes


def _boxes_in(band: Labels) -> Iterator[tuple[int, Window]]:
    """Go through the labels, each with the smallest window that holds it."""
    if band.max(initial=0) <= band.size:
        found: list[Any] = ndimage.find_objects(band.astype(np.int32, copy=False))
        numbers: Iterable[int] = range(1, len(found) + 1)
    else:  # `find_objects` keeps a place for every number up to the largest, and knows none above 2³¹
        of_band, dense = np.unique(band, return_inverse=True)
        found, numbers = ndimage.find_objects(dense.reshape(band.shape) + 1), of_band.tolist()
    return ((number, box) for number, box in zip(numbers, found, strict=True) if number and box is not None)


class _PyramidLevel:
    """One of the copies in the file."""

    def __init__(self, path: Path, page: Any) -> None:
        self.shape: tuple[int, int] = (page.imagelength, page.imagewidth)
        self.side = int(page.tilelength)
        self._path, self._page = path, page
        self._across = -(-page.imagewidth // page.tilewidth)
        self._where = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        self._decode = page.decode  # made once, before several threads use it
        self._cache: OrderedDict[int, Labels] = OrderedDict()
        self._lock = Lock()

    def read(self, box: _Box) -> Labels:
        """Return a window as an array of its own."""
        top, bottom, left, right = box
        out = np.empty((bottom - top, right - left), np.uint32)
        with self._lock, self._path.open("rb") as file:
            for (row, column), in_tile, in_window in _tiles_in(box, self.side):
                out[in_window] = self._tile(file, row * self._across + column)[in_tile]
        return out

    def _tile(self, file: Any, index: int) -> Labels:
        if index in self._cache:
            self._cache.move_to_end(index)
            return self._cache[index]
        offset, count = self._where[index]
        file.seek(offset)
        decoded, _, _ = self._decode(file.read(count), index, _fullsize=True)
        tile = self._cache[index] = np.asarray(decoded, np.uint32).reshape(self.side, -1)
        if len(self._cache) > _MOST_TILES:
            self._cache.popitem(last=False)
        return tile


def _levels(path: Path) -> list[_PyramidLevel]:
    try:
        check_regular(path)
        with tifffile.TiffFile(path) as tiff:
            page: Any = tiff.pages[0]
            levels = [_PyramidLevel(path, each) for each in (page, *(page.pages or ()))]
    except Exception as error:  # decoders of files from strangers raise anything
        raise OsteoCountError(f"{path}: the label image cannot be read ({error}).") from error
    return levels


def _box(window: Window, shape: tuple[int, int]) -> _Box:
    """Return the part of a window that lies in the picture."""
    (top, bottom, _), (left, right, _) = (part.indices(side) for part, side in zip(window, shape, strict=True))
    return top, max(top, bottom), left, max(left, right)


def _tiles_in(box: _Box, side: int) -> Iterator[tuple[tuple[int, int], Window, Window]]:
    """Yield each tile that a box touches: its row and column, and where the two overlap, in the tile and in the box."""
    top, bottom, left, right = box
    for row in range(top // side, -(-bottom // side)):
        down = _overlap(row * side, side, top, bottom)
        for column in range(left // side, -(-right // side)):
            along = _overlap(column * side, side, left, right)
            yield (row, column), (down[0], along[0]), (down[1], along[1])


def _overlap(at: int, length: int, start: int, stop: int) -> tuple[slice, slice]:
    """Return where what lies ``at`` overlaps ``start``..``stop``: in it, and in the window."""
    low, high = max(at, start), max(max(at, start), min(at + length, stop))
    return slice(low - at, high - at), slice(low - start, high - start)


class _SmallerCopy:
    """Packed tiles of the copy that holds every ``step``-th pixel, made of bands of the whole from top to bottom."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._tiles: list[bytes] = []
        self._waiting: list[Labels] = []  # rows that fill no tile yet

    def add(self, band: Labels, top: int) -> None:
        """Take the rows from ``top`` on into the copy."""
        self._waiting.append(band[-top % self._step :: self._step, :: self._step].copy())
        if sum(map(len, self._waiting)) >= _TILE:
            rows = np.concatenate(self._waiting)
            whole = len(rows) // _TILE * _TILE
            self._tiles += _packed_tiles(rows[:whole])
            self._waiting = [rows[whole:]]

    def tiles(self) -> Iterator[bytes]:
        """Yield the tiles, once all bands were added."""
        yield from self._tiles
        yield from _packed_tiles(np.concatenate(self._waiting))


def _drawn_tiles(draw: Draw, shape: tuple[int, int], copies: list[_SmallerCopy]) -> Iterator[bytes]:
    """Yield the packed tiles of the whole picture, and tell its copies of each band."""
    for top in range(0, shape[0], _ROWS_WRITTEN):
        band = draw(np.arange(top, min(top + _ROWS_WRITTEN, shape[0])), np.arange(shape[1]))
        for copy in copies:  # first: whoever takes the last tile asks for no more
            copy.add(band, top)
        yield from _packed_tiles(band)


def _packed_tiles(rows: Labels) -> Iterator[bytes]:
    """Yield the tiles of rows that begin where a tile does; what the last ones lack is 0."""
    for y in range(0, rows.shape[0], _TILE):
        for x in range(0, rows.shape[1], _TILE):
            tile = rows[y : y + _TILE, x : x + _TILE]
            below, behind = (_TILE - side for side in tile.shape)
            if not tile.any():
                yield _empty_tile()
            else:
                yield _packed(np.pad(tile, ((0, below), (0, behind))) if below or behind else tile)


@cache
def _empty_tile() -> bytes:
    return _packed(np.zeros((_TILE, _TILE), np.uint32))


def _tiff_options(pixel_size_um: float | None) -> dict[str, Any]:
    """Return what all label images have in common; no date and no description, so that equal labels are equal bytes."""
    return {
        "photometric": "minisblack",
        "tile": (_TILE, _TILE),
        "compression": "zlib",
        "resolution": None if pixel_size_um is None else (UM_PER["cm"] / pixel_size_um,) * 2,
        "resolutionunit": "NONE" if pixel_size_um is None else "CENTIMETER",
        "software": "OsteoCount",
        "metadata": None,
    }


def _packed(tile: NDArray[np.uint32]) -> bytes:
    return bytes(imagecodecs.deflate_encode(np.ascontiguousarray(tile, "<u4").tobytes(), level=1))

"""Label images of whole wells, of which only what is looked at is read, and only what is changed is kept."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from osteocount.errors import OsteoCountError

Labels = NDArray[np.uint32]
Window = tuple[slice, slice]

LARGE_PIXELS = 25 * 10**6
"""Label images with at least so many pixels are read tile by tile."""
_BAND = 512  # rows looked at together when a whole picture has to be gone through
_MOST_TILES = 512  # decoded ones that are remembered


class TiledLabels:
    """A tiled label image with smaller copies inside, read where it is looked at; changes stay in memory.

    It is indexed like an array: ``labels[y, x]``, ``labels[rows, columns]`` with slices, and assigned to likewise.

    Parameters
    ----------
    path
        A file written by `write_label_pyramid`.

    Attributes
    ----------
    shape, dtype, ndim
        As of an array: (height, width), uint32, 2.
    steps
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
        self.steps = tuple(round(self.shape[0] / level.shape[0]) for level in self._levels)
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
            return self.seen(0, rows, columns)
        y, x = int(rows), int(columns)  # type: ignore[arg-type]
        return self.seen(0, slice(y, y + 1), slice(x, x + 1))[0, 0]

    def __setitem__(self, window: Window, values: Labels) -> None:
        (top, bottom), (left, right) = (_ends(part, side) for part, side in zip(window, self.shape, strict=True))
        for at in self._tiles(top, bottom, left, right):
            y, x = at[0] * self._side, at[1] * self._side
            tile = self._changed.get(at)
            if tile is None:
                tile = self._changed[at] = self[y : y + self._side, x : x + self._side]
            down, along = _overlap(y, tile.shape[0], top, bottom), _overlap(x, tile.shape[1], left, right)
            tile[down[0], along[0]] = values[down[1], along[1]]

    def seen(self, level: int, rows: slice, columns: slice) -> Labels:
        """Return a window of the copy ``level``, in pixels of that copy, as it is after all changes."""
        kept, step = self._levels[level], self.steps[level]
        (top, bottom), (left, right) = (_ends(p, s) for p, s in zip((rows, columns), kept.shape, strict=True))
        out = kept.read(top, bottom, left, right)
        if self._changed:
            side = self._side // step
            for at in self._tiles(top * step, bottom * step, left * step, right * step):
                if at in self._changed:
                    tile = self._changed[at][::step, ::step]
                    down = _overlap(at[0] * side, tile.shape[0], top, bottom)
                    along = _overlap(at[1] * side, tile.shape[1], left, right)
                    out[down[1], along[1]] = tile[down[0], along[0]]
        return out

    def draw(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Labels:
        """Return the labels at these rows and columns, as `write_label_pyramid` asks for them."""
        out = np.empty((rows.size, columns.size), np.uint32)
        step = max(1, int(rows[1] - rows[0])) if rows.size > 1 else 1
        together = max(1, _BAND // step)
        for n in range(0, rows.size, together):
            some = rows[n : n + together]
            band = self[int(some[0]) : int(some[-1]) + 1, int(columns[0]) : int(columns[-1]) + 1]
            out[n : n + together] = band[np.ix_(some - some[0], columns - columns[0])]
        return out

    def _tiles(self, top: int, bottom: int, left: int, right: int) -> list[tuple[int, int]]:
        """Return which tiles a window of the picture touches."""
        side = self._side
        return [(y, x) for y in range(top // side, -(-bottom // side)) for x in range(left // side, -(-right // side))]


def open_labels(path: Path) -> Labels | TiledLabels:
    """Read a label image, a large one tile by tile when it is looked at.

    Raises
    ------
    OsteoCountError
        As for `read_labels`.
    """
    from osteocount.io.labels import read_labels

    try:
        with tifffile.TiffFile(path) as tiff:
            page: Any = tiff.pages[0]
            large = page.imagelength * page.imagewidth >= LARGE_PIXELS and page.is_tiled and len(page.pages or ()) > 0
    except (OSError, tifffile.TiffFileError):
        large = False  # whoever reads it as a whole says what is wrong
    return TiledLabels(path) if large else read_labels(path)


def boxes_of(labels: Labels | TiledLabels) -> dict[int, Window]:
    """Return the smallest window that holds each label, going through the picture once, some rows at a time."""
    boxes: dict[int, Window] = {}
    for top in range(0, labels.shape[0], _BAND):
        band: Labels = labels[top : min(top + _BAND, labels.shape[0]), 0 : labels.shape[1]]
        places: list[Any] = ndimage.find_objects(band.astype(np.int32, copy=False))
        for label, found in enumerate(places, start=1):
            if found is None:
                continue
            rows = slice(found[0].start + top, found[0].stop + top)
            if label in boxes:
                old = boxes[label]
                across = slice(min(old[1].start, found[1].start), max(old[1].stop, found[1].stop))
                boxes[label] = slice(old[0].start, rows.stop), across
            else:
                boxes[label] = rows, found[1]
    return boxes


class _Level:
    """One of the copies in the file."""

    def __init__(self, path: Path, page: Any) -> None:
        self.shape: tuple[int, int] = (page.imagelength, page.imagewidth)
        self.side = int(page.tilelength)
        self._path, self._page = path, page
        self._across = -(-page.imagewidth // page.tilewidth)
        self._where = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        self._decode = page.decode  # made once, before several threads use it
        self._seen: OrderedDict[int, Labels] = OrderedDict()
        self._lock = Lock()

    def read(self, top: int, bottom: int, left: int, right: int) -> Labels:
        """Return a window as an array of its own."""
        out = np.empty((bottom - top, right - left), np.uint32)
        side = self.side
        with self._lock, self._path.open("rb") as file:
            for row in range(top // side, -(-bottom // side)):
                for column in range(left // side, -(-right // side)):
                    tile = self._tile(file, row * self._across + column)
                    down = _overlap(row * side, tile.shape[0], top, bottom)
                    along = _overlap(column * side, tile.shape[1], left, right)
                    out[down[1], along[1]] = tile[down[0], along[0]]
        return out

    def _tile(self, file: Any, index: int) -> Labels:
        if index in self._seen:
            self._seen.move_to_end(index)
            return self._seen[index]
        offset, count = self._where[index]
        file.seek(offset)
        decoded, _, _ = self._decode(file.read(count), index, _fullsize=True)
        tile = self._seen[index] = np.asarray(decoded, np.uint32).reshape(self.side, -1)
        if len(self._seen) > _MOST_TILES:
            self._seen.popitem(last=False)
        return tile


def _levels(path: Path) -> list[_Level]:
    try:
        with tifffile.TiffFile(path) as tiff:
            page: Any = tiff.pages[0]
            levels = [_Level(path, each) for each in (page, *(page.pages or ()))]
    except Exception as error:  # decoders of files from strangers raise anything
        raise OsteoCountError(f"{path}: the label image cannot be read ({error}).") from error
    return levels


def _ends(part: slice, side: int) -> tuple[int, int]:
    start, stop, _ = part.indices(side)
    return start, max(start, stop)


def _overlap(at: int, length: int, start: int, stop: int) -> tuple[slice, slice]:
    """Return where what lies ``at`` overlaps ``start``..``stop``: in it, and in the window."""
    low, high = max(at, start), max(max(at, start), min(at + length, stop))
    return slice(low - at, high - at), slice(low - start, high - start)

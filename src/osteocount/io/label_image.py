"""Label images: which pixel belongs to which cell or nucleus, written and read whole or tile by tile."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from osteocount.errors import OsteoCountError
from osteocount.io.files import written_whole
from osteocount.io.picture import is_large_size

Labels = NDArray[np.uint32]
Window = tuple[slice, slice]
#: Draws the labels (rows, columns) uint32 that these rows and columns of the picture show.
Draw = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.uint32]]

_TILE = 256
_BAND = 1024  # rows drawn at a time
_BAND_READ = 512  # rows looked at together when a whole picture has to be gone through
_SMALLEST = 1024  # longest side of the smallest copy
_MOST_TILES = 512  # decoded ones that are remembered


def write_labels(labels: NDArray[np.uint32], path: Path, pixel_size_um: float | None = None) -> None:
    """Write a label image as tiled, deflate-compressed TIFF with the pixel size inside.

    The pixel size is the TIFF resolution per centimetre, which Fiji, QuPath and `read_picture` understand. The same
    labels give the same bytes; nothing in the file depends on the day or the machine.

    Parameters
    ----------
    labels
        (height, width) uint32, 0 is background.
    path
        The file; it appears whole or not at all.
    pixel_size_um
        Side of a pixel in µm, None when unknown.
    """
    if labels.ndim != 2 or labels.dtype != np.uint32:
        raise ValueError(f"labels must be (height, width) uint32, not {labels.shape} {labels.dtype}")
    resolution = None if pixel_size_um is None else (1e4 / pixel_size_um, 1e4 / pixel_size_um)
    with written_whole(path) as part:
        tifffile.imwrite(
            part,
            labels,
            bigtiff=labels.nbytes > 2**31,
            photometric="minisblack",
            tile=(_TILE, _TILE),
            compression="zlib",
            predictor=True,
            resolution=resolution,
            resolutionunit="NONE" if resolution is None else "CENTIMETER",
            software="OsteoCount",
            metadata=None,
        )


def write_tiled_labels(
    draw: Draw, shape: tuple[int, int], path: Path, pixel_size_um: float | None = None, threads: int = 1
) -> None:
    """Write a label image as tiled, deflate-compressed BigTIFF with copies of 1/2, 1/4, … of its size inside.

    Only a band of it is in memory at a time. Fiji, QuPath and napari open such files at once. The copies hold every
    second, fourth, … pixel, so that labels stay labels.

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
    threads
        That compress.
    """
    levels = max(0, int(np.ceil(np.log2(max(shape) / _SMALLEST))))
    empty = _packed(np.zeros((_TILE, _TILE), np.uint32))
    with (
        written_whole(path) as part,
        tifffile.TiffWriter(part, bigtiff=True, byteorder="<") as tiff,
        ThreadPoolExecutor(threads) as pool,
    ):
        for level in range(levels + 1):
            step = 2**level
            rows, columns = (np.arange(0, side, step) for side in shape)
            um = None if pixel_size_um is None else pixel_size_um * step
            tiff.write(
                _tiles(draw, rows, columns, empty, pool),
                shape=(rows.size, columns.size),
                dtype=np.uint32,
                photometric="minisblack",
                tile=(_TILE, _TILE),
                compression="zlib",
                subifds=levels if level == 0 else None,
                subfiletype=1 if level else 0,
                resolution=None if um is None else (1e4 / um, 1e4 / um),
                resolutionunit="NONE" if um is None else "CENTIMETER",
                software="OsteoCount",
                metadata=None,
            )


def read_labels(path: Path) -> NDArray[np.uint32]:
    """Read a label image written by `write_labels`, or by another program as whole numbers.

    Raises
    ------
    OsteoCountError
        The file is missing, damaged, or not one plane of whole numbers.
    """
    try:
        labels = np.asarray(tifffile.imread(path))
    except Exception as error:  # decoders of files from strangers raise anything
        raise OsteoCountError(f"{path}: the label image cannot be read ({error}).") from error
    if labels.ndim != 2 or labels.dtype.kind not in "ui" or (labels.dtype.kind == "i" and labels.min() < 0):
        raise OsteoCountError(
            f"{path}: not a label image ({labels.shape} {labels.dtype}); one plane of whole numbers from 0 is needed."
        )
    return labels.astype(np.uint32, copy=False)


class TiledLabels:
    """A tiled label image with smaller copies inside, read where it is looked at; changes stay in memory.

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
        (top, bottom), (left, right) = (_ends(part, side) for part, side in zip(window, self.shape, strict=True))
        for at in self._tiles(top, bottom, left, right):
            y, x = at[0] * self._side, at[1] * self._side
            tile = self._changed.get(at)
            if tile is None:
                tile = self._changed[at] = self[y : y + self._side, x : x + self._side]
            down, along = _overlap(y, tile.shape[0], top, bottom), _overlap(x, tile.shape[1], left, right)
            tile[down[0], along[0]] = values[down[1], along[1]]

    def read_level(self, level: int, rows: slice, columns: slice) -> Labels:
        """Return a window of the copy ``level``, in pixels of that copy, as it is after all changes."""
        kept, step = self._levels[level], self.downsamples[level]
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
        """Return the labels at these rows and columns, as `write_tiled_labels` asks for them."""
        out = np.empty((rows.size, columns.size), np.uint32)
        step = max(1, int(rows[1] - rows[0])) if rows.size > 1 else 1
        together = max(1, _BAND_READ // step)
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
    from osteocount.io.label_image import read_labels

    try:
        with tifffile.TiffFile(path) as tiff:
            page: Any = tiff.pages[0]
            large = is_large_size(page.imagelength, page.imagewidth) and page.is_tiled and len(page.pages or ()) > 0
    except (OSError, tifffile.TiffFileError):
        large = False  # whoever reads it as a whole says what is wrong
    return TiledLabels(path) if large else read_labels(path)


def bounding_boxes(labels: Labels | TiledLabels) -> dict[int, Window]:
    """Return the smallest window that holds each label, going through the picture once, some rows at a time."""
    boxes: dict[int, Window] = {}
    for top in range(0, labels.shape[0], _BAND_READ):
        band: Labels = labels[top : min(top + _BAND_READ, labels.shape[0]), 0 : labels.shape[1]]
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


def _tiles(
    draw: Draw, rows: NDArray[np.intp], columns: NDArray[np.intp], empty: bytes, pool: ThreadPoolExecutor
) -> Iterator[bytes]:
    for top in range(0, rows.size, _BAND):
        band = draw(rows[top : top + _BAND], columns)
        corners = [(y, x) for y in range(0, band.shape[0], _TILE) for x in range(0, band.shape[1], _TILE)]
        yield from pool.map(partial(_tile, band, empty), corners)


def _tile(band: NDArray[np.uint32], empty: bytes, corner: tuple[int, int]) -> bytes:
    tile = band[corner[0] : corner[0] + _TILE, corner[1] : corner[1] + _TILE]
    if not tile.any():
        return empty
    below, behind = (_TILE - side for side in tile.shape)
    return _packed(np.pad(tile, ((0, below), (0, behind))) if below or behind else tile)


def _packed(tile: NDArray[np.uint32]) -> bytes:
    return bytes(imagecodecs.deflate_encode(np.ascontiguousarray(tile, "<u4").tobytes(), level=1))

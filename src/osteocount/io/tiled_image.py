"""Pictures too large for the memory, read one window at a time: tiled and striped TIFF, OME-Zarr."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from osteocount.errors import OsteoCountError
from osteocount.io.multi_image import is_zarr
from osteocount.io.ome_zarr_read import OmeZarrImage, list_scenes, open_image
from osteocount.io.picture import Picture, Pixels, PixelSize, is_large_size
from osteocount.io.pixel_size import find_pixel_size
from osteocount.io.raw_image import RawImage, check_jpeg, decoding
from osteocount.io.tiff import (
    check_complete,
    choose_series,
    has_alpha,
    has_jpeg,
    open_tiff,
    orientation,
    pixel_size_evidence,
    quiet_tifffile,
    read_description,
)

_PROBES = 16  # pixels along either side that are asked whether alpha says anything
_LARGEST_CHUNK = 2**28  # bytes; larger ones are better read once, with the whole picture


class TiledImage(Protocol):
    """A colour picture of which any window can be read.

    Attributes
    ----------
    path, pixel_size, axes, notes
        As of a `Picture`.
    shape
        (height, width, 3).
    """

    path: Path
    pixel_size: PixelSize
    axes: str
    notes: tuple[str, ...]
    shape: tuple[int, int, int]

    def read(self, top: int, bottom: int, left: int, right: int) -> Pixels:
        """Return (bottom − top, right − left, 3) grey levels."""
        ...


class InMemoryImage:
    """A picture that is in memory, read as a tiled one is."""

    def __init__(self, picture: Picture) -> None:
        height, width, channels = picture.pixels.shape
        self.path, self.pixel_size = picture.path, picture.pixel_size
        self.axes, self.notes = picture.axes, picture.notes
        self.shape = (height, width, channels)
        self._pixels = picture.pixels

    def read(self, top: int, bottom: int, left: int, right: int) -> Pixels:
        """Return a view of the window."""
        return self._pixels[top:bottom, left:right]


@dataclass
class _Band:
    """Decoded rows of a striped file, kept while a row of tiles is read."""

    top: int
    rows: Pixels


class TiledTiff:
    """A tiled or striped RGB TIFF, of a pyramid the largest level.

    Strips hold whole rows, so the rows of the last window are kept: a row of windows decodes them once. (Read in
    windows of 2048 px through tifffile's Zarr view, a striped well of 60 megapixels takes two to four times the
    processor time, and Zarr is an extra.)

    Parameters
    ----------
    path
        The file.
    tiff
        It, opened.
    pixel_size_um
        Side of a pixel in µm when the user knows it.
    pool
        Threads that decode; None: the caller's.
    """

    def __init__(
        self, path: Path, tiff: Any, pixel_size_um: float | None, pool: ThreadPoolExecutor | None = None
    ) -> None:
        self._pool = pool
        series, series_notes = choose_series(tiff)
        self._page = series.keyframe
        check_complete(path, self._page)
        index = next(n for n, each in enumerate(tiff.series) if each is series)
        evidence = pixel_size_evidence(path, tiff, self._page, read_description(path, tiff), index)
        self.pixel_size, size_notes = find_pixel_size(evidence, pixel_size_um)
        self.path, self.notes = path, (*series_notes, *size_notes)
        height, width = self._page.imagelength, self._page.imagewidth
        self.shape = (height, width, 3)
        self.axes = f"{width} × {height} px, RGB, {self._page.dtype.itemsize * 8} bit"
        self._band: _Band | None = None
        self._alpha = self._page.samplesperpixel == 4 and has_alpha(self._page) and self._shows_something()

    def read(self, top: int, bottom: int, left: int, right: int) -> Pixels:
        """Decode what overlaps the window."""
        with decoding(self.path):
            return self._window(top, bottom, left, right)

    def _window(self, top: int, bottom: int, left: int, right: int) -> Pixels:
        if self._page.is_tiled:
            return self._decoded(top, bottom, left, right)
        band = self._band
        rows = np.empty((bottom - top, *self.shape[1:]), self._page.dtype)
        at = top
        if band is not None and band.top <= top < band.top + len(band.rows):
            kept = band.rows[top - band.top : bottom - band.top]
            rows[: len(kept)] = kept
            at = top + len(kept)
        if at < bottom:
            rows[at - top :] = self._decoded(at, bottom, 0, self.shape[1])
        self._band = _Band(top, rows)
        return rows[:, left:right]

    def _decoded(self, top: int, bottom: int, left: int, right: int) -> Pixels:
        page = self._page
        if not page.is_tiled and page.is_contiguous:
            return self._visible(self._plain_rows(top, bottom)[:, left:right])
        height, width = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
        across = -(-page.imagewidth // width)
        out = np.empty((bottom - top, right - left, 3), page.dtype)
        for row in range(top // height, -(-bottom // height)):
            columns = range(left // width, -(-right // width))
            for column, segment in zip(columns, self._segments([row * across + n for n in columns]), strict=True):
                y, x = row * height, column * width
                down, along = slice(max(top, y), min(bottom, y + height)), slice(max(left, x), min(right, x + width))
                part = self._visible(segment[down.start - y : down.stop - y, along.start - x : along.stop - x])
                out[down.start - top : down.stop - top, along.start - left : along.stop - left] = part
        return out

    def _visible(self, pixels: Pixels) -> Pixels:
        """Return colour without alpha, black where it is fully transparent, as `without_alpha` does."""
        if not self._alpha:
            return pixels[..., :3]
        return np.where(pixels[..., 3:] == 0, pixels.dtype.type(0), pixels[..., :3])

    def _shows_something(self) -> bool:
        """Tell whether alpha says anything: some programs write zeros. A few hundred pixels all over are looked at."""
        self._alpha = True
        height, width, _ = self.shape
        rows = np.unique(np.linspace(0, height - 1, _PROBES).astype(int))
        columns = np.unique(np.linspace(0, width - 1, _PROBES).astype(int))
        return any(self.read(y, y + 1, x, x + 1).any() for y in rows.tolist() for x in columns.tolist())

    def _plain_rows(self, top: int, bottom: int) -> Pixels:
        """Read rows of a picture that is not compressed, whatever its strips."""
        page = self._page
        kind = np.dtype(page.parent.byteorder + page.dtype.char)
        row = page.imagewidth * page.samplesperpixel
        handle = page.parent.filehandle
        handle.seek(page.dataoffsets[0] + top * row * kind.itemsize)
        data = handle.read((bottom - top) * row * kind.itemsize)
        rows = np.frombuffer(data, kind).reshape(bottom - top, page.imagewidth, -1)
        return np.asarray(rows.astype(page.dtype, copy=False))

    def _segments(self, indices: list[int]) -> Iterator[Pixels]:
        """Read tiles or strips one after the other, and decode them on all the threads there are."""
        page, handle = self._page, self._page.parent.filehandle
        tables = page.tags["JPEGTables"].value if "JPEGTables" in page.tags else None
        is_jpeg = has_jpeg(page)
        decode = page.decode  # made at its first use, which must not be in two threads at once

        def decoded(index: int, data: bytes) -> Pixels:
            if is_jpeg:
                check_jpeg(data, tables)
            segment, _, _ = decode(data, index, jpegtables=tables, _fullsize=False)
            return np.asarray(segment[0])

        packed = []
        for index in indices:
            handle.seek(page.dataoffsets[index])
            packed.append(handle.read(page.databytecounts[index]))
        return map(decoded, indices, packed) if self._pool is None else self._pool.map(decoded, indices, packed)


class TiledZarr:
    """The largest level of an OME-Zarr image in colour.

    Parameters
    ----------
    path
        The folder.
    image
        The image in it, opened.
    corner
        A few of its pixels, decoded.
    pixel_size_um
        Side of a pixel in µm when the user knows it.
    """

    def __init__(self, path: Path, image: OmeZarrImage, corner: RawImage, pixel_size_um: float | None) -> None:
        self.path, self._image = path, image
        self.pixel_size, size_notes = find_pixel_size(corner.evidence, pixel_size_um)
        self.notes = (*corner.notes, *size_notes)
        height, width = (image.array.shape[image.axes.index(axis)] for axis in "YX")
        self.shape = (height, width, 3)
        self.axes = f"{width} × {height} px, RGB, {corner.pixels.dtype.itemsize * 8} bit"

    def read(self, top: int, bottom: int, left: int, right: int) -> Pixels:
        """Decode the chunks that overlap the window."""
        with decoding(self.path):
            return np.ascontiguousarray(self._image.read((slice(top, bottom), slice(left, right))).pixels)


def open_tiled(
    path: Path, pixel_size_um: float | None, scene: str = "", threads: int = 1, least: int | None = None
) -> AbstractContextManager[TiledImage | None]:
    """Open a large RGB picture for reading by windows.

    Parameters
    ----------
    path
        The file.
    pixel_size_um
        Side of a pixel in µm when the user knows it; it wins over the file.
    scene
        Name of the picture inside a file that holds many.
    threads
        That decode.
    least
        Pixels from which a picture is large; None: `osteocount.io.picture.LARGE_PIXELS`.

    Returns
    -------
    A context of the `TiledImage`; None when the picture is small, or of a kind that is read as a whole: not an OME-Zarr
    image or an 8 or 16 bit RGB TIFF with its samples side by side, or packed as one strip.
    """
    if is_zarr(path):
        return nullcontext(_tiled_zarr(path, scene, pixel_size_um, least))
    return nullcontext(None) if scene else _tiled_tiff(path, pixel_size_um, least, threads)


@contextmanager
def _tiled_tiff(
    path: Path, pixel_size_um: float | None, least: int | None, threads: int
) -> Iterator[TiledImage | None]:
    with quiet_tifffile(), ExitStack() as opened:
        try:
            tiff = opened.enter_context(open_tiff(path))
            tileable = _is_tileable(tiff, least)
            pool = opened.enter_context(ThreadPoolExecutor(threads)) if tileable and threads > 1 else None
            image = TiledTiff(path, tiff, pixel_size_um, pool) if tileable else None
        except OsteoCountError:
            raise
        except Exception:  # no TIFF, or a damaged one: whoever reads it as a whole says what is wrong with it
            image = None
        yield image


def _is_tileable(tiff: Any, least: int | None) -> bool:
    try:
        series, _ = choose_series(tiff)
    except ValueError:
        return False
    page = series.keyframe
    large = is_large_size(page.imagelength, page.imagewidth, least)
    rgb = page.photometric.name in ("RGB", "YCBCR") and page.samplesperpixel in (3, 4) and page.planarconfig == 1
    one_strip = not page.is_tiled and len(page.dataoffsets) < 2 and page.compression != 1
    plain = series.axes in ("YXS", "YX") and page.dtype in (np.uint8, np.uint16)
    plain = plain and (page.compression == 1 or math.prod(page.chunks) * page.dtype.itemsize <= _LARGEST_CHUNK)
    return bool(large and rgb and plain and not one_strip and orientation(page) == 1)


def _tiled_zarr(path: Path, scene: str, pixel_size_um: float | None, least: int | None) -> TiledZarr | None:
    """Open an image; None when it is small or not in colour, or has chunks as large as a picture."""
    try:
        image = open_image(path, scene or next((each.name for each in list_scenes(path)), ""))
        _, notes = image.check()
        corner = image.read((slice(0, 1), slice(0, 1)))
    except Exception:  # whoever reads it as a whole says what is wrong with it
        return None
    height, width = (image.array.shape[image.axes.index(axis)] for axis in "YX")
    chunk = np.prod(image.array.chunks) * image.array.dtype.itemsize
    plain = corner.colour and corner.pixels.shape[2] == 3 and corner.pixels.dtype in (np.uint8, np.uint16)
    if not (plain and is_large_size(height, width, least) and chunk <= _LARGEST_CHUNK):
        return None
    corner = replace(corner, notes=(*corner.notes, *notes))
    return TiledZarr(path, image, corner, pixel_size_um)

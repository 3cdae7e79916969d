"""Label images of large wells, written piece by piece, with smaller copies inside for quick looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from osteocount.io.files import written_whole

_TILE = 256
_BAND = 1024  # rows drawn at a time
_SMALLEST = 1024  # longest side of the smallest copy

#: Draws the labels (rows, columns) uint32 that these rows and columns of the picture show.
Draw = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.uint32]]


def write_label_pyramid(
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

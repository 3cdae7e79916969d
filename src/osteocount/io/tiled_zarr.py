"""Regions of large OME-Zarr images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from osteocount.io.multi_image import list_scenes
from osteocount.io.ome_zarr_read import Level, open_level
from osteocount.io.pixel_size import find_pixel_size
from osteocount.io.read import Raw, damaged
from osteocount.io.tiled_image import Pixels

_LARGEST_CHUNK = 2**28  # bytes; larger ones are better read once, with the whole picture


class ZarrRegions:
    """Regions of the largest level of an OME-Zarr image in colour; see `Regions`.

    Parameters
    ----------
    path
        The folder.
    level
        The image in it, opened.
    corner
        A few of its pixels, decoded.
    pixel_size_um
        Side of a pixel in µm when the user knows it.
    """

    def __init__(self, path: Path, level: Level, corner: Raw, pixel_size_um: float | None) -> None:
        self.path, self._level = path, level
        self.pixel_size, size_notes = find_pixel_size(corner.evidence, pixel_size_um)
        self.notes = (*corner.notes, *size_notes)
        height, width = (level.array.shape[level.axes.index(axis)] for axis in "YX")
        self.shape = (height, width, 3)
        self.axes = f"{width} × {height} px, RGB, {corner.pixels.dtype.itemsize * 8} bit"

    def read(self, top: int, bottom: int, left: int, right: int) -> Pixels:
        """Decode the chunks that overlap the region."""
        try:
            return np.ascontiguousarray(self._level.read((slice(top, bottom), slice(left, right))).pixels)
        except Exception as error:  # decoders of files from strangers raise anything
            raise damaged(self.path, error) from error


def zarr_regions(path: Path, scene: str, pixel_size_um: float | None, least: int) -> ZarrRegions | None:
    """Return the regions of an image, None when it is small or not in colour, or has chunks as large as a picture."""
    try:
        level = open_level(path, scene or next((each.name for each in list_scenes(path)), ""))
        corner = level.read((slice(0, 1), slice(0, 1)))
    except Exception:  # whoever reads it as a whole says what is wrong with it
        return None
    pixels = np.prod([level.array.shape[level.axes.index(axis)] for axis in "YX"])
    chunk = np.prod(level.array.chunks) * level.array.dtype.itemsize
    plain = corner.colour and corner.pixels.shape[2] == 3 and corner.pixels.dtype in (np.uint8, np.uint16)
    return (
        ZarrRegions(path, level, corner, pixel_size_um)
        if plain and pixels >= least and chunk <= _LARGEST_CHUNK
        else None
    )

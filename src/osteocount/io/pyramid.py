"""Large pictures as pyramids for a viewer: levels of falling resolution, of which only what is shown is read."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from osteocount.errors import OsteoCountError
from osteocount.io.multi_image import is_zarr
from osteocount.io.ome_zarr_read import list_scenes, open_image
from osteocount.io.picture import PixelSize, is_large_size
from osteocount.io.pixel_size import find_pixel_size
from osteocount.io.raw_image import formats_library
from osteocount.io.tiff import choose_series, open_tiff, quiet_tifffile
from osteocount.io.tiled_image import open_tiled

_MOST_PIXELS = 64 * 10**6  # of the first level that is kept in memory; 192 MB
_SMALL = 1500  # px; no further level below this side, about a screen
_UNFILLED = 128  # grey level
_ROWS = 512  # read at a time


class DownsampledLevels:
    """The small levels of a picture that holds none: grey at first, filled while the picture is shown already.

    Parameters
    ----------
    path
        A large RGB TIFF without smaller copies inside.
    shape
        (height, width) of the picture.

    Attributes
    ----------
    levels
        (height / step, width / step, 3) uint8 for each step.
    """

    def __init__(self, path: Path, shape: tuple[int, int]) -> None:
        self._path = path
        step = 4
        while shape[0] * shape[1] / step**2 > _MOST_PIXELS:
            step *= 2
        self._steps = [step]
        while max(shape) / self._steps[-1] > _SMALL:
            self._steps.append(self._steps[-1] * 4)
        self.levels = [np.full((shape[0] // n, shape[1] // n, 3), _UNFILLED, np.uint8) for n in self._steps]

    def fill(self) -> Iterator[float]:
        """Go through the picture once, yielding the share that is done; may run in a thread."""
        with open_tiled(self._path, None, least=0) as image:
            if image is None:
                return
            height, width, _ = image.shape
            band = max(_ROWS // self._steps[-1], 1) * self._steps[-1]
            for top in range(0, height, band):
                pixels = _eight_bit(image.read(top, min(top + band, height), 0, width))
                for step, level in zip(self._steps, self.levels, strict=True):
                    part = level[top // step : (top + band) // step]
                    whole = pixels[: part.shape[0] * step, : part.shape[1] * step]
                    if part.size:
                        size = (part.shape[1], part.shape[0])
                        part[:] = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
                yield min(1.0, (top + band) / height)


@dataclass(frozen=True)
class Pyramid:
    """A picture for a viewer.

    Attributes
    ----------
    levels
        Arrays (height, width, 3) uint8, the largest first; lazy ones are read where they are shown.
    pixel_size
        Of the first level.
    unfilled
        The levels that still have to be filled; None when the file has small copies of its own.
    """

    levels: tuple[Any, ...]
    pixel_size: PixelSize
    unfilled: DownsampledLevels | None


def open_pyramid(path: Path) -> Pyramid | None:
    """Open a large picture without reading it; None when it is small or has to be read as a whole.

    Tiled or striped RGB TIFF files, with or without smaller copies inside, and OME-Zarr images of one colour plane.

    Raises
    ------
    OsteoCountError
        The extra that reads such files is not installed, or the file is damaged.
    """
    return _of_zarr(path) if is_zarr(path) else _of_tiff(path)


def _of_tiff(path: Path) -> Pyramid | None:
    with open_tiled(path, None) as image:
        if image is None:
            return None
        size = image.pixel_size
    zarr = formats_library(path, "zarr")
    dask = formats_library(path, "dask.array")
    try:
        with quiet_tifffile():
            tiff = open_tiff(path)
            series, _ = choose_series(tiff)
            store = series.aszarr()
            weakref.finalize(store, tiff.close)  # the file stays open as long as a level is in use
            opened = zarr.open(store, mode="r")
    except Exception as error:  # decoders of files from strangers raise anything
        raise OsteoCountError(f"{path.name}: cannot be opened as a pyramid ({error}).") from error
    arrays = [opened] if isinstance(opened, zarr.Array) else [opened[str(n)] for n in range(len(series.levels))]
    levels = [_eight_bit(dask.from_zarr(array)) for array in arrays]
    unfilled = DownsampledLevels(path, levels[0].shape[:2]) if len(levels) == 1 else None
    return Pyramid((*levels, *(unfilled.levels if unfilled else ())), size, unfilled)


def _of_zarr(path: Path) -> Pyramid | None:
    if [scene.name for scene in list_scenes(path)] != [""]:
        return None
    dask = formats_library(path, "dask.array")
    image = open_image(path, "")
    lengths = dict(zip(image.axes, image.array.shape, strict=True))
    one_plane = all(n == 1 for axis, n in lengths.items() if axis not in "CYX")
    if not one_plane or lengths.get("C") != 3 or not is_large_size(lengths["Y"], lengths["X"]):
        return None
    keep = tuple(slice(None) if axis in "CYX" else 0 for axis in image.axes)
    kept = [axis for axis in image.axes if axis in "CYX"]
    order = [kept.index(axis) for axis in "YXC"]
    levels = tuple(_eight_bit(dask.from_zarr(array)[keep].transpose(order)) for array in image.levels())
    size, _ = find_pixel_size(image.evidence)
    return Pyramid(levels, size, None)


def _eight_bit(pixels: Any) -> Any:
    """Return three samples of 8 bits, which is what a screen has."""
    pixels = pixels[..., :3]
    return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)

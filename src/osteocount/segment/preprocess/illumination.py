"""Optical density over the local white point: the light that bare plastic lets through (Beer-Lambert).

The white point is a high percentile of each block, and a quadratic surface where a block holds no plastic. Percentiles
of a few samples per block took milliseconds of a field of 2.8 megapixels where a rolling ball (Sternberg 1983, Computer
16:22) at an eighth of the resolution took 280 and a percentile filter 1600.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Pixels
from osteocount.segment.morphology import brightest

# What chose the numbers is not recorded, only what they are for.
_BLOCK_UM = 48.0  # wider than most cells, so that nearly every block holds some bare plastic
_SAMPLES = 24  # grid points per block side that are read
_SPARSE = 4  # every so many samples tell where the well is and what bare plastic looks like
_BRIGHT = 85  # percentile of a block taken as bare plastic: above cells, below the noise's own tail
_IN_WELL = 0.7  # share of a block that must lie in the well for its percentile to be used
_FINE = 4  # the light is worked out exactly at points so many times closer than the blocks
_PLASTIC = 0.04  # OD below which a pixel is bare plastic
_OUTLIER = 2.5  # robust SDs below the quadratic surface at which a block is taken to hold no plastic
_ROUNDS = 6  # of taking blocks out and fitting again
_STRIP_ROWS = 128  # that become densities together: a multiple of the grid, and light and logarithms stay in the cache
# A cell that covers a quarter of a field bends the surface down to itself, and would be taken for the light. A surface
# that began with the brighter half of the blocks is taken when so much more of all blocks lies so near to it: .2 to .4
# with a cell of 700 µm and OD .2 to .55 in a field of 0.8 mm, and within .04 on all other pictures that were tried.
_NEAR, _MORE = 0.02, 0.1

#: Tells (rows, columns) → (rows, columns) bool which of these pixels lie inside the well.
InsideWell = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.bool_]]


@dataclass(frozen=True)
class WhitePoint:
    """The white point: the light of bare plastic all over a picture.

    Attributes
    ----------
    grid
        (rows, columns, channels) float32 log10(I0 + 1) at the centres of equal blocks.
    shape
        (height, width) of the picture that the blocks divide.
    """

    grid: NDArray[np.float32]
    shape: tuple[int, int]

    @property
    def median_levels(self) -> list[float]:
        """Median I0 of each channel, in grey levels."""
        return [round(float(10**v - 1), 1) for v in np.median(self.grid.reshape(-1, self.grid.shape[2]), axis=0)]

    def surface(self, top: int, left: int, height: int, width: int) -> NDArray[np.float32]:
        """Return log10(I0 + 1) (height, width, channels) of a window of the picture.

        The light is interpolated between the blocks on a grid some pixels wide (a power of two), and within it by
        OpenCV. A window whose corner lies on that grid gets the values of the whole picture to the last bit.
        """
        step = self.step
        rows, columns = -(-height // step) + 2, -(-width // step) + 2
        nodes = self._nodes(top, rows, 0)[:, None, None], self._nodes(left, columns, 1)[None, :, None]
        fy, fx = ((each % 1).astype(np.float32) for each in nodes)
        y, x = (each[..., 0].astype(np.intp) for each in nodes)
        y1, x1 = np.minimum(y + 1, self.grid.shape[0] - 1), np.minimum(x + 1, self.grid.shape[1] - 1)
        upper = self.grid[y, x] * (1 - fx) + self.grid[y, x1] * fx
        lower = self.grid[y1, x] * (1 - fx) + self.grid[y1, x1] * fx
        coarse = np.asarray(upper * (1 - fy) + lower * fy, np.float32)
        wide = cv2.resize(coarse, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)
        wide = wide.reshape(rows * step, columns * step, self.grid.shape[2])
        return np.asarray(wide[step : step + height, step : step + width])

    @property
    def step(self) -> int:
        """Pixels between the points at which the light is worked out exactly."""
        block = min(side / blocks for side, blocks in zip(self.shape, self.grid.shape, strict=False))
        return int(2 ** np.clip(np.floor(np.log2(block / _FINE)), 0, 4))

    def _nodes(self, start: int, count: int, axis: int) -> NDArray[np.float64]:
        """Return where the middles of the grid's steps from the one before ``start`` on lie between the blocks."""
        middle = (start // self.step - 0.5 + np.arange(count)) * self.step
        blocks = self.grid.shape[axis]
        return np.asarray(np.clip(middle * blocks / self.shape[axis] - 0.5, 0, blocks - 1), np.float64)

    def density(self, pixels: Pixels, top: int = 0, left: int = 0) -> NDArray[np.float32]:
        """Return the optical density (height, width, channels) of a window whose corner is at (top, left)."""
        density = np.empty(pixels.shape, np.float32)
        for y in range(0, len(pixels), _STRIP_ROWS):
            strip = pixels[y : y + _STRIP_ROWS]
            light = self.surface(top + y, left, *strip.shape[:2])
            np.subtract(light, _logs(strip), out=density[y : y + _STRIP_ROWS])
        return density


class WhitePointEstimator:
    """Estimates the white point of a picture given in strips of whole width, from top to bottom.

    Parameters
    ----------
    shape
        (height, width) of the picture.
    um
        Micrometres per pixel.
    """

    def __init__(self, shape: tuple[int, int], um: float) -> None:
        self._shape = shape
        block = max(16, round(_BLOCK_UM / um))
        self._blocks = max(1, round(shape[0] / block)), max(1, round(shape[1] / block))
        self._y, self._x = (
            ((np.arange(n * _SAMPLES) + 0.5) * side / (n * _SAMPLES)).astype(np.intp)
            for n, side in zip(self._blocks, shape, strict=True)
        )
        self._waiting = np.zeros((0, 0, 0), np.float32)
        self._levels: list[NDArray[np.float32]] = []
        self._samples: list[NDArray[np.float32]] = []

    def add_strip(self, pixels: Pixels, top: int) -> None:
        """Take the strip (height, width, channels) from row ``top`` on into account."""
        y = self._y[(self._y >= top) & (self._y < top + pixels.shape[0])] - top
        logs = _logs(pixels[y[:, None], self._x[None, :]])
        if len(self._waiting):
            logs = np.concatenate([self._waiting, logs])
        whole = len(logs) // _SAMPLES * _SAMPLES
        if whole:
            self._levels.append(_block_percentiles(logs[:whole], whole // _SAMPLES, self._blocks[1], _BRIGHT))
            self._samples.append(logs[:whole:_SPARSE, ::_SPARSE].copy())  # without holding on to the rest
        self._waiting = logs[whole:]

    def white_point(self, inside: InsideWell | None = None) -> WhitePoint:
        """Return the white point, once all strips were added; ``inside`` tells what lies inside the well."""
        rows, columns = self._blocks
        y, x = self._y[::_SPARSE], self._x[::_SPARSE]
        analysed = np.ones((y.size, x.size), bool) if inside is None else inside(y, x)
        in_well = analysed.reshape(rows, y.size // rows, columns, x.size // columns).mean(axis=(1, 3))
        grid = _mend(np.concatenate(self._levels), in_well > _IN_WELL)
        return WhitePoint((grid - self._bias(grid, analysed)).astype(np.float32), self._shape)

    def _bias(self, grid: NDArray[np.float32], analysed: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return how far bare plastic lies from 0 (noise makes a high percentile a little too bright)."""
        logs = np.concatenate(self._samples)
        surface = cv2.resize(grid, (logs.shape[1], logs.shape[0]), interpolation=cv2.INTER_LINEAR).reshape(logs.shape)
        density = surface - logs
        plastic = analysed & (brightest(np.abs(density)) < _PLASTIC)
        if plastic.sum() < 100:
            return np.zeros(density.shape[2], np.float32)
        return np.asarray(np.median(density[plastic], axis=0), np.float32)


def optical_density(
    pixels: Pixels, analysed: NDArray[np.bool_] | None, um: float
) -> tuple[NDArray[np.float32], list[float]]:
    """Return the optical density −log10((I + 1) / (I0 + 1)) of each channel.

    I0 is the brightness of bare plastic around the pixel: a high percentile of each block, where blocks that lie
    wholly inside cells are replaced by a quadratic surface through the others.

    Parameters
    ----------
    pixels
        (height, width, channels) grey levels.
    analysed
        (height, width), False outside the well; None is all inside.
    um
        Micrometres per pixel.

    Returns
    -------
    density
        (height, width, channels) float32; bare plastic is 0.
    white
        Median I0 of each channel, in grey levels.
    """
    light = white_point(pixels, analysed, um)
    return light.density(pixels), light.median_levels


def white_point(pixels: Pixels, analysed: NDArray[np.bool_] | None, um: float) -> WhitePoint:
    """Return the white point of a picture in memory; see `optical_density`."""
    estimator = WhitePointEstimator(pixels.shape[:2], um)
    estimator.add_strip(pixels, 0)
    return estimator.white_point(None if analysed is None else lambda y, x: analysed[y[:, None], x[None, :]])


def _logs(pixels: Pixels) -> NDArray[np.float32]:
    """Return log10(I + 1) of grey levels."""
    table = _log_table(int(np.iinfo(pixels.dtype).max))
    if pixels.dtype == np.uint16:
        return np.asarray(table[pixels])
    return np.asarray(cv2.LUT(pixels, table)).reshape(pixels.shape)


@cache
def _log_table(highest: int) -> NDArray[np.float32]:
    return np.log10(np.arange(highest + 1, dtype=np.float32) + 1)


def _block_percentiles(samples: NDArray[np.float32], rows: int, columns: int, percent: float) -> NDArray[np.float32]:
    """Return a percentile per block and channel of samples."""
    blocks = samples.reshape(rows, _SAMPLES, columns, _SAMPLES, samples.shape[2])
    blocks = blocks.transpose(0, 2, 4, 1, 3).reshape(rows, columns, samples.shape[2], -1)
    nth = int(blocks.shape[3] * percent / 100)
    return np.partition(blocks, nth, axis=3)[..., nth].copy()  # without holding on to the rest


def _mend(values: NDArray[np.float32], trusted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Replace blocks without bare plastic by a quadratic surface through the rest."""
    rows, columns, channels = values.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1).reshape(-1, 6)
    if min(rows, columns) < 3:
        terms = terms[:, :1]
    if not trusted.any():
        trusted = np.ones_like(trusted)
    known, trusted = values.reshape(-1, channels).T, trusted.ravel()
    floor = 0.03 * float(np.ptp(values))
    brighter = known >= np.median(known[:, trusted], axis=1, keepdims=True)
    fits = [
        [_bright_surface(terms, level, trusted, start, floor) for level, start in zip(known, starts, strict=True)]
        for starts in (np.ones_like(brighter), brighter)
    ]
    near = [float(np.mean([np.abs(level - fit)[trusted] < _NEAR for level, (fit, _) in zip(known, each, strict=True)]))
            for each in fits]  # fmt: skip
    mended = np.empty_like(values)
    for channel, (fit, use) in enumerate(fits[1] if near[1] > near[0] + _MORE else fits[0]):
        mixed = np.where(use, known[channel], fit).astype(np.float32).reshape(rows, columns)
        mended[..., channel] = cv2.medianBlur(mixed, 3) if min(rows, columns) >= 3 else mixed
    return mended


def _bright_surface(
    terms: NDArray[np.float64],
    known: NDArray[np.float32],
    trusted: NDArray[np.bool_],
    start: NDArray[np.bool_],
    floor: float,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Fit a surface to the blocks of bare plastic, from those of ``start`` on; return it, and which blocks they are."""
    use = trusted & start
    for _ in range(_ROUNDS):  # cells only darken: what lies well below the surface is taken out and the fit repeated
        fit = terms @ np.linalg.lstsq(terms[use], known[use], rcond=None)[0]
        spread = 1.4826 * float(np.median(np.abs(known[use] - fit[use]))) + floor
        before, use = use, trusted & (known > fit - _OUTLIER * spread)
        if np.array_equal(use, before):
            break
    return fit, use

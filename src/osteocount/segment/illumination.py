"""Optical density over the local light of bare plastic."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_BLOCK_UM = 48.0  # wider than most cells, so that nearly every block holds some bare plastic
_SAMPLES = 24  # grid points per block side that are looked at
_BRIGHT = 85  # percentile of a block taken as bare plastic: above cells, below the noise's own tail


def optical_density(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], analysed: NDArray[np.bool_], um: float
) -> tuple[NDArray[np.float32], list[float]]:
    """Return the optical density −log10((I + 1) / (I0 + 1)) of each channel.

    I0 is the brightness of bare plastic around the pixel: a high percentile of each block, where blocks that lie
    wholly inside cells are replaced by a quadratic surface through the others.

    Parameters
    ----------
    pixels
        (height, width, channels) grey levels.
    analysed
        (height, width), False outside the well.
    um
        Micrometres per pixel.

    Returns
    -------
    density
        (height, width, channels) float32; bare plastic is 0.
    white
        Median I0 of each channel, in grey levels.
    """
    light = np.log10(np.arange(np.iinfo(pixels.dtype).max + 1, dtype=np.float32) + 1)
    logs = np.asarray(cv2.LUT(pixels, light)) if pixels.dtype == np.uint8 else light[pixels]
    background = _background(logs, analysed, max(16, round(_BLOCK_UM / um)))
    height, width = logs.shape[:2]
    surface = np.asarray(cv2.resize(background, (width, height), interpolation=cv2.INTER_LINEAR))
    density = surface.reshape(logs.shape) - logs
    density -= _bias(density, analysed)
    white = [round(float(10**v - 1), 1) for v in np.median(background.reshape(-1, logs.shape[2]), axis=0)]
    return density, white


def bright_background(plane: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Return the local background (height, width) of a fluorescence channel, where cells are brighter than it.

    Parameters
    ----------
    plane
        (height, width) grey levels.
    block
        Side in pixels of the blocks whose dark end is taken as background.
    """
    values, seen = _block_percentiles(-plane[..., None], np.ones(plane.shape, bool), block, _BRIGHT)
    surface = -_mend(values, seen > 0)[..., 0]
    return np.asarray(cv2.resize(surface, (plane.shape[1], plane.shape[0]), interpolation=cv2.INTER_LINEAR))


def _background(logs: NDArray[np.float32], analysed: NDArray[np.bool_], block: int) -> NDArray[np.float32]:
    """Return log10 I0 on a coarse grid, one value per block and channel."""
    values, seen = _block_percentiles(logs, analysed, block, _BRIGHT)
    return _mend(values, seen > 0.7)


def _block_percentiles(
    values: NDArray[np.float32], analysed: NDArray[np.bool_], block: int, percent: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return a percentile per block and channel, and the analysed share of each block."""
    height, width, channels = values.shape
    rows, columns = max(1, round(height / block)), max(1, round(width / block))
    y = ((np.arange(rows * _SAMPLES) + 0.5) * height / (rows * _SAMPLES)).astype(np.intp)
    x = ((np.arange(columns * _SAMPLES) + 0.5) * width / (columns * _SAMPLES)).astype(np.intp)
    blocks = values[y[:, None], x[None, :]].reshape(rows, _SAMPLES, columns, _SAMPLES, channels)
    blocks = blocks.transpose(0, 2, 1, 3, 4).reshape(rows, columns, -1, channels)
    seen = analysed[y[:, None], x[None, :]].reshape(rows, _SAMPLES, columns, _SAMPLES)
    nth = int(blocks.shape[2] * percent / 100)
    return np.partition(blocks, nth, axis=2)[:, :, nth], seen.mean(axis=(1, 3))


def _mend(values: NDArray[np.float32], trusted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Replace blocks without bare plastic by a quadratic surface through the rest."""
    rows, columns, channels = values.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1).reshape(-1, 6)
    if min(rows, columns) < 3:
        terms = terms[:, :1]
    if not trusted.any():
        trusted = np.ones_like(trusted)
    mended = np.empty_like(values)
    floor = 0.03 * float(np.ptp(values))
    for channel in range(channels):
        known = values[..., channel].ravel()
        use = trusted.ravel().copy()
        for _ in range(6):  # cells only darken: what lies well below the surface is taken out and the fit repeated
            fit = terms @ np.linalg.lstsq(terms[use], known[use], rcond=None)[0]
            spread = 1.4826 * float(np.median(np.abs(known[use] - fit[use]))) + floor
            use = trusted.ravel() & (known > fit - 2.5 * spread)
        near = np.where(use, known, fit).astype(np.float32).reshape(rows, columns)
        mended[..., channel] = cv2.medianBlur(near, 3) if min(rows, columns) >= 3 else near
    return mended


def _bias(density: NDArray[np.float32], analysed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return how far bare plastic lies from 0 (noise makes a high percentile a little too bright)."""
    sample, inside = density[::4, ::4], analysed[::4, ::4]
    plastic = inside & (np.abs(sample).max(axis=2) < 0.04)
    if plastic.sum() < 100:
        return np.zeros(density.shape[2], np.float32)
    return np.asarray(np.median(sample[plastic], axis=0), np.float32)

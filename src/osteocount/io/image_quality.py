"""Can a picture be trusted? One number, one flag and one reason for each way in which it may not.

Nothing is excluded here: a flagged well stays in the tables and is marked.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Pixels
from osteocount.settings import QcSettings

Mask = NDArray[np.bool_]

_BLOCKS_LOOKED_AT = 1024  # px of the middle in which traces of JPEG are looked for: more costs time, tells the same
_TILES = 6  # along either side, over which the background level is compared


@dataclass(frozen=True)
class QualityMetric:
    """One quality number: ``flag`` is "" when it is fine, else a word; ``reason`` says it in a sentence."""

    name: str
    value: float
    flag: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ImageQuality:
    """All quality numbers of one picture."""

    numbers: tuple[QualityMetric, ...]

    @property
    def flags(self) -> tuple[str, ...]:
        """Words of what is wrong, in a fixed order."""
        return tuple(number.flag for number in self.numbers if number.flag)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The same in sentences."""
        return tuple(number.reason for number in self.numbers if number.flag)

    def row(self) -> dict[str, float]:
        """Return the numbers as ``qc_<name>`` columns."""
        return {f"qc_{number.name}": number.value for number in self.numbers}


def measure_quality(
    pixels: Pixels,
    settings: QcSettings,
    *,
    analysed: Mask | None = None,
    foreground: Mask | None = None,
    debris: Mask | None = None,
    bright_background: bool = True,
) -> ImageQuality:
    """Measure the quality of one picture.

    Parameters
    ----------
    pixels
        (height, width, channels), uint8 or uint16.
    settings
        Thresholds of the flags.
    analysed
        (height, width), True inside the well; the whole picture when None.
    foreground, debris
        (height, width), cells, and things too small to be cells; their numbers are left out when None.
    bright_background
        True for brightfield, False for fluorescence.
    """
    inside = np.ones(pixels.shape[:2], dtype=bool) if analysed is None else analysed
    if not inside.any():
        return ImageQuality((QualityMetric("well_in_view", 0.0, "no_well", "No part of a well is in the picture."),))
    grey = mean_grey(pixels)
    numbers = [
        _focus(grey, inside, settings),
        _saturation(pixels, inside, settings),
        _illumination(grey, pixels.shape[2], inside, settings, bright_background=bright_background),
        _well_in_view(inside, settings),
    ]
    if foreground is not None:
        numbers.append(_foreground(_share(foreground, inside), settings))
        if bright_background and pixels.shape[2] == 3:
            numbers.append(_stain_colour(pixels, foreground & inside, inside, settings))
    if debris is not None:
        numbers.append(_debris(_share(debris, inside), settings))
    return ImageQuality(tuple(numbers))


def debris_mask(stain: NDArray[np.float32], cells: NDArray[np.uint32], analysed: Mask, threshold: float) -> Mask:
    """Return what is stained, inside the well, and in no cell: specks, crystals, threads of cells that came off.

    Parameters
    ----------
    stain
        (height, width), optical density of the TRAP stain.
    cells
        (height, width) labels of all cells, 0 outside; their soft rim of 3 px is not debris.
    analysed
        (height, width), True inside the well.
    threshold
        Optical density above which a pixel is stained.
    """
    near = cv2.dilate((cells > 0).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    debris: Mask = (stain > threshold) & analysed & ~near
    return debris


def stain_green_share(pixels: Pixels, stained: Mask, inside: Mask) -> float:
    """Return how much of the light that stained parts take is green: OD_green ÷ (OD_red + OD_green + OD_blue).

    The reds and purples of a TRAP stain take green most of all: our simulated plates, drawn after published stain
    vectors, give about 0.41. Grey, as a phase contrast or grey camera picture has it, gives 0.33; blue and green
    stains give less. The background is the 95th percentile of each channel. NaN without stained parts.
    """
    if not stained.any():
        return float("nan")
    density = []
    for channel in range(3):
        light = max(histogram_percentile(_histogram(pixels, channel, inside), 95), 1.0)
        of_level = np.maximum(-np.log10((np.arange(np.iinfo(pixels.dtype).max + 1) + 1) / (light + 1)), 0)
        density.append(float(_histogram(pixels, channel, stained) @ of_level))
    return density[1] / sum(density) if sum(density) > 0 else float("nan")


def block_edges(pixels: Pixels) -> float:
    """Return how many times more the levels bend at the edges of blocks of 8 pixels than elsewhere; 1: not at all.

    JPEG works in such blocks, and makes them seen where it saved too much. The middle of the picture (height, width,
    channels) is looked at; the grid of the blocks may begin anywhere. NaN: it is too small.
    """
    top, left = (max(0, (side - _BLOCKS_LOOKED_AT) // 2) for side in pixels.shape[:2])
    grey = mean_grey(pixels[top : top + _BLOCKS_LOOKED_AT, left : left + _BLOCKS_LOOKED_AT])
    ratios = []
    for lines in (grey, grey.T):
        length = (lines.shape[1] - 2) // 8 * 8
        if length < 8:
            return float("nan")
        bends = np.abs(np.diff(lines, 2, axis=1)).mean(axis=0)[:length].reshape(-1, 8).mean(axis=0)
        bends.sort()
        ratios.append(bends[-2:].mean() / max(float(np.median(bends)), 1e-3 * np.iinfo(pixels.dtype).max))
    return float(np.mean(ratios))


def _share(what: Mask, inside: Mask) -> float:
    """Return the share of the pixels inside that are ``what``; counting is many times faster than a mean."""
    return np.count_nonzero(what & inside) / np.count_nonzero(inside)


def mean_grey(pixels: Pixels) -> NDArray[np.float32]:
    """Return the mean of the channels."""
    channels = pixels.shape[2]
    weights = np.full((1, channels), 1 / channels, np.float32)
    if channels <= 4:  # what OpenCV takes at once, many times faster than a mean over the last axis
        return np.asarray(cv2.transform(pixels.astype(np.float32), weights), np.float32).reshape(pixels.shape[:2])
    return np.asarray(pixels.mean(axis=2, dtype=np.float32))


def _histogram(pixels: Pixels, channel: int, inside: Mask) -> NDArray[np.float64]:
    """Return how many pixels of the mask have each grey level."""
    levels = int(np.iinfo(pixels.dtype).max) + 1
    counts = cv2.calcHist([pixels], [channel], inside.view(np.uint8), [levels], [0, levels])
    return np.asarray(counts, np.float64).ravel()


def histogram_percentile(histogram: NDArray[np.float64], percent: float) -> float:
    """Return what ``numpy.percentile`` does of whole numbers, from their histogram."""
    below = np.cumsum(histogram)
    rank = (below[-1] - 1) * percent / 100
    low, high = np.searchsorted(below, [int(rank), int(np.ceil(rank))], side="right")
    return float(low + (high - low) * (rank - int(rank)))


def focus_ratio(grey: NDArray[np.float32], inside: Mask) -> float:
    """Return fine over coarse detail: the spread of the 1 to 2 px band ÷ that of the 2 to 8 px band, inside the mask.

    Blur takes fine detail first, so the ratio falls with defocus whatever the contrast: a picture of sharp-edged discs
    gives 0.29 unblurred, 0.16 blurred by 2 px, 0.10 by 4 px. The camera's noise, measured by its own fine pattern
    (Immerkær 1996), is taken out of both bands. NaN for a flat picture.
    """
    smooth = {sigma: cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (1.0, 2.0)}
    # The widest blur at a quarter of the resolution: the same to a thousandth, at a tenth of the cost.
    size = tuple(max(1, side // 4) for side in grey.shape[::-1])
    quarter = cv2.GaussianBlur(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), (0, 0), 1.93)
    wide = cv2.resize(quarter, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    pattern = cv2.filter2D(grey, -1, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32))
    few = np.s_[::2, ::2]
    noise = (np.median(np.abs(pattern[few][inside[few]])) / 0.6745 / 6) ** 2
    # White noise of variance 1 has variance 0.0358 and 0.0165 in the two bands.
    fine = _variance(smooth[1.0] - smooth[2.0], inside) - 0.0358 * noise
    coarse = _variance(smooth[2.0] - wide, inside) - 0.0165 * noise
    return float(np.sqrt(max(fine, 0.0) / coarse)) if coarse > 1e-6 else float("nan")


def _variance(values: NDArray[np.float32], inside: Mask) -> float:
    return float(cv2.meanStdDev(values, mask=inside.view(np.uint8))[1][0, 0]) ** 2


def _metric(name: str, value: float, flag: str, reason: str, *, is_bad: bool) -> QualityMetric:
    return QualityMetric(name, value, flag, reason) if is_bad else QualityMetric(name, value)


def _focus(grey: NDArray[np.float32], inside: Mask, settings: QcSettings) -> QualityMetric:
    ratio = focus_ratio(grey, inside)
    if np.isnan(ratio):
        return QualityMetric("focus", ratio, "no_detail", "The picture is flat: there is nothing to focus on.")
    reason = f"Out of focus: fine detail is {ratio:.2f} of the coarse, below {settings.min_focus:g}."
    return _metric("focus", ratio, "out_of_focus", reason, is_bad=ratio < settings.min_focus)


def _saturation(pixels: Pixels, inside: Mask, settings: QcSettings) -> QualityMetric:
    """Share of pixels at either end of the camera's range, in any channel; 16 bit files may hold 10, 12 or 14 bit."""
    top = int(np.iinfo(pixels.dtype).max)
    if pixels.dtype == np.uint16:
        brightest = int(pixels.max())
        top = next(limit for limit in (1023, 4095, 16383, 65535) if brightest <= limit)
    between = inside.copy()
    for first in range(0, pixels.shape[2], 4):  # as many channels as OpenCV takes at once
        some = np.ascontiguousarray(pixels[..., first : first + 4])
        between &= cv2.inRange(some, (1,) * some.shape[2], (top - 1,) * some.shape[2]).reshape(inside.shape) > 0
    share = 1 - _share(between, inside)
    limit = f"{100 * settings.max_saturated:g} %"
    reason = f"{100 * share:.1f} % of the pixels are at the end of the camera's range, above {limit}."
    return _metric("saturated", share, "saturated", reason, is_bad=share > settings.max_saturated)


def _illumination(
    grey: NDArray[np.float32], channels: int, inside: Mask, settings: QcSettings, *, bright_background: bool
) -> QualityMetric:
    """Range of the background level over the tiles of the picture ÷ its median; ``grey`` is the mean of so many."""
    total = np.rint(grey * channels).astype(np.int32)  # whole numbers need no sorting
    levels = []
    for rows in np.array_split(np.arange(grey.shape[0]), _TILES):
        for columns in np.array_split(np.arange(grey.shape[1]), _TILES):
            if not rows.size or not columns.size:
                continue
            tile = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
            if np.count_nonzero(inside[tile]) > 0.5 * inside[tile].size:
                histogram = np.bincount(total[tile][inside[tile]]).astype(np.float64)
                levels.append(histogram_percentile(histogram, 90 if bright_background else 10))
    middle = float(np.median(levels)) if levels else 0.0
    if len(levels) < 4 or middle <= 0:
        return QualityMetric("uneven", float("nan"))
    uneven = (max(levels) - min(levels)) / middle
    reason = f"Uneven light: the background varies by {100 * uneven:.0f} %, above {100 * settings.max_uneven:g} %."
    return _metric("uneven", float(uneven), "uneven_light", reason, is_bad=uneven > settings.max_uneven)


def _well_in_view(inside: Mask, settings: QcSettings) -> QualityMetric:
    share = float(np.count_nonzero(inside) / inside.size)
    limit = f"{100 * settings.min_well_in_view:g} %"
    reason = f"Only {100 * share:.0f} % of the picture is inside the well, below {limit}."
    return _metric("well_in_view", share, "little_well", reason, is_bad=share < settings.min_well_in_view)


def _foreground(share: float, settings: QcSettings) -> QualityMetric:
    if share < settings.min_foreground:
        reason = f"Hardly any cells: {100 * share:.2f} % of the well is covered."
        return QualityMetric("foreground", share, "nearly_empty", reason)
    reason = f"{100 * share:.0f} % of the well is covered, so that no background is left to compare with."
    return _metric("foreground", share, "overgrown", reason, is_bad=share > settings.max_foreground)


def _debris(share: float, settings: QcSettings) -> QualityMetric:
    reason = f"Debris covers {100 * share:.1f} % of the well, above {100 * settings.max_debris:g} %."
    return _metric("debris", share, "debris", reason, is_bad=share > settings.max_debris)


def _stain_colour(pixels: Pixels, stained: Mask, inside: Mask, settings: QcSettings) -> QualityMetric:
    share = stain_green_share(pixels, stained, inside)
    reason = (
        f"What is outlined is not red or purple: green is {share:.2f} of the light it takes, below "
        f"{settings.min_stain_green:g} (grey has 0.33). Phase contrast, another stain, or a wrong white balance?"
    )
    return _metric("stain_green", share, "wrong_colour", reason, is_bad=share < settings.min_stain_green)

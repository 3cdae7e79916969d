"""Colours for a screen: any picture in eight bits, outlines of cells and nuclei. To look at, never to measure."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Picture, Pixels

# Told apart with every common colour blindness: magenta, blue, green, yellow.
_CYTOPLASM = (255, 60, 200)
_DNA = (70, 150, 255)
_FURTHER = ((60, 220, 120), (240, 220, 60))
_DNA_NAMES = ("dapi", "hoechst", "dna", "nuc", "draq", "405")


def display_rgb(picture: Picture, longest: int | None = None) -> NDArray[np.uint8]:
    """Give the picture as RGB for a screen.

    Brightfield colours keep their balance: 8 bit as they are, 16 bit scaled by one factor for all three. Grey and
    fluorescence are stretched between their 0.1 and 99.9 percentiles; channels are blended, DNA in blue.

    Parameters
    ----------
    picture
        What was read.
    longest
        Longest side of the result in pixels; larger pictures are reduced by averaging. None: the full size.

    Returns
    -------
    (height, width, 3) uint8.
    """
    pixels = _reduced(picture.pixels, longest)
    if picture.kind == "rgb":
        if pixels.dtype == np.uint8:
            return pixels.astype(np.uint8)
        return _stretched(pixels, 0.0, _percentile(pixels, 99.9))
    colours = ((255, 255, 255),) if picture.kind == "grey" else _channel_colours(picture.channel_names)
    blend = np.zeros((*pixels.shape[:2], 3), np.float32)
    for channel, colour in enumerate(colours):
        plane = pixels[:, :, channel]
        shown = _stretched(plane, _percentile(plane, 0.1), _percentile(plane, 99.9)).astype(np.float32)
        blend += shown[:, :, None] * (np.asarray(colour, np.float32) / 255)
    return np.clip(np.rint(blend), 0, 255).astype(np.uint8)


def _reduced(pixels: Pixels, longest: int | None) -> Pixels:
    height, width, channels = pixels.shape
    if longest is None or max(height, width) <= longest:
        return pixels
    scale = longest / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.dstack(
        [cv2.resize(pixels[:, :, channel], size, interpolation=cv2.INTER_AREA) for channel in range(channels)]
    )


def _channel_colours(names: tuple[str, ...]) -> list[tuple[int, int, int]]:
    """DNA by its name, or the second channel where no name tells; cytoplasm is the first of the others."""
    dna = next((n for n, name in enumerate(names) if any(word in name.lower() for word in _DNA_NAMES)), 1)
    others = iter([_CYTOPLASM, *_FURTHER])
    return [_DNA if n == dna else next(others, (150, 150, 150)) for n in range(len(names))]


def _percentile(pixels: Pixels, percent: float) -> float:
    step = max(1, int((pixels.size / 1_000_000) ** 0.5))  # a million pixels tell it as well as all
    return float(np.percentile(pixels[::step, ::step], percent))


def _stretched(pixels: Pixels, low: float, high: float) -> NDArray[np.uint8]:
    scaled = (pixels.astype(np.float32) - low) * (255 / max(high - low, 1))
    return np.asarray(np.clip(np.rint(scaled), 0, 255), np.uint8)


RGB = tuple[int, int, int]


@dataclass(frozen=True)
class CellColours:
    """Outline colours as #RRGGBB, told apart with every common colour blindness (after Okabe & Ito 2008)."""

    osteoclast: str
    other: str
    not_counted: str


ON_BRIGHT = CellColours("#FFB000", "#0072BC", "#606060")
ON_DARK = CellColours("#FFB000", "#56D7FF", "#CDCDCD")
NUCLEUS = "#FFFFFF"


def rgb(colour: str) -> RGB:
    """Return #RRGGBB as red, green and blue from 0 to 255."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue

"""The red, green and blue of one brightfield picture, saved as separate pages, channels or files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Pixels

_NAMES = {"red": 0, "r": 0, "green": 1, "g": 1, "blue": 2, "b": 2}
_NO_NAME = re.compile(r"(?:c|ch|channel|image|page|slice)?[ _:-]*\d*(?:[/ ]+\d+)?", re.IGNORECASE)
_TAKEN = (
    "Three planes with a bright ground, which the file does not name, were taken as red, green and blue of one "
    "picture, in this order."
)
_LOOKED_AT = 512  # pixels along the shorter side that are enough to tell a ground
_BRIGHT = 0.35  # share of the brightest level from which a ground is bright: camera offsets and haze stay below it


@dataclass(frozen=True)
class ColourPlanes:
    """A colour picture made of its planes.

    Attributes
    ----------
    pixels
        (height, width, 3): red, green, blue.
    names
        Of these channels, as the file has them.
    notes
        What was taken for granted.
    """

    pixels: Pixels
    names: tuple[str, ...]
    notes: tuple[str, ...]


def compose(pixels: Pixels, names: tuple[str, ...]) -> ColourPlanes | None:
    """Make one colour picture of its red, green and blue planes; None where they are something else.

    Planes without names are taken in their order if all have a bright ground, on which something is darker: light went
    through what they show. In fluorescence the ground is dark.

    Parameters
    ----------
    pixels
        (height, width, channels).
    names
        One per channel; empty where the file names none.
    """
    if pixels.shape[2] != 3:
        return None
    said = [_NAMES.get(name.strip().lower(), -1) for name in names]
    if sorted(said) == [0, 1, 2]:
        order = [said.index(colour) for colour in range(3)]
        return ColourPlanes(pixels[:, :, order], tuple(names[channel] for channel in order), ())
    unnamed = all(_NO_NAME.fullmatch(name.strip()) for name in names)
    if unnamed and all(has_bright_ground(pixels[..., channel]) for channel in range(3)):
        return ColourPlanes(pixels, names, (_TAKEN,))
    return None


def has_bright_ground(plane: NDArray[Any]) -> bool:
    """Tell transmitted light from fluorescence: most of the plane is bright, and what differs is darker."""
    step = max(1, min(plane.shape) // _LOOKED_AT)
    low, middle, high = np.percentile(plane[::step, ::step], [1, 50, 99])
    return bool(middle > _BRIGHT * high and high - middle < middle - low)

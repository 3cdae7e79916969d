"""What a picture is, once it has been read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

#: Grey levels as files hold them.
Pixels = NDArray[np.uint8] | NDArray[np.uint16]

LARGE_PIXELS = 25 * 10**6
"""From so many pixels on, pictures and label images are worked on and shown tile by tile where their format allows it.

A matter of memory alone: results are the same either way. Why 25 million was chosen is not recorded.
"""


def is_large_size(height: int, width: int, least: int | None = None) -> bool:
    """Whether a picture of this size has at least ``least`` pixels; None: `LARGE_PIXELS`."""
    return height * width >= (LARGE_PIXELS if least is None else least)


@dataclass(frozen=True)
class PixelSize:
    """Side of a pixel and where that number comes from.

    Attributes
    ----------
    um
        Micrometres per pixel, None when unknown.
    origin
        Who said so ("given by the user", "OME-XML PhysicalSizeX", ...) or why it is unknown.
    estimate
        Where it is unknown, micrometres per pixel by which the picture is analysed; None: to be estimated from it.
    """

    um: float | None
    origin: str
    estimate: float | None = None


@dataclass(frozen=True)
class Picture:
    """One field, in memory.

    Attributes
    ----------
    path
        The file it was read from.
    pixels
        (height, width, channels), uint8 or uint16, in the file's own grey levels.
    kind
        ``rgb``: three colour channels of a brightfield camera; ``grey``: one channel; ``channels``: two or more
        separate fluorescence channels.
    channel_names
        One name per channel; empty strings where the file names none.
    pixel_size
        Micrometres per pixel with its origin.
    axes
        What was understood, in words: "1920 × 720 px, RGB, 8 bit".
    notes
        What a reader of the results should know (pages ignored, alpha dropped, resolution tag refused ...).
    """

    path: Path
    pixels: Pixels
    kind: Literal["rgb", "grey", "channels"]
    channel_names: tuple[str, ...]
    pixel_size: PixelSize
    axes: str
    notes: tuple[str, ...] = ()

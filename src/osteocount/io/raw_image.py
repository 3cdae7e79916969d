"""What every file format hands over: the raw pixels of one plane, and the errors all of them share."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.pixel_size import PixelSizeEvidence

MAX_PIXELS = 2 * 10**9
"""Pictures with more pixels than this are refused before anything is decoded."""

CURE_EXPORT = "Export it again as TIFF or PNG, or leave it out."
"""What to do with a file that cannot be read; the end of many messages."""


@dataclass(frozen=True)
class RawImage:
    """One plane as a file format gave it.

    Attributes
    ----------
    pixels
        (height, width, channels) of any type.
    colour
        True when the channels are red, green and blue.
    channel_names
        One per channel, empty where unnamed.
    notes
        What was left out or changed on the way.
    """

    pixels: NDArray[np.generic]
    colour: bool
    channel_names: tuple[str, ...]
    evidence: PixelSizeEvidence
    notes: tuple[str, ...] = ()


def check_size(path: Path, height: int, width: int) -> None:
    """Refuse a picture by the size its header claims, before memory is asked for."""
    if height * width > MAX_PIXELS:
        raise OsteoCountError(
            f"{path.name}: {width} × {height} px is more than the {MAX_PIXELS / 1e9:g} gigapixels OsteoCount reads at "
            "once. Cut it into fields or save it at a lower resolution."
        )
    if min(height, width) < 2:
        raise OsteoCountError(f"{path.name}: {width} × {height} px is not a picture. {CURE_EXPORT}")


def damaged(path: Path, why: str | Exception) -> OsteoCountError:
    """Build the error for a file that starts like a picture and cannot be read to its end.

    Of an exception only the text that speaks of the file is shown, not that of a stumble over nonsense in it.
    """
    if isinstance(why, (TypeError, LookupError, AttributeError, ArithmeticError, struct.error)):
        why = "its structure makes no sense"
    said = " ".join(str(why).split())[:120] or type(why).__name__
    return OsteoCountError(
        f"{path.name}: the picture is damaged or not complete ({said}). "
        "Copy it again from the microscope, or leave it out."
    )

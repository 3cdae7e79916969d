"""The scale that pictures of a run have in common where they do not say how large their pixels are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from osteocount.io.picture import PixelSize


@dataclass(frozen=True)
class SharedScale:
    """The scale of the pictures of one size.

    Attributes
    ----------
    height, width
        Of the pictures, in pixels.
    um
        Micrometres per pixel.
    measured
        True when that is a measure, of the rim of a well; False when it is an estimate, by which pictures are analysed
        and which fills no µm column.
    origin
        Where a measure comes from.
    """

    height: int
    width: int
    um: float
    measured: bool
    origin: str = ""


def with_scale(size: PixelSize, shape: tuple[int, ...], scales: Sequence[SharedScale]) -> PixelSize:
    """Return the pixel size of a picture; where it is unknown, with the scale of the pictures it was taken alike."""
    own = next((each for each in scales if (each.height, each.width) == tuple(shape[:2])), None)
    if own is None or size.um is not None:
        return size
    return PixelSize(own.um, own.origin) if own.measured else PixelSize(None, size.origin, own.um)

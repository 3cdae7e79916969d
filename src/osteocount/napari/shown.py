"""A picture as napari shows it best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Picture


@dataclass(frozen=True)
class Shown:
    """A picture ready to be shown, read in a worker: one RGB array, or one array per channel."""

    channels: tuple[NDArray[np.generic], ...]
    rgb: bool
    on_dark: bool


def shown_picture(picture: Picture, record: dict[str, Any]) -> Shown:
    """Return ``picture`` for the viewer; colours of 16 bits are shown with 8, which is what a screen has."""
    on_dark = record.get("regime") == "fluorescence"
    if picture.kind == "rgb":
        pixels = picture.pixels
        if pixels.dtype == np.uint16:
            top = max(1, int(pixels.max()))
            pixels = (pixels.astype(np.float32) * (255 / top)).astype(np.uint8)
        return Shown((np.ascontiguousarray(pixels),), True, on_dark)
    channels = np.moveaxis(picture.pixels, 2, 0)
    return Shown(tuple(np.ascontiguousarray(plane) for plane in channels), False, on_dark)

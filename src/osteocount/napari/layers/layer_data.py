"""A picture as napari shows it best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from osteocount.io.picture import Picture
from osteocount.io.pyramid import Overview, Pyramid


@dataclass(frozen=True)
class Shown:
    """A picture ready to be shown, read in a worker.

    Attributes
    ----------
    channels
        One RGB array or one array per channel; of a large picture a list, its levels of falling resolution.
    rgb, on_dark
        Colours; a fluorescence picture.
    overview
        Levels that are still to be filled.
    """

    channels: tuple[Any, ...]
    rgb: bool
    on_dark: bool
    overview: Overview | None = None


def shown_levels(pyramid: Pyramid) -> Shown:
    """Return a large picture for the viewer; nothing of it is read."""
    return Shown((list(pyramid.levels),), True, False, pyramid.overview)


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

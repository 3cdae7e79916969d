"""A picture as the data of image layers, in the form napari shows fastest."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np

from osteocount.io.picture import Picture
from osteocount.io.pyramid import DownsampledLevels, Pyramid


@dataclass(frozen=True)
class ImageLayerData:
    """What the image layers of one picture are made of, read in a worker.

    Attributes
    ----------
    channels
        One RGB array or one array per channel; of a large picture a list, its levels of falling resolution.
    rgb
        True when the last axis of the one array is colour.
    on_dark
        True for fluorescence, whose outlines have other colours.
    unfilled
        Levels that are still to be filled.
    """

    channels: tuple[Any, ...]
    rgb: bool
    on_dark: bool
    unfilled: DownsampledLevels | None = None


def pyramid_layer_data(pyramid: Pyramid) -> ImageLayerData:
    """Return a large picture for the viewer; nothing of it is read."""
    return ImageLayerData((list(pyramid.levels),), True, False, pyramid.unfilled)


def picture_layer_data(picture: Picture, regime: str = "") -> ImageLayerData:
    """Return ``picture`` for the viewer; colours of 16 bits are shown with 8, which is what a screen has."""
    on_dark = regime == "fluorescence"
    if picture.kind == "rgb":
        pixels = picture.pixels
        if pixels.dtype == np.uint16:
            top = max(1, int(pixels.max()))
            pixels = (pixels.astype(np.float32) * (255 / top)).astype(np.uint8)
        return ImageLayerData((np.ascontiguousarray(pixels),), True, on_dark)
    channels = np.moveaxis(picture.pixels, 2, 0)
    return ImageLayerData(tuple(np.ascontiguousarray(plane) for plane in channels), False, on_dark)


def fill_levels(unfilled: DownsampledLevels, stop: Event) -> Generator[float, None, None]:
    """Read a large picture without small copies once, so that the whole of it can be seen; for a worker."""
    for share in unfilled.fill():
        if stop.is_set():
            return
        yield share

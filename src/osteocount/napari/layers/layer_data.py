"""A picture as napari keeps it: data of image layers in the form it shows fastest, pixel size as scale and units."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np
import pint

from osteocount.io.picture import Picture
from osteocount.io.pyramid import DownsampledLevels, Pyramid

_UNITS = pint.get_application_registry()  # type: ignore[no-untyped-call]
# Made as the plugin is loaded: the first unit takes a fifth of a second, for which no picture should wait.
MICROMETER = _UNITS.Unit("micrometer")

SCENE = "osteocount_scene"
"""Of a layer's metadata: which picture of its file it shows, where the file holds many."""


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

    def arguments(self, channel: int) -> dict[str, Any]:
        """Return how the layer of a channel is made, but for its name and place."""
        is_multiscale = isinstance(self.channels[channel], list)
        return {"rgb": self.rgb, "multiscale": is_multiscale} | ({"blending": "additive"} if channel else {})


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


def scale_and_units(um: float | None) -> dict[str, Any]:
    """Return the arguments that give a layer of two dimensions its pixel size; none when it is unknown."""
    return {} if um is None else {"scale": (um, um), "units": (MICROMETER, MICROMETER)}


def pixel_um(scale: Sequence[float], units: Sequence[Any]) -> float | None:
    """Micrometres per pixel of the last two axes; None when their units are no lengths or their pixels not square.

    Parameters
    ----------
    scale
        One number for each axis, as of ``layer.scale``.
    units
        Names or pint units, as of ``layer.units``.
    """
    sides: list[float] = []
    for side, unit in list(zip(scale, map(_UNITS.Unit, units), strict=True))[-2:]:
        if not unit.is_compatible_with(MICROMETER):
            return None
        sides.append(float((float(side) * unit).to(MICROMETER).magnitude))
    return sides[0] if math.isclose(*sides, rel_tol=1e-3) else None

"""Nikon ND2: one stage position is one picture; positions are named in the XYPosLoop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from osteocount.io.pixel_size import PixelSizeEvidence
from osteocount.io.raw_image import (
    RawImage,
    Scene,
    check_bytes,
    check_plane,
    formats_library,
    numbered_scenes,
    plane_image,
)


def list_scenes(path: Path) -> tuple[Scene, ...]:
    """One scene per stage position; a file without positions is one scene."""
    with formats_library(path, "nd2").ND2File(path) as file:
        points = _point_names(file)
    names = [name or f"position {n}" for n, name in enumerate(points, start=1)]
    return numbered_scenes(names, ((point,) if point else () for point in points))


def read_scene(path: Path, number: int) -> RawImage:
    """Decode the picture of one stage position."""
    with formats_library(path, "nd2").ND2File(path) as file:
        sizes = {str(axis): int(n) for axis, n in file.sizes.items()}
        check_plane(path, f"position {number + 1}", {axis: n for axis, n in sizes.items() if axis != "P"})
        check_bytes(path, (n for axis, n in sizes.items() if axis != "P"), file.dtype.itemsize)
        # All other loops have one step, so the frames are the positions in their order.
        frame = np.asarray(file.read_frame(number))
        axes = "".join(axis for axis in sizes if axis in "CYXS")
        pixels = frame.reshape([sizes[axis] for axis in axes]).copy()
        described, unclear = _channels(file)
    names = [each.channel.name for each in described]
    return plane_image(pixels, axes, names, _evidence(path, described), unclear)


def _point_names(file: Any) -> list[str]:
    count = int(file.sizes.get("P", 1))
    for loop in file.experiment or ():
        if loop.type == "XYPosLoop":
            names = [str(point.name or "").strip() for point in loop.parameters.points]
            return (names + [""] * count)[:count]
    return [""] * count


def _channels(file: Any) -> tuple[list[Any], tuple[str, ...]]:
    """Give the channels, none with a note when the library stumbles over them; the pixels are sound all the same."""
    try:
        return list(file.metadata.channels or ()), ()
    except (LookupError, TypeError, ValueError, AttributeError, UnboundLocalError):
        return [], ("The file's channels cannot be understood: their names and the pixel size are not known.",)


def _evidence(path: Path, channels: list[Any]) -> PixelSizeEvidence:
    stated = None
    if channels:
        volume = channels[0].volume
        if all(volume.axesCalibrated[:2]):
            stated = (float(volume.axesCalibration[0]), float(volume.axesCalibration[1]))
    return PixelSizeEvidence(path, stated_um=stated, stated_by="ND2 axesCalibration")

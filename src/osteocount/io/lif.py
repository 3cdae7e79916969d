"""Leica LIF: a tree of images; the names on the way to an image may hold its well."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from osteocount.io.pixel_size import UM_PER, PixelSizeEvidence
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
    """One scene per image; each tile of a mosaic that was not merged is one of its own."""
    with formats_library(path, "liffile").LifFile(path) as lif:
        pictures = _pictures(lif)
        texts = [str(image.path) for image, _ in pictures]
    names = [
        text if tile is None else f"{text} tile {tile + 1}" for text, (_, tile) in zip(texts, pictures, strict=True)
    ]
    return numbered_scenes(names, map(_hints, texts))


def read_scene(path: Path, number: int) -> RawImage:
    """Decode one image, or one tile of it."""
    with formats_library(path, "liffile").LifFile(path) as lif:
        image, tile = _pictures(lif)[number]
        sizes = {str(axis): int(n) for axis, n in image.sizes.items()}
        check_plane(path, image.name, {axis: n for axis, n in sizes.items() if axis != "M"})
        check_bytes(path, sizes.values(), image.dtype.itemsize)  # all tiles of a mosaic are decoded
        axes = "".join(image.dims)
        pixels = np.asarray(image.asarray())
        if tile is not None:
            pixels = pixels.take([tile], axis=axes.index("M"))
        named = [each.get("LUTName") for each in image.xml_element.iter("ChannelDescription")]
        evidence = PixelSizeEvidence(path, stated_um=_side_um(image), stated_by="LIF DimensionDescription")
    return plane_image(pixels, axes, named, evidence)


def _pictures(lif: Any) -> list[tuple[Any, int | None]]:
    pictures: list[tuple[Any, int | None]] = []
    for image in lif.images:
        if {"Y", "X"} <= set(image.sizes):
            tiles = int(image.sizes.get("M", 1))
            pictures += [(image, None)] if tiles == 1 else [(image, tile) for tile in range(tiles)]
    return pictures


def _hints(text: str) -> tuple[str, ...]:
    """Names from the image up to the root, and neighbours joined: the Navigator keeps well A1 as A and 1."""
    parts = [part.strip() for part in text.split("/") if part.strip()]
    joined = [row + column for row, column in pairwise(parts)]
    return (*reversed(parts), *reversed(joined))


def _side_um(image: Any) -> tuple[float, float] | None:
    """Pixel sides from the lengths, which Leica measures from the first pixel's centre to the last one's."""
    sides = {}
    for each in image.xml_element.iter("DimensionDescription"):
        steps = int(each.get("NumberOfElements", "0")) - 1
        scale = UM_PER.get(each.get("Unit", ""))
        if steps > 0 and scale is not None:
            sides[each.get("DimID")] = abs(float(each.get("Length", "0"))) / steps * scale
    x, y = sides.get("1", 0.0), sides.get("2", 0.0)
    return (x, y) if x > 0 and y > 0 else None

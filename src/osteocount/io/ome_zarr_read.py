"""OME-Zarr 0.4 and 0.5: plates, collections of images, single images."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from osteocount.errors import OsteoCountError
from osteocount.io.ome_zarr_chunks import check_chunks
from osteocount.io.pixel_size import UM_PER, PixelSizeEvidence
from osteocount.io.raw_image import RawImage, Scene, check_bytes, check_plane, formats_library, plane_image

_LARGEST_METADATA = 64 * 2**20  # bytes; a guard against files made to exhaust the memory
_RED_GREEN_BLUE = ("FF0000", "00FF00", "0000FF")
_METADATA_FILES = ("zarr.json", ".zgroup", ".zattrs", ".zarray")


def list_scenes(path: Path) -> tuple[Scene, ...]:
    """Pictures of a plate by its metadata, of a bioformats2raw collection by their numbers, else the root itself."""
    group = _open(path)
    metadata = _ome(group)
    if "plate" in metadata:
        return _plate_scenes(path, group, metadata["plate"])
    if "multiscales" in metadata:
        return (Scene(""),)
    numbered = sorted((name for name in group.group_keys() if name.isdecimal()), key=int)
    return tuple(Scene(name, (), str(n)) for n, name in enumerate(numbered, start=1))


@dataclass(frozen=True)
class OmeZarrImage:
    """One image and what its metadata say; no pixel has been read.

    Attributes
    ----------
    path, name
        The folder, and the image in it; "" is its root.
    group
        Its Zarr group.
    level_paths
        Where in the group the resolution levels are, the largest first.
    array
        The Zarr array of the largest one.
    axes
        One capital letter for each of its axes.
    channels
        Of the ``omero`` block.
    evidence
        Of the pixel size.
    """

    path: Path
    name: str
    group: Any
    level_paths: tuple[Any, ...]
    array: Any
    axes: str
    channels: list[dict[str, Any]]
    evidence: PixelSizeEvidence

    def check(self) -> tuple[int, tuple[str, ...]]:
        """Refuse what is not one plane, too large, not safe to decode, or has lost chunks.

        Returns
        -------
        As `check_chunks`: bytes of the chunks of the largest level, and notes.
        """
        if "pickle" in json.dumps(self.array.metadata.to_dict(), default=repr):
            where = f"{self.path.name} {self.name}"
            raise OsteoCountError(f"{where}: its pixels are program objects, which are not safe to read.")
        check_plane(self.path, self.name, dict(zip(self.axes, self.array.shape, strict=True)))
        return check_chunks(f"{self.path.name} {self.name}".strip(), self.array, self.axes)

    def levels(self) -> list[Any]:
        """Return the Zarr arrays of all resolution levels, the largest first."""
        return [self.group[_inside(self.path, each)] for each in self.level_paths]

    def read(self, window: tuple[slice, slice] = (slice(None), slice(None))) -> RawImage:
        """Decode a window (rows, columns) of the largest level."""
        parts = dict(zip("YX", window, strict=True))
        values = self.array[tuple(parts.get(axis, slice(None)) for axis in self.axes)]
        labels = [str(each.get("label") or "") for each in self.channels]
        raw = plane_image(np.asarray(values), self.axes, labels, self.evidence)
        if raw.colour or raw.pixels.dtype != np.uint8 or not _camera_colours(self.channels):
            return raw
        note = "The three channels are read as red, green and blue, as their colours say."
        return replace(raw, colour=True, notes=(*raw.notes, note))


def open_image(path: Path, name: str) -> OmeZarrImage:
    """Open one image of the folder, "" its root."""
    group = _open(path / name if name else path)
    metadata = _ome(group)
    multiscale = metadata["multiscales"][0]
    axes = "".join(_axis(each) for each in multiscale.get("axes") or "tczyx").upper()
    paths = tuple(each["path"] for each in multiscale["datasets"])
    array = group[_inside(path, paths[0])]
    channels = metadata.get("omero", {}).get("channels", [])
    evidence = _evidence(path, multiscale, multiscale["datasets"][0], axes)
    return OmeZarrImage(path, name, group, paths, array, axes, channels, evidence)


def read_scene(path: Path, number: int) -> RawImage:
    """Decode the largest level of one image."""
    image = open_image(path, list_scenes(path)[number].name)
    stored, notes = image.check()
    check_bytes(path, image.array.shape, image.array.dtype.itemsize, stored)
    raw = image.read()
    return replace(raw, notes=(*raw.notes, *notes))


def _camera_colours(channels: list[dict[str, Any]]) -> bool:
    """Whether three channels without a dye's name are shown as red, green and blue: a colour camera's, converted."""
    unnamed = all(re.fullmatch(r"(?i)(channel|c)?[ :_]*\d*", str(each.get("label") or "")) for each in channels)
    return unnamed and [str(each.get("color", "")).upper().lstrip("#") for each in channels] == list(_RED_GREEN_BLUE)


def _open(path: Path) -> Any:
    zarr = formats_library(path, "zarr")
    if not any((path / name).is_file() for name in _METADATA_FILES):
        raise OsteoCountError(f"{path.name}: is not an OME-Zarr: {' or '.join(_METADATA_FILES[:2])} is missing in it.")
    for name in _METADATA_FILES:
        if (path / name).is_file() and (path / name).stat().st_size > _LARGEST_METADATA:
            raise OsteoCountError(f"{path.name}: its {name} is larger than 64 MB, which no metadata are.")
    return zarr.open_group(path, mode="r")


def _ome(group: Any) -> dict[str, Any]:
    """Metadata of 0.5 are under ``ome``, those of 0.4 at the top."""
    attributes = dict(group.attrs)
    inner = attributes.get("ome")
    return inner if isinstance(inner, dict) else attributes


def _plate_scenes(path: Path, group: Any, plate: dict[str, Any]) -> tuple[Scene, ...]:
    scenes = []
    for each in plate["wells"]:
        well = _inside(path, each["path"])
        images = _ome(group[well])["well"]["images"]
        for n, image in enumerate(images, start=1):
            name = f"{well}/{_inside(path, image['path'])}"
            scenes.append(Scene(name, ("".join(PurePosixPath(well).parts),), str(n), str(plate.get("name") or "")))
    return tuple(scenes)


def _inside(path: Path, inner: Any) -> str:
    """Refuse a path that leads out of the folder."""
    parts = PurePosixPath(str(inner)).parts
    if not parts or ".." in parts or "/" in parts or "\\" in str(inner) or ":" in str(inner):
        raise OsteoCountError(f"{path.name}: its metadata point to {inner!r}, outside of it.")
    return "/".join(parts)


def _axis(axis: Any) -> str:
    """One letter: from 0.4 on an axis is a mapping with a name."""
    return str(axis["name"] if isinstance(axis, dict) else axis)[:1]


def _evidence(path: Path, multiscale: dict[str, Any], dataset: dict[str, Any], axes: str) -> PixelSizeEvidence:
    scale = np.ones(len(axes))
    transforms = [*dataset.get("coordinateTransformations", []), *multiscale.get("coordinateTransformations", [])]
    scales = [each["scale"] for each in transforms if each.get("type") == "scale"]
    for each in scales:
        scale = scale * np.asarray(each, float)
    described = multiscale.get("axes") or []
    units = {_axis(each).upper(): each.get("unit") for each in described if isinstance(each, dict)}
    um = {axis: UM_PER.get(str(units.get(axis) or units.get("X")).lower(), 0.0) for axis in "XY"}
    x, y = (float(scale[axes.index(axis)]) * um[axis] for axis in "XY")
    stated = (x, y) if scales and x > 0 and y > 0 and math.isfinite(x * y) else None
    return PixelSizeEvidence(path, stated_um=stated, stated_by="OME-Zarr scale")

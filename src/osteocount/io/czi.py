"""Zeiss CZI: one scene is one picture; names of scenes and wells are in its XML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from defusedxml import ElementTree
from numpy.typing import NDArray

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
    """One scene per S index, with its name, array name (the well) and region name from the XML."""
    library = formats_library(path, "czifile")
    with library.CziFile(path) as czi:
        numbers = _scene_numbers(czi)
        described = _described(_metadata(czi))
    texts = [described.get(number, ()) for number in numbers]
    names = [said[0] if said else f"scene {n + 1}" for n, said in zip(numbers, texts, strict=True)]
    return numbered_scenes(names, texts)


def read_scene(path: Path, number: int) -> RawImage:
    """Decode the scene of this number, counted from 0, its mosaic tiles put together."""
    library = formats_library(path, "czifile")
    with library.CziFile(path) as czi:
        root = _metadata(czi)
        scene = _scene_numbers(czi)[number]
        entries = [entry for entry in czi.filtered_subblock_directory if _scene_of(entry) == scene]
        sizes = _sizes(entries)
        check_plane(path, f"scene {scene + 1}", sizes)
        check_bytes(path, sizes.values(), np.dtype(entries[0].dtype).base.itemsize)
        pixels = _mosaic(czi, entries, sizes)
    named = (each.get("Name") for each in root.findall("./Metadata/Information/Image//Channels/Channel"))
    return plane_image(pixels, "CYXS", named, _evidence(path, root))


def _metadata(czi: Any) -> Any:
    return ElementTree.fromstring((czi.metadata() or "<ImageDocument/>").encode())


def _start(entry: Any) -> dict[str, int]:
    """Start of a tile along every axis; older and newer czifile name the axes differently."""
    return dict(zip(_axes(entry), entry.start, strict=False))


def _extent(entry: Any) -> dict[str, int]:
    return dict(zip(_axes(entry), entry.shape, strict=False))


def _axes(entry: Any) -> tuple[str, ...]:
    return tuple(entry.dims) if hasattr(entry, "dims") else tuple(entry.axes)


def _scene_of(entry: Any) -> int:
    """Return the number of the scene a tile belongs to; newer czifile keeps S for the samples of a pixel."""
    if hasattr(entry, "scene_index"):
        return max(int(entry.scene_index), 0)
    return _start(entry).get("S", 0)


def _scene_numbers(czi: Any) -> list[int]:
    return sorted({_scene_of(entry) for entry in czi.filtered_subblock_directory})


def _described(root: Any) -> dict[int, tuple[str, ...]]:
    """Texts of every scene that may name its well, the array name (ZEN's word for the well) first."""
    texts_of: dict[int, tuple[str, ...]] = {}
    for each in root.findall("./Metadata/Information/Image/Dimensions/S/Scenes/Scene"):
        index = int(each.get("Index") or len(texts_of))
        shape = each.find("Shape")
        texts = (each.findtext("ArrayName"), None if shape is None else shape.get("Name"), each.get("Name"))
        texts_of[index] = tuple(text.strip() for text in texts if text and text.strip())
    return texts_of


def _sizes(entries: list[Any]) -> dict[str, int]:
    """Extent over all tiles of the scene per axis, sample axis as S."""
    sizes: dict[str, int] = {}
    for axis in sorted({axis for entry in entries for axis in _axes(entry)} - {"S", "M", "0"}):
        spans = [(_start(e)[axis], _extent(e)[axis]) for e in entries if axis in _axes(e)]
        low = min(start for start, _ in spans)
        sizes[axis] = int(max(start + size for start, size in spans) - low)
    return sizes | {"S": int(entries[0].shape[-1])}


def _mosaic(czi: Any, entries: list[Any], sizes: dict[str, int]) -> NDArray[np.generic]:
    """Put the tiles where they start, (channels, height, width, samples)."""
    low = {axis: min(_start(entry).get(axis, 0) for entry in entries) for axis in "CYX"}
    whole: NDArray[np.generic] | None = None
    for entry in entries:
        segment = entry.data_segment() if hasattr(entry, "data_segment") else entry.read_segment_data(czi)
        tile = np.asarray(_decode(segment))
        height, width = (_extent(entry)[axis] for axis in "YX")
        tile = tile.reshape(height, width, -1)
        if whole is None:
            whole = np.zeros((sizes.get("C", 1), sizes["Y"], sizes["X"], tile.shape[2]), tile.dtype)
        channel, y, x = (int(_start(entry).get(axis, 0) - low[axis]) for axis in "CYX")
        whole[channel, y : y + height, x : x + width] = tile
    if whole is None:
        raise ValueError("no pixels in it")
    return whole


def _decode(segment: Any) -> Any:
    """Decode one tile; Zstandard, which ZEN 3 writes, is unknown to the last czifile for Python 3.11."""
    entry = segment.directory_entry
    if int(entry.compression) not in (5, 6) or hasattr(entry, "dims"):
        return segment.data()
    import imagecodecs

    packed = segment.data(raw=True)
    if int(entry.compression) == 6:  # a header: its own size, then pairs of chunk type and value
        split = len(packed) > 2 and packed[0] == 3 and packed[1] == 1 and packed[2] == 1
        data = imagecodecs.zstd_decode(packed[packed[0] :])
        if split:  # low bytes first, then high bytes
            data = np.frombuffer(data, np.uint8).reshape(2, -1).T.tobytes()
    else:
        data = imagecodecs.zstd_decode(packed)
    samples = int(entry.stored_shape[-1])
    pixels = np.frombuffer(data, np.dtype(entry.dtype).base).reshape(*entry.stored_shape)
    return pixels[..., ::-1] if samples == 3 else pixels


def _evidence(path: Path, root: Any) -> PixelSizeEvidence:
    metres = {}
    for each in root.findall("./Metadata/Scaling/Items/Distance"):
        try:
            metres[each.get("Id")] = float(each.findtext("Value") or "")
        except ValueError:
            continue
    x, y = metres.get("X", 0.0), metres.get("Y", 0.0)
    stated = (x * UM_PER["m"], y * UM_PER["m"]) if x > 0 and y > 0 else None
    return PixelSizeEvidence(path, stated_um=stated, stated_by="CZI Scaling")

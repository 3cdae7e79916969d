"""Opening files with many pictures inside: CZI, ND2, LIF, OME-TIFF with several images, OME-Zarr."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from osteocount.errors import OsteoCountError
from osteocount.io.raw_image import RawImage, Scene, check_file, damaged, decoding

_READERS = {".czi": "czi", ".nd2": "nd2", ".lif": "lif", ".zarr": "ome_zarr_read"}
VENDOR_SUFFIXES = tuple(suffix for suffix in _READERS if suffix != ".zarr")
"""Of files of microscopes' makers; `napari.yaml` names them too."""
_OME_TIFF = (".ome.tif", ".ome.tiff")
_ZARR_GROUP = ("zarr.json", ".zgroup")


def is_multi_image(path: Path) -> bool:
    """Whether the file or folder is, by its suffix, of a kind that can hold many pictures."""
    return path.suffix.lower() in _READERS or path.name.lower().endswith(_OME_TIFF) or is_zarr(path)


def is_zarr(path: Path) -> bool:
    """Whether the folder is, by its suffix or its metadata, a Zarr group."""
    return path.is_dir() and (path.suffix.lower() == ".zarr" or any((path / name).is_file() for name in _ZARR_GROUP))


def list_scenes(path: Path) -> tuple[Scene, ...]:
    """Name the pictures inside, in the order of the file; an OME-TIFF with one image of no plate gives one.

    Raises
    ------
    OsteoCountError
        The file is damaged, or the ``formats`` extra is missing; the text says how to get it.
    """
    if not path.is_dir():
        check_file(path)
    reader = _reader(path)
    with decoding(path):
        scenes: tuple[Scene, ...] = reader.list_scenes(path)
    return scenes


def read_scene(path: Path, scene: str = "") -> RawImage:
    """Decode one picture; without a name the first one (of an OME-TIFF the largest), with a note when there are more.

    Raises
    ------
    OsteoCountError
        As `list_scenes`; no such scene; a z-stack, a time series, or too large.
    """
    if not scene and not path.is_dir() and path.suffix.lower() not in _READERS:
        return _decode(path, None)
    scenes = list_scenes(path)
    if not scenes:
        raise damaged(path, "no picture in it")
    number = next((n for n, each in enumerate(scenes) if each.name == scene), 0 if not scene else -1)
    if number < 0:
        raise OsteoCountError(
            f"{path.name}: there is no picture {scene!r} in it; it has {', '.join(s.name for s in scenes[:10])}."
        )
    raw = _decode(path, number)
    if scene or len(scenes) == 1:
        return raw
    note = f"The file holds {len(scenes)} pictures: the first ({scenes[0].name}) is read."
    return replace(raw, notes=(*raw.notes, note))


def _decode(path: Path, number: int | None) -> RawImage:
    reader = _reader(path)
    with decoding(path):
        raw: RawImage = reader.read_scene(path, number)
    return raw


def _reader(path: Path) -> ModuleType:
    name = _READERS.get(path.suffix.lower(), "ome_zarr_read" if path.is_dir() else "ome_tiff")
    return import_module(f"osteocount.io.{name}")

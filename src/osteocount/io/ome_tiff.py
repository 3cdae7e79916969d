"""OME-TIFF with a plate or several images inside, its metadata in the file or in a companion file beside it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from osteocount.io.metadata_xml import local_name, parse_xml
from osteocount.io.pixel_size import PixelSizeEvidence
from osteocount.io.raw_image import RawImage, Scene, damaged, unique_names
from osteocount.io.tiff import open_tiff, quiet_tifffile, read_tiff
from osteocount.wells import well_name

_LARGEST_COMPANION = 256 * 2**20  # bytes; a guard against files made to exhaust the memory


def list_scenes(path: Path) -> tuple[Scene, ...]:
    """One scene per OME Image whose pixels are in this file; the well of each comes from Plate and WellSample."""
    with quiet_tifffile(), open_tiff(path) as tiff:
        if not tiff.is_ome:
            return (Scene(""),)
        description, _ = _metadata(path, str(tiff.pages[0].description or ""))
        count = len(tiff.series)
    root = parse_xml(description)
    own = [image for image in root.iter() if local_name(image) == "Image" and _inside(image, path)]
    if len(own) != count:
        return (Scene(""),)
    wells = _wells(root)
    names = unique_names([image.get("Name") or image.get("ID") or "" for image in own])
    scenes = []
    for n, (image, name) in enumerate(zip(own, names, strict=True), start=1):
        plate, well, field = wells.get(image.get("ID") or "", ("", "", str(n)))
        hints = tuple(text for text in (well, image.get("Name") or "") if text)
        scenes.append(Scene(name if count > 1 else "", hints, field, plate))
    return tuple(scenes)


def read_scene(path: Path, number: int | None) -> RawImage:
    """Decode the image of this number, counted from 0; without a number the largest."""
    raw = read_tiff(path, None if number is None or len(list_scenes(path)) == 1 else number)
    description, in_companion = _metadata(path, raw.evidence.description)
    if not in_companion:
        return raw
    images = [image for image in parse_xml(description).iter() if local_name(image) == "Image"]
    own = [n for n, image in enumerate(images) if _inside(image, path)] or [0]
    return replace(raw, evidence=PixelSizeEvidence(path, description, ome_image=own[(number or 0) % len(own)]))


def _metadata(path: Path, description: str) -> tuple[str, bool]:
    """Give the OME-XML and whether it stands in a companion file, which BinaryOnly names."""
    if "BinaryOnly" not in description:
        return description, False
    root = parse_xml(description)
    name = next((each.get("MetadataFile") for each in root if local_name(each) == "BinaryOnly"), None)
    if name is None:
        return description, False
    companion = path.with_name(Path(name).name)  # beside the picture and nowhere else
    try:
        stat = companion.stat()
    except OSError as error:
        raise damaged(path, f"its metadata file {companion.name} is not beside it") from error
    if stat.st_size > _LARGEST_COMPANION:
        raise damaged(path, f"its metadata file {companion.name} is larger than 256 MB")
    return _read_companion(companion, stat.st_mtime_ns), True


@lru_cache(maxsize=4)
def _read_companion(companion: Path, changed: int) -> str:
    """Keep the text: one companion serves all pictures of a plate."""
    return companion.read_text(encoding="utf-8", errors="replace")


def _inside(image: Any, path: Path) -> bool:
    files = {Path(each.get("FileName") or "").name for each in image.iter() if local_name(each) == "UUID"} - {""}
    return not files or path.name in files


def _wells(root: Any) -> dict[str, tuple[str, str, str]]:
    """Image ID → plate, well and field (counted from 1)."""
    wells = {}
    for plate in (each for each in root.iter() if local_name(each) == "Plate"):
        for well in (each for each in plate if local_name(each) == "Well"):
            row, column = int(well.get("Row", "0")), int(well.get("Column", "0"))
            samples = [each for each in well if local_name(each) == "WellSample"]
            for n, sample in enumerate(samples, start=1):
                for reference in (each for each in sample if local_name(each) == "ImageRef"):
                    name = well_name(row + 1, column + 1, pad=False)
                    wells[reference.get("ID") or ""] = (plate.get("Name") or "", name, str(n))
    return wells

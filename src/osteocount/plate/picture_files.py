"""Finding the pictures of a source: which files and folders count, which are set aside."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from osteocount.errors import OsteoCountError
from osteocount.io.multi_image import VENDOR_SUFFIXES, is_zarr
from osteocount.io.raw_image import check_file

_COMMON = (".ome.tiff", ".ome.tif", ".tiff", ".tif", ".png", ".jpeg", ".jpg")
PICTURE_SUFFIXES = (*_COMMON, *sorted(VENDOR_SUFFIXES, reverse=True), ".zarr")
"""In the order in which messages name them; the longer of two that fit a name comes first."""

_NO_PICTURES = {"truth", "labels", "overlays"}
_ZARR_GROUP = {"zarr.json", ".zgroup"}
# Thumbnails of MetaXpress (also with a GUID) and overlays of Keyence: pictures made from pictures.
_DERIVED = re.compile(r"(?i)(?:^|[_ .-])(?:thumb(?:nail)?s?|overlay)(?=[_ .-]|$)|_thumb[0-9A-F]{8}-")


@dataclass(frozen=True)
class PictureFile:
    """One picture and its place. Texts are "" where the name says nothing; ``row`` is the letter of the row.

    ``column`` counts from 1 and is None without a well. ``scene`` names the picture inside a file that holds many.
    """

    path: Path
    plate: str
    well: str
    row: str
    column: int | None
    field: str
    channel: str
    z: str
    time: str
    pattern: str
    scene: str = ""


def root_of(source: Path) -> Path:
    """Return the folder that names of pictures are given relative to; an OME-Zarr is a picture, not a folder."""
    return source if source.is_dir() and not is_zarr(source) else source.parent


def picture_stem(path: Path) -> str:
    """Return the file name without its picture suffix, ``.ome.tif`` being one suffix."""
    lower = path.name.lower()
    suffix = next((s for s in PICTURE_SUFFIXES if lower.endswith(s)), "")
    return path.name[: len(path.name) - len(suffix)]


def find_pictures(source: Path) -> tuple[list[Path], list[Path]]:
    """Return pictures and skipped thumbnails or overlays, sorted by path.

    Raises
    ------
    OsteoCountError
        There is no such source, or it is a file that is no picture, or there is no picture in it.
    """
    if not source.exists():
        raise OsteoCountError(f"{source}: no such file or folder.")
    if not source.is_dir():
        check_file(source)
    if source.is_file() and not source.name.lower().endswith(PICTURE_SUFFIXES):
        raise OsteoCountError(f"{source}: not a picture; pictures end in {', '.join(PICTURE_SUFFIXES)}.")
    if source.is_file() or is_zarr(source):
        _check_names([source])
        return [source], []
    found, skipped = _walk(source)
    _check_names((source, *found))
    if not found:
        raise OsteoCountError(
            f"{source}: no pictures here. Pictures end in {', '.join(PICTURE_SUFFIXES)}; folders called truth, labels "
            "or overlays, hidden folders and result folders are not searched."
        )
    return found, skipped


def _check_names(paths: Iterable[Path]) -> None:
    """Refuse names that are no text: they could not be written to any table."""
    for path in paths:
        try:
            str(path).encode()
        except UnicodeEncodeError as error:
            raise OsteoCountError(
                f"{os.fsencode(path).decode(errors='backslashreplace')}: the name is not valid UTF-8, so it cannot be "
                "written to a table. Rename it with plain letters."
            ) from error


def _walk(source: Path) -> tuple[list[Path], list[Path]]:
    found: list[Path] = []
    skipped: list[Path] = []
    for folder, folders, files in os.walk(source):
        if "run.json" in files:
            folders.clear()
            continue
        if not _ZARR_GROUP.isdisjoint(files) or folder.lower().endswith(".zarr"):
            folders.clear()
            found.append(Path(folder))
            continue
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f.lower() not in _NO_PICTURES)
        derived_folder = bool(_DERIVED.search(Path(folder).name)) and Path(folder) != source
        for name in sorted(files):
            if name.startswith(".") or not name.lower().endswith(PICTURE_SUFFIXES):
                continue
            path = Path(folder, name)
            (skipped if derived_folder or _DERIVED.search(picture_stem(path)) else found).append(path)
    return found, skipped

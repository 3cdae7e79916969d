"""Finding the pictures of a source: which files and folders count, which are set aside."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from osteocount.errors import OsteoCountError
from osteocount.io.multi_image import VENDOR_SUFFIXES, is_zarr
from osteocount.io.result_folder import RUN_RECORD, ResultFolder

_COMMON = (".ome.tiff", ".ome.tif", ".tiff", ".tif", ".btf", ".png", ".jpeg", ".jpg", ".c01")
PICTURE_SUFFIXES = (*_COMMON, *sorted(VENDOR_SUFFIXES, reverse=True), ".zarr")
"""In the order in which messages name them; the longer of two that fit a name comes first."""

_UNREAD_SUFFIXES = (
    ".bmp", ".dib", ".gif", ".webp", ".jp2", ".jpx", ".heic", ".vsi", ".ets", ".oib", ".oif", ".oir", ".lsm", ".zvi",
    ".svs", ".ndpi", ".scn", ".mrxs", ".ims", ".stk", ".dv", ".flex", ".tga", ".psd", ".raw", ".cr2", ".nef",
    ".arw", ".btf", ".tf2", ".tf8", ".qptiff", ".bif", ".vms", ".vmu", ".dcm", ".jfif", ".jpe", ".jxr", ".jxl", ".avif",
    ".heif", ".hdp", ".wdp", ".mrc", ".ics", ".ids", ".sld", ".pic", ".ipl", ".xdce", ".mvd2", ".dng", ".emf",
    ".pdf", ".zip",
    ".rar", ".7z", ".tar", ".gz",
)  # fmt: skip
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


def folders_of(path: Path, root: Path) -> tuple[str, ...]:
    """Return the names of the folders a picture lies in, from the root (see `root_of`) on."""
    return (root.absolute().name, *path.relative_to(root).parent.parts)


def picture_stem(path: Path) -> str:
    """Return the file name without its picture suffix, ``.ome.tif`` being one suffix."""
    lower = path.name.lower()
    suffix = next((s for s in PICTURE_SUFFIXES if lower.endswith(s)), "")
    return path.name[: len(path.name) - len(suffix)]


@dataclass(frozen=True)
class FoundPictures:
    """What a search for pictures came upon, each sorted by path.

    Attributes
    ----------
    pictures
        To be read.
    skipped
        Thumbnails and overlays.
    unread
        Pictures of kinds that are not read.
    loops
        Links to folders that lead back to where the search has been.
    folders
        Folders that were not searched for their names, which people give to folders of pictures as well.
    foreign
        Folders that were not searched since a ``run.json`` lies in them, which is none of ours or is damaged.
    closed
        Folders that cannot be read.
    """

    pictures: tuple[Path, ...]
    skipped: tuple[Path, ...] = ()
    unread: tuple[Path, ...] = ()
    loops: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    foreign: tuple[Path, ...] = ()
    closed: tuple[Path, ...] = ()

    def notes(self) -> list[str]:
        """Say what was left out, in sentences."""
        notes = []
        if self.unread:
            kinds = Counter(path.suffix.lower() for path in self.unread)
            said = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
            first = ", ".join(path.name for path in self.unread[:3])
            notes.append(f"Pictures of kinds that are not read: {said} ({first} …). Export them as TIFF or PNG.")
            if ".dib" in kinds:
                notes.append(
                    "Files ending in .DIB may be those of Cellomics: export them as TIFF or .C01 in its own program."
                )
        if self.loops:
            names = ", ".join(path.name for path in self.loops)
            notes.append(f"Links to folders that were searched already: {names}.")
        if self.folders:
            names = ", ".join(path.name for path in self.folders[:5]) + (" …" if len(self.folders) > 5 else "")
            notes.append(
                f"Folders not searched, since they are called labels or overlays: {names}. Rename them if they hold "
                "pictures to count."
            )
        if self.foreign:
            names = ", ".join(path.name for path in self.foreign)
            notes.append(
                f"Folders not searched, since they hold a run.json that is no whole record of a count: {names}. Move "
                "that file away if there are pictures to count."
            )
        if self.closed:
            names = ", ".join(path.name for path in self.closed)
            notes.append(f"Folders that cannot be read, so that nothing in them is counted: {names}.")
        return notes


def find_pictures(source: Path) -> FoundPictures:
    """Search a folder with its sub-folders, also linked ones, for pictures.

    Raises
    ------
    OsteoCountError
        There is no such source, or it is a file that is no picture, or there is no picture in it.
    """
    if not source.exists():
        raise OsteoCountError(f"{source}: no such file or folder.")
    if source.is_file() and not source.name.lower().endswith(PICTURE_SUFFIXES):
        raise OsteoCountError(f"{source}: not a picture; pictures end in {', '.join(PICTURE_SUFFIXES)}.")
    if source.is_file() or is_zarr(source):
        _check_names([source])
        return FoundPictures((source,))
    found = _walk(source)
    _check_names((source, *found.pictures))
    if not found.pictures:
        raise OsteoCountError(
            f"{source}: no pictures here. Pictures end in {', '.join(PICTURE_SUFFIXES)}; folders called truth, labels "
            f"or overlays, hidden folders and result folders are not searched.{' '.join(['', *found.notes()])}"
        )
    return found


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


def _walk(source: Path) -> FoundPictures:
    found: list[Path] = []
    skipped: list[Path] = []
    unread: list[Path] = []
    loops: list[Path] = []
    left: list[Path] = []
    foreign: list[Path] = []
    closed: list[Path] = []
    been = {source.resolve()}
    for folder, folders, files in os.walk(source, onerror=lambda e: closed.append(Path(e.filename)), followlinks=True):
        if RUN_RECORD in files:
            folders.clear()
            foreign += [] if ResultFolder(Path(folder)).run_record() else [Path(folder)]
            continue
        if not _ZARR_GROUP.isdisjoint(files) or folder.lower().endswith(".zarr"):
            folders.clear()
            found.append(Path(folder))
            continue
        wanted = sorted(f for f in folders if not f.startswith(".") and f.lower() not in _NO_PICTURES)
        left += [Path(folder, f) for f in sorted(folders) if f.lower() in _NO_PICTURES - {"truth"}]
        loops += [path for f in wanted if (path := Path(folder, f)).is_symlink() and path.resolve() in been]
        folders[:] = [f for f in wanted if Path(folder, f) not in loops]
        been |= {Path(folder, f).resolve() for f in folders}
        derived_folder = bool(_DERIVED.search(Path(folder).name)) and Path(folder) != source
        for name in sorted(files):
            path = Path(folder, name)
            if name.startswith("."):
                continue
            if name.lower().endswith(PICTURE_SUFFIXES):
                (skipped if derived_folder or _DERIVED.search(picture_stem(path)) else found).append(path)
            elif name.lower().endswith(_UNREAD_SUFFIXES):
                unread.append(path)
    said = (found, skipped, unread, loops, left, foreign, closed)
    return FoundPictures(*map(tuple, said))

"""Annotated pictures as truth: which file says what about which picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.io.tables import TEXT_COLUMNS, read_table

Kind = Literal["labels", "outlines", "points"]

_KINDS: dict[str, Kind] = {
    ".tif": "labels", ".tiff": "labels", ".png": "labels",
    ".geojson": "outlines", ".json": "outlines", ".roi": "outlines", ".zip": "outlines",
}  # fmt: skip
_LISTED = 10
_MOST_FILES = 100_000
# What labelling programs put behind the name of the picture.
_SUFFIX = re.compile(
    r"(\.ome)?([-_. ](cells?|labels?|masks?|cp_masks|truth|gt|annotations?|points?|rois?|roiset|osteoclasts?))*$", re.I
)
_NUCLEI = re.compile(r"[-_. ]nuclei$", re.I)
_COORDINATES = {"x": "x_px", "y": "y_px"}


@dataclass(frozen=True)
class TruthSource:
    """What one file says about one picture; its content is read by `truth_cells.read_true_cells`.

    Attributes
    ----------
    name
        Name of the picture, as `picture_name` gives it.
    path
        The file.
    kind
        Points may also lie in a file of outlines.
    plate, well, field
        Where the file says so, else empty.
    table
        Rows of a cell table about this picture; None: there is none.
    """

    name: str
    path: Path
    kind: Kind
    plate: str = ""
    well: str = ""
    field: str = ""
    table: pd.DataFrame | None = None


def picture_name(text: str) -> str:
    """Return the name of the picture that a file is about: no folder, no ending, no ``_cells``, lower case."""
    name = text.replace("\\", "/").rsplit("/", 1)[-1]
    if Path(name).suffix.lower() in {*_KINDS, ".csv", ".czi", ".nd2", ".lif", ".jpg", ".jpeg"}:
        name = name[: -len(Path(name).suffix)]
    return (_SUFFIX.sub("", name) or name).casefold()


def find_truth(root: Path) -> tuple[list[TruthSource], list[Path]]:
    """Find annotations in a folder, or the one file given.

    Parameters
    ----------
    root
        A folder with label images (``.tif``, ``.png``), outlines (``.geojson``, ``.roi``, ``.zip`` of ROIs), points
        (``.csv`` with x and y) and cell tables (``.csv`` with cell_id); or one such file.

    Returns
    -------
    The sources, sorted, and the files that say nothing of cells. Label images of nuclei are passed over.

    Raises
    ------
    OsteoCountError
        Nothing is there, nothing in it is an annotation, or two files are about the same picture.
    """
    files = _files(root)
    tables: dict[tuple[str, str], TruthSource] = {}
    aside: list[Path] = []
    for path in (file for file in files if file.suffix.lower() == ".csv"):
        found = list(_of_table(path, _plate(path, root)))
        aside += [] if found else [path]
        for source in found:
            _keep(tables, source)
    images: dict[tuple[str, str], TruthSource] = {}
    for path in sorted((file for file in files if file.suffix.lower() != ".csv"), key=_may_be_the_picture):
        if _NUCLEI.search(path.stem):
            continue
        if path.suffix.lower() not in _KINDS or (path.suffix == ".json" and path != root):
            aside.append(path)
            continue
        name, plate = picture_name(path.name), _plate(path, root)
        if (plate, name) in images and _may_be_the_picture(path):
            aside.append(path)
            continue
        about = tables.pop((plate, name), None) or tables.pop(("", name), None)
        about = about or next((tables.pop(key) for key in sorted(tables) if key[1] == name), None)
        place = (about.plate or plate, about.well, about.field) if about else (plate, "", "")
        _keep(images, TruthSource(name, path, _KINDS[path.suffix.lower()], *place, about.table if about else None))
    points = [source for source in tables.values() if source.table is not None and "x_px" in source.table.columns]
    sources = sorted([*images.values(), *points], key=lambda source: (source.plate, source.name))
    if not sources:
        raise OsteoCountError(
            f"{root}: no annotation is here. Label images (.tif, .png), outlines or points of QuPath (.geojson) or "
            "Fiji (.roi, .zip), or points as .csv with columns x and y are needed."
        )
    return sources, sorted({*aside, *(source.path for source in tables.values() if source not in points)})


def _files(root: Path) -> list[Path]:
    if root.is_file():
        if root.suffix.lower() not in {*_KINDS, ".csv"}:
            raise OsteoCountError(
                f"{root}: {root.suffix or 'a file without ending'} is no annotation. Give .tif, .png, .geojson, .roi, "
                ".zip or .csv, or a folder of them."
            )
        return [root]
    if not root.is_dir():
        raise OsteoCountError(f"{root}: there is no such folder or file of annotations.")
    files = []
    for path in root.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts):
            files.append(path)
        if len(files) > _MOST_FILES:
            raise OsteoCountError(f"{root}: more than {_MOST_FILES} files. Give the folder of the annotations alone.")
    return sorted(files)


def _may_be_the_picture(path: Path) -> bool:
    """Say whether an image has the bare name of the picture, which often lies beside its annotation."""
    return _KINDS.get(path.suffix.lower()) == "labels" and picture_name(path.name) == path.stem.casefold()


def _plate(path: Path, root: Path) -> str:
    """Return the folder below ``root`` that the file lies in."""
    return path.parent.name if path.parent != root and path != root else ""


def _keep(sources: dict[tuple[str, str], TruthSource], source: TruthSource) -> None:
    before = sources.setdefault((source.plate, source.name), source)
    if before is not source:
        raise OsteoCountError(
            f"{before.path.name} and {source.path.name} are both about the picture {source.name!r}. Keep one of them; "
            "pictures of the same name on several plates go into a folder per plate."
        )


def _of_table(path: Path, plate: str) -> Iterator[TruthSource]:
    """Yield what a table says, picture by picture; nothing if it is no table of cells or points."""
    table = read_table(path, TEXT_COLUMNS | {"class"})
    table.columns = [_COORDINATES.get(str(name).strip().lower(), str(name).strip().lower()) for name in table.columns]
    twice = sorted(set(table.columns[table.columns.duplicated()]))
    points = {"x_px", "y_px"} <= set(table.columns)
    if "nucleus_id" in table.columns or not (points or "cell_id" in table.columns):
        return
    if twice:
        raise OsteoCountError(f"{path.name}: the column {', '.join(twice)} is there twice. Keep one.")
    table = table.assign(line=range(2, len(table) + 2))
    keys = [name for name in ("image", "plate", "well", "field") if name in table.columns]
    if not keys:
        yield TruthSource(picture_name(path.name), path, "points", plate, table=table)
        return
    texts = table[keys].astype("string").fillna("")
    for values, rows in table.groupby([texts[key] for key in keys], sort=True):
        said = dict(zip(keys, (str(value) for value in values), strict=True))
        name = said.get("image") or "_".join(said[key] for key in ("well", "field") if said.get(key))
        if not name:
            lines = ", ".join(str(line) for line in rows["line"][:_LISTED])
            raise OsteoCountError(f"{path.name}, line {lines}: no image and no well. Say which picture is meant.")
        places = (said.get("plate") or plate, said.get("well", ""), said.get("field", ""))
        yield TruthSource(picture_name(name), path, "points", *places, rows)

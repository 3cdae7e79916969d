"""Which annotation file is about which picture: a folder of annotations, gone through by names alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from osteocount.columns import TEXT
from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular
from osteocount.io.multi_image import VENDOR_SUFFIXES
from osteocount.io.tables import read_table

AnnotationType = Literal["labels", "outlines", "points"]

_TYPES: dict[str, AnnotationType] = {
    ".tif": "labels", ".tiff": "labels", ".png": "labels",
    ".geojson": "outlines", ".json": "outlines", ".roi": "outlines", ".zip": "outlines",
}  # fmt: skip
_MOST_LISTED = 10  # values named in a message
# Far more than a plate has: a guard against a whole disk given as the folder of annotations.
_MOST_FILES = 100_000
_BEGINNING = 4096  # bytes of a file of labelme in which its shapes begin
# What labelling programs put behind the name of the picture.
_SUFFIX = re.compile(
    r"(\.ome)?([-_. ](cells?|labels?|masks?|cp_masks|truth|gt|annotations?|points?|rois?|roiset|osteoclasts?))*$", re.I
)
_NUCLEI = re.compile(r"[-_. ]nuclei$", re.I)
_COORDINATES = {"x": "x_px", "y": "y_px"}
_POINT = frozenset(_COORDINATES.values())

_Key = tuple[str, str]  # plate and name of the picture


@dataclass(frozen=True)
class AnnotationSource:
    """One file about one picture; its content is read by `osteocount.evaluation.ground_truth.read_ground_truth`.

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
    kind: AnnotationType
    plate: str = ""
    well: str = ""
    field: str = ""
    table: pd.DataFrame | None = None


def picture_name(text: str) -> str:
    """Return the name of the picture that a file is about: no folder, no ending, no ``_cells``, lower case."""
    name = text.replace("\\", "/").rsplit("/", 1)[-1]
    if Path(name).suffix.lower() in {*_TYPES, ".csv", *VENDOR_SUFFIXES, ".jpg", ".jpeg"}:
        name = name[: -len(Path(name).suffix)]
    return (_SUFFIX.sub("", name) or name).casefold()


def find_annotations(root: Path) -> tuple[list[AnnotationSource], list[Path]]:
    """Find annotations in a folder, or the one file given.

    Parameters
    ----------
    root
        A folder with label images (``.tif``, ``.png``), outlines (``.geojson``, ``.json`` of labelme, ``.roi``,
        ``.zip`` of ROIs), points (``.csv`` with x and y) and cell tables (``.csv`` with cell_id); or one such file.

    Returns
    -------
    The sources, sorted, and the files that say nothing of cells. Label images of nuclei are passed over.

    Raises
    ------
    OsteoCountError
        Nothing is there, nothing in it is an annotation, or two files are about the same picture.
    """
    files = _files(root)
    tables, no_tables = _tables([path for path in files if path.suffix.lower() == ".csv"], root)
    images, no_images = _images([path for path in files if path.suffix.lower() != ".csv"], root, tables)
    points = [source for source in tables.values() if source.table is not None and set(source.table.columns) >= _POINT]
    sources = sorted([*images, *points], key=lambda source: (source.plate, source.name))
    if not sources:
        raise OsteoCountError(
            f"{root}: no annotation is here. Label images (.tif, .png), outlines or points of QuPath (.geojson), "
            "labelme (.json) or Fiji (.roi, .zip), or points as .csv with columns x and y are needed."
        )
    unused = (source.path for source in tables.values() if source not in points)
    return sources, sorted({*no_tables, *no_images, *unused})


def shortened(values: Iterable[Any], most: int = _MOST_LISTED) -> str:
    """Join values for a message: the first of them, and how many more there are."""
    texts = [str(value)[:40] for value in values]
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if len(texts) > most else "")


def _files(root: Path) -> list[Path]:
    if root.is_file():
        if root.suffix.lower() not in {*_TYPES, ".csv"}:
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


def _tables(files: list[Path], root: Path) -> tuple[dict[_Key, AnnotationSource], list[Path]]:
    """Return the tables of cells and points by picture, and the files that are none."""
    sources: dict[_Key, AnnotationSource] = {}
    others = []
    for path in files:
        own = list(_of_table(path, _plate(path, root)))
        if not own:
            others.append(path)
        for source in own:
            _add(sources, source)
    return sources, others


def _of_table(path: Path, plate: str) -> Iterator[AnnotationSource]:
    """Yield what a table says, picture by picture; nothing if it is no table of cells or points."""
    table = read_table(path, TEXT | {"class"})
    table.columns = [_COORDINATES.get(str(name).strip().lower(), str(name).strip().lower()) for name in table.columns]
    twice = sorted(set(table.columns[table.columns.duplicated()]))
    points = set(table.columns) >= _POINT
    if "nucleus_id" in table.columns or not (points or "cell_id" in table.columns):
        return
    if twice:
        raise OsteoCountError(f"{path.name}: the column {', '.join(twice)} is there twice. Keep one.")
    table = table.assign(line=range(2, len(table) + 2))
    keys = [name for name in ("image", "plate", "well", "field") if name in table.columns]
    if not keys:
        yield AnnotationSource(picture_name(path.name), path, "points", plate, table=table)
        return
    texts = table[keys].astype("string").fillna("")
    for values, rows in table.groupby([texts[key] for key in keys], sort=True):
        said = dict(zip(keys, (str(value) for value in values), strict=True))
        yield _of_rows(path, plate, said, rows)


def _of_rows(path: Path, plate: str, said: Mapping[str, str], rows: pd.DataFrame) -> AnnotationSource:
    """Return what the rows of a table about one picture are: ``said`` holds their image, plate, well, field."""
    name = said.get("image") or "_".join(said[key] for key in ("well", "field") if said.get(key))
    if not name:
        lines = ", ".join(str(line) for line in rows["line"][:_MOST_LISTED])
        raise OsteoCountError(f"{path.name}, line {lines}: no image and no well. Say which picture is meant.")
    position = (said.get("plate") or plate, said.get("well", ""), said.get("field", ""))
    return AnnotationSource(picture_name(name), path, "points", *position, rows)


def _images(
    files: list[Path], root: Path, tables: dict[_Key, AnnotationSource]
) -> tuple[list[AnnotationSource], list[Path]]:
    """Return label images and outlines, each with its table taken out of ``tables``, and the files that are none."""
    sources: dict[_Key, AnnotationSource] = {}
    others = []
    for path in sorted(files, key=_may_be_the_picture):
        if _NUCLEI.search(path.stem):
            continue
        name, plate = picture_name(path.name), _plate(path, root)
        known = path.suffix.lower() in _TYPES and (path.suffix != ".json" or path == root or _seems_labelme(path))
        if not known or ((plate, name) in sources and _may_be_the_picture(path)):
            others.append(path)
            continue
        about = tables.pop((plate, name), None) or tables.pop(("", name), None)
        about = about or next((tables.pop(key) for key in sorted(tables) if key[1] == name), None)
        position = (about.plate or plate, about.well, about.field) if about else (plate, "", "")
        table = about.table if about else None
        _add(sources, AnnotationSource(name, path, _TYPES[path.suffix.lower()], *position, table))
    return list(sources.values()), others


def _seems_labelme(path: Path) -> bool:
    """Say whether a JSON file begins as those of labelme do; folders hold others of all kinds."""
    try:
        check_regular(path)
        with path.open("rb") as file:
            return b'"shapes"' in file.read(_BEGINNING)
    except OSError:
        return False


def _may_be_the_picture(path: Path) -> bool:
    """Say whether an image has the bare name of the picture, which often lies beside its annotation."""
    return _TYPES.get(path.suffix.lower()) == "labels" and picture_name(path.name) == path.stem.casefold()


def _plate(path: Path, root: Path) -> str:
    """Return the folder below ``root`` that the file lies in."""
    return path.parent.name if path.parent != root and path != root else ""


def _add(sources: dict[_Key, AnnotationSource], source: AnnotationSource) -> None:
    before = sources.setdefault((source.plate, source.name), source)
    if before is not source:
        raise OsteoCountError(
            f"{before.path.name} and {source.path.name} are both about the picture {source.name!r}. Keep one of them; "
            "pictures of the same name on several plates go into a folder per plate."
        )

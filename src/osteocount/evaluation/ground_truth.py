"""The ground truth of one picture: what an annotator said of its cells, as one table and one label image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.evaluation.annotation_files import AnnotationSource, shortened
from osteocount.evaluation.annotation_formats import read_label_annotation, read_outlines
from osteocount.measure.cells import is_osteoclast

# What annotators call an osteoclast, another cell, and a cell they cannot judge.
_OSTEOCLAST = frozenset({"osteoclast", "osteoclasts", "oc", "multinucleated", "positive", "true", "yes", "1", "1.0"})
_OTHER = frozenset({
    "other", "not", "no", "none", "false", "0", "0.0", "negative", "mononuclear", "mono", "macrophage", "monocyte",
    "precursor", "pre-osteoclast", "preosteoclast", "binuclear", "binucleate", "cell", "debris", "tumor", "stroma",
})  # fmt: skip
_UNSURE = frozenset({"", "unsure", "uncertain", "ambiguous", "unknown", "unclear", "ignore", "ignore*", "?"})
_MOST_NUCLEI = 10_000  # a guard against slips of the pen, far above any cell; not measured


@dataclass(frozen=True)
class GroundTruth:
    """Truth of one picture.

    Attributes
    ----------
    table
        ``cell_id`` (int64), ``y_px, x_px`` (float, NaN where the cell has pixels), ``n_nuclei`` (float, NaN unknown),
        ``is_osteoclast`` (boolean, missing: unsure), ``counted`` (boolean, missing: not said).
    labels
        (height, width) uint32, label = ``cell_id``; None where cells are points.
    others_annotated
        Whether cells that are no osteoclasts were annotated too.
    notes
        What a person should know, in sentences.
    """

    table: pd.DataFrame
    labels: NDArray[np.uint32] | None
    others_annotated: bool
    notes: tuple[str, ...] = ()


def read_ground_truth(source: AnnotationSource, shape: tuple[int, int], min_nuclei: int) -> GroundTruth:
    """Read what a source says about a picture.

    Parameters
    ----------
    source
        From `osteocount.evaluation.annotation_files.find_annotations`.
    shape
        Height and width of the picture in pixels.
    min_nuclei
        Nuclei that make an osteoclast, where the annotation gives nuclei but no class.

    Raises
    ------
    OsteoCountError
        The file is damaged or hostile, of another size than the picture, or a cell of its table makes no sense.
    """
    if source.kind == "labels":
        labels, notes = read_label_annotation(source.path, shape)
        given = _of_labels(labels, source, notes)
    elif source.kind == "points":
        table = source.table if source.table is not None else pd.DataFrame()
        labels, notes = None, []
        ids = range(1, len(table) + 1) if "cell_id" not in table.columns else table["cell_id"]
        given = table.assign(cell_id=_whole(pd.Series(ids, table.index), source, table))
        for axis in ("y_px", "x_px"):
            given[axis] = _number(given, axis, source)
    else:
        given, labels, notes = read_outlines(source.path, shape)
        given = _with_table(given, source, notes)
    if labels is None:
        _inside(given, shape, source)
    table = _described(given.reset_index(drop=True), source, min_nuclei, notes)
    return GroundTruth(table, labels, bool((~table["is_osteoclast"].fillna(True)).any()), tuple(notes))


def _of_labels(labels: NDArray[np.uint32], source: AnnotationSource, notes: list[str]) -> pd.DataFrame:
    present = np.unique(labels)
    return _with_table(pd.DataFrame({"cell_id": present[present > 0].astype(np.int64)}), source, notes)


def _with_table(cells: pd.DataFrame, source: AnnotationSource, notes: list[str]) -> pd.DataFrame:
    """Add what a cell table says to the cells that were drawn."""
    if source.table is None or "cell_id" not in source.table.columns:
        return cells
    table = source.table.assign(cell_id=_whole(source.table["cell_id"], source, source.table))
    drawn = set(cells["cell_id"])
    lost = [str(number) for number in table["cell_id"] if number not in drawn]
    bare = sorted(drawn - set(table["cell_id"]))
    if lost:
        notes.append(f"{source.path.name}: cells of the table without pixels, left out: {shortened(lost)}.")
    if bare:
        notes.append(f"{source.path.name}: cells without a row in the table: {shortened(bare)}.")
        table["is_osteoclast"] = table["is_osteoclast"] if "is_osteoclast" in table.columns else pd.NA
    own = [name for name in table.columns if name not in {"x_px", "y_px"} and name not in set(cells) - {"cell_id"}]
    return cells.merge(table[own], on="cell_id", how="left")


def _described(given: pd.DataFrame, source: AnnotationSource, min_nuclei: int, notes: list[str]) -> pd.DataFrame:
    """Return the columns of `GroundTruth.table`, whatever columns the annotation has."""
    nothing = pd.Series(np.nan, given.index)
    table = pd.DataFrame({"cell_id": given["cell_id"].astype(np.int64)})
    for axis in ("y_px", "x_px"):
        table[axis] = given[axis].astype(float) if axis in given.columns else nothing
    table["n_nuclei"] = _number(given, "n_nuclei", source) if "n_nuclei" in given.columns else nothing
    wrong = table["n_nuclei"].notna() & ~table["n_nuclei"].between(0, _MOST_NUCLEI)
    if wrong.any():
        raise OsteoCountError(f"{source.path.name}: {table['n_nuclei'][wrong].iloc[0]:g} nuclei cannot be.")
    table["is_osteoclast"] = _is_osteoclast(given, table["n_nuclei"], source, min_nuclei, notes)
    counted = given["counted"] if "counted" in given.columns else pd.Series(pd.NA, given.index)
    table["counted"] = _classes(counted, source)
    return table


def _is_osteoclast(
    given: pd.DataFrame, n_nuclei: pd.Series[Any], source: AnnotationSource, min_nuclei: int, notes: list[str]
) -> pd.Series[Any]:
    """Return the class the annotator gave, else that of the number of nuclei, else osteoclast."""
    by_rule: pd.Series[Any] = is_osteoclast(n_nuclei, min_nuclei).astype("boolean").mask(n_nuclei.isna())
    said = next((name for name in ("is_osteoclast", "class") if name in given.columns), None)
    if said:
        # The rule of nuclei fills gaps; it does not overrule an annotator who said "unsure".
        blank = given[said].astype("string").fillna("").str.strip().eq("")
        classes = _classes(given[said], source).mask(blank, by_rule)
        bare = int((blank & classes.isna()).sum())
        if bare:
            notes.append(f"{source.path.name}: annotations without class and nuclei, taken as unsure: {bare}.")
        return classes
    if n_nuclei.notna().any():
        return by_rule
    if len(given):
        notes.append(f"{source.path.name}: no class and no nuclei, so every annotation is taken as an osteoclast.")
    return pd.Series(True, given.index, dtype="boolean")


def _classes(words: pd.Series[Any], source: AnnotationSource) -> pd.Series[Any]:
    """Osteoclast or not, missing where unsure."""
    plain = words.astype("string").fillna("").str.strip().str.casefold()
    strange = sorted(set(plain) - _OSTEOCLAST - _OTHER - _UNSURE)
    if strange:
        raise OsteoCountError(
            f"{source.path.name}: what is the class {shortened(strange)}? Known are osteoclast; other, mononuclear, "
            "binuclear, debris, false …; unsure, ambiguous or nothing. Rename the class, or add a column is_osteoclast."
        )
    return plain.isin(_OSTEOCLAST).astype("boolean").mask(plain.isin(_UNSURE))


def _number(table: pd.DataFrame, column: str, source: AnnotationSource) -> pd.Series[Any]:
    values = pd.to_numeric(table[column], errors="coerce").astype(float)
    wrong = table[column].notna() & ~np.isfinite(values)
    if wrong.any():
        raise OsteoCountError(
            f"{_where(source, table, wrong)}: {table[column][wrong].iloc[0]!r} in {column} is no number."
        )
    return values


def _whole(values: pd.Series[Any], source: AnnotationSource, table: pd.DataFrame) -> pd.Series[Any]:
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    wrong = ~((numbers >= 1) & (numbers < 2**32) & (numbers % 1 == 0))
    if wrong.any():
        raise OsteoCountError(f"{_where(source, table, wrong)}: a cell_id must be a whole number from 1 on.")
    if numbers.duplicated().any():
        again = numbers[numbers.duplicated()].iloc[0]
        raise OsteoCountError(
            f"{_where(source, table, numbers.duplicated())}: the cell_id {again:g} is there twice for one picture. "
            "Number cells anew, or say in a column 'image' (and 'plate') which picture is meant."
        )
    return numbers.astype(np.int64)


def _inside(points: pd.DataFrame, shape: tuple[int, int], source: AnnotationSource) -> None:
    out = ~(points["y_px"].between(0, shape[0]) & points["x_px"].between(0, shape[1]))
    if out.any():
        raise OsteoCountError(
            f"{_where(source, points, out)}: {int(out.sum())} of {len(points)} points lie outside the picture of "
            f"{shape[1]} × {shape[0]} px. Coordinates must be pixels of the picture that was counted, not µm."
        )


def _where(source: AnnotationSource, table: pd.DataFrame, wrong: pd.Series[Any]) -> str:
    lines = table["line"][wrong] if "line" in table.columns else pd.Series(dtype=int)
    known = [f"{line:.0f}" for line in lines.dropna()]
    return f"{source.path.name}, line {shortened(known)}" if known else source.path.name

"""The tables of a corrected picture: automatic rows where nothing was touched, measured anew where it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from osteocount.columns import CELLS, NUCLEI
from osteocount.curate.edit_actions import apply_edit
from osteocount.curate.edit_log import Edit
from osteocount.curate.edited_field import EditedField
from osteocount.io.label_image import Labels, TiledLabels
from osteocount.measure import GEOMETRY_COLUMNS, CountingFrame, geometry
from osteocount.measure.cells import BORDERLINE, is_osteoclast
from osteocount.segment.object_tables import STAIN_COLUMNS
from osteocount.settings import Settings


@dataclass(frozen=True)
class AutomaticField:
    """What the program found in one picture.

    Attributes
    ----------
    labels
        (height, width) uint32; of a large picture read where it is looked at.
    cells, nuclei
        Its rows of ``cells.csv`` and ``nuclei.csv``.
    pixel_um
        Micrometres per pixel, None when unknown.
    nuclei_resolved
        False at low power.
    frame
        How its cells are counted.
    place
        Its ``plate``, ``well``, ``field`` and ``image``, for what a person adds to it.
    """

    labels: Labels | TiledLabels
    cells: pd.DataFrame
    nuclei: pd.DataFrame
    pixel_um: float | None
    nuclei_resolved: bool
    frame: CountingFrame
    place: Mapping[str, str]

    def field(self) -> EditedField:
        """Return the state before any edit."""
        return EditedField.of_tables(self.labels, self.cells, self.nuclei, self.pixel_um)


@dataclass(frozen=True)
class CorrectedField:
    """One picture after its edits; ``unapplied`` found nothing to act on."""

    labels: Labels | TiledLabels
    cells: pd.DataFrame
    nuclei: pd.DataFrame
    unapplied: tuple[Edit, ...]


def replay(automatic: AutomaticField, edits: Iterable[Edit], settings: Settings) -> CorrectedField:
    """Apply the effective edits of one picture in order and measure the result.

    The same input gives the same output, whether the edits are made one by one in the window or all at once here.
    """
    field = automatic.field()
    unapplied = tuple([edit for edit in edits if apply_edit(field, edit) is None])
    return CorrectedField(field.labels, corrected_cells(automatic, field, settings), corrected_nuclei(automatic, field),
                     unapplied)  # fmt: skip


def corrected_cells(automatic: AutomaticField, field: EditedField, settings: Settings) -> pd.DataFrame:
    """Return the rows of ``cells.csv`` for the state ``field``, by ``cell_id``.

    A cell that a person touched is as the person left it: its interval of nuclei is its count, it is not borderline,
    and the program's confidence in it is unknown. ``trap_od_mean`` of merged cells is the mean of the parts, weighted
    by area; that of drawn cells and of parts is unknown, and so is how else a cell with a new outline is stained.
    """
    other = [*field.marks, *field.gone()]
    untouched = automatic.cells[~automatic.cells["cell_id"].isin(other)]
    if not field.marks:
        return untouched.reset_index(drop=True)
    first = automatic.cells.drop_duplicates("cell_id").set_index("cell_id", drop=False)
    nuclei = Counter(nucleus.cell_id for nucleus in field.nuclei.values())
    osteoclasts = automatic.cells.loc[automatic.cells["is_osteoclast"].astype(bool), "area_px"]
    smallest = np.inf if osteoclasts.empty else float(osteoclasts.min())
    rows = []
    for cell in sorted(field.marks):
        known = {str(k): v for k, v in first.loc[cell].items()} if cell in first.index else {}
        row = _row(field, cell, known, automatic.frame)
        # A person who looked at an opaque cell and marked no nucleus in it has not said that there are none.
        seen = automatic.nuclei_resolved and (nuclei[cell] > 0 or row.get("by") != "size")
        row |= _count(field, cell, row, nuclei[cell] if seen else None, smallest, settings)
        rows.append(row)
    touched = pd.DataFrame(rows, columns=list(automatic.cells.columns))
    touched = touched.assign(**automatic.place)
    both = pd.concat([_typed(untouched.copy()), _typed(touched)], ignore_index=True)
    return both.sort_values("cell_id", ignore_index=True)


def corrected_nuclei(automatic: AutomaticField, field: EditedField) -> pd.DataFrame:
    """Return the rows of ``nuclei.csv`` for the state ``field``, by ``nucleus_id``."""
    rows = [
        (automatic.place["image"], key, n.cell_id if n.cell_id in field else pd.NA, n.y, n.x, n.score)
        for key, n in sorted(field.nuclei.items())
    ]
    table = pd.DataFrame(rows, columns=list(NUCLEI.names))
    return table.astype({"cell_id": "Int64", "y_px": float, "x_px": float, "score": float})


def _row(field: EditedField, cell: int, known: dict[str, Any], frame: CountingFrame) -> dict[str, Any]:
    mark = field.mark(cell)
    row = {**known, "cell_id": cell}
    if mark.shape is not None:
        at = mark.shape
        mask = np.asarray(field.labels[at.top : at.bottom, at.left : at.right] == cell)
        values = geometry(at, field.pixel_um, frame, mask)
        row |= dict(zip(GEOMETRY_COLUMNS, values, strict=True))
        row |= dict.fromkeys(STAIN_COLUMNS, np.nan) | {"trap_od_mean": field.trap_of(cell)}
    words = [word for word in str(row.get("flags") or "").split(";") if word not in ("", "nan", "<NA>", BORDERLINE)]
    row["flags"] = ";".join([*words, *(["class_by_hand"] if mark.is_osteoclast is not None else [])])
    row["confidence"] = np.nan
    if mark.drawn:
        row["source"] = "drawn"
    else:
        edited = mark.shape is not None or mark.recounted or mark.is_osteoclast is not None
        row["source"] = "edited" if edited else "accepted"
    return row


def _count(
    field: EditedField, cell: int, row: dict[str, Any], n_nuclei: int | None, smallest: float, settings: Settings
) -> dict[str, Any]:
    """Count the nuclei of a touched cell and say its class: the person's word, else the rule.

    Where nuclei cannot be seen the rule is size: as large as the smallest osteoclast the program found in this picture.
    """
    mark = field.mark(cell)
    by: Any
    if mark.is_osteoclast is not None:
        called, by = mark.is_osteoclast, "hand"
    elif n_nuclei is not None:
        called, by = bool(is_osteoclast(n_nuclei, settings.count.min_nuclei)), "nuclei"
    elif mark.shape is None:
        called, by = bool(row["is_osteoclast"]), row.get("by")
    else:
        called, by = float(row["area_px"]) >= smallest, "size"
    return {
        **dict.fromkeys(("n_nuclei", "n_nuclei_low", "n_nuclei_high"), pd.NA if n_nuclei is None else n_nuclei),
        "is_osteoclast": called,
        "by": by,
    }


def _typed(cells: pd.DataFrame) -> pd.DataFrame:
    """Give the columns their types in ``cells.csv``; what others added are numbers."""
    for name in ("plate", "well", "field", "flags", "by"):
        if name in cells:
            cells[name] = cells[name].where(cells[name].notna(), "")
    return cells.astype({name: CELLS.dtypes.get(str(name), "float64") for name in cells.columns})

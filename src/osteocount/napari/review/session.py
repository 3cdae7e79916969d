"""Corrections of a result folder: the log, the picture at hand, and numbers that follow every edit. Knows no Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from osteocount.curate import (
    Change,
    Edit,
    EditedField,
    EditLog,
    apply_edit,
    corrected_cells,
    edits_of,
    effective,
    excluded_wells,
    reviewed_wells,
)
from osteocount.curate.classifier import apply_classifier
from osteocount.curate.edit_log import EditKind, Point
from osteocount.errors import OsteoCountError
from osteocount.io.run_record import FieldRecord
from osteocount.io.tables import read_table
from osteocount.pipeline.corrections import (
    EDIT_LOG,
    adopted,
    load_automatic,
)  # fmt: skip
from osteocount.pipeline.finished_run import FinishedRun, read_finished
from osteocount.pipeline.reviewer_agreement import second_log_name
from osteocount.pipeline.wells_table import assemble_wells, summarise_fields

WellKey = tuple[str, str]
"""Plate and well."""


@dataclass
class OpenField:
    """One picture with its edits applied.

    ``done`` holds them with what each changed, in order; ``automatic_numbers`` are those without any.
    """

    record: FieldRecord
    automatic: Any
    field: EditedField
    done: list[tuple[Edit, Change | None]]
    cells: pd.DataFrame
    automatic_numbers: dict[str, Any]

    @property
    def image(self) -> str:
        """Name of the picture in the tables."""
        return self.record.image


def field_title(record: FieldRecord, hidden: str) -> str:
    """Say which picture is open; ``hidden`` stands for its well and name while the review is blinded."""
    path = Path(record.image)
    itself = (record.image, path.stem, path.with_suffix("").as_posix())  # what a picture of no well is called
    field = f"field {record.field}" if record.field and record.field not in (record.well, *itself) else ""
    if hidden:
        return " ".join(filter(None, [hidden, field]))
    well = "" if record.well in itself else record.well
    place = " ".join(filter(None, [record.plate, well, field]))
    return f"{place}: {record.image}" if place else record.image


def next_wells(
    what: str, order: list[WellKey], here: WellKey, reviewed: set[WellKey], wells: pd.DataFrame
) -> list[WellKey]:
    """Return the wells that are unreviewed, flagged, or unreviewed with most borderline cells first, from ``here`` on.

    Parameters
    ----------
    what
        ``unreviewed``, ``flagged`` or ``borderline``.
    order
        All wells, in the order of the review.
    here
        The one at hand.
    reviewed
        Those that are done.
    wells
        The table of wells.
    """
    start = order.index(here) + 1 if here in order else 0
    following = [key for key in (*order[start:], *order[:start]) if key != here]
    numbers = wells.set_index(["plate", "well"])
    if what == "flagged":
        return [key for key in following if _value(numbers, key, "qc_flags")]
    waiting = [key for key in following if key not in reviewed]
    if what == "borderline":
        waiting.sort(key=lambda key: -float(_value(numbers, key, "n_borderline") or 0))
    return waiting


def _value(wells: Any, key: WellKey, name: str) -> Any:
    if name not in wells.columns or key not in wells.index:
        return ""
    value: Any = wells.loc[key, name]
    value = value.iloc[0] if hasattr(value, "iloc") else value
    return "" if value is None or value != value else value


class ReviewSession:
    """Corrections of one result folder by one person.

    Parameters
    ----------
    root
        A finished result folder.
    who
        The person.
    second
        Keep these corrections in a log of their own, apart from the first reviewer's.

    Raises
    ------
    OsteoCountError
        No run has finished in the folder, or its log is damaged.
    """

    def __init__(self, root: Path, who: str, *, second: bool = False) -> None:
        self.who = who
        self.run: FinishedRun = read_finished(root)
        self.root = root
        self.log = EditLog(root / (second_log_name(who) if second else EDIT_LOG))
        self.edits: list[Edit] = self.log.read()
        self._undone: list[Edit] = []
        self.records: list[FieldRecord] = [record for record in self.run.records if record.is_done]
        self._automatic = {
            record.image: read_table(self.run.folder.part(record.key, "cells.csv")) for record in self.records
        }
        self._cells = dict(self._automatic)
        for image in {edit.image for edit in effective(self.edits)} & set(self._cells):
            self._cells[image] = self.load(self.record_of(image)).cells
        self.current: OpenField | None = None
        self._nuclei: pd.DataFrame | None = None

    def record_of(self, image: str) -> FieldRecord:
        """Return the record of a picture."""
        return next(record for record in self.records if record.image == image)

    def load(self, record: FieldRecord) -> OpenField:
        """Read a picture's labels and apply its edits; needs no window and may run in a thread."""
        automatic = load_automatic(self.run.folder, record, self.run.settings)
        field = automatic.field()
        own = edits_of(effective(self.edits), record.plate, record.image)
        done = [(edit, apply_edit(field, edit)) for edit in own]
        cells = corrected_cells(automatic, field, self.run.settings)
        return OpenField(record, automatic, field, done, cells, self._numbers(automatic.cells, record))

    def holds(self, opened: OpenField) -> bool:
        """Tell whether ``opened`` has every correction of its picture that the log has."""
        own = [edit.id for edit in edits_of(effective(self.edits), opened.record.plate, opened.image)]
        return own == [edit.id for edit, _ in opened.done]

    def show(self, opened: OpenField) -> None:
        """Make ``opened`` the picture at hand."""
        self.current = opened
        self._undone.clear()

    def do(
        self,
        kind: EditKind,
        cells: Iterable[int] = (),
        points: Iterable[Point] = (),
        **more: Any,
    ) -> Change | None:
        """Edit the picture at hand; None when there was nothing to act on. What returns is on the disk.

        Raises
        ------
        OsteoCountError
            No picture is open, or the edit could not be saved and was not made.
        """
        opened = self._opened()
        references = tuple(opened.field.reference(cell) for cell in cells)
        edit = self._edit(kind, image=opened.image, cells=references, points=tuple(points), **more)
        change = apply_edit(opened.field, edit)
        if change is None:
            return None
        self._acknowledge(edit, opened.field, change)
        opened.done.append((edit, change))
        self._undone.clear()
        self._measure()
        return change

    def do_well(self, kind: EditKind, reason: str = "", **more: Any) -> None:
        """Exclude or include the well at hand, or set its review status."""
        self._acknowledge(self._edit(kind, reason=reason, **more))

    def undo(self) -> Change | None:
        """Take back the last edit of the picture at hand; None when there is none."""
        opened = self._opened()
        while opened.done:
            edit, change = opened.done[-1]
            if change is None:  # found nothing to act on when the log was replayed
                opened.done.pop()
                continue
            back = change.reversed()
            opened.field.commit(back)
            self._acknowledge(self._edit("undo", of=edit.id, image=opened.image), opened.field, back)
            opened.done.pop()
            self._undone.append(edit)
            self._measure()
            return back
        return None

    def redo(self) -> Change | None:
        """Make again what was taken back last; None when there is nothing."""
        opened = self._opened()
        if not self._undone:
            return None
        edit = self._undone[-1]
        change = apply_edit(opened.field, edit)
        if change is None:
            return None
        self._acknowledge(self._edit("redo", of=edit.id, image=opened.image), opened.field, change)
        self._undone.pop()
        opened.done.append((edit, change))
        self._measure()
        return change

    def summaries(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the numbers of the picture at hand, automatic and corrected."""
        opened = self._opened()
        return opened.automatic_numbers, self._numbers(opened.cells, opened.record)

    def wells(self) -> pd.DataFrame:
        """Return the table of ``wells.csv`` as it would be written now. May run in a thread."""
        cells, automatic = (pd.concat([t for t in tables if len(t)] or tables[:1]) for tables in
                            (list(self._cells.values()), list(self._automatic.values())))  # fmt: skip
        classifier = adopted(self.root)
        if classifier is not None:
            cells, _ = apply_classifier(cells, self._automatic_nuclei(), classifier, self.run.settings.count.min_nuclei)
        edits = effective(self.edits)
        wells, _ = assemble_wells(self.run, cells, automatic, edits, classified=classifier is not None)
        return wells

    def _automatic_nuclei(self) -> pd.DataFrame:
        """Return the nuclei the program found; a classifier judges only cells nobody touched, which have just these."""
        if self._nuclei is None:
            parts = [read_table(self.run.folder.part(record.key, "nuclei.csv")) for record in self.records]
            self._nuclei = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        return self._nuclei

    def excluded(self) -> str | None:
        """Return why a person excluded the well at hand."""
        return excluded_wells(effective(self.edits)).get(self._opened().record.well_key)

    def reviewed(self) -> set[WellKey]:
        """Return the wells whose review is done."""
        return reviewed_wells(effective(self.edits))

    def _opened(self) -> OpenField:
        if self.current is None:
            raise OsteoCountError("No picture is open for correcting. Click a well of the plate first.")
        return self.current

    def _edit(self, kind: EditKind, **more: Any) -> Edit:
        plate, well = self._opened().record.well_key
        return Edit(who=self.who, when=datetime.now(UTC), kind=kind, plate=plate, well=well, **more)

    def _acknowledge(self, edit: Edit, field: EditedField | None = None, change: Change | None = None) -> None:
        """Write to the log; what could not be saved is taken back."""
        try:
            self.log.append(edit)
        except OsteoCountError:
            if field is not None and change is not None:
                field.commit(change.reversed())
            raise
        self.edits.append(edit)

    def _numbers(self, cells: pd.DataFrame, record: FieldRecord) -> dict[str, Any]:
        return summarise_fields(cells, [record], self.run.settings.count.min_nuclei)

    def _measure(self) -> None:
        opened = self._opened()
        opened.cells = corrected_cells(opened.automatic, opened.field, self.run.settings)
        self._cells[opened.image] = opened.cells

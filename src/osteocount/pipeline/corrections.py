"""Corrections by a person in a result folder: the log replayed on what the program found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from osteocount.columns import NOT_APPLIED, Table
from osteocount.curate import (
    AutomaticField,
    Edit,
    edits_of,
    effective,
    excluded_wells,
    read_log,
    replay,
    review_status,
)
from osteocount.curate.classifier import Classifier, apply_classifier, is_out_of_domain, load, save
from osteocount.io.files import file_hash, remove
from osteocount.io.label_image import open_labels, write_labels
from osteocount.io.result_folder import ResultFolder
from osteocount.io.run_record import FieldRecord
from osteocount.io.tables import read_table, write_table
from osteocount.measure import CountingFrame
from osteocount.settings import Settings

EDIT_LOG = "edits.jsonl"
CLASSIFIER = "classifier.json"
COUNTS = ("n_osteoclasts", "n_trap_positive")


@dataclass(frozen=True)
class EditedTables:
    """Tables of all pictures after the corrections, and the edits that found nothing to act on."""

    cells: pd.DataFrame
    nuclei: pd.DataFrame
    edits: tuple[Edit, ...]
    unapplied: tuple[Edit, ...]
    n_left_out: tuple[int, int] | None = None
    """Cells and nuclei that the classifier left out; None without a classifier."""
    is_out_of_domain: bool = False
    """True when these cells look unlike those the classifier was learned on."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the log and the report: nobody's corrections or classifier act in silence."""
        notes = []
        if self.edits:
            notes.append(
                f"{len(self.edits) - len(self.unapplied)} of {len(self.edits)} corrections in {EDIT_LOG} are in these "
                "numbers. Move that file away and count with --resume for the automatic count alone."
            )
        if self.unapplied:
            notes.append(
                f"{len(self.unapplied)} of {len(self.edits)} corrections found nothing to act on and were left out "
                "(the segmentation differs from the one they were made on, or they name a plate, well or picture that "
                f"is not in these results); {NOT_APPLIED.file} lists them."
            )
        if self.n_left_out is not None:
            notes.append(
                f"{CLASSIFIER} in the result folder left out {self.n_left_out[0]} objects the program had taken for "
                f"cells and {self.n_left_out[1]} it had taken for nuclei; wells.csv has the counts without it. Move "
                "that file away and count with --resume to go back."
            )
        if self.is_out_of_domain:
            notes.append(
                f"The cells of these pictures look unlike those {CLASSIFIER} was learned on (their hue, density or "
                "size): look at what it left out, or train one on these pictures."
            )
        return tuple(notes)


def load_automatic(folder: ResultFolder, record: FieldRecord, settings: Settings) -> AutomaticField:
    """Read what the program found in one finished picture.

    Raises
    ------
    OsteoCountError
        A file of it is missing, or not what the run wrote.
    """
    key = record.key
    labels = open_labels(folder.unchanged(record, folder.cells_image(key)))
    height, width = labels.shape
    return AutomaticField(
        labels,
        read_table(folder.unchanged(record, folder.part(key, "cells.csv"))),
        read_table(folder.unchanged(record, folder.part(key, "nuclei.csv"))),
        record.pixel_size_um,
        bool(record.nuclei_resolved),
        CountingFrame.from_record(record.counting_frame, (height, width), settings.picture),
        {"plate": record.plate, "well": record.well, "field": record.field, "image": record.image},
    )


def automatic_table(folder: ResultFolder, records: Iterable[FieldRecord], table: Table) -> pd.DataFrame:
    """Read the rows of ``cells.csv`` or ``nuclei.csv`` of all counted fields as the program found them.

    Where none has a row, the columns of ``table`` are all there is.

    Raises
    ------
    OsteoCountError
        A file of a field is missing, or not what the run wrote.
    """
    parts = []
    for record in records:
        if record.is_done:
            rows = read_table(folder.unchanged(record, folder.part(record.key, table.file)))
            parts += [rows] if len(rows) else []
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(table.names))


def edit_tables(
    folder: ResultFolder,
    records: Sequence[FieldRecord],
    cells: pd.DataFrame,
    nuclei: pd.DataFrame,
    settings: Settings,
) -> EditedTables:
    """Put the corrections of ``edits.jsonl`` into the joined tables, and write the corrected label images.

    Parameters
    ----------
    records
        Of all fields, in the order of the tables.
    cells, nuclei
        The automatic tables of all pictures.
    """
    edits = effective(read_log(folder.root / EDIT_LOG))
    done = [record for record in records if record.is_done]
    replayed, unapplied = _replay_all(folder, done, edits, settings)
    unapplied = _naming_nothing(edits, records) + unapplied
    _write_unapplied(folder, unapplied)
    if replayed:
        order = [record.image for record in done]
        cells = _put(cells, {image: own for image, (own, _) in replayed.items()}, order)
        nuclei = _put(nuclei, {image: own for image, (_, own) in replayed.items()}, order)
    classifier = adopted(folder.root)
    if classifier is None:
        return EditedTables(cells, nuclei, tuple(edits), tuple(unapplied))
    n_before, unlike = (len(cells), len(nuclei)), is_out_of_domain(cells, nuclei, classifier)
    cells, nuclei = apply_classifier(cells, nuclei, classifier, settings.count.min_nuclei)
    n_left_out = n_before[0] - len(cells), n_before[1] - len(nuclei)
    return EditedTables(cells, nuclei, tuple(edits), tuple(unapplied), n_left_out, unlike)


def _replay_all(
    folder: ResultFolder, done: Sequence[FieldRecord], edits: Sequence[Edit], settings: Settings
) -> tuple[dict[str, tuple[pd.DataFrame, pd.DataFrame]], list[Edit]]:
    """Replay the edits picture by picture and write the corrected label images.

    Returns
    -------
    Cells and nuclei of every corrected picture, and its edits that did not apply. Label images are not kept: those of
    all pictures may be larger than the memory.
    """
    replayed: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    unapplied: list[Edit] = []
    for record in done:
        remove(folder.corrected_image(record.key))
        own = edits_of(edits, record.plate, record.image)
        if not own:
            continue
        result = replay(load_automatic(folder, record, settings), own, settings)
        replayed[record.image] = (result.cells, result.nuclei)
        unapplied += result.unapplied
        if len(result.unapplied) < len(own):
            write_labels(result.labels, folder.corrected_image(record.key), record.pixel_size_um)
    return replayed, unapplied


def _naming_nothing(edits: Sequence[Edit], records: Sequence[FieldRecord]) -> list[Edit]:
    """Return the edits of pictures that were not counted and of wells that are not in these results."""
    pictures = {(record.plate, record.image) for record in records if record.is_done}
    wells = {record.well_key for record in records}
    return [
        edit
        for edit in edits
        if ((edit.plate, edit.image) not in pictures if edit.image else (edit.plate, edit.well) not in wells)
    ]


def adopted(root: Path) -> Classifier | None:
    """Return the classifier that was adopted for the result folder ``root``."""
    path = root / CLASSIFIER
    return load(path) if path.is_file() else None


def adopt(root: Path, classifier: Classifier) -> None:
    """Keep ``classifier`` in the result folder ``root``: from now on it judges the cells and nuclei there."""
    save(classifier, root / CLASSIFIER)


def dismiss(root: Path) -> None:
    """Take an adopted classifier back; the corrections stay."""
    (root / CLASSIFIER).unlink(missing_ok=True)


def classifier_record(root: Path) -> dict[str, Any] | None:
    """Return what the record of a run says of the classifier that was adopted."""
    classifier = adopted(root)
    if classifier is None:
        return None
    parts = {"cells": classifier.cells, "nuclei": classifier.nuclei}
    gain = {name: part.gain for name, part in parts.items() if part is not None}
    return {"file": CLASSIFIER, "sha256": file_hash(root / CLASSIFIER), "n_corrections": classifier.n, "gain": gain}


def edit_wells(
    wells: pd.DataFrame, automatic: pd.DataFrame, edits: Sequence[Edit], *, classified: bool = False
) -> pd.DataFrame:
    """Add what a person decided about wells: exclusion with its reason, review, and the automatic counts beside.

    Parameters
    ----------
    wells, automatic
        Tables of wells from the corrected and from the automatic cells, with the same rows.
    edits
        Effective edits.
    classified
        True when a classifier judged the cells. Without edits and classifier the table stays as it is.
    """
    if not edits and not classified:
        return wells
    wells = wells.copy()
    for name in COUNTS:
        wells[f"{name}_automatic"] = automatic[name].to_numpy()
    if edits:
        _note_decisions(wells, edits)
    return wells


def _note_decisions(wells: pd.DataFrame, edits: Sequence[Edit]) -> None:
    """Write the number of edits, the review and exclusions into ``wells``."""
    names = wells["well"].where(wells["well"] != "", wells["image"])  # a picture without a well stands for itself
    place = list(zip(wells["plate"], names, strict=True))
    n_edits = Counter((edit.plate, edit.well) for edit in edits if edit.kind != "review")
    review, excluded = review_status(edits), excluded_wells(edits)
    wells["n_edits"] = [n_edits[at] for at in place]
    wells["review"] = [review.get(at, "") for at in place]
    for row, at in enumerate(place):
        reason = excluded.get(at)
        if reason is None:
            continue
        wells.loc[wells.index[row], ["status", "status_reason"]] = ["excluded", reason]
        for name, text in (("role", "excluded"), ("exclude_reason", reason)):
            if name in wells.columns:
                wells[name] = wells[name].astype(object)
                wells.loc[wells.index[row], name] = text


def _put(table: pd.DataFrame, replaced: dict[str, pd.DataFrame], order: list[str]) -> pd.DataFrame:
    """Put the rows of some pictures in place of the old ones, pictures in ``order``."""
    old = dict(tuple(table.groupby("image", sort=False)))
    parts = [replaced.get(image, old.get(image)) for image in order]
    kept = [part for part in parts if part is not None and len(part)]
    return pd.concat([part.astype(object) for part in kept], ignore_index=True).infer_objects() if kept else table


def _write_unapplied(folder: ResultFolder, edits: list[Edit]) -> None:
    path = folder.root / NOT_APPLIED.file
    if not edits:
        remove(path)
        return
    rows = [
        edit.model_dump() | {"when": edit.when.isoformat(), "cells": " ".join(str(cell.cell_id) for cell in edit.cells)}
        for edit in edits
    ]
    write_table(pd.DataFrame(rows, columns=list(NOT_APPLIED.names)), path)

"""A folder of pictures to a result folder."""

from __future__ import annotations

import shlex
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from osteocount.columns import CELLS, COMPARISONS, NUCLEI
from osteocount.curate.classifier import load, save
from osteocount.errors import OsteoCountError
from osteocount.io.result_folder import ResultFolder
from osteocount.io.run_record import FieldRecord
from osteocount.io.tables import read_table, write_table, write_workbook
from osteocount.pipeline.absorbance import AbsorbanceInput, join_absorbance, read_absorbance
from osteocount.pipeline.corrections import CLASSIFIER, edit_tables, edit_wells
from osteocount.pipeline.exports import Export, check_exports, write_exports
from osteocount.pipeline.field_task import field_tasks, unmatched_record
from osteocount.pipeline.run_inputs import Plan, write_plan
from osteocount.pipeline.run_record import write_record
from osteocount.pipeline.wells_table import exclude_flagged, place_layout, wells_table
from osteocount.pipeline.workbook import workbook
from osteocount.pipeline.workers import process_all
from osteocount.plate.index import PlateIndex, index_pictures
from osteocount.plate.layout.read import read_layout
from osteocount.plate.plate_quality import add_normalised
from osteocount.segment import get_segmenter
from osteocount.settings import Settings
from osteocount.stats import Comparison, compare
from osteocount.stats.arms import arm_names, suggestion

BAD_STATUS = ("failed", "incomplete", "no_picture", "not_in_layout")


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    done: int
    total: int
    message: str


@dataclass(frozen=True)
class Outcome:
    """What a run gave.

    Attributes
    ----------
    folder
        The result folder.
    wells
        The table of ``wells.csv``.
    comparison
        The comparison of arms; None without a layout or when it was refused.
    bad_wells
        One sentence for every well that was not done as asked.
    warnings
        Sentences for the person at the screen.
    """

    folder: Path
    wells: pd.DataFrame
    comparison: Comparison | None
    bad_wells: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0: all done; 3: done, but some wells are not; 1: no picture could be done."""
        if not self.wells["n_fields"].fillna(0).sum():
            return 1
        return 3 if self.bad_wells else 0


def run(
    source: Path,
    out: Path,
    settings: Settings,
    *,
    layout: Path | None = None,
    readers: Sequence[AbsorbanceInput] = (),
    pattern: str | None = None,
    plate_wells: int | None = None,
    exports: Sequence[Export] = (),
    workers: int = 1,
    scheduler: str | None = None,
    classifier: Path | None = None,
    if_present: Literal["refuse", "resume", "overwrite"] = "refuse",
) -> Generator[Progress, None, Outcome]:
    """Count all pictures of ``source`` and write the result folder ``out``.

    Parameters
    ----------
    source
        A picture or a folder of pictures, of one plate or several.
    out
        The result folder.
    settings
        All settings.
    layout
        The plate layout; without it there is no comparison.
    readers
        Exports of a plate reader for the same plate; they need a layout.
    pattern
        A regular expression for file names, with the group names of PLATES.
    plate_wells
        Wells of the plate of the layout; without it the smallest plate that holds them all.
    exports
        Further forms of the results: ``ome-zarr``, ``cellprofiler``.
    workers
        Processes that share the pictures. The tables do not depend on it.
    scheduler
        Address of a dask.distributed cluster that does the pictures instead of ``workers``.
    classifier
        A lab's own judge of cells, as `osteocount train` writes; the result folder keeps a copy, which later runs
        with ``resume`` or ``overwrite`` go on using.
    if_present
        What to do when ``out`` already holds a run.

    Yields
    ------
    Progress
        After every finished picture. Closing the generator stops the run; finished pictures stay, for ``resume``.

    Returns
    -------
    Outcome
        As the generator's return value.

    Raises
    ------
    OsteoCountError
        Nothing could be done: no picture, unreadable layout, unknown control, or a result folder in use.
    """
    started = time.perf_counter()
    check_exports(exports)
    get_segmenter(settings)  # a model that is not there is said once, before anything is written
    judge = None if classifier is None else load(classifier)
    index = index_pictures(source, pattern=pattern)
    described = None if layout is None else read_layout(layout, wells=plate_wells)
    if described is not None:
        _check_control(described.wells, settings.comparison.control)
    plates = sorted({entry.plate for entry in index.entries})
    placed = place_layout(described.wells if described else None, plates)
    if placed is not None and plates == [""]:
        index = _named_plate(index, placed["plate"].iloc[0])
    readings = _readings(readers, placed)
    folder = ResultFolder(out)
    folder.claim(if_present)
    if judge is not None:
        save(judge, folder.root / CLASSIFIER)
    tasks = field_tasks(index, source)
    records = []
    resume = if_present == "resume"
    for record in process_all(tasks, folder, settings, workers=workers, scheduler=scheduler, resume=resume):
        records.append(record)
        state = "done" if record.is_done else f"failed: {record.reason}"
        yield Progress(len(records), len(tasks), f"{record.image} {state}")
    records += [unmatched_record(path, source) for path in index.unmatched]
    about = {
        "source": source.name, "layout": None if layout is None else layout.name, "workers": workers,
        "notes": [*index.notes, *(described.warnings if described else ())],
        "seconds": round(time.perf_counter() - started, 2), "command": shlex.join(["osteocount", *sys.argv[1:]]),
    }  # fmt: skip
    outcome = finish(folder, records, placed, settings, about, readings)
    notes = write_exports(exports, folder, tasks, records, outcome.wells, settings)
    return replace(outcome, warnings=(*outcome.warnings, *notes))


def finish(
    folder: ResultFolder,
    records: list[FieldRecord],
    layout: pd.DataFrame | None,
    settings: Settings,
    about: dict[str, Any],
    readings: Sequence[pd.DataFrame] = (),
) -> Outcome:
    """Put the finished parts together: tables, comparison, record and report."""
    records = sorted(records, key=lambda record: (record.plate, record.well, record.field, record.image))
    done = [record.key for record in records if record.is_done]
    write_plan(Plan(layout, tuple(readings), about), folder)
    automatic = _joined(folder, done, "cells.csv", CELLS.names)
    nuclei = _joined(folder, done, "nuclei.csv", NUCLEI.names)
    edited = edit_tables(folder, records, automatic, nuclei, settings)
    cells = edited.cells
    write_table(cells, folder.root / "cells.csv")
    write_table(edited.nuclei, folder.root / "nuclei.csv")
    both = (wells_table(records, cells, layout), wells_table(records, automatic, layout))
    counted = edit_wells(*both, edited.edits, classified=edited.n_left_out is not None)
    joined = join_absorbance(exclude_flagged(counted, settings.qc.exclude_flags), list(readings))
    wells, no_b_score = add_normalised(joined, with_b_score=settings.qc.b_score)
    write_table(wells, folder.root / "wells.csv")
    comparison, refusal = _compare(wells, settings) if layout is not None else (None, ())
    contrasts = comparison.table if comparison else pd.DataFrame(columns=list(COMPARISONS.names))
    if layout is not None:
        write_table(contrasts, folder.root / "comparisons.csv", COMPARISONS.formats)
    write_workbook(workbook(wells, cells, contrasts, settings), folder.root / "results.xlsx")
    notes = (*about["notes"], *edited.notes, *no_b_score)
    warnings = (*notes, *_shared_warnings(records), *refusal, *(comparison.warnings if comparison else ()))
    write_record(folder, records, settings, about, warnings)
    from osteocount.report import write_report  # brings matplotlib, which a worker process never needs

    write_report(folder.root, comparison)
    return Outcome(folder.root, wells, comparison, tuple(_bad_wells(wells)), warnings)


def _readings(readers: Sequence[AbsorbanceInput], layout: pd.DataFrame | None) -> list[pd.DataFrame]:
    if readers and layout is None:
        raise OsteoCountError(
            "A reader export needs a --layout: it says which wells are the blanks and what the others got."
        )
    return [] if layout is None else [read_absorbance(given, layout) for given in readers]


def _named_plate(index: PlateIndex, plate: str) -> PlateIndex:
    """Give the pictures of a single plate without a name the name that the layout has for it."""
    return replace(index, entries=tuple(replace(entry, plate=plate) for entry in index.entries))


def _check_control(layout: pd.DataFrame, control: str | None) -> None:
    """Refuse a misspelt control before an hour of counting, not after it."""
    known = sorted({*arm_names(layout), *layout["treatment"].dropna()} - {""})
    if control is not None and control not in known:
        raise OsteoCountError(
            f"The layout has no arm '{control}'{suggestion(control, known)} It has: {', '.join(known)}."
        )


def _joined(folder: ResultFolder, keys: list[str], suffix: str, columns: tuple[str, ...]) -> pd.DataFrame:
    parts = [table for key in keys if len(table := read_table(folder.part(key, suffix)))]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))


def _compare(wells: pd.DataFrame, settings: Settings) -> tuple[Comparison | None, tuple[str, ...]]:
    try:
        return compare(wells, settings=settings.comparison), ()
    except OsteoCountError as error:
        return None, (f"No comparison: {error}",)


def _shared_warnings(records: list[FieldRecord]) -> list[str]:
    """Warnings of the pictures, each once, with how many pictures it concerns."""
    done = [record for record in records if record.is_done]
    counts = Counter(warning for record in done for warning in record.warnings)
    return [text if n == 1 == len(done) else f"{n} of {len(done)} pictures: {text}" for text, n in counts.items()]


def _bad_wells(wells: pd.DataFrame) -> Iterator[str]:
    bad = wells[wells["status"].isin(BAD_STATUS)]
    for plate, well, image, status, reason in bad[["plate", "well", "image", "status", "status_reason"]].to_numpy():
        yield f"{' '.join(filter(None, [plate, well])) or image}: {status.replace('_', ' ')}. {reason}"

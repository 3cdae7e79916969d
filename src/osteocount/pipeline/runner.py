"""A run: what it is asked to do, and a folder of pictures to a result folder."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from osteocount.curate.classifier import Classifier, load
from osteocount.errors import OsteoCountError
from osteocount.io.result_folder import ResultFolder
from osteocount.io.run_record import RunRecord, in_order
from osteocount.io.writer_lock import only_writer
from osteocount.pipeline.absorbance import AbsorbanceInput, read_absorbance
from osteocount.pipeline.corrections import adopt
from osteocount.pipeline.duplicates import without_duplicates
from osteocount.pipeline.exports import check_exports, write_exports
from osteocount.pipeline.field import field_tasks, single_files, unmatched_record
from osteocount.pipeline.finished_run import FinishedRun, RunInputs
from osteocount.pipeline.provenance import input_hashes, recorded_request
from osteocount.pipeline.run_request import RunRequest
from osteocount.pipeline.run_scale import estimate_run_scale
from osteocount.pipeline.wells_table import place_layout
from osteocount.pipeline.workers import process_all
from osteocount.pipeline.write_results import Outcome, write_results
from osteocount.plate.index import PlateIndex, index_pictures
from osteocount.plate.layout.model import Layout
from osteocount.plate.layout.read import read_layout
from osteocount.plate.samples import is_sample_sheet, match_paths, read_samples
from osteocount.segment import get_segmenter
from osteocount.settings import Settings
from osteocount.stats.arms import arm_names, suggestion


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    done: int
    total: int
    message: str


def run(source: Path | str, out: Path | str, settings: Settings, **options: Any) -> Generator[Progress, None, Outcome]:
    """Count all pictures of ``source`` and write the result folder ``out``; see `run_steps`.

    Parameters
    ----------
    source
        A picture or a folder of pictures, of one plate or several.
    out
        The result folder.
    settings
        All settings.
    **options
        ``layout`` and the other attributes of `RunRequest`.
    """
    return run_steps(RunRequest(Path(source), Path(out), settings, **options))


def run_steps(request: RunRequest) -> Generator[Progress, None, Outcome]:
    """Count the pictures of ``request`` step by step and write the result folder.

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
    settings = request.settings
    check_exports(request.exports)
    get_segmenter(settings)  # a model that is not there is said once, before anything is written
    classifier = None if request.classifier is None else load(request.classifier)
    index, inputs, notes = read_inputs(request)
    folder = ResultFolder(request.out)
    folder.check(request.if_present)
    with only_writer(folder.lock):
        folder.claim(request.if_present)
        outcome = yield from _count_and_write(request, folder, index, inputs, notes, classifier, started)
    return outcome


def _count_and_write(
    request: RunRequest,
    folder: ResultFolder,
    index: PlateIndex,
    inputs: RunInputs,
    notes: tuple[str, ...],
    classifier: Classifier | None,
    started: float,
) -> Generator[Progress, None, Outcome]:
    settings = request.settings
    if classifier is not None:
        adopt(folder.root, classifier)
    tasks = field_tasks(index, request.source)
    scale = estimate_run_scale(single_files(tasks), settings)
    tasks = [replace(task, scales=scale.scales) for task in tasks]
    records = []
    for record in process_all(
        tasks, folder, settings, workers=request.workers, scheduler=request.scheduler,
        resume=request.if_present == "resume", limits=request.limits,
    ):  # fmt: skip
        records.append(record)
        state = "done" if record.is_done else f"failed: {record.reason}"
        yield Progress(len(records), len(tasks), f"{record.image} {state}")
    records += [unmatched_record(path, request.source) for path in index.unmatched]
    about = RunRecord(
        source=request.source.name,
        layout=next((path.name for path in (request.layout, request.samples) if path is not None), None),
        workers=request.workers,
        notes=(*notes, *scale.notes),
        scales=scale.record(),
        seconds=round(time.perf_counter() - started, 2),
        request=recorded_request(request),
        hashes=input_hashes(request),
        command=shlex.join(["osteocount", *sys.argv[1:]]).encode(errors="backslashreplace").decode(),
    )
    outcome = write_results(FinishedRun(folder, without_duplicates(in_order(records)), settings, inputs, about))
    not_exported = write_exports(request.exports, folder, tasks, records, outcome.wells, settings)
    return replace(outcome, warnings=(*outcome.warnings, *not_exported))


def read_inputs(request: RunRequest) -> tuple[PlateIndex, RunInputs, tuple[str, ...]]:
    """Read names, layout and readings before anything is written; notes say what a person should know of them."""
    index, described = _pictures_and_layout(request)
    if described is not None:
        _check_control(described.wells, request.settings.comparison.control)
    plates = sorted({entry.plate for entry in index.entries})
    layout = place_layout(described.wells if described else None, plates)
    if layout is not None and plates == [""]:
        name = layout["plate"].iloc[0]  # of a single plate, whose pictures do not say it
        index = replace(index, entries=tuple(replace(entry, plate=name) for entry in index.entries))
    notes = (*index.notes, *(described.warnings if described else ()))
    return index, RunInputs(layout, _readings(request.readers, layout)), notes


def _pictures_and_layout(request: RunRequest) -> tuple[PlateIndex, Layout | None]:
    """Place the pictures by a sample sheet, by their paths, or by their names and a layout."""
    if request.samples is not None and request.layout is not None:
        raise OsteoCountError("A sample sheet (--samples) stands for a layout (--layout); give one of them.")
    sheet = request.samples
    if request.layout is not None and is_sample_sheet(request.layout):
        sheet = request.layout
    if sheet is not None:
        return read_samples(sheet, request.source, treatment_column=request.treatment_column)
    if request.pattern is not None and (placed := match_paths(request.source, request.pattern)):
        if request.layout is not None:
            raise OsteoCountError(
                "The pattern says what was done to the pictures; leave out the layout, or its groups."
            )
        return placed
    if request.layout is None:
        return index_pictures(request.source, pattern=request.pattern), None
    layout = read_layout(request.layout, wells=request.plate_wells, treatment_column=request.treatment_column)
    known = set(layout.wells["well"])
    return index_pictures(request.source, pattern=request.pattern, known_wells=known), layout


def _readings(readers: Sequence[AbsorbanceInput], layout: pd.DataFrame | None) -> tuple[pd.DataFrame, ...]:
    if readers and layout is None:
        raise OsteoCountError(
            "A reader export needs a --layout: it says which wells are the blanks and what the others got."
        )
    return () if layout is None else tuple(read_absorbance(given, layout) for given in readers)


def _check_control(layout: pd.DataFrame, control: str | None) -> None:
    """Refuse a misspelt control before an hour of counting, not after it."""
    known = sorted({*arm_names(layout), *layout["treatment"].dropna()} - {""})
    if control is not None and control not in known:
        raise OsteoCountError(
            f"The layout has no arm '{control}'{suggestion(control, known)} It has: {', '.join(known)}."
        )

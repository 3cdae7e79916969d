"""Which pictures of a lab are annotated, by whom, and which of them belong together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from osteocount.columns import CELLS
from osteocount.curate import effective, read_log, reviewed_wells
from osteocount.errors import OsteoCountError
from osteocount.evaluation.annotation_files import AnnotationSource, find_annotations, picture_name
from osteocount.evaluation.evaluate import match_names
from osteocount.io.result_folder import RUN_RECORD
from osteocount.io.result_tables import read_unchanged
from osteocount.io.run_record import FieldRecord
from osteocount.pipeline.corrections import EDIT_LOG
from osteocount.pipeline.field import FieldTask, field_tasks, single_files
from osteocount.pipeline.finished_run import FinishedRun, read_finished
from osteocount.pipeline.provenance import found_source
from osteocount.pipeline.run_scale import estimate_run_scale
from osteocount.plate.index import index_pictures
from osteocount.plate.picture_files import root_of
from osteocount.settings import Settings

_MOST_FOLDS = 4
_NO_WELLS = (
    "Not every picture has a well of its own name, so pictures are left out instead: what is learned from one may be "
    "judged by another of the same well, and the gain looks surer than it is. Name them by well (A01_1.png, A01_2.png)."
)


@dataclass(frozen=True)
class AnnotatedPicture:
    """A picture with its annotation.

    Attributes
    ----------
    task
        The picture.
    source
        What says which cells are there.
    well
        What is left out together: a well where several are named, else the picture itself.
    settings
        By which it is read.
    """

    task: FieldTask
    source: AnnotationSource
    well: str
    settings: Settings


def find_annotated(
    paths: Sequence[Path], pictures: Path | None, settings: Settings
) -> tuple[list[AnnotatedPicture], list[str]]:
    """Find annotated pictures.

    Parameters
    ----------
    paths
        Annotations as `osteocount evaluate` takes them, with their pictures beside them, and result folders with wells
        that a person corrected and marked as reviewed.
    pictures
        Where the pictures are, if not beside the annotations.
    settings
        By which pictures beside annotations are read; those of a result folder are read as they were then.

    Returns
    -------
    The pictures, and sentences on what is left aside.

    Raises
    ------
    OsteoCountError
        Nothing is annotated, or no picture fits.
    """
    found: list[AnnotatedPicture] = []
    notes: list[str] = []
    for path in paths:
        one = (
            _of_results(path, pictures)
            if (path / RUN_RECORD).is_file()
            else _of_annotations(path, pictures, settings, notes)
        )
        found += one
    twice = pd.Series([str(each.task.paths[0].resolve()) + each.task.scene for each in found])
    if twice.duplicated().any():
        name = found[int(twice.duplicated().to_numpy().argmax())].task.image
        raise OsteoCountError(f"{name} is annotated twice. Keep one annotation of it.")
    if one_well := len({each.well for each in found}) < 2:
        found = [replace(each, well=each.task.image) for each in found]
    if one_well or not all(each.task.well for each in found):
        notes.append(_NO_WELLS)
    return found, notes


def folds(annotated: Sequence[tuple[str, int]]) -> list[frozenset[str]]:
    """Share wells out into at most four folds that are left out in turn, with about as many cells in each.

    Parameters
    ----------
    annotated
        Well and number of osteoclasts of each picture.
    """
    sizes = pd.DataFrame(annotated, columns=["well", "n"]).groupby("well")["n"].sum()
    parts: list[list[str]] = [[] for _ in range(min(_MOST_FOLDS, len(sizes)))]
    held = [0] * len(parts)
    for well, n in sizes.sort_values(ascending=False, kind="stable").items():
        least = held.index(min(held))
        parts[least].append(str(well))
        held[least] += int(n) + 1
    return [frozenset(part) for part in parts]


def _of_annotations(path: Path, pictures: Path | None, settings: Settings, notes: list[str]) -> list[AnnotatedPicture]:
    sources, _ = find_annotations(path)
    beside = pictures or (path if path.is_dir() else path.parent)
    own = {source.path.resolve() for source in sources}
    tasks = [task for task in field_tasks(index_pictures(beside), beside) if task.paths[0].resolve() not in own]
    scales = estimate_run_scale(single_files(tasks), settings)
    notes += scales.notes
    matched, unmatched = match_names([_pretended(task) for task in tasks], sources)
    notes += [f"{row['name']}: {row['reason']}." for row in unmatched if row["side"] == "truth"]
    if not matched:
        raise OsteoCountError(
            f"{path}: no annotation fits a picture in {beside}. Name an annotation like its picture (A01_f1.tif: "
            "A01_f1_cells.tif, A01_f1.geojson), and say with --pictures where the pictures are."
        )
    by_key = {task.key: replace(task, scales=scales.scales) for task in tasks}
    return [AnnotatedPicture(by_key[record.key], source, _well(record), settings) for record, source in matched]


def _of_results(root: Path, pictures: Path | None) -> list[AnnotatedPicture]:
    """Return the pictures of a result folder whose wells a person marked as reviewed."""
    run = read_finished(root)
    done = reviewed_wells(effective(read_log(root / EDIT_LOG))) if (root / EDIT_LOG).is_file() else set()
    records = [record for record in run.records if record.is_done and record.well_key in done]
    if not records:
        raise OsteoCountError(
            f"{root}: no well is marked as reviewed. Correct some wells in the window, so that every osteoclast and "
            "nothing else is called one, and mark each as reviewed: only those can be learned from."
        )
    recorded = run.about.request or {"source": str(run.about.source)}
    source = pictures or found_source(recorded, root / RUN_RECORD, "say with --pictures where they are")
    tasks = _recorded_tasks(run, source)
    cells = read_unchanged(root, CELLS, run.about)
    return [_of_record(run, record, tasks, cells) for record in records]


def _recorded_tasks(run: FinishedRun, source: Path) -> dict[str, FieldTask]:
    """Return the pictures of a run by their names in the tables."""
    tasks = {}
    for record in run.records:
        path = root_of(source) / record.image
        if path.is_file() and path.resolve().is_relative_to(root_of(source).resolve()):
            tasks[record.image] = FieldTask(record.key, record.plate, record.well, record.field, record.image, (path,))
    if any(record.image not in tasks for record in run.records):  # of scenes in one file, say
        with suppress(OsteoCountError):
            tasks = {task.image: task for task in field_tasks(index_pictures(source), source)} | tasks
    return tasks


def _of_record(
    run: FinishedRun, record: FieldRecord, tasks: dict[str, FieldTask], cells: pd.DataFrame
) -> AnnotatedPicture:
    task = tasks.get(record.image)
    if task is None:
        raise OsteoCountError(
            f"{run.folder.root}: the picture {record.image} is not where it was counted. Say with --pictures where."
        )
    corrected = run.folder.corrected_image(record.key)
    labels = corrected if corrected.is_file() else run.folder.cells_image(record.key)
    own = cells[cells["image"].astype(str) == record.image]
    source = AnnotationSource(
        picture_name(record.image), labels, "labels", record.plate, record.well, record.field,
        own[["cell_id", "is_osteoclast"]],
    )  # fmt: skip
    picture = run.settings.picture
    if picture.pixel_size is None and record.pixel_size_um is None:
        picture = picture.replace(pixel_size=record.record.get("analysed_um_per_px"))
    return AnnotatedPicture(task, source, _well(record), run.settings.replace(picture=picture.model_dump()))


def _pretended(task: FieldTask) -> FieldRecord:
    """Return the record the picture would have if it had been counted, by which annotations are matched."""
    return task.record(status="ok")


def _well(record: FieldRecord) -> str:
    return " ".join(filter(None, record.well_key))

"""A result folder against annotated pictures: matched by name, scored, written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.columns import CELLS
from osteocount.errors import OsteoCountError
from osteocount.evaluation.annotation_files import AnnotationSource, find_annotations, picture_name
from osteocount.evaluation.ground_truth import read_ground_truth
from osteocount.evaluation.metrics import Evaluation, compute_metrics
from osteocount.io.figure_files import write_figure
from osteocount.io.label_image import Labels, read_labels
from osteocount.io.result_folder import RUN_RECORD, ResultFolder
from osteocount.io.result_tables import read_unchanged
from osteocount.io.run_record import FieldRecord, RunRecord, read_run_record
from osteocount.io.tables import write_table
from osteocount.measure.matching import outline_pairs, point_pairs, side_by_side
from osteocount.wells import canonical_well

_POSITION = ("plate", "well", "field", "image")


@dataclass(frozen=True)
class FolderEvaluation:
    """An evaluation with what could not be part of it.

    Attributes
    ----------
    evaluation
        The figures.
    matched
        Pictures that were scored.
    unmatched
        ``side`` (truth or results)``, name, reason``: a row for everything that was not scored.
    notes
        What a person should know, in sentences.
    """

    evaluation: Evaluation
    matched: int
    unmatched: pd.DataFrame
    notes: tuple[str, ...]


def evaluate_folder(results: Path, truth: Path) -> FolderEvaluation:
    """Score a result folder against annotations.

    Parameters
    ----------
    results
        Written by `osteocount run` or `osteocount count`, with or without corrections.
    truth
        Annotations, see `osteocount.evaluation.annotation_files.find_annotations`.

    Raises
    ------
    OsteoCountError
        No finished run, no annotation, an annotation that cannot be used, or none that fits a picture.
    """
    folder = ResultFolder(results)
    run, min_nuclei = _run(results)
    pictures = run.fields
    sources, aside = find_annotations(truth)
    matched, unmatched = match_names(pictures, sources)
    unmatched += [{"side": "truth", "name": path.name, "reason": "no annotation of cells"} for path in aside]
    lost = pd.DataFrame(unmatched, columns=["side", "name", "reason"])
    if not matched:
        raise OsteoCountError(_nothing_fits(pictures, sources))
    _existing(results / CELLS.file)
    cells = read_unchanged(results, CELLS, run)
    units = _units([picture for picture, _ in matched])
    tables: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    notes: list[str] = []
    problems: list[str] = []
    for (picture, source), unit in zip(matched, units.pop("of"), strict=True):
        try:
            tables.append(_side_by_side(folder, picture, source, cells, min_nuclei, unit, notes))
        except OsteoCountError as error:
            problems.append(str(error))
    if problems:
        raise OsteoCountError("\n".join(problems))
    left, right = (pd.concat(sides, ignore_index=True) for sides in zip(*tables, strict=True))
    return FolderEvaluation(compute_metrics(left, right, pd.DataFrame(units)), len(matched), lost, tuple(notes))


def write_evaluation(scored: FolderEvaluation, out: Path) -> None:
    """Write ``evaluation.csv``, its tables of wells, cells, classes and what was not scored, and ``evaluation.png``."""
    from osteocount.evaluation.figure import evaluation_figure

    evaluation = scored.evaluation
    write_table(evaluation.metrics, out / "evaluation.csv")
    write_table(evaluation.wells, out / "evaluation_wells.csv")
    write_table(evaluation.cells, out / "evaluation_cells.csv")
    write_table(evaluation.confusion.reset_index(), out / "evaluation_classes.csv")
    write_table(scored.unmatched, out / "evaluation_not_scored.csv")
    write_figure(evaluation_figure(evaluation), out / "evaluation.png")


def match_names(
    pictures: Sequence[FieldRecord], sources: Sequence[AnnotationSource]
) -> tuple[list[tuple[FieldRecord, AnnotationSource]], list[dict[str, str]]]:
    """Find the picture that each annotation is about: by the name of the picture, then by its well.

    One annotation and one picture belong together whatever their names.

    Returns
    -------
    The pairs, and rows ``side, name, reason`` of what has no partner on either side.
    """
    counted = [picture for picture in pictures if picture.is_done]
    taken: dict[str, AnnotationSource] = {}
    unmatched: list[dict[str, str]] = []
    for source in sources:
        fits = counted if len(counted) == len(sources) == 1 else _fitting(counted, source)
        free = [picture for picture in fits if picture.key not in taken]
        if len(free) == 1:
            taken[free[0].key] = source
            continue
        reason = "no picture of this name or well was counted"
        if len(fits) > 1:
            reason = f"fits {len(fits)} pictures; name it as one of them: {', '.join(p.key for p in fits[:3])}"
        elif fits:
            reason = f"its picture has an annotation already: {taken[fits[0].key].path.name}"
        unmatched.append({"side": "truth", "name": f"{source.path.name} ({source.name})", "reason": reason})
    for picture in pictures:
        if picture.key not in taken:
            reason = "no annotation" if picture.is_done else f"not counted: {picture.reason}"
            unmatched.append({"side": "results", "name": picture.key or picture.image, "reason": reason})
    return [(picture, taken[picture.key]) for picture in counted if picture.key in taken], unmatched


def _fitting(pictures: Sequence[FieldRecord], source: AnnotationSource) -> list[FieldRecord]:
    named = [p for p in pictures if source.name in (picture_name(p.key), picture_name(p.image))]
    well = canonical_well(source.well or source.name)
    fits = named or [p for p in pictures if well and canonical_well(p.well) == well]
    for name in ("plate", "field"):
        said = getattr(source, name).strip().lstrip("0").casefold()
        narrower = [p for p in fits if said and getattr(p, name).strip().lstrip("0").casefold() == said]
        fits = narrower if narrower or (name == "field" and said and not named) else fits
    return fits


def _nothing_fits(pictures: Sequence[FieldRecord], sources: Sequence[AnnotationSource]) -> str:
    ours = ", ".join(picture.key for picture in pictures[:3]) or "none"
    theirs = ", ".join(source.path.name for source in sources[:3])
    return (
        f"No annotation fits a picture that was counted. Pictures: {ours} …; annotations: {theirs} …. Name an "
        "annotation like its picture (A01_f1.tif: A01_f1_cells.tif, A01_f1.geojson), or give its table a column "
        "'image' or 'well'."
    )


def _units(pictures: Sequence[FieldRecord]) -> dict[str, Any]:
    """Give every picture the number of its well; its own where one has no well, or all are of one."""
    wells = [(p.plate, p.well) for p in pictures]
    by_well = all(well for _, well in wells) and len(set(wells)) > 1
    keys = wells if by_well else [(p.plate, p.key) for p in pictures]
    known = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return {
        "plate": [plate for plate, _ in known],
        "well": [name if by_well else "" for _, name in known],
        "image": ["" if by_well else name for _, name in known],
        "of": [known[key] for key in keys],
    }


def _side_by_side(
    folder: ResultFolder,
    picture: FieldRecord,
    source: AnnotationSource,
    cells: pd.DataFrame,
    min_nuclei: int,
    unit: int,
    notes: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the truth and our cells of one picture side by side."""
    labels = read_labels(folder.unchanged(picture, _existing(folder.cells_image(picture.key))))
    true = read_ground_truth(source, (labels.shape[0], labels.shape[1]), min_nuclei)
    notes += true.notes
    same = np.logical_and.reduce(
        [cells[name].astype("string").fillna("") == getattr(picture, name) for name in _POSITION]
    )
    ours = cells[same]
    if true.table["counted"].notna().any():
        ours = ours.assign(counted=ours["cell_id"].isin(_not_cut_first(labels)))
    pairs = outline_pairs(true.labels, labels) if true.labels is not None else point_pairs(true.table, labels)
    pairs = pairs[pairs["our_id"].isin(ours["cell_id"])]
    about = {name: getattr(picture, name) for name in _POSITION}
    about |= {"unit": unit, "outlined": true.labels is not None, "others": true.others_annotated}
    left, right = (table.assign(**about) for table in side_by_side(true.table, ours, pairs))
    return left[[*_POSITION, *(name for name in left.columns if name not in _POSITION)]], right


def _not_cut_first(labels: Labels) -> NDArray[np.integer]:
    """Return the labels that neither the upper nor the left border cuts.

    That is the frame of annotations that say which cells are counted; with a guard zone ours is smaller, and of true
    cells that are points nobody knows whether they would lie in it.
    """
    return np.setdiff1d(labels, np.concatenate([labels[0], labels[:, 0]]))


def _run(results: Path) -> tuple[RunRecord, int]:
    """Read the record of a run, and its rule of nuclei."""
    run = read_run_record(_existing(results / RUN_RECORD))
    try:
        return run, int(run.settings["count"]["min_nuclei"])
    except (KeyError, TypeError, ValueError) as error:
        raise OsteoCountError(f"{results / RUN_RECORD}: does not say how many nuclei were asked for.") from error


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise OsteoCountError(
            f"{path}: is missing, so {path.parent} is not a whole result folder. Give the folder that `osteocount "
            "run` or `osteocount count` wrote."
        )
    return path

"""Jobs of a review, for worker threads: open results, read pictures, render figures, write tables."""

from __future__ import annotations

import gc
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from osteocount.columns import COMPARISONS, PLATE_MAP
from osteocount.curate.review_order import LOCKED, is_blinded
from osteocount.errors import OsteoCountError
from osteocount.io.figure_files import write_figure
from osteocount.io.files import input_hash
from osteocount.io.pyramid import open_pyramid
from osteocount.io.run_record import FieldRecord
from osteocount.io.tables import write_table
from osteocount.napari.layers.layer_data import ImageLayerData, picture_layer_data, pyramid_layer_data
from osteocount.napari.layers.outlines import OutlineLayerData, outline_classes
from osteocount.napari.messages import in_window_terms
from osteocount.napari.review.session import OpenField, ReviewSession
from osteocount.napari.views.compare_view import PLOTS
from osteocount.napari.views.figure_view import FigureSize, RenderedFigure, fitted, render
from osteocount.napari.views.source_view import RESULTS_SUFFIX
from osteocount.napari.views.widgets import format_number
from osteocount.pipeline import Outcome, Progress
from osteocount.pipeline.field import FieldTask, field_tasks, read_channels
from osteocount.pipeline.write_results import apply_edits
from osteocount.plate.heatmap import measure_name, plate_heatmap, shared_limits, well_hints
from osteocount.plate.index import index_pictures
from osteocount.plate.picture_files import root_of
from osteocount.sample_words import in_words_of, sample_word
from osteocount.stats import compare, sentences
from osteocount.stats.plain_words import in_words

NO_LAYOUT = (
    "Nothing says what the wells or pictures got, so there is nothing to compare. Make a table of treatments in step "
    "1, and count again with “finish the earlier run”."
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from osteocount.stats import Comparison


@dataclass(frozen=True)
class OpenedResults:
    """A result folder, and where its pictures are; ``note`` says what is missing."""

    session: ReviewSession
    tasks: dict[str, FieldTask]
    note: str


@dataclass(frozen=True)
class LoadedField:
    """A picture with its edits; ``picture`` None: the picture itself cannot be shown, and ``note`` says why."""

    opened: OpenField
    outlines: OutlineLayerData
    picture: ImageLayerData | None
    note: str


@dataclass(frozen=True)
class FigureRequest:
    """What the plate and the comparison are to show, and how large."""

    plate: str
    measure: str
    percent: bool
    plate_size: FigureSize
    endpoint: str
    contrast: str
    plot: str
    effect_size: FigureSize


@dataclass(frozen=True)
class ReviewFigures:
    """Plate and comparison as they are now."""

    wells: pd.DataFrame
    plate: RenderedFigure | None
    plate_text: str
    words: str
    comparison: Comparison | None = None
    effect: RenderedFigure | None = None
    hints: dict[str, str] = field(default_factory=dict)
    """What to say when the mouse is over a well."""
    values: dict[str, str] = field(default_factory=dict)
    """Of the samples of the plate, what the measure says."""


def open_review(
    root: Path, pictures: Path | None, who: str, second: bool, stop: Event
) -> Generator[Progress, None, OpenedResults]:
    """Read a result folder and find its pictures."""
    yield Progress(0, 0, f"Reading {root.name}")
    session = ReviewSession(root, who, second=second)
    _prepare()
    source = pictures or _pictures_beside(root)
    if source is None or not source.exists():
        return OpenedResults(session, {}, "The pictures were not found; choose their folder in step 1 to see them.")
    yield Progress(0, 0, f"Looking into {source.name}")
    try:
        tasks = {task.key: task for task in field_tasks(index_pictures(source), source)}
    except OsteoCountError:
        tasks = {}
        if not _tasks_of_samples(session, tasks, source):
            raise
    return OpenedResults(session, tasks | _tasks_of_samples(session, tasks, source), "")


def _tasks_of_samples(session: ReviewSession, known: dict[str, FieldTask], source: Path) -> dict[str, FieldTask]:
    """Return the fields that a sample sheet named, whose pictures the record tells."""
    told = {record.key: record for record in session.run.records if record.key and record.key not in known}
    paths = {key: root_of(source) / record.image for key, record in told.items()}
    return {
        key: FieldTask(key, record.plate, record.well, record.field, record.image, (paths[key],))
        for key, record in told.items()
        if paths[key].is_file()
    }


def _prepare() -> None:
    """Load what draws figures and tidy the memory while the person waits anyway, not in the middle of a correction."""
    import osteocount.stats.figures  # noqa: F401

    gc.collect()


def load_field(results: OpenedResults, record: FieldRecord, stop: Event) -> Generator[Progress, None, LoadedField]:
    """Read one picture with its labels and edits."""
    yield Progress(0, 0, "Opening a picture")
    opened = results.session.load(record)
    outlines = OutlineLayerData(opened.field.labels, outline_classes(opened.cells, opened.field.next_cell))
    picture, note = _picture(results, opened)
    return LoadedField(opened, outlines, picture, note)


def _picture(results: OpenedResults, opened: OpenField) -> tuple[ImageLayerData | None, str]:
    """Return a picture for the viewer, or why it is not shown: outlines lie only over the picture that was counted."""
    record = opened.record
    task = results.tasks.get(record.key)
    if task is None:
        return None, results.note or f"{record.image} is not among the pictures any more."
    if record.sha256 not in ((), tuple(input_hash(path, task.scene) for path in task.paths)):
        note = f"{record.image} is not the picture that was counted any more, so it is not shown; count it again."
        return None, note
    large = open_pyramid(task.paths[0]) if len(task.paths) == 1 and not task.scene else None
    if large is not None:
        size, picture = large.levels[0].shape[:2], pyramid_layer_data(large)
    else:
        pixels = read_channels(task.paths, record.pixel_size_um, task.scene)
        size, picture = pixels.pixels.shape[:2], picture_layer_data(pixels, record.regime)
    if tuple(size) != opened.field.labels.shape:
        return None, f"{record.image} has another size than when it was counted; count it again."
    return picture, ""


def draw_figures(
    session: ReviewSession, wanted: FigureRequest, stop: Event
) -> Generator[Progress, None, ReviewFigures]:
    """Count the wells as they are now, compare them, and draw both."""
    yield Progress(0, 0, "Drawing")
    wells = session.wells()
    if is_blinded(session.root):
        return ReviewFigures(wells, None, LOCKED, LOCKED)
    plate, plate_text = _plate(wells, wanted)
    hints = {} if plate is None else well_hints(wells, _measure(wells, wanted), plate=wanted.plate)
    known = ReviewFigures(wells, plate, plate_text, NO_LAYOUT, hints=hints, values=_values(wells, wanted))
    if session.run.inputs.layout is None:
        return known
    try:
        comparison = compare(wells, settings=session.run.settings.comparison)
        narrow = wanted.effect_size.narrow_inches
        figure = _plot(wanted.plot, comparison, wells, wanted.endpoint, narrow)
        effect = render(fitted(figure, wanted.effect_size), wanted.effect_size)
    except OsteoCountError as error:
        return replace(known, words=in_window_terms(str(error)))
    words = comparison_sentences(comparison, wanted.endpoint, wanted.contrast)
    return replace(known, words=words, comparison=comparison, effect=effect)


def write_tables(session: ReviewSession, stop: Event) -> Generator[Progress, None, Outcome]:
    """Write all tables and the report, as `osteocount apply-edits` does."""
    yield Progress(0, 0, "Writing tables and report")
    return apply_edits(session.root)


def export_comparison(
    figures: ReviewFigures, endpoint: str, folder: Path, stop: Event
) -> Generator[Progress, None, Path]:
    """Write every figure of an endpoint, the comparison, the donors' values and the wells as they are now."""
    yield Progress(0, 0, "Exporting")
    comparison = figures.comparison
    assert comparison is not None  # noqa: S101  the button is off without one
    write_table(comparison.table, folder / "comparisons.csv", COMPARISONS.formats)
    write_table(comparison.donor_table(), folder / "donor_values.csv")
    write_table(figures.wells, folder / "wells.csv")
    for plot in PLOTS:
        figure = _plot(plot, comparison, figures.wells, endpoint)
        for suffix in ("svg", "png", "pdf"):
            write_figure(figure, folder / f"{plot}.{suffix}")
    return folder


def comparison_sentences(comparison: Comparison, endpoint: str, contrast: str) -> str:
    """Say the chosen rows of a comparison, and its warnings."""
    table = comparison.table
    rows = table[table["endpoint"] == (endpoint or table["endpoint"].iloc[0])]
    if contrast and contrast in set(rows["contrast"]):
        rows = rows[rows["contrast"] == contrast]
    said = [
        sentences.contrast_sentence({str(key): value for key, value in row.items()}) for row in rows.to_dict("records")
    ]
    warned = [f"⚠ {in_words(text)}" for text in (*comparison.warnings, *comparison.refusals)]
    words = in_window_terms("\n\n".join([*said, *warned, comparison.design]))
    return in_words_of(sample_word(comparison.well_values["well"].fillna("").astype(str)), words)


def _pictures_beside(root: Path) -> Path | None:
    """Return the pictures that results with the window's own name for them belong to."""
    name = root.name.removesuffix(RESULTS_SUFFIX)
    return root.with_name(name) if name != root.name else None


def measures(wells: pd.DataFrame) -> dict[str, str]:
    """Return the columns a heat map can show, and how to call them; counts first."""
    numbers = wells.select_dtypes("number").columns
    first = [name for name in PLATE_MAP if name in numbers]
    others = [name for name in numbers if name not in first and name not in ("dose", "n_fields")]
    return {name: measure_name(name) for name in [*first, *others] if np.isfinite(wells[name].astype(float)).any()}


def _measure(wells: pd.DataFrame, wanted: FigureRequest) -> str:
    return wanted.measure if wanted.measure in wells else "n_osteoclasts"


def _values(wells: pd.DataFrame, wanted: FigureRequest) -> dict[str, str]:
    measure = _measure(wells, wanted)
    own = wells[wells["plate"] == wanted.plate]
    return {str(name): format_number(value, "{:.4g}") for name, value in zip(own["well"], own[measure], strict=True)}


def _plate(wells: pd.DataFrame, wanted: FigureRequest) -> tuple[RenderedFigure | None, str]:
    measure = _measure(wells, wanted)
    try:
        limits = shared_limits(wells, measure, percent_of_control=wanted.percent)
        figure = plate_heatmap(
            wells, measure, plate=wanted.plate, percent_of_control=wanted.percent, limits=limits,
            width=wanted.plate_size.narrow_inches,
        )  # fmt: skip
        return render(figure, wanted.plate_size), ""
    except OsteoCountError as error:
        return None, str(error)


def _plot(plot: str, comparison: Comparison, wells: pd.DataFrame, endpoint: str, width: float | None = None) -> Figure:
    from osteocount.stats.estimation_plot import estimation_plot
    from osteocount.stats.figures import effect_plot, superplot

    endpoint = endpoint or str(comparison.table["endpoint"].iloc[0])
    if plot == "superplot":
        return superplot(comparison, wells, endpoint, width)
    return (estimation_plot if plot == "estimation" else effect_plot)(comparison, endpoint, width)

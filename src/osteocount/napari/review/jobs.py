"""What a review does in a thread of its own: open results, read pictures, draw figures, write tables."""

from __future__ import annotations

import gc
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from osteocount.columns import COMPARISONS
from osteocount.curate.blinding import LOCKED, is_blinded
from osteocount.errors import OsteoCountError
from osteocount.io.hashing import input_hash
from osteocount.io.label_image import TiledLabels
from osteocount.io.pyramid import Overview, open_pyramid
from osteocount.io.run_record import FieldRecord
from osteocount.io.tables import write_table
from osteocount.napari.layers.layer_data import ImageLayerData, picture_layer_data, pyramid_layer_data
from osteocount.napari.layers.outline_image import drawing, outline_classes
from osteocount.napari.layers.outline_layer import Sheet, TiledSheet, WholeSheet
from osteocount.napari.review.session import OpenField, Review
from osteocount.napari.views.rendered_figure import RenderedFigure, Room, draw
from osteocount.napari.worker import in_window_terms
from osteocount.pipeline import Outcome, Progress
from osteocount.pipeline.apply import apply_edits
from osteocount.pipeline.field import read_channels
from osteocount.pipeline.field_task import FieldTask, field_tasks
from osteocount.plate.heatmap import plate_heatmap, shared_limits, well_hints
from osteocount.plate.index import index_pictures
from osteocount.stats import compare
from osteocount.stats import sentences as stats_words

if TYPE_CHECKING:
    from osteocount.stats import Comparison


@dataclass(frozen=True)
class OpenedResults:
    """A result folder, and where its pictures are; ``note`` says what is missing."""

    review: Review
    tasks: dict[str, FieldTask]
    note: str


@dataclass(frozen=True)
class LoadedField:
    """A picture with its edits; ``shown`` None: the picture itself was not found."""

    opened: OpenField
    sheet: Sheet
    shown: ImageLayerData | None
    note: str


@dataclass(frozen=True)
class View:
    """What the plate and the comparison are to show, and how much room there is."""

    plate: str
    measure: str
    percent: bool
    plate_room: Room
    endpoint: str
    contrast: str
    plot: str
    compare_room: Room


@dataclass(frozen=True)
class ReviewFigures:
    """Plate and comparison as they are now."""

    wells: pd.DataFrame
    plate: RenderedFigure | None
    plate_text: str
    comparison: Comparison | None
    effect: RenderedFigure | None
    words: str
    hints: dict[str, str] = field(default_factory=dict)
    """What to say when the mouse is over a well."""


def open_review(
    root: Path, pictures: Path | None, who: str, second: bool, stop: Event
) -> Generator[Progress, None, OpenedResults]:
    """Read a result folder and find its pictures."""
    yield Progress(0, 0, f"Reading {root.name}")
    review = Review(root, who, second=second)
    _prepare()
    source = pictures or beside(root)
    if source is None or not source.exists():
        return OpenedResults(review, {}, "The pictures were not found; choose their folder in step 1 to see them.")
    yield Progress(0, 0, f"Looking into {source.name}")
    return OpenedResults(review, {task.key: task for task in field_tasks(index_pictures(source), source)}, "")


def _prepare() -> None:
    """Load what draws figures and tidy the memory while the person waits anyway, not in the middle of a correction."""
    import osteocount.stats.figures  # noqa: F401

    gc.collect()


def load_field(opened: OpenedResults, record: FieldRecord, stop: Event) -> Generator[Progress, None, LoadedField]:
    """Read one picture with its labels and edits."""
    yield Progress(0, 0, "Opening a picture")
    field = opened.review.load(record)
    sheet = _sheet(field)
    task = opened.tasks.get(record.key)
    if task is None:
        return LoadedField(field, sheet, None, opened.note or f"{record.image} is not among the pictures any more.")
    if record.sha256 not in ((), tuple(input_hash(path, task.scene) for path in task.paths)):
        note = f"{record.image} is not the picture that was counted any more, so it is not shown; count it again."
        return LoadedField(field, sheet, None, note)
    shown, size = _picture(task, record)
    if size != field.field.labels.shape:
        return LoadedField(
            field, sheet, None, f"{record.image} has another size than when it was counted; count it again."
        )
    return LoadedField(field, sheet, shown, "")


def fill_overview(overview: Overview, stop: Event) -> Generator[float, None, None]:
    """Read a large picture without small copies once, so that the whole of it can be seen."""
    for share in overview.fill():
        if stop.is_set():
            return
        yield share


def _sheet(opened: OpenField) -> Sheet:
    labels, cells = opened.field.labels, opened.cells
    kinds = outline_classes(cells, opened.field.next_cell)
    if isinstance(labels, TiledLabels):
        return TiledSheet(labels, kinds)
    return WholeSheet(opened.field, drawing(labels, cells, opened.field.next_cell), kinds)


def _picture(task: FieldTask, record: FieldRecord) -> tuple[ImageLayerData, tuple[int, ...]]:
    """Return a picture for the viewer, and its height and width."""
    large = open_pyramid(task.paths[0]) if len(task.paths) == 1 and not task.scene else None
    if large is not None:
        return pyramid_layer_data(large), tuple(large.levels[0].shape[:2])
    picture = read_channels(task.paths, record.pixel_size_um, task.scene)
    return picture_layer_data(picture, record.regime), picture.pixels.shape[:2]


def draw_figures(review: Review, view: View, stop: Event) -> Generator[Progress, None, ReviewFigures]:
    """Count the wells as they are now, compare them, and draw both."""
    yield Progress(0, 0, "Drawing")
    wells = review.wells()
    if is_blinded(review.root):
        return ReviewFigures(wells, None, LOCKED, None, None, LOCKED)
    plate, plate_text = _plate(wells, view)
    hints = {} if plate is None else well_hints(_with_roles(wells), _measure(wells, view), plate=view.plate)
    if review.run.plan.layout is None:
        return ReviewFigures(wells, plate, plate_text, None, None, "No layout, so there is nothing to compare.", hints)
    try:
        comparison = compare(wells, settings=review.run.settings.comparison)
        effect = _effect(comparison, wells, view)
    except OsteoCountError as error:
        return ReviewFigures(wells, plate, plate_text, None, None, in_window_terms(str(error)), hints)
    words = comparison_sentences(comparison, view.endpoint, view.contrast)
    return ReviewFigures(wells, plate, plate_text, comparison, effect, words, hints)


def write_tables(review: Review, stop: Event) -> Generator[Progress, None, Outcome]:
    """Write all tables and the report, as `osteocount apply-edits` does."""
    yield Progress(0, 0, "Writing tables and report")
    return apply_edits(review.root)


def export_comparison(figures: ReviewFigures, folder: Path, stop: Event) -> Generator[Progress, None, Path]:
    """Write both figures, the comparison and the wells as they are now."""
    from osteocount.stats.figures import effect_plot, superplot

    yield Progress(0, 0, "Exporting")
    comparison = figures.comparison
    assert comparison is not None  # noqa: S101  the button is off without one
    write_table(comparison.table, folder / "comparisons.csv", COMPARISONS.formats)
    write_table(figures.wells, folder / "wells.csv")
    for name, figure in (("superplot", superplot(comparison, figures.wells)), ("effects", effect_plot(comparison))):
        for suffix in ("svg", "png"):
            figure.savefig(folder / f"{name}.{suffix}")
    return folder


def comparison_sentences(comparison: Comparison, endpoint: str, contrast: str) -> str:
    """Say the chosen rows of a comparison, and its warnings."""
    table = comparison.table
    rows = table[table["endpoint"] == (endpoint or table["endpoint"].iloc[0])]
    if contrast and contrast in set(rows["contrast"]):
        rows = rows[rows["contrast"] == contrast]
    said = [stats_words.sentence({str(key): value for key, value in row.items()}) for row in rows.to_dict("records")]
    return "\n\n".join(
        [*said, *(f"⚠ {text}" for text in (*comparison.warnings, *comparison.refusals)), comparison.design]
    )


def beside(root: Path) -> Path | None:
    """Return the pictures that results called ``<pictures>_osteocount`` belong to."""
    name = root.name.removesuffix("_osteocount")
    return root.with_name(name) if name != root.name else None


def measures(wells: pd.DataFrame) -> dict[str, str]:
    """Return the columns a heat map can show, and how to call them; counts first."""
    numbers = wells.select_dtypes("number").columns
    first = [name for name in ("n_osteoclasts", "nuclei_per_osteoclast_mean", "fusion_index") if name in numbers]
    others = [name for name in numbers if name not in first and name not in ("dose", "n_fields")]
    return {name: name.replace("_", " ") for name in [*first, *others] if np.isfinite(wells[name].astype(float)).any()}


def _measure(wells: pd.DataFrame, view: View) -> str:
    return view.measure if view.measure in wells else "n_osteoclasts"


def _with_roles(wells: pd.DataFrame) -> pd.DataFrame:
    return wells if "role" in wells else wells.assign(role="")


def _plate(wells: pd.DataFrame, view: View) -> tuple[RenderedFigure | None, str]:
    measure = _measure(wells, view)
    try:
        scaled = _with_roles(wells)
        limits = shared_limits(scaled, measure, percent_of_control=view.percent)
        figure = plate_heatmap(
            scaled, measure, plate=view.plate, percent_of_control=view.percent, limits=limits,
            width=view.plate_room.narrow,
        )  # fmt: skip
        return draw(figure, view.plate_room), ""
    except OsteoCountError as error:
        return None, str(error)


def _effect(comparison: Comparison, wells: pd.DataFrame, view: View) -> RenderedFigure:
    from osteocount.stats.figures import effect_plot, superplot

    endpoint = view.endpoint or str(comparison.table["endpoint"].iloc[0])
    narrow = view.compare_room.narrow
    if view.plot == "superplot":
        return draw(superplot(comparison, wells, endpoint, narrow), view.compare_room)
    return draw(effect_plot(comparison, endpoint, narrow), view.compare_room)

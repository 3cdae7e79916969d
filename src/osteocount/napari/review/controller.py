"""Coordinator of steps 3 and 4: connects a review with its views and the picture. No view knows another."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from osteocount.curate import Change
from osteocount.curate.blinding import blind, in_review_order, is_blinded, reveal
from osteocount.errors import OsteoCountError
from osteocount.io.run_record import FieldRecord
from osteocount.napari import preferences
from osteocount.napari.layers.review_layers import ReviewLayers
from osteocount.napari.review.jobs import (
    LoadedField,
    OpenedResults,
    ReviewFigures,
    View,
    comparison_sentences,
    draw_figures,
    export_comparison,
    fill_overview,
    load_field,
    measures,
    open_review,
    write_tables,
)  # fmt: skip
from osteocount.napari.review.session import field_title, next_wells
from osteocount.napari.review.tools import CorrectionTools
from osteocount.napari.review.training import TrainingController
from osteocount.napari.views.compare_view import CompareView
from osteocount.napari.views.correct_view import CorrectView
from osteocount.napari.views.plate_view import PlateView
from osteocount.napari.worker import Jobs, error_message
from osteocount.pipeline import Outcome

FOLLOW_MS = 400
"""After the last edit; then plate and comparison follow."""


class ReviewController(QObject):
    """A review in the window.

    Signals
    -------
    opened
        The result folder is open and its first picture is shown.
    problem
        A sentence for the person.
    busy
        What is going on; empty: nothing.
    """

    opened = Signal()
    problem = Signal(str)
    busy = Signal(str)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.correct, self.plate, self.compare = CorrectView(), PlateView(), CompareView()
        self.canvas = ReviewLayers(viewer, self)
        self.source: OpenedResults | None = None
        self.figures: ReviewFigures | None = None
        self._groups: dict[tuple[str, str], list[FieldRecord]] = {}
        self._place = ("", "")
        self._jobs = Jobs(self)
        self._start = self._jobs.start
        self._again = False
        self._opened_from: tuple[Path, Path | None] = (Path(), None)
        self.actions = CorrectionTools(self)
        self.learning = TrainingController(self._start, self)
        self.correct.who.setText(preferences.reviewer())
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FOLLOW_MS)
        self._timer.timeout.connect(self._follow)
        self._connect()

    def _connect(self) -> None:
        self._jobs.busy.connect(self.busy)
        self._jobs.failed.connect(self.problem)
        self.correct.action.connect(self.actions.start)
        self.correct.second_review_toggled.connect(self._reopen)
        self.correct.who.textChanged.connect(self._sign)
        self.canvas.clicked.connect(self.actions.click)
        self.canvas.stroked.connect(self.actions.stroke)
        self.canvas.dragged.connect(self.actions.drag)
        self.plate.well_chosen.connect(self.go_to_well)
        self.plate.field_chosen.connect(lambda n: self._load(self._place, n))
        self.plate.next_requested.connect(self.go_to_next)
        self.plate.shown_changed.connect(self._timer.start)
        self.plate.excluded.connect(self.exclude)
        self.plate.reviewed.connect(self.mark_reviewed)
        self.plate.blinded.connect(self.set_blinded)
        self.learning.changed.connect(self._timer.start)
        self.learning.problem.connect(self.problem)
        self.compare.shown_changed.connect(self._timer.start)
        self.compare.export_requested.connect(self.export)

    def open(self, root: Path, pictures: Path | None) -> None:
        """Open a result folder."""
        who = self.correct.who.text().strip() or "unknown"
        self._start("open", partial(open_review, root, pictures, who, self.correct.second.isChecked()), self._on_opened)
        self._opened_from = (root, pictures)

    def write(self, then: Callable[[Outcome], None]) -> None:
        """Write tables and report with the corrections."""
        if self.source is not None:
            self._start("write", partial(write_tables, self.source.review), then)

    def export(self, folder: Path) -> None:
        """Write figures and tables of the comparison as they are now."""
        if self.figures is not None and self.figures.comparison is not None:
            done = f"Exported to {folder}"
            self._start("export", partial(export_comparison, self.figures, folder), lambda _: self.busy.emit(done))

    def go_to_well(self, well: str) -> None:
        """Open a well of the plate that is shown."""
        plate = self.plate.plate.currentData() or ""
        if (plate, well) in self._groups:
            self._load((plate, well), 0)

    def go_to_next(self, what: str) -> None:
        """Open the next well that is unreviewed, flagged, or has most borderline cells."""
        if self.source is None or self.figures is None:
            return
        waiting = next_wells(what, list(self._groups), self._place, self.source.review.reviewed(), self.figures.wells)
        if waiting:
            self._load(waiting[0], 0)
        else:
            self.busy.emit(f"No {what} well is left.")

    def exclude(self, reason: str) -> None:
        """Leave the well at hand out, or take it in again when there is no reason."""
        self._say_of_well("exclude_well" if reason else "include_well", reason)

    def mark_reviewed(self, done: bool) -> None:
        """Set the review status of the well at hand."""
        self._say_of_well("review", status="reviewed" if done else "open")

    def set_blinded(self, on: bool) -> None:
        """Hide wells and treatments and shuffle the wells, or show them again."""
        if self.source is not None:
            try:
                (blind if on else reveal)(self.source.review.root)
            except OSError as error:
                self.problem.emit(error_message(error))
                return
            self._arrange()
            self._load(next(iter(self._groups)), 0)
            self._timer.start()

    def after(self, change: Change | None) -> None:
        """Show what an edit changed; the plate and the comparison follow a moment later."""
        review = self.source.review if self.source else None
        if change is None or review is None or review.current is None:
            return
        self.canvas.show_cells(review.current.cells, change.cells, change.window)
        if change.nuclei:
            self.canvas.show_nuclei()
        self.correct.show_numbers(*review.summaries())
        self._timer.start()

    def idle(self) -> bool:
        """Return True when everything shown is up to date."""
        return not self._jobs.names() and not self._timer.isActive() and not self.canvas.busy()

    def stop(self) -> None:
        """Leave nothing running."""
        self._timer.stop()
        self._jobs.cancel()

    def close(self) -> None:
        """Leave nothing running and nothing connected."""
        self.stop()
        self.canvas.disconnect_from_viewer()

    def _say_of_well(self, kind: Any, reason: str = "", **more: Any) -> None:
        if self.source is None or self.source.review.current is None:
            return
        try:
            self.source.review.do_well(kind, reason, **more)
        except OsteoCountError as error:
            self.problem.emit(str(error))
        self._show_well()
        self._timer.start()

    def _reopen(self) -> None:
        """Change between the first and the second review."""
        self.open(*self._opened_from)

    def _sign(self, who: str) -> None:
        if self.source is not None:
            self.source.review.who = who.strip() or "unknown"

    def _on_opened(self, opened: OpenedResults) -> None:
        self.source = opened
        self._groups = {}
        self.learning.open(opened.review.root)
        for record in opened.review.records:
            self._groups.setdefault(record.well_key, []).append(record)
        if opened.note:
            self.problem.emit(opened.note)
        if not self._groups:
            self.problem.emit("No picture of this folder could be counted, so there is nothing to correct.")
            return
        self.plate.set_choices(sorted({plate for plate, _ in self._groups}), {"n_osteoclasts": "n osteoclasts"})
        self._arrange()
        self._load(next(iter(self._groups)), 0)
        self._timer.start()

    def _load(self, place: tuple[str, str], n: int) -> None:
        if self.source is None:
            return
        record = self._groups[place][n]
        self._start("load", partial(load_field, self.source, record), partial(self._on_loaded, place, n))

    def _on_loaded(self, place: tuple[str, str], n: int, loaded: LoadedField) -> None:
        if self.source is None:
            return
        if not self.source.review.holds(loaded.opened):  # it was corrected while it was read
            self._load(place, n)
            return
        self.canvas.show(loaded.shown, loaded.opened.field, loaded.sheet, partial(self._on_shown, place, n, loaded))

    def _on_shown(self, place: tuple[str, str], n: int, loaded: LoadedField) -> None:
        if self.source is None:
            return
        self._place = place
        review = self.source.review
        review.show(loaded.opened)
        if loaded.shown is not None and loaded.shown.overview is not None:
            fill = partial(fill_overview, loaded.shown.overview)
            self._start("fill", fill, self.canvas.refresh_picture, self.canvas.refresh_picture, quiet=True)
        self.correct.show_place(field_title(loaded.opened.record, self._hidden()))
        self.correct.set_open(True)
        self.correct.show_numbers(*review.summaries())
        self.actions.reset()
        self.actions.bind_keys()
        self._show_well(n)
        self.opened.emit()
        if loaded.note:
            self.problem.emit(loaded.note)

    def _arrange(self) -> None:
        """Put the wells in the order they are reviewed in."""
        root = self.source.review.root if self.source else Path()
        self._groups = {place: self._groups[place] for place in in_review_order(root, sorted(self._groups))}
        self.plate.show_blinded(is_blinded=is_blinded(root))

    def _hidden(self) -> str:
        """Return the number that stands for the well at hand while the review is blinded, else nothing."""
        if self.source is None or not is_blinded(self.source.review.root):
            return ""
        return f"well {list(self._groups).index(self._place) + 1} of {len(self._groups)}"

    def _show_well(self, n: int | None = None) -> None:
        if self.source is None:
            return
        review = self.source.review
        name = self._hidden()
        fields = tuple(record.field or (name or record.image) for record in self._groups[self._place])
        chosen = self.plate.fields.currentIndex() if n is None else n
        done = review.reviewed()
        self.plate.show_well(name or self._place[1], fields, chosen, review.excluded(), is_reviewed=self._place in done)
        self.plate.show_progress(len(done & set(self._groups)), len(self._groups))

    def _follow(self) -> None:
        if self.source is None:
            return
        if "draw" in self._jobs.names():
            self._again = True
            return
        endpoint, contrast, plot = self.compare.chosen()
        view = View(
            self.plate.plate.currentData() or "", self.plate.measure.currentData() or "n_osteoclasts",
            self.plate.percent.isChecked(), self.plate.figure.room(), endpoint, contrast, plot,
            self.compare.figure.room(),
        )  # fmt: skip
        self._start("draw", partial(draw_figures, self.source.review, view), self._on_drawn, quiet=True)

    def _on_drawn(self, figures: ReviewFigures) -> None:
        self.figures = figures
        self.plate.set_choices(sorted({plate for plate, _ in self._groups}), measures(figures.wells))
        self.plate.hints = figures.hints
        self.plate.show_plate(figures.plate, figures.plate_text)
        words = figures.words
        if figures.comparison is not None:
            table = figures.comparison.table
            endpoints = list(dict.fromkeys(table["endpoint"]))
            self.compare.set_choices(endpoints, list(dict.fromkeys(table["contrast"])))
            words = comparison_sentences(figures.comparison, *self.compare.chosen()[:2])
        self.compare.show_comparison(figures.effect, words)
        if self._again:
            self._again = False
            self._timer.start()

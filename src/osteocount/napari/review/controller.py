"""Controller of steps 3 and 4: connects a review session with its views and with the layers under review."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from osteocount.columns import PLATE_MAP
from osteocount.curate import Change
from osteocount.curate.review_order import blind, in_review_order, is_blinded, reveal
from osteocount.errors import OsteoCountError
from osteocount.io.run_record import FieldRecord
from osteocount.napari import preferences
from osteocount.napari.layers.layer_data import fill_levels
from osteocount.napari.layers.review_layers import ReviewLayers
from osteocount.napari.messages import error_message
from osteocount.napari.review.jobs import (
    FigureRequest,
    LoadedField,
    OpenedResults,
    ReviewFigures,
    comparison_sentences,
    draw_figures,
    export_comparison,
    load_field,
    measures,
    open_review,
    write_tables,
)
from osteocount.napari.review.session import ReviewSession, WellKey, field_title, next_wells
from osteocount.napari.review.tools import CorrectionTools
from osteocount.napari.review.training import TrainingController
from osteocount.napari.views.cells_view import CellsView
from osteocount.napari.views.compare_view import CompareView
from osteocount.napari.views.correct_view import CorrectView
from osteocount.napari.views.plate_view import PlateView
from osteocount.napari.worker import Jobs
from osteocount.pipeline import Outcome

FOLLOW_MS = 400
"""Plate and comparison follow this long after the last edit, so that several edits in a row are drawn once."""


class ReviewController(QObject):
    """A review in the window.

    Signals
    -------
    opened
        The result folder is open and its first picture is shown.
    noted
        What to know of the picture that was opened, in sentences; none: nothing.
    problem
        A sentence for the person.
    busy
        What is going on; empty: nothing.
    """

    opened = Signal()
    noted = Signal(tuple)
    problem = Signal(str)
    busy = Signal(str)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.correct, self.plate, self.compare = CorrectView(), PlateView(), CompareView()
        self.cells = CellsView()
        self.layers = ReviewLayers(viewer, self)
        self.tools = CorrectionTools(self.layers, self.correct.ask_reason, self)
        self.results: OpenedResults | None = None
        self.figures: ReviewFigures | None = None
        self._wells: dict[WellKey, list[FieldRecord]] = {}  # their pictures, in the order of the review
        self._here: WellKey = ("", "")
        self._jobs = Jobs(self)
        self._start = self._jobs.start
        self._draw_again = False
        self._opened_from: tuple[Path, Path | None] = (Path(), None)
        self.training = TrainingController(self._start, self)
        self.correct.who.setText(preferences.reviewer())
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FOLLOW_MS)
        self._timer.timeout.connect(self._draw)
        self._connect()

    @property
    def session(self) -> ReviewSession | None:
        """The corrections of the open results; None: nothing is open."""
        return None if self.results is None else self.results.session

    def _connect(self) -> None:
        self._jobs.busy.connect(self.busy)
        self._jobs.failed.connect(self.problem)
        self.correct.action.connect(self.tools.start)
        self.correct.second_review_toggled.connect(self._reopen)
        self.correct.who.textChanged.connect(self._sign)
        self.tools.edited.connect(self._on_edited)
        self.tools.hinted.connect(self.correct.show_selection)
        self.tools.problem.connect(self.problem)
        self.tools.selection_changed.connect(self.cells.select)
        self.tools.proposed.connect(self.correct.show_proposal)
        self.cells.chosen.connect(self._go_to_cells)
        self.plate.well_chosen.connect(self.go_to_well)
        self.plate.field_chosen.connect(lambda n: self._load(self._here, n))
        self.plate.next_requested.connect(self.go_to_next)
        self.plate.shown_changed.connect(self._timer.start)
        self.plate.excluded.connect(self.exclude)
        self.plate.reviewed.connect(self.mark_reviewed)
        self.plate.blinded.connect(self.set_blinded)
        self.training.changed.connect(self._timer.start)
        self.training.problem.connect(self.problem)
        self.compare.shown_changed.connect(self._timer.start)
        self.compare.export_requested.connect(self.export)

    def open(self, root: Path, pictures: Path | None) -> None:
        """Open a result folder."""
        who = self.correct.who.text().strip() or "unknown"
        self._start("open", partial(open_review, root, pictures, who, self.correct.second.isChecked()), self._on_opened)
        self._opened_from = (root, pictures)

    def write(self, then: Callable[[Outcome], None]) -> None:
        """Write tables and report with the corrections."""
        if self.session is not None:
            self._start("write", partial(write_tables, self.session), then)

    def export(self, folder: Path) -> None:
        """Write figures and tables of the comparison as they are now."""
        if self.figures is not None and self.figures.comparison is not None:
            done = f"Exported to {folder}"
            job = partial(export_comparison, self.figures, self.compare.chosen()[0], folder)
            self._start("export", job, lambda _: self.busy.emit(done))

    def go_to_well(self, well: str) -> None:
        """Open a well of the plate that is shown."""
        plate = self.plate.plate.currentData() or ""
        if (plate, well) in self._wells:
            self._load((plate, well), 0)

    def go_to_next(self, what: str) -> None:
        """Open the next well that is unreviewed, flagged, or has most borderline cells."""
        if self.session is None or self.figures is None:
            return
        waiting = next_wells(what, list(self._wells), self._here, self.session.reviewed(), self.figures.wells)
        if waiting:
            self._load(waiting[0], 0)
        else:
            self.busy.emit(f"No {what} well is left.")

    def exclude(self, reason: str) -> None:
        """Leave the well at hand out, or take it in again when there is no reason."""
        self._edit_well("exclude_well" if reason else "include_well", reason)

    def mark_reviewed(self, done: bool) -> None:
        """Set the review status of the well at hand."""
        self._edit_well("review", status="reviewed" if done else "open")

    def set_blinded(self, on: bool) -> None:
        """Hide wells and treatments and shuffle the wells, or show them again."""
        if self.session is None:
            return
        try:
            (blind if on else reveal)(self.session.root)
        except OSError as error:
            self.problem.emit(error_message(error))
            return
        self._order_wells()
        self._load(next(iter(self._wells)), 0)
        self._timer.start()

    def is_blinded(self) -> bool:
        """Tell whether wells and treatments are hidden."""
        return self.session is not None and is_blinded(self.session.root)

    def has_several(self) -> bool:
        """Tell whether there is more than one well or sample to go to."""
        return len(self._wells) > 1

    def idle(self) -> bool:
        """Return True when everything shown is up to date."""
        return not self._jobs.names() and not self._timer.isActive() and not self.layers.busy()

    def stop(self) -> None:
        """Leave nothing running."""
        self._timer.stop()
        self._jobs.cancel()

    def close(self) -> None:
        """Leave nothing running and nothing connected."""
        self.stop()
        for figure in (self.plate.figure, self.compare.figure):
            figure.close_large()
        self.layers.disconnect_from_viewer()

    def _edit_well(self, kind: Any, reason: str = "", **more: Any) -> None:
        if self.session is None or self.session.current is None:
            return
        try:
            self.session.do_well(kind, reason, **more)
        except OsteoCountError as error:
            self.problem.emit(str(error))
        self._show_well()
        self._timer.start()

    def _on_edited(self, change: Change) -> None:
        """Show what an edit changed; the plate and the comparison follow a moment later."""
        if self.session is None or self.session.current is None:
            return
        self.layers.show_cells(self.session.current.cells, change.cells, change.window)
        if change.nuclei:
            self.layers.show_nuclei()
        self.correct.show_numbers(*self.session.summaries())
        self.cells.show_cells(self.session.current.cells, self.tools.selected)
        self._timer.start()

    def _go_to_cells(self, cells: list[int]) -> None:
        """Select cells whose rows were clicked, and go to a single one."""
        self.tools.select(cells)
        if len(cells) == 1:
            self.layers.zoom_to(cells[0])

    def _reopen(self) -> None:
        """Change between the first and the second review."""
        self.open(*self._opened_from)

    def _sign(self, who: str) -> None:
        if self.session is not None:
            self.session.who = who.strip() or "unknown"

    def _on_opened(self, results: OpenedResults) -> None:
        self.results, self.tools.session = results, results.session
        self._wells = {}
        self.training.open(results.session.root)
        for record in results.session.records:
            self._wells.setdefault(record.well_key, []).append(record)
        if results.note:
            self.problem.emit(results.note)
        if not self._wells:
            self.problem.emit("No picture of this folder could be counted, so there is nothing to correct.")
            return
        self.plate.set_choices(self._plates(), {"n_osteoclasts": PLATE_MAP["n_osteoclasts"]})
        self.plate.show_plate(None, "Drawing the plate …")
        self.compare.show_comparison(None, "Comparing …")
        self.plate.set_samples(self._samples())
        self._order_wells()
        self._load(next(iter(self._wells)), 0)
        self._timer.start()

    def _samples(self) -> list[str]:
        """Return the wells of the plate that is shown."""
        plate = self.plate.plate.currentData() or ""
        return [well for of, well in self._wells if of == plate]

    def _plates(self) -> list[str]:
        return sorted({plate for plate, _ in self._wells})

    def _load(self, well: WellKey, n: int) -> None:
        """Open the ``n``-th picture of a well."""
        if self.results is not None:
            job = partial(load_field, self.results, self._wells[well][n])
            self._start("load", job, partial(self._on_loaded, well, n))

    def _on_loaded(self, well: WellKey, n: int, loaded: LoadedField) -> None:
        if self.session is None:
            return
        if not self.session.holds(loaded.opened):  # it was corrected while it was read
            self._load(well, n)
            return
        then = partial(self._on_shown, well, n, loaded)
        self.layers.show(loaded.picture, loaded.opened.field, loaded.outlines, then)

    def _on_shown(self, well: WellKey, n: int, loaded: LoadedField) -> None:
        if self.session is None:
            return
        self._here = well
        self.session.show(loaded.opened)
        if loaded.picture is not None and loaded.picture.unfilled is not None:
            fill = partial(fill_levels, loaded.picture.unfilled)
            self._start("fill", fill, self.layers.refresh_picture, self.layers.refresh_picture, quiet=True)
        self.correct.show_title(field_title(loaded.opened.record, self._blinded_name()))
        self.correct.set_open(True)
        self.correct.show_numbers(*self.session.summaries())
        self.tools.reset()
        self.tools.bind_keys()
        self.cells.show_cells(loaded.opened.cells, ())
        self._show_well(n)
        self.opened.emit()
        self.noted.emit(loaded.opened.record.qc_reasons)
        if loaded.note:
            hidden = self._blinded_name()
            self.problem.emit(loaded.note.replace(loaded.opened.image, hidden) if hidden else loaded.note)

    def _order_wells(self) -> None:
        """Put the wells in the order they are reviewed in."""
        root = self.session.root if self.session else Path()
        self._wells = {key: self._wells[key] for key in in_review_order(root, sorted(self._wells))}
        self.plate.show_blinded(is_blinded=is_blinded(root))

    def _blinded_name(self) -> str:
        """Return the number that stands for the well at hand while the review is blinded, else nothing."""
        if not self.is_blinded():
            return ""
        return f"well {list(self._wells).index(self._here) + 1} of {len(self._wells)}"

    def _show_well(self, n: int | None = None) -> None:
        if self.session is None:
            return
        name = self._blinded_name()
        fields = tuple(record.field or (name or record.image) for record in self._wells[self._here])
        chosen = self.plate.fields.currentIndex() if n is None else n
        done = self.session.reviewed()
        excluded = self.session.excluded()
        self.plate.show_well(name or self._here[1], fields, chosen, excluded, is_reviewed=self._here in done)
        self.plate.show_progress(len(done & set(self._wells)), len(self._wells))

    def _draw(self) -> None:
        """Draw plate and comparison anew, after the drawing that is going on."""
        if self.session is None:
            return
        if "draw" in self._jobs.names():
            self._draw_again = True
            return
        endpoint, contrast, plot = self.compare.chosen()
        wanted = FigureRequest(
            self.plate.plate.currentData() or "", self.plate.measure.currentData() or "n_osteoclasts",
            self.plate.percent.isChecked(), self.plate.figure.figure_size(), endpoint, contrast, plot,
            self.compare.figure.figure_size(),
        )  # fmt: skip
        self._start("draw", partial(draw_figures, self.session, wanted), self._on_drawn, quiet=True)

    def _on_drawn(self, figures: ReviewFigures) -> None:
        self.figures = figures
        self.plate.set_choices(self._plates(), measures(figures.wells))
        self.plate.set_samples(self._samples())
        self.plate.hints = figures.hints
        self.plate.samples.show_values(self.plate.measure.currentText(), figures.values)
        self.plate.show_plate(figures.plate, figures.plate_text)
        words = figures.words
        if figures.comparison is not None:
            table = figures.comparison.table
            endpoints = list(dict.fromkeys(table["endpoint"]))
            self.compare.set_choices(endpoints, list(dict.fromkeys(table["contrast"])))
            words = comparison_sentences(figures.comparison, *self.compare.chosen()[:2])
        self.compare.show_comparison(figures.effect, words)
        if self._draw_again:
            self._draw_again = False
            self._timer.start()

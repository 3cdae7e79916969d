"""The dock widget: four numbered steps, and what connects their views with the layers and the counting."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import (
    QApplication,
    QDockWidget,
    QFrame,
    QMainWindow,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from osteocount.errors import OsteoCountError
from osteocount.io.display import NUCLEUS
from osteocount.io.files import atomic_write
from osteocount.io.multi_image import is_zarr
from osteocount.io.result_folder import RUN_RECORD
from osteocount.napari import preferences
from osteocount.napari.counting import CountPreview, LayerCount, count_folder, count_layer
from osteocount.napari.layers.appearance import cell_legend, palette_for
from osteocount.napari.layers.viewer_layers import ViewerLayers
from osteocount.napari.review.controller import ReviewController
from osteocount.napari.views.count_view import NumbersView, RunView, WellsView, first_few, osteoclast_rule
from osteocount.napari.views.settings_view import SettingsView
from osteocount.napari.views.source_view import SourceView
from osteocount.napari.views.widgets import CollapsibleSection, LegendView, MessageView, button, column, plain_label
from osteocount.napari.worker import JobFunction, Jobs
from osteocount.pipeline import Outcome, Progress
from osteocount.settings import Settings

if TYPE_CHECKING:
    import napari.viewer

MINIMUM_WIDTH = 345
OPEN, COUNT, CORRECT, COMPARE = range(4)
_HEIGHTS = (520, 180)  # of the dock and of what lies below it; Qt keeps the proportion.
# With it a plate has the 300 pixels that its letters need in a window of 1280 × 800 (tests hold that).
_TAKEN_OVER = "Another OsteoCount dock works on this viewer now; close this one."
_at_work: WeakSet[OsteoCountDock] = WeakSet()


class OsteoCountDock(QWidget):
    """Open, count, correct, compare. One at a time works on a viewer: a new one ends the one before."""

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Plugins are given a proxy that makes layers into proxies too, anew each time: none could be told from another.
        viewer = self._viewer = getattr(viewer, "__wrapped__", viewer)
        for earlier in [dock for dock in _at_work if dock._viewer is self._viewer]:
            earlier.end(_TAKEN_OVER)
        _at_work.add(self)
        self.layers = ViewerLayers(viewer, self)
        self.source = SourceView()
        self.settings = SettingsView()
        self.run = RunView()
        self.message = MessageView()
        self.numbers = NumbersView()
        self.legend = LegendView()
        self.wells = WellsView()
        self.review = ReviewController(viewer, self)
        self._window = getattr(viewer, "window", None)
        self._plate: Any = None
        self._jobs = Jobs(self)
        self._is_counting = False  # until the result is shown
        self._counted_with = Settings()
        self._counted_source: Path | None = None
        self._lay_out()
        self._connect()
        QApplication.instance().aboutToQuit.connect(self.stop)
        start_with = preferences.settings_file()
        if start_with is not None:
            self.load_settings(start_with)

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802  Qt's name
        """Leave no count running and nothing connected."""
        self.end()
        super().closeEvent(event)

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802  Qt's name
        """End when the dock's × is pressed: napari closes no widget then, it takes it out of its dock."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parentWidget() is None:
            self.end()

    def end(self, why: str = "") -> None:
        """Leave no count running and nothing connected, once and for all; the layers stay as they are."""
        if self not in _at_work:
            return
        _at_work.discard(self)
        self._cancel()
        self._jobs.cancel()
        self.review.close()
        self.layers.disconnect_from_viewer()
        QApplication.instance().aboutToQuit.disconnect(self.stop)
        self.setEnabled(False)
        self.state.setText(why)
        if self._window is not None and self._plate_is_docked():
            self._window.remove_dock_widget(self.review.plate)

    def stop(self) -> None:
        """Let nothing run on, so that napari can end at once."""
        self._cancel()
        self.review.stop()

    def _lay_out(self) -> None:
        self.setMinimumWidth(MINIMUM_WIDTH)
        self.review_message, self.review_legend = MessageView(), LegendView()
        self.save = button(
            "Save tables and report",
            "Corrections are saved one by one as you make them. This writes tables and report anew with all of them.",
            lambda: self.review.write(self._show_saved),
        )
        self.show_plate = button(
            "Show the plate", "Bring the plate to the front, on the left of the picture", self._raise_plate
        )
        self.steps = QTabWidget()
        self.pages = [
            self._page("1 Open", self.source),
            self._page("2 Count", CollapsibleSection("Settings", self.settings), self.run, self.message, self.numbers,
                       self.legend, self.wells),
            self._page("3 Correct", self.review.correct, self.review.training.view, self.review_message,
                       self.review_legend),
            self._page("4 Compare", self.review.compare, self.show_plate, self.save, stretches=True),
        ]  # fmt: skip
        self.state = plain_label()
        self._show_parts()
        column(self, self.steps, self.state).setStretchFactor(self.steps, 1)

    def _page(self, title: str, *parts: QWidget, stretches: bool = False) -> QScrollArea:
        panel = QWidget()
        layout = QVBoxLayout(panel)
        layout.setSpacing(6)
        for part in parts:
            layout.addWidget(part, stretch=int(stretches and part is parts[0]))
        if not stretches:
            layout.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(panel)
        self.steps.addTab(scroll, title)
        return scroll

    def _connect(self) -> None:
        self.layers.images_changed.connect(self.source.set_layers)
        self.layers.problem.connect(self._show_problem)
        self.source.layer_chosen.connect(self.layers.select)
        self.settings.load_requested.connect(self.load_settings)
        self.settings.save_requested.connect(self.save_settings)
        self._jobs.failed.connect(self._on_failed)
        self.run.count_requested.connect(self.count)
        self.run.cancel_requested.connect(self._cancel)
        self.source.open_requested.connect(self.open_picture)
        self.source.results_requested.connect(self.open_results)
        self.source.count_requested.connect(lambda: self.steps.setCurrentIndex(COUNT))
        self.review.problem.connect(self.review_message.show_problem)
        self.review.busy.connect(self.state.setText)
        self.review.opened.connect(self._show_review)
        for each in (self.show_plate, self.save):
            each.setEnabled(False)
        self.layers.announce()

    def open_picture(self, path: Path) -> None:
        """Open a picture file, a large one as a pyramid."""
        try:
            self.layers.open(path)
        except OsteoCountError as error:
            self._show_problem(str(error))

    def take(self, path: Path) -> None:
        """Open what was dropped on the window or named to the program: results, a folder of pictures, or a picture."""
        if not path.exists():
            self._show_problem(f"{path}: there is no such file or folder.")
        elif path.is_dir() and not is_zarr(path):
            self.source.show_path(path)
            self.steps.setCurrentIndex(OPEN)
            if (path / RUN_RECORD).is_file():
                self.open_results()
        else:
            self.open_picture(path)

    def open_results(self) -> None:
        """Open the results of an earlier count, to correct and compare them."""
        try:
            results, pictures = self.source.earlier_results()
        except OsteoCountError as error:
            self._show_problem(str(error))
            return
        self.steps.setCurrentIndex(CORRECT)
        self.open_review(results, pictures)

    def open_review(self, results: Path, pictures: Path | None) -> None:
        """Open a result folder for correcting."""
        self.review_message.show_notes(())
        self.review.open(results, pictures)

    def count(self) -> None:
        """Count what is chosen, in a thread of its own."""
        if self._is_counting:
            return
        try:
            settings = self.settings.settings()
            job = self._job_for(settings)
        except OsteoCountError as error:
            self.message.show_problem(str(error))
            return
        self._counted_with = settings
        self.message.show_notes(())
        self._show_parts()  # the numbers of an earlier count are not those of this one
        self.run.show_running()
        self._is_counting = True
        self._jobs.start("count", job, self._on_counted, self._on_progress, quiet=True)

    def load_settings(self, path: Path) -> None:
        """Show the settings of a file; a file that is wrong changes nothing."""
        try:
            self.settings.set_settings(Settings.from_file(path))
        except OsteoCountError as error:
            self.message.show_problem(str(error))
            return
        self.run.show_idle(f"Settings read from {path.name}")

    def save_settings(self, path: Path) -> None:
        """Write the settings shown to a file that the command takes too."""
        try:
            with atomic_write(path) as part:
                part.write_text(self.settings.settings().to_toml(), encoding="utf-8")
        except OsteoCountError as error:
            self.message.show_problem(str(error))
        else:
            self.run.show_idle(f"Settings saved in {path.name}")

    def _show_review(self) -> None:
        """Show the plate beside the picture, the first time there is something to show."""
        for each in (self.show_plate, self.save):
            each.setEnabled(True)
        self.review_legend.show_entries(*self.review.layers.legend())
        self.review_message.show_notes(())
        if self._plate is None:
            self._raise_plate()

    def _plate_is_docked(self) -> bool:
        """Tell whether the plate has a dock; its × takes it out of it."""
        return self._window is not None and self.review.plate.parentWidget() is not None

    def _raise_plate(self) -> None:
        if self._window is None:
            return
        if not self._plate_is_docked():
            self._plate = self._window.add_dock_widget(self.review.plate, name="Plate", area="left")
            tabify_with_layer_controls(self.review.plate)
        self._plate.show()
        self._plate.raise_()

    def _show_saved(self, outcome: Outcome) -> None:
        self.state.setText(f"Tables and report are in {outcome.folder}")

    def _show_problem(self, text: str) -> None:
        self.steps.setCurrentIndex(COUNT)
        self.message.show_problem(text)

    def _job_for(self, settings: Settings) -> JobFunction:
        if self.source.wants_folder():
            request = self.source.folder(settings)
            self._counted_source = request.source
            return partial(count_folder, request)
        return partial(count_layer, self.layers.picture(self.source.layer()), settings)

    def _cancel(self) -> None:
        if self._is_counting:
            self._jobs.cancel()
            self._is_counting = False
            self.layers.remove_preview()
            self.run.show_idle("Cancelled. Nothing was changed in the viewer.")

    def _on_progress(self, step: Progress | CountPreview) -> None:
        if isinstance(step, CountPreview):
            self.layers.show_preview(step)
        self.run.show_step(step.done, step.total, step.message)

    def _on_failed(self, text: str) -> None:
        self._is_counting = False
        self.layers.remove_preview()
        self.run.show_idle()
        self.message.show_problem(text)

    def _on_counted(self, end: LayerCount | Outcome) -> None:
        if isinstance(end, Outcome):
            self._show_folder(end)
        else:
            self._show_layer(end)

    def _show_layer(self, count: LayerCount) -> None:
        try:
            self.layers.show_count(count, partial(self._on_layer_shown, count))
        except OsteoCountError as error:
            self._on_failed(str(error))

    def _on_layer_shown(self, count: LayerCount) -> None:
        self._is_counting = False
        result, segmentation = count.result, count.result.segmentation
        rule = osteoclast_rule(self._counted_with, resolved=segmentation.nuclei_resolved)
        self.numbers.show_numbers(result.summary, rule)
        self.message.show_notes(result.warnings)
        nucleus = (NUCLEUS, "nucleus (grey: in no TRAP-positive cell)")
        self.legend.show_entries(*cell_legend(palette_for(segmentation.regime)), nucleus)
        self.run.show_idle(f"Counted {count.layer}")
        self._show_parts(self.numbers, self.legend)

    def _show_folder(self, outcome: Outcome) -> None:
        self._is_counting = False
        self.wells.show_wells(outcome.wells, outcome.folder, outcome.warnings)
        self.message.show_notes(first_few(outcome.bad_wells))
        self.run.show_idle(f"Results are in {outcome.folder}")
        self._show_parts(self.wells)
        self.open_review(outcome.folder, self._counted_source)

    def _show_parts(self, *parts: QWidget) -> None:
        for part in (self.numbers, self.legend, self.wells):
            part.setVisible(part in parts)


def tabify_with_layer_controls(widget: QWidget) -> None:
    """Lay the dock of a widget over the layer controls, which a review does not need; a tab brings them back."""
    own, window = _ancestor(widget, QDockWidget), _ancestor(widget, QMainWindow)
    left = [] if window is None else _left_docks(window)
    controls = [dock for dock in left if dock.objectName() == "layer controls"]
    if own is None or window is None or not controls:
        return
    window.tabifyDockWidget(controls[0], own)
    below = [dock for dock in left if dock not in (controls[0], own)]
    window.resizeDocks([own, *below], [_HEIGHTS[0], *[_HEIGHTS[1]] * len(below)], Qt.Orientation.Vertical)


def _ancestor(widget: QWidget, of_type: type) -> Any:
    """Return the nearest widget of a type that this one lies in; napari gives no other way to its docks."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, of_type):
        parent = parent.parentWidget()
    return parent


def _left_docks(window: QMainWindow) -> list[QDockWidget]:
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    return [dock for dock in window.findChildren(QDockWidget) if window.dockWidgetArea(dock) == left]

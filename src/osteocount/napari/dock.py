"""The dock widget: four numbered steps, and what connects their views with the layers and the counting."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QScrollArea, QTabWidget, QToolButton, QWidget

from osteocount.errors import OsteoCountError
from osteocount.io.display import NUCLEUS
from osteocount.io.files import atomic_write
from osteocount.io.multi_image import is_zarr
from osteocount.io.result_folder import RUN_RECORD
from osteocount.napari import preferences, recent
from osteocount.napari.counting import CountPreview, LayerCount, LayerSnapshot, count_layer
from osteocount.napari.dock_areas import DockAreas
from osteocount.napari.dry_run import look_at_folder, look_at_layer
from osteocount.napari.fine_tuning import FineTuningController
from osteocount.napari.folder_count import count_folder
from osteocount.napari.guide import HEADINGS, guide_file
from osteocount.napari.layers.appearance import cell_legend, palette_for
from osteocount.napari.layers.viewer_layers import ViewerLayers
from osteocount.napari.review.controller import ReviewController
from osteocount.napari.sample_plate import make_sample_plate
from osteocount.napari.save_count import SavedCount, save_count
from osteocount.napari.treatments import TreatmentsController
from osteocount.napari.views.count_view import NumbersView, RunView, WellsView, first_few, osteoclast_rule
from osteocount.napari.views.dry_run_view import DryRunView, pictures_in_words, treatments_in_words
from osteocount.napari.views.guide_view import GuideView
from osteocount.napari.views.save_view import SaveView
from osteocount.napari.views.settings_view import SettingsView
from osteocount.napari.views.source_view import SourceView
from osteocount.napari.views.widgets import (
    CollapsibleSection,
    LegendView,
    MessageView,
    button,
    column,
    plain_label,
    scrolling,
)
from osteocount.napari.worker import JobFunction, Jobs
from osteocount.pipeline import Outcome, Progress
from osteocount.pipeline.dry_run import DryRun, PictureDryRun
from osteocount.settings import Settings

if TYPE_CHECKING:
    import napari.viewer

MINIMUM_WIDTH = 345
OPEN, COUNT, CORRECT, COMPARE = range(4)
TIFF_FILTER = "TIFF (*.tif)"
WRITING = "Comparing, and writing tables and report"
LOOK_MS = 600
"""It is looked what would be counted this long after the last change of what is chosen."""
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
        self.dry_run = DryRunView()
        self.review = ReviewController(viewer, self)
        self.treatments = TreatmentsController(self)
        self.docks = DockAreas(getattr(viewer, "window", None))
        self._guide: GuideView | None = None
        self._jobs = Jobs(self)
        self.fine_tuning = FineTuningController(self._jobs, self.settings.settings, self)
        self._looking = QTimer(self)
        self._looking.setSingleShot(True)
        self._looking.setInterval(LOOK_MS)
        self._looking.timeout.connect(self._look)
        self._is_counting = False  # until the result is shown
        self._was_plate_shown = False
        self._counted_with = Settings()
        self._counted_source: Path | None = None
        self._counted_layer: LayerSnapshot | None = None
        self._counted_file: Path | None = None  # that was read in its place
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
        self._looking.stop()
        self._jobs.cancel()
        self.treatments.stop()
        self.review.close()
        self.layers.disconnect_from_viewer()
        QApplication.instance().aboutToQuit.disconnect(self.stop)
        self.setEnabled(False)
        self.state.setText(why)
        self.docks.remove(self.review.plate, self.review.cells, self.treatments.view)
        if self._guide is not None:
            self._guide.close()

    def stop(self) -> None:
        """Let nothing run on, so that napari can end at once."""
        self._cancel()
        self._looking.stop()
        self.treatments.stop()
        self.review.stop()

    def _lay_out(self) -> None:
        self.setMinimumWidth(MINIMUM_WIDTH)
        self.review_message, self.review_legend = MessageView(), LegendView()
        self.saves = SaveView(), SaveView()  # in steps 3 and 4
        self.show_plate = button(
            "Show the plate", "Bring the plate to the front, on the left of the picture", self._raise_plate
        )
        self.keep = button(
            "Save and correct", "Write its results beside the picture, and go on to step 3 to correct and export them",
            self.save_count,
        )  # fmt: skip
        self.show_cells = button(
            "Table of cells", "All cells of this picture below it: sort them, go to them, copy them",
            lambda: self.docks.show(self.review.cells, "Cells", "bottom"),
        )  # fmt: skip
        lessons = QWidget()
        column(lessons, self.review.training.view, self.fine_tuning.view)
        self.teaching = CollapsibleSection("Teach it your stain (Train, Fine-tune)", lessons)
        self.steps = QTabWidget()
        self.steps.setCornerWidget(self._help_button())
        self.pages = [
            self._page("1 Open", self.source),
            self._page("2 Count", self.dry_run, CollapsibleSection("Settings", self.settings), self.run, self.message,
                       self.numbers, self.keep, self.legend, self.wells),
            self._page("3 Correct", self.review_message, self.review.correct, self.show_cells, self.saves[0],
                       self.teaching, self.review_legend),
            self._page("4 Compare", self.review.compare, self.show_plate, self.saves[1], stretches=True),
        ]  # fmt: skip
        self.state = plain_label()
        self._show_parts()
        column(self, self.steps, self.state).setStretchFactor(self.steps, 1)

    def _page(self, title: str, *parts: QWidget, stretches: bool = False) -> QScrollArea:
        page = scrolling(*parts, stretches=stretches)
        self.steps.addTab(page, title)
        return page

    def _help_button(self) -> QToolButton:
        made = QToolButton()
        made.setText("?")
        made.setToolTip("Open the guide at this step")
        made.clicked.connect(self.show_guide)
        return made

    def _connect(self) -> None:
        self.layers.images_changed.connect(self.source.set_layers)
        self.layers.problem.connect(self._show_problem)
        self.source.layer_chosen.connect(self.layers.select)
        self.settings.load_requested.connect(self.load_settings)
        self.settings.save_requested.connect(self.save_settings)
        self._jobs.failed.connect(self._on_failed)
        self.run.count_requested.connect(self.count)
        self.run.cancel_requested.connect(self._cancel)
        self.source.dropped.connect(self.take)
        self.source.sample_requested.connect(self.open_sample_plate)
        self.source.table_requested.connect(self.edit_treatments)
        self.source.changed.connect(self._looking.start)
        self.steps.currentChanged.connect(self._looking.start)
        self.settings.changed.connect(self._looking.start)
        self.settings.changed.connect(self._show_pixel_size)
        self.dry_run.pixel_size_typed.connect(self.settings.type_pixel_size)
        self.treatments.opened.connect(self._show_treatments)
        self.treatments.saved.connect(self._use_treatments)
        self.treatments.problem.connect(self._show_source_problem)
        self.fine_tuning.used.connect(self.settings.use_model)
        self.source.results_requested.connect(self.open_results)
        self.source.count_requested.connect(lambda: self.steps.setCurrentIndex(COUNT))
        self.review.problem.connect(self.review_message.show_problem)
        self.review.busy.connect(self.state.setText)
        self.review.noted.connect(self.review_message.show_notes)
        self.review.opened.connect(self._show_review)
        for view in self.saves:
            view.save_requested.connect(lambda: self.review.write(self._show_saved))
        for each in (self.show_plate, self.show_cells):
            each.setEnabled(False)
        self.source.drop.show_recent(recent.recent())
        self.layers.announce()

    def open_picture(self, path: Path) -> None:
        """Open a picture file, a large one as a pyramid."""
        try:
            self.layers.open(path)
        except OsteoCountError as error:
            self._show_problem(str(error))
            return
        self.source.of_layer.setChecked(True)
        self._remember(path)

    def take(self, path: Path) -> None:
        """Open what was dropped on the window or named to the program: results, a folder of pictures, or a picture."""
        if not path.exists():
            self._show_problem(f"{path}: there is no such file or folder.")
        elif path.is_dir() and not is_zarr(path):
            self.source.show_path(path)
            self.steps.setCurrentIndex(OPEN)
            self._remember(path)
            if (path / RUN_RECORD).is_file():
                self.open_results()
        else:
            self.open_picture(path)

    def open_sample_plate(self) -> None:
        """Open a simulated plate to try everything on."""
        self._jobs.start(
            "sample", make_sample_plate, self._take_sample, lambda at: self.state.setText(at.message),
            failed=self._show_source_problem, quiet=True,
        )  # fmt: skip

    def edit_treatments(self) -> None:
        """Make or edit the table of what was done to each well or picture."""
        try:
            request = self.source.folder(Settings())
        except OsteoCountError as error:
            self._show_source_problem(str(error))
            return
        self.treatments.open(request.source, request.layout)

    def show_guide(self) -> None:
        """Open the guide at the step at hand."""
        file = guide_file()
        if file is None:
            self.state.setText("The guide is not installed here.")
            return
        self._guide = self._guide or GuideView()
        self._guide.show_at(file, HEADINGS[self.steps.currentIndex()])

    def save_count(self) -> None:
        """Keep the count of a single picture as a result folder, and go on to correct it."""
        layer = self._counted_layer
        if layer is None or self._is_counting:
            return
        path = None if layer.scene else self._counted_file
        if path is None:
            name, _ = QFileDialog.getSaveFileName(self, "Where to keep this picture", f"{layer.name}.tif", TIFF_FILTER)
            if not name:
                return
            path = Path(name) if name.lower().endswith((".tif", ".tiff")) else Path(f"{name}.tif")
        self.run.show_running()
        self._is_counting = True
        job = partial(save_count, layer, self._counted_with, path)
        self._jobs.start("count", job, self._on_saved, self._on_progress, quiet=True)

    def open_results(self) -> None:
        """Open the results of an earlier count, to correct and compare them."""
        try:
            results, pictures = self.source.earlier_results()
        except OsteoCountError as error:
            self._show_problem(str(error))
            return
        self.steps.setCurrentIndex(CORRECT)
        self._remember(results)
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
        if self._looking.isActive():  # what is said above must be of what is counted now
            self._looking.stop()
            self._look()
        self._counted_with = settings
        self.docks.remove(self.treatments.view)  # it is saved; what comes now needs its room
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
        for each in (self.show_plate, self.show_cells):
            each.setEnabled(True)
        if self.review.session is not None:
            self._offer_report(self.review.session.root)
        self.review_legend.show_entries(*self.review.layers.legend())
        if not self._was_plate_shown and self.review.has_several():
            self._was_plate_shown = True
            self._raise_plate()

    def _raise_plate(self) -> None:
        self.docks.show(self.review.plate, "Plate", "left")

    def _show_saved(self, outcome: Outcome) -> None:
        self.state.setText(f"Tables and report are in {outcome.folder}")
        self._offer_report(outcome.folder)

    def _offer_report(self, folder: Path) -> None:
        for view in self.saves:
            view.show_folder(folder, is_blinded=self.review.is_blinded())

    def _show_source_problem(self, text: str) -> None:
        self.steps.setCurrentIndex(OPEN)
        self.source.show_problem(text)

    def _remember(self, path: Path) -> None:
        recent.remember(path.absolute())
        self.source.drop.show_recent(recent.recent())

    def _take_sample(self, folder: Path) -> None:
        self.state.setText("")
        self.take(folder)

    def _show_treatments(self) -> None:
        self.docks.show(self.treatments.view, "Treatments", "bottom", is_wide=True)

    def _use_treatments(self, path: Path) -> None:
        self.source.plate_layout.edit.setText(str(path))
        self._looking.start()

    def _show_pixel_size(self) -> None:
        self.dry_run.show_pixel_size(self.settings.pixel_size_text())

    def _look(self) -> None:
        """See what would be counted, in a worker, while step 1 or 2 is on the screen."""
        step = self.steps.currentIndex()
        if self._is_counting or step not in (OPEN, COUNT) or (step == OPEN and not self.source.wants_folder()):
            return
        try:
            settings = self.settings.settings()
            if self.source.wants_folder():
                job: JobFunction = partial(look_at_folder, self.source.folder(settings))
            else:
                job = partial(look_at_layer, self.layers.snapshot(self.source.layer()), settings)
        except OsteoCountError as error:
            self._show_no_dry_run(str(error) if self.source.wants_folder() and self.source.pictures.path() else "")
            return
        self.dry_run.show_waiting()
        self._jobs.start("look", job, self._show_dry_run, quiet=True, failed=self._show_no_dry_run)

    def _show_dry_run(self, dry_run: DryRun | PictureDryRun) -> None:
        if isinstance(dry_run, PictureDryRun):
            self.dry_run.show_picture(dry_run)
            return
        self.dry_run.show_folder(dry_run)
        self.source.show_findings(f"{pictures_in_words(dry_run)}; {treatments_in_words(dry_run)}.", dry_run.notes)

    def _show_no_dry_run(self, text: str) -> None:
        self.dry_run.show_nothing(text)
        if text:
            self.source.show_problem(text)
        else:
            self.source.show_findings("")

    def _show_problem(self, text: str) -> None:
        self.steps.setCurrentIndex(COUNT)
        self.message.show_problem(text)

    def _job_for(self, settings: Settings) -> JobFunction:
        if self.source.wants_folder():
            request = self.source.folder(settings)
            if self.treatments.is_unsaved(request.source):
                raise OsteoCountError(
                    "The table of treatments has changes that are not saved; press “Save and use” in it."
                )
            self._counted_source, self._counted_layer = request.source, None
            return partial(count_folder, request)
        self._counted_layer = self.layers.picture(self.source.layer())
        return partial(count_layer, self._counted_layer, settings)

    def _cancel(self) -> None:
        if not self._is_counting:
            return
        self._jobs.cancel()
        self._is_counting = False
        self.layers.remove_preview()
        if self._counted_layer is not None:
            self.run.show_idle("Cancelled. Nothing was changed in the viewer.")
            return
        self.source.if_present.setCurrentIndex(self.source.if_present.findData("resume"))
        self.run.show_idle("Cancelled. Finished pictures stay finished; Count goes on from there.")

    def _on_progress(self, step: Progress | CountPreview) -> None:
        if isinstance(step, CountPreview):
            self.layers.show_preview(step)
            self.run.show_step(step.done, step.total, step.message, "tiles")
            return
        if self._counted_layer is not None:
            self.run.show_step(step.done, step.total, step.message)
            return
        is_counted = 0 < step.total == step.done
        self.run.show_step(step.done, step.total, WRITING if is_counted else step.message, "pictures")

    def _on_failed(self, text: str) -> None:
        self._is_counting = False
        self._looking.start()
        self.layers.remove_preview()
        self.run.show_idle()
        self.message.show_problem(text)

    def _on_saved(self, saved: SavedCount) -> None:
        self._is_counting = False
        self.run.show_idle(f"Results are in {saved.outcome.folder}")
        self.steps.setCurrentIndex(CORRECT)
        self._remember(saved.outcome.folder)
        self.open_review(saved.outcome.folder, saved.picture)

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
        self._counted_file = count.file
        result, segmentation = count.result, count.result.segmentation
        rule = osteoclast_rule(self._counted_with, resolved=segmentation.nuclei_resolved)
        self.numbers.show_numbers(result.summary, rule)
        self.message.show_notes(result.warnings)
        nucleus = (NUCLEUS, "nucleus (grey: in no TRAP-positive cell)")
        self.legend.show_entries(*cell_legend(palette_for(segmentation.regime)), nucleus)
        self.run.show_idle(f"Counted {count.layer}")
        self._looking.start()
        self._show_parts(self.numbers, self.keep, self.legend)

    def _show_folder(self, outcome: Outcome) -> None:
        self._is_counting = False
        self.wells.show_wells(outcome.wells, outcome.folder, outcome.warnings)
        self.message.show_notes(first_few(outcome.bad_wells))
        self.run.show_idle(f"Results are in {outcome.folder}")
        self._show_parts(self.wells)
        self._remember(outcome.folder)
        self.open_review(outcome.folder, self._counted_source)

    def _show_parts(self, *parts: QWidget) -> None:
        for part in (self.numbers, self.keep, self.legend, self.wells):
            part.setVisible(part in parts)

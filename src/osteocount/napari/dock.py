"""The dock: builds the views, and connects them with the layers and the counting. No view knows another."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from osteocount.errors import OsteoCountError
from osteocount.napari.fold import Fold
from osteocount.napari.jobs import LayerCount, count_folder, count_layer
from osteocount.napari.layers import NUCLEUS, ViewerLayers, palette_of
from osteocount.napari.result_view import LegendView, MessageView, NumbersView, WellsView
from osteocount.napari.run_view import RunView
from osteocount.napari.settings_view import SettingsView
from osteocount.napari.source_view import SourceView
from osteocount.napari.worker import Job, JobFunction
from osteocount.pipeline import FieldResult, Outcome, Progress
from osteocount.settings import Settings

if TYPE_CHECKING:
    import napari.viewer

MINIMUM_WIDTH = 330
MOST_NOTES = 5


class OsteoCountDock(QWidget):
    """Open, count, read the numbers."""

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layers = ViewerLayers(viewer, self)
        self.source = SourceView()
        self.settings = SettingsView()
        self.run = RunView()
        self.message = MessageView()
        self.numbers = NumbersView()
        self.legend = LegendView()
        self.wells = WellsView()
        self._job: Job | None = None
        self._counted_with = Settings()
        self._lay_out()
        self._connect()

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802  Qt's name
        """Leave no count behind."""
        self._cancel()
        self.layers.disconnect_from_viewer()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        self.setMinimumWidth(MINIMUM_WIDTH)
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setSpacing(6)
        for part in (
            _heading("1  Open"), self.source,
            _heading("2  Count"), Fold("Settings", self.settings), self.run, self.message,
            _heading("3  Result"), self.numbers, self.legend, self.wells,
        ):  # fmt: skip
            column.addWidget(part)
        column.addStretch()
        self._show_parts()
        self.scroll = QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setWidget(panel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.scroll)

    def _connect(self) -> None:
        self.layers.images_changed.connect(self.source.set_layers)
        self.source.layer_chosen.connect(self.layers.select)
        self.settings.load_requested.connect(self.load_settings)
        self.settings.save_requested.connect(self.save_settings)
        self.run.count_requested.connect(self.count)
        self.run.cancel_requested.connect(self._cancel)
        self.layers.announce()

    def count(self) -> None:
        """Count what is chosen, in a thread of its own."""
        if self._job is not None:
            return
        try:
            settings = self.settings.settings()
            job = self._prepare(settings)
        except OsteoCountError as error:
            self.message.show_problem(str(error))
            return
        self._counted_with = settings
        self.message.show_notes(())
        self.run.show_running()
        self._job = Job(job)
        self._job.progressed.connect(self._show_step)
        self._job.finished.connect(self._show_end)
        self._job.failed.connect(self._show_failure)
        self._job.start()

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
            text = self.settings.settings().to_toml()
            path.write_text(text, encoding="utf-8")
        except OsteoCountError as error:
            self.message.show_problem(str(error))
        except OSError as error:
            self.message.show_problem(f"{path}: the settings cannot be written ({error.strerror}).")
        else:
            self.run.show_idle(f"Settings saved in {path.name}")

    def _prepare(self, settings: Settings) -> JobFunction:
        if self.source.wants_folder():
            return partial(count_folder, self.source.folder(), settings)
        return partial(count_layer, self.layers.picture(self.source.layer()), settings)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self.run.show_idle("Cancelled. Nothing was changed in the viewer.")

    def _show_step(self, step: Progress) -> None:
        self.run.show_step(step.done, step.total, step.message)

    def _show_failure(self, text: str) -> None:
        self._job = None
        self.run.show_idle()
        self.message.show_problem(text)

    def _show_end(self, end: LayerCount | Outcome) -> None:
        self._job = None
        if isinstance(end, Outcome):
            self._show_folder(end)
        else:
            self._show_layer(end)

    def _show_layer(self, count: LayerCount) -> None:
        try:
            self.layers.show_result(count.layer, count.pixel_um, count.result)
        except OsteoCountError as error:
            self._show_failure(str(error))
            return
        self.numbers.show_numbers(count.result.summary, rule_in_words(count.result, self._counted_with))
        self.message.show_notes(count.result.warnings)
        palette = palette_of(count.result)
        self.legend.show_entries(
            (palette.osteoclast, "osteoclast"),
            (palette.other, "other TRAP-positive cell"),
            (palette.not_counted, "cut by the counting frame, not counted"),
            (NUCLEUS, "nucleus (grey: in no TRAP-positive cell)"),
        )
        self.run.show_idle(f"Counted {count.layer}")
        self._show_parts(self.numbers, self.legend)

    def _show_folder(self, outcome: Outcome) -> None:
        self.wells.show_wells(outcome.wells, outcome.folder, outcome.warnings)
        self.message.show_notes(_first_few(outcome.bad_wells))
        self.run.show_idle(f"Results are in {outcome.folder}")
        self._show_parts(self.wells)

    def _show_parts(self, *parts: QWidget) -> None:
        for part in (self.numbers, self.legend, self.wells):
            part.setVisible(part in parts)


def rule_in_words(result: FieldResult, settings: Settings) -> str:
    """Say what made a cell of this picture an osteoclast."""
    if result.segmentation.nuclei_resolved:
        return f"≥ {settings.count.min_nuclei} nuclei"
    return "by size; nuclei not visible"


def _first_few(notes: tuple[str, ...]) -> tuple[str, ...]:
    if len(notes) <= MOST_NOTES:
        return notes
    return (*notes[:MOST_NOTES], f"… and {len(notes) - MOST_NOTES} more wells; the table below names them.")


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * 1.1)
    label.setFont(font)
    return label

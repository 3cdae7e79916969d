"""Step 2: start and stop a count, its progress, and the numbers of the last one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from osteocount.columns import UNKNOWN, WELLS, WINDOW_PICTURE, WINDOW_WELLS
from osteocount.napari.messages import in_window_terms
from osteocount.napari.views.remaining_time import RemainingTime
from osteocount.napari.views.save_view import open_report
from osteocount.napari.views.widgets import (
    CollapsibleSection,
    MessageView,
    button,
    column,
    format_number,
    plain_label,
    row,
    set_bold,
    warning_lines,
)
from osteocount.sample_words import sample_word
from osteocount.settings import Settings

MOST_NOTES = 5


class RunView(QWidget):
    """The count button, and while a count runs its progress and a stop button.

    Signals
    -------
    count_requested, cancel_requested
        The buttons.
    """

    count_requested = Signal()
    cancel_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.count = button(
            "Count", "Find, outline and count the osteoclasts, with the settings above", self.count_requested
        )
        self.cancel = button(
            "Cancel", "Stop; pictures of a folder that are finished stay finished", self.cancel_requested
        )
        self.bar = QProgressBar()
        self.step = plain_label()
        self._remaining = RemainingTime()
        buttons = row(self.count, self.cancel)
        buttons.setStretch(0, 2)
        buttons.setStretch(1, 1)
        column(self, buttons, self.bar, self.step, spacing=4)
        self.show_idle()

    def show_running(self) -> None:
        """Offer to cancel instead of to count."""
        self.count.setEnabled(False)
        self.cancel.setEnabled(True)
        self.bar.setRange(0, 0)
        self.bar.show()
        self._remaining.start()

    def show_step(self, done: int, total: int, message: str, things: str = "") -> None:
        """Move the bar, and say how many ``things`` are done; while the total is unknown it just keeps moving."""
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        if things and total:
            message = "\n".join([_how_far(done, total, things, self._remaining.after(done, total)), message])
        self.step.setText(message)

    def show_idle(self, message: str = "") -> None:
        """Offer to count again."""
        self.count.setEnabled(True)
        self.cancel.setEnabled(False)
        self.bar.hide()
        self.step.setText(message)


def _how_far(done: int, total: int, things: str, remaining: str) -> str:
    return f"{done} of {total} {things}" + (f", {remaining}" if remaining else "")


class NumbersView(QWidget):
    """The counts of one picture."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, QLabel] = {}
        self.titles: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        for n, key in enumerate(WINDOW_PICTURE):
            self.titles[key], self.values[key] = QLabel(), QLabel(UNKNOWN)
            self.values[key].setAlignment(Qt.AlignmentFlag.AlignRight)
            self.values[key].setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(self.titles[key], n, 0)
            grid.addWidget(self.values[key], n, 1)
        for label in (self.titles["n_osteoclasts"], self.values["n_osteoclasts"]):
            set_bold(label, is_bold=True)

    def show_numbers(self, summary: dict[str, int | float | None], rule: str) -> None:
        """Show the numbers of a picture and the rule that made an osteoclast; what is unknown is a dash."""
        for key, title in WINDOW_PICTURE.items():
            self.titles[key].setText(title.format(rule=rule))
            self.values[key].setText(format_number(summary.get(key), WELLS.by_name[key].window_pattern))


class WellsView(QWidget):
    """The wells of a counted folder, and its report."""

    def __init__(self) -> None:
        super().__init__()
        self.table = QTableWidget(0, len(WINDOW_WELLS))
        self.table.setHorizontalHeaderLabels([*WINDOW_WELLS.values()])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names of one experiment differ at their ends
        self.table.setMinimumHeight(280)
        self._warnings = MessageView()
        self.warnings = CollapsibleSection("", self._warnings)
        self.open_report = button(
            "Open report", "The page with figures, comparison and warnings, in the browser", self._open_report
        )
        self._folder: Path | None = None
        column(self, self.table, self.warnings, self.open_report)

    def show_wells(self, wells: pd.DataFrame, folder: Path, warnings: tuple[str, ...]) -> None:
        """Show ``wells.csv``, remember where its report is, and keep the warnings at hand."""
        self._folder = folder
        self._warnings.setText(warning_lines(warnings))
        self.warnings.heading.setText(f"⚠ Warnings ({len(warnings)}), also in the report")
        self.warnings.setVisible(bool(warnings))
        named = wells.assign(well=wells["well"].where(wells["well"] != "", wells["image"]))
        self.table.horizontalHeaderItem(0).setText(sample_word(wells["well"].fillna("").astype(str)).capitalize())
        self.table.setRowCount(len(named))
        for n, record in enumerate(named.to_dict("records")):
            for m, key in enumerate(WINDOW_WELLS):
                item = QTableWidgetItem(format_number(record.get(key), WELLS.by_name[key].window_pattern))
                if WELLS.by_name[key].dtype != "str":
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(in_window_terms(str(record.get("status_reason") or "")) or str(record["well"]))
                self.table.setItem(n, m, item)

    def _open_report(self) -> None:
        if self._folder is not None:
            open_report(self._folder)


def osteoclast_rule(settings: Settings, *, resolved: bool) -> str:
    """Say what made a cell of a picture an osteoclast; ``resolved``: its nuclei are seen."""
    if resolved:
        return f"≥ {settings.count.min_nuclei} nuclei"
    by = "appearance" if settings.segment.segmenter == "learned" else "size"
    return f"by {by}; nuclei not visible"


def first_few(notes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first notes, and how many there are more; the table names them all."""
    if len(notes) <= MOST_NOTES:
        return notes
    return (*notes[:MOST_NOTES], f"… and {len(notes) - MOST_NOTES} more wells; the table below names them.")

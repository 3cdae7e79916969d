"""The numbers of the last count, what the colours mean, and what the user should know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from osteocount.columns import WELLS, WINDOW_PICTURE, WINDOW_WELLS
from osteocount.napari.views.collapsible_section import CollapsibleSection
from osteocount.settings import Settings

UNKNOWN = "–"
MOST_NOTES = 5


class NumbersView(QWidget):
    """The counts of one picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: dict[str, QLabel] = {}
        self.titles: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        for row, key in enumerate(WINDOW_PICTURE):
            self.titles[key], self.values[key] = QLabel(), QLabel(UNKNOWN)
            self.values[key].setAlignment(Qt.AlignmentFlag.AlignRight)
            self.values[key].setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(self.titles[key], row, 0)
            grid.addWidget(self.values[key], row, 1)
        for label in (self.titles["n_osteoclasts"], self.values["n_osteoclasts"]):
            font = label.font()
            font.setBold(True)
            label.setFont(font)

    def show_numbers(self, summary: dict[str, int | float | None], rule: str) -> None:
        """Show the numbers of a picture and the rule that made an osteoclast; what is unknown is a dash."""
        for key, title in WINDOW_PICTURE.items():
            self.titles[key].setText(title.format(rule=rule))
            self.values[key].setText(format_number(summary.get(key), WELLS.by_name[key].window_pattern))


class LegendView(QWidget):
    """What the outline colours mean."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.rows: list[tuple[QFrame, QLabel]] = []

    def show_entries(self, *entries: tuple[str, str]) -> None:
        """Show a dot and its meaning for each (colour, text)."""
        while len(self.rows) < len(entries):
            self._add_row()
        for (dot, label), (colour, text) in zip(self.rows, entries, strict=True):
            dot.setStyleSheet(f"background: {colour}; border: 1px solid black; border-radius: 7px;")
            label.setText(text)

    def _add_row(self) -> None:
        dot, label = QFrame(), QLabel()
        dot.setFixedSize(14, 14)
        label.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(dot)
        row.addWidget(label, stretch=1)
        self._column.addLayout(row)
        self.rows.append((dot, label))


class MessageView(QLabel):
    """Sentences for the user, to be read and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)  # file names come from others and are never markup
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hide()

    def show_problem(self, text: str) -> None:
        """Say what went wrong and what would mend it."""
        self.setText(f"✖ {text}")
        self.show()

    def show_notes(self, notes: tuple[str, ...]) -> None:
        """Say what to know about the numbers; nothing is shown when there is nothing to say."""
        self.setText(warning_lines(notes))
        self.setVisible(bool(notes))


class WellsView(QWidget):
    """The wells of a counted folder, and its report."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = QTableWidget(0, len(WINDOW_WELLS))
        self.table.setHorizontalHeaderLabels([*WINDOW_WELLS.values()])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.setMinimumHeight(280)
        self._warnings = MessageView()
        self.warnings = CollapsibleSection("", self._warnings)
        self.open_report = QPushButton("Open report")
        self.open_report.setToolTip("The page with figures, comparison and warnings, in the browser")
        self.open_report.clicked.connect(self._open_report)
        self._folder: Path | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        layout.addWidget(self.warnings)
        layout.addWidget(self.open_report)

    def show_wells(self, wells: pd.DataFrame, folder: Path, warnings: tuple[str, ...]) -> None:
        """Show ``wells.csv``, remember where its report is, and keep the warnings at hand."""
        self._folder = folder
        self._warnings.setText(warning_lines(warnings))
        self.warnings.heading.setText(f"⚠ Warnings ({len(warnings)}), also in the report")
        self.warnings.setVisible(bool(warnings))
        named = wells.assign(well=wells["well"].where(wells["well"] != "", wells["image"]))
        self.table.setRowCount(len(named))
        for row, record in enumerate(named.to_dict("records")):
            for column, key in enumerate(WINDOW_WELLS):
                item = QTableWidgetItem(format_number(record.get(key), WELLS.by_name[key].window_pattern))
                if WELLS.by_name[key].dtype != "str":
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(str(record.get("status_reason") or ""))
                self.table.setItem(row, column, item)

    def _open_report(self) -> None:
        if self._folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder / "report.html")))


def warning_lines(notes: tuple[str, ...]) -> str:
    """Return each note as a paragraph with its sign."""
    return "\n".join(f"⚠ {note}" for note in notes)


def format_number(value: Any, pattern: str) -> str:
    """Return ``value`` as text, a dash when it is unknown."""
    return UNKNOWN if value is None or pd.isna(value) else pattern.format(value).replace("_", " ")


def osteoclast_rule(settings: Settings, *, resolved: bool) -> str:
    """Say what made a cell of a picture an osteoclast; ``resolved``: its nuclei are seen."""
    if resolved:
        return f"≥ {settings.count.min_nuclei} nuclei"
    return "by size; nuclei not visible"


def first_few(notes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first notes, and how many there are more; the table names them all."""
    if len(notes) <= MOST_NOTES:
        return notes
    return (*notes[:MOST_NOTES], f"… and {len(notes) - MOST_NOTES} more wells; the table below names them.")

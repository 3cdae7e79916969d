"""Samples that are on no plate (dishes, slides, single pictures) as a list to go through, with a value of each."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem


class SamplesView(QTableWidget):
    """The list.

    Signals
    -------
    chosen
        Name of the sample that was clicked, or reached with an arrow key.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__(0, 2)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names of one experiment differ at their ends
        self.setMinimumHeight(160)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.currentCellChanged.connect(self._on_current)
        self._is_following = False

    def names(self) -> list[str]:
        """Return the samples in their order."""
        return [self.item(row, 0).text() for row in range(self.rowCount())]

    def show_samples(self, names: list[str], heading: str) -> None:
        """List ``names`` under a heading; those that are listed already stay, with their values."""
        if names == self.names():
            return
        self._is_following = True
        self.setHorizontalHeaderLabels([heading, ""])
        self.setRowCount(len(names))
        for row, name in enumerate(names):
            for column, text in enumerate((name, "")):
                self.setItem(row, column, QTableWidgetItem(text))
            self.item(row, 0).setToolTip(name)
            self.item(row, 1).setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._is_following = False

    def show_values(self, measure: str, values: Mapping[str, str]) -> None:
        """Show a value of each sample."""
        self.setHorizontalHeaderItem(1, QTableWidgetItem(measure))
        for row, name in enumerate(self.names()):
            self.item(row, 1).setText(values.get(name, ""))

    def mark(self, name: str) -> None:
        """Mark the sample at hand."""
        names = self.names()
        self._is_following = True
        self.setCurrentCell(names.index(name) if name in names else -1, 0)
        self._is_following = False

    def _on_current(self, row: int, *_: int) -> None:
        if not self._is_following and row >= 0:
            self.chosen.emit(self.item(row, 0).text())

"""The cells of the picture under review as a table: a click on a row shows the cell, a cell selected shows its row."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QItemSelection, QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QApplication, QHeaderView, QTableView, QVBoxLayout, QWidget

from osteocount.columns import CELLS, UNKNOWN, WINDOW_CELLS
from osteocount.napari.views import cell_blocks
from osteocount.napari.views.widgets import button, plain_label, row

NOWHERE = QModelIndex()
MEASURED_ROWS = 20  # for the widths of columns: all of a thousand would hold the window up
HELP = "Click a heading to sort, a row to go to its cell."
LENGTHS = ("area_um2", "feret_um")
"""Columns that are left out where the pixel size is not known; the area in pixels stands for them."""


class CellsModel(QAbstractTableModel):
    """Rows of the table of cells, in an order of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.names: tuple[str, ...] = tuple(WINDOW_CELLS)
        self._columns: list[list[Any]] = []
        self._order: list[int] = []
        self._sorted_by = ("cell_id", Qt.SortOrder.AscendingOrder)

    def show(self, cells: pd.DataFrame) -> None:
        """Show these cells, sorted as those before."""
        self.beginResetModel()
        no_scale = not len(cells) or bool(cells["area_um2"].isna().all())
        left_out = LENGTHS if no_scale else ("area_px",)
        known = (name for name in WINDOW_CELLS if name in cells)  # runs of before recorded less
        self.names = tuple(name for name in known if name not in left_out)
        self._columns = [cells[name].tolist() for name in self.names]
        self._order = list(range(len(cells)))
        self._sort()
        self.endResetModel()

    def cell(self, row: int) -> int:
        """Return the cell of a row."""
        return int(self._columns[self.names.index("cell_id")][self._order[row]])

    def rows_of(self, cells: Collection[int]) -> list[int]:
        """Return the rows of some cells."""
        wanted = set(cells)
        return [row for row in range(len(self._order)) if self.cell(row) in wanted] if wanted else []

    def text(self, row: int, column: int) -> str:
        """Return what a cell of the table says."""
        return _in_words(self.names[column], self._columns[column][self._order[row]])

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802  Qt's name
        """Return the number of cells."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802  Qt's name
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return headings with their meaning."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return CELLS.by_name[self.names[section]].help.replace("`", "")
        return WINDOW_CELLS[self.names[section]] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text of a cell of the table; numbers stand on the right."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(index.row(), index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and CELLS.by_name[self.names[index.column()]].dtype != "str":
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; unknown values come last either way."""
        if not 0 <= column < len(self.names):
            return
        self.layoutAboutToBeChanged.emit()
        self._sorted_by = (self.names[column], order)
        self._sort()
        self.layoutChanged.emit()

    def _sort(self) -> None:
        name, order = self._sorted_by
        if name not in self.names or not self._columns:
            return
        values = pd.Series(self._columns[self.names.index(name)], dtype=object)
        known = values.notna() & (values != "")
        key = values[known]
        key = key.astype(str) if CELLS.by_name[name].dtype == "str" else key.astype(float)
        is_up = order == Qt.SortOrder.AscendingOrder
        ranked = key.sort_values(kind="stable", ascending=is_up).index.tolist()
        self._order = [*ranked, *np.flatnonzero(~known.to_numpy()).tolist()]


class CellsView(QWidget):
    """The table of cells.

    Signals
    -------
    chosen
        Numbers of the cells of the rows a person selected.
    """

    chosen = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.model = CellsModel()
        self.table = _Table(self.copy)
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.setSortingEnabled(True)
        header = self.table.horizontalHeader()
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        header.setResizeContentsPrecision(MEASURED_ROWS)
        self.table.selectionModel().selectionChanged.connect(self._on_selected)
        self.said = plain_label()  # its lines break: a long one would make the whole window wider
        copy = button(
            "Copy", "Copy the selected rows, or all of them, with headings, for Excel. Key: Ctrl+C", self.copy
        )
        tools = row(self.said, copy)
        tools.setStretch(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.setSpacing(3)
        layout.addWidget(self.table)
        layout.addLayout(tools)
        self._is_following = False

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """Ask for room for some eight rows."""
        return QSize(700, 240)

    def show_cells(self, cells: pd.DataFrame, selected: Collection[int]) -> None:
        """Show the cells of the picture at hand."""
        before = self.model.names
        self.model.show(cells)
        outside = len(cells) - int(cells["counted"].sum())
        left_out = f", {outside} of them outside the counting frame" if outside else ""
        self.said.setText(f"{len(cells)} TRAP-positive cells{left_out}. {HELP}")
        if self.model.names != before or not self.table.property("sized"):
            self.table.resizeColumnsToContents()
            self.table.setProperty("sized", len(cells) > 0)
        self.select(selected)

    def select(self, cells: Collection[int]) -> None:
        """Mark the rows of ``cells`` and bring the first to sight."""
        rows = self.model.rows_of(cells)
        marked = QItemSelection()
        for at in rows:
            marked.select(self.model.index(at, 0), self.model.index(at, 0))
        flags = QItemSelectionModel.SelectionFlag
        self._is_following = True
        self.table.selectionModel().select(marked, flags.ClearAndSelect | flags.Rows)
        self._is_following = False
        if rows:
            self.table.scrollTo(self.model.index(rows[0], 0))

    def copy(self) -> None:
        """Put the selected rows on the clipboard, or all where none is."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        rows = rows or list(range(self.model.rowCount()))
        columns = range(self.model.columnCount())
        lines = [[WINDOW_CELLS[name] for name in self.model.names]]
        lines += [[_for_excel(self.model.text(at, column)) for column in columns] for at in rows]
        QApplication.clipboard().setText(cell_blocks.compose(lines))
        self.said.setText(f"{len(rows)} rows copied.")

    def _on_selected(self, *_: object) -> None:
        if not self._is_following:
            rows: Iterable[int] = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
            self.chosen.emit([self.model.cell(at) for at in rows])


class _Table(QTableView):
    """A table whose Ctrl+C copies rows."""

    def __init__(self, copy: Any) -> None:
        super().__init__()
        self._copy = copy

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802  Qt's name
        """Copy, or move."""
        if event is not None and event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)


def _in_words(name: str, value: Any) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return "" if CELLS.by_name[name].dtype == "str" else UNKNOWN
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value.replace("_", " ").replace(";", ", ")
    return CELLS.by_name[name].window_pattern.format(value)


def _for_excel(text: str) -> str:
    return "" if text == UNKNOWN else text

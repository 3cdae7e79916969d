"""A table of text that is edited as in Excel: typed, pasted, filled by dragging the corner, undone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPoint, QRect, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QApplication, QCompleter, QLineEdit, QStyledItemDelegate, QTableView, QWidget

from osteocount.napari.views import cell_blocks
from osteocount.napari.views.cell_blocks import Block, Cell

HANDLE_PX = 8
HANDLE_COLOUR = "#0072B2"
NOWHERE = QModelIndex()
KEYS = {
    "copy": QKeySequence.StandardKey.Copy, "cut": QKeySequence.StandardKey.Cut,
    "paste": QKeySequence.StandardKey.Paste, "undo": QKeySequence.StandardKey.Undo,
    "redo": QKeySequence.StandardKey.Redo, "clear": QKeySequence.StandardKey.Delete,
    "select_all": QKeySequence.StandardKey.SelectAll,
}  # fmt: skip


class SheetModel(QAbstractTableModel):
    """What a `SheetView` shows.

    Signals
    -------
    edited
        Cells have another text, by a person or by an undo.
    """

    edited = Signal()

    @abstractmethod
    def text(self, row: int, column: int) -> str:
        """Return what a cell says."""

    @abstractmethod
    def write(self, cells: Mapping[Cell, str]) -> bool:
        """Write texts as one step; False when nothing changed."""

    @abstractmethod
    def is_fixed(self, row: int, column: int) -> bool:
        """Tell whether a cell cannot be edited."""

    @abstractmethod
    def undo(self) -> bool:
        """Take back the last step; False when there is none."""

    @abstractmethod
    def redo(self) -> bool:
        """Make it again; False when there is nothing."""

    def matched(self, lines: cell_blocks.Lines) -> Mapping[Cell, str] | None:
        """Return the changes that a pasted table with headings asks for; None: it is just cells."""
        return None

    def suggestions(self, row: int, column: int) -> list[str]:
        """Return what may be meant in a cell."""
        return []

    def decoration(self, row: int, column: int, role: int) -> Any:
        """Return colour and hint of a cell."""
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text of a cell, or how it looks."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self.text(index.row(), index.column())
        return self.decoration(index.row(), index.column(), role)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Let all cells but the fixed ones be edited."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags if self.is_fixed(index.row(), index.column()) else flags | Qt.ItemFlag.ItemIsEditable

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Take what was typed into a cell."""
        return self.change({(index.row(), index.column()): str(value)})

    def change(self, cells: Mapping[Cell, str]) -> bool:
        """Write texts as one step, and say so."""
        if not self.write({cell: text for cell, text in cells.items() if not self.is_fixed(*cell)}):
            return False
        self.announce()
        return True

    def announce(self) -> None:
        """Let everything be shown anew."""
        self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))
        self.edited.emit()


class SheetView(QTableView):
    """The table.

    Signals
    -------
    said
        A sentence about what was done, or why nothing was.
    """

    said = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setItemDelegate(_Suggesting(self))
        self.setEditTriggers(
            QTableView.EditTrigger.AnyKeyPressed
            | QTableView.EditTrigger.DoubleClicked
            | QTableView.EditTrigger.EditKeyPressed
        )
        self.verticalHeader().setDefaultSectionSize(22)
        self._filling: Block | None = None

    def sheet(self) -> SheetModel:
        """Return what is shown."""
        model = self.model()
        assert isinstance(model, SheetModel)  # noqa: S101  nothing else is ever set
        return model

    def selected(self) -> Block | None:
        """Return the rectangle around the selected cells."""
        chosen = self.selectionModel()
        return cell_blocks.around(
            [(index.row(), index.column()) for index in chosen.selectedIndexes()] if chosen else []
        )

    def copy(self) -> None:
        """Put the selected cells on the clipboard, as Excel does."""
        block = self.selected()
        if block is None:
            return
        sheet = self.sheet()
        lines = [
            [sheet.text(row, column) for column in range(block.left, block.right + 1)]
            for row in range(block.top, block.bottom + 1)
        ]
        QApplication.clipboard().setText(cell_blocks.compose(lines))
        self.said.emit(f"{len(block.cells())} cells copied.")

    def cut(self) -> None:
        """Copy the selected cells and empty them."""
        self.copy()
        self.clear()

    def paste(self) -> None:
        """Take cells from the clipboard; a table whose headings name its wells or files goes to those lines."""
        lines = cell_blocks.parse(QApplication.clipboard().text())
        if not lines:
            self.said.emit("There is no text on the clipboard.")
            return
        sheet = self.sheet()
        matched = sheet.matched(lines)
        if matched is not None:
            sheet.change(matched)
            self.said.emit(f"{len({row for row, _ in matched})} lines found by their names and filled in.")
            return
        block = self.selected()
        if block is None:
            self.said.emit("Click the cell that the clipboard's first one goes to.")
            return
        changes, lost = cell_blocks.paste(lines, block, sheet.rowCount(), sheet.columnCount())
        changed = sheet.change(changes)
        kept = f" {lost} lines did not fit below the last one." if lost else ""
        self.said.emit(f"Pasted.{kept}" if changed else f"Nothing changed: these cells cannot be edited.{kept}")

    def clear(self) -> None:
        """Empty the selected cells."""
        block = self.selected()
        if block is not None:
            self.sheet().change({(i.row(), i.column()): "" for i in self.selectionModel().selectedIndexes()})

    def fill_down(self) -> None:
        """Repeat the first selected line in all below it; of a single cell down to the last line."""
        block, sheet = self.selected(), self.sheet()
        if block is None:
            self.said.emit("Select the cell to repeat, and those below it.")
            return
        bottom = block.bottom if block.height > 1 else sheet.rowCount() - 1
        first = Block(block.top, block.left, block.top, block.right)
        sheet.change(cell_blocks.fill(first, Block(block.top, block.left, bottom, block.right), sheet.text))

    def undo(self) -> None:
        """Take back the last change."""
        if not self.sheet().undo():
            self.said.emit("Nothing to undo.")

    def redo(self) -> None:
        """Make it again."""
        if not self.sheet().redo():
            self.said.emit("Nothing to redo.")

    def event(self, event: QEvent | None) -> bool:
        """Keep keys of the table from the window's own shortcuts."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and _action(event):
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802  Qt's name
        """Do what a key says."""
        action = "" if event is None else _action(event)
        if action == "select_all":
            self.selectAll()
        elif action:
            getattr(self, action)()
        elif event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            here = self.currentIndex()
            self.setCurrentIndex(here.siblingAtRow(min(here.row() + 1, self.model().rowCount() - 1)))
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802  Qt's name
        """Begin to fill where the corner of the selection is pressed."""
        block = self.selected()
        if event is not None and block is not None and self._handle().contains(event.position().toPoint()):
            self._filling = block
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802  Qt's name
        """Show what would be filled."""
        if event is not None and self._filling is not None:
            self._mark(self._reached(event.position().toPoint()))
            return
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802  Qt's name
        """Fill."""
        if event is not None and self._filling is not None:
            source, target = self._filling, self._reached(event.position().toPoint())
            self._filling = None
            self.sheet().change(cell_blocks.fill(source, target, self.sheet().text))
            self._mark(target)
            return
        super().mouseReleaseEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802  Qt's name
        """Paint the table, and the corner to drag."""
        super().paintEvent(event)
        handle = self._handle()
        if not handle.isNull():
            painter = QPainter(self.viewport())
            painter.setPen(QPen(QColor("white"), 1))
            painter.setBrush(QColor(HANDLE_COLOUR))
            painter.drawRect(handle)

    def _handle(self) -> QRect:
        """Return where the corner of the selection is, nowhere when there is none."""
        block = self.selected()
        if block is None:
            return QRect()
        corner = self.visualRect(self.model().index(block.bottom, block.right)).bottomRight()
        return QRect(corner - QPoint(HANDLE_PX - 2, HANDLE_PX - 2), corner + QPoint(1, 1))

    def _reached(self, at: QPoint) -> Block:
        assert self._filling is not None  # noqa: S101  called while filling
        index = self.indexAt(at)
        if not index.isValid():  # below the last line or beside the last column
            row = self.rowAt(at.y()) if self.rowAt(at.y()) >= 0 else self.model().rowCount() - 1
            column = self.columnAt(at.x()) if self.columnAt(at.x()) >= 0 else self._filling.right
            return self._filling.reaching(row, column)
        return self._filling.reaching(index.row(), index.column())

    def _mark(self, block: Block) -> None:
        from qtpy.QtCore import QItemSelection, QItemSelectionModel

        model = self.model()
        chosen = QItemSelection(model.index(block.top, block.left), model.index(block.bottom, block.right))
        self.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.viewport().update()


class _Suggesting(QStyledItemDelegate):
    """Edits a cell with a line of text that offers what was typed before."""

    def createEditor(self, parent: QWidget | None, option: Any, index: QModelIndex) -> QWidget:  # noqa: N802
        """Return the line."""
        line = QLineEdit(parent)
        model = index.model()
        assert isinstance(model, SheetModel)  # noqa: S101  nothing else is ever set
        completer = QCompleter(model.suggestions(index.row(), index.column()), line)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        line.setCompleter(completer)
        return line


def _action(event: QKeyEvent) -> str:
    if event.key() == Qt.Key.Key_D and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
        return "fill_down"
    if event.key() == Qt.Key.Key_Backspace and not event.modifiers():
        return "clear"
    return next((name for name, key in KEYS.items() if event.matches(key)), "")

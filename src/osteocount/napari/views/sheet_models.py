"""A table of treatments as a list of its lines, and as a plate that shows one of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtGui import QBrush, QColor

from osteocount.napari.views import cell_blocks
from osteocount.napari.views.cell_blocks import Cell
from osteocount.napari.views.sheet_view import NOWHERE, SheetModel
from osteocount.plate.treatment_table import TreatmentTable
from osteocount.wells import PLATE_SHAPES, parse_well, plate_size, row_letters

ROLES = ("treatment", "vehicle", "negative control", "positive control", "blank", "excluded")
PICTURES = "pictures"
"""Heading of the column that says how many pictures a line has."""
_NO_PICTURE = QColor("#D55E00")
_TINTS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999", "#F0E442")
_TINT_ALPHA = 70  # of a colour behind text, in a light and a dark theme
_HINTS = {
    "treatment": "What the well got, such as rhIL-32 or vehicle. Wells of one treatment and dose are one arm.",
    "dose": "A number with its unit, such as 25 ng/mL. Leave empty what has no dose.",
    "donor": "The donor, animal or independent experiment. Donors are the n of every test.",
    "role": "vehicle or negative control: what the others are compared with. Empty: a treatment.",
    "exclude": "A reason to leave this well out, such as air bubble. Empty: it counts.",
    "exclude_reason": "A reason to leave this well out, such as air bubble. Empty: it counts.",
    "replicate": "Pictures with the same treatment, dose, donor and replicate are fields of one dish or slide.",
    PICTURES: "How many pictures there are of it.",
}


class LinesModel(SheetModel):
    """All lines, with the number of their pictures."""

    def __init__(self, table: TreatmentTable) -> None:
        super().__init__()
        self.table = table
        self._pictures: tuple[int, ...] = ()

    def show_pictures(self, numbers: tuple[int, ...]) -> None:
        """Say how many pictures each line has."""
        self._pictures = numbers
        last = self.columnCount() - 1
        self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, last))

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802  Qt's name
        """Return the number of lines."""
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802  Qt's name
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.table.columns) + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return headings, and numbers of lines as the messages give them: the first is that of the headings."""
        heading = [*self.table.columns, PICTURES][section] if orientation == Qt.Orientation.Horizontal else ""
        if role == Qt.ItemDataRole.ToolTipRole:
            return _HINTS.get(heading, "")
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return heading.replace("_", " ") if orientation == Qt.Orientation.Horizontal else str(section + 2)

    def text(self, row: int, column: int) -> str:
        """Return what a cell says."""
        if column < len(self.table.columns):
            return self.table.rows[row][column]
        return str(self._pictures[row]) if row < len(self._pictures) else ""

    def write(self, cells: Mapping[Cell, str]) -> bool:
        """Write texts as one step."""
        return self.table.change(cells)

    def is_fixed(self, row: int, column: int) -> bool:
        """Tell whether a cell cannot be edited."""
        return column in self.table.fixed or column >= len(self.table.columns)

    def undo(self) -> bool:
        """Take back the last step."""
        return self._stepped(self.table.undo())

    def redo(self) -> bool:
        """Make it again."""
        return self._stepped(self.table.redo())

    def remove(self, rows: Sequence[int]) -> None:
        """Take lines away."""
        self.beginResetModel()
        self.table.remove(rows)
        self._pictures = ()
        self.endResetModel()
        self.edited.emit()

    def matched(self, lines: cell_blocks.Lines) -> Mapping[Cell, str] | None:
        """Return the changes that a table with headings asks for."""
        return self.table.match(lines)

    def suggestions(self, row: int, column: int) -> list[str]:
        """Return what was typed in this column before, and roles where one is meant."""
        known = dict.fromkeys(line[column] for line in self.table.rows if line[column])
        return list(known | dict.fromkeys(ROLES)) if self.table.columns[column] == "role" else list(known)

    def decoration(self, row: int, column: int, role: int) -> Any:
        """Mark lines without pictures."""
        is_missing = row < len(self._pictures) and not self._pictures[row]
        if role == Qt.ItemDataRole.ForegroundRole and is_missing:
            return _NO_PICTURE
        if role == Qt.ItemDataRole.ToolTipRole:
            return "There is no picture of it." if is_missing else self.text(row, column)
        return None

    def _stepped(self, is_done: bool) -> bool:
        if is_done:
            self.announce()
        return is_done


class PlateModel(SheetModel):
    """One column of the table in the shape of a plate."""

    def __init__(self, lines: LinesModel, column: int, plate: str = "") -> None:
        super().__init__()
        self._lines, self._column = lines, column
        table = lines.table
        well = table.columns.index("well")
        of = table.columns.index("plate") if "plate" in table.columns else None
        own = [n for n, line in enumerate(table.rows) if of is None or line[of] in ("", plate)]
        places = {n: place for n in own if (place := parse_well(table.rows[n][well]))}
        self._line_of = {(row - 1, column - 1): n for n, (row, column) in places.items()}
        self._rows, self._columns = PLATE_SHAPES[plate_size(table.rows[n][well] for n in places)]
        lines.edited.connect(self._follow)

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802  Qt's name
        """Return the number of rows of the plate."""
        return 0 if parent.isValid() else self._rows

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:  # noqa: N802  Qt's name
        """Return the number of columns of the plate."""
        return 0 if parent.isValid() else self._columns

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return letters and numbers."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return str(section + 1) if orientation == Qt.Orientation.Horizontal else row_letters(section + 1)

    def text(self, row: int, column: int) -> str:
        """Return what is said of a well."""
        line = self._line_of.get((row, column))
        return "" if line is None else self._lines.table.rows[line][self._column]

    def write(self, cells: Mapping[Cell, str]) -> bool:
        """Write texts as one step; wells without a line are left out."""
        return self._lines.change({(self._line_of[at], self._column): text for at, text in cells.items()})

    def is_fixed(self, row: int, column: int) -> bool:
        """Tell whether nothing can be said of a well: it has neither picture nor line."""
        return (row, column) not in self._line_of

    def undo(self) -> bool:
        """Take back the last step."""
        return self._lines.undo()

    def redo(self) -> bool:
        """Make it again."""
        return self._lines.redo()

    def suggestions(self, row: int, column: int) -> list[str]:
        """Return what was typed in this column before."""
        return self._lines.suggestions(row, self._column)

    def decoration(self, row: int, column: int, role: int) -> Any:
        """Colour wells that say the same alike, and hatch those without a picture."""
        line = self._line_of.get((row, column))
        if role == Qt.ItemDataRole.ToolTipRole:
            return "No picture and no line." if line is None else self.text(row, column) or "Nothing said yet."
        if role == Qt.ItemDataRole.BackgroundRole and line is not None and (text := self.text(row, column)):
            known = list(dict.fromkeys(each[self._column] for each in self._lines.table.rows if each[self._column]))
            tint = QColor(_TINTS[known.index(text) % len(_TINTS)])
            tint.setAlpha(_TINT_ALPHA)
            is_missing = self._lines.decoration(line, self._column, Qt.ItemDataRole.ForegroundRole) is not None
            return QBrush(tint, Qt.BrushStyle.BDiagPattern) if is_missing else tint
        return None

    def _follow(self) -> None:
        self.dataChanged.emit(self.index(0, 0), self.index(self._rows - 1, self._columns - 1))
        self.edited.emit()

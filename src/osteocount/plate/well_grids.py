"""Finding plate-shaped grids in a table: column numbers across, row letters down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from osteocount.plate.spreadsheets import Sheet
from osteocount.wells import parse_row


@dataclass(frozen=True)
class Grid:
    """A plate-shaped part of a sheet; places count from 0, wells from 1.

    Attributes
    ----------
    header_row, first_column
        Where column number 1 (or the first one given) stands.
    columns
        The plate's column numbers, left to right.
    lines
        (sheet row, plate row) of every line; several lines may belong to one plate row.
    corner
        Text in the cell left of the first column number.
    """

    header_row: int
    first_column: int
    columns: tuple[int, ...]
    lines: tuple[tuple[int, int], ...]
    corner: str

    @property
    def last_row(self) -> int:
        """Sheet row of the last line."""
        return self.lines[-1][0]

    def cells(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield (plate row, plate column, sheet row, sheet column) of every well."""
        for sheet_row, plate_row in self.lines:
            for offset, plate_column in enumerate(self.columns):
                yield plate_row, plate_column, sheet_row, self.first_column + offset


def find_grids(sheet: Sheet, *, min_columns: int) -> list[Grid]:
    """Find every grid: a line with at least ``min_columns`` consecutive column numbers, rows labelled below it."""
    grids = []
    row = 0
    while row < len(sheet.rows):
        header = _header(sheet.rows[row], min_columns)
        grid = _grid_below(sheet, row, *header) if header else None
        if grid:
            grids.append(grid)
            row = grid.last_row
        row += 1
    return grids


def _header(cells: list[str], min_columns: int) -> tuple[int, tuple[int, ...]] | None:
    """Return (first sheet column, plate columns) of the longest run of consecutive numbers in a line."""
    numbers = [column_number(cell) for cell in cells]
    best: tuple[int, tuple[int, ...]] | None = None
    start = 0
    while start < len(numbers):
        first = numbers[start]
        length = 1
        while first and start + length < len(numbers) and numbers[start + length] == first + length:
            length += 1
        if first and length >= min_columns and (best is None or length > len(best[1])):
            best = (start, tuple(range(first, first + length)))
        start += length
    return best


def transposed(sheet: Sheet) -> Sheet:
    """Return the sheet with rows and columns exchanged, for grids with letters across and numbers down."""
    width = max(map(len, sheet.rows), default=0)
    return Sheet(sheet.name, [[sheet.cell(r, c) for r in range(len(sheet.rows))] for c in range(width)])


def column_number(cell: str) -> int | None:
    """Return the number of a column heading such as ``1``, ``01`` or ``1.0``."""
    cell = cell.removesuffix(".0")
    return int(cell) if cell.isascii() and cell.isdecimal() and len(cell) <= 2 else None


def _grid_below(sheet: Sheet, header_row: int, first_column: int, columns: tuple[int, ...]) -> Grid | None:
    """Collect the labelled lines below a header; unlabelled lines continue the row above (several wavelengths)."""
    for label_column in range(first_column - 1, max(first_column - 3, -1), -1):
        lines: list[tuple[int, int]] = []
        plate_row = 0
        for row in range(header_row + 1, len(sheet.rows)):
            if _header(sheet.rows[row], len(columns)) == (first_column, columns):
                break
            label = sheet.cell(row, label_column)
            named = parse_row(label)
            filled = any(sheet.cell(row, first_column + c) for c in range(len(columns)))
            if named > plate_row:
                plate_row = named
            elif label or not filled or not plate_row:
                break
            lines.append((row, plate_row))
        if lines:
            corner = sheet.cell(header_row, first_column - 1) or sheet.cell(header_row, label_column)
            return Grid(header_row, first_column, columns, tuple(lines), corner)
    return None

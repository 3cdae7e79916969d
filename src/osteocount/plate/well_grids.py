"""Finding plate-shaped grids in a table: column numbers across, row letters down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from osteocount.plate.spreadsheets import Sheet
from osteocount.wells import parse_row

_LARGEST_GAP = 3
"""Lines without a label that may stand inside a grid; more, and what follows is something else."""

_COLUMN_WORD = re.compile(r"(?i)^(?:c|col(?:umn)?|spalte|colonne|columna)[\s_.:-]*(?=\d)")
_ROW_LABEL = re.compile(r"(?i)\(?(?:row[\s_:.-]*)?([a-z]{1,2})[.:)]?")


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
    unclear
        Places of labels inside the grid that name no row, or one that is there already.
    """

    header_row: int
    first_column: int
    columns: tuple[int, ...]
    lines: tuple[tuple[int, int], ...]
    corner: str
    unclear: tuple[tuple[int, int], ...] = ()

    @property
    def last_row(self) -> int:
        """Sheet row of the last line."""
        return self.lines[-1][0]

    @property
    def behind(self) -> int:
        """The sheet column behind the last number."""
        return self.first_column + len(self.columns)

    def goes_on_from(self, left: Grid) -> bool:
        """Say whether the column numbers go on where those of the grid to the left end."""
        return self.columns[0] == left.columns[-1] + 1 and self.first_column >= left.behind

    def cells(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield (plate row, plate column, sheet row, sheet column) of every well."""
        for sheet_row, plate_row in self.lines:
            for offset, plate_column in enumerate(self.columns):
                yield plate_row, plate_column, sheet_row, self.first_column + offset


@dataclass(frozen=True)
class _Header:
    """A run of consecutive column numbers."""

    row: int
    first_column: int
    columns: tuple[int, ...]

    @property
    def behind(self) -> int:
        """The sheet column behind the last number."""
        return self.first_column + len(self.columns)


def find_grids(sheet: Sheet, *, min_columns: int) -> list[Grid]:
    """Find every grid: a line with at least ``min_columns`` consecutive column numbers, rows labelled below it.

    Grids may stand below and beside each other.
    """
    grids: list[Grid] = []
    row = 0
    while row < len(sheet.rows):
        beside: list[Grid] = []
        for header in _headers(sheet.rows[row], row, min_columns):
            grid = _grid_below(sheet, header, beside[-1] if beside else None)
            while grid:
                beside.append(grid)
                grid = _next_without_header(sheet, header, grid)
        grids += beside
        row = max((grid.last_row for grid in beside), default=row) + 1
    return grids


def _next_without_header(sheet: Sheet, header: _Header, above: Grid) -> Grid | None:
    """Return the next plate of a file that prints the column numbers only once; a title may stand between."""
    first = above.lines[0][1]
    for row in range(above.last_row + 1, min(above.last_row + 2 + _LARGEST_GAP, len(sheet.rows))):
        if _repeats(sheet.rows[row], header):
            return None
        filled = sum(bool(sheet.cell(row, c)) for c in range(header.first_column, header.behind))
        labels = [row_label(sheet.cell(row, c)) for c in (header.first_column - 1, header.first_column - 2) if c >= 0]
        if first in labels and filled >= max(2, len(header.columns) / 2) and row > above.last_row + 1:
            return _grid_below(sheet, replace(header, row=row - 1), None)
    return None


def _headers(cells: list[str], row: int, min_columns: int) -> list[_Header]:
    """Return the runs of consecutive numbers in a line."""
    numbers = [column_number(cell) for cell in cells]
    headers: list[_Header] = []
    start = 0
    while start < len(numbers):
        first = numbers[start]
        length = 1
        while first and start + length < len(numbers) and numbers[start + length] == first + length:
            length += 1
        from_zero = start > 0 and numbers[start - 1] == 0  # then column 1 is the second
        goes_on = bool(headers) and headers[-1].columns[-1] + 1 == first
        if first and (length >= min_columns or goes_on) and not from_zero:
            headers.append(_Header(row, start, tuple(range(first, first + length))))
        start += length
    return headers


def transposed(sheet: Sheet) -> Sheet:
    """Return the sheet with rows and columns exchanged, for grids with letters across and numbers down."""
    width = max(map(len, sheet.rows), default=0)
    return Sheet(sheet.name, [[sheet.cell(r, c) for r in range(len(sheet.rows))] for c in range(width)])


def column_number(cell: str) -> int | None:
    """Return the number of a column heading such as ``1``, ``01``, ``1.0``, ``Col 1`` or ``C1``."""
    cell = _COLUMN_WORD.sub("", cell.removesuffix(".0"))
    return int(cell) if cell.isascii() and cell.isdecimal() and len(cell) <= 2 else None


def row_label(cell: str) -> int:
    """Return the plate row a label names (``A``, ``b``, ``Row C``, ``D:``), 0 when it names none."""
    match = _ROW_LABEL.fullmatch(cell.strip())
    return parse_row(match[1]) if match else 0


def _grid_below(sheet: Sheet, header: _Header, left: Grid | None) -> Grid | None:
    """Collect the labelled lines below a header; without labels of its own a grid has those of the one beside it."""
    label_columns = [c for c in (header.first_column - 1, header.first_column - 2) if c >= 0]
    if left is not None and _continues(sheet, header, left):
        return Grid(header.row, header.first_column, header.columns, left.lines, left.corner, left.unclear)
    for label_column in label_columns:
        lines, unclear = _lines(sheet, header, label_column)
        if lines:
            corner = sheet.cell(header.row, header.first_column - 1) or sheet.cell(header.row, label_column)
            return Grid(header.row, header.first_column, header.columns, tuple(lines), corner, tuple(unclear))
    return None


def _continues(sheet: Sheet, header: _Header, left: Grid) -> bool:
    """Say whether a header goes on with the grid beside it, perhaps behind an empty column, without labels again."""
    between = range(left.behind, header.first_column)
    counts_on = header.columns[0] == left.columns[-1] + 1
    return not between or (
        counts_on and not any(row_label(sheet.cell(row, column)) for row, _ in left.lines for column in between)
    )


def lines_above(sheet: Sheet, grid: Grid, grids: list[Grid]) -> list[tuple[int, list[str]]]:
    """Return the lines between a grid and the grids above it, each as its number and the texts that speak of the grid.

    Of grids beside each other each has the texts above its own columns; what stands above the first alone is of all.
    """
    first = max((other.last_row for other in grids if other.last_row < grid.header_row), default=-1) + 1
    beside = sorted(
        (other for other in grids if other.header_row == grid.header_row), key=lambda other: other.first_column
    )
    ends = [0, *(other.behind for other in beside[:-1]), None]
    place = beside.index(grid)
    found = []
    for row in range(first, grid.header_row):
        cells = sheet.rows[row]
        of_all = len(beside) > 1 and not any(cells[beside[0].behind :])
        own = cells if of_all else cells[ends[place] : ends[place + 1]]
        if texts := [text for text in own if text]:
            found.append((row, texts))
    return found


def _lines(sheet: Sheet, header: _Header, label_column: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return (sheet row, plate row) of the lines of a grid, and the places of labels that cannot be right.

    A line without a label continues the row above (several wavelengths). Empty and strangely labelled lines end a grid
    only when no further row of it follows.
    """
    lines: list[tuple[int, int]] = []
    unclear: list[tuple[int, int]] = []
    waiting: list[tuple[int, int]] = []
    plate_row = gap = 0
    for row in range(header.row + 1, len(sheet.rows)):
        if _repeats(sheet.rows[row], header):
            break
        label = sheet.cell(row, label_column)
        named = row_label(label)
        filled = sum(bool(sheet.cell(row, c)) for c in range(header.first_column, header.behind))
        known = {of_row for _, of_row in lines}
        if named and named not in known and _belongs(named, header, filled, interrupted=bool(gap or waiting)):
            lines.append((row, named))
            unclear += waiting
            plate_row, gap, waiting = named, 0, []
        elif named and named == plate_row and not gap and sheet.cell(row, header.behind):
            lines.append((row, plate_row))  # every wavelength has its row's label
        elif not label and plate_row and not gap and not waiting and (filled or sheet.cell(row, header.behind)):
            lines.append((row, plate_row))
        elif named and named not in known and filled and lines and named <= rows_of(header.columns[-1]):
            unclear.append((row, label_column))  # a row with one well, or a note below the grid
            break
        elif not label and not filled:
            gap += 1
        elif label and plate_row and filled >= min(2, len(header.columns)) and not gap:
            waiting.append((row, label_column))
        else:
            break
        if gap + len(waiting) > _LARGEST_GAP:
            break
    return lines, unclear


def _belongs(named: int, header: _Header, filled: int, *, interrupted: bool) -> bool:
    """Say whether a labelled line is one of this grid; behind a gap it must hold values, and be on such a plate."""
    if not interrupted:
        return True
    return named <= rows_of(header.columns[-1]) and filled >= min(2, len(header.columns))


def rows_of(last_column: int) -> int:
    """Return the most rows that a plate with so many columns has."""
    return 8 if last_column <= 12 else 16 if last_column <= 24 else 32


def _repeats(cells: list[str], header: _Header) -> bool:
    return any(
        (other.first_column, other.columns) == (header.first_column, header.columns)
        for other in _headers(cells, 0, len(header.columns))
    )

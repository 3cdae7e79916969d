"""What stands around the grids of a layout and is not read: rows below, doses above, donors beside them."""

from __future__ import annotations

from osteocount.plate.layout.headings import HEADINGS, column_of
from osteocount.plate.layout.model import LayoutEntries
from osteocount.plate.numbers import parse_number
from osteocount.plate.spreadsheets import Sheet
from osteocount.plate.well_grids import Grid, row_label, rows_of

_NEAR = 3  # rows above a grid that speak of it
_OWN_GRID = "Give it a grid of its own, with the name of its variable (dose, donor …) in the corner"


def say_what_is_around(sheet: Sheet, grid: Grid, grids: list[Grid], collected: LayoutEntries) -> None:
    """Add to the problems what would be lost of the wells, and to the notes what else is not read."""
    _say_what_is_below(sheet, grid, grids, collected)
    _say_what_is_above(sheet, grid, grids, collected)
    _say_what_is_beside(sheet, grid, grids, collected)


def _say_what_is_below(sheet: Sheet, grid: Grid, grids: list[Grid], collected: LayoutEntries) -> None:
    """Name lines below a grid that look like rows of it, and say which filled ones are not read."""
    read = {row for other in grids for row, _ in other.lines} | {other.header_row for other in grids}
    stop = min((other.header_row for other in grids if other.header_row > grid.last_row), default=len(sheet.rows))
    columns = range(grid.first_column, grid.first_column + len(grid.columns))
    labels = [c for c in (grid.first_column - 1, grid.first_column - 2) if c >= 0]
    for row in range(grid.last_row + 1, stop):
        filled = sum(bool(sheet.cell(row, column)) for column in columns)
        text = next((sheet.cell(row, c) for c in labels if sheet.cell(row, c)), "")
        place = (row, labels[0] if labels else grid.first_column)
        if row in read or not filled or place in grid.unclear:
            continue
        named, last = row_label(text), max(plate_row for _, plate_row in grid.lines)
        further = named > last and named <= rows_of(grid.columns[-1])
        if further or (named and filled >= min(2, len(grid.columns)) and named <= last):
            collected.problems.append(
                f"{sheet.where(*place)}: {text!r} stands below the grid, or is a row that is there already. Label the "
                "rows A, B, C …, each once, without empty lines between."
            )
        elif filled >= min(2, len(grid.columns)):
            collected.notes.append(f"{sheet.where(*place)}: a line below the grid is not read ({text or 'no label'}).")


def _say_what_is_above(sheet: Sheet, grid: Grid, grids: list[Grid], collected: LayoutEntries) -> None:
    """Name a line above a grid that says something else of most of its columns: their doses, or their treatments."""
    taken = {row for other in grids for row, _ in other.lines} | {other.header_row for other in grids}
    for row in range(max(0, grid.header_row - _NEAR), grid.header_row):
        texts = [text for c in range(grid.first_column, grid.behind) if (text := sheet.filled(row, c))]
        if row not in taken and len(set(texts)) > 1 and 2 * len(texts) >= len(grid.columns):
            collected.problems.append(
                f"{sheet.where(row, grid.first_column)}: the line above the grid ({_listed(texts)}) is not read. "
                f"{_OWN_GRID}, or delete it."
            )


def _say_what_is_beside(sheet: Sheet, grid: Grid, grids: list[Grid], collected: LayoutEntries) -> None:
    """Name columns beside a grid that say something of its rows: their donors, or a note."""
    rows = [row for row, _ in grid.lines]
    labels = (grid.first_column - 1, grid.first_column - 2)
    of_grids = {
        c for g in grids if {row for row, _ in g.lines} & set(rows) for c in range(g.first_column - 1, g.behind)
    }
    for column in range(max(map(len, (sheet.rows[row] for row in rows)))):
        texts = [text for row in rows if (text := sheet.filled(row, column))]
        if column in of_grids or not texts or _are_labels(sheet, grid, column):
            continue
        heading = sheet.cell(grid.header_row, column)
        numbers = all(parse_number(text) is not None for text in texts)
        known = heading != "" and column_of(heading)[0] in HEADINGS
        said = f"{sheet.where(rows[0], column)}: the column beside the grid ({_listed(texts)}) is not read"
        if known or (not heading and not numbers and 2 * len(texts) >= len(rows)):
            collected.problems.append(f"{said}. {_OWN_GRID}, or delete it.")
        elif not numbers and not (column in labels and len(set(texts)) == 1):
            collected.notes.append(f"{said}.")


def _are_labels(sheet: Sheet, grid: Grid, column: int) -> bool:
    """Say whether a column holds the labels of the rows, perhaps again behind them."""
    return all(row_label(sheet.cell(row, column)) in (of_row, 0) for row, of_row in grid.lines) and any(
        row_label(sheet.cell(row, column)) for row, _ in grid.lines
    )


def _listed(texts: list[str]) -> str:
    shown = list(dict.fromkeys(texts))
    return ", ".join(shown[:4]) + (" …" if len(shown) > 4 else "")

"""Readings printed as grids in the shape of the plate."""

from __future__ import annotations

from dataclasses import replace

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.headings import HeadingContext, context_above, context_of
from osteocount.plate.absorbance.model import Reading, ReadingBlock
from osteocount.plate.absorbance.values import (
    excitation_emission,
    is_amount,
    kind_of,
    names_what_was_measured,
    of_two_wavelengths,
    read_value,
    set_wavelengths,
    signal_of,
    wavelength_of,
)
from osteocount.plate.spreadsheets import Sheet
from osteocount.plate.well_grids import Grid, find_grids, lines_above, row_label, rows_of, transposed
from osteocount.wells import PLATE_SHAPES

MIN_COLUMNS = 6  # half a row of a 96-well plate; shorter runs of numbers are also numbered samples and steps
_LAYOUT_LABELS = ("well id", "conc/dil", "name", "sample", "content", "layout", "platemap", "plate layout")


def grid_blocks(sheet: Sheet) -> list[ReadingBlock]:
    """Return the readings of every labelled grid of a sheet; grids of text (layouts, sample names) are left out."""
    upright = [plate for plate in _plates(find_grids(sheet, min_columns=3)) if _is_plate(plate)]
    blocks = _blocks_of(sheet, upright, turned=False)
    if blocks:
        return blocks
    turned = transposed(sheet)
    # Numbers 1 … 12 now stand across; only a grid that is at least four letters wide can be told from a list.
    grids = [g for g in find_grids(turned, min_columns=MIN_COLUMNS) if len({row for _, row in g.lines}) >= 4]
    return _blocks_of(turned, [[grid] for grid in grids], turned=True)


def _plates(grids: list[Grid]) -> list[list[Grid]]:
    """Put the parts of a plate together that stand beside each other with an empty column between."""
    plates: list[list[Grid]] = []
    for grid in grids:
        left = plates[-1][-1] if plates else None
        if left and (grid.header_row, grid.lines) == (left.header_row, left.lines) and grid.goes_on_from(left):
            plates[-1].append(grid)
        else:
            plates.append([grid])
    return plates


def _is_plate(parts: list[Grid]) -> bool:
    """Say whether a grid is wide enough to be one, has all rows of one, or is a plate of 6 or 12 wells."""
    rows, columns = max(row for _, row in parts[0].lines), parts[-1].columns[-1]
    small = parts[0].columns[0] == 1 and any(columns == w and rows <= h for h, w in (PLATE_SHAPES[6], PLATE_SHAPES[12]))
    strip = {row for _, row in parts[0].lines} == set(range(1, 9))  # whole columns of a plate of 96
    return small or strip or sum(len(part.columns) for part in parts) >= MIN_COLUMNS


def _blocks_of(sheet: Sheet, plates: list[list[Grid]], *, turned: bool) -> list[ReadingBlock]:
    blocks = []
    context = HeadingContext()
    grids = [grid for parts in plates for grid in parts]
    for parts in plates:
        grid = parts[0]
        context = context_of(sheet, lines_above(sheet, grid, grids), grid.header_row, context.plate)
        if context.headings and context.headings[0].lower() in _LAYOUT_LABELS:
            continue
        if not turned:
            below = [other.header_row for other in grids if other.header_row > grid.last_row]
            _refuse_lost_rows(sheet, grid, min(below, default=len(sheet.rows)))
        series = _series(sheet, parts)
        measured = [label for label in series if names_what_was_measured(label)]
        for label, lines in series.items():
            block = _block(sheet, parts, context, label, lines)
            # What Gen5 measured has a label with its light, what it made of that has only a name.
            named = bool(label) and not label.startswith("line ")
            if block and block.kind == "raw" and measured and named and label not in measured:
                block = replace(block, kind="computed")
            if block:
                blocks.append(block if not turned else _turned_back(block, grid))
    return blocks


def _refuse_lost_rows(sheet: Sheet, grid: Grid, stop: int) -> None:
    """Raise where rows of a grid stand too far below it, or come again.

    Raises
    ------
    OsteoCountError
    """
    last = max(plate_row for _, plate_row in grid.lines)
    labels = [c for c in (grid.first_column - 1, grid.first_column - 2) if c >= 0]
    columns = range(grid.first_column, grid.first_column + len(grid.columns))
    lost = list(grid.unclear)
    for row in range(grid.last_row + 1, stop):
        cells = [text for column in columns if (text := sheet.cell(row, column))]
        if not any(cells) or 2 * len(cells) < len(grid.columns) or any(read_value(text) is None for text in cells):
            continue
        named = next((found for c in labels if (found := row_label(sheet.cell(row, c)))), 0)
        again = row == grid.last_row + 1 and 0 < named <= last
        if again or last < named <= rows_of(grid.columns[-1]):
            lost.append((row, labels[0]))
    for row, column in lost:
        label = row_label(sheet.cell(row, column))
        if label and any(sheet.cell(row, c) for c in columns):
            raise OsteoCountError(
                f"{sheet.where(row, column)}: {sheet.cell(row, column)!r} is a row that is there already, or stands "
                "far below its plate. Leave out what does not belong to the plate, or give every plate column numbers."
            )


def _turned_back(block: ReadingBlock, grid: Grid) -> ReadingBlock:
    return replace(block, where=f"line {grid.first_column + 1} column {grid.header_row + 1}")


def _series(sheet: Sheet, parts: list[Grid]) -> dict[str, list[tuple[int, int]]]:
    """Sort a plate's lines by the label behind them; unlabelled further lines of a row by their order."""
    grid, labels = parts[0], _labels_behind(sheet, parts)
    series: dict[str, list[tuple[int, int]]] = {}
    order: dict[int, int] = {}
    for sheet_row, plate_row in grid.lines:
        number = order[plate_row] = order.get(plate_row, 0) + 1
        label = labels.get(sheet_row, "") or ("" if number == 1 else f"line {number}")
        series.setdefault(label, []).append((sheet_row, plate_row))
    return series


def _labels_behind(sheet: Sheet, parts: list[Grid]) -> dict[int, str]:
    """Return the labels of lines that stand behind them.

    A column with a heading of its own (Mean, SD), the letters of the rows again, and what differs in every line name no
    readings.
    """
    grid, behind = parts[0], parts[-1].behind
    labels = {row: sheet.cell(row, behind) for row, _ in grid.lines}
    said = [label for label in labels.values() if label]
    each_its_own = len(said) > 1 and len(said) == len(set(said)) == len({plate_row for _, plate_row in grid.lines})
    return {} if sheet.cell(grid.header_row, behind) or each_its_own else labels


def _block(
    sheet: Sheet, parts: list[Grid], context: HeadingContext, label: str, lines: list[tuple[int, int]]
) -> ReadingBlock | None:
    """Build the block of one label, None when its cells are not readings."""
    grid = parts[0]
    readings = []
    strange = 0
    percent = any(sheet.cell(row, grid.first_column).endswith("%") for row, _ in lines)
    places = [(part.first_column + n, number) for part in parts for n, number in enumerate(part.columns)]
    for sheet_row, plate_row in lines:
        for column, plate_column in places:
            read = read_value(sheet.cell(sheet_row, column))
            strange += read is None
            value, flag = read or (None, "invalid")
            readings.append(Reading(plate_row, plate_column, value, flag))
    with_meaning = sum(r.flag not in ("empty", "invalid") for r in readings)
    # One cell in five may hold a word we do not know as a flag; more, and it is a grid of names.
    if not with_meaning or strange > 0.2 * (with_meaning + strange) or label.lower() in _LAYOUT_LABELS:
        return None
    named = "" if label.startswith("line ") else label
    said = [named] if named else [sheet.name, *context.headings[:3]]
    title = named or context.title or grid.corner
    nearby = [named, grid.corner, *context.headings]
    values = [r.value for r in readings if r.value is not None]
    texts = [named] if named else [grid.corner, *context.headings[:3]]
    signal = signal_of(nearby, values)
    pair = excitation_emission(*texts, values=values)
    pair = pair or (set_wavelengths(context.headings) if signal == "fluorescence" else None)
    return ReadingBlock(
        name="",
        sheet=sheet.name,
        where=sheet.where(lines[0][0], grid.first_column),
        plate=context.plate,
        wavelength_nm=pair[0] if pair else _wavelength(named, grid, context, single=not label.startswith("line ")),
        kind=kind_of(grid.corner, *said, formula=context.formula or percent or is_amount(title)),
        title=title[:60],
        readings=tuple(readings),
        emission_nm=pair[1] if pair else None,
        signal="fluorescence" if pair else signal,
    )


def _wavelength(label: str, grid: Grid, context: HeadingContext, *, single: bool) -> float | None:
    """Take the wavelength from the label behind the line, the corner, or the nearest heading that names one.

    That of a difference of two is none.
    """
    if any(map(of_two_wavelengths, context.headings[:1])):
        return None
    texts = [label, grid.corner, *(context.headings if single else ())]
    return next((found for text in texts if text and (found := wavelength_of(text))), None)


def bare_blocks(sheet: Sheet) -> list[ReadingBlock]:
    """Return blocks of numbers without any headings that have exactly the shape of a plate (EnVision's plain form).

    Below a heading of a plate, wells that were not read may be empty.
    """
    shapes = {(rows, columns) for wells, (rows, columns) in PLATE_SHAPES.items() if wells >= 24}
    blocks = []
    row = end = 0
    plate = ""
    while row < len(sheet.rows):
        first = row
        context = context_above(sheet, end, first, plate)
        gaps = bool(context.plate) and context.plate != plate
        width = _numeric_width(sheet.rows[row], gaps=gaps)
        while width and row < len(sheet.rows) and _numeric_width(sheet.rows[row], gaps=gaps) == width:
            row += 1
        if (row - first, width) in shapes:
            grid = Grid(
                first - 1, 0, tuple(range(1, width + 1)), tuple((r, r - first + 1) for r in range(first, row)), ""
            )
            block = _block(sheet, [grid], context, "", list(grid.lines))
            plate, end = context.plate, row
            blocks += [block] if block else []
        row = max(row, first + 1)
    return blocks


def _numeric_width(cells: list[str], *, gaps: bool) -> int:
    """Return how many cells a line of nothing but readings has, 0 for any other line.

    ``gaps``: also with empty cells among them, as long as the line has as many cells as a plate has columns; a last
    separator ends the line.
    """
    if gaps and (width := len(cells) - (not any(cells[-1:]))) in {columns for _, columns in PLATE_SHAPES.values()}:
        return width if all(not cell or read_value(cell) is not None for cell in cells) else 0
    while cells and not cells[-1]:
        cells = cells[:-1]
    return len(cells) if cells and all(cell and read_value(cell) is not None for cell in cells) else 0

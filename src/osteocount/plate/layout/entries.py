"""Layouts in workbooks and text tables: grids and long tables, collected cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from osteocount.errors import OsteoCountError
from osteocount.plate.layout.around_grids import say_what_is_around
from osteocount.plate.layout.headings import HEADINGS, INSTRUCTIONS, column_of, is_load_data, says_of_pictures
from osteocount.plate.layout.model import LayoutEntries, LayoutEntry, WellKey, well_in_words
from osteocount.plate.layout.repeated import DONOR_TITLE, PLATE_TITLE, LayoutTable, join_tables
from osteocount.plate.numbers import parse_number
from osteocount.plate.spreadsheets import Sheet, read_sheets, uncomputed_formulas
from osteocount.plate.well_grids import Grid, find_grids, lines_above
from osteocount.wells import PLATE_SHAPES, WellPosition, parse_well, row_letters

_AXIS = r"(?:rows?|col(?:umn)?s?|wells?|reihe|zeile|spalte)"
_GENERIC = re.compile(
    rf"(?i)sheet\s?\d*|tabelle\s?\d*|feuil\s?\d*|hoja\s?\d*|plate\s?\d*|layout|{_AXIS}(?:\s*[/\\|]\s*{_AXIS})?"
)
_NEAR = 3  # rows above a grid in which its title may stand
MIN_GRID_COLUMNS = 3  # a 6-well plate


def table_entries(path: Path, treatment_column: str = "") -> LayoutEntries:
    """Collect everything a workbook or a text table says about wells, and what is wrong with it.

    ``treatment_column`` is the heading of the treatments, where a person has named it.

    Raises
    ------
    OsteoCountError
        The file cannot be read, or there is no layout in it.
    """
    collected = LayoutEntries()
    tables: list[LayoutTable] = []
    sheets = [sheet for sheet in read_sheets(path) if sheet.name != INSTRUCTIONS]
    plates = _plates_of(sheets)
    if plates:
        collected.notes.append(f"Sheets or titles are read as plates of their own: {', '.join(sorted(plates))}.")
    for sheet in sheets:
        _refuse_hidden_values(sheet, collected)
        found = _sheet_entries(sheet, collected, treatment_column, plates)
        if found:
            _say_what_is_hidden(sheet, collected)
            say_code_page(sheet, collected)
        tables += found
    join_tables(tables, collected)
    if not tables and sheets and sheets[0].unclear:
        raise OsteoCountError(f"{path}: {sheets[0].unclear}")
    if not tables:
        raise OsteoCountError(
            f"{path}: no layout in this file. Either a table with a heading 'well' (or 'row' and 'column'), or grids "
            "with 1, 2, 3 … across and A, B, C … down. `osteocount layout template` writes one to start from."
        )
    return collected


def _say_what_is_hidden(sheet: Sheet, collected: LayoutEntries) -> None:
    """Name formulas without a value, and what is read although nobody sees it."""
    if sheet.uncomputed:
        collected.problems.append(uncomputed_formulas(sheet))
    if computed := len(sheet.formulas - sheet.uncomputed):
        collected.notes.append(
            f"Sheet {sheet.name!r}: {computed} cells are formulas; their values are those of the last time the file "
            "was saved."
        )
    if sheet.hidden:
        collected.notes.append(f"Sheet {sheet.name!r} is hidden, and is read all the same.")
    _say_hidden_columns(sheet, collected)
    if sheet.struck:
        places = ", ".join(sheet.where(*place) for place in sorted(sheet.struck)[:10])
        collected.notes.append(
            f"Struck through, and read all the same: {places}. Wells to be left out have a reason under 'exclude'."
        )
    if sheet.commented and (said := "Cells have comments, which are not read.") not in collected.notes:
        collected.notes.append(said)
    if sheet.hidden_rows:
        rows = ", ".join(str(row + 1) for row in sorted(sheet.hidden_rows)[:10])
        more = f" and {len(sheet.hidden_rows) - 10} more" if len(sheet.hidden_rows) > 10 else ""
        collected.notes.append(
            f"Sheet {sheet.name!r}: rows {rows}{more} are hidden or filtered out, and are read all the same."
        )


def _say_hidden_columns(sheet: Sheet, collected: LayoutEntries) -> None:
    if sheet.hidden_columns:
        from openpyxl.utils import get_column_letter

        columns = ", ".join(get_column_letter(column + 1) for column in sorted(sheet.hidden_columns)[:10])
        more = f" and {len(sheet.hidden_columns) - 10} more" if len(sheet.hidden_columns) > 10 else ""
        collected.notes.append(f"Sheet {sheet.name!r}: columns {columns}{more} are hidden, and are read all the same.")


def say_code_page(sheet: Sheet, collected: LayoutEntries) -> None:
    """Name the code page of text that is no Unicode, or what is unclear in it."""
    if sheet.unclear:
        collected.problems.append(sheet.unclear)
    elif sheet.code_page:
        collected.notes.append(f"The file is no Unicode text; it is read as {sheet.code_page}.")


def _refuse_hidden_values(sheet: Sheet, collected: LayoutEntries) -> None:
    """Name merged cells that hide values below the one that shows."""
    for top, left, bottom, right in sheet.merged:
        places = product(range(top, bottom + 1), range(left, right + 1))
        texts = list(dict.fromkeys(text for place in places if (text := sheet.cell(*place))))
        if len(texts) > 1:
            collected.problems.append(
                f"{sheet.where(top, left)}: a merged cell over several values ({', '.join(texts)}). Unmerge it and "
                "give each well its own."
            )


def _plates_of(sheets: list[Sheet]) -> frozenset[str]:
    """Return the plates that sheets and titles are called after, where there are several: a sheet or part for each."""
    titles = [text for sheet in sheets for row in sheet.rows for text in row if text]
    named = {match["plate"] for text in titles if (match := PLATE_TITLE.fullmatch(text)) and len(text) > 4}
    named |= {match["plate"] for sheet in sheets if sheet.rows and (match := PLATE_TITLE.fullmatch(sheet.name))}
    return frozenset(named) if len(named) > 1 else frozenset()


def _sheet_entries(
    sheet: Sheet, collected: LayoutEntries, treatment_column: str, plates: frozenset[str] = frozenset()
) -> list[LayoutTable]:
    """Return the grids or the long table of one sheet; what is wrong with them is added to ``collected``."""
    grids = find_grids(sheet, min_columns=MIN_GRID_COLUMNS)
    header = _long_header(sheet)
    if header is not None and not any(grid.header_row < header for grid in grids):
        plate = sheet.name if sheet.name in plates else ""
        entries = tuple(_long_entries(sheet, header, treatment_column, collected, plate))
        return [LayoutTable(entries, sheet.where(header, 0), _donor_of([sheet.name]))]
    tables = []
    owners = [(_plate_of(sheet, grid, grids, plates), _donor_of(_titles_of(sheet, grid, grids))) for grid in grids]
    alone = len(set(owners)) == len(grids)
    for grid, (plate, donor) in zip(grids, owners, strict=True):
        corner = sheet.where(grid.header_row, max(grid.first_column - 1, 0))
        name = _grid_variable(sheet, grid, grids) or ("treatment" if alone and not _numbers(sheet, grid) else "")
        if not name:
            collected.problems.append(
                f"{corner}: this grid has no name. Write the variable (treatment, dose, donor …) into its corner cell."
            )
            tables.append(LayoutTable((), corner))
            continue
        entries = tuple(_grid_entries(sheet, grid, plate, *column_of(name, treatment_column)))
        tables.append(LayoutTable(entries, corner, donor))
        collected.problems.extend(
            f"{sheet.where(*place)}: {sheet.cell(*place)!r} is no row of the grid, or one that is there already, or a "
            "note below it. Label the rows A, B, C …, each once, and put notes elsewhere."
            for place in grid.unclear
        )
        say_what_is_around(sheet, grid, grids, collected)
        whole = [
            other.columns[-1] for other in grids if (other.header_row, other.lines) == (grid.header_row, grid.lines)
        ]
        shape = grid.lines[-1][1], max(whole)
        drawn = next((wells for wells, known in PLATE_SHAPES.items() if known == shape), None)
        collected.drawn_wells = max(filter(None, (collected.drawn_wells, drawn)), default=None)
    return tables


def _titles_of(sheet: Sheet, grid: Grid, grids: list[Grid]) -> list[str]:
    """Return what may name the plate or the donor of a grid: its corner, titles above, nearest first, its sheet."""
    texts = [grid.corner]
    for other in (grid, *(other for other in reversed(grids) if other.last_row < grid.header_row)):
        texts += [cells[0] for _, cells in reversed(lines_above(sheet, other, grids)) if len(cells) == 1]
        texts += [other.corner]
    return [*texts, sheet.name]


def _donor_of(titles: list[str]) -> str:
    """Return the donor that the first of the titles names which names one; "" without any."""
    return next((match["donor"] for text in titles if (match := DONOR_TITLE.fullmatch(text))), "")


def _plate_of(sheet: Sheet, grid: Grid, grids: list[Grid], plates: frozenset[str]) -> str:
    """Return the plate that a grid's corner, the nearest title above it or its sheet names; "" without any."""
    found = (match["plate"] for text in _titles_of(sheet, grid, grids) if (match := PLATE_TITLE.fullmatch(text)))
    return next((plate for plate in found if plate in plates), "")


def _grid_variable(sheet: Sheet, grid: Grid, grids: list[Grid]) -> str:
    """Name a grid by its corner, by the nearest title above it, or by its sheet."""
    titles = [(row, texts[0]) for row, texts in reversed(lines_above(sheet, grid, grids)) if len(texts) == 1]
    # Further up only what is a variable: a title of the whole sheet is none.
    near = [text for row, text in titles if row == grid.header_row - 1]
    near += [text for row, text in titles if row >= grid.header_row - _NEAR and column_of(text)[0] in HEADINGS]
    candidates = [
        (match["rest"] or "") if (match := PLATE_TITLE.fullmatch(text) or DONOR_TITLE.fullmatch(text)) else text
        for text in (grid.corner, *near, sheet.name)
    ]
    return next((text for text in candidates if text and not _GENERIC.fullmatch(text)), "")


def _numbers(sheet: Sheet, grid: Grid) -> bool:
    """Say whether a grid holds numbers: readings or doses, but no treatments."""
    texts = [text for *_, row, column in grid.cells() if (text := sheet.cell(row, column))]
    return bool(texts) and sum(parse_number(text) is not None for text in texts) > 0.8 * len(texts)


def _grid_entries(sheet: Sheet, grid: Grid, plate: str, variable: str, unit: str) -> Iterator[LayoutEntry]:
    for plate_row, plate_column, row, column in grid.cells():
        if value := sheet.filled(row, column):
            yield _entry(sheet, (plate, plate_row, plate_column), variable, value, unit, (row, column))


def _entry(sheet: Sheet, well: WellKey, variable: str, value: str, unit: str, place: tuple[int, int]) -> LayoutEntry:
    typed = sheet.anchor(*place)
    return LayoutEntry(
        well=well,
        variable=variable,
        value=value,
        where=sheet.where(*typed),
        heading_unit=unit,
        number=typed in sheet.numbers,
        date=typed in sheet.dates,
        merged=place in sheet.merged_into,
        origin=(sheet.name, *typed),
    )


def _long_header(sheet: Sheet) -> int | None:
    """Return the row that heads a long table: it names the well, or row and column."""
    for row, cells in enumerate(sheet.rows[:50]):  # a preface is shorter; below, chance words would pass for headings
        columns = [column_of(cell)[0] for cell in cells if cell and not cells[0].startswith("#")]  # OMERO's first line
        if len(columns) >= 2 and ("well" in columns or {"row", "column"} <= set(columns)):
            return row
    return None


def _long_entries(
    sheet: Sheet, header: int, treatment_column: str, collected: LayoutEntries, plate: str = ""
) -> Iterator[LayoutEntry]:
    problems, notes = collected.problems, collected.notes
    headings = {i: cell for i, cell in enumerate(sheet.rows[header]) if cell}
    per_picture = is_load_data(list(headings.values()))
    if per_picture:
        headings = {i: cell for i, cell in headings.items() if not says_of_pictures(cell)}
    columns = {i: column_of(cell, treatment_column) for i, cell in headings.items()}
    named = [variable for variable, _ in columns.values()]
    problems.extend(
        f"{sheet.where(header, 0)}: two columns mean {variable!r}; keep one"
        + (", or say which it is (--treatment-column)." if variable == "treatment" else ".")
        for variable in sorted({v for v in named if named.count(v) > 1})
    )
    at = {variable: i for i, (variable, _) in reversed(columns.items())}
    rest = {i: c for i, c in columns.items() if c[0] not in ("well", "row", "column", "plate")}
    seen: dict[WellKey, tuple[int, list[str]]] = {}
    for row in range(header + 1, len(sheet.rows)):
        values = [sheet.filled(row, i) for i in rest]
        if not any(values):
            if "well" in at and (text := sheet.cell(row, at["well"])) and not parse_well(text):
                notes.append(f"{sheet.where(row, at['well'])}: a line without a well is not read ({text}).")
            continue
        place = _long_place(sheet, row, at, problems)
        if place is None:
            continue
        well = (sheet.filled(row, at["plate"]) if "plate" in at else plate, *place)
        if well in seen and per_picture and seen[well][1] == values:
            continue
        if well in seen:
            problems.append(_twice(sheet, row, at, well, seen[well], values, rest))
            continue
        seen[well] = (row, values)
        for (i, (variable, unit)), value in zip(rest.items(), values, strict=True):
            if value:
                yield _entry(sheet, well, variable, value, unit, (row, i))


def _long_place(sheet: Sheet, row: int, at: dict[str, int], problems: list[str]) -> WellPosition | None:
    if "well" in at:
        text, column = sheet.cell(row, at["well"]), at["well"]
    else:
        letters, number = sheet.filled(row, at["row"]), sheet.filled(row, at["column"])
        column = at["row"]
        text = f"{row_letters(int(letters)) if letters.isdecimal() else letters}{number}"
    place = parse_well(text)
    if place is None:
        said = (
            f"{text!r} is not a well (A1 … P24; one on each line)"
            if text
            else "no well is named for this line. Units belong into the heading, as in 'dose (ng/mL)', notes elsewhere"
        )
        problems.append(f"{sheet.where(row, column)}: {said}.")
    return place


def _twice(
    sheet: Sheet,
    row: int,
    at: dict[str, int],
    well: WellKey,
    first: tuple[int, list[str]],
    values: list[str],
    rest: dict[int, tuple[str, str]],
) -> str:
    """Say that a well is listed twice, and in what the two lines differ."""
    column = at.get("well", at.get("row", 0))
    differ = [
        f"{variable} {a or 'empty'} and {b or 'empty'}"
        for (variable, _), a, b in zip(rest.values(), first[1], values, strict=True)
        if a != b
    ]
    donors = any(text.startswith("donor ") for text in differ)
    said = ("two donors in one well" if donors else "listed twice") + (f" ({'; '.join(differ)})" if differ else "")
    here, there = sheet.where(row, column), sheet.where(first[0], column)
    cure = "" if well[0] else " Wells of several plates or experiments need a column 'plate'."
    return f"{here}: well {well_in_words(well)} is there already at {there}: {said}.{cure}"

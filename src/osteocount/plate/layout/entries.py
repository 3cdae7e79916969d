"""Collecting what a layout file says, cell by cell, before any of it is judged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from osteocount.errors import OsteoCountError
from osteocount.plate.spreadsheets import Sheet, read_sheets
from osteocount.plate.well_grids import Grid, find_grids
from osteocount.wells import PLATE_SHAPES, parse_well, row_letters, well_name

HEADINGS = {
    "well": ("well", "wells", "position", "well id", "well position", "well name"),
    "row": ("row", "well row", "plate row"),
    "column": ("column", "col", "well column", "well col", "plate column"),
    "plate": ("plate", "plate id", "plate name", "barcode", "plate barcode"),
    "treatment": ("treatment", "compound", "condition", "stimulus", "arm"),
    "dose": ("dose", "concentration", "conc", "amount"),
    "dose_unit": ("dose unit", "unit", "units", "concentration unit", "conc unit"),
    "donor": ("donor", "donor id", "patient", "animal", "subject"),
    "role": ("role", "well role", "well type"),
    "exclude": ("exclude", "excluded"),
    "exclude_reason": ("exclude reason", "exclusion reason", "reason"),
}
"""Column of the wells table → the headings that mean it."""

_BY_HEADING = {heading: column for column, headings in HEADINGS.items() for heading in headings}
_UNIT = re.compile(r"(?P<name>.+?)\s*[\(\[](?P<unit>[^\)\]]+)[\)\]]")
_GENERIC = re.compile(r"(?i)sheet\s?\d*|tabelle\s?\d*|feuil\s?\d*|hoja\s?\d*|plate\s?\d*|layout|wells?")
MIN_GRID_COLUMNS = 3  # a 6-well plate


@dataclass(frozen=True)
class Given:
    """One thing the file says about one well.

    ``heading_unit`` is the unit in the heading the value stands below; ``origin`` numbers the cell it was typed in, so
    that wells filled from one merged cell share it.
    """

    plate: str
    row: int
    column: int
    variable: str
    value: str
    where: str
    heading_unit: str = ""
    merged: bool = False
    origin: tuple[str, int, int] = ("", 0, 0)


@dataclass(frozen=True)
class _Filled:
    """A sheet with merged cells filled from their top left."""

    sheet: Sheet
    source: dict[tuple[int, int], tuple[int, int]]

    def value(self, row: int, column: int) -> str:
        return self.sheet.cell(*self.source.get((row, column), (row, column)))


def read_cells(path: Path, given: list[Given], problems: list[str]) -> int | None:
    """Collect everything a layout file says about wells into ``given``, and what is wrong with it into ``problems``.

    Returns the number of wells of the plate when a grid has exactly the shape of one, else None.
    """
    if path.suffix.lower() == ".toml":
        from osteocount.plate.layout.wellmap import read_wellmap

        read_wellmap(path, given, problems)
        return None
    tables = 0
    shapes: list[int] = []
    for sheet in read_sheets(path):
        filled = _fill_merged(sheet, problems)
        found = _sheet_cells(filled, given, problems, shapes)
        if found:
            problems.extend(
                f"{sheet.where(*place)}: a formula ({sheet.cell(*place)[:40]}). Put the value there instead."
                for place in sorted(sheet.formulas)
            )
        tables += found
    if not tables:
        raise OsteoCountError(
            f"{path}: no layout in this file. Either a table with a heading 'well' (or 'row' and 'column'), or grids "
            "with 1, 2, 3 … across and A, B, C … down. `osteocount layout template` writes one to start from."
        )
    return max(shapes, default=None)


def _fill_merged(sheet: Sheet, problems: list[str]) -> _Filled:
    source = {}
    for top, left, bottom, right in sheet.merged:
        places = [(r, c) for r in range(top, bottom + 1) for c in range(left, right + 1)]
        texts = list(dict.fromkeys(text for place in places if (text := sheet.cell(*place))))
        if len(texts) > 1:
            problems.append(
                f"{sheet.where(top, left)}: a merged cell over several values ({', '.join(texts)}). Unmerge it and "
                "give each well its own."
            )
        source.update(dict.fromkeys(places, (top, left)))
    return _Filled(sheet, source)


def _sheet_cells(filled: _Filled, given: list[Given], problems: list[str], shapes: list[int]) -> int:
    """Collect the grids or the long table of one sheet; returns how many tables were found."""
    grids = find_grids(filled.sheet, min_columns=MIN_GRID_COLUMNS)
    names = [_grid_variable(filled.sheet, grid) for grid in grids]
    header = _long_header(filled)
    if header is not None and not any(grid.header_row < header for grid in grids):
        given.extend(_long_cells(filled, header, problems))
        return 1
    for grid, name in zip(grids, names, strict=True):
        if not name and len(grids) == 1:
            name = "treatment"
        if not name:
            corner = filled.sheet.where(grid.header_row, max(grid.first_column - 1, 0))
            problems.append(
                f"{corner}: this grid has no name. Write the variable (treatment, dose, donor …) into its corner cell."
            )
            continue
        given.extend(_grid_cells(filled, grid, name))
        shapes += [n for n, shape in PLATE_SHAPES.items() if shape == (grid.lines[-1][1], grid.columns[-1])]
    return len(grids)


def _grid_variable(sheet: Sheet, grid: Grid) -> str:
    """Name a grid by its corner, by the line above it, or by its sheet."""
    above = [text for text in sheet.rows[grid.header_row - 1] if text] if grid.header_row else []
    candidates = [grid.corner, above[0] if len(above) == 1 else "", sheet.name]
    return next((c for c in candidates if c and not _GENERIC.fullmatch(c)), "")


def _grid_cells(filled: _Filled, grid: Grid, name: str) -> Iterator[Given]:
    variable, unit = column_of(name)
    for plate_row, plate_column, row, column in grid.cells():
        if value := filled.value(row, column):
            yield _given(filled, ("", plate_row, plate_column), variable, value, unit, (row, column))


def _given(
    filled: _Filled, well: tuple[str, int, int], variable: str, value: str, unit: str, place: tuple[int, int]
) -> Given:
    source = filled.source.get(place, place)
    merged, origin = place in filled.source, (filled.sheet.name, *source)
    return Given(*well, variable, value, filled.sheet.where(*source), unit, merged, origin)


def _long_header(filled: _Filled) -> int | None:
    """Return the row that heads a long table: it names the well, or row and column."""
    for row, cells in enumerate(filled.sheet.rows[:50]):
        columns = [column_of(cell)[0] for cell in cells if cell]
        if len(columns) >= 2 and ("well" in columns or {"row", "column"} <= set(columns)):
            return row
    return None


def _long_cells(filled: _Filled, header: int, problems: list[str]) -> Iterator[Given]:
    sheet = filled.sheet
    columns = {i: column_of(cell) for i, cell in enumerate(sheet.rows[header]) if cell}
    named = [variable for variable, _ in columns.values()]
    problems.extend(
        f"{sheet.where(header, 0)}: two columns mean {variable!r}; keep one."
        for variable in sorted({v for v in named if named.count(v) > 1})
    )
    at = {variable: i for i, (variable, _) in reversed(columns.items())}
    rest = {i: c for i, c in columns.items() if c[0] not in ("well", "row", "column", "plate")}
    seen: dict[tuple[str, int, int], tuple[int, list[str]]] = {}
    for row in range(header + 1, len(sheet.rows)):
        values = [filled.value(row, i) for i in rest]
        if not any(values):
            continue
        place = _long_place(filled, row, at, problems)
        if place is None:
            continue
        well = (filled.value(row, at["plate"]) if "plate" in at else "", *place)
        if well in seen:
            problems.append(_twice(filled, row, at, well, seen[well], values, rest))
            continue
        seen[well] = (row, values)
        for (i, (variable, unit)), value in zip(rest.items(), values, strict=True):
            if value:
                yield _given(filled, well, variable, value, unit, (row, i))


def _long_place(filled: _Filled, row: int, at: dict[str, int], problems: list[str]) -> tuple[int, int] | None:
    if "well" in at:
        text, column = filled.sheet.cell(row, at["well"]), at["well"]
    else:
        letters, number = filled.value(row, at["row"]), filled.value(row, at["column"])
        column = at["row"]
        text = f"{row_letters(int(letters)) if letters.isdecimal() else letters}{number}"
    place = parse_well(text)
    if place is None:
        said = f"{text!r} is not a well (A1 … P24)" if text else "no well is named for this line"
        problems.append(f"{filled.sheet.where(row, column)}: {said}.")
    return place


def _twice(
    filled: _Filled,
    row: int,
    at: dict[str, int],
    well: tuple[str, int, int],
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
    name = " ".join(part for part in (well[0], well_name(well[1], well[2])) if part)
    here, there = filled.sheet.where(row, column), filled.sheet.where(first[0], column)
    return f"{here}: well {name} is there already at {there}: {said}."


def column_of(heading: str) -> tuple[str, str]:
    """Return the wells-table column a heading means, and the unit in it: ``Dose (ng/mL)`` is ("dose", "ng/mL")."""
    match = _UNIT.fullmatch(heading.strip())
    name, unit = (match["name"], match["unit"].strip()) if match else (heading.strip(), "")
    words = re.sub(r"[\s_\-.]+", " ", name).strip().lower()
    column = _BY_HEADING.get(words)
    if column is None:
        column = re.sub(r"\W+", "_", words.replace(" ", "_")).strip("_") or "column"
        unit = ""
    return column, unit.replace(" per ", "/")  # the name of a sheet cannot hold a slash

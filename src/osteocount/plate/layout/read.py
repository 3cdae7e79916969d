"""What was done to each well: layouts from Excel, CSV, TSV and wellmap files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from osteocount.errors import OsteoCountError
from osteocount.plate.layout.entries import Given, read_cells
from osteocount.plate.layout.rules import resolve
from osteocount.wells import PLATE_SHAPES, well_name

if TYPE_CHECKING:
    import pandas as pd
    from openpyxl.worksheet.worksheet import Worksheet

TEMPLATE_VARIABLES = ("treatment", "dose (ng/mL)", "donor", "role", "exclude")
COLUMNS = ("plate", "well", "treatment", "dose", "dose_unit", "donor", "role", "exclude_reason")


@dataclass(frozen=True)
class Layout:
    """A plate layout.

    Attributes
    ----------
    path
        The file it was read from.
    wells
        One row per used well, sorted: ``plate`` ("" when the file names none), ``well`` (``A01``), ``treatment``,
        ``dose`` (float, NaN when not given), ``dose_unit``, ``donor``, ``role``, ``exclude_reason``, then free columns
        as text. An excluded well has the role ``excluded``.
    warnings
        What is allowed but worth knowing, in sentences.
    """

    path: Path
    wells: pd.DataFrame
    warnings: tuple[str, ...] = ()

    @property
    def plate_wells(self) -> int:
        """Number of wells of the smallest standard plate that has all of them."""
        return _plate_wells([str(w) for w in self.wells["well"]])


@dataclass(frozen=True)
class LayoutCheck:
    """What ``osteocount layout check`` shows.

    Attributes
    ----------
    problems
        Everything that keeps the layout from being used; empty when it can be used.
    warnings
        What is allowed but worth knowing.
    grids
        Per plate, one list of cells per row A, B, …: "" for an unused well, else (treatment, dose, donor, role) in
        words, one per line.
    roles
        The same shape: the role of each well, "" when unused; made for colouring.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    grids: dict[str, list[list[str]]] = field(default_factory=dict)
    roles: dict[str, list[list[str]]] = field(default_factory=dict)


def read_layout(path: Path, *, wells: int | None = None) -> Layout:
    """Read a layout.

    Parameters
    ----------
    path
        ``.xlsx`` (a sheet per variable, grids stacked on a sheet, or a long table), CSV or TSV (grids or a long
        table), or wellmap TOML.
    wells
        Number of wells of the plate (6 to 384). Without it the plate is the one a grid is drawn for, else the
        smallest that fits; a few wells outside a 96-well plate are then taken for slips.

    Raises
    ------
    OsteoCountError
        With every problem of the file in one message, each with sheet and cell or line and column.
    """
    import pandas as pd

    rows, warnings, problems = _read(path, wells)
    if problems:
        raise OsteoCountError(_in_words(path, problems))
    table = pd.DataFrame(rows)
    return Layout(path, table[[*COLUMNS, *(c for c in table.columns if c not in COLUMNS)]], tuple(warnings))


def check_layout(path: Path, *, pictures: set[tuple[str, str]] | None = None, wells: int | None = None) -> LayoutCheck:
    """Look at a layout without using it: all problems, warnings, and the plates drawn as tables.

    Parameters
    ----------
    path, wells
        As in :func:`read_layout`.
    pictures
        (plate, well) of the pictures that exist; wells without a picture and pictures without a layout well are then
        named among the warnings.
    """
    try:
        rows, warnings, problems = _read(path, wells)
    except OsteoCountError as error:
        return LayoutCheck((str(error),))
    if pictures is not None:
        missing, extra = compare_wells({(str(r["plate"]), str(r["well"])) for r in rows}, pictures)
        warnings += [f"Well {_named(w)} of the layout has no picture." for w in missing]
        warnings += [f"Pictures of well {_named(w)} have no layout well." for w in extra]
    grids, roles = _plates(rows, wells)
    return LayoutCheck(tuple(problems), tuple(warnings), grids, roles)


def compare_wells(
    layout: set[tuple[str, str]], pictures: set[tuple[str, str]]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the layout's wells without a picture and the pictures' wells without a layout well, as (plate, well).

    A layout that names no plate holds for every plate of the pictures, and the reverse.
    """
    if {plate for plate, _ in layout} == {""} or {plate for plate, _ in pictures} == {""}:
        plates = sorted({plate for plate, _ in layout | pictures} - {""}) or [""]
        layout = {(p, well) for plate, well in layout for p in ([plate] if plate else plates)}
        pictures = {(p, well) for plate, well in pictures for p in ([plate] if plate else plates)}
    return sorted(layout - pictures), sorted(pictures - layout)


def write_template(path: Path, *, wells: int = 96, variables: list[str] | None = None) -> None:
    """Write an empty layout workbook: a sheet per variable and a long one; filled in either way it reads back.

    Raises
    ------
    OsteoCountError
        The plate has no such number of wells, the file is there already, or it does not end in ``.xlsx``.
    """
    from openpyxl import Workbook

    if wells not in PLATE_SHAPES or wells > 384:
        raise OsteoCountError(f"No plate has {wells} wells; choose 6, 12, 24, 48, 96 or 384.")
    if path.suffix.lower() != ".xlsx":
        raise OsteoCountError(f"{path}: the template is an Excel workbook; give a name that ends in .xlsx.")
    if path.exists():
        raise OsteoCountError(f"{path}: there is such a file already; give another name.")
    names = variables or list(TEMPLATE_VARIABLES)
    book = Workbook()
    book.remove(book.worksheets[0])
    for name in names:
        _grid_sheet(book.create_sheet(_sheet_title(name)), name, wells)
    long = book.create_sheet("long")
    long.append(["well", *names])
    for row, column in _places(wells):
        long.append([well_name(row, column)])
    long.freeze_panes = "B2"
    book.save(path)


def _grid_sheet(sheet: Worksheet, name: str, wells: int) -> None:
    rows, columns = PLATE_SHAPES[wells]
    sheet.append([name, *range(1, columns + 1)])
    for row in range(1, rows + 1):
        sheet.append([well_name(row, 1)[0]])
    sheet.freeze_panes = "B2"


def _sheet_title(name: str) -> str:
    """Return a name Excel takes for a sheet: 31 characters, none of them a bracket, colon, star, slash or the like."""
    return "".join(" per " if c == "/" else c for c in name if c not in "[]:*?\\")[:31]


def _places(wells: int) -> list[tuple[int, int]]:
    rows, columns = PLATE_SHAPES[wells]
    return [(row, column) for row in range(1, rows + 1) for column in range(1, columns + 1)]


def _read(path: Path, wells: int | None) -> tuple[list[dict[str, object]], list[str], list[str]]:
    """Return rows, warnings and problems; raises only when there is nothing to look at."""
    if wells is not None and (wells not in PLATE_SHAPES or wells > 384):
        raise OsteoCountError(f"No plate has {wells} wells; choose 6, 12, 24, 48, 96 or 384.")
    given: list[Given] = []
    problems: list[str] = []
    drawn = read_cells(path, given, problems)
    rows, warnings = resolve(given, problems, wells or drawn)
    return rows, warnings, problems


def _in_words(path: Path, problems: list[str]) -> str:
    if len(problems) == 1:
        return f"{path}: {problems[0]}"
    lines = "".join(f"\n  {number}. {problem}" for number, problem in enumerate(problems, 1))
    return f"{path}: {len(problems)} problems in the layout.{lines}"


def _named(place: tuple[str, str]) -> str:
    return " ".join(part for part in place if part)


def _plate_wells(names: list[str]) -> int:
    from osteocount.wells import parse_well, smallest_plate

    places = [place for place in map(parse_well, names) if place]
    return smallest_plate(max(r for r, _ in places), max(c for _, c in places)) if places else 6


def _plates(
    rows: list[dict[str, object]], wells: int | None
) -> tuple[dict[str, list[list[str]]], dict[str, list[list[str]]]]:
    """Draw every plate as a table of words and one of roles."""
    grids: dict[str, list[list[str]]] = {}
    roles: dict[str, list[list[str]]] = {}
    shape = PLATE_SHAPES[wells if wells in PLATE_SHAPES else _plate_wells([str(r["well"]) for r in rows])]
    for plate in sorted({str(r["plate"]) for r in rows}):
        cells = {str(r["well"]): r for r in rows if r["plate"] == plate}
        names = [[well_name(r, c) for c in range(1, shape[1] + 1)] for r in range(1, shape[0] + 1)]
        grids[plate] = [[_cell_in_words(cells[w]) if w in cells else "" for w in line] for line in names]
        roles[plate] = [[str(cells[w]["role"]) if w in cells else "" for w in line] for line in names]
    return grids, roles


def _cell_in_words(row: dict[str, object]) -> str:
    dose = row["dose"]
    amount = f"{dose:g} {row['dose_unit']}".strip() if isinstance(dose, float) and dose == dose else ""
    reason = f"excluded: {row['exclude_reason']}" if row["role"] == "excluded" else str(row["role"])
    return "\n".join(part for part in (str(row["treatment"]), amount, str(row["donor"]), reason) if part)

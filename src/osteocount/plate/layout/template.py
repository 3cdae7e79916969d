"""The empty layout workbook that people fill in."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from osteocount.errors import OsteoCountError
from osteocount.io.files import atomic_write
from osteocount.wells import PLATE_SHAPES, refuse_plate_size, row_letters, well_name

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

TEMPLATE_VARIABLES = ("treatment", "dose (ng/mL)", "donor", "role", "exclude")


def write_template(path: Path, *, wells: int = 96, variables: list[str] | None = None) -> None:
    """Write an empty layout workbook: a sheet per variable and a long one; filled in either way it reads back.

    Raises
    ------
    OsteoCountError
        The plate has no such number of wells, the file is there already, or it does not end in ``.xlsx``.
    """
    from openpyxl import Workbook

    refuse_plate_size(wells)
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
    rows, columns = PLATE_SHAPES[wells]
    for row, column in product(range(1, rows + 1), range(1, columns + 1)):
        long.append([well_name(row, column)])
    long.freeze_panes = "B2"
    with atomic_write(path) as part:
        book.save(part)


def _grid_sheet(sheet: Worksheet, name: str, wells: int) -> None:
    rows, columns = PLATE_SHAPES[wells]
    sheet.append([name, *range(1, columns + 1)])
    for row in range(1, rows + 1):
        sheet.append([row_letters(row)])
    sheet.freeze_panes = "B2"


def _sheet_title(name: str) -> str:
    """Return a name Excel takes for a sheet: 31 characters, none of them a bracket, colon, star, slash or the like."""
    return "".join(" per " if c == "/" else c for c in name if c not in "[]:*?\\")[:31]

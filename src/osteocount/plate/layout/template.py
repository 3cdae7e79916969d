"""The layout workbook that people fill in: it says itself how, and offers the roles as a list."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osteocount.errors import OsteoCountError
from osteocount.io.files import atomic_write
from osteocount.plate.layout.headings import INSTRUCTIONS
from osteocount.well_roles import ROLES
from osteocount.wells import PLATE_SHAPES, refuse_plate_size, row_letters, well_name

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

TEMPLATE_VARIABLES = ("treatment", "dose (ng/mL)", "donor", "role", "exclude")
_EXAMPLES = (
    ("A01", "vehicle", 0, "D1", "vehicle", ""),
    ("A02", "RANKL", 50, "D1", "positive control", ""),
    ("A03", "rhIL-32", 25, "D1", "treatment", ""),
    ("B01", "vehicle", 0, "D2", "vehicle", "pipetting error"),
)
_EXPLAINED = (
    ("treatment", "What the well got, spelled alike everywhere. Wells without a treatment are not used."),
    (
        "dose (ng/mL)",
        "A number; the unit stands in the heading and may be changed there. Where units differ (ng/mL "
        "and µL), call it 'dose' and write '25 ng/mL', '5 µL'. Empty where there is none.",
    ),
    ("donor", "Who the cells came from: donor, animal or independent experiment. It is the n of every test."),
    ("role", "What the well is for; choose from the list. One role at least is 'vehicle' or 'negative control'."),
    ("exclude", "Empty, or why the well is left out of the comparison. It stays in every table."),
)
_LIST_WIDTH, _TEXT_WIDTH = 16, 90  # characters, as Excel counts widths


def write_template(path: Path, *, wells: int = 96, variables: list[str] | None = None, grid: bool = False) -> None:
    """Write a layout workbook to fill in, with a sheet that explains it; filled in it reads back.

    Parameters
    ----------
    path
        The workbook to write.
    wells
        Of the plate.
    variables
        Headings; None: treatment, dose, donor, role and exclude.
    grid
        A sheet per variable, drawn as the plate, in place of one table with a line per well.

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
        raise OsteoCountError(f"{path} exists already; give another name, so that a filled layout is never lost.")
    names = variables or list(TEMPLATE_VARIABLES)
    book = Workbook()
    book.remove(book.worksheets[0])
    if grid:
        for name in names:
            _grid_sheet(book.create_sheet(_sheet_title(name)), name, wells)
    else:
        _table_sheet(book.create_sheet("layout"), names, wells)
    _instructions(book.create_sheet(INSTRUCTIONS), grid=grid)
    with atomic_write(path) as draft:
        book.save(draft)


def _table_sheet(sheet: Worksheet, names: list[str], wells: int) -> None:
    from openpyxl.utils import get_column_letter

    rows, columns = PLATE_SHAPES[wells]
    sheet.append(["well", *names])
    for row, column in product(range(1, rows + 1), range(1, columns + 1)):
        sheet.append([well_name(row, column)])
    for number, name in enumerate(names, 2):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = _LIST_WIDTH
        if name == "role":
            _offer_roles(sheet, f"{letter}2:{letter}{wells + 1}")
    _head(sheet)


def _grid_sheet(sheet: Worksheet, name: str, wells: int) -> None:
    rows, columns = PLATE_SHAPES[wells]
    sheet.append([name, *range(1, columns + 1)])
    for row in range(1, rows + 1):
        sheet.append([row_letters(row)])
    if name == "role":
        _offer_roles(sheet, f"B2:{sheet.cell(rows + 1, columns + 1).coordinate}")
    _head(sheet)


def _head(sheet: Worksheet) -> None:
    from openpyxl.styles import Font

    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "B2"


def _offer_roles(sheet: Worksheet, cells: str) -> None:
    """Let Excel and LibreOffice offer the roles, and say so where another word is typed; no word is forbidden."""
    from openpyxl.worksheet.datavalidation import DataValidation

    offered = DataValidation("list", formula1=f'"{",".join(ROLES)}"', allow_blank=True, errorStyle="warning")
    offered.error = "OsteoCount knows the roles in the list, and common words for them such as neg, pos and solvent."
    offered.errorTitle = "No such role"
    sheet.add_data_validation(offered)
    offered.add(cells)


def _instructions(sheet: Worksheet, *, grid: bool) -> None:
    """Say what goes where; the sheet is not read as a layout."""
    from openpyxl.styles import Alignment, Font

    where = "Each sheet is one column of the table below, drawn as the plate" if grid else "One line is one well"
    lines: list[list[Any]] = [
        [f"How to fill in this layout. {where}; leave wells that were not used empty."],
        ["This sheet is not read. More columns may be added (oxygen, EV batch …): they go into the results."],
        [],
        *([name, text] for name, text in _EXPLAINED),
        [],
        ["For example:"],
        ["well", *TEMPLATE_VARIABLES],
        *([*example] for example in _EXAMPLES),
        [],
        ["Then: osteocount layout check, with this file and the folder of pictures, shows the plate and all problems."],
    ]
    for line in lines:
        sheet.append(line)
    for cell in sheet["A"]:
        cell.font = Font(bold=True)
    for cell in sheet["B"]:
        cell.alignment = Alignment(wrap_text=len(str(cell.value or "")) > _LIST_WIDTH * 2, vertical="top")
    for letter, width in zip("ABCDEF", (_LIST_WIDTH, _TEXT_WIDTH, *[_LIST_WIDTH] * 4), strict=True):
        sheet.column_dimensions[letter].width = width


def _sheet_title(name: str) -> str:
    """Return a name Excel takes for a sheet: 31 characters, none of them a bracket, colon, star, slash or the like."""
    return "".join(" per " if c == "/" else c for c in name if c not in "[]:*?\\")[:31]

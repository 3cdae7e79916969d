"""Tables of text from CSV, TSV, plain text and Excel files, each cell with its address."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import product
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING

from defusedxml import ElementTree

from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular
from osteocount.io.tables import plain_text
from osteocount.text_files import WESTERN, code_page_of, decode, unclear_letters, without_separator_line

if TYPE_CHECKING:
    import pandas as pd
    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

# Against zip bombs and mistaken files, not measured: the largest real export in the tests has 0.1 MB, and a kinetic of
# 1536 wells at 1000 times has 1.5 million cells.
MAX_FILE_BYTES = 50_000_000
MAX_UNPACKED_BYTES = 300_000_000
MAX_CELLS = 2_000_000
MAX_SECONDS = 60.0
EXCEL_SUFFIXES = (".xlsx", ".xlsm")


@dataclass(frozen=True)
class Sheet:
    """One table of text. Rows may differ in length; rows and columns count from 0.

    Attributes
    ----------
    name
        The sheet's name in a workbook, "" for a text file.
    rows
        The cells as text, stripped; empty cells are "". Percentages are written as such (``25%``), and a date as a day
        (``2024-09-01``).
    formulas
        Places of the cells that hold a formula.
    uncomputed
        Those of them for which the file holds no value: no program has computed them yet.
    merged
        Merged ranges as (first row, first column, last row, last column).
    dates
        Places of the cells that Excel holds to be dates or times.
    numbers
        Places of the cells that hold a number, so that a point in their text is the decimal one.
    hidden
        Whether the sheet is hidden.
    hidden_rows, hidden_columns
        Rows that are hidden or filtered out, and columns that are hidden.
    code_page
        What its text was read in where it is no Unicode.
    struck
        Places of cells that are struck through.
    commented
        Whether cells of the workbook have comments, which are not read.
    unclear
        What says that it may be in another code page, in a sentence.
    """

    name: str
    rows: list[list[str]]
    formulas: frozenset[tuple[int, int]] = frozenset()
    uncomputed: frozenset[tuple[int, int]] = frozenset()
    merged: tuple[tuple[int, int, int, int], ...] = ()
    dates: frozenset[tuple[int, int]] = frozenset()
    numbers: frozenset[tuple[int, int]] = frozenset()
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    struck: frozenset[tuple[int, int]] = frozenset()
    commented: bool = False
    code_page: str = ""
    unclear: str = ""

    def cell(self, row: int, column: int) -> str:
        """Return the text at a place, "" outside the table."""
        return self.rows[row][column] if 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row]) else ""

    @cached_property
    def merged_into(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Place of every cell of a merged range → the top left cell of it, which holds the value."""
        return {
            place: (top, left)
            for top, left, bottom, right in self.merged
            for place in product(range(top, bottom + 1), range(left, right + 1))
        }

    def anchor(self, row: int, column: int) -> tuple[int, int]:
        """Return the place where the value of a cell was typed: its own, or the top left of its merged range."""
        return self.merged_into.get((row, column), (row, column))

    def filled(self, row: int, column: int) -> str:
        """Return the text at a place, that of a merged range in all of its cells."""
        return self.cell(*self.anchor(row, column))

    def where(self, row: int, column: int) -> str:
        """Say where a cell is, as the person sees it: ``sheet 'dose' cell B3`` or ``line 3 column 2``."""
        if self.name:
            from openpyxl.utils import get_column_letter

            return f"sheet {self.name!r} cell {get_column_letter(column + 1)}{row + 1}"
        return f"line {row + 1} column {column + 1}"


def read_sheets(path: Path) -> list[Sheet]:
    """Read every sheet of a workbook, or a text file as one sheet.

    Of a formula the value is taken that Excel last computed; its cell is empty when the file holds no such
    value (see ``Sheet.uncomputed``).

    Parameters
    ----------
    path
        ``.xlsx`` or ``.xlsm`` is read as Excel, everything else as text: UTF-8, UTF-16, Windows-1252 or Shift-JIS,
        separated by tabs, semicolons or commas.

    Raises
    ------
    OsteoCountError
        The file is missing, is not what its name says, or is too large.
    """
    try:
        size = check_regular(path).st_size
        data = path.read_bytes() if size <= MAX_FILE_BYTES else b""
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be read ({error.strerror}).") from error
    if size > MAX_FILE_BYTES:
        raise OsteoCountError(f"{path}: {size / 1e6:.0f} MB is too large for a table of wells.")
    if data.startswith(b"PK\x03\x04") or path.suffix.lower() in EXCEL_SUFFIXES:
        return _read_workbook(path, data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise OsteoCountError(f"{path}: an old Excel file (.xls). Save it as .xlsx or CSV.")
    text = decode(path, data)
    rows = [[plain_text(cell) for cell in row] for row in split_table(text)]
    page = code_page_of(data)
    strange = unclear_letters(text) if page == WESTERN else None
    unclear = (
        f"line {strange[0] + 1}: {strange[1]!r} is in a code page that is not known, so that its letters may be "
        "others. Save the file as 'CSV UTF-8' or as .xlsx."
        if strange
        else ""
    )
    return [Sheet("", rows, code_page=page, unclear=unclear)]


def read_workbook_table(path: Path) -> pd.DataFrame:
    """Read the table of the one sheet of a workbook that holds one, its cells as text, an empty one as missing.

    The headings are the first line with several cells; a title may stand above.

    Raises
    ------
    OsteoCountError
        The workbook cannot be read, no sheet or several hold a table, or values of formulas are not in the file.
    """
    import pandas as pd

    tables = [sheet for sheet in read_sheets(path) if _heading_line(sheet) is not None]
    if len(tables) != 1:
        names = ", ".join(repr(sheet.name) for sheet in tables) or "none"
        raise OsteoCountError(
            f"{path.name}: one sheet with a table of wells is needed, and there is {names}. Save it as CSV."
        )
    (sheet,) = tables
    if sheet.uncomputed:
        raise OsteoCountError(f"{path.name}: {uncomputed_formulas(sheet)}")
    first = _heading_line(sheet) or 0
    kept = [column for column, name in enumerate(sheet.rows[first]) if name]
    rows = [[sheet.filled(row, column) or None for column in kept] for row in range(first + 1, len(sheet.rows))]
    named = [sheet.rows[first][column] for column in kept]
    return pd.DataFrame([row for row in rows if any(row)], columns=named, dtype=object)


def _heading_line(sheet: Sheet) -> int | None:
    """Return the first line with several cells, which others follow; None where there is none."""
    wide = (row for row, cells in enumerate(sheet.rows[:-1]) if sum(map(bool, cells)) > 2)
    return next(wide, None)


def split_table(text: str) -> list[list[str]]:
    """Split text into rows of stripped cells, at tabs, semicolons or commas, whichever the file uses."""
    lines, named = without_separator_line(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    delimiter = named or _delimiter(lines)
    if not named and (columns := aligned_columns(lines)):
        return columns
    # A stray quote must not swallow the rest of an instrument's file, so tab files are read line by line.
    parts = [[line] for line in lines] if delimiter == "\t" else [lines]
    try:
        return [[cell.strip() for cell in row] for part in parts for row in _rows(part, delimiter)]
    except csv.Error as error:
        raise OsteoCountError(f"The text cannot be split into cells ({error}).") from error


_NUMBERED = re.compile(r"\s*1(?:\s+\d{1,2}){2,}\s*")


def aligned_columns(lines: list[str]) -> list[list[str]]:
    """Split text whose columns are aligned by blanks below a line ``1  2  3 …``; [] when it is no such text.

    An empty well leaves only blanks, so every value belongs to the number that it ends nearest to.
    """
    if any("\t" in line or ";" in line for line in lines) or not any(map(_NUMBERED.fullmatch, lines)):
        return []
    rows: list[list[str]] = []
    ends: list[int] = []
    for line in lines:
        if _NUMBERED.fullmatch(line):
            ends = [match.end() for match in re.finditer(r"\S+", line)]
            rows.append(["", *line.split()])
        elif ends and (match := re.match(r"\s*([A-Za-z]{1,2})(?=\s|$)", line)) and match.end() < ends[0] + 1:
            rows.append([match[1], *_aligned(line, match.end(), ends)])
        else:
            ends = ends if line.strip() == "" and ends else []
            rows.append([line.strip()])
    return rows


def _aligned(line: str, start: int, ends: list[int]) -> list[str]:
    words = [(match[0], match.end()) for match in re.finditer(r"\S+", line[start:])]
    if len(words) == len(ends):
        return [word for word, _ in words]
    cells = [""] * len(ends)
    for word, end in words:
        nearest = min(range(len(ends)), key=lambda n: abs(ends[n] - end - start))
        cells[nearest] = f"{cells[nearest]} {word}".strip()
    return cells


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    return list(csv.reader(lines, delimiter=delimiter)) or [[]]


def _delimiter(lines: list[str]) -> str:
    """Choose the separator; tab and semicolon win ties, because a decimal comma makes no comma file."""
    # Six separators make a line of a plate of 12 wells or more; only such lines tell the separator from decimal commas.
    wide = {d: sum(line.count(d) >= 6 for line in lines) for d in "\t;,"}
    if any(wide.values()):
        return max(wide, key=lambda d: wide[d])
    # Without such lines: a separator that at least three lines in ten have; the others may be a preface.
    filled = [line for line in lines if line.strip()]
    if filled and _as_often_in_all(",", filled) and not any(_as_often_in_all(d, filled) for d in "\t;"):
        return ","  # a semicolon in the text of some cells; decimal commas are not in the heading
    few = 2 * sum(";" in line for line in filled) < len(filled)
    if few and filled and all("," in line and "\t" not in line for line in filled):
        return ","  # lists in some cells: "B1; B2"
    return next((d for d in "\t;" if sum(d in line for line in lines) >= max(1, 0.3 * len(filled))), ",")


def _as_often_in_all(separator: str, lines: list[str]) -> bool:
    return len(counts := {line.count(separator) for line in lines}) == 1 and counts != {0}


def uncomputed_formulas(sheet: Sheet) -> str:
    """Say in which cells of a sheet formulas stand without their values, and the cure."""
    first, *others = sorted(sheet.uncomputed)
    more = f" and {len(others)} more" if others else ""
    return (
        f"{sheet.where(*first)}{more}: a formula whose value is not in the file. Open the file in Excel or LibreOffice "
        "and save it again, or put the value there instead."
    )


def _read_workbook(path: Path, data: bytes) -> list[Sheet]:
    try:
        _guard_archive(path, data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that do not matter here
            return _sheets_of(path, data)
    except OsteoCountError:
        raise
    except Exception as error:  # a damaged archive or sheet makes zipfile, zlib and openpyxl raise anything
        raise OsteoCountError(f"{path}: cannot be read as an Excel workbook ({error}).") from error


def _guard_archive(path: Path, data: bytes) -> None:
    """Refuse what would unpack to far more than a table of wells holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    except zipfile.BadZipFile as error:
        raise OsteoCountError(f"{path}: not an Excel workbook, or a damaged one ({error}).") from error
    if unpacked > MAX_UNPACKED_BYTES:
        raise OsteoCountError(f"{path}: unpacks to {unpacked / 1e6:.0f} MB, too large for a table of wells.")


def _sheets_of(path: Path, data: bytes) -> list[Sheet]:
    from openpyxl import load_workbook

    # Read-only, so that a sheet costs what it holds and not what it declares; this mode also shows what merged cells
    # hide. What it does not know (merged ranges, formulas beside their values, hidden rows) is taken from the XML.
    until = monotonic() + MAX_SECONDS
    book: Workbook = load_workbook(io.BytesIO(data), data_only=True, read_only=True)
    sheets = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = _sheet_files(archive)
        for worksheet in book.worksheets:
            name = worksheet.title
            worksheet.reset_dimensions()
            rows, dates, numbers = _cells(path, worksheet, until)
            sheet = Sheet(name, rows, dates=dates, numbers=numbers, struck=_struck(worksheet, archive),
                          commented=any("omments" in part for part in archive.namelist()))  # fmt: skip
            with archive.open(files[name]) as xml:
                sheets.append(_with_structure(path, sheet, xml, until))
            if worksheet.sheet_state != "visible":
                sheets[-1] = replace(sheets[-1], hidden=True)
    book.close()
    return sheets


def _cells(
    path: Path, worksheet: Worksheet, until: float
) -> tuple[list[list[str]], frozenset[tuple[int, int]], frozenset[tuple[int, int]]]:
    """Return the rows of text down to the last that holds anything, and the places of dates and of numbers."""
    rows: list[list[str]] = []
    dates: set[tuple[int, int]] = set()
    numbers: set[tuple[int, int]] = set()
    cells = 0
    for number, row in enumerate(worksheet.iter_rows()):
        if number % 1000 == 0:
            _refuse_slow(path, worksheet.title, until)
        texts = [_text(cell) for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        cells += len(texts)
        if cells > MAX_CELLS:
            raise OsteoCountError(f"{path}: sheet {worksheet.title!r} has more than {MAX_CELLS} cells.")
        rows += [[] for _ in range(number - len(rows))]
        rows.append(texts)
        dates |= {(number, n) for n, cell in enumerate(row) if isinstance(cell.value, date | time | timedelta)}
        numbers |= {(number, n) for n, cell in enumerate(row) if isinstance(cell.value, int | float)}
    return rows, frozenset(dates), frozenset(numbers)


def _struck(worksheet: Worksheet, archive: zipfile.ZipFile) -> frozenset[tuple[int, int]]:
    """Return the places of cells that are struck through; none are looked for where no font of the workbook is."""
    if "xl/styles.xml" not in archive.namelist() or b"<strike" not in archive.read("xl/styles.xml"):
        return frozenset()
    return frozenset(
        (number, column)
        for number, row in enumerate(worksheet.iter_rows())
        for column, cell in enumerate(row)
        if cell.value is not None and cell.font.strike
    )


def _refuse_slow(path: Path, sheet: str, until: float) -> None:
    if monotonic() > until:
        raise OsteoCountError(
            f"{path}: reading sheet {sheet!r} took longer than {MAX_SECONDS:.0f} s; it holds far more than a plate. "
            "Copy the cells of the plate into a new workbook, or save the sheet as CSV."
        )


def _sheet_files(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the name of every sheet with the name of its file inside the workbook."""
    relations = {}
    for each in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels")):
        target = str(each.get("Target"))
        relations[each.get("Id")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    identity = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    strict = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
    return {
        str(each.get("name")): relations[each.get(identity) or each.get(strict)]
        for each in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter()
        if each.tag.rsplit("}", 1)[-1] == "sheet"
    }


_TRUE = ("1", "true")  # as the XML of a sheet says it


def _with_structure(path: Path, sheet: Sheet, xml: IO[bytes], until: float) -> Sheet:
    """Add what the XML of a sheet says beside its values: formulas, merged ranges, hidden rows."""
    from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

    formulas: dict[tuple[int, int], bool] = {}
    merged, hidden, columns = [], set[int](), set[int]()
    row = column = covered = 0
    for number, (event, element) in enumerate(ElementTree.iterparse(xml, events=("start", "end"))):
        tag = element.tag.rsplit("}", 1)[-1]
        if number % 10_000 == 0:
            _refuse_slow(path, sheet.name, until)
        if event == "start" and tag == "row":
            row, column = int(element.get("r") or row + 1), 0
            hidden |= {row - 1} if element.get("hidden") in _TRUE else set()
        elif event == "start" and tag == "col" and element.get("hidden") in _TRUE:
            last = min(int(element.get("max") or 0), max(map(len, sheet.rows), default=0))
            columns |= set(range(int(element.get("min") or 1) - 1, last))
        elif event == "start" and tag == "c":
            place = element.get("r")
            column = coordinate_to_tuple(place)[1] if place else column + 1
        elif event == "end" and tag == "c" and any(child.tag.endswith("}f") for child in element):
            computed = any(child.tag.endswith("}v") and child.text for child in element)
            formulas[row - 1, column - 1] = computed or element.get("t") == "str"
        elif event == "end" and tag == "mergeCell":
            left, top, right, bottom = (int(end or 1) - 1 for end in range_boundaries(str(element.get("ref"))))
            merged.append((top, left, bottom, right))
            covered += (bottom - top + 1) * (right - left + 1)
            if covered > MAX_CELLS:
                raise OsteoCountError(f"{path}: has merged ranges of {covered} cells, too large for a table of wells.")
        if event == "end" and tag in ("row", "c"):
            element.clear()
    height = range(len(sheet.rows))
    return replace(
        sheet,
        formulas=frozenset(formulas),
        uncomputed=frozenset(place for place, computed in formulas.items() if not computed),
        merged=tuple(merged),
        hidden_rows=frozenset(r for r in hidden if r in height and any(sheet.rows[r])),
        hidden_columns=frozenset(c for c in columns if any(sheet.cell(r, c) for r in height)),
    )


_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')


def _unit_of_format(number_format: str) -> str:
    """Return the unit that a number format shows behind the number (``0.0" ng/mL"``), "" where it shows none."""
    positive = re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', number_format, maxsplit=1)[0]
    digits = max(positive.rfind(mark) for mark in "0#?")
    behind = re.sub(r"\[[^\]]*\]|[_*].", "", positive[digits + 1 :]) if digits >= 0 else ""
    literal = "".join(quoted or escaped for quoted, escaped in re.findall(r'"([^"]*)"|\\(.)', behind)).strip()
    return literal if re.search(r"[A-Za-z%\u00b5\u03bc\u2030]", literal) else ""


def _text(cell: Cell | MergedCell) -> str:
    """Return a cell's value as a person would type it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and "%" in _LITERAL.sub("", str(cell.number_format).split(";")[0]):
        return f"{100 * value:.10g}%"
    if isinstance(value, int | float):
        number = int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value
        return f"{number} {_unit_of_format(str(cell.number_format))}".strip()
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip()

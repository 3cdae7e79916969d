"""Tables of text from CSV, TSV, plain text and Excel files, each cell with its address."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from dataclasses import dataclass, field
from datetime import date, time
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from defusedxml import ElementTree

from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

# Against zip bombs and mistaken files, not measured: the largest real export in the tests has 0.1 MB, and a kinetic of
# 1536 wells at 1000 times has 1.5 million cells.
MAX_FILE_BYTES = 50_000_000
MAX_UNPACKED_BYTES = 300_000_000
MAX_CELLS = 2_000_000
EXCEL_SUFFIXES = (".xlsx", ".xlsm")


@dataclass(frozen=True)
class Sheet:
    """One table of text. Rows may differ in length; rows and columns count from 0.

    Attributes
    ----------
    name
        The sheet's name in a workbook, "" for a text file.
    rows
        The cells as text, stripped; empty cells are "".
    formulas
        Places of the cells that hold a formula.
    merged
        Merged ranges as (first row, first column, last row, last column).
    """

    name: str
    rows: list[list[str]]
    formulas: frozenset[tuple[int, int]] = frozenset()
    merged: tuple[tuple[int, int, int, int], ...] = field(default=())

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


def read_sheets(path: Path, *, cached_values: bool = False) -> list[Sheet]:
    """Read every sheet of a workbook, or a text file as one sheet.

    Parameters
    ----------
    path
        ``.xlsx`` or ``.xlsm`` is read as Excel, everything else as text: UTF-8, UTF-16 or Windows-1252, separated by
        tabs, semicolons or commas.
    cached_values
        Take what Excel last computed for a formula, instead of naming its cell in ``Sheet.formulas``.

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
        return _read_workbook(path, data, cached_values=cached_values)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise OsteoCountError(f"{path}: an old Excel file (.xls). Save it as .xlsx or CSV.")
    return [Sheet("", split_table(decode(path, data)))]


def decode(path: Path, data: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 (with or without a byte order mark) or Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    sample = data[:4000]
    if sample[1::2].count(0) > len(sample) / 4:
        return data.decode("utf-16-le", errors="replace")
    if sample[0::2].count(0) > len(sample) / 4:
        return data.decode("utf-16-be", errors="replace")
    if b"\x00" in data:
        raise OsteoCountError(f"{path}: not a text table (it holds binary data).")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def split_table(text: str) -> list[list[str]]:
    """Split text into rows of stripped cells, at tabs, semicolons or commas, whichever the file uses."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    delimiter = _delimiter(lines)
    # A stray quote must not swallow the rest of an instrument's file, so tab files are read line by line.
    parts = [[line] for line in lines] if delimiter == "\t" else [lines]
    try:
        return [[cell.strip() for cell in row] for part in parts for row in _rows(part, delimiter)]
    except csv.Error as error:
        raise OsteoCountError(f"The text cannot be split into cells ({error}).") from error


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    return list(csv.reader(lines, delimiter=delimiter)) or [[]]


def _delimiter(lines: list[str]) -> str:
    """Choose the separator; tab and semicolon win ties, because a decimal comma makes no comma file."""
    # Six separators make a line of a plate of 12 wells or more; only such lines tell the separator from decimal commas.
    wide = {d: sum(line.count(d) >= 6 for line in lines) for d in "\t;,"}
    if any(wide.values()):
        return max(wide, key=lambda d: wide[d])
    # Without such lines: a separator that at least three lines in ten have; the others may be a preface.
    filled = sum(bool(line.strip()) for line in lines)
    return next((d for d in "\t;" if sum(d in line for line in lines) >= max(1, 0.3 * filled)), ",")


def _read_workbook(path: Path, data: bytes, *, cached_values: bool) -> list[Sheet]:
    try:
        _guard_archive(path, data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that do not matter here
            return _sheets_of(path, data, cached_values=cached_values)
    except OsteoCountError:
        raise
    except Exception as error:  # a damaged archive or sheet makes zipfile, zlib and openpyxl raise anything
        raise OsteoCountError(f"{path}: cannot be read as an Excel workbook ({error}).") from error


def _guard_archive(path: Path, data: bytes) -> None:
    """Refuse what would unpack to far more than a table of wells holds."""
    merged = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
            if unpacked <= MAX_UNPACKED_BYTES:
                merged = sum(_merged_cells(archive, name) for name in archive.namelist() if name.endswith(".xml"))
    except zipfile.BadZipFile as error:
        raise OsteoCountError(f"{path}: not an Excel workbook, or a damaged one ({error}).") from error
    if unpacked > MAX_UNPACKED_BYTES:
        raise OsteoCountError(f"{path}: unpacks to {unpacked / 1e6:.0f} MB, too large for a table of wells.")
    if merged > MAX_CELLS:
        raise OsteoCountError(f"{path}: has merged ranges of {merged} cells, too large for a table of wells.")


def _merged_cells(archive: zipfile.ZipFile, name: str) -> int:
    """Count the cells of a sheet's merged ranges; openpyxl makes every one of them, be it a whole sheet."""
    from openpyxl.utils.cell import range_boundaries

    data = archive.read(name)
    if b"mergeCell" not in data and b"\0" not in data[:200]:  # zeros: UTF-16, as Excel never writes it
        return 0
    cells = 0
    for _, element in ElementTree.iterparse(io.BytesIO(data)):
        if str(element.tag).endswith("mergeCell"):
            left, top, right, bottom = (n or 0 for n in range_boundaries(element.get("ref", "")))
            cells += (right - left + 1) * (bottom - top + 1)
        element.clear()
    return cells


def _sheets_of(path: Path, data: bytes, *, cached_values: bool) -> list[Sheet]:
    from openpyxl import load_workbook

    # The full reading knows merged ranges but forgets what is hidden below them; the read-only one is the reverse.
    full: Workbook = load_workbook(io.BytesIO(data), data_only=cached_values)
    raw: Workbook = load_workbook(io.BytesIO(data), data_only=cached_values, read_only=True)
    sheets = []
    for worksheet in full.worksheets:
        if worksheet.max_row * worksheet.max_column > MAX_CELLS:
            raise OsteoCountError(f"{path}: sheet {worksheet.title!r} has more than {MAX_CELLS} cells.")
        rows: list[list[str]] = []
        formulas = set()
        for row in raw[worksheet.title].iter_rows():
            rows.append([])
            for cell in row:
                rows[-1].append(_text(cell.value))
                if cell.data_type == "f":
                    formulas.add((len(rows) - 1, len(rows[-1]) - 1))
        merged = tuple(
            (r.min_row - 1, r.min_col - 1, r.max_row - 1, r.max_col - 1) for r in worksheet.merged_cells.ranges
        )
        sheets.append(Sheet(worksheet.title, rows, frozenset(formulas), merged))
    raw.close()
    return sheets


def _text(value: object) -> str:
    """Return a cell's value as a person would type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip()


_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d+")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d+")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")


def parse_number(text: str) -> float | None:
    """Return a number written with decimal point or comma (``0,073``, ``1.234,5``, ``1,234.5``), else None."""
    text = text.strip().replace("\u2212", "-").replace("\u00a0", "")
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    elif _GROUPED.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    if not _NUMBER.fullmatch(text):
        return None
    return float(text.replace(",", "."))

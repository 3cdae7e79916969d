"""Tables: the same numbers give the same bytes, and no cell of text can become a formula."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from osteocount.columns import FORMATS, OTHER_FORMAT, TEXT
from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular
from osteocount.io.files import atomic_write
from osteocount.text_files import SEPARATOR_LINE, WESTERN, code_page_of, decode, unclear_letters

_LARGEST_TABLE = 2**30
_ROWS = 5000  # written at once
# What a spreadsheet takes for the start of a formula, also behind apostrophes that are there already.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
# Where the list separator is the semicolon or the tab, Excel splits a line there, and at line ends, also inside quotes
# that do not stand at the beginning: a formula may begin behind each of them.
_INNER = re.compile(r"(?<=[;\t\r\n])(?='*[=+\-@＝＋－＠])")
_INNER_SAFE = re.compile(r"(?<=[;\t\r\n])'(?='*[=+\-@＝＋－＠])")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?")


def write_table(frame: pd.DataFrame, path: Path, formats: Mapping[str, str] | None = None) -> None:
    r"""Write a table as CSV (UTF-8, ``,``, ``\n``), whole or not at all.

    Parameters
    ----------
    frame
        The table; its index is not written. The caller has sorted the rows.
    path
        The file.
    formats
        Format of floating-point columns by name, such as those of an `osteocount.columns.Table`; before `FORMATS`.

    Notes
    -----
    Unknown values are empty, truth values ``True`` and ``False``, ``-0.0`` is ``0``. Text that a spreadsheet would take
    for a formula gets a leading apostrophe, also behind a semicolon, a tab or a line end inside a cell; `read_table`
    takes it away. NUL characters are dropped.
    """
    rules = {**FORMATS, **(formats or {})}
    with atomic_write(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(_csv_text(str(name)) for name in frame.columns) + "\n")
        for start in range(0, len(frame), _ROWS):  # as text a table is many times its size
            rows = frame.iloc[start : start + _ROWS]
            columns = [_cells(rows.iloc[:, n], rules) for n in range(rows.shape[1])]
            file.writelines(",".join(row) + "\n" for row in zip(*columns, strict=True))


def read_table(path: Path, text: Collection[str] = TEXT) -> pd.DataFrame:
    """Read a table written by `write_table`, or by a spreadsheet as CSV or TSV.

    Parameters
    ----------
    path
        The file: UTF-8, separated by commas, semicolons or tabs; decimal commas only beside semicolons or tabs.
    text
        Columns that stay text. In all others, columns of numbers and of truth values become such.

    Returns
    -------
    The table; an empty cell is missing, and nothing else is ("NA" may be the name of an arm).

    Raises
    ------
    OsteoCountError
        The file is missing, empty, larger than 1 GB, not UTF-8 text, or its rows are not of one length.
    """
    content = _content(path)
    header = content.split("\n", 1)[0]
    separator = max(",;\t", key=header.count)
    _refuse_other_separator(path, content, separator)
    decimal = "," if separator != "," and re.search(r"\d,\d", content) else "."
    try:
        names = pd.read_csv(io.StringIO(content), sep=separator, nrows=0).columns
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(content),
                sep=separator,
                decimal=decimal,
                dtype={name: "str" for name in names if plain_text(name).strip().lower() in text},
                keep_default_na=False,
                na_values=[""],
                skip_blank_lines=len(names) > 1,
                index_col=False,
                low_memory=False,
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, ValueError) as error:
        raise OsteoCountError(f"{path.name}: is not a table. {_why(str(error))}") from error
    for n in range(frame.shape[1]):
        column = frame.iloc[:, n]
        if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
            frame.isetitem(n, column.map(plain_text, na_action="ignore").astype(column.dtype).array)
    return frame.rename(columns=plain_text)


def _refuse_other_separator(path: Path, content: str, separator: str) -> None:
    """Refuse a line that is separated otherwise than the heading: it would be one cell, and the others unknown."""
    if separator != "," or content.split("\n", 1)[0].count(",") < 2:
        return
    odd = re.search(r"^[^,;\n\"]*;[^,;\n\"]*;[^,\n\"]*$", content, re.MULTILINE)
    if odd:
        raise OsteoCountError(
            f"{path.name}: line {content.count(chr(10), 0, odd.start()) + 1} is separated by semicolons, the heading "
            "by commas. Separate all lines alike."
        )


def _why(said: str) -> str:
    """Say what the parser met, and the cure."""
    needed = "One heading row and rows of the same length are needed."
    cells = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", said)
    comma = "A decimal comma in a file separated by commas makes one cell too many: write a point, or put it in quotes."
    if cells and cells[1] == "1":
        return (
            f"Its first line is one cell, line {cells[2]} has {cells[3]}. The headings have to stand in the first "
            "line: delete titles and empty lines above them."
        )
    if cells:
        return f"Line {cells[2]} has {cells[3]} cells, the heading {cells[1]}. {comma}"
    if "Length of header" in said:
        return f"Its rows have more cells than the heading. {comma}"
    return f"{needed} ({said.strip()})"


def write_workbook(sheets: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write tables as sheets of one Excel workbook, with the same safety as `write_table`.

    Numbers stay numbers at full precision; the heading row is bold and stays in view. Unlike CSV the bytes differ
    from run to run, since Excel's format holds the time of writing.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    for title, frame in sheets.items():
        sheet = book.create_sheet(_sheet_title(title, book.sheetnames))
        sheet.append([_excel_value(str(name)) for name in frame.columns])
        for row in frame.astype(object).itertuples(index=False, name=None):
            sheet.append([_excel_value(value) for value in row])
        for n, column in enumerate(sheet.iter_cols(max_row=200), start=1):
            width = max((len(str(cell.value)) for cell in column if cell.value is not None), default=0)
            sheet.column_dimensions[get_column_letter(n)].width = min(max(width + 2, 8), 60)
            column[0].font = Font(bold=True, color="FFFFFF")
            column[0].fill = PatternFill("solid", start_color="37474F")
            column[0].alignment = Alignment(vertical="center", wrap_text=True)
        sheet.freeze_panes = "A2"
    with atomic_write(path) as part:
        book.save(part)


def _cells(column: pd.Series[Any], rules: Mapping[str, str]) -> list[str]:
    """One column as the texts of its CSV cells."""
    missing = column.isna().to_numpy()
    values = column.tolist()
    if pd.api.types.is_float_dtype(column):
        rule = rules.get(str(column.name), OTHER_FORMAT)
        texts = (
            [format(value, rule) for value in values]
            if not missing.any()
            else ["" if gone else format(value, rule) for value, gone in zip(values, missing, strict=True)]
        )
        return [_without_minus_zero(text) if text[:1] == "-" else text for text in texts]
    if pd.api.types.is_integer_dtype(column) or pd.api.types.is_bool_dtype(column):
        return ["" if gone else str(value) for value, gone in zip(values, missing, strict=True)]
    known: dict[object, str] = {}  # large tables say few things often
    return ["" if gone else _known(value, known) for value, gone in zip(values, missing, strict=True)]


def _known(value: object, known: dict[object, str]) -> str:
    if not isinstance(value, str):  # 1, 1.0 and True are one key
        return _any(value)
    if value not in known:
        known[value] = _csv_text(value)
    return known[value]


def _any(value: object) -> str:
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return str(value)
    if isinstance(value, (float, np.floating)):
        return _without_minus_zero(format(float(value), OTHER_FORMAT))
    return _csv_text(str(value))


def _without_minus_zero(text: str) -> str:
    return text if text.strip("-0.") else text.lstrip("-")


def _csv_text(text: str) -> str:
    text = _INNER.sub("'", _safe(text))
    if any(mark in text for mark in ',"\n\r') or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text


def _safe(text: str) -> str:
    text = text.replace("\x00", "")
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def plain_text(text: object) -> str:
    """Return text without the apostrophe that `write_table` puts before what a spreadsheet takes for a formula."""
    string = _INNER_SAFE.sub("", str(text))
    return string[1:] if string.startswith("'") and _FORMULA.match(string) else string


def _content(path: Path) -> str:
    try:
        if check_regular(path).st_size > _LARGEST_TABLE:
            raise OsteoCountError(f"{path.name}: is larger than 1 GB, which no table of wells or cells is.")
        data = path.read_bytes()
    except OSError as error:
        raise OsteoCountError(f"{path}: the table cannot be read ({error.strerror or error}).") from error
    content = decode(path, data)
    if code_page_of(data) == WESTERN and (strange := unclear_letters(content)):
        raise OsteoCountError(
            f"{path.name}: is not UTF-8 text, and line {strange[0] + 1} has {strange[1]!r}, which may mean other "
            "letters. In Excel, save as 'CSV UTF-8 (comma delimited)'."
        )
    if not content.strip():
        raise OsteoCountError(f"{path.name}: the table is empty.")
    content = content if "\n" in content else content.replace("\r", "\n")
    first = content[:20].split("\n", 1)[0]
    return content[len(first) + 1 :] if SEPARATOR_LINE.fullmatch(first.rstrip("\r")) else content


def _excel_value(value: object) -> object:
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and np.isinf(value):
        return str(value)
    if isinstance(value, (bool, int, float)):
        return value
    return _safe("".join(mark for mark in str(value) if mark >= " " or mark in "\t\n\r"))[:32767]


def _sheet_title(title: str, taken: Collection[str]) -> str:
    clean = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "_", title).strip("'")[:31] or "table"
    lower = {name.lower() for name in taken}
    n, unique = 2, clean
    while unique.lower() in lower:
        unique, n = f"{clean[: 31 - len(str(n)) - 1]}_{n}", n + 1
    return unique

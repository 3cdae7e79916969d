"""Wells: the grammar of their names, shapes of plates, controls, those left out, the columns of tables of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypedDict

from osteocount.errors import OsteoCountError

PLATE_SHAPES = {6: (2, 3), 12: (3, 4), 24: (4, 6), 48: (6, 8), 96: (8, 12), 384: (16, 24), 1536: (32, 48)}
"""Number of wells → (rows, columns)."""

LEFT_OUT_ROLES = ("blank", "excluded")
"""Roles of the wells that are in no comparison."""

CONTROL_ROLES = ("vehicle", "negative control")
"""Roles of the wells that others are compared with, in the order of preference."""

POSITIVE_ROLE = "positive control"
"""Role of the wells that show that the assay works."""

WellPosition = tuple[int, int]
"""(row, column) of a well, both counted from 1."""

WELL_IN_FILE_NAME = r"[A-P](?:0?[1-9]|1\d|2[0-4])"
"""Regular expression of a well of up to 384 as instruments write it in file names: capital, at most one zero."""

WELL_OF_SCENE = r"[A-Pa-p][ _-]?0*(?:[1-9]|1\d|2[0-4])"
"""The same as people and programs write it in the names of scenes."""

_ROW = r"[A-Za-z]|[Aa][A-Fa-f]"  # A … Z, AA … AF: the 32 rows of a 1536-well plate
_WELL = re.compile(rf"({_ROW})[\s_:,-]*0*([1-9]\d?)")


def row_letters(row: int) -> str:
    """Return the letters of a row counted from 1: 1 is A, 26 is Z, 27 is AA."""
    letters = ""
    while row > 0:
        row, last = divmod(row - 1, 26)
        letters = chr(ord("A") + last) + letters
    return letters


def row_number(letters: str) -> int:
    """Return the row, counted from 1, of its letters: A is 1, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def parse_row(text: str) -> int:
    """Return the row that a label names (``A``, ``b``, ``AF``), counted from 1; 0 when it is no label of a row."""
    return row_number(text) if re.fullmatch(_ROW, text) else 0


def well_name(row: int, column: int, *, pad: bool = True) -> str:
    """Return the name of the well at ``row`` and ``column``, both counted from 1: ``A01``, or ``A1`` unpadded."""
    return f"{row_letters(row)}{column:02d}" if pad else f"{row_letters(row)}{column}"


def parse_well(text: str) -> WellPosition | None:
    """Return (row, column), both counted from 1, of ``A1``, ``A01``, ``a 1`` or ``A-01``; None for anything else."""
    match = _WELL.fullmatch(text.strip())
    if match is None:
        return None
    position = row_number(match[1]), int(match[2])
    return position if on_a_plate(*position) else None


def on_a_plate(row: int, column: int) -> bool:
    """Say whether the largest plate has this row and column, counted from 1."""
    rows, columns = PLATE_SHAPES[1536]
    return 1 <= row <= rows and 1 <= column <= columns


def canonical_well(text: str) -> str:
    """Return the zero-padded name (``A01``) of any spelling of a well, or "" when the text names none."""
    place = parse_well(text)
    return well_name(*place) if place else ""


def smallest_plate(row: int, column: int) -> int:
    """Return the number of wells of the smallest standard plate that has this row and column."""
    return next(wells for wells, (rows, columns) in PLATE_SHAPES.items() if row <= rows and column <= columns)


def plate_size(names: Iterable[str]) -> int:
    """Return the number of wells of the smallest standard plate that has all wells of these names."""
    positions = [position for position in map(parse_well, names) if position]
    return (
        smallest_plate(max(r for r, _ in positions), max(c for _, c in positions)) if positions else min(PLATE_SHAPES)
    )


def refuse_plate_size(wells: int) -> None:
    """Raise unless there is a plate with so many wells whose layout people write.

    Raises
    ------
    OsteoCountError
        There is none, or it has 1536.
    """
    if wells not in PLATE_SHAPES or wells > 384:
        raise OsteoCountError(f"No plate has {wells} wells; choose 6, 12, 24, 48, 96 or 384.")


class ColumnNames(TypedDict, total=False):
    """What the user calls the columns of a table; those not given have the names of ``wells.csv`` or an alias."""

    count_column: str
    area_column: str
    donor_column: str
    treatment_column: str
    dose_column: str
    plate_column: str
    role_column: str

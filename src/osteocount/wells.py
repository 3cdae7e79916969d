"""The grammar of well names, the shapes of plates, and which wells are controls."""

from __future__ import annotations

import re
from collections.abc import Iterable

from osteocount.errors import OsteoCountError

PLATE_SHAPES = {6: (2, 3), 12: (3, 4), 24: (4, 6), 48: (6, 8), 96: (8, 12), 384: (16, 24), 1536: (32, 48)}
"""Number of wells → (rows, columns)."""

CONTROL_ROLES = ("vehicle", "negative control")
"""Roles of the wells that others are compared with."""

WellPosition = tuple[int, int]
"""(row, column) of a well, both counted from 1."""

_WELL = re.compile(r"([A-Za-z]|[Aa][A-Fa-f])[\s_:,-]*0*([1-9]\d?)")


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


def well_name(row: int, column: int, *, pad: bool = True) -> str:
    """Return the name of the well at ``row`` and ``column``, both counted from 1: ``A01``, or ``A1`` unpadded."""
    return f"{row_letters(row)}{column:02d}" if pad else f"{row_letters(row)}{column}"


def parse_well(text: str) -> WellPosition | None:
    """Return (row, column), both counted from 1, of ``A1``, ``A01``, ``a 1`` or ``A-01``; None for anything else."""
    match = _WELL.fullmatch(text.strip())
    if match is None:
        return None
    row, column = row_number(match[1]), int(match[2])
    return (row, column) if row <= 32 and column <= 48 else None


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

"""One decimal mark for all readings of a sheet: ``12,345`` is twelve thousand in one export and twelve in another."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from osteocount.plate.absorbance.values import MOST_OD, signal_of, wavelength_of
from osteocount.plate.numbers import DecimalMark, decimal_mark, parse_number, plain
from osteocount.plate.spreadsheets import Sheet

_LIKE_A_NUMBER = re.compile(r"\*?[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?\*?")
_IN_A_ROW = 3  # numbers on a line that make it one of readings, not of settings


def with_decimal_points(sheet: Sheet) -> tuple[Sheet, str]:
    """Write all numbers of the readings with a decimal point and without thousands.

    Returns
    -------
    The sheet, and where a number stands that may be meant either way ("" when all is clear).
    """
    places = _numbers(sheet)
    mark, either = decimal_mark(sheet.cell(*place).strip("*") for place in places)
    own: DecimalMark = "," if "," in either else "."
    if either and (_optical_densities(sheet, places, own) or (own == "." and _three_decimals(sheet, places))):
        mark, either = own, ""
    if either:
        place = next(place for place in places if plain(sheet.cell(*place).strip("*")) == either)
        return sheet, sheet.where(*place)
    rows = [list(row) for row in sheet.rows]
    for row, column in places:
        text = rows[row][column]
        number = parse_number(text.strip("*"), mark)
        if number is not None and ("," in text or text.count(".") > 1 or mark == ","):
            stars = "*" if text.startswith("*") else ""
            rows[row][column] = f"{stars}{number!r}{stars}"
    return replace(sheet, rows=rows), ""


def _numbers(sheet: Sheet) -> list[tuple[int, int]]:
    """Return the places of numbers with a mark in them, on lines of readings; pairs of wavelengths are left out."""
    found = []
    labels = Counter(
        (column, text)
        for row in sheet.rows
        for column, text in enumerate(row)
        if re.fullmatch(r"[2-9]\d\d,[2-9]\d\d", text)
    )
    for row, cells in enumerate(sheet.rows):
        like = [c for c, text in enumerate(cells) if _LIKE_A_NUMBER.fullmatch(plain(text))]
        if len(like) < _IN_A_ROW and not _in_a_list(sheet, row, like):
            continue
        found += [
            (row, c)
            for c in like
            if ("," in cells[c] or "." in cells[c] or "\u00a0" in cells[c])
            and (row, c) not in sheet.numbers
            and labels[c, cells[c]] < _IN_A_ROW
        ]
    return found


def _in_a_list(sheet: Sheet, row: int, like: list[int]) -> bool:
    """Say whether the lines above or below have numbers in the same columns, as a list of wells has."""
    return bool(like) and any(
        all(_LIKE_A_NUMBER.fullmatch(plain(sheet.cell(other, c))) for c in like) for other in (row - 1, row + 1)
    )


def _optical_densities(sheet: Sheet, places: list[tuple[int, int]], mark: DecimalMark) -> bool:
    """Say whether the sheet speaks of absorbance, and the readings could be such with this mark."""
    texts = [cell for row in sheet.rows for cell in row if cell and not _LIKE_A_NUMBER.fullmatch(cell)]
    values = [parse_number(sheet.cell(*place).strip("*"), mark) for place in places]
    spoken = any(wavelength_of(text) for text in texts) or signal_of(texts, [MOST_OD + 1]) == "absorbance"
    counts = signal_of(texts, []) in ("fluorescence", "luminescence")
    return spoken and not counts and all(value is not None and abs(value) < 2 * MOST_OD for value in values)


def _three_decimals(sheet: Sheet, places: list[tuple[int, int]]) -> bool:
    """Say whether all readings have a point and three digits: below a thousand, counts would have none."""
    rows = {row for row, _ in places}
    return not any(re.fullmatch(r"[1-9]\d\d", cell) for row in rows for cell in sheet.rows[row])

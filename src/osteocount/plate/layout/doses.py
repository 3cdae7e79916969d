"""The doses of a layout: one decimal mark per column, known units, one unit per treatment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isinf, isnan, nan

from osteocount.dose_units import DILUTION, KNOWN_UNITS, canonical_unit, common_unit, convert, split_dose
from osteocount.names import is_missing
from osteocount.plate.layout.model import LayoutEntry
from osteocount.plate.numbers import DecimalMark, decimal_mark, parse_number

_NO_DOSE = ("none", "no", "zero", "null")
_EXCEL_DATE = re.compile(
    r"(?i)\d{1,2}[-. ]{1,2}(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sept?|o[ck]t|nov|de[cz])[a-z]*\.?|"
    r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sept?|o[ck]t|nov|de[cz])[a-z]*\.?[-. ]\d{2,4}|"
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?"
)


class DoseReader:
    """Reads the doses of one layout; the decimal mark is that of the column.

    Parameters
    ----------
    entries
        All entries of the variable ``dose``.
    """

    def __init__(self, entries: Iterable[LayoutEntry]) -> None:
        written = [d for e in entries if not e.number and not is_missing(e.value) and (d := split_dose(e.value))]
        self._mark: DecimalMark = decimal_mark(dose.number for dose in written)[0]

    def read(self, cell: LayoutEntry, said_unit: str, problems: list[str], *, control: bool) -> tuple[float, str]:
        """Return value and unit of ``25``, ``0,5``, ``25 ng/mL``, ``2 x 10^9/mL``, ``1:1000``.

        Parameters
        ----------
        cell
            The dose.
        said_unit
            Unit of its own column, or of its heading; "" without one.
        problems
            What is wrong is added here.
        control
            Whether the cell's word names a control (``vehicle``), whose dose is 0.
        """
        unit = self._unit(cell, said_unit, problems) if said_unit else ""
        if control or cell.value.lower() in _NO_DOSE:
            return 0.0, unit
        written = split_dose(cell.value)
        mark: DecimalMark = "." if cell.number else self._mark
        number = parse_number(written.number, mark) if written else None
        if written is None or number is None:
            problems.append(f"{cell.where}: the dose {cell.value!r} is not a number, with or without a unit.")
            return nan, unit
        self._check(cell, written.number, number, problems)
        value = float(f"{number}e{written.power}") if written.power else number
        value = float(f"{value:.12g}")
        if isinf(value):
            problems.append(f"{cell.where}: the dose {_short(cell.value)} is larger than any number.")
            return nan, unit
        own = self._unit(cell, written.unit, problems) if written.unit else ""
        if own and unit and own != unit:
            problems.append(
                f"{cell.where}: the dose {cell.value!r} has another unit than its heading ({said_unit}). Call the "
                "heading 'dose' and write the unit into every cell."
            )
        if own == DILUTION:
            value = 1 / value if value else 0.0
        return value, own or unit

    def _check(self, cell: LayoutEntry, text: str, number: float, problems: list[str]) -> None:
        if not cell.number and not self._mark and re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", text):
            other = text.replace(",", "").replace(".", "")
            problems.append(
                f"{cell.where}: the dose {cell.value!r} may mean {number:g} or {other}; write it without a "
                f"{'comma' if ',' in text else 'point'}."
            )
        if number < 0:
            problems.append(f"{cell.where}: the dose {cell.value!r} is negative.")

    def _unit(self, cell: LayoutEntry, text: str, problems: list[str]) -> str:
        unit = canonical_unit(text)
        if unit is None:
            problems.append(f"{cell.where}: the dose unit {text!r} is not known; use {KNOWN_UNITS}")
        return text if unit is None else unit


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:36]} …")


def excel_made_a_date(entry: LayoutEntry) -> bool:
    """Say whether Excel has taken a name or a dose (``SEP1``, ``1-2``) for a date."""
    return entry.date or bool(_EXCEL_DATE.fullmatch(entry.value))


def convert_doses(rows: list[dict[str, object]], problems: list[str]) -> list[str]:
    """Bring the doses of every treatment to its most frequent unit; returns what there is to say.

    Doses that cannot be converted into each other (mass and molar) stay as they are; those without a unit beside others
    with one are added to ``problems``.
    """
    notes = []
    for treatment in sorted({str(row["treatment"]) for row in rows}):
        own = [row for row in rows if row["treatment"] == treatment and row["dose_unit"] and _known(row["dose"])]
        units = sorted({str(row["dose_unit"]) for row in own})
        without = [
            str(row["well"])
            for row in rows
            if row["treatment"] == treatment and not row["dose_unit"] and _known(row["dose"]) and row["dose"]
        ]
        if units and without:
            problems.append(
                f"Doses of {treatment} without a unit ({', '.join(without[:5])}) beside others in "
                f"{' and '.join(units)}. Write the unit into the heading, or behind every dose."
            )
        if len(units) < 2:
            continue
        unit = common_unit(str(row["dose_unit"]) for row in own)
        if unit is None:
            notes.append(
                f"The doses of {treatment} are in {' and '.join(units)}, which cannot be converted into each other: "
                "they have no order, and there is no dose trend."
            )
            continue
        for row in own:
            row["dose"], row["dose_unit"] = convert(float(str(row["dose"])), str(row["dose_unit"]), unit), unit
        notes.append(f"The doses of {treatment} are in {' and '.join(units)}; all are converted to {unit}.")
    return notes


def _known(dose: object) -> bool:
    return isinstance(dose, float) and not isnan(dose)

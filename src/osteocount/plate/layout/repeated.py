"""Several tables of one layout for the same wells: a sheet or title per plate or donor, or one table written twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from osteocount.plate.layout.model import LayoutEntries, LayoutEntry, WellKey, well_in_words

PLATE_TITLE = re.compile(
    r"(?i)(?P<plate>(?:plate|platte|plaque|placa|piastra)[\s_#.]*(?:\d{1,3}|[a-z])\b|p\d{1,3})"
    r"\s*(?:[:,;\u2013-]\s*(?P<rest>.*))?"
)
DONOR_TITLE = re.compile(
    r"(?i)(?P<donor>(?:donor|spender(?:in)?|patient(?:in)?|subject|proband(?:in)?|participant|volunteer|animal|tier|"
    r"mouse|maus|rat|ratte|donneur|donante|doador|donatore|paciente?|paziente|rat[o\u00f3]n|souris|buffy ?coat)"
    r"(?:[\s_#.-]*(?:no\.?|nr\.?)?[\s_#.-]*[a-z]{0,3}[\s_-]?\d{1,6}|[\s_#.-]+[a-z]))\s*"
    r"(?:[:,;\u2013-]\s*(?P<rest>.*))?"
)
"""Titles that say whose wells a table holds: ``Donor 1``, ``Spender A``, ``Mouse 12: treatment``."""

_PER_WELL = ("treatment", "dose", "role")


@dataclass(frozen=True)
class LayoutTable:
    """One grid or long table of a layout.

    Attributes
    ----------
    entries
        What it says.
    where
        Its first cell.
    donor
        Whom its title or sheet names, "" without one.
    """

    entries: tuple[LayoutEntry, ...]
    where: str
    donor: str = ""


def join_tables(tables: Sequence[LayoutTable], collected: LayoutEntries) -> None:
    """Add the entries of all tables to ``collected``, with the donors that titles name.

    Where the tables of several donors hold the same wells, each donor has a plate of their own, as plates have that
    are named. Tables that hold the same wells and name neither are a problem: two plates would be taken for one.
    """
    donors = list(dict.fromkeys(table.donor for table in tables if table.donor))
    places = [place for table in tables if table.donor for place in _places(table)]
    apart = len(donors) > 1 and len(set(places)) < len(places)
    if donors:
        said = ", ".join(donors)
        collected.notes.append(
            f"Sheets or titles are read as donors with a plate of their own each: {said}."
            if apart
            else f"Sheets or titles are read as donors: {said}."
        )
    for table in tables:
        own = [_on_plate(entry, table.donor) for entry in table.entries] if apart and table.donor else table.entries
        collected.entries += own
        collected.entries += _donor_entries(own, table)
    if not apart:
        collected.problems += _twice(tables)


def _places(table: LayoutTable) -> set[tuple[str, WellKey]]:
    """Return the variables and wells of what a table says."""
    return {(entry.variable, entry.well) for entry in table.entries if entry.variable in _PER_WELL}


def _on_plate(entry: LayoutEntry, plate: str) -> LayoutEntry:
    return entry if entry.well[0] else replace(entry, well=(plate, *entry.well[1:]))


def _donor_entries(entries: Sequence[LayoutEntry], table: LayoutTable) -> list[LayoutEntry]:
    """Give every well of a table the donor of its title, where the table does not name one itself."""
    if not table.donor or any(entry.variable == "donor" for entry in entries):
        return []
    first = {entry.well: entry for entry in reversed(entries) if entry.variable in _PER_WELL}
    return [LayoutEntry(well, "donor", table.donor, entry.where, origin=entry.origin) for well, entry in first.items()]


def _twice(tables: Sequence[LayoutTable]) -> list[str]:
    """Name two tables that both give the treatment of a well."""
    first: dict[WellKey, LayoutTable] = {}
    for table in tables:
        for entry in table.entries:
            other = first.setdefault(entry.well, table) if entry.variable == "treatment" else table
            if other is not table:
                return [
                    f"{table.where}: this table gives treatments of wells that one at {other.where} has too "
                    f"({well_in_words(entry.well)}). If they are two plates, call sheets or titles 'Plate 1' and "
                    "'Plate 2' ('Donor 1', 'Donor 2' where each is a donor's); if they are one, keep one table."
                ]
    return []

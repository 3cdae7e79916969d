"""What a layout is: entries as the file says them, and the wells that come of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from osteocount.wells import plate_size, well_name

if TYPE_CHECKING:
    import pandas as pd

WellKey = tuple[str, int, int]
"""(plate, row, column), the plate "" where the file names none; of a sample sheet (plate, line, 0)."""

LAYOUT_COLUMNS = ("plate", "well", "treatment", "dose", "dose_unit", "donor", "role", "exclude_reason")
"""Columns that every layout has, in their order."""


def well_in_words(well: WellKey) -> str:
    """Return the well's name behind that of its plate, if it has one."""
    if well[2] == 0:
        return f"of line {well[1]}"
    return " ".join(part for part in (well[0], well_name(well[1], well[2])) if part)


@dataclass(frozen=True)
class LayoutEntry:
    """One thing the file says about one well.

    Attributes
    ----------
    well
        Which one.
    variable
        Column of the wells table.
    value
        As written.
    where
        Sheet and cell, line and column, or section, for messages.
    heading_unit
        Unit in the heading the value stands below.
    number, date
        Whether the cell holds a number, or what Excel takes for a date or a time.
    merged, origin
        Whether it was typed into a merged cell, and into which (sheet, row, column); wells filled from one merged cell
        share it.
    """

    well: WellKey
    variable: str
    value: str
    where: str
    heading_unit: str = ""
    number: bool = False
    date: bool = False
    merged: bool = False
    origin: tuple[str, int, int] = ("", 0, 0)


@dataclass
class LayoutEntries:
    """Everything a layout file says, before any of it is judged.

    Attributes
    ----------
    entries
        In the order of the file.
    problems
        What keeps the file from being used, in sentences.
    notes
        What is allowed but worth knowing, in sentences.
    drawn_wells
        Number of wells of the plate when a grid has exactly the shape of one.
    """

    entries: list[LayoutEntry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    drawn_wells: int | None = None


@dataclass(frozen=True)
class Layout:
    """A plate layout.

    Attributes
    ----------
    path
        The file it was read from.
    wells
        One row per used well, sorted: ``plate`` ("" when the file names none), ``well`` (``A01``), ``treatment``,
        ``dose`` (float, NaN when not given), ``dose_unit``, ``donor``, ``role``, ``exclude_reason``, then free columns
        as text. An excluded well has the role ``excluded``.
    warnings
        What is allowed but worth knowing, in sentences.
    """

    path: Path
    wells: pd.DataFrame
    warnings: tuple[str, ...] = ()

    @property
    def plate_wells(self) -> int:
        """Number of wells of the smallest standard plate that has all of them."""
        return plate_size(str(well) for well in self.wells["well"])


@dataclass(frozen=True)
class LayoutCheck:
    """What ``osteocount layout check`` shows.

    Attributes
    ----------
    problems
        Everything that keeps the layout from being used; empty when it can be used.
    warnings
        What is allowed but worth knowing.
    grids
        Per plate, one list of cells per row A, B, …: "" for an unused well, else (treatment, dose, donor, role) in
        words, one per line.
    roles
        The same shape: the role of each well, "" when unused; made for colouring.
    without_picture
        (plate, well) of those that nobody expects to have a picture.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    grids: dict[str, list[list[str]]] = field(default_factory=dict)
    roles: dict[str, list[list[str]]] = field(default_factory=dict)
    without_picture: frozenset[tuple[str, str]] = frozenset()


def layout_of(path: Path, rows: list[dict[str, object]], warnings: list[str]) -> Layout:
    """Return the layout of rows of the wells table."""
    import pandas as pd

    table = pd.DataFrame(rows)
    free = [name for name in table.columns if name not in LAYOUT_COLUMNS]
    return Layout(path, table[[*LAYOUT_COLUMNS, *free]], tuple(warnings))

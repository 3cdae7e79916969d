"""Recognise the columns of anybody's table by their headings, without case, blanks, underscores and units."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass, field

import pandas as pd

from osteocount.columns import INPUT_COLUMNS, WELLS, InputColumn
from osteocount.dose_units import split_heading, unit_in_words
from osteocount.errors import OsteoCountError
from osteocount.stats.arms import suggestion
from osteocount.stats.endpoints import WELL_COLUMNS
from osteocount.wells import ColumnNames

NO_DONORS = (
    "the biological replicate: donor, animal or independent experiment. Wells are technical replicates, so without "
    "donors there is no comparison"
)
REPLICATE = re.compile(r"^(?:rep|replicate|replica|well|tech(?:nical)?[\s_.-]*rep(?:licate)?)[\s_.-]*#?\d+$", re.I)
SIMILAR = 0.8  # as difflib measures it: one letter in five is wrong
LONG, SIMILAR_LONG = 10, 0.88  # of long words more letters are shared by chance: experimenter, experiment day
DENSITY = re.compile(r"(?i)(?:/|per)[\s_]*[cm\u00b5u]m\W*[2\u00b2]|density|dichte")
REQUIRED = ("n_osteoclasts", "donor", "treatment")
AREA_UNITS = {"mm2": 1.0, "µm2": 1e-6, "cm2": 100.0}
"""Unit of a heading to its size in mm²."""
PIXELS = ("px", "px2", "pixel", "pixels")

KNOWN_NAMES = {*(column.name for column in INPUT_COLUMNS), *WELL_COLUMNS}
NAMED_BY = {
    "n_osteoclasts": "count_column",
    "imaged_area_mm2": "area_column",
    "donor": "donor_column",
    "treatment": "treatment_column",
    "dose": "dose_column",
    "plate": "plate_column",
    "role": "role_column",
}
"""Column to the keyword that names it."""


@dataclass(frozen=True)
class TableColumns:
    """What the columns of a table are called: the name of ``wells.csv`` to the heading; absent ones are missing."""

    headings: dict[str, str] = field(default_factory=dict)

    @property
    def count(self) -> str:
        """Heading of the count."""
        return self.headings["n_osteoclasts"]

    @property
    def area(self) -> str:
        """Heading of the imaged area, empty where there is none."""
        return self.headings.get("imaged_area_mm2", "")

    @property
    def donor(self) -> str:
        """Heading of the donor."""
        return self.headings["donor"]

    @property
    def treatment(self) -> str:
        """Heading of the treatment."""
        return self.headings["treatment"]

    def unit(self, column: str) -> str:
        """Return the unit that the heading of a column carries; empty where it has none."""
        return heading_parts(self.headings[column])[1] if column in self.headings else ""

    def given(self) -> ColumnNames:
        """Return the names the way a caller gives them."""
        names: ColumnNames = {}
        for column, keyword in NAMED_BY.items():
            if column in self.headings:
                names[keyword] = self.headings[column]  # type: ignore[literal-required]
        return names


def find_columns(table: pd.DataFrame, names: ColumnNames, required: tuple[str, ...] = REQUIRED) -> TableColumns:
    """Find the columns of a table by name, alias, or what the user calls them.

    Parameters
    ----------
    table : DataFrame
    names : ColumnNames
    required : tuple of str
        Columns without which there is nothing to do.

    Raises
    ------
    OsteoCountError
        A column that is missing, there twice, or like a known one; every one of them is named.
    """
    present = [str(column) for column in table.columns]
    known = (*INPUT_COLUMNS, *(InputColumn(name) for name in WELL_COLUMNS))
    problems: list[str] = []
    headings: dict[str, str] = {}
    taken = {str(name) for name in names.values() if name}
    for column in known:
        asked = names.get(NAMED_BY.get(column.name, ""))
        free = [name for name in present if asked or name not in taken]
        heading, problem = _heading_of(column, str(asked) if asked and asked != column.name else "", free)
        if heading:
            headings[column.name] = heading
        elif problem:
            problems.append(problem)
        elif column.name in required:
            meaning = NO_DONORS if column.name == "donor" else column.meaning
            near = suggestion(column.name, present)
            problems.append(f"no column '{column.name}' ({meaning}){near} Name it with {column.option}")
    problems += [f"two columns are called '{name}'; keep one" for name in headings.values() if _is_twice(name, present)]
    problems += _similar(present, headings, known)
    if "n_osteoclasts" in headings and DENSITY.search(headings["n_osteoclasts"]):
        problems.append(
            f"column '{headings['n_osteoclasts']}' holds densities, not counts; give the counted cells of every well, "
            "and its imaged area beside them"
        )
    if problems:
        rows = "" if set(required) <= headings.keys() else " One row per well is needed."
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise OsteoCountError(
            f"The table cannot be compared:\n{listed}\nIt has the columns: {', '.join(present)}.{rows}"
        )
    return TableColumns(headings)


def _heading_of(column: InputColumn, asked: str, present: list[str]) -> tuple[str, str]:
    """Return the heading of a column, or what is wrong; both empty where the table has no such column."""
    if asked:
        same = [asked] if asked in present else [name for name in present if _folded(name) == _folded(asked)]
        if len(same) == 1:
            return same[0], ""
        return "", f"no column '{asked}' ({column.meaning}){suggestion(asked, present)} Name it with {column.option}"
    for exact in (column.name, *column.aliases[:1]):
        if exact in present:
            return exact, ""
    wanted = {_folded(name) for name in (column.name, *column.aliases)}
    unit = heading_parts(column.name)[1] if column.name != "imaged_area_mm2" else ""
    same = [
        name
        for name in dict.fromkeys(present)
        if _folded(name) in wanted and name not in KNOWN_NAMES and unit in ("", heading_parts(name)[1])
    ]
    if len(same) > 1:
        cure = f", or name it with {column.option}" if column.option else ""
        return "", f"columns {_quoted(same)} could each be {column.meaning or column.name}; keep one{cure}"
    return (same[0] if same else ""), ""


def _similar(present: list[str], headings: dict[str, str], known: tuple[InputColumn, ...]) -> list[str]:
    """Ask about columns that look like a known one which the table does not have."""
    free = [name for name in present if name not in headings.values() and name not in WELLS.by_name]
    problems = []
    for column in known:
        if column.name in headings or column.name in ("well", "imaged_area_px", "status", *WELL_COLUMNS):
            continue
        wanted = [_folded(name) for name in (column.name, *column.aliases) if len(_folded(name)) >= 4]
        for name in free:
            folded = _folded(name)
            if any(_is_like(folded, alias) for alias in wanted):
                cure = f"name it with {column.option}, or rename it" if column.option else f"call it '{column.name}'"
                problems.append(
                    f"column '{name}' looks like '{column.name}' ({column.meaning}), which the table does not have: "
                    f"{cure} (call it otherwise if it is something else)"
                )
    return problems


def _is_like(folded: str, alias: str) -> bool:
    """Whether a heading is an alias with a letter wrong, or with two exchanged."""
    if folded[:1] != alias[:1] or folded == alias:
        return folded == alias
    least = SIMILAR_LONG if max(len(folded), len(alias)) >= LONG else SIMILAR
    return sorted(folded) == sorted(alias) or difflib.SequenceMatcher(None, folded, alias).ratio() >= least


def with_standard_names(table: pd.DataFrame, columns: TableColumns) -> pd.DataFrame:
    """Rename the columns that have a heading of their own, but for those that a message names as the user does."""
    kept = ("n_osteoclasts", "imaged_area_mm2", "donor", "treatment")
    return table.rename(columns={heading: name for name, heading in columns.headings.items() if name not in kept})


def heading_parts(heading: str) -> tuple[str, str]:
    """Split a heading into its name and its unit: ``Area (mm²)`` and ``area_mm2`` into area and mm2."""
    return split_heading(heading, known_unit)


def known_unit(text: str) -> str:
    """Return the unit of a dose or an area in one spelling (``µg/mL`` for ``ug per mL``), or "" where it is none."""
    plain = re.sub(r"\s+|\^", "", unicodedata.normalize("NFKC", text)).casefold().replace("\u03bc", "\u00b5")
    if (area := re.sub(r"^u(?=m2$)", "\u00b5", plain)) in AREA_UNITS:
        return area
    if plain in PIXELS:
        return "px"
    return unit_in_words(text)


def _folded(heading: str) -> str:
    return re.sub(r"[\W_]+", "", heading_parts(heading)[0]).casefold()


def _is_twice(name: str, columns: list[str]) -> bool:
    """Whether a heading occurs twice; reading a CSV calls the second ``name.1``."""
    return columns.count(name) > 1 or (name in columns and f"{name}.1" in columns)


def _quoted(names: list[str]) -> str:
    return f"{', '.join(repr(name) for name in names[:-1])} and {names[-1]!r}"


def replicates_as_rows(table: pd.DataFrame, names: ColumnNames) -> tuple[pd.DataFrame, list[str]]:
    """Give each of the columns ``rep1 rep2 rep3`` of a wide table a row of its own: they are wells.

    Returns
    -------
    (DataFrame, list of str)
        The table, and what was done.

    Raises
    ------
    OsteoCountError
        A count stands beside the replicates.
    """
    replicates = [str(column) for column in table.columns if REPLICATE.match(str(column).strip())]
    if len(replicates) < 2:
        return table, []
    count = next(column for column in INPUT_COLUMNS if column.name == "n_osteoclasts")
    counted = names.get("count_column") or ""
    wanted = {_folded(name) for name in (count.name, *count.aliases, counted)}
    beside = [str(column) for column in table.columns if _folded(str(column)) in wanted]
    if beside:
        raise OsteoCountError(
            f"The table cannot be compared:\n  - columns {_quoted(replicates)} look like the counts of single wells, "
            f"beside '{beside[0]}'; keep either"
        )
    others = [column for column in table.columns if str(column) not in replicates]
    rows = table.assign(_line=range(2, len(table) + 2)).melt(
        [*others, "_line"], replicates, var_name="_replicate", value_name=counted or "n_osteoclasts"
    )
    rows = rows[rows[counted or "n_osteoclasts"].notna()].sort_values("_line", kind="stable").reset_index(drop=True)
    rows = rows.drop(columns=[*(c for c in others if _folded(str(c)) == "well"), "_replicate"])
    return rows, [f"Columns {_quoted(replicates)} are read as the counts of single wells ({len(rows)} wells)."]

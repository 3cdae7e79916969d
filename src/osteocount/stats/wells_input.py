"""Read a table of wells and check it: every malformed cell is named, with line, column and cure, before any result."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.stats.arms import arm_names, suggestion, text_of
from osteocount.stats.endpoints import WELL_COLUMNS, NumberKind
from osteocount.wells import LEFT_OUT_ROLES, ColumnNames, TableColumns, parse_well, row_letters, well_name

DECIMAL_COMMA = re.compile(r"^-?\d+,\d+$")
LARGEST = 1e12  # above any count, area (px of a whole well: 1e10) or amount that a table of wells can hold
UNKNOWN = ("", "na", "n/a", "#n/a")  # R and spreadsheets write these for an empty cell
SHOWN_PROBLEMS = 20
SHOWN_LINES = 6

NO_DONORS = (
    "the biological replicate: donor, animal or independent experiment. Wells are technical replicates, so without "
    "donors there is no comparison"
)


@dataclass(frozen=True)
class CheckedWells:
    """Checked wells.

    Attributes
    ----------
    wells : DataFrame
        One row per well that takes part: ``plate, well, donor, treatment, arm, dose, dose_unit, role, oxygen, batch,
        row, column`` (text, empty where unknown; ``dose`` a number), ``count`` (number), ``area`` (number), and the
        other columns of the table as they were.
    area_unit : str
        ``mm²``, ``px`` or ``well``.
    notes : tuple of str
        Who was left out, and what was assumed.
    """

    wells: pd.DataFrame
    area_unit: str
    notes: tuple[str, ...] = ()


def check_wells(table: pd.DataFrame, names: ColumnNames, extra: tuple[str, ...] = ()) -> CheckedWells:
    """Check the table and give its columns their names.

    Parameters
    ----------
    table : DataFrame
    names : ColumnNames
    extra : tuple of str
        Further columns that must hold numbers where they are there.

    Raises
    ------
    OsteoCountError
        Naming every line and column that is wrong, and what would mend it.
    """
    frame = table.rename(columns=lambda name: str(name).strip()).reset_index(drop=True)
    columns = _find_columns(frame, TableColumns.of(names))
    if frame.empty:
        raise OsteoCountError("The table has a heading but no rows. Give it one row per well.")
    frame["_line"] = np.arange(len(frame)) + 2
    frame, notes = _exclude_wells(frame, columns)
    problems = TableProblems()
    _check_duplicates(frame, columns, problems)
    _check_donors(frame, columns, problems)
    count = _numbers(frame, columns.count, problems, "count")
    area, unit = _areas(frame, columns, problems, count)
    dose = _numbers(frame, "dose", problems, "amount") if "dose" in frame.columns else pd.Series(np.nan, frame.index)
    measured = _endpoint_columns(frame, problems, extra, count)
    problems.raise_if_any()
    wells = _standard_columns(frame, columns).assign(**measured).assign(count=count, area=area, dose=dose)
    unknown = np.flatnonzero(count.isna())
    if len(unknown):
        lines = join_rows([row_name(frame, int(i)) for i in unknown])
        notes.append(f"{_wells(len(unknown))} without a count left out of the counts: {lines}.")
    if unit == "px":
        notes.append(
            "The pixel size is unknown: rates are per pixel. Ratios between arms hold if all pictures share one."
        )
    if unit == "well":
        notes.append("The table has no imaged area: every well is taken as equally large.")
    return CheckedWells(wells.drop(columns="_line"), unit, tuple(notes))


@dataclass
class TableProblems:
    """What is wrong with a table, in the order of checking; the same complaint about many lines is one."""

    places: dict[str, list[str]] = field(default_factory=dict)

    def cell(self, frame: pd.DataFrame, position: int, column: str, what: str) -> None:
        """Note that a cell is wrong."""
        self.places.setdefault(f"column '{column}': {what}", []).append(row_name(frame, position))

    def raise_if_any(self) -> None:
        """Raise everything noted.

        Raises
        ------
        OsteoCountError
        """
        if not self.places:
            return
        lines = [f"{join_rows(places)}, {what}" for what, places in self.places.items()]
        shown = lines[:SHOWN_PROBLEMS]
        if len(lines) > len(shown):
            shown.append(f"and {len(lines) - len(shown)} more")
        raise OsteoCountError("The table cannot be compared:\n" + "\n".join(f"  - {line}" for line in shown))


def row_name(frame: pd.DataFrame, position: int) -> str:
    """Name a row the way a spreadsheet numbers it (the header is line 1), with its plate and well."""
    row = frame.iloc[position]
    name = " ".join(text_of(row[column]) for column in ("plate", "well") if column in frame.columns)
    line = int(row["_line"])
    return f"line {line} ({name.strip()})" if name.strip() else f"line {line}"


def join_rows(places: list[str]) -> str:
    """Join places: ``line 2 (A1), line 3 (A2) and 7 more lines``."""
    shown, more = places[:SHOWN_LINES], len(places) - SHOWN_LINES
    if more > 0:
        return f"{', '.join(shown)} and {more} more {'line' if more == 1 else 'lines'}"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _find_columns(table: pd.DataFrame, asked: TableColumns) -> TableColumns:
    """Fall back on the short names ``count`` and ``area_mm2``; say which columns are missing."""
    defaults = TableColumns()
    present = [str(column) for column in table.columns]
    count, area = asked.count, asked.area
    if count == defaults.count and count not in present and "count" in present:
        count = "count"
    if area == defaults.area and area not in present and "area_mm2" in present:
        area = "area_mm2"
    problems = [
        f"no column '{name}' ({meaning}){suggestion(name, present)} Name it with {option}"
        for name, meaning, option in (
            (count, "osteoclasts per well", "--count-column"),
            (asked.donor, NO_DONORS, "--donor-column"),
            (asked.treatment, "what the well got", "--treatment-column"),
        )
        if name not in present
    ]
    if area != defaults.area and area not in present:
        problems.append(f"no column '{area}' (imaged area){suggestion(area, present)} Name it with --area-column")
    twice = [name for name in (count, area, asked.donor, asked.treatment) if _is_twice(name, present)]
    problems += [f"two columns are called '{name}'; keep one" for name in twice]
    if problems:
        listed_problems = "\n".join(f"  - {problem}" for problem in problems)
        raise OsteoCountError(
            f"The table cannot be compared:\n{listed_problems}\nIt has the columns: {', '.join(present)}."
        )
    return replace(asked, count=count, area=area)


def _is_twice(name: str, columns: list[str]) -> bool:
    """Whether a heading occurs twice; reading a CSV calls the second ``name.1``."""
    return columns.count(name) > 1 or (name in columns and f"{name}.1" in columns)


def _exclude_wells(frame: pd.DataFrame, columns: TableColumns) -> tuple[pd.DataFrame, list[str]]:
    """Leave out failed, blank, excluded and untreated wells, and say so."""
    notes: list[str] = []
    if "status" in frame.columns:
        failed = ~frame["status"].map(text_of).str.casefold().isin(["ok", ""])
        if failed.any():
            listed = ", ".join(
                f"{row_name(frame, i)} {text_of(frame['status'].iloc[i])}" for i in np.flatnonzero(failed)[:8]
            )
            notes.append(f"{_wells(int(failed.sum()))} left out because the status is not 'ok': {listed}.")
        frame = frame[~failed]
    if "role" in frame.columns:
        left_out = frame["role"].map(text_of).str.casefold().isin(LEFT_OUT_ROLES)
        if left_out.any():
            notes.append(f"{_wells(int(left_out.sum()))} with the role blank or excluded left out.")
        frame = frame[~left_out]
    untreated = frame[columns.treatment].map(text_of) == ""
    if untreated.any():
        listed = ", ".join(row_name(frame, i) for i in np.flatnonzero(untreated)[:8])
        notes.append(f"{_wells(int(untreated.sum()))} without a treatment left out: {listed}.")
    frame = frame[~untreated]
    if frame.empty:
        raise OsteoCountError("No well is left to compare. " + " ".join(notes))
    return frame, notes


def _check_duplicates(frame: pd.DataFrame, columns: TableColumns, problems: TableProblems) -> None:
    if "well" not in frame.columns:
        return
    key = [column for column in ("plate", "day") if column in frame.columns]
    place = frame[[*(key if "plate" in key else [*key, columns.donor]), "well"]].map(text_of)
    place["well"] = place["well"].map(short_well_name)
    first: dict[tuple[str, ...], int] = {}
    for position, name in enumerate(place.itertuples(index=False, name=None)):
        if name in first and name[-1]:
            line = int(frame["_line"].iloc[first[name]])
            problems.cell(frame, position, "well", f"the same well is also on line {line}; keep one row per well")
        first.setdefault(name, position)


def short_well_name(name: str) -> str:
    """Write A01 and a1 as A1; leave other names alone."""
    place = parse_well(name)
    return well_name(*place, pad=False) if place else name


def _check_donors(frame: pd.DataFrame, columns: TableColumns, problems: TableProblems) -> None:
    empty = np.flatnonzero(frame[columns.donor].map(text_of).str.casefold().isin(UNKNOWN))
    if len(empty) == len(frame):
        raise OsteoCountError(
            f"The donor column '{columns.donor}' is empty. Wells are technical replicates: without donors (animals, "
            "independent experiments) there is no comparison. Fill in the donor of every well."
        )
    for position in empty:
        problems.cell(frame, int(position), columns.donor, "no donor; fill it in, or give the well the role 'excluded'")


def _numbers(frame: pd.DataFrame, column: str, problems: TableProblems, kind: NumberKind) -> pd.Series:
    """Read a column as numbers of a kind; empty stays unknown."""
    texts = frame[column].map(text_of)
    texts = texts.where(~texts.str.casefold().isin(UNKNOWN), "")
    values = pd.to_numeric(texts.replace("", None), errors="coerce").astype(float)
    for position, (raw, value) in enumerate(zip(texts, values, strict=True)):
        if raw and (wrong := _number_problem(raw, value, kind)):
            problems.cell(frame, position, column, wrong)
    return values


def _number_problem(raw: str, value: float, kind: NumberKind) -> str:
    """Say what is wrong with a number and what mends it; empty where nothing is."""
    if DECIMAL_COMMA.match(raw):
        return f"'{raw}' has a decimal comma; write {raw.replace(',', '.')}"
    if not np.isfinite(value):
        cure = "give the imaged area" if kind == "area" else "correct it, or leave it empty if unknown"
        return f"'{raw}' is not a number; {cure}"
    if abs(value) > LARGEST:
        return f"{raw} is too large to be true; correct it"
    if kind == "any":
        return ""
    if kind == "area":
        return "" if value > 0 else f"{raw} is not an area; the imaged area must be above 0"
    if value < 0:
        return f"{raw} is negative, which it cannot be; correct it"
    if kind == "count" and value != np.floor(value):
        return f"{raw} is not a whole number; give the counted cells, not a mean or a density"
    if kind == "share" and value > 1:
        return f"{raw} is not a share between 0 and 1; divide a percentage by 100"
    return ""


def _endpoint_columns(
    frame: pd.DataFrame, problems: TableProblems, extra: tuple[str, ...], count: pd.Series
) -> dict[str, pd.Series]:
    """Check the columns of the other endpoints; a mean over osteoclasts is above 0 where there are osteoclasts."""
    kinds: dict[str, NumberKind] = {**WELL_COLUMNS, **dict.fromkeys(extra, "any")}
    found = {}
    for column, kind in kinds.items():
        if column not in frame.columns or pd.to_numeric(frame[column], errors="coerce").isna().all():
            continue
        found[column] = _numbers(frame, column, problems, kind)
        if kind == "mean":
            for position in np.flatnonzero((found[column] == 0) & (count > 0)):
                what = "0 is no mean over the osteoclasts of this well; correct it, or leave it empty if unknown"
                problems.cell(frame, int(position), column, what)
    return found


def _areas(
    frame: pd.DataFrame, columns: TableColumns, problems: TableProblems, count: pd.Series
) -> tuple[pd.Series, str]:
    """Read the imaged area, in mm² where every well has it, else in pixels."""
    pixels = "imaged_area_px"
    column, unit = columns.area, "mm²"
    blank = column not in frame.columns or (frame[column].map(text_of) == "").any()
    if blank and pixels in frame.columns and (frame[pixels].map(text_of) != "").all():
        column, unit = pixels, "px"
    if column not in frame.columns:
        return pd.Series(1.0, index=frame.index), "well"
    values = _numbers(frame, column, problems, "area")
    unknown = frame[column].map(text_of).str.casefold().isin(UNKNOWN)
    for position in np.flatnonzero(unknown & count.notna()):
        what = "no imaged area; fill it in, a count without its area has no rate"
        problems.cell(frame, int(position), column, what)
    return values, unit


def _standard_columns(frame: pd.DataFrame, columns: TableColumns) -> pd.DataFrame:
    wells = frame.copy()
    wells["arm"] = arm_names(frame, columns.treatment)
    wells["donor"] = frame[columns.donor].map(text_of)
    wells["treatment"] = frame[columns.treatment].map(text_of)
    for column in ("plate", "well", "dose_unit", "role", "oxygen", "day"):
        wells[column] = frame[column].map(text_of) if column in frame.columns else ""
    wells["batch"] = (wells["plate"] + " " + wells["day"]).str.strip()
    places = [parse_well(name) for name in wells["well"]]
    wells["row"] = [row_letters(place[0]) if place else "" for place in places]
    wells["column"] = [str(place[1]) if place else "" for place in places]
    return wells


def _wells(n: int) -> str:
    return "1 well" if n == 1 else f"{n} wells"

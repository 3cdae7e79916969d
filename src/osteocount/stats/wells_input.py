"""Read a table of wells and check it: every malformed cell is named, with line, column and cure, before any result."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.names import UNKNOWN, fold, is_missing, names_nothing, unify
from osteocount.stats.arms import arm_names, in_one_unit, text_of, units_apart
from osteocount.stats.endpoints import WELL_COLUMNS, NumberKind
from osteocount.stats.left_out_wells import leave_out_wells, refuse_rows_without_well
from osteocount.stats.table_headings import (
    AREA_UNITS,
    TableColumns,
    find_columns,
    known_unit,
    replicates_as_rows,
    with_standard_names,
)
from osteocount.stats.table_problems import TableProblems, join_rows, names_of, row_name, wells_said
from osteocount.wells import ColumnNames, parse_well, row_letters, well_name

DECIMAL_COMMA = re.compile(r"^-?\d+,\d+(?=\D|$)")
THOUSANDS = re.compile(r"^[1-9]\d{0,2}(?:,\d{3})+(?=\D|$)")
LARGEST = 1e12  # above any count, area (px of a whole well: 1e10) or amount that a table of wells can hold
EMPTY = ("", "na", "n/a", "#n/a")  # R and spreadsheets write these for an empty cell
MIXED_AREAS = 1e3  # a well of a 6-well plate is 30 times one of a 384-well plate; mm² and µm² are a million apart
LARGEST_DOSE = 1e18  # particles per litre
AIR = 0.18, 0.22  # share of oxygen in air and in the incubator; no experiment has so few percent beside it
ROUNDED = 0.5  # a mean of whole percentages, each half a percent off at most


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
    frame, notes = replicates_as_rows(frame, names)
    columns = find_columns(frame, names)
    if frame.empty:
        raise OsteoCountError("The table has a heading but no rows. Give it one row per well.")
    if columns.unit("n_osteoclasts") == "%":
        raise OsteoCountError(
            f"Column '{columns.count}' holds percentages, not counts. Give the counted cells of every well."
        )
    frame = with_standard_names(frame, columns)
    if "_line" not in frame.columns:
        frame["_line"] = np.arange(len(frame)) + 2
    problems = TableProblems({name: heading for name, heading in columns.headings.items() if name in frame.columns})
    frame, excluded = leave_out_wells(frame, columns, problems)
    refuse_rows_without_well(frame)
    frame, folded = fold_donors(frame, columns.donor)
    _refuse_look_alikes(frame, columns)
    frame, spellings = _one_spelling(frame, columns.treatment)
    frame, shares = _oxygen_in_percent(frame)
    folded += [*spellings, *shares]
    _check_donors(frame, columns, problems)
    _check_duplicates(frame, columns, problems)
    count = _numbers(frame, columns.count, problems, "count")
    area, unit = _areas(frame, columns, problems, count)
    frame, dose, dose_notes = _doses(frame, columns, problems)
    measured = _endpoint_columns(frame, problems, extra, count)
    problems.raise_if_any()
    wells = _standard_columns(frame, columns).assign(**measured).assign(count=count, area=area, dose=dose)
    notes += [*excluded, *folded, *dose_notes, *_unknown_notes(frame, count, unit)]
    return CheckedWells(wells.drop(columns="_line"), unit, tuple(notes))


def _unknown_notes(frame: pd.DataFrame, count: pd.Series, area_unit: str) -> list[str]:
    """Say what is not known: counts, the pixel size, the area."""
    notes = []
    unknown = np.flatnonzero(count.isna())
    if len(unknown):
        lines = join_rows([row_name(frame, int(i)) for i in unknown])
        notes.append(f"{wells_said(len(unknown))} without a count left out of the counts: {lines}.")
    if area_unit == "px":
        notes.append(
            "The pixel size is unknown: rates are per pixel. Ratios between arms hold if all pictures share one."
        )
    if area_unit == "well":
        notes.append("The table has no imaged area: every well is taken as equally large.")
    return notes


def refuse_percentages(wells: pd.DataFrame, controls: set[str]) -> None:
    """Refuse counts that are percentages of the control: every donor's mean, or its first well, is 100.

    Raises
    ------
    OsteoCountError
    """
    own = wells[wells["arm"].isin(controls) & wells["count"].notna()]
    by_donor = own.groupby("donor")["count"]
    near = ((by_donor.mean() - 100).abs() <= ROUNDED).all()
    several = len(by_donor) >= 2
    what = ""
    if len(own) >= 2 and near and (several or (own["count"] == 100).all()):
        what = "The control"
    elif several and (by_donor.first() == 100).all():
        what = "The first control well"
    if what:
        raise OsteoCountError(
            f"{what} is 100 in every donor: these look like percentages of the control, not counts. Give the "
            "counted cells of every well, those of the control too; the comparison needs how much the control varies."
        )


def fold_donors(frame: pd.DataFrame, column: str) -> tuple[pd.DataFrame, list[str]]:
    """Take donors that differ only in case, blanks, signs or zeros as one: ``D1``, ``d 01`` and ``Donor 1``.

    Counted as two donors they would make n too large.
    """
    names = frame[column].map(text_of)
    counts = names[names != ""].value_counts()
    groups: dict[str, list[str]] = {}
    for name in sorted(counts.index, key=lambda name: (-int(counts[name]), len(name), name)):
        groups.setdefault(_folded_donor(name), []).append(name)
    same = [spellings for spellings in groups.values() if len(spellings) > 1]
    if not same:
        return frame, []
    kept = {spelling: spellings[0] for spellings in same for spelling in spellings}
    said = "; ".join(f"{_quoted(spellings[1:])} as '{spellings[0]}'" for spellings in same)
    return frame.assign(**{column: names.replace(kept)}), [f"Donors spelt in several ways are taken as one: {said}."]


def _quoted(names: list[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)


def _one_spelling(frame: pd.DataFrame, treatment: str) -> tuple[pd.DataFrame, list[str]]:
    """Take spellings of a treatment and of a plate that differ in what nobody sees or means as one."""
    notes: list[str] = []
    for column, what in ((treatment, "treatment"), ("plate", "plate")):
        if column in frame.columns:
            texts = frame[column].map(text_of)
            unified = unify(texts)
            if unified.merged:
                frame = frame.assign(**{column: texts.replace(unified.of)})
                notes += unified.notes(what)
    return frame, notes


def _oxygen_in_percent(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Turn shares of oxygen into percent where one of them is that of air: 0.21 and 0.01 are 21 % and 1 %."""
    if "oxygen" not in frame.columns:
        return frame, []
    texts = frame["oxygen"].map(text_of)
    shares = pd.to_numeric(texts, errors="coerce")
    if not (shares.notna() == (texts != "")).all() or not shares.between(*AIR).any() or (shares > AIR[1]).any():
        return frame, []
    percent = shares.map(lambda share: "" if np.isnan(share) else f"{100 * share:.4g}")
    said = ", ".join(f"{share:g}" for share in sorted(set(shares.dropna())))
    return frame.assign(oxygen=percent), [f"Oxygen is taken for a share of the air, not for percent: {said}."]


def _refuse_look_alikes(frame: pd.DataFrame, columns: TableColumns) -> None:
    """Refuse donors and treatments that differ only in letters or digits that look alike: nobody knows if they are one.

    Raises
    ------
    OsteoCountError
    """
    pairs = ((columns.donor, "donor"), (columns.treatment, "treatment"))
    wrong = []
    for name, what in pairs:  # dashes in donors are seen by `_folded_donor`
        donors = what == "donor"
        wrong += unify(frame[name].map(text_of), dashes=not donors, codes=donors).problems(what)
    if wrong:
        listed = "\n".join(f"  - {problem}" for problem in wrong)
        raise OsteoCountError(f"The table cannot be compared:\n{listed}")


def _folded_donor(name: str) -> str:
    """Return the form in which spellings of a donor agree: ``D1``, ``Donor 01`` and ``#1``; ``A`` and ``Donor A``."""
    text = re.sub(r"[\s_.#-]+", "", fold(name))
    text = re.sub(r"(?:no|nr|id)(?=\d)", "", text)
    text = re.sub(r"(?<!\d)0+(?=\d)", "", text)
    word = re.match(r"(donor|mouse|animal|patient|subject|spender|)(\d+)$", text)
    if word:
        return f"{(word[1] or 'donor')[0]}{word[2]}"
    return re.sub(r"^(?:donor|mouse|animal|patient|subject|spender)(?=\w)", "", text)


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
    names = frame[columns.donor].map(text_of)
    empty = np.flatnonzero(names.map(is_missing) | names.map(fold).isin(UNKNOWN))
    if len(empty) == len(frame):
        raise OsteoCountError(
            f"The donor column '{columns.donor}' is empty. Wells are technical replicates: without donors (animals, "
            "independent experiments) there is no comparison. Fill in the donor of every well."
        )
    if (
        "well" in frame.columns
        and (names.map(short_well_name) == frame["well"].map(text_of).map(short_well_name)).all()
    ):
        raise OsteoCountError(
            f"The donor column '{columns.donor}' holds the wells. Wells are technical replicates: give the donor, "
            "animal or independent experiment of every well."
        )
    for column, what in ((columns.donor, "donor"), (columns.treatment, "treatment")):
        texts = frame[column].map(text_of)
        for position in np.flatnonzero(texts.map(lambda text: not is_missing(text) and names_nothing(text))):
            said = (
                f"'{texts.iloc[position]}' is no {what}, or stands for that of another line; write it out on every line"
            )
            problems.cell(frame, int(position), column, said)
    for position in empty:
        problems.cell(frame, int(position), columns.donor, "no donor; fill it in, or give the well the role 'excluded'")


def _numbers(frame: pd.DataFrame, column: str, problems: TableProblems, kind: NumberKind) -> pd.Series:
    """Read a column as numbers of a kind; empty stays unknown."""
    texts = known_texts(frame[column])
    values = pd.to_numeric(texts.replace("", None), errors="coerce").astype(float)
    for position, (raw, value) in enumerate(zip(texts, values, strict=True)):
        if not raw:
            continue
        if np.isnan(value) and (converted := _without_unit(raw, kind)) is not None:
            value = values.iloc[position] = converted
        if wrong := _number_problem(raw, value, kind):
            problems.cell(frame, position, column, wrong)
    return values


def known_texts(column: pd.Series) -> pd.Series:
    """Return the cells of a column as text, empty where they are unknown."""
    texts = column.map(text_of)
    return texts.where(~texts.str.casefold().isin(EMPTY), "")


def _without_unit(raw: str, kind: NumberKind) -> float | None:
    """Read a number that carries its unit: ``35 %`` as a share, ``32 mm²`` as an area, ``25 ng/mL`` as a dose."""
    amount = _amount_with_unit(raw)
    if amount is None:
        return None
    value, unit = amount[0], known_unit(amount[1])
    if kind == "share" and unit == "%":
        return value / 100
    if kind == "area" and unit in AREA_UNITS:
        return value * AREA_UNITS[unit]
    return value if kind == "dose" and unit not in AREA_UNITS else None


def _amount_with_unit(text: str) -> tuple[float, str] | None:
    """Read ``25 ng/mL`` or ``35 %``: the number and its unit; None for anything else."""
    match = re.match(r"^([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*(\D.*)$", text.strip(), re.I)
    if match is None or not known_unit(match[2]):
        return None
    return float(match[1]), match[2].strip()


def _number_problem(raw: str, value: float, kind: NumberKind) -> str:
    """Say what is wrong with a number and what mends it; empty where nothing is."""
    if THOUSANDS.match(raw):
        return f"'{raw}' may mean {raw.replace(',', '')} or {raw.replace(',', '.', 1)}; write it without the comma"
    if DECIMAL_COMMA.match(raw):
        return f"'{raw}' has a decimal comma; write {raw.replace(',', '.')}"
    if not np.isfinite(value):
        cure = "give the imaged area" if kind == "area" else "correct it, or leave it empty if unknown"
        return f"'{raw}' is not a number; {cure}"
    if abs(value) > (LARGEST_DOSE if kind == "dose" else LARGEST):
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
        if column not in frame.columns or not known_texts(frame[column]).str.contains(r"\d").any():
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
    heading_unit = columns.unit("imaged_area_mm2")
    if unit == "mm²" and heading_unit in AREA_UNITS:
        values = values * AREA_UNITS[heading_unit]
    elif heading_unit == "px":
        unit = "px"
    unknown = known_texts(frame[column]) == ""
    for position in np.flatnonzero(unknown & count.notna()):
        what = "no imaged area; fill it in, a count without its area has no rate"
        problems.cell(frame, int(position), column, what)
    low, high = values.min(), values.max()
    if low > 0 and high > MIXED_AREAS * low:
        what = (
            f"areas from {low:g} to {high:g} cannot be in one unit; give them all in mm², or write the unit behind each"
        )
        problems.cell(frame, int(np.argmin(values.to_numpy())), column, what)
    return values, unit


def _doses(
    frame: pd.DataFrame, columns: TableColumns, problems: TableProblems
) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """Read the doses, those of one treatment in one unit; the unit may stand in a column, a cell or the heading."""
    if "dose" not in frame.columns:
        return frame, pd.Series(np.nan, frame.index), []
    dose = _numbers(frame, "dose", problems, "dose")
    unit = known_texts(frame["dose_unit"]) if "dose_unit" in frame.columns else pd.Series("", frame.index)
    heading_unit = columns.unit("dose")
    in_cell = [_amount_with_unit(text) for text in known_texts(frame["dose"])]
    unit = pd.Series(
        [
            amount[1] if amount else own or (heading_unit if number > 0 else "")
            for amount, own, number in zip(in_cell, unit, dose, strict=True)
        ],
        frame.index,
        dtype=object,
    )
    treatment = frame[columns.treatment].map(text_of)
    converted, one_unit, apart = in_one_unit(treatment, dose, unit)
    notes = []
    changed = sorted(set(treatment[(converted != dose) & dose.notna()]))
    for name in changed:
        units = sorted(set(unit[(treatment == name) & (dose > 0)]))
        kept = one_unit[(treatment == name) & (dose > 0)].iloc[0]
        notes.append(f"Doses of {name} given in {' and '.join(units)} are compared in {kept}.")
    notes += [units_apart(name, unit[(treatment == name) & (dose > 0)]) for name in apart]
    return frame.assign(dose=converted, dose_unit=one_unit), converted, notes


def _standard_columns(frame: pd.DataFrame, columns: TableColumns) -> pd.DataFrame:
    wells = frame.copy()
    wells["arm"] = arm_names(frame, columns.treatment)
    wells["donor"] = frame[columns.donor].map(text_of)
    wells["treatment"] = frame[columns.treatment].map(text_of)
    for column in ("plate", "well", "dose_unit", "role", "oxygen", "day", "ev_batch"):
        wells[column] = names_of(frame[column]) if column in frame.columns else ""
    wells["batch"] = (wells["plate"] + " " + wells["day"]).str.strip()
    places = [parse_well(name) for name in wells["well"]]
    wells["row"] = [row_letters(place[0]) if place else "" for place in places]
    wells["column"] = [str(place[1]) if place else "" for place in places]
    return wells

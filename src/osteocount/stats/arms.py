"""Arms (treatment at one dose, at one oxygen level) and the control among them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable

import pandas as pd

from osteocount.dose_units import canonical_unit, common_unit, convert
from osteocount.errors import OsteoCountError
from osteocount.names import fold
from osteocount.wells import CONTROL_ROLES


def arm_names(frame: pd.DataFrame, treatment_column: str = "treatment") -> pd.Series[str]:
    """Name the arm of every well.

    The arm is the treatment; " dose unit" follows when the dose is above zero and its unit is known, or when a
    treatment occurs at several doses; ", x % O2" follows when the table holds several oxygen levels. Doses of one
    treatment in several units are in the most frequent one.

    Parameters
    ----------
    frame : DataFrame
        One row per well, with ``treatment_column`` and, where known, ``dose``, ``dose_unit``, ``oxygen``.

    Returns
    -------
    Series of str
        Same index; empty where the treatment is.
    """
    treatment = frame[treatment_column].map(text_of)
    dose, unit, _ = in_one_unit(
        treatment, _column(frame, "dose").map(_number), _column(frame, "dose_unit").map(text_of)
    )
    several = dose.groupby(treatment).transform("nunique") > 1
    names = [
        f"{name} {_format(amount)} {measure}".rstrip()
        if name and not math.isnan(amount) and ((amount > 0 and measure) or many)
        else name
        for name, amount, measure, many in zip(treatment, dose, unit, several, strict=True)
    ]
    oxygen = _column(frame, "oxygen").map(text_of)
    if len({level for level in oxygen if level}) > 1:
        names = [
            f"{name}, {oxygen_name(level)}" if name and level else name
            for name, level in zip(names, oxygen, strict=True)
        ]
    return pd.Series(names, index=frame.index, dtype=object)


def in_one_unit(treatment: pd.Series, dose: pd.Series, unit: pd.Series) -> tuple[pd.Series, pd.Series, list[str]]:
    """Convert the doses of every treatment to the unit most of its wells have, where all its units convert.

    Parameters
    ----------
    treatment, unit : Series of str
    dose : Series of float
        NaN where unknown.

    Returns
    -------
    (Series, Series, list of str)
        Doses, units as they were first written, and the treatments whose units do not convert into each other.
    """
    dose, unit = dose.copy(), unit.copy()
    apart = []
    for name in sorted(set(treatment)):
        own = (treatment == name) & (dose > 0) & (unit != "")
        spellings = unit[own].value_counts()
        if len(spellings) < 2:
            continue
        canonical = {spelling: canonical_unit(spelling) or spelling.casefold() for spelling in spellings.index}
        if common_unit(canonical.values()) is None:
            apart.append(name)
            continue
        kept = min(spellings.index, key=lambda spelling: (-int(spellings[spelling]), spelling))
        dose[own] = [
            convert(value, canonical[spelling], canonical[kept])
            for value, spelling in zip(dose[own], unit[own], strict=True)
        ]
        unit[own] = kept
    return dose, unit, apart


def units_apart(treatment: str, units: Iterable[str]) -> str:
    """Say that the doses of a treatment cannot be put into one unit."""
    return (
        f"Doses of {treatment} are in {' and '.join(sorted(set(units)))}, which do not convert into each other: they "
        "are compared apart, without a dose trend. Give all of them in one unit."
    )


def oxygen_name(level: str) -> str:
    """Write an oxygen level the way arms carry it: ``2`` and ``2 %`` become ``2 % O2``, words stay as they are."""
    number = _number(level.removesuffix("%").strip())
    return level if math.isnan(number) else f"{_format(number)} % O2"


def by_day(wells: pd.DataFrame) -> pd.DataFrame:
    """Make every day of a time course a level with arms and a control of its own: ``rhIL-32, day 7``.

    Raises
    ------
    OsteoCountError
        Fewer than two days, days that are no numbers, or several oxygen levels beside them.
    """
    days = sorted(set(wells["day"]))
    unreadable = [day for day in days if math.isnan(_number(day.casefold().removeprefix("day").strip()))]
    if len(days) < 2 or unreadable:
        why = f"'{unreadable[0]}' is no day" if unreadable else "all wells are of one day"
        raise OsteoCountError(
            f"Setting 'time_course': {why}. Give every well the day of culture as a number in a column 'day', or turn "
            "the setting off."
        )
    if (wells["oxygen"] != "").any():
        raise OsteoCountError("Setting 'time_course': a time course and oxygen levels at once are not compared.")
    level = "day " + wells["day"].str.casefold().str.removeprefix("day").str.strip()
    return wells.assign(oxygen=level, arm=wells["arm"] + ", " + level)


def choose_controls(wells: pd.DataFrame, control: str | None) -> dict[str, str]:
    """Find the control arm at every oxygen level.

    Parameters
    ----------
    wells : DataFrame
        Columns ``arm``, ``treatment``, ``dose``, ``role``, ``oxygen`` (text, empty where unknown; dose a number).
    control : str or None
        A treatment or an arm; None takes the arm the layout marks as vehicle or negative control.

    Returns
    -------
    dict
        Oxygen level to the name of its control arm.

    Raises
    ------
    OsteoCountError
        No such arm, several that fit, or an oxygen level without the control.
    """
    candidates = wells[_is_control(wells, control)]
    found: dict[str, str] = {}
    for level in sorted(wells["oxygen"].unique()):
        arms = sorted(candidates.loc[candidates["oxygen"] == level, "arm"].unique())
        if not arms:
            what, place = ("day", level) if level.startswith("day ") else ("oxygen level", f"Oxygen {level}")
            raise OsteoCountError(
                f"{place}: no well of the control. Every {what} needs its own control wells; add them, or leave that "
                f"{what.removeprefix('oxygen ')}'s wells out."
            )
        if len(arms) > 1:
            raise OsteoCountError(
                f"Several arms could be the control: {', '.join(arms)}. Name the one to compare with (--control)."
            )
        found[str(level)] = arms[0]
    return found


def _is_control(wells: pd.DataFrame, control: str | None) -> pd.Series[bool]:
    arms = sorted(wells["arm"].unique())
    if control is None:
        for role in CONTROL_ROLES:
            marked = wells["role"].str.casefold() == role
            if marked.any():
                return marked
        raise OsteoCountError(
            "No control: no well has the role 'vehicle' or 'negative control', and none was named. "
            f"Name the arm to compare with (--control); the table holds: {', '.join(arms)}."
        )
    wanted = control.strip()
    if (wells["arm"] == wanted).any():
        return wells["arm"] == wanted
    same = wells["treatment"] == wanted
    if same.any():
        zero = same & (wells["dose"] == 0)
        return zero if zero.any() else same
    alike = {name for name in (*arms, *wells["treatment"].unique()) if fold(str(name)) == fold(wanted)}
    if len(alike) == 1:
        return _is_control(wells, next(iter(alike)))
    names = sorted({*arms, *wells["treatment"].unique()})
    raise OsteoCountError(
        f"No arm is called '{control}'{suggestion(control, names)} The table holds: {', '.join(arms)}."
    )


def suggestion(name: str, known: list[str]) -> str:
    """Return "; did you mean 'x'?" where a known name is near, else a full stop."""
    folded = {other.casefold(): other for other in known}
    near = difflib.get_close_matches(name.strip().casefold(), list(folded), n=1, cutoff=0.6)
    return f"; did you mean '{folded[near[0]]}'?" if near else "."


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame.columns else pd.Series("", index=frame.index, dtype=object)


def text_of(value: object) -> str:
    """Return a cell as text: empty where it is unknown, ``3`` for 3.0."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return _format(value) if isinstance(value, float) else str(value).strip()


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return float("nan")


def _format(value: float) -> str:
    return f"{value:.0f}" if abs(value) < 1e15 and value == round(value) else f"{value:.10g}"

"""Agreement of automatic with manual counts, and of readers with each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from osteocount.errors import OsteoCountError
from osteocount.settings import ComparisonSettings
from osteocount.stats.agreement_numbers import describe
from osteocount.stats.agreement_tables import AUTOMATIC, counts_of_people, match, our_counts, our_fields, places
from osteocount.stats.comparison import compare
from osteocount.stats.sentences import number, p_value

EFFECT_COLUMNS = ("contrast", "reference", "counted_by", "estimate", "ci_low", "ci_high", "verdict")


@dataclass(frozen=True)
class Agreement:
    """How well two ways of counting agree.

    Attributes
    ----------
    pairs : DataFrame
        ``comparison, plate, well, field, arm, first, second``: the counts side by side (second − first is the error).
    table : DataFrame
        One row per comparison and subset (all, each arm, each third of density): ``comparison, subset, n, bias`` with
        its interval, ``bias_percent``, limits of agreement with theirs, ``concordance`` (Lin), ``icc`` (2,1), ``r``.
    effects : DataFrame
        The treatment effect of the primary endpoint from either way of counting; empty without donors and treatments.
    warnings : tuple of str
    """

    pairs: pd.DataFrame
    table: pd.DataFrame
    effects: pd.DataFrame
    warnings: tuple[str, ...]

    def summary(self) -> str:
        """Say it in words."""
        lines = [f"Warning: {text}" for text in self.warnings]
        for _, rows in self.table.groupby("comparison", sort=False):
            whole, *parts = rows.to_dict("records")
            lines.append(_agreement_sentence(whole))
            if parts:
                lines.append(f"  Bias by part: {'; '.join(_part(row) for row in parts)}.")
        return "\n".join([*lines, *(_effect_sentence(row) for row in self.effects.to_dict("records"))])


def _agreement_sentence(row: Mapping[Any, Any]) -> str:
    return (
        f"{row['comparison']}, {row['n']} {row['unit'] if row['n'] != 1 else row['unit'].removesuffix('s')}: "
        f"bias {signed(row['bias'])} osteoclasts "
        f"(95 % CI {signed(row['bias_low'])} to {signed(row['bias_high'])}; {signed(row['bias_percent'])} %), "
        f"limits of agreement {signed(row['limit_low'])} to {signed(row['limit_high'])}, "
        f"concordance {_share(row, 'concordance')}, ICC {_share(row, 'icc')}."
    )


def _share(row: Mapping[Any, Any], name: str) -> str:
    if not np.isfinite(row[name]):
        return "unknown (too few or equal counts)"
    return f"{row[name]:.3f} ({row[f'{name}_low']:.3f} to {row[f'{name}_high']:.3f})"


def _part(row: Mapping[Any, Any]) -> str:
    return f"{row['subset']} {signed(row['bias'])} ({signed(row['bias_percent'])} %, n = {row['n']})"


def _effect_sentence(row: Mapping[Any, Any]) -> str:
    said = f"{row['contrast']}, counted by {row['counted_by']}: "
    if not np.isfinite(row["estimate"]):
        return f"{said}{row['verdict']}"
    known = np.isfinite(row["ci_low"])
    interval = f" (95 % CI {number(row['ci_low'])} to {number(row['ci_high'])})" if known else ""
    return f"{said}{number(row['estimate'])} × {row['reference']}{interval}, {row['verdict']}"


def signed(value: float) -> str:
    """Write a number with its sign, three digits."""
    return "unknown" if not np.isfinite(value) else f"{value:+.3g}".replace("-", "−")


def agree(
    wells: pd.DataFrame,
    manual: pd.DataFrame,
    *,
    cells: pd.DataFrame | None = None,
    control: str | None = None,
    settings: ComparisonSettings | None = None,
    count_column: str = "n_osteoclasts",
    area_column: str = "imaged_area_mm2",
    donor_column: str = "donor",
    treatment_column: str = "treatment",
) -> Agreement:
    """Compare counts with those of one or several persons.

    Parameters
    ----------
    wells : DataFrame
        Ours: ``well`` (and ``plate``, ``field``) with ``count_column``; treatment, donor and area where known.
    manual : DataFrame
        Columns ``well`` and ``count``; ``plate``, ``field``, ``reader`` where there are several.
    cells : DataFrame, optional
        ``cells.csv``, from which our counts per field are taken where the manual ones are per field.

    Raises
    ------
    OsteoCountError
        A missing column, a count that is not a number, or no well in common.
    """
    settings = settings or ComparisonSettings()
    wells, manual = wells.reset_index(drop=True), manual.reset_index(drop=True)
    column = "count" if count_column not in wells.columns and "count" in wells.columns else count_column
    ours, theirs = our_counts(wells, column, treatment_column), counts_of_people(manual)
    if theirs["plate"].eq("").all():
        if len(ours["plate"].unique()) >= 2 and ours["well"].duplicated().any():
            raise OsteoCountError("Our table holds several plates: add a column 'plate' to the manual counts.")
        ours = ours.assign(plate="")
    by_field = bool(theirs["field"].ne("").any()) and ("field" in wells.columns or cells is not None)
    whole_wells = ours
    if by_field and cells is not None and "field" not in wells.columns:
        ours = our_fields(ours, cells, theirs)
    keys = ["plate", "well", "field"] if by_field else ["plate", "well"]
    matched, warnings = match(ours, theirs, keys)
    readers = sorted(matched["reader"].unique())
    wide = matched.pivot_table(index=[*keys, "arm", AUTOMATIC], columns="reader", values="manual", aggfunc="sum")
    wide = wide.reset_index(level=AUTOMATIC)
    contests = [(reader, AUTOMATIC) for reader in readers] + list(combinations(readers, 2))
    found = [_pair(wide, first, second) for first, second in contests]
    pairs = pd.concat([pair for pair in found if len(pair)], ignore_index=True)
    rows: list[dict[str, Any]] = []
    for name, own in pairs.groupby("comparison", sort=False):
        rows += _subsets(str(name), own, "fields" if by_field else "wells")
    for reader in readers:
        warnings += _uneven(pairs[pairs["comparison"] == f"{AUTOMATIC} against {reader}"], reader)
    names = {
        "count_column": column, "area_column": area_column, "donor_column": donor_column,
        "treatment_column": treatment_column,
    }  # fmt: skip
    effects, said = _effects(wells, whole_wells, theirs, settings, control, names)
    return Agreement(pairs, pd.DataFrame(rows), effects, (*warnings, *said))


def _pair(wide: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    both = wide[[first, second]].dropna()
    named = both.set_axis(["first", "second"], axis=1).reset_index()
    named["field"] = named["field"] if "field" in named.columns else ""
    named["comparison"] = f"{second} against {first}"
    return named[["comparison", "plate", "well", "field", "arm", "first", "second"]]


def _subsets(name: str, pairs: pd.DataFrame, unit: str) -> list[dict[str, Any]]:
    rows = [{"comparison": name, "subset": "all", "unit": unit, **describe(pairs)}]
    arms = sorted(arm for arm in pairs["arm"].unique() if arm)
    rows += [
        {"comparison": name, "subset": arm, "unit": unit, **describe(pairs[pairs["arm"] == arm])}
        for arm in arms
        if len(arms) > 1
    ]
    level = (pairs["first"] + pairs["second"]) / 2
    if len(pairs) >= 9:
        edges = np.quantile(level, [1 / 3, 2 / 3])
        thirds = {"sparse third": level <= edges[0], "dense third": level > edges[1]}
        thirds["middle third"] = ~(thirds["sparse third"] | thirds["dense third"])
        for third in ("sparse third", "middle third", "dense third"):
            rows.append({"comparison": name, "subset": third, "unit": unit, **describe(pairs[thirds[third]])})
    return rows


def _uneven(pairs: pd.DataFrame, reader: str) -> list[str]:
    """Warn where the error differs between arms or grows with density: the treatment effect is then biased."""
    ratio = pd.Series(np.log((pairs["second"] + 0.5) / (pairs["first"] + 0.5)), pairs.index)
    found = []
    groups = [own.to_numpy() for arm, own in ratio.groupby(pairs["arm"]) if arm and len(own) > 1]
    if len(groups) > 1 and any(group.std() > 0 for group in groups):
        p = float(stats.f_oneway(*groups).pvalue)
        if p < 0.05:
            found.append(
                f"Against {reader}, the counting error differs between arms ({p_value(p)}): the treatment effect is "
                "biased by it. Read the effect from both ways of counting, and curate the arms that differ."
            )
    level = np.log((pairs["first"] + pairs["second"]) / 2 + 0.5)
    if len(pairs) > 4 and level.std() > 0 and ratio.std() > 0:
        slope = stats.linregress(level, ratio)
        if slope.pvalue < 0.05:
            found.append(
                f"Against {reader}, the counting error changes with density: {100 * (2**slope.slope - 1):+.0f} % per "
                f"doubling ({p_value(float(slope.pvalue))}), so dense and sparse arms are not counted alike."
            )
    return found


def _effects(
    wells: pd.DataFrame,
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    settings: ComparisonSettings,
    control: str | None,
    names: dict[str, str],
) -> tuple[pd.DataFrame, list[str]]:
    """Compare the arms twice, on the same wells: with our counts and with each reader's."""
    empty = pd.DataFrame(columns=list(EFFECT_COLUMNS))
    if "field" in wells.columns:
        return empty, ["The treatment effect was not compared: our table has a row per field, not per well."]
    missing = [name for name in (names["donor_column"], names["treatment_column"]) if name not in wells.columns]
    if missing:
        return empty, [f"The treatment effect was not compared: our table has no column {' and '.join(missing)}."]
    place, column = places(wells), names["count_column"]
    rows: list[pd.DataFrame] = []
    said: dict[frozenset[int], str] = {}
    if ours["plate"].eq("").all():
        place["plate"] = ""
    keys = ["plate", "well"]
    try:
        matched, _ = match(ours, theirs, keys)
        for reader, own in matched.groupby("reader"):
            counts = own.set_index(keys)["manual"]
            found = pd.Series(
                [counts.get(one, np.nan) for one in zip(place["plate"], place["well"], strict=True)], wells.index
            )
            shared = frozenset(np.flatnonzero(found.notna()).tolist())
            # Readers who counted other wells have another automatic effect beside theirs.
            by_us = said.setdefault(shared, AUTOMATIC if not said else f"{AUTOMATIC}, wells of {reader}")
            for by, values in ((by_us, wells[column]), (str(reader), found.round())):
                data = wells[found.notna()].assign(**{column: values[found.notna()]})
                table = compare(data, control=control, settings=settings, **names).table
                table = table[(table["role"] == "primary") & (table["kind"] == "arm")]
                rows.append(table.assign(counted_by=by)[list(EFFECT_COLUMNS)])
    except OsteoCountError as error:
        return empty, [f"The treatment effect was not compared: {error}"]
    return pd.concat(rows, ignore_index=True).drop_duplicates(["contrast", "counted_by"], ignore_index=True), []

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
from osteocount.stats.arms import arm_names, text_of
from osteocount.stats.comparison import compare
from osteocount.stats.intake import plain_well
from osteocount.stats.words import number, p_value

AUTOMATIC = "automatic"
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
        whole = self.table[self.table["subset"] == "all"].to_dict("records")
        return "\n".join(
            [
                *(f"Warning: {text}" for text in self.warnings),
                *(_agreement_sentence(row) for row in whole),
                *(_effect_sentence(row) for row in self.effects.to_dict("records")),
            ]
        )


def _agreement_sentence(row: Mapping[Any, Any]) -> str:
    return (
        f"{row['comparison']}, {row['n']} {row['unit']}: bias {signed(row['bias'])} osteoclasts "
        f"(95 % CI {signed(row['bias_low'])} to {signed(row['bias_high'])}; {signed(row['bias_percent'])} %), "
        f"limits of agreement {signed(row['limit_low'])} to {signed(row['limit_high'])}, "
        f"concordance {row['concordance']:.3f} ({row['concordance_low']:.3f} to {row['concordance_high']:.3f}), "
        f"ICC {row['icc']:.3f} ({row['icc_low']:.3f} to {row['icc_high']:.3f})."
    )


def _effect_sentence(row: Mapping[Any, Any]) -> str:
    known = np.isfinite(row["ci_low"])
    interval = f" (95 % CI {number(row['ci_low'])} to {number(row['ci_high'])})" if known else ""
    return (
        f"{row['contrast']}, counted by {row['counted_by']}: {number(row['estimate'])} × {row['reference']}{interval}, "
        f"{row['verdict']}"
    )


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
    ours = _ours(wells, count_column)
    theirs = _theirs(manual)
    if theirs["plate"].eq("").all():
        if len(ours["plate"].unique()) >= 2 and ours["well"].duplicated().any():
            raise OsteoCountError("Our table holds several plates: add a column 'plate' to the manual counts.")
        ours = ours.assign(plate="")
    by_field = bool(theirs["field"].ne("").any()) and ("field" in wells.columns or cells is not None)
    whole_wells = ours
    if by_field and cells is not None and "field" not in wells.columns:
        ours = _by_field(ours, cells, theirs)
    keys = ["plate", "well", "field"] if by_field else ["plate", "well"]
    matched, warnings = _match(ours, theirs, keys)
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
    effects, said = _effects(wells, whole_wells, theirs, settings, control, count_column)
    return Agreement(pairs, pd.DataFrame(rows), effects, (*warnings, *said))


def _ours(wells: pd.DataFrame, count_column: str) -> pd.DataFrame:
    column = "count" if count_column not in wells.columns and "count" in wells.columns else count_column
    _need(wells, ["well", column], "our table")
    ours = _places(wells)
    ours[AUTOMATIC] = pd.to_numeric(wells[column], errors="coerce").astype(float)
    ours["arm"] = arm_names(wells) if "treatment" in wells.columns else ""
    ours["n_fields"] = pd.to_numeric(wells["n_fields"], errors="coerce") if "n_fields" in wells.columns else np.nan
    return ours[ours[AUTOMATIC].notna()]


def _by_field(ours: pd.DataFrame, cells: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Count our osteoclasts per field; a field without any TRAP-positive cell has no row in ``cells``, but 0."""
    _need(cells, ["well", "field", "counted", "is_osteoclast"], "the table of cells")
    place = ["plate", "well"]
    seen = _places(cells)
    if ours["plate"].eq("").all():
        seen["plate"] = ""
    counts = (cells[["counted", "is_osteoclast"]].astype(str).map(str.casefold) == "true").all(axis=1)
    fields = seen.assign(**{AUTOMATIC: counts.astype(float)}).groupby([*place, "field"], as_index=False).sum()
    known = ours.drop(columns=["field", AUTOMATIC]).merge(
        fields.groupby(place, as_index=False).size().rename(columns={"size": "seen"}), on=place, how="left"
    )
    with_room = known[known["seen"].fillna(0) < known["n_fields"].fillna(0)][place]
    asked = theirs[[*place, "field"]].drop_duplicates().merge(with_room, on=place)
    empty = asked.merge(fields, on=[*place, "field"], how="left", indicator=True).query("_merge == 'left_only'")
    fields = pd.concat([fields, empty[[*place, "field"]].assign(**{AUTOMATIC: 0.0})], ignore_index=True)
    return fields.merge(known.drop(columns="seen"), on=place)


def _theirs(manual: pd.DataFrame) -> pd.DataFrame:
    _need(manual, ["well", "count"], "the manual counts")
    texts = manual["count"].map(text_of)
    values = pd.to_numeric(texts.replace("", None), errors="coerce").astype(float)
    wrong = [
        f"line {i + 2}: '{text}' is not a count"
        for i, (text, value) in enumerate(zip(texts, values, strict=True))
        if text and not (np.isfinite(value) and value >= 0)
    ]
    if wrong:
        raise OsteoCountError("The manual counts, column 'count': " + "; ".join(wrong[:20]) + ". Correct them.")
    theirs = _places(manual).assign(manual=values)
    theirs["reader"] = manual["reader"].map(text_of).replace("", "manual") if "reader" in manual.columns else "manual"
    return theirs[theirs["manual"].notna()]


def _need(table: pd.DataFrame, columns: list[str], what: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise OsteoCountError(
            f"No column {' and '.join(repr(column) for column in missing)} in {what}. "
            f"It has: {', '.join(str(column) for column in table.columns)}."
        )


def _places(table: pd.DataFrame) -> pd.DataFrame:
    places = pd.DataFrame(index=table.index)
    for column in ("plate", "well", "field"):
        places[column] = table[column].map(text_of) if column in table.columns else ""
    places["well"] = places["well"].map(plain_well)
    return places


def _match(ours: pd.DataFrame, theirs: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Join by place; manual counts of several fields are summed per well, and must be of all its fields."""
    theirs_summed = (
        theirs.groupby(["reader", *keys]).agg(manual=("manual", "sum"), counted=("manual", "size")).reset_index()
    )
    joined = theirs_summed.merge(ours, on=keys, how="left", indicator=True)
    lost = joined[joined["_merge"] != "both"]
    warnings = []
    if len(lost):
        names = ", ".join(
            " ".join(part for part in row if part) for row in lost[keys].itertuples(index=False, name=None)
        )
        warnings.append(f"Counted by hand but not in our table: {names}.")
    joined = joined[joined["_merge"] == "both"]
    partly = (joined["counted"] != joined["n_fields"]) & joined["n_fields"].notna()
    if "field" not in keys and theirs["field"].ne("").any() and partly.any():
        warnings.append(f"Left out, not every field was counted by hand: {', '.join(joined.loc[partly, 'well'])}.")
        joined = joined[~partly]
    if joined.empty:
        raise OsteoCountError("No well is in both tables. They are matched by plate and name (A1 and A01 are one).")
    return joined, warnings


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
    column: str,
) -> tuple[pd.DataFrame, list[str]]:
    """Compare the arms twice, on the same wells: with our counts and with each reader's."""
    empty = pd.DataFrame(columns=list(EFFECT_COLUMNS))
    if "field" in wells.columns:
        return empty, ["The treatment effect was not compared: our table has a row per field, not per well."]
    column = column if column in wells.columns else "count"
    places, rows = _places(wells), []
    if ours["plate"].eq("").all():
        places["plate"] = ""
    keys = ["plate", "well"]
    try:
        matched, _ = _match(ours, theirs, keys)
        for reader, own in matched.groupby("reader"):
            counts = own.set_index(keys)["manual"]
            own_places = zip(places["plate"], places["well"], strict=True)
            found = pd.Series([counts.get(place, np.nan) for place in own_places], wells.index)
            shared = found.notna()
            for by, values in ((AUTOMATIC, wells[column]), (str(reader), found)):
                data = wells[shared].assign(**{column: values[shared]})
                table = compare(data, control=control, settings=settings, count_column=column).table
                table = table[(table["role"] == "primary") & (table["kind"] == "arm")]
                rows.append(table.assign(counted_by=by)[list(EFFECT_COLUMNS)])
    except OsteoCountError as error:
        return empty, [f"The treatment effect was not compared: {error}"]
    return pd.concat(rows, ignore_index=True).drop_duplicates(["contrast", "counted_by"], ignore_index=True), []

"""Agreement of automatic with manual counts, and of readers with each other (Bland & Altman, Lin, ICC, by part)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Unpack

import numpy as np
import pandas as pd
import scipy

from osteocount.columns import AGREEMENT, AGREEMENT_PAIRS, EFFECTS
from osteocount.errors import OsteoCountError
from osteocount.settings import ComparisonSettings
from osteocount.stats.agreement_measures import as_ratios, describe, over_donors
from osteocount.stats.arms import arm_names, text_of
from osteocount.stats.comparison import compare
from osteocount.stats.sentences import number, p_value
from osteocount.stats.table_headings import TableColumns, find_columns, with_standard_names
from osteocount.stats.table_problems import join_rows
from osteocount.stats.wells_input import short_well_name
from osteocount.wells import ColumnNames

AUTOMATIC = "automatic"


@dataclass(frozen=True)
class Agreement:
    """How well two ways of counting agree.

    Attributes
    ----------
    pairs : DataFrame
        ``comparison, plate, well, field, arm, donor, first, second``: the counts side by side (the error is
        second − first).
    table : DataFrame
        One row per comparison and subset (all, each arm, each third of density): ``comparison, subset, n, bias`` with
        its interval, ``bias_percent``, limits of agreement with theirs, ``concordance`` (Lin), ``icc`` (2,1), ``r``;
        the limits as ratios, and with donors as clusters.
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
        f"{_ratio_sentence(row)}{_donor_sentence(row)}"
    )


def _ratio_sentence(row: Mapping[Any, Any]) -> str:
    if not np.isfinite(row["ratio_limit_low"]):
        return ""
    return (
        f" As ratios: {number(row['ratio'])} (95 % CI {number(row['ratio_low'])} to {number(row['ratio_high'])}), "
        f"limits of agreement {number(row['ratio_limit_low'])} to {number(row['ratio_limit_high'])}."
    )


def _donor_sentence(row: Mapping[Any, Any]) -> str:
    if not np.isfinite(row["bias_donors"]):
        return ""
    return (
        f" With {int(row['n_donors'])} donors as clusters: bias {signed(row['bias_donors'])} (95 % CI "
        f"{signed(row['bias_donors_low'])} to {signed(row['bias_donors_high'])}), limits of agreement for a further "
        f"donor {signed(row['limit_donors_low'])} to {signed(row['limit_donors_high'])}."
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
    **columns: Unpack[ColumnNames],
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

    **columns : str
        `ColumnNames`: what our table calls columns.

    Raises
    ------
    OsteoCountError
        A missing column, a count that is not a number, or no well in common.
    """
    settings = settings or ComparisonSettings()
    wells, manual = wells.reset_index(drop=True), manual.reset_index(drop=True)
    names = find_columns(wells, columns, required=())
    wells = with_standard_names(wells, names)
    names = TableColumns({name: name for name in ("n_osteoclasts", "donor", "treatment")} | names.headings)
    automatic, by_reader = automatic_counts(wells, names), manual_counts(manual)
    if by_reader["plate"].eq("").all():
        if len(automatic["plate"].unique()) >= 2 and automatic["well"].duplicated().any():
            raise OsteoCountError("Our table holds several plates: add a column 'plate' to the manual counts.")
        automatic = automatic.assign(plate="")
    by_field = bool(by_reader["field"].ne("").any()) and ("field" in wells.columns or cells is not None)
    matched, warnings = match_counts(
        automatic_field_counts(automatic, cells, by_reader)
        if by_field and cells is not None and "field" not in wells.columns
        else automatic,
        by_reader,
        ["plate", "well", "field"] if by_field else ["plate", "well"],
    )
    readers = sorted(matched["reader"].unique())
    pairs = _pairs(matched, readers, by_field)
    rows: list[dict[str, Any]] = []
    for name, own in pairs.groupby("comparison", sort=False):
        rows += _subsets(str(name), own, "fields" if by_field else "wells")
    for reader in readers:
        warnings += _uneven_errors(pairs[pairs["comparison"] == f"{AUTOMATIC} against {reader}"], reader)
    effects, effect_warnings = _effects(wells, automatic, by_reader, settings, control, names)
    return Agreement(pairs, pd.DataFrame(rows, columns=list(AGREEMENT.names)), effects, (*warnings, *effect_warnings))


def _pairs(matched: pd.DataFrame, readers: list[str], by_field: bool) -> pd.DataFrame:
    """Return the counts of every two ways of counting side by side: automatic and each reader, then the readers."""
    keys = ["plate", "well", "field"] if by_field else ["plate", "well"]
    index = [*keys, "arm", "donor", AUTOMATIC]
    wide = matched.pivot_table(index=index, columns="reader", values="manual", aggfunc="sum")
    wide = wide.reset_index(level=AUTOMATIC)
    pairs = []
    for first, second in [*((reader, AUTOMATIC) for reader in readers), *combinations(readers, 2)]:
        both = wide[[first, second]].dropna().set_axis(["first", "second"], axis=1).reset_index()
        both["field"] = both["field"] if by_field else ""
        both["comparison"] = f"{second} against {first}"
        pairs.append(both[list(AGREEMENT_PAIRS.names)])
    return pd.concat([pair for pair in pairs if len(pair)], ignore_index=True)


def _subsets(name: str, pairs: pd.DataFrame, unit: str) -> list[dict[str, Any]]:
    rows = [{"comparison": name, "subset": "all", "unit": unit, **_measures(pairs)}]
    arms = sorted(arm for arm in pairs["arm"].unique() if arm)
    rows += [
        {"comparison": name, "subset": arm, "unit": unit, **_measures(pairs[pairs["arm"] == arm])}
        for arm in arms
        if len(arms) > 1
    ]
    level = (pairs["first"] + pairs["second"]) / 2
    if len(pairs) >= 9:
        edges = np.quantile(level, [1 / 3, 2 / 3])
        thirds = {"sparse third": level <= edges[0], "dense third": level > edges[1]}
        thirds["middle third"] = ~(thirds["sparse third"] | thirds["dense third"])
        rows += [
            {"comparison": name, "subset": third, "unit": unit, **_measures(pairs[thirds[third]])}
            for third in ("sparse third", "middle third", "dense third")
            if thirds[third].any()
        ]
    return rows


def _measures(pairs: pd.DataFrame) -> dict[str, float]:
    return describe(pairs) | as_ratios(pairs) | over_donors(pairs)


def _uneven_errors(pairs: pd.DataFrame, reader: str) -> list[str]:
    """Warn where the error differs between arms or grows with density: the treatment effect is then biased."""
    ratio = pd.Series(np.log((pairs["second"] + 0.5) / (pairs["first"] + 0.5)), pairs.index)
    found = []
    groups = [own.to_numpy() for arm, own in ratio.groupby(pairs["arm"]) if arm and len(own) > 1]
    if len(groups) > 1 and any(group.std() > 0 for group in groups):
        p = float(scipy.stats.f_oneway(*groups).pvalue)
        if p < 0.05:
            found.append(
                f"Against {reader}, the counting error differs between arms ({p_value(p)}): the treatment effect is "
                "biased by it. Read the effect from both ways of counting, and curate the arms that differ."
            )
    level = np.log((pairs["first"] + pairs["second"]) / 2 + 0.5)
    if len(pairs) > 4 and level.std() > 0 and ratio.std() > 0:
        slope = scipy.stats.linregress(level, ratio)
        if slope.pvalue < 0.05:
            found.append(
                f"Against {reader}, the counting error changes with density: {100 * (2**slope.slope - 1):+.0f} % per "
                f"doubling ({p_value(float(slope.pvalue))}), so dense and sparse arms are not counted alike."
            )
    return found


def _effects(
    wells: pd.DataFrame,
    automatic: pd.DataFrame,
    by_reader: pd.DataFrame,
    settings: ComparisonSettings,
    control: str | None,
    names: TableColumns,
) -> tuple[pd.DataFrame, list[str]]:
    """Compare the arms twice, on the same wells: with our counts and with each reader's."""
    none = pd.DataFrame(columns=list(EFFECTS.names))
    if "field" in wells.columns:
        return none, ["The treatment effect was not compared: our table has a row per field, not per well."]
    missing = [name for name in (names.donor, names.treatment) if name not in wells.columns]
    if missing:
        return none, [f"The treatment effect was not compared: our table has no column {' and '.join(missing)}."]
    place = well_keys(wells)
    rows: list[pd.DataFrame] = []
    automatic_labels: dict[frozenset[int], str] = {}
    if automatic["plate"].eq("").all():
        place["plate"] = ""
    keys = ["plate", "well"]
    try:
        matched, _ = match_counts(automatic, by_reader, keys)
        for reader, own in matched.groupby("reader"):
            counts = own.set_index(keys)["manual"].reindex(pd.MultiIndex.from_frame(place[keys]))
            manual = pd.Series(counts.to_numpy(), wells.index)
            known = manual.notna()
            # Readers who counted other wells have another automatic effect beside by_reader.
            label = automatic_labels.setdefault(
                frozenset(np.flatnonzero(known).tolist()),
                f"{AUTOMATIC}, wells of {reader}" if automatic_labels else AUTOMATIC,
            )
            for counted_by, values in ((label, wells[names.count]), (str(reader), manual.round())):
                data = wells[known].assign(**{names.count: values[known]})
                table = compare(data, control=control, settings=settings, **names.given()).table
                table = table[(table["role"] == "primary") & (table["kind"] == "arm")]
                rows.append(table.assign(counted_by=counted_by)[list(EFFECTS.names)])
    except OsteoCountError as error:
        return none, [f"The treatment effect was not compared: {error}"]
    return pd.concat(rows, ignore_index=True).drop_duplicates(["contrast", "counted_by"], ignore_index=True), []


def automatic_counts(wells: pd.DataFrame, names: TableColumns) -> pd.DataFrame:
    """Return our counts: ``plate, well, field, automatic, arm, n_fields``, wells without a count left out."""
    _need(wells, ["well", names.count], "our table")
    ours = well_keys(wells)
    ours[AUTOMATIC] = _counts(wells[names.count], f"Our table, column '{names.count}'")
    ours["arm"] = arm_names(wells, names.treatment) if names.treatment in wells.columns else ""
    ours["donor"] = wells[names.donor].map(text_of) if names.donor in wells.columns else ""
    _once(ours, ["plate", "well", "field"], "our table")
    ours["n_fields"] = pd.to_numeric(wells["n_fields"], errors="coerce") if "n_fields" in wells.columns else np.nan
    return ours[ours[AUTOMATIC].notna()]


def automatic_field_counts(ours: pd.DataFrame, cells: pd.DataFrame, by_reader: pd.DataFrame) -> pd.DataFrame:
    """Count our osteoclasts per field; a field without any TRAP-positive cell has no row in ``cells``, but 0."""
    _need(cells, ["well", "field", "counted", "is_osteoclast"], "the table of cells")
    place = ["plate", "well"]
    fields_with_cells = well_keys(cells)
    if ours["plate"].eq("").all():
        fields_with_cells["plate"] = ""
    counts = (cells[["counted", "is_osteoclast"]].astype(str).map(str.casefold) == "true").all(axis=1)
    fields = (
        fields_with_cells.assign(**{AUTOMATIC: counts.astype(float)}).groupby([*place, "field"], as_index=False).sum()
    )
    known = ours.drop(columns=["field", AUTOMATIC]).merge(
        fields.groupby(place, as_index=False).size().rename(columns={"size": "n_with_cells"}), on=place, how="left"
    )
    with_room = known[known["n_with_cells"].fillna(0) < known["n_fields"].fillna(0)][place]
    asked = by_reader[[*place, "field"]].drop_duplicates().merge(with_room, on=place)
    empty = asked.merge(fields, on=[*place, "field"], how="left", indicator=True).query("_merge == 'left_only'")
    fields = pd.concat([fields, empty[[*place, "field"]].assign(**{AUTOMATIC: 0.0})], ignore_index=True)
    return fields.merge(known.drop(columns="n_with_cells"), on=place)


def manual_counts(manual: pd.DataFrame) -> pd.DataFrame:
    """Return the manual counts: ``plate, well, field, manual, reader``, without those that are empty."""
    _need(manual, ["well", "count"], "the manual counts")
    counts = well_keys(manual).assign(manual=_counts(manual["count"], "The manual counts, column 'count'"))
    counts["reader"] = manual["reader"].map(text_of).replace("", "manual") if "reader" in manual.columns else "manual"
    if (counts["reader"] == AUTOMATIC).any():
        raise OsteoCountError(f"A reader cannot be called '{AUTOMATIC}', which are our own counts. Rename the reader.")
    counts = counts[counts["manual"].notna()]
    _once(counts, ["reader", "plate", "well", "field"], "the manual counts")
    return counts


def _counts(column: pd.Series, what: str) -> pd.Series:
    texts = column.map(text_of)
    values = pd.to_numeric(texts.replace("", None), errors="coerce").astype(float)
    wrong = [
        f"line {i + 2}: '{text}' is not a count"
        for i, (text, value) in enumerate(zip(texts, values, strict=True))
        if text and not (np.isfinite(value) and value >= 0)
    ]
    if wrong:
        raise OsteoCountError(f"{what}: " + "; ".join(wrong[:20]) + ". Correct them, or leave them empty if unknown.")
    return values


def _once(table: pd.DataFrame, keys: list[str], what: str) -> None:
    """Refuse a place that is counted twice: its counts would be added up."""
    again = table[table.duplicated(keys) & table["well"].ne("")]
    if len(again):
        lines = [
            f"line {position + 2} ({' '.join(part for part in row if part)})"
            for position, row in zip(again.index, again[keys].itertuples(index=False, name=None), strict=True)
        ]
        raise OsteoCountError(
            f"Counted twice in {what}: {join_rows(lines)}. Keep one row per well (and field, and reader), or name the "
            "fields or readers in a column of that name."
        )


def _need(table: pd.DataFrame, columns: list[str], what: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise OsteoCountError(
            f"No column {' and '.join(repr(column) for column in missing)} in {what}. "
            f"It has: {', '.join(str(column) for column in table.columns)}."
        )


def well_keys(table: pd.DataFrame) -> pd.DataFrame:
    """Return ``plate``, ``well`` (A01 as A1) and ``field`` as text, empty where unknown."""
    found = pd.DataFrame(index=table.index)
    for column in ("plate", "well", "field"):
        found[column] = table[column].map(text_of) if column in table.columns else ""
    found["well"] = found["well"].map(short_well_name)
    return found


def match_counts(ours: pd.DataFrame, by_reader: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Join by place; manual counts of several fields are summed per well, and must be of all its fields."""
    summed = (
        by_reader.groupby(["reader", *keys]).agg(manual=("manual", "sum"), counted=("manual", "size")).reset_index()
    )
    joined = summed.merge(ours, on=keys, how="left", indicator=True)
    lost = joined[joined["_merge"] != "both"]
    warnings = []
    if len(lost):
        names = ", ".join(
            " ".join(part for part in row if part) for row in lost[keys].itertuples(index=False, name=None)
        )
        warnings.append(f"Counted by hand but not in our table: {names}.")
    joined = joined[joined["_merge"] == "both"]
    partly = (joined["counted"] != joined["n_fields"]) & joined["n_fields"].notna()
    if "field" not in keys and by_reader["field"].ne("").any() and partly.any():
        warnings.append(f"Left out, not every field was counted by hand: {', '.join(joined.loc[partly, 'well'])}.")
        joined = joined[~partly]
    if joined.empty:
        raise OsteoCountError("No well is in both tables. They are matched by plate and name (A1 and A01 are one).")
    return joined, warnings

"""The two tables of an agreement: our counts and those of people, matched by place."""

from __future__ import annotations

import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.stats.arms import arm_names, text_of
from osteocount.stats.table_problems import listed
from osteocount.stats.wells_input import plain_well

AUTOMATIC = "automatic"


def our_counts(wells: pd.DataFrame, column: str, treatment_column: str) -> pd.DataFrame:
    """Return our counts: ``plate, well, field, automatic, arm, n_fields``, wells without a count left out."""
    _need(wells, ["well", column], "our table")
    ours = places(wells)
    ours[AUTOMATIC] = _counts(wells[column], f"Our table, column '{column}'")
    ours["arm"] = arm_names(wells, treatment_column) if treatment_column in wells.columns else ""
    _once(ours, ["plate", "well", "field"], "our table")
    ours["n_fields"] = pd.to_numeric(wells["n_fields"], errors="coerce") if "n_fields" in wells.columns else np.nan
    return ours[ours[AUTOMATIC].notna()]


def our_fields(ours: pd.DataFrame, cells: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Count our osteoclasts per field; a field without any TRAP-positive cell has no row in ``cells``, but 0."""
    _need(cells, ["well", "field", "counted", "is_osteoclast"], "the table of cells")
    place = ["plate", "well"]
    seen = places(cells)
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


def counts_of_people(manual: pd.DataFrame) -> pd.DataFrame:
    """Return the manual counts: ``plate, well, field, manual, reader``, without those that are empty."""
    _need(manual, ["well", "count"], "the manual counts")
    theirs = places(manual).assign(manual=_counts(manual["count"], "The manual counts, column 'count'"))
    theirs["reader"] = manual["reader"].map(text_of).replace("", "manual") if "reader" in manual.columns else "manual"
    if (theirs["reader"] == AUTOMATIC).any():
        raise OsteoCountError(f"A reader cannot be called '{AUTOMATIC}', which are our own counts. Rename the reader.")
    theirs = theirs[theirs["manual"].notna()]
    _once(theirs, ["reader", "plate", "well", "field"], "the manual counts")
    return theirs


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
            f"Counted twice in {what}: {listed(lines)}. Keep one row per well (and field, and reader), or name the "
            "fields or readers in a column of that name."
        )


def _need(table: pd.DataFrame, columns: list[str], what: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise OsteoCountError(
            f"No column {' and '.join(repr(column) for column in missing)} in {what}. "
            f"It has: {', '.join(str(column) for column in table.columns)}."
        )


def places(table: pd.DataFrame) -> pd.DataFrame:
    """Return ``plate``, ``well`` (A01 as A1) and ``field`` as text, empty where unknown."""
    found = pd.DataFrame(index=table.index)
    for column in ("plate", "well", "field"):
        found[column] = table[column].map(text_of) if column in table.columns else ""
    found["well"] = found["well"].map(plain_well)
    return found


def match(ours: pd.DataFrame, theirs: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, list[str]]:
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

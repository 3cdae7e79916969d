"""The results in sentences: the answer in one line, the p values of a contrast, the name of a well."""

from __future__ import annotations

import pandas as pd

from osteocount.report.number_format import is_known, listed, p_value
from osteocount.stats.plain_words import capitalised, contrast_name, endpoint_name
from osteocount.stats.sentences import WITHIN_DONOR, number

ANSWERS = ("arm", "dependence")
LEADS = {
    "robust": "Robust change of {endpoint}",
    "indicated": "Indicated, not robust, change of {endpoint}",
    "no evidence": "No evidence of a change of {endpoint}",
    "exploratory": "Exploratory only (too few donors)",
    WITHIN_DONOR: "Within one donor only (n = 1), not tested, {endpoint}",
    "refused": "Could not be tested",
}
_MOST_NAMED = 6  # contrasts in the one line of the answer
PLAIN = ("no evidence", "refused")


def well_name(row: pd.Series) -> str:
    """Name a well: its plate too where there is one, its picture where it has no name."""
    well = row["well"] if is_known(row["well"]) else row.get("image")
    parts = [str(part) for part in (row.get("plate"), well) if is_known(part)]
    return " ".join(parts) or "a well without a name"


def p_values_text(row: pd.Series) -> str:
    """Say the p values of a contrast, each with its name."""
    names = (
        ("p_adjusted", "adjusted p"),
        ("p_across_endpoints", "p adjusted over endpoints too"),
        ("p_raw", "raw p"),
        ("p_paired", "paired t p"),
    )
    return ", ".join(f"{label} {p_value(row.get(name))}" for name, label in names if is_known(row.get(name)))


def headline(table: pd.DataFrame | None, primary: str, total: str) -> str:
    """Answer in one line.

    Parameters
    ----------
    table
        ``comparisons.csv``; None when nothing was compared.
    primary
        The endpoint declared before the run.
    total
        What was counted, in words, for a run without a comparison.
    """
    if table is None or (rows := table[(table["endpoint"] == primary) & table["kind"].isin(ANSWERS)]).empty:
        return f"{total}. No comparison of treatments was made."
    name = endpoint_name(primary)
    parts = []
    rows = rows.assign(text=[_short(row) for _, row in rows.iterrows()])
    groups = sorted(rows.groupby("verdict", sort=False), key=lambda group: (*LEADS, group[0]).index(group[0]))
    for verdict, names in groups:
        lead = LEADS.get(str(verdict), f"{capitalised(name)}, {verdict}").format(endpoint=name)
        shown = names["contrast"].map(contrast_name) if verdict in PLAIN else names["text"]
        said = _one_after_another(shown) if len(shown) <= _MOST_NAMED else _summed_up(names, str(verdict))
        parts.append(f"{lead}: {said}.")
    return " ".join(parts)


def _one_after_another(said: pd.Series) -> str:
    """Join what is said of contrasts: by commas, or by semicolons where there are commas inside."""
    texts = [str(text) for text in said]
    return "; ".join(texts) if any(", " in text for text in texts) else listed(texts)


def _summed_up(rows: pd.DataFrame, verdict: str) -> str:
    """Say of many contrasts how many moved which way, and how far."""
    many = f"{len(rows)} arms and ratios" if (rows["kind"] != "arm").any() else f"{len(rows)} arms"
    if verdict in PLAIN:
        return f"{many}, named below"
    up = int((rows["estimate"] >= (rows["link"] != "identity")).sum())
    way = "all up" if up == len(rows) else "all down" if up == 0 else f"{up} up and {len(rows) - up} down"
    size = ""
    if rows["link"].isin(["log rate", "log"]).all():
        size = f", {number(rows['estimate'].min())} to {number(rows['estimate'].max())} times their control"
    return f"{many}, {way}{size}; each is named below"


def _short(row: pd.Series) -> str:
    if not is_known(row["estimate"]):
        return contrast_name(str(row["contrast"]))
    up = row["estimate"] >= (0 if row["link"] == "identity" else 1)
    size = f", {number(row['estimate'])} × {row['reference']}" if row["link"] in ("log rate", "log") else ""
    return f"{contrast_name(str(row['contrast']))} {'up' if up else 'down'}{size}"

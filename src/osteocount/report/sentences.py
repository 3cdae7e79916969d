"""The results in sentences."""

from __future__ import annotations

from typing import Any

import pandas as pd

from osteocount.report.number_format import UNKNOWN, is_known, listed, p_value
from osteocount.stats import sentences as stats_sentences
from osteocount.stats.endpoints import TITLES
from osteocount.stats.sentences import WITHIN_DONOR, number

CONTRASTS = {"il32_dependence": "IL-32 dependence (EV wild type ÷ EV knock-out)"}
ANSWERS = ("arm", "dependence")
LEADS = {
    "robust": "Robust change of {endpoint}",
    "indicated": "Indicated, not robust, change of {endpoint}",
    "no evidence": "No evidence of a change of {endpoint}",
    "exploratory": "Exploratory only (too few donors)",
    WITHIN_DONOR: "Within one donor only (n = 1), not tested, {endpoint}",
    "refused": "Could not be tested",
}
PLAIN = ("no evidence", "refused")


def well_name(row: pd.Series) -> str:
    """Name a well: its plate too where there is one, its picture where it has no name."""
    well = row["well"] if is_known(row["well"]) else row.get("image")
    parts = [str(part) for part in (row.get("plate"), well) if is_known(part)]
    return " ".join(parts) or "a well without a name"


def endpoint_name(endpoint: str) -> str:
    """Name an endpoint as a reader says it."""
    return TITLES[endpoint].quantity if endpoint in TITLES else endpoint.replace("_", " ")


def contrast_name(contrast: str) -> str:
    """Name a contrast as a reader says it."""
    return CONTRASTS.get(contrast) or stats_sentences.contrast_name(contrast)


def p_values_text(row: pd.Series) -> str:
    """Say the p values of a contrast, each with its name."""
    names = (("p_adjusted", "adjusted p"), ("p_raw", "raw p"), ("p_paired", "paired t p"))
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
        lead = LEADS.get(str(verdict), f"{name[0].upper()}{name[1:]}, {verdict}").format(endpoint=name)
        shown = names["contrast"].map(contrast_name) if verdict in PLAIN else names["text"]
        parts.append(f"{lead}: {listed([str(text) for text in shown])}.")
    return " ".join(parts)


def _short(row: pd.Series) -> str:
    if not is_known(row["estimate"]):
        return contrast_name(str(row["contrast"]))
    up = row["estimate"] >= (0 if row["link"] == "identity" else 1)
    size = f", {number(row['estimate'])} × {row['reference']}" if row["link"] in ("log rate", "log") else ""
    return f"{contrast_name(str(row['contrast']))} {'up' if up else 'down'}{size}"


def setting_text(value: Any) -> str:
    """Write the value of a setting."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(setting_text(item) for item in value) or UNKNOWN
    return str(value)

"""The results in sentences: the answer in one line, and names as a reader says them."""

from __future__ import annotations

import re

import pandas as pd

from osteocount.columns import COMPARISONS, WELL_NUMBERS
from osteocount.report.number_format import is_known, listed, p_value
from osteocount.stats.contrasts import contrast_title
from osteocount.stats.endpoints import TITLES
from osteocount.stats.sentences import WITHIN_DONOR, number

RATIOS = {"dependence": "wild type ÷ knock-out", "rescue": "rescue ÷ knock-out"}
_WORDS = {
    **{column.name: column.name.replace("_", " ") for column in COMPARISONS.columns if "_" in column.name},
    **{column.name: column.heading.lower() for column in WELL_NUMBERS if "_" in column.name},
    **{name: title.quantity for name, title in TITLES.items() if "_" in name},
}
_INTERNAL = re.compile(rf"(?P<quote>['`]?)\b(?P<name>{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b(?P=quote)")
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


def in_words(text: str) -> str:
    """Write out the names that endpoints and columns have in files; a reader of the page has not seen those."""
    return _INTERNAL.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    words = _WORDS[match["name"]]
    begins = not match.string[: match.start()].strip() or match.string[: match.start()].endswith(". ")
    return words[:1].upper() + words[1:] if begins else words


def contrast_name(contrast: str) -> str:
    """Name a contrast as a reader says it: ``cd81_dependence`` is "CD81 dependence (wild type ÷ knock-out)"."""
    what = re.match(r"[a-z0-9]+_(dependence|rescue)\b", contrast)
    return f"{contrast_title(contrast)} ({RATIOS[what[1]]})" if what else contrast_title(contrast)


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

"""The results in sentences: the answer in one line, and a paragraph for a methods section."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from osteocount.report.number_format import is_known, listed, p_value, plural
from osteocount.report.results import Results
from osteocount.stats.contrasts import contrast_title
from osteocount.stats.endpoints import TITLES
from osteocount.stats.sentences import WITHIN_DONOR, number

RATIOS = {"dependence": "wild type ÷ knock-out", "rescue": "rescue ÷ knock-out"}
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
REGIMES = {"brightfield": "brightfield", "low_power": "low-power brightfield", "fluorescence": "fluorescence"}


def well_name(row: pd.Series) -> str:
    """Name a well: its plate too where there is one, its picture where it has no name."""
    well = row["well"] if is_known(row["well"]) else row.get("image")
    parts = [str(part) for part in (row.get("plate"), well) if is_known(part)]
    return " ".join(parts) or "a well without a name"


def endpoint_name(endpoint: str) -> str:
    """Name an endpoint as a reader says it."""
    return TITLES[endpoint].quantity if endpoint in TITLES else endpoint.replace("_", " ")


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


def methods(results: Results) -> str:
    """Describe imaging, counting and comparison the way a paper does, only from what the run recorded."""
    return " ".join(filter(None, [_imaging(results), _counting(results), _comparison(results), _edited(results)]))


def _imaging(results: Results) -> str:
    inputs = results.run.inputs
    kinds = _distinct([REGIMES.get(entry.regime) for entry in inputs])
    sizes = sorted({entry.pixel_size_um for entry in inputs if entry.pixel_size_um is not None})
    origins = _distinct(
        [entry.pixel_size_origin for entry in inputs if entry.pixel_size_um and entry.pixel_size_origin]
    )
    if not sizes:
        scale = "of unknown pixel size"
    else:
        scale = f"at {listed([f'{size:.4g}' for size in sizes])} µm per pixel"
        scale += f" (pixel size: {listed(origins)})" if origins else ""
        scale += "" if all(entry.pixel_size_um for entry in inputs) else ", some of unknown pixel size"
    named = results.counted_wells["well"].notna()
    wells = f" of {plural(int(named.sum()), 'well')}" if named.any() else ""
    what = plural(len(inputs), f"{kinds[0]} picture" if len(kinds) == 1 else "picture")
    mixed = f" ({listed(kinds)})" if len(kinds) > 1 else ""
    return (
        f"TRAP-stained cultures were analysed from {what}{mixed}{wells} {scale} with OsteoCount "
        f"{results.run.osteocount or 'of unrecorded version'}."
    )


def _counting(results: Results) -> str:
    settings = results.run.settings
    segment, least = settings.get("segment", {}), settings.get("count", {}).get("min_nuclei")
    regimes = {entry.regime for entry in results.run.inputs}
    front = (
        "Fluorescence channels for cytoplasm and DNA were used"
        if regimes == {"fluorescence"}
        else "Grey levels were converted to optical density against the local bare-plastic background, and TRAP was "
        "separated from the counterstain"
    )
    text = f"{front}; cells and nuclei were outlined automatically"
    text += f" (segmenter “{segment['segmenter']}”)." if segment.get("segmenter") else "."
    blind = [entry.nuclei_resolved is False for entry in results.run.inputs]
    if isinstance(segment.get("trap_threshold"), int | float):
        text += f" A cell was TRAP-positive when its mean TRAP optical density exceeded {segment['trap_threshold']:g}"
        text += f", and an osteoclast when it also had at least {least} nuclei." if least and not all(blind) else "."
    if any(blind):
        which = (
            "Nuclei were not resolved" if all(blind) else f"In {plural(sum(blind), 'picture')} nuclei were not resolved"
        )
        text += f" {which}; there, osteoclasts were called by size and TRAP."
    return text + _counting_frame(results)


def _counting_frame(results: Results) -> str:
    """Say by which rule cells at the borders of pictures were counted."""
    frames = [entry.counting_frame for entry in results.run.inputs]
    rules = {str(frame.get("rule", "")) for frame in frames}
    text = ""
    if "guard zone" in rules:
        zone = results.run.settings.get("picture", {}).get("guard_zone")
        taken = sum(entry.analysed_px - entry.area_px for entry in results.run.inputs if entry.analysed_px)
        share = taken / max(1, sum(entry.analysed_px or entry.area_px for entry in results.run.inputs))
        width = f" of {zone:g} µm" if isinstance(zone, int | float) else ""
        text += (
            " Cells of a field were counted by one point, the upper left corner of the rectangle around them, in an "
            f"unbiased counting frame with a guard zone{width} at the lower and right borders, so that each was judged "
            f"by all of it; the guard zone, {100 * share:.0f} % of the analysed area, is not part of the imaged area."
        )
    if rules & {"two borders", ""} and results.run.settings.get("picture", {}).get("well_view") == "field":
        where = "a field" if len(rules) == 1 else "other fields, too small for a guard zone,"
        text += f" Cells cut by the upper or left border of {where} were not counted (unbiased counting frame)."
    if "every cell" in rules and len(rules) > 1:
        text += " Where the rim of the well was seen all around, every cell was counted."
    return text


def _comparison(results: Results) -> str:
    table = results.comparisons
    if table is None or (arms := table[table["kind"] == "arm"]).empty:
        return ""
    controls = listed(_distinct([str(name) for name in arms["reference"].dropna()]))
    few, many = int(arms["n_donors"].min()), int(arms["n_donors"].max())
    n = f"n = {few}" if few == many else f"n = {few} to {many}"
    recorded = "; ".join(_distinct([str(name) for name in arms["method"].dropna() if name != "none"]))
    if not recorded:
        return f"No arm could be tested against {controls} ({n} donors)."
    link = " (counts as log((count + 0.5) ÷ imaged area))" if (arms["link"] == "log rate").any() else ""
    ratios = _distinct([contrast_name(str(name)) for name in table.loc[table["kind"] == "dependence", "contrast"]])
    further = "was a further contrast" if len(ratios) == 1 else "were further contrasts"
    dependence = f" {listed(ratios)} {further} of the same model." if ratios else ""
    secondary = (table["role"] == "secondary").any() if "role" in table else False
    over = ", of the secondary endpoints adjusted over them too (Holm)," if secondary else ""
    return (
        f"Wells were pooled per donor and arm{link}, and each arm was compared with {controls} (donor as the unit of "
        f"replication, {n}; {recorded}). Intervals are 95 % confidence intervals; those of the arms "
        f"hold for all arms at once. An effect was called indicated if its adjusted p{over} was below 0.05, and robust "
        "if the donors' own ratios confirmed it too (for an arm: the paired test pooled over the arms below 0.05 and "
        f"its own paired t test below 0.10; for another contrast: its paired t test below 0.05).{dependence}"
    )


def _edited(results: Results) -> str:
    if not results.n_edits:
        return ""
    return f"A person corrected the automatic result ({plural(results.n_edits, 'logged edit')})."


def _distinct(values: Sequence[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))

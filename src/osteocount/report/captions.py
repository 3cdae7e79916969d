"""What stands below a figure of a comparison: its n, what every mark and bar is, and what it does not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from osteocount.report.number_format import listed
from osteocount.stats.sentences import EXPLORATORY, INDICATED, NO_EVIDENCE, ROBUST

if TYPE_CHECKING:
    from osteocount.stats import Comparison

_COLOURS = {ROBUST: "dark blue", INDICATED: "light blue", EXPLORATORY: "orange"}
"""The words for ``figure_style.VERDICT_COLOURS``; any other verdict is grey."""


def superplot_caption(comparison: Comparison, endpoint: str) -> str:
    """Describe the SuperPlot."""
    return (
        f"{_sample_size(comparison, endpoint)} Small points: wells; large points: the wells of a donor together, which "
        "is what is compared; a line joins the arms of one donor. Colour and marker tell donors apart."
    )


def effects_caption(comparison: Comparison, endpoint: str) -> str:
    """Describe the plot of effects."""
    rows = comparison.table[comparison.table["endpoint"] == endpoint]
    is_difference = (rows["link"] == "identity").any()
    what, none = ("difference from", 0) if is_difference else ("ratio to", 1)
    marks = f"Diamonds: {what} the control{_bars(rows)}; small marks: each donor’s own."
    caution = f" A bar that crosses {none} does not show a change, and does not show its absence."
    return f"{_sample_size(comparison, endpoint)} {marks}{_colours(rows)}{caution if _has_bars(rows) else ''}"


def estimation_caption(comparison: Comparison, endpoint: str) -> str:
    """Describe the estimation plot."""
    rows = comparison.table[comparison.table["endpoint"] == endpoint]
    what = "difference from" if (rows["link"] == "identity").any() else "ratio to"
    return (
        f"{_sample_size(comparison, endpoint)} Above: the wells of a donor together, joined across arms. Below, "
        f"diamonds: {what} the control{_bars(rows)}; small marks: each donor’s own.{_colours(rows)}"
    )


def dose_caption(comparison: Comparison, endpoint: str) -> str:
    """Describe the dose-response figure."""
    fitted = any(curve.endpoint == endpoint and curve.response is not None for curve in comparison.curves)
    curve = (
        " Line: the curve fitted to all donors together; band: its 95 % confidence band, dose by dose."
        if fitted
        else ""
    )
    return f"{_sample_size(comparison, endpoint)} Points: each donor’s ratio to the control.{curve}"


def rules_caption(comparison: Comparison, endpoint: str, least: int) -> str:
    """Describe how the answer hangs on the number of nuclei, of which an osteoclast has at ``least`` so many."""
    rows = comparison.table[comparison.table["endpoint"] == endpoint]
    rules = listed([str(number) for number in sorted({2, least, 4})])
    return (
        f"{_sample_size(comparison, endpoint)} Marks: ratio to the control of the counts with at least {rules} nuclei"
        f"{_bars(rows)}. Where they lie apart, the answer depends on what is called an osteoclast, and on nuclei that "
        "may have been missed or made up."
    )


def _sample_size(comparison: Comparison, endpoint: str) -> str:
    """Say how many donors an arm has, and how many wells of each."""
    values = comparison.donor_values[comparison.donor_values["endpoint"] == endpoint]
    if values.empty:
        return ""
    donors, wells = values.groupby("arm")["donor"].nunique(), values["n_wells"]
    place = "every arm" if donors.min() == donors.max() else "an arm"
    return (
        f"n = {_span(donors)} donor{'' if donors.max() == 1 else 's'} in {place}, {_span(wells)} "
        f"well{'' if wells.max() == 1 else 's'} of each."
    )


def _span(numbers: pd.Series) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return str(low) if low == high else f"{low} to {high}"


def _has_bars(rows: pd.DataFrame) -> bool:
    return bool(rows["ci_low"].notna().any())


def _bars(rows: pd.DataFrame) -> str:
    if not _has_bars(rows):
        return ""
    several = int((rows["kind"] == "arm").sum()) > 1
    return f"; bars: 95 % confidence interval{', of the arms for all at once' if several else ''}"


def _colours(rows: pd.DataFrame) -> str:
    """Say what the colours mean, of the verdicts that are there."""
    found = set(rows["verdict"])
    said = [f"{colour} {verdict}" for verdict, colour in _COLOURS.items() if verdict in found]
    others = [f"grey {NO_EVIDENCE}"] if NO_EVIDENCE in found else []
    return f" Colour: {', '.join([*said, *others])}." if said else ""

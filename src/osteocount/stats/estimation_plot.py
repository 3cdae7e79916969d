"""The estimation plot: what the donors have in every arm above, how many times the control that is below."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from osteocount.stats import sentences
from osteocount.stats.comparison import Comparison
from osteocount.stats.endpoints import COUNT
from osteocount.stats.figure_style import INK, PALE, VERDICT_COLOURS, arm_axis, donor_legend, log_axis, plain, styles
from osteocount.stats.figures import effect_words, rows_of, value_axis
from osteocount.stats.plain_words import capitalised

_ROOM_FOR_WORDS, _ROOM_FOR_NUMBER = 1.0, 0.5  # inches of an arm


def estimation_plot(comparison: Comparison, endpoint: str = COUNT, width: float | None = None) -> Figure:
    """Draw donors' values, joined across arms, over each arm's ratio to its control with its simultaneous interval.

    After Cumming & Calin-Jageman, The New Statistics (2017), and Ho et al. 2019, Nat Methods 16:565; the interval is
    that of the comparison, not a bootstrap.

    Parameters
    ----------
    comparison : Comparison
    endpoint : str
    width : float, optional
        Inches, for a narrow place: arms are named aslant and donors below. None: as wide as is best.

    Raises
    ------
    OsteoCountError
        The comparison has no such endpoint.
    """
    rows = rows_of(comparison, endpoint)
    arms = comparison.arm_order
    place = {arm: i for i, arm in enumerate(arms)}
    is_narrow = width is not None
    size = width or min(max(5.2, 1.15 * len(arms) + 2.2), 14.0), (5.0 if is_narrow else 6.2)
    figure = Figure(figsize=size, dpi=150, layout="constrained", facecolor="white")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK, labelsize=9)
    style = styles(comparison.donor_values["donor"])
    _draw_values(above, comparison, endpoint, place, style)
    letters = 8 if is_narrow else 10
    above.set_ylabel(value_axis(endpoint, str(rows["unit"].iloc[0])), fontsize=letters)
    own = rows[rows["kind"] == "arm"]
    _draw_ratios(below, comparison, own.to_dict("records"), place, style, room=size[0] / len(arms))
    identity = rows["link"].iloc[0] == "identity"
    below.axhline(0.0 if identity else 1.0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    interval = ", 95 % CI" if own["ci_low"].notna().any() else ""
    effect = capitalised(effect_words(rows["link"].iloc[0]))
    below.set_ylabel(plain(f"{effect}\nto control{interval}"), fontsize=letters)
    if not own["estimate"].notna().any():
        below.set_ylim(*(-1, 1) if identity else (0.5, 2))
    if not identity:
        log_axis(below, "y")
    arm_axis(below, arms, size[0] / len(arms), is_narrow=is_narrow)
    donor_legend(above, style, below=is_narrow)
    return figure


def _draw_values(
    axes: Axes, comparison: Comparison, endpoint: str, place: dict[str, int], style: dict[str, tuple[str, str]]
) -> None:
    values = comparison.donor_values[comparison.donor_values["endpoint"] == endpoint]
    for donor, (colour, marker) in style.items():
        own = values[values["donor"] == donor]
        x = own["arm"].map(place).to_numpy(dtype=float)
        order = np.argsort(x)
        axes.plot(x[order], own["value"].to_numpy()[order], color=colour, linewidth=1.0, alpha=0.5, zorder=2)
        axes.scatter(x, own["value"], s=44, color=colour, marker=marker, edgecolors="white", zorder=3)
    identity = bool((comparison.table.loc[comparison.table["endpoint"] == endpoint, "link"] == "identity").all())
    if not identity and (values["value"] > 0).all():
        log_axis(axes, "y")


def _draw_ratios(
    axes: Axes, comparison: Comparison, rows: list[dict[Any, Any]], place: dict[str, int],
    style: dict[str, tuple[str, str]], room: float,
) -> None:  # fmt: skip
    """Draw each arm's estimate with its interval, the donors' own beside it; a control stands at 1 by definition.

    ``room`` are the inches of an arm, which say how much is written beside its estimate.
    """
    effects = comparison.donor_effects
    for row in rows:
        x = place[str(row["arm"])]
        own = effects[(effects["endpoint"] == row["endpoint"]) & (effects["contrast"] == row["contrast"])]
        for i, (donor, estimate) in enumerate(zip(own["donor"], own["estimate"], strict=True)):
            colour, marker = style[donor]
            shift = -0.3 + 0.03 * (i % 5)
            axes.scatter(x + shift, estimate, s=16, color=colour, marker=marker, alpha=0.8, linewidths=0, zorder=2)
        colour = VERDICT_COLOURS.get(str(row["verdict"]), PALE)
        low, high, estimate = (float(row[name]) for name in ("ci_low", "ci_high", "estimate"))
        if np.isfinite(low):
            axes.plot([x, x], [low, high], color=colour, linewidth=2.4, solid_capstyle="butt", zorder=3)
        if np.isfinite(estimate):
            axes.scatter(x, estimate, s=52, color=colour, marker="D", edgecolors="white", zorder=4)
        axes.annotate(
            plain(_said(row, room)), (x, estimate if np.isfinite(estimate) else 1.0), (9, 0),
            textcoords="offset points", va="center", fontsize=7.5, color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip


def _said(row: dict[Any, Any], room: float) -> str:
    """Write estimate and verdict, or what of them has room."""
    if room < _ROOM_FOR_NUMBER:
        return ""
    if not np.isfinite(row["estimate"]):
        return str(row["verdict"])
    number = sentences.number(float(row["estimate"]))
    return f"{number}\n{row['verdict']}" if room > _ROOM_FOR_WORDS else number

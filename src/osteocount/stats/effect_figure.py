"""The effect plot: every contrast with its interval, beside the words for it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from osteocount.stats import sentences
from osteocount.stats.figure_rows import rows_of, title_of
from osteocount.stats.figure_style import INK, PALE, handle, log_axis, narrow_columns, new_figure, plain, styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from osteocount.stats.comparison import Comparison

VERDICT_COLOURS = {sentences.ROBUST: "#0072B2", sentences.INDICATED: "#56B4E9", sentences.EXPLORATORY: "#E69F00"}
_LETTERS_PER_INCH = 15, 18  # of an axis label, and of what stands above an interval in a narrow place


def effect_plot(comparison: Comparison, endpoint: str | None = None, width: float | None = None) -> Figure:
    """Draw every contrast's estimate with its simultaneous interval, the donors' own estimates behind it.

    Parameters
    ----------
    comparison : Comparison
    endpoint : str, optional
        The first when None.
    width : float, optional
        Inches, for a narrow place: what is said of a contrast goes above its interval. None: as wide as is best.

    Raises
    ------
    OsteoCountError
        The comparison has no such endpoint.
    """
    name = endpoint or str(comparison.table["endpoint"].iloc[0])
    rows = rows_of(comparison, name)
    rows = rows[rows["kind"].isin(["arm", "dependence", "interaction", "custom"])]
    effects = comparison.donor_effects[comparison.donor_effects["endpoint"] == name]
    style = styles(comparison.donor_values["donor"])
    figure, axes = new_figure(width or 8.2, 0.52 * len(rows) + 1.7)
    for y, row in enumerate(rows.to_dict("records")):
        _draw_row(axes, y, row, effects[effects["contrast"] == row["contrast"]], style)
        _say_row(axes, y, row, comparison.control, width)
    none = 0.0 if rows["link"].iloc[0] == "identity" else 1.0
    axes.axvline(none, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    labels = [] if width else [_contrast_label(row, comparison.control) for row in rows.to_dict("records")]
    axes.set_yticks(range(len(labels)), labels, multialignment="right")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    said = _effect_axis(name, rows, comparison.control)
    axes.set_xlabel(textwrap.fill(said, int(_LETTERS_PER_INCH[0] * width)) if width else said)
    if none and (rows["estimate"].notna().any() or len(effects)):
        log_axis(axes, "x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if style:
        handles = [handle(colour, marker, donor, 4.5) for donor, (colour, marker) in list(style.items())[:12]]
        columns = narrow_columns(style) if width else min(len(handles), 6)
        figure.legend(
            handles=handles, loc="outside upper left", ncols=columns, frameon=False, fontsize=8,
            columnspacing=1.0 if width else 2.0, handletextpad=0.3 if width else 0.8,
        )  # fmt: skip
    return figure


def _draw_row(axes: Axes, y: int, row: dict[Any, Any], own: pd.DataFrame, style: dict[str, tuple[str, str]]) -> None:
    """Draw one contrast: its donors, its interval, its estimate."""
    for donor, estimate in zip(own["donor"], own["estimate"], strict=True):
        colour, marker = style[donor]
        axes.scatter(estimate, y + 0.24, s=16, color=colour, marker=marker, alpha=0.8, linewidths=0, zorder=2)
    colour = VERDICT_COLOURS.get(row["verdict"], PALE)
    if np.isfinite(row["ci_low"]):
        axes.plot([row["ci_low"], row["ci_high"]], [y, y], color=colour, linewidth=2.4, solid_capstyle="butt", zorder=3)
    axes.scatter(row["estimate"], y, s=52, color=colour, marker="D", edgecolors="white", zorder=4)


def _say_row(axes: Axes, y: int, row: dict[Any, Any], control: str, width: float | None) -> None:
    """Write the estimate of one contrast beside it; in a narrow place above it, with its name."""
    place = axes.get_yaxis_transform()
    if width is None:
        axes.text(1.02, y, _effect_text(row), transform=place, va="center", fontsize=8.5, color=INK)
        return
    name = _contrast_label(row, control).replace("\n", " ")
    said = textwrap.fill(f"{name}: {_effect_text(row)}", int(_LETTERS_PER_INCH[1] * width))
    text = axes.text(0, y - 0.18, said, transform=place, va="bottom", fontsize=7.5, color=INK)
    text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # no line of the plot through the letters
    text.set_in_layout(False)  # it may be wider than the axes, which must not shrink for it


def _contrast_label(row: dict[Any, Any], control: str) -> str:
    name = sentences.contrast_name(str(row["contrast"]))
    told = row["reference"] == control or row["kind"] == "custom"
    return plain(name if told else f"{name}\n(against {row['reference']})")


def _effect_text(row: dict[Any, Any]) -> str:
    if not np.isfinite(row["estimate"]):
        return str(row["verdict"])
    interval = (
        f" ({sentences.number(row['ci_low'])} to {sentences.number(row['ci_high'])})"
        if np.isfinite(row["ci_low"])
        else ""
    )
    return f"{sentences.number(row['estimate'])}{interval}  {row['verdict']}"


def _effect_axis(endpoint: str, rows: pd.DataFrame, control: str) -> str:
    what = {"logit": "odds ratio", "identity": "difference", "log": "ratio of means"}.get(
        rows["link"].iloc[0], "rate ratio"
    )
    interval = " (95 % CI, simultaneous over arms)" if rows["ci_low"].notna().any() else ""
    against = control if rows.loc[rows["kind"] == "arm", "reference"].nunique() < 2 else "the control of its level"
    return plain(f"{title_of(endpoint)}: {what} to {against}{interval}")

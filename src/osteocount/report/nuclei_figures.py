"""How the answer hangs on the nuclei: distribution of nuclei per osteoclast, and the same answer by three rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.report.results import Results
from osteocount.sample_words import PLURALS
from osteocount.stats.endpoints import COUNT
from osteocount.stats.figure_style import COLOURS, INK, all_wrapped, log_axis, new_figure
from osteocount.stats.figures import contrast_labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from osteocount.stats import Comparison

_LABEL_LETTERS, _LABEL_LINES = 30, 3
# Steps of one scale, dark to bright as viridis has them, which also a grey print keeps apart.
_STEPS = ("#2a1d5e", "#3b528b", "#21918c", "#5ec962", "#d8d219")
_MOST = 10**6


def nuclei_distribution(results: Results, arms: pd.Series, order: Sequence[str]) -> Figure:
    """Draw for each arm which part of its osteoclasts has how many nuclei; the wells of an arm pooled.

    Parameters
    ----------
    arms
        Name of the arm of every well, by the index of ``results.wells``; empty without a layout.
    order
        The arms, from top to bottom.

    Raises
    ------
    OsteoCountError
        No counted osteoclast with a number of nuclei.
    """
    counted = _nuclei_by_arm(results, arms)
    shown = [arm for arm in order if arm in set(counted["arm"])]
    if not shown:
        raise OsteoCountError("No osteoclast with a known number of nuclei.")
    classes = _classes(results.min_nuclei or 3)
    figure, axes = new_figure(8.2, 0.42 * len(shown) + 1.3)
    left = np.zeros(len(shown))
    for (title, low, high), colour in zip(classes, _STEPS, strict=True):
        inside = counted.assign(is_in=counted["n_nuclei"].between(low, high)).groupby("arm")["is_in"].mean()
        share = 100 * inside.reindex(shown).to_numpy(float)
        axes.barh(range(len(shown)), share, left=left, height=0.7, color=colour, edgecolor="white", label=title)
        left += share
    totals = counted.groupby("arm").size()
    for y, arm in enumerate(shown):
        axes.text(101, y, f"n = {totals[arm]}", va="center", fontsize=8.5, color=INK)
    names = all_wrapped(shown, _LABEL_LETTERS, _LABEL_LINES)
    axes.set_yticks(range(len(shown)), [names[arm] for arm in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("Osteoclasts with so many nuclei (%)")
    axes.tick_params(axis="y", length=0)
    figure.legend(title="Nuclei", loc="outside upper left", ncols=len(classes), frameon=False, fontsize=8.5)
    return figure


def _nuclei_by_arm(results: Results, arms: pd.Series) -> pd.DataFrame:
    """Return the counted osteoclasts with their arm and their nuclei."""
    cells = results.cells
    if "n_nuclei" not in cells:
        return pd.DataFrame({"arm": [], "n_nuclei": []})
    own = cells[cells["counted"].astype(bool) & cells["is_osteoclast"].astype(bool) & cells["n_nuclei"].notna()]
    keys = ["plate", "well"]
    wells = results.wells[keys].fillna("").assign(arm=arms.where(arms != "", everything(results)))
    wells = wells[(results.wells["status"] != "excluded") & (wells["well"] != "")]
    merged = own[keys].fillna("").assign(n_nuclei=own["n_nuclei"].astype(float)).merge(wells, on=keys)
    return merged[["arm", "n_nuclei"]]


def everything(results: Results) -> str:
    """Name what stands for an arm where there are none."""
    return f"all {PLURALS[results.sample_word]}"


def _classes(least: int) -> list[tuple[str, int, int]]:
    """Return the classes of nuclei, from the least that makes an osteoclast: 3, 4, 5 and 6, 7 to 10, over 10."""
    ends = [least, least + 1, least + 3, least + 7]
    starts = [least, *(end + 1 for end in ends)]
    names = [str(a) if a == b else f"{a} to {b}" for a, b in zip(starts, ends, strict=False)]
    return [*zip(names, starts, ends, strict=False), (f"over {ends[-1]}", starts[-1], _MOST)]


def rule_sensitivity(comparison: Comparison, least: int) -> Figure:
    """Draw each contrast of the count for three rules of what an osteoclast is, with the intervals of each.

    Parameters
    ----------
    least
        Nuclei that make an osteoclast in this run.

    Raises
    ------
    OsteoCountError
        The counts by the other rules were not compared.
    """
    rules = [(2, f"{COUNT}_ge2"), (least, COUNT), (4, f"{COUNT}_ge4")]
    rules = sorted({number: (number, name) for number, name in [*rules, rules[1]]}.values())
    table = comparison.table[comparison.table["kind"].isin(["arm", "dependence"])]
    found = {name: table[table["endpoint"] == name].drop_duplicates("contrast") for _, name in rules}
    found = {name: rows.set_index("contrast") for name, rows in found.items() if rows["estimate"].notna().any()}
    if COUNT not in found or len(found) == 1:
        raise OsteoCountError("The counts with at least 2 and 4 nuclei were not compared.")
    contrasts = list(found[COUNT].index)
    figure, axes = new_figure(8.2, 0.62 * len(contrasts) + 1.5)
    used = [(number, name) for number, name in rules if name in found]
    for place, (number, name) in enumerate(used):
        rows = found[name].reindex(contrasts)
        y = np.arange(len(contrasts)) + 0.24 * (place - (len(used) - 1) / 2)
        colour, is_rule = COLOURS[place], name == COUNT
        label = f"≥ {number} nuclei" + (" (the rule of this run)" if is_rule else "")
        axes.hlines(y, rows["ci_low"], rows["ci_high"], color=colour, linewidth=2.4 if is_rule else 1.4, zorder=2)
        axes.scatter(
            rows["estimate"], y, s=46, marker="oDs"[place], color=colour if is_rule else "white", edgecolors=colour,
            label=label, zorder=3,
        )  # fmt: skip
    axes.axvline(1, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    labels = contrast_labels(found[COUNT].reset_index(), comparison.control)
    axes.set_yticks(range(len(contrasts)), labels, multialignment="right")
    axes.set_ylim(len(contrasts) - 0.4, -0.6)
    has_intervals = any(rows["ci_low"].notna().any() for rows in found.values())
    axes.set_xlabel("Rate ratio" + (" (95 % CI, of arms simultaneous)" if has_intervals else ""))
    log_axis(axes, "x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    figure.legend(loc="outside upper left", ncols=len(used), frameon=False, fontsize=8.5)
    return figure

"""Figures of a comparison, an agreement and a plan: colour-blind safe, donors apart by marker and colour."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from osteocount.errors import OsteoCountError
from osteocount.names import shortened
from osteocount.sample_words import in_words_of, sample_word
from osteocount.stats import sentences
from osteocount.stats.agreement import Agreement
from osteocount.stats.comparison import Comparison
from osteocount.stats.contrasts import contrast_title
from osteocount.stats.endpoints import COUNT, TITLES
from osteocount.stats.figure_style import (
    COLOURS,
    INK,
    MARKERS,
    PALE,
    VERDICT_COLOURS,
    all_wrapped,
    are_aslant,
    arm_axis,
    donor_legend,
    handles,
    log_axis,
    narrow_columns,
    new_figure,
    plain,
    styles,
    wrapped,
)  # fmt: skip
from osteocount.stats.planning import Plan

_LABEL_LETTERS = 34  # in a line of a name beside an interval
_EFFECT_AXIS = 5.0  # inches of the effect plot under which its axis is named
_LETTERS_PER_INCH = 14, 18  # of an axis label, and of what stands above an interval in a narrow place


def superplot(
    comparison: Comparison, wells: pd.DataFrame | None = None, endpoint: str = COUNT, width: float | None = None
) -> Figure:
    """Draw wells small, donors large, and a line joining each donor's arms (Lord et al. 2020, J Cell Biol 219).

    Parameters
    ----------
    comparison : Comparison
    wells : DataFrame, optional
        Show only the wells of this table (by ``plate`` and ``well``); all that took part when None.
    endpoint : str
    width : float, optional
        Inches, for a narrow place: arms are named aslant and donors below. None: as wide as is best.

    Raises
    ------
    OsteoCountError
        The comparison has no such endpoint.
    """
    rows = rows_of(comparison, endpoint)
    donors = comparison.donor_values[comparison.donor_values["endpoint"] == endpoint]
    drawn = drawn_wells(comparison, wells, endpoint)
    arms = comparison.arm_order
    place = {arm: i for i, arm in enumerate(arms)}
    style = styles(donors["donor"])
    aslant = are_aslant(arms, is_narrow=width is not None)
    figure, axes = new_figure(width or min(max(4.8, 1.15 * len(arms) + 1.9), 11.0), 3.8 if width else 4.2 + aslant)
    log = _is_log(donors, rows)
    rng = np.random.default_rng(0)  # jitter only
    for i, (donor, (colour, marker)) in enumerate(style.items()):
        shift = 0.0 if len(style) == 1 else 0.36 * (i / (len(style) - 1) - 0.5)
        own = drawn[donor]
        x = own["arm"].map(place).to_numpy(dtype=float) + shift + rng.uniform(-0.035, 0.035, len(own))
        points = axes.scatter(x, own["value"], s=13, color=colour, marker=marker, alpha=0.45, linewidths=0, zorder=2)
        points.set_gid(f"wells-{i}")
        means = donors[donors["donor"] == donor].assign(x=donors["arm"].map(place) + shift).sort_values("x")
        axes.plot(means["x"], means["value"], color=colour, linewidth=1.0, alpha=0.55, zorder=3)
        axes.scatter(means["x"], means["value"], s=72, color=colour, marker=marker, edgecolors="white", zorder=4)
    arm_axis(axes, arms, figure.get_size_inches()[0] / len(arms), is_narrow=width is not None)
    axes.set_ylabel(value_axis(endpoint, str(rows["unit"].iloc[0])))
    if log:
        log_axis(axes, "y")
        shown = _shown(comparison.well_values[comparison.well_values["endpoint"] == endpoint], wells)
        hidden = int((shown["value"] <= 0).sum())
        if hidden:
            one = "1 well with 0 lies" if hidden == 1 else f"{hidden} wells with 0 lie"
            word = sample_word(comparison.well_values["well"].fillna("").astype(str))
            axes.set_title(in_words_of(word, f"{one} below the log axis"), fontsize=8, color=PALE, loc="left")
    elif rows["link"].iloc[0] != "identity":
        axes.set_title("linear axis: some donors have 0", fontsize=8, color=PALE, loc="left")
    donor_legend(axes, style, below=width is not None)
    return figure


def drawn_wells(comparison: Comparison, wells: pd.DataFrame | None, endpoint: str) -> dict[str, pd.DataFrame]:
    """Return the wells of each donor that the SuperPlot shows, as it draws them: those with 0 lie below a log axis."""
    donors = comparison.donor_values[comparison.donor_values["endpoint"] == endpoint]
    points = _shown(comparison.well_values[comparison.well_values["endpoint"] == endpoint], wells)
    visible = points[(points["value"] > 0) | (not _is_log(donors, rows_of(comparison, endpoint)))]
    return {donor: visible[visible["donor"] == donor] for donor in styles(donors["donor"])}


def _is_log(donors: pd.DataFrame, rows: pd.DataFrame) -> bool:
    return bool((donors["value"] > 0).all()) and rows["link"].iloc[0] != "identity"


def _shown(points: pd.DataFrame, wells: pd.DataFrame | None) -> pd.DataFrame:
    keys = [] if wells is None else [key for key in ("plate", "well") if key in wells.columns]
    if wells is None or not keys:
        return points
    wanted = set(wells[keys].astype(str).itertuples(index=False, name=None))
    return points[[place in wanted for place in points[keys].itertuples(index=False, name=None)]]


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
    labels = contrast_labels(rows, comparison.control, lines=1 if width else 3)
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    figure, axes = new_figure(width or 8.2, (0.52 if lines < 3 else 0.62) * len(rows) + 1.7)
    for y, (row, label) in enumerate(zip(rows.to_dict("records"), labels, strict=True)):
        _draw_row(axes, y, row, effects[effects["contrast"] == row["contrast"]], style)
        _say_row(axes, y, row, label, width)
    none = 0.0 if rows["link"].iloc[0] == "identity" else 1.0
    axes.axvline(none, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    beside = [] if width else labels
    axes.set_yticks(range(len(beside)), beside, multialignment="right")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    control = shortened(comparison.control, _LABEL_LETTERS) if width else comparison.control
    said = _effect_axis(name, rows, control)
    axes.set_xlabel(textwrap.fill(said, int(_LETTERS_PER_INCH[0] * (width or _EFFECT_AXIS))))
    if none and (rows["estimate"].notna().any() or len(effects)):
        log_axis(axes, "x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if style:
        entries = handles(style, 4.5)[:12]
        columns = narrow_columns(entries) if width else min(len(entries), 6)
        figure.legend(
            handles=entries, loc="outside upper left", ncols=columns, frameon=False, fontsize=8,
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


def _say_row(axes: Axes, y: int, row: dict[Any, Any], label: str, width: float | None) -> None:
    """Write the estimate of one contrast beside it; in a narrow place above it, with its name."""
    place = axes.get_yaxis_transform()
    if width is None:
        axes.text(1.02, y, _effect_text(row), transform=place, va="center", fontsize=8.5, color=INK)
        return
    name = label.replace("\n", " ")
    said = textwrap.fill(f"{name}: {_effect_text(row)}", int(_LETTERS_PER_INCH[1] * width))
    text = axes.text(0, y - 0.18, said, transform=place, va="bottom", fontsize=7.5, color=INK)
    text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # no line of the plot through the letters
    text.set_in_layout(False)  # it may be wider than the axes, which must not shrink for it


def contrast_labels(rows: pd.DataFrame, control: str, lines: int = 3) -> list[str]:
    """Name contrasts in so many lines beside their intervals, each with its reference where that is not the control."""
    names = [contrast_title(str(name)) for name in rows["contrast"]]
    short = all_wrapped(names, _LABEL_LETTERS, lines)
    labels = []
    for name, reference, kind in zip(names, rows["reference"].astype(str), rows["kind"], strict=True):
        told = reference == control or kind == "custom"
        labels.append(short[name] if told else f"{short[name]}\n({wrapped(f'against {reference}', _LABEL_LETTERS, 2)})")
    return labels


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
    what = effect_words(rows["link"].iloc[0])
    shown = rows.loc[rows["ci_low"].notna(), "kind"]
    several = ", simultaneous over arms" if (shown == "arm").sum() > 1 else ""
    interval = f" (95 % CI{several})" if len(shown) else ""
    if several and (shown != "arm").any():
        interval = " (95 % CI, of arms simultaneous)"
    against = control if rows.loc[rows["kind"] == "arm", "reference"].nunique() < 2 else "the control of its level"
    return plain(f"{axis_title(endpoint)}: {what} to {against}{interval}")


def dose_response(comparison: Comparison, endpoint: str = COUNT) -> Figure:
    """Draw each donor's ratio to the control against the dose, with the joint curve and its band where it was fitted.

    Raises
    ------
    OsteoCountError
        The comparison holds no dose series.
    """
    curves = [curve for curve in comparison.curves if curve.endpoint == endpoint]
    if not curves:
        raise OsteoCountError("No dose series to draw: a treatment at two doses or more is needed.")
    figure, axes = new_figure(5.6 * len(curves), 4.2, columns=len(curves))
    effects = comparison.donor_effects[comparison.donor_effects["endpoint"] == endpoint]
    style = styles(comparison.donor_values["donor"])
    for one, curve in zip(figure.axes, curves, strict=True):
        dose = dict(zip(curve.series.arms, curve.series.doses, strict=True))
        for donor, (colour, marker) in style.items():
            own = effects[(effects["donor"] == donor) & effects["contrast"].isin(dose)]
            x = own["contrast"].map(dose)
            one.scatter(x, own["estimate"], s=34, color=colour, marker=marker, alpha=0.85, linewidths=0, zorder=3)
        if curve.response is not None:
            grid = np.geomspace(min(dose.values()) / 2, max(dose.values()) * 2, 200)
            ratio, low, high = curve.response.curve(grid)
            one.fill_between(grid, low, high, color=PALE, alpha=0.25, linewidth=0, zorder=1)
            one.plot(grid, ratio, color=INK, linewidth=1.8, zorder=2)
        one.axhline(1, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        one.set_xlabel(plain(f"{curve.series.name} ({curve.series.unit or 'dose, unit not given'})"))
        one.set_ylabel(plain(f"{axis_title(endpoint)}, ratio to {curve.series.control}"))
        one.set_title(_ec50_title(comparison, endpoint, curve.series.name), fontsize=9, color=INK, loc="left")
        log_axis(one, "x")
        log_axis(one, "y")
    donor_legend(axes, style)
    return figure


def _ec50_title(comparison: Comparison, endpoint: str, series: str) -> str:
    rows = rows_of(comparison, endpoint)
    found = rows[rows["contrast"].isin([f"EC50 {series}", f"IC50 {series}"])].to_dict("records")
    if not found:
        return ""
    row = found[0]
    if not np.isfinite(row["estimate"]):
        return f"no {row['contrast'][:4]} (see notes)"
    low, high = sentences.number(row["ci_low"]), sentences.number(row["ci_high"])
    return f"{row['contrast'][:4]} {sentences.number(row['estimate'])} {row['unit']} ({low} to {high})"


def bland_altman(agreement: Agreement) -> Figure:
    """Draw difference against mean with bias, limits of agreement and their intervals, one panel per comparison."""
    comparisons = list(agreement.pairs["comparison"].unique())
    figure, _ = new_figure(4.9 * len(comparisons) + 0.6, 4.2, columns=len(comparisons))
    arms = sorted(arm for arm in agreement.pairs["arm"].unique() if arm)
    style = styles(arms) or {"": (COLOURS[0], MARKERS[0])}
    for axes, name in zip(figure.axes, comparisons, strict=True):
        own = agreement.pairs[agreement.pairs["comparison"] == name]
        for arm, (colour, marker) in style.items():
            part = own[own["arm"] == arm]
            mean, error = (part["first"] + part["second"]) / 2, part["second"] - part["first"]
            axes.scatter(mean, error, s=26, color=colour, marker=marker, alpha=0.8, linewidths=0, zorder=3)
        row = agreement.table[(agreement.table["comparison"] == name) & (agreement.table["subset"] == "all")].iloc[0]
        _draw_limits(axes, row)
        second, first = name.split(" against ", 1)
        axes.set_xlabel(f"Mean of both (osteoclasts per {str(row['unit']).removesuffix('s')})")
        axes.set_ylabel(plain(f"{second} − {first} (osteoclasts)"))
        axes.set_title(f"bias and limits of agreement, n = {row['n']}", fontsize=9, color=PALE, loc="left")
    if arms:
        columns = min(5, len(arms))
        figure.legend(
            handles=handles(style, 5.5), loc="outside lower center", ncols=columns, frameon=False, fontsize=8.5
        )
    return figure


def _draw_limits(axes: Axes, row: pd.Series) -> None:
    """Draw bias and limits of agreement as lines with their values, and their intervals as bands."""
    axes.axhline(0, color=INK, linewidth=0.7)
    for middle, low, high, dashes in (
        ("bias", "bias_low", "bias_high", (0, ())),
        ("limit_low", "limit_low_ci_low", "limit_low_ci_high", (0, (4, 3))),
        ("limit_high", "limit_high_ci_low", "limit_high_ci_high", (0, (4, 3))),
    ):
        if np.isfinite(row[low]):
            axes.axhspan(row[low], row[high], color=PALE, alpha=0.16, linewidth=0)
        if np.isfinite(row[middle]):
            axes.axhline(row[middle], color=INK, linewidth=1.3, linestyle=dashes)
            label = f"{row[middle]:+.1f}".replace("-", "−")
            axes.annotate(
                label, (1, row[middle]), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                va="center", fontsize=8.5, color=INK,
            )  # fmt: skip


def power_curve(plan: Plan) -> Figure:
    """Draw power against the number of donors, one line per number of wells."""
    figure, axes = new_figure(5.8, 4.2)
    wells = sorted(plan.table["wells"].unique())
    for n, colour, marker in zip(wells, COLOURS, MARKERS, strict=False):
        own = plan.table[plan.table["wells"] == n].sort_values("donors")
        axes.plot(
            own["donors"],
            100 * own["power_robust"],
            color=colour,
            marker=marker,
            markersize=6,
            linewidth=1.6,
            label=f"{n}",
        )
    axes.axhline(100 * plan.target, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_ylim(0, 102)
    axes.set_xticks(sorted(plan.table["donors"].unique()))
    axes.set_xlabel("Donors")
    axes.set_ylabel("Power for the verdict 'robust' (%)")
    where = f"one of {plan.arms} arms" if plan.arms > 1 else "one arm"
    axes.set_title(f"To show a ratio of {plan.ratio:g} in {where}", fontsize=10, color=INK, loc="left")
    axes.legend(
        title="Wells per\ndonor × arm", loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8.5
    )
    return figure


def rows_of(comparison: Comparison, endpoint: str) -> pd.DataFrame:
    """Return the rows of the comparison table of one endpoint.

    Raises
    ------
    OsteoCountError
        The comparison has no such endpoint.
    """
    rows = comparison.table[comparison.table["endpoint"] == endpoint]
    if rows.empty:
        known = ", ".join(comparison.table["endpoint"].unique())
        raise OsteoCountError(f"No endpoint '{endpoint}' in this comparison. It has: {known}.")
    return rows


def effect_words(link: str) -> str:
    """Return what a contrast is on a link: a rate ratio, an odds ratio, a difference."""
    return {"logit": "odds ratio", "identity": "difference", "log": "ratio of means"}.get(link, "rate ratio")


def value_axis(endpoint: str, unit: str) -> str:
    """Return what an axis of values of an endpoint says, with the unit."""
    return axis_title(endpoint) + (f" {unit}" if unit.startswith("per") else f" ({unit})" if unit else "")


def axis_title(endpoint: str) -> str:
    """Return what an axis calls an endpoint."""
    return TITLES[endpoint].axis if endpoint in TITLES else plain(endpoint)

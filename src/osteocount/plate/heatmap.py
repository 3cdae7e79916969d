"""The plate as people expect to see it: A1 top left, one coloured well each, one figure for report and window."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from osteocount.errors import OsteoCountError
from osteocount.plate.normalise import percent_of_control as percent
from osteocount.plate.wells import PLATE_SHAPES, parse_well, row_letters, smallest_plate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind people tell apart; further arms get dashes.
_OUTLINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
_DASHES = ("-", (0, (3, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)))
_CONTROL_MARKS = {"negative control": "−", "vehicle": "V", "positive control": "+", "blank": "B"}
_ROLE_ORDER = {"negative control": 0, "vehicle": 1, "positive control": 2, "blank": 5, "excluded": 4, "treatment": 3}
_COLOURS = "cividis"


@dataclass(frozen=True)
class _Look:
    """Sizes that depend on the number of wells, in inches and points."""

    well: float
    value: float
    mark: float
    label: float
    outline: float


def plate_heatmap(
    wells: pd.DataFrame,
    measure: str,
    *,
    plate: str | None = None,
    percent_of_control: bool = False,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw one plate: a well's colour and number are its value, its outline is its treatment.

    Not measured wells are hatched, wells of the plate that nobody used are empty circles, excluded wells are crossed
    and listed with their reasons, controls carry a mark (− V + B).

    Parameters
    ----------
    wells
        Wells table: ``plate``, ``well``, the measure, and where known ``treatment``, ``dose``, ``dose_unit``, ``role``,
        ``exclude_reason``.
    measure
        Column to show.
    plate
        Which plate; may be left out when there is one.
    percent_of_control
        Show percent of the mean of the plate's control wells instead of the value itself.
    limits
        Ends of the colour scale; give the same to every plate for one scale across plates (see :func:`shared_limits`).
    title
        Replaces the heading made of plate and measure.

    Returns
    -------
    matplotlib.figure.Figure
        Not attached to pyplot; save it with ``figure.savefig`` as PNG or SVG.

    Raises
    ------
    OsteoCountError
        The measure or the plate is not in the table, or the table has several plates and none is named.
    """
    from matplotlib.figure import Figure

    shown = _shown(wells, measure, plate, percent_of_control=percent_of_control)
    rows, columns = _shape(shown)
    look = _look(rows * columns)
    arms = _arms(shown)
    excluded = shown[(shown["role"] == "excluded") & (shown["exclude_reason"] != "")]
    notes = [f"{well}: {reason}" for well, reason in zip(excluded["well"], excluded["exclude_reason"], strict=True)]
    width, height = look.well * columns + 0.7, look.well * rows + 0.9
    legend_lines = len(arms) + len(set(shown["role"]) & set(_CONTROL_MARKS)) + 2
    side = 0.066 * max([len(label) for label, _ in arms] + [16]) + 1.5
    figure = Figure(
        figsize=(width + side, max(height, 0.21 * legend_lines + 0.4) + 0.16 * (min(len(notes), 6) + bool(notes))),
        dpi=120,
    )
    axes = figure.add_axes(_rectangle(figure, width, height))
    norm, colours = _scale(shown["_value"], limits)
    _draw_frame(axes, rows, columns, look)
    for record in shown.to_dict("records"):
        _draw_well(axes, record, norm, colours, dict(arms), look)
    heading = measure.replace("_", " ") + (" (% of control)" if percent_of_control else "")
    name = str(shown["plate"].iloc[0])
    axes.set_title(title or (f"{name}: {heading}" if name else heading), fontsize=11, pad=22, loc="left")
    _draw_colour_bar(figure, axes, norm, colours, heading)
    _draw_legend(axes, shown, arms)
    _draw_notes(figure, notes)
    return figure


def shared_limits(wells: pd.DataFrame, measure: str, *, percent_of_control: bool = False) -> tuple[float, float] | None:
    """Return the ends of one colour scale for all plates of a table, None when nothing was measured."""
    values = percent(wells, measure) if percent_of_control else wells[measure]
    finite = values[np.isfinite(values.astype(float)) & (wells["role"] != "excluded")]
    return (float(min(finite.min(), 0)), float(finite.max())) if len(finite) else None


def _shown(wells: pd.DataFrame, measure: str, plate: str | None, *, percent_of_control: bool) -> pd.DataFrame:
    """Return the rows of one plate with every column the drawing needs, the value to show in ``_value``."""
    if measure not in wells:
        numbers = ", ".join(str(c) for c in wells.select_dtypes("number").columns)
        raise OsteoCountError(f"There is no measure {measure!r} in the wells table; it has {numbers}.")
    table = wells.copy()
    for column in ("plate", "treatment", "dose_unit", "role", "exclude_reason"):
        table[column] = table[column].fillna("").astype(str) if column in table else ""
    table["dose"] = table["dose"].astype(float) if "dose" in table else np.nan
    table["_value"] = (percent(table, measure) if percent_of_control else table[measure]).astype(float)
    plates = sorted(set(table["plate"]))
    if plate is None and len(plates) != 1:
        raise OsteoCountError(f"The table has {len(plates)} plates ({', '.join(plates)}); say which one to draw.")
    table = table[table["plate"] == (plates[0] if plate is None else plate)]
    if table.empty:
        raise OsteoCountError(f"There is no plate {plate!r} in the table; its plates are {', '.join(plates)}.")
    return table


def _shape(shown: pd.DataFrame) -> tuple[int, int]:
    places = [place for well in shown["well"] if (place := parse_well(str(well)))]
    if not places:
        raise OsteoCountError("The table names no wells (A1 … P24), so there is no plate to draw.")
    return PLATE_SHAPES[smallest_plate(max(r for r, _ in places), max(c for _, c in places))]


def _look(wells: int) -> _Look:
    if wells <= 24:
        return _Look(well=0.85, value=11, mark=9, label=11, outline=3.0)
    if wells <= 48:
        return _Look(well=0.7, value=9.5, mark=8, label=10, outline=2.6)
    if wells <= 96:
        return _Look(well=0.56, value=8, mark=7, label=9, outline=2.2)
    return _Look(well=0.4, value=6, mark=5, label=8, outline=1.4)


def _arms(shown: pd.DataFrame) -> list[tuple[str, int]]:
    """Return the arms with the number of their outline, controls first and blanks last, by name and dose."""
    used = shown[(shown["treatment"] != "")].copy()
    used["_label"] = [_arm_label(row) for row in used.to_dict("records")]
    used["_order"] = [_ROLE_ORDER.get(role, 3) for role in used["role"]]
    ordered = used.sort_values(["_order", "treatment", "dose"])["_label"].drop_duplicates()
    return [(label, number) for number, label in enumerate(ordered)]


def _arm_label(record: dict[Hashable, Any]) -> str:
    dose = record["dose"]
    if isinstance(dose, float) and dose > 0:
        return f"{record['treatment']} {dose:g} {record['dose_unit']}".strip()
    return str(record["treatment"])


def _scale(values: pd.Series[float], limits: tuple[float, float] | None) -> tuple[Normalize, Colormap]:
    """Return a colour scale that starts at 0 unless there are negative values."""
    import matplotlib as mpl
    from matplotlib.colors import Normalize

    finite = values[np.isfinite(values)]
    low, high = limits or ((min(float(finite.min()), 0.0), float(finite.max())) if len(finite) else (0.0, 1.0))
    return Normalize(low, high if high > low else low + 1), mpl.colormaps[_COLOURS]


def _rectangle(figure: Figure, width: float, height: float) -> tuple[float, float, float, float]:
    """Place the plate at the top left of the figure; width and height are in inches, with the room for labels."""
    total_width, total_height = figure.get_size_inches()
    left, top = 0.45, 0.65
    return (
        left / total_width,
        1 - (height - 0.25) / total_height,
        (width - 0.7) / total_width,
        (height - 0.25 - top) / total_height,
    )


def _draw_frame(axes: Axes, rows: int, columns: int, look: _Look) -> None:
    axes.set_xlim(0.5, columns + 0.5)
    axes.set_ylim(rows + 0.5, 0.5)
    axes.set_aspect("equal", anchor="NW")
    axes.set_xticks(range(1, columns + 1))
    axes.set_yticks(range(1, rows + 1), [row_letters(row) for row in range(1, rows + 1)])
    axes.tick_params(length=0, labelsize=look.label, top=True, labeltop=True, bottom=False, labelbottom=False)
    for spine in axes.spines.values():
        spine.set_color("0.6")
    for row in range(1, rows + 1):
        axes.scatter(
            np.arange(1, columns + 1), np.full(columns, row), s=(20 * look.well) ** 2, facecolors="none",
            edgecolors="0.88", linewidths=0.6, zorder=1,
        )  # fmt: skip


def _draw_well(
    axes: Axes, record: dict[Hashable, Any], norm: Normalize, colours: Colormap, arms: dict[str, int], look: _Look
) -> None:
    from matplotlib.patches import Circle

    place = parse_well(str(record["well"]))
    if place is None:
        return
    row, column = place
    value = float(record["_value"])
    measured = np.isfinite(value)
    colour = colours(norm(value)) if measured else (1.0, 1.0, 1.0, 1.0)
    axes.add_patch(Circle((column, row), 0.35, facecolor=colour, edgecolor="none", zorder=2))
    if not measured:
        axes.add_patch(Circle((column, row), 0.35, fill=False, hatch="/////", edgecolor="0.6", linewidth=0, zorder=2))
    edge, dash = _outline(arms.get(_arm_label(record)))
    outline = Circle((column, row), 0.42, fill=False, edgecolor=edge, linestyle=dash, linewidth=look.outline, zorder=3)
    axes.add_patch(outline)
    if measured:
        ink = "black" if _light(colour) else "white"
        box = {"boxstyle": "round,pad=0.1", "facecolor": colour, "edgecolor": "none"}  # keeps a cross off the number
        axes.text(
            column, row, _short(value), ha="center", va="center", fontsize=look.value, color=ink, zorder=5, bbox=box
        )
    mark = _CONTROL_MARKS.get(str(record["role"]))
    if mark:
        axes.text(
            column - 0.38, row - 0.36, mark, ha="center", va="center", fontsize=look.mark, fontweight="bold", zorder=6,
            bbox={"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "0.3", "linewidth": 0.5},
        )  # fmt: skip
    if record["role"] == "excluded":
        for sign in (-1, 1):
            axes.plot(
                [column - 0.36, column + 0.36], [row - 0.36 * sign, row + 0.36 * sign], color="#B00000",
                linewidth=look.outline * 0.8, zorder=4,
            )  # fmt: skip


def _outline(number: int | None) -> tuple[str, Any]:
    """Return colour and line style of an arm's outline; grey without an arm."""
    if number is None:
        return "0.7", "-"
    return _OUTLINES[number % len(_OUTLINES)], _DASHES[number // len(_OUTLINES) % len(_DASHES)]


def _light(colour: tuple[float, float, float, float]) -> bool:
    """Say whether black contrasts better than white with a colour (WCAG relative luminance)."""
    linear = [((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179


def _short(value: float) -> str:
    """Write a number in at most four characters where it can be: 1234 as 1.2k, 0.0734 as .073."""
    size = abs(value)
    if size >= 10_000:
        return f"{value / 1000:.0f}k"
    if size >= 1000:
        return f"{value / 1000:.1f}k"
    if value == int(value):
        return f"{value:.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}".removesuffix(".0")
    text = f"{value:.2f}" if size >= 0.1 else f"{value:.3f}"
    return text.replace("0.", ".", 1) if size < 1 else text


def _draw_colour_bar(figure: Figure, axes: Axes, norm: Normalize, colours: Colormap, heading: str) -> None:
    from matplotlib.cm import ScalarMappable

    box = axes.get_position()
    width, _ = figure.get_size_inches()
    bar_axes = figure.add_axes((box.x1 + 0.15 / width, box.y0, 0.16 / width, box.height))
    bar = figure.colorbar(ScalarMappable(norm, colours), cax=bar_axes)
    bar.set_label(heading, fontsize=8)
    bar.ax.tick_params(labelsize=7)


def _draw_legend(axes: Axes, shown: pd.DataFrame, arms: list[tuple[str, int]]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Line2D | Patch] = []
    for label, number in arms:
        colour, dash = _outline(number)
        handles.append(Line2D([], [], color=colour, linestyle=dash, linewidth=2.2, label=label))
    roles = set(shown["role"])
    handles += [
        Line2D([], [], linestyle="none", marker=f"${mark}$", color="black", markersize=7, label=role)
        for role, mark in _CONTROL_MARKS.items()
        if role in roles
    ]
    if shown["_value"].isna().any():
        handles.append(Patch(facecolor="white", edgecolor="0.6", hatch="/////", label="not measured"))
    if "excluded" in roles:
        handles.append(Line2D([], [], linestyle="none", marker="x", color="#B00000", markersize=8, label="excluded"))
    width, _ = axes.get_figure(root=True).get_size_inches()  # type: ignore[union-attr]
    box = axes.get_position()
    x = 1 + (0.95 / width) / box.width
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(x, 1.0), fontsize=8, frameon=False, borderaxespad=0)


def _draw_notes(figure: Figure, notes: list[str]) -> None:
    """List the excluded wells with their reasons below the plate; more than five are only counted."""
    if not notes:
        return
    lines = notes[:5] + ([f"and {len(notes) - 5} more"] if len(notes) > 5 else [])
    _, height = figure.get_size_inches()
    figure.text(0.02, 0.06 / height, "Excluded\n" + "\n".join(lines), fontsize=7, va="bottom", ha="left", color="0.25")

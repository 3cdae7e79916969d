"""The plate as people expect to see it: A1 top left, one coloured well each, one figure for report and window."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from osteocount.columns import PLATE_MAP, WELLS
from osteocount.errors import OsteoCountError
from osteocount.names import all_shortened, shortened
from osteocount.plate.plate_quality import percent_of_control as percent
from osteocount.wells import PLATE_SHAPES, canonical_well, parse_well, plate_size, row_letters, well_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

# Okabe and Ito's colours, which colour-blind people tell apart; further arms get dashes.
_OUTLINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
_DASHES = ("-", (0, (3, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)))
_CONTROL_MARKS = {"negative control": "−", "vehicle": "V", "positive control": "+", "blank": "B"}
_FLAGGED = "!"
_RED = "#B00000"
# As the comparison lists arms: its controls first, all others by name, then what is in no comparison.
_ROLE_ORDER = {"negative control": 0, "vehicle": 1, "positive control": 3, "blank": 5, "excluded": 4, "treatment": 3}
_COLOURS = "cividis"
_COUNTED = 3  # a scale that ends above it has whole numbers enough for its ticks
_LEFT, _TOP = 0.45, 0.65  # inches: letters of the rows; title and numbers of the columns
_LEGEND_LINE, _NOTE_LINE = 0.21, 0.16
_NARROW_LETTERS, _WIDE_LETTERS = 44, 60
"""Of a name in a legend; a longer one is cut in its middle."""
_MOST_NARROW_ENTRIES = 9  # with more, no room is left for a plate of 96 wells in a window of 1280 × 800
_TWO_COLUMNS = 22  # letters of the longest entry up to which a narrow legend has two columns


def plate_heatmap(
    wells: pd.DataFrame,
    measure: str,
    *,
    plate: str | None = None,
    percent_of_control: bool = False,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float | None = None,
) -> Figure:
    """Draw one plate: a well's colour and number are its value, its outline is its treatment.

    Not measured wells are hatched, wells of the plate that nobody used are empty circles, excluded wells are crossed
    and listed with their reasons, controls carry a mark (− V + B), wells flagged by quality control a red one (!).

    Parameters
    ----------
    wells
        Wells table: ``plate``, ``well``, the measure, and where known ``treatment``, ``dose``, ``dose_unit``, ``role``,
        ``exclude_reason``, ``qc_flags``.
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
    width
        Inches, for a narrow place: wells get smaller, and the legend goes below the plate. None: as wide as is best.

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
    arms = _arms(shown)
    entries = _entries(shown, arms, is_narrow=width is not None)
    excluded = shown[(shown["role"] == "excluded") & (shown["exclude_reason"] != "")]
    notes = [f"{well}: {reason}" for well, reason in zip(excluded["well"], excluded["exclude_reason"], strict=True)]
    longest = max(len(str(entry.get_label())) for entry in entries) if entries else 0
    layout = _figure_layout(rows, columns, len(entries), longest, min(len(notes), 6) + bool(notes), width)
    style = layout.style
    figure = Figure(figsize=layout.size, dpi=120)
    axes = figure.add_axes(layout.plate)
    norm, colours = _scale(shown["_value"], limits)
    _draw_empty_plate(axes, rows, columns, style)
    for record in shown.to_dict("records"):
        _draw_well(axes, record, norm, colours, arms.get(record["_arm"]), style)
    heading = measure_name(measure) + (" (% of control)" if percent_of_control else "")
    said = title or ": ".join(filter(None, [str(shown["plate"].iloc[0]), heading]))
    said = shortened(said, _NARROW_LETTERS) if width else said
    axes.set_title(_literal(said), fontsize=layout.title, pad=22, loc="left")
    _draw_colour_bar(figure, axes, norm, colours, heading if width is None else "")
    axes.legend(
        handles=entries, loc="upper left", bbox_to_anchor=layout.legend, bbox_transform=figure.transFigure, fontsize=8,
        frameon=False, borderaxespad=0, ncols=layout.legend_columns, columnspacing=1.0,
    )  # fmt: skip
    _draw_notes(figure, notes)
    return figure


def shared_limits(wells: pd.DataFrame, measure: str, *, percent_of_control: bool = False) -> tuple[float, float] | None:
    """Return the ends of one colour scale for all plates of a table, None when nothing was measured."""
    wells = wells.assign(role=wells.get("role", ""))
    values = percent(wells, measure) if percent_of_control else wells[measure]
    finite = values[np.isfinite(values.astype(float)) & (wells["role"] != "excluded")]
    return (float(min(finite.min(), 0)), float(finite.max())) if len(finite) else None


def well_hints(wells: pd.DataFrame, measure: str, *, plate: str | None = None) -> dict[str, str]:
    """Return what to say when the pointer is over a well: arm, donor, value, fields, flags, why it is excluded."""
    shown = _shown(wells, measure, plate, percent_of_control=False)
    hints = {}
    for record in shown.to_dict("records"):
        value, fields = record["_value"], record.get("n_fields")
        parts = [
            canonical_well(str(record["well"])),
            str(record["_arm"]),
            _donor(str(record["donor"])),
            f"{measure_name(measure)} {value:.6g}" if np.isfinite(value) else "not measured",
            f"{int(fields)} fields" if isinstance(fields, (int, float)) and fields == fields else "",
            str(record["qc_flags"]).replace("_", " ").replace(";", ", "),
            f"excluded: {record['exclude_reason']}" if record["role"] == "excluded" else "",
        ]
        hints[parts[0]] = " · ".join(part for part in parts if part)
    return hints


def _donor(name: str) -> str:
    return f"donor {name}" if name and not name.casefold().startswith("donor") else name


def _literal(text: str) -> str:
    """Keep matplotlib from reading $…$ in a name as mathematics."""
    return text.replace("$", r"\$")


def _shown(wells: pd.DataFrame, measure: str, plate: str | None, *, percent_of_control: bool) -> pd.DataFrame:
    """Return the rows of one plate with every column the drawing needs, the value to show in ``_value``."""
    import pandas as pd

    if measure not in wells:
        numbers = ", ".join(str(c) for c in wells.select_dtypes("number").columns)
        raise OsteoCountError(f"There is no measure {measure!r} in the wells table; it has {numbers}.")
    table = wells.copy()
    for column in ("plate", "treatment", "dose_unit", "donor", "role", "exclude_reason", "qc_flags"):
        known = table[column].astype("object") if column in table else pd.Series("", index=table.index, dtype=object)
        table[column] = known.where(known.notna(), "").astype(str)
    table["dose"] = table["dose"].astype(float) if "dose" in table else np.nan
    table["_arm"] = [_arm_label(row) for row in table.to_dict("records")]
    table["_value"] = (percent(table, measure) if percent_of_control else table[measure]).astype(float)
    plates = sorted(set(table["plate"]))
    if plate is None and len(plates) != 1:
        raise OsteoCountError(f"The table has {len(plates)} plates ({', '.join(plates)}); say which one to draw.")
    table = table[table["plate"] == (plates[0] if plate is None else plate)]
    if table.empty:
        raise OsteoCountError(f"There is no plate {plate!r} in the table; its plates are {', '.join(plates)}.")
    return table


def _shape(shown: pd.DataFrame) -> tuple[int, int]:
    names = [str(well) for well in shown["well"]]
    if not any(map(parse_well, names)):
        raise OsteoCountError("The table names no wells (A1 … P24), so there is no plate to draw.")
    return PLATE_SHAPES[plate_size(names)]


def measure_name(measure: str) -> str:
    """Name a column of the wells table as people read it."""
    column = WELLS.by_name.get(measure)
    return PLATE_MAP.get(measure) or (column.heading if column is not None else measure.replace("_", " "))


def _arms(shown: pd.DataFrame) -> dict[str, int]:
    """Return the number of the outline of each arm, controls first and blanks last, by name and dose."""
    used = shown[(shown["treatment"] != "")].copy()
    used["_order"] = [_ROLE_ORDER.get(role, 3) for role in used["role"]]
    ordered = used.sort_values(["_order", "treatment", "dose"])["_arm"].drop_duplicates()
    return {label: number for number, label in enumerate(ordered)}


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


def _draw_colour_bar(figure: Figure, axes: Axes, norm: Normalize, colours: Colormap, heading: str) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.ticker import MaxNLocator

    box = axes.get_position()
    width, _ = figure.get_size_inches()
    bar_axes = figure.add_axes((box.x1 + 0.15 / width, box.y0, 0.16 / width, box.height))
    ticks = MaxNLocator(integer=norm.vmax is not None and norm.vmax >= _COUNTED)  # there are no 2.5 osteoclasts
    bar = figure.colorbar(ScalarMappable(norm, colours), cax=bar_axes, ticks=ticks)
    if heading:
        bar.set_label(_literal(heading), fontsize=8)
    bar.ax.tick_params(labelsize=7)


def _entries(shown: pd.DataFrame, arms: dict[str, int], *, is_narrow: bool) -> list[Line2D | Patch]:
    """Return what the legend says: arms by their outline, controls by their mark, and what is not measured.

    A narrow place has room for few; the arms of the others are said under the mouse.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names = all_shortened(arms, _NARROW_LETTERS if is_narrow else _WIDE_LETTERS)
    handles: list[Line2D | Patch] = []
    for label, number in arms.items():
        colour, dash = _outline(number)
        handles.append(Line2D([], [], color=colour, linestyle=dash, linewidth=2.2, label=_literal(names[label])))
    roles = set(shown["role"])
    handles += [
        Line2D([], [], linestyle="none", marker=f"${mark}$", color="black", markersize=7, label=role)
        for role, mark in _CONTROL_MARKS.items()
        if role in roles
    ]
    if shown["_value"].isna().any():
        handles.append(Patch(facecolor="white", edgecolor="0.6", hatch="/////", label="not measured"))
    if "excluded" in roles:
        handles.append(Line2D([], [], linestyle="none", marker="x", color=_RED, markersize=8, label="excluded"))
    if (shown["qc_flags"] != "").any():
        handles.append(
            Line2D([], [], linestyle="none", marker=f"${_FLAGGED}$", color=_RED, markersize=7, label="flagged")
        )
    if is_narrow and len(handles) > _MOST_NARROW_ENTRIES:
        kept = handles[: _MOST_NARROW_ENTRIES - 1]
        return [*kept, Patch(alpha=0, label=f"and {len(handles) - len(kept)} more")]
    return handles


def _draw_notes(figure: Figure, notes: list[str]) -> None:
    """List the excluded wells with their reasons below the plate; more than five are only counted."""
    if not notes:
        return
    lines = notes[:5] + ([f"and {len(notes) - 5} more"] if len(notes) > 5 else [])
    _, height = figure.get_size_inches()
    figure.text(
        0.02, 0.06 / height, _literal("Excluded\n" + "\n".join(lines)), fontsize=7, va="bottom", ha="left", color="0.25"
    )


@dataclass(frozen=True)
class FigureLayout:
    """Places of a plate view.

    Attributes
    ----------
    size
        (width, height) of the figure in inches.
    plate
        (left, bottom, width, height) of the wells, in parts of the figure.
    legend, legend_columns
        (x, y) of its upper left corner, in parts of the figure.
    title
        Points.
    style
        Sizes of the wells.
    """

    size: tuple[float, float]
    plate: tuple[float, float, float, float]
    legend: tuple[float, float]
    legend_columns: int
    title: float
    style: WellStyle


def _figure_layout(
    rows: int, columns: int, entries: int, longest: int, note_lines: int, width: float | None
) -> FigureLayout:
    """Lay out a plate view.

    Parameters
    ----------
    rows, columns
        Of the plate.
    entries, longest
        Of the legend: how many, and letters of the longest.
    note_lines
        Lines below the plate.
    width
        Inches; None: as wide as is best.
    """
    style = _well_style(rows * columns)
    notes = _NOTE_LINE * note_lines
    if width is None:
        wide, high = style.well * columns, style.well * rows
        size = (
            wide + 0.7 + 0.066 * max(longest, 16) + 1.5,
            max(high + 0.9, _LEGEND_LINE * (entries + 2) + 0.4) + notes,
        )
        x, y = _LEFT + wide + 0.95, _TOP
        return FigureLayout(size, _part(size, wide, high, _LEFT), (x / size[0], 1 - y / size[1]), 1, 11, style)
    left = 0.3
    well = (width - left - 0.65) / columns
    style = _narrower(style, well)
    wide, high = well * columns, well * rows
    legend_columns = 2 if longest <= _TWO_COLUMNS else 1
    below = _TOP + high + 0.15
    size = width, below + 0.17 * -(-entries // legend_columns) + 0.15 + notes
    return FigureLayout(
        size, _part(size, wide, high, left), (0.1 / width, 1 - below / size[1]), legend_columns, 9, style
    )


def _part(size: tuple[float, float], wide: float, high: float, left: float) -> tuple[float, float, float, float]:
    return left / size[0], 1 - (_TOP + high) / size[1], wide / size[0], high / size[1]


def _narrower(style: WellStyle, well: float) -> WellStyle:
    """Return the sizes for wells of so many inches: letters shrink less than wells, or nobody could read them."""
    share = min(1.0, well / style.well)
    value, mark, label = (max(5.0, points * share**0.5) for points in (style.value, style.mark, style.label))
    return replace(
        style, well=min(well, style.well), value=value, mark=mark, label=label, outline=max(1.2, style.outline * share)
    )


@dataclass(frozen=True)
class WellStyle:
    """Sizes that depend on the number of wells, in inches and points."""

    well: float
    value: float
    mark: float
    label: float
    outline: float


def _well_style(wells: int) -> WellStyle:
    """Return the sizes for a plate of so many wells."""
    if wells <= 24:
        return WellStyle(well=0.85, value=11, mark=9, label=11, outline=3.0)
    if wells <= 48:
        return WellStyle(well=0.7, value=9.5, mark=8, label=10, outline=2.6)
    if wells <= 96:
        return WellStyle(well=0.56, value=8, mark=7, label=9, outline=2.2)
    return WellStyle(well=0.4, value=6, mark=5, label=8, outline=1.4)


def _draw_empty_plate(axes: Axes, rows: int, columns: int, style: WellStyle) -> None:
    """Draw the empty plate: letters, numbers, and a faint circle for every well."""
    axes.set_xlim(0.5, columns + 0.5)
    axes.set_ylim(rows + 0.5, 0.5)
    axes.set_aspect("equal", anchor="NW")
    axes.set_xticks(range(1, columns + 1))
    axes.set_yticks(range(1, rows + 1), [row_letters(row) for row in range(1, rows + 1)])
    axes.tick_params(length=0, labelsize=style.label, top=True, labeltop=True, bottom=False, labelbottom=False)
    for spine in axes.spines.values():
        spine.set_color("0.6")
    for row in range(1, rows + 1):
        axes.scatter(
            np.arange(1, columns + 1), np.full(columns, row), s=(20 * style.well) ** 2, facecolors="none",
            edgecolors="0.88", linewidths=0.6, zorder=1,
        )  # fmt: skip


def _draw_well(
    axes: Axes, record: dict[Hashable, Any], norm: Normalize, colours: Colormap, arm: int | None, style: WellStyle
) -> None:
    """Draw one well; ``arm`` is the number of its outline."""
    from matplotlib.patches import Circle

    place = parse_well(str(record["well"]))
    if place is None:
        return
    row, column = place
    value = float(record["_value"])
    measured = np.isfinite(value)
    colour = colours(norm(value)) if measured else (1.0, 1.0, 1.0, 1.0)
    disc = Circle((column, row), 0.35, facecolor=colour, edgecolor="none", zorder=2)
    disc.set_gid(f"well-{well_name(row, column)}")
    axes.add_patch(disc)
    if not measured:
        axes.add_patch(Circle((column, row), 0.35, fill=False, hatch="/////", edgecolor="0.6", linewidth=0, zorder=2))
    edge, dash = _outline(arm)
    outline = Circle((column, row), 0.42, fill=False, edgecolor=edge, linestyle=dash, linewidth=style.outline, zorder=3)
    axes.add_patch(outline)
    if measured:
        ink = "black" if _light(colour) else "white"
        box = {"boxstyle": "round,pad=0.1", "facecolor": colour, "edgecolor": "none"}  # keeps a cross off the number
        axes.text(
            column, row, _short_number(value), ha="center", va="center", fontsize=style.value, color=ink, zorder=5,
            bbox=box,
        )  # fmt: skip
    _draw_marks(axes, row, column, record, style)


def _draw_marks(axes: Axes, row: int, column: int, record: dict[Hashable, Any], style: WellStyle) -> None:
    """Draw the mark of a control at the top left, that of a flagged well at the top right, the cross of an excluded."""
    marks = (
        (-0.38, _CONTROL_MARKS.get(str(record["role"])), "0.3"),
        (0.38, _FLAGGED if record["qc_flags"] else None, _RED),
    )
    for shift, mark, edge in marks:
        if mark:
            axes.text(
                column + shift, row - 0.36, mark, ha="center", va="center", fontsize=style.mark, fontweight="bold",
                zorder=6, color="black" if edge != _RED else _RED,
                bbox={"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": edge, "linewidth": 0.5},
            )  # fmt: skip
    if record["role"] == "excluded":
        for sign in (-1, 1):
            axes.plot(
                [column - 0.36, column + 0.36], [row - 0.36 * sign, row + 0.36 * sign], color=_RED,
                linewidth=style.outline * 0.8, zorder=4,
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


def _short_number(value: float) -> str:
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

"""One well of the plate view: its colour, number, outline, mark and cross."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from osteocount.wells import parse_well, row_letters, well_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize

# Okabe and Ito's colours, which colour-blind people tell apart; further arms get dashes.
_OUTLINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
_DASHES = ("-", (0, (3, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)))
CONTROL_MARKS = {"negative control": "−", "vehicle": "V", "positive control": "+", "blank": "B"}
FLAGGED = "!"
RED = "#B00000"


@dataclass(frozen=True)
class Look:
    """Sizes that depend on the number of wells, in inches and points."""

    well: float
    value: float
    mark: float
    label: float
    outline: float


def look_of(wells: int) -> Look:
    """Return the sizes for a plate of so many wells."""
    if wells <= 24:
        return Look(well=0.85, value=11, mark=9, label=11, outline=3.0)
    if wells <= 48:
        return Look(well=0.7, value=9.5, mark=8, label=10, outline=2.6)
    if wells <= 96:
        return Look(well=0.56, value=8, mark=7, label=9, outline=2.2)
    return Look(well=0.4, value=6, mark=5, label=8, outline=1.4)


def draw_frame(axes: Axes, rows: int, columns: int, look: Look) -> None:
    """Draw the empty plate: letters, numbers, and a faint circle for every well."""
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


def draw_well(
    axes: Axes, record: dict[Hashable, Any], norm: Normalize, colours: Colormap, arm: int | None, look: Look
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
    edge, dash = outline_of(arm)
    outline = Circle((column, row), 0.42, fill=False, edgecolor=edge, linestyle=dash, linewidth=look.outline, zorder=3)
    axes.add_patch(outline)
    if measured:
        ink = "black" if _light(colour) else "white"
        box = {"boxstyle": "round,pad=0.1", "facecolor": colour, "edgecolor": "none"}  # keeps a cross off the number
        axes.text(
            column, row, short_number(value), ha="center", va="center", fontsize=look.value, color=ink, zorder=5,
            bbox=box,
        )  # fmt: skip
    _draw_marks(axes, row, column, record, look)


def _draw_marks(axes: Axes, row: int, column: int, record: dict[Hashable, Any], look: Look) -> None:
    """Draw the mark of a control at the top left, that of a flagged well at the top right, the cross of an excluded."""
    marks = (
        (-0.38, CONTROL_MARKS.get(str(record["role"])), "0.3"),
        (0.38, FLAGGED if record["qc_flags"] else None, RED),
    )
    for shift, mark, edge in marks:
        if mark:
            axes.text(
                column + shift, row - 0.36, mark, ha="center", va="center", fontsize=look.mark, fontweight="bold",
                zorder=6, color="black" if edge != RED else RED,
                bbox={"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": edge, "linewidth": 0.5},
            )  # fmt: skip
    if record["role"] == "excluded":
        for sign in (-1, 1):
            axes.plot(
                [column - 0.36, column + 0.36], [row - 0.36 * sign, row + 0.36 * sign], color=RED,
                linewidth=look.outline * 0.8, zorder=4,
            )  # fmt: skip


def outline_of(number: int | None) -> tuple[str, Any]:
    """Return colour and line style of an arm's outline; grey without an arm."""
    if number is None:
        return "0.7", "-"
    return _OUTLINES[number % len(_OUTLINES)], _DASHES[number // len(_OUTLINES) % len(_DASHES)]


def _light(colour: tuple[float, float, float, float]) -> bool:
    """Say whether black contrasts better than white with a colour (WCAG relative luminance)."""
    linear = [((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179


def short_number(value: float) -> str:
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

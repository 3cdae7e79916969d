"""Where the parts of a plate view lie: beside each other, or below each other where there is little room."""

from __future__ import annotations

from dataclasses import dataclass, replace

from osteocount.plate.heatmap_wells import Look, look_of

_LEFT, _TOP = 0.45, 0.65  # inches: letters of the rows; title and numbers of the columns
_LEGEND_LINE, _NOTE_LINE = 0.21, 0.16
_TWO_COLUMNS = 22  # letters of the longest entry up to which a narrow legend has two columns


@dataclass(frozen=True)
class Frame:
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
    look
        Sizes of the wells.
    """

    size: tuple[float, float]
    plate: tuple[float, float, float, float]
    legend: tuple[float, float]
    legend_columns: int
    title: float
    look: Look


def frame_of(rows: int, columns: int, entries: int, longest: int, note_lines: int, width: float | None) -> Frame:
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
    look = look_of(rows * columns)
    notes = _NOTE_LINE * note_lines
    if width is None:
        wide, high = look.well * columns, look.well * rows
        size = (
            wide + 0.7 + 0.066 * max(longest, 16) + 1.5,
            max(high + 0.9, _LEGEND_LINE * (entries + 2) + 0.4) + notes,
        )
        x, y = _LEFT + wide + 0.95, _TOP
        return Frame(size, _part(size, wide, high, _LEFT), (x / size[0], 1 - y / size[1]), 1, 11, look)
    left = 0.3
    well = (width - left - 0.65) / columns
    look = _smaller(look, well)
    wide, high = well * columns, well * rows
    legend_columns = 2 if longest <= _TWO_COLUMNS else 1
    below = _TOP + high + 0.15
    size = width, below + 0.17 * -(-entries // legend_columns) + 0.15 + notes
    return Frame(size, _part(size, wide, high, left), (0.1 / width, 1 - below / size[1]), legend_columns, 9, look)


def _part(size: tuple[float, float], wide: float, high: float, left: float) -> tuple[float, float, float, float]:
    return left / size[0], 1 - (_TOP + high) / size[1], wide / size[0], high / size[1]


def _smaller(look: Look, well: float) -> Look:
    """Return the sizes for wells of so many inches: letters shrink less than wells, or nobody could read them."""
    share = min(1.0, well / look.well)
    value, mark, label = (max(5.0, points * share**0.5) for points in (look.value, look.mark, look.label))
    return replace(
        look, well=min(well, look.well), value=value, mark=mark, label=label, outline=max(1.2, look.outline * share)
    )

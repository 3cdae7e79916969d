"""How all figures look: the palette, one axes style, readable log axes, legends outside."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from osteocount.names import all_shortened
from osteocount.stats.sentences import EXPLORATORY, INDICATED, ROBUST

# Okabe & Ito's palette, yellow left out: it is too pale on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
_NARROW_LETTERS = 52  # in a line of a legend in a narrow place, markers and gaps included
_LEGEND_LETTERS = 26
_UPRIGHT_ARMS, _UPRIGHT_LETTERS = 8, 32  # more arms, or longer names, are named aslant
_ASLANT_LETTERS = 26  # in a line of a name aslant
_SLANTED_LETTERS = 26  # of an arm's name of one line
_ASLANT_LINE = 0.38  # inches of the axis that a line of a name aslant takes
INK, PALE = "#333333", "#8c8c8c"
VERDICT_COLOURS = {ROBUST: "#0072B2", INDICATED: "#56B4E9", EXPLORATORY: "#E69F00"}


def new_figure(width: float, height: float, columns: int = 1) -> tuple[Figure, Axes]:
    """Make a figure with one row of plain axes; return it with its last axes."""
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained", facecolor="white")
    for axes in np.atleast_1d(figure.subplots(1, columns)):
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(INK)
        axes.tick_params(colors=INK, labelsize=9)
        axes.xaxis.label.set_color(INK)
        axes.yaxis.label.set_color(INK)
    return figure, figure.axes[-1]


def styles(names: Sequence[str] | pd.Series) -> dict[str, tuple[str, str]]:
    """Give every name a colour and a marker; the pairs repeat only after 63."""
    unique = sorted(set(names))
    return {name: (COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]) for i, name in enumerate(unique)}


def handles(style: dict[str, tuple[str, str]], size: float = 7) -> list[Line2D]:
    """Make legend entries; a long name takes two lines."""
    names = all_wrapped(style, _LEGEND_LETTERS, 2)
    return [
        Line2D([], [], color=colour, marker=marker, linestyle="", markersize=size, label=names[name])
        for name, (colour, marker) in style.items()
    ]


def plain(text: str) -> str:
    """Keep a dollar sign a dollar sign: two of them would be read as a formula."""
    return text.replace("$", r"\$")


def donor_legend(axes: Axes, style: dict[str, tuple[str, str]], *, below: bool = False) -> None:
    """Name the donors beside the axes, or below them."""
    entries = handles(style)
    if below:
        axes.figure.legend(
            handles=entries, loc="outside lower center", frameon=False, fontsize=8, ncols=narrow_columns(entries),
            columnspacing=1.0, handletextpad=0.3,
        )  # fmt: skip
        return
    axes.legend(
        handles=entries, title="Donor", loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8.5,
        ncols=1 + len(entries) // 13,
    )  # fmt: skip


def are_aslant(arms: Sequence[str], *, is_narrow: bool) -> bool:
    """Return whether arms are named aslant: upright names would run into each other."""
    return is_narrow or len(arms) > _UPRIGHT_ARMS or max(map(len, arms)) > _UPRIGHT_LETTERS


def arm_axis(axes: Axes, arms: Sequence[str], room: float, *, is_narrow: bool) -> None:
    """Name the arms below the axes, the first at 0; each has ``room`` inches."""
    if not are_aslant(arms, is_narrow=is_narrow):
        axes.set_xticks(range(len(arms)), [wrapped(arm) for arm in arms])
    else:
        lines = 1 if is_narrow else min(3, max(1, int(room / _ASLANT_LINE)))
        names = all_wrapped(arms, _SLANTED_LETTERS if lines == 1 else _ASLANT_LETTERS, lines)
        labels = [names[arm] for arm in arms]
        axes.set_xticks(range(len(arms)), labels, rotation=30, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_xlim(-0.5, len(arms) - 0.5)


def narrow_columns(entries: Sequence[Line2D]) -> int:
    """Return how many entries of a legend fit beside each other in a narrow figure."""
    longest = max((len(line) for entry in entries for line in str(entry.get_label()).split("\n")), default=0)
    return max(1, min(len(entries), _NARROW_LETTERS // (longest + 5)))


def log_axis(axes: Axes, which: str) -> None:
    """Log scale with plain numbers: 1-2-5 steps over a wide range, finer ones over a narrow range."""
    axis, limits, scale = (
        (axes.xaxis, axes.get_xlim, axes.set_xscale) if which == "x" else (axes.yaxis, axes.get_ylim, axes.set_yscale)
    )
    scale("log")
    low, high = sorted(limits())
    decades = np.log10(high / low)
    steps = (
        (1.0,)
        if decades > 3
        else (1.0, 2.0, 5.0)
        if decades > 1
        else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
        if decades > 0.6
        else (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
    )
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def wrapped(name: str, letters: int = 11, lines: int = 4) -> str:
    """Break a long name at a comma, a space or an underscore; of more than so many ``lines`` the middle is left out.

    Names of one experiment often differ at their end alone.
    """
    longest = max(letters + 1, 14)  # a little over is better than a broken word
    found: list[str] = []
    for at_commas in (True, False):
        parts = _broken(name, letters, at_commas)
        found = [piece for part in parts for piece in textwrap.wrap(part, longest) or [""]]
        if len(found) <= lines:
            break
    else:
        found = [*found[: lines - 2], found[lines - 2][: longest - 1] + "…", found[-1]] if lines > 1 else [name]
    return plain("\n".join(found))


def _broken(name: str, letters: int, at_commas: bool) -> list[str]:
    parts = [""]
    for part in name.replace("_", "_ ").split(" "):
        joiner = "" if parts[-1].endswith("_") or not parts[-1] else " "
        if parts[-1] and (len(parts[-1] + part) > letters or (at_commas and parts[-1].endswith(","))):
            parts.append(part)
        else:
            parts[-1] += joiner + part
    return parts


def all_wrapped(names: Iterable[str], letters: int, lines: int) -> dict[str, str]:
    """Return every name in at most so many lines; names that are too long are cut where they do not differ."""
    short = all_shortened(names, (letters - 6) * lines)  # lines are not full, since words are not broken
    return {name: wrapped(cut, letters, lines) for name, cut in short.items()}

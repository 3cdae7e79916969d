"""The figures of the page as inline SVG: plate maps with hints under the pointer, every well and the effects."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from osteocount.report.results import Results
from osteocount.wells import canonical_well

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from osteocount.stats import Comparison

MAP_MEASURE = "n_osteoclasts"

_SVG_ID = re.compile(r'(?P<before>\bid="|(?:xlink:)?href="#|url\(#)(?P<name>[^")]+)')


def plate_maps(results: Results) -> list[dict[str, str]]:
    """Draw one map of counts per plate; wells without a place on a plate have none."""
    from osteocount.plate.heatmap import plate_heatmap, shared_limits, well_hints

    placed = results.wells[results.wells["well"].fillna("").astype(str).map(canonical_well) != ""]
    limits = shared_limits(placed, MAP_MEASURE) if len(placed) else None
    maps = []
    for number, (plate, wells) in enumerate(placed.groupby(placed["plate"].fillna(""), sort=True)):
        name = f"plate {plate}" if plate else "the plate"
        draw = partial(plate_heatmap, wells, MAP_MEASURE, limits=limits, title=str(plate) or "Osteoclasts")
        entry = _drawn(draw, f"map{number}", f"Osteoclasts per well of {name}")
        if entry["svg"]:
            entry["svg"] = _with_hints(entry["svg"], f"map{number}", well_hints(wells, MAP_MEASURE))
        maps.append(entry)
    return maps


def _drawn(draw: Callable[[], Figure], name: str, description: str) -> dict[str, str]:
    """Draw a figure inline, or say why it cannot be drawn."""
    try:
        return {"svg": inline_svg(draw(), name, description), "reason": ""}
    except ValueError as error:  # ours, or a name that matplotlib reads as broken mathematics ($…$)
        return {"svg": "", "reason": str(error)}


def _with_hints(svg: str, name: str, hints: dict[str, str]) -> str:
    """Put a title, which browsers show under the pointer, into every well of an inline plate map."""
    from markupsafe import escape

    for well, text in hints.items():
        start = f'<g id="{name}-well-{well}">'
        svg = svg.replace(start, f"{start}<title>{escape(text)}</title>", 1)
    return svg


def comparison_figures(results: Results, comparison: Comparison | None, endpoint: str) -> list[dict[str, str]]:
    """Draw the SuperPlot and the effect plot; a figure that cannot be drawn says why."""
    if comparison is None:
        return []
    from osteocount.stats.estimation_plot import estimation_plot
    from osteocount.stats.figures import effect_plot, superplot

    drawings: tuple[tuple[str, str, str, Callable[[], Figure]], ...] = (
        (
            "superplot",
            "Every well, every donor",
            "Small points are wells, large ones the mean of a donor; a line joins the arms of one donor. Colour and "
            "marker tell donors apart. The donors, not the wells, are the n.",
            lambda: superplot(comparison, results.wells, endpoint),
        ),
        (
            "effects",
            "Size of the effects",
            "Ratio to the control with its 95 % confidence interval (of the arms: for all arms at once). An interval "
            "that crosses 1 does not show a change, and does not show its absence.",
            lambda: effect_plot(comparison, endpoint),
        ),
        (
            "estimation",
            "Donors in every arm, and what the arm does to them",
            "Above, the value of each donor, joined across arms; below, how many times the control each arm has, with "
            "its 95 % interval for all arms at once and the donors' own ratios beside it.",
            lambda: estimation_plot(comparison, endpoint),
        ),
    )
    return [{"title": title, "text": text, **_drawn(draw, name, title)} for name, title, text, draw in drawings]


def inline_svg(figure: Figure, name: str, description: str) -> str:
    """Draw ``figure`` as an SVG element that can stand in a page beside others.

    Every id starts with ``name``, so two figures never share one; the same figure gives the same text.

    Parameters
    ----------
    name
        Letters and digits, unique in the page.
    description
        What a screen reader says.
    """
    import matplotlib as mpl
    from markupsafe import escape

    buffer = io.StringIO()
    no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context({"svg.hashsalt": "osteocount", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata=no_metadata, bbox_inches="tight", facecolor="none")
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :].strip()
    drawing = _SVG_ID.sub(lambda match: f"{match['before']}{name}-{match['name']}", drawing)
    return drawing.replace("<svg", f'<svg role="img" aria-label="{escape(description)}"', 1)

"""The figures of the page: inline as SVG with hints under the pointer, and saved as SVG, PNG and PDF beside it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from osteocount.io.files import atomic_write, safe_stem
from osteocount.report import captions
from osteocount.report.number_format import rounded
from osteocount.report.results import Results
from osteocount.wells import canonical_well

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from osteocount.stats import Comparison

MAP_MEASURE = "n_osteoclasts"
FIGURES = "figures"
_PNG_DPI = 200  # 8 inches are then 1640 pixels, which fill a slide
_PAD = 0.1  # inches around a figure
FORMATS = ("svg", "png", "pdf")
_OPTIONS: dict[str, dict[str, Any]] = {  # how a format is saved, without a date or a version
    "svg": {"metadata": dict.fromkeys(("Creator", "Date", "Format", "Type"))},
    "png": {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 2}},
    "pdf": {"metadata": dict.fromkeys(("Creator", "Producer", "CreationDate"))},
}

_SVG_ID = re.compile(r'(?P<before>\bid="|(?:xlink:)?href="#|url\(#)(?P<name>[^")]+)')
_POINT = re.compile(r"<use (?P<attributes>[^>]*)/>")
_OWN_FILE = re.compile(
    r"(plate_map(_.*)?|superplot|effects|estimation|nuclei_rule|nuclei_per_osteoclast)\.(svg|png|pdf)", re.DOTALL
)


@dataclass(frozen=True)
class PageFigure:
    """A figure, or why there is none.

    Attributes
    ----------
    title, text
        Heading, and the lines below it.
    svg
        To stand in the page; empty where it could not be drawn, for the ``reason``.
    files
        Name of a format and link to the file, relative to the page.
    """

    title: str
    text: str
    svg: str = ""
    reason: str = ""
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Sketch:
    """A figure to be drawn: its name in files and ids, what a screen reader says, and hints put into its SVG."""

    name: str
    title: str
    text: str
    draw: Callable[[], Figure]
    described: str = ""
    hint: Callable[[str], str] | None = None


def remove_figures(folder: Path) -> None:
    """Delete the figures of an earlier report, so that none stays which is drawn no more; other files there stay."""
    with suppress(OSError):  # there is no such folder, or something of somebody else is in it
        for path in (folder / FIGURES).iterdir():
            if _OWN_FILE.fullmatch(path.name):
                path.unlink()
        (folder / FIGURES).rmdir()


def plate_maps(results: Results) -> list[PageFigure]:
    """Draw one map of counts per plate; wells without a place on a plate have none."""
    from osteocount.plate.heatmap import plate_heatmap, shared_limits, well_hints

    placed = results.wells[results.wells["well"].fillna("").astype(str).map(canonical_well) != ""]
    limits = shared_limits(placed, MAP_MEASURE) if len(placed) else None
    sketches = []
    for number, (plate, wells) in enumerate(placed.groupby(placed["plate"].fillna(""), sort=True)):
        name = f"plate {plate}" if plate else "the plate"
        sketches.append(
            _Sketch(
                f"map{number}",
                "",
                "",
                partial(plate_heatmap, wells, MAP_MEASURE, limits=limits, title=str(plate) or "Osteoclasts"),
                f"Osteoclasts per well of {name}",
                partial(_map_hints, name=f"map{number}", plate=str(plate), hints=well_hints(wells, MAP_MEASURE)),
            )
        )
    many = len(sketches) > 1
    files = [safe_stem(f"plate_map_{plate}") if many else "plate_map" for plate in _plates(placed)]
    return [_drawn(results.folder, sketch, file) for sketch, file in zip(sketches, files, strict=True)]


def _plates(placed: pd.DataFrame) -> list[str]:
    return sorted(set(placed["plate"].fillna("").astype(str)))


def _map_hints(svg: str, name: str, plate: str, hints: dict[str, str]) -> str:
    """Put a title, which browsers show under the pointer, into every well of an inline plate map."""
    from markupsafe import escape

    for well, text in hints.items():
        start = f'<g id="{name}-well-{well}"'
        place = escape(f"{plate} {well}".strip())
        svg = svg.replace(f"{start}>", f'{start} data-well="{place}"><title>{escape(text)}</title>', 1)
    return svg


def comparison_figures(
    results: Results, comparison: Comparison | None, endpoint: str, arms: pd.Series, order: Sequence[str]
) -> list[PageFigure]:
    """Draw the SuperPlot, the effects and how they hang on the nuclei; a figure that cannot be drawn says why."""
    sketches = [*_of_comparison(results, comparison, endpoint)] if comparison is not None else []
    in_wells = results.cells["is_osteoclast"].astype(bool) & results.cells["well"].notna()
    if in_wells.any() and any(entry.nuclei_resolved for entry in results.run.inputs):
        sketches.append(_of_nuclei(results, arms, order))
    return [_drawn(results.folder, sketch, sketch.name) for sketch in sketches]


def _of_comparison(results: Results, comparison: Comparison, endpoint: str) -> Iterator[_Sketch]:
    from osteocount.report.nuclei_figures import rule_sensitivity
    from osteocount.stats.endpoints import COUNT
    from osteocount.stats.estimation_plot import estimation_plot
    from osteocount.stats.figures import dose_response, effect_plot, superplot

    yield _Sketch(
        "superplot",
        "Every well, every donor",
        captions.superplot_caption(comparison, endpoint),
        lambda: superplot(comparison, results.wells, endpoint),
        hint=lambda svg: _point_hints(svg, comparison, results.wells, endpoint),
    )
    yield _Sketch(
        "effects",
        "Size of the effects",
        captions.effects_caption(comparison, endpoint),
        lambda: effect_plot(comparison, endpoint),
    )
    yield _Sketch(
        "estimation",
        "Donors in every arm, and what the arm does to them",
        captions.estimation_caption(comparison, endpoint),
        lambda: estimation_plot(comparison, endpoint),
    )
    if _has_dose_response(comparison, endpoint):
        yield _Sketch(
            "dose_response",
            "Dose and response",
            captions.dose_caption(comparison, endpoint),
            lambda: dose_response(comparison, endpoint),
        )
    least = results.min_nuclei or 3
    if (comparison.table["endpoint"] == f"{COUNT}_ge2").any():
        yield _Sketch(
            "nuclei_rule",
            "Does the answer depend on the number of nuclei?",
            captions.rules_caption(comparison, COUNT, least),
            lambda: rule_sensitivity(comparison, least),
        )


def _has_dose_response(comparison: Comparison, endpoint: str) -> bool:
    """Return whether there are doses of the endpoint to draw, on an axis of ratios."""
    links = comparison.table.loc[comparison.table["endpoint"] == endpoint, "link"]
    return any(curve.endpoint == endpoint for curve in comparison.curves) and bool((links != "identity").all())


def _of_nuclei(results: Results, arms: pd.Series, order: Sequence[str]) -> _Sketch:
    from osteocount.report.nuclei_figures import everything, nuclei_distribution

    return _Sketch(
        "nuclei_per_osteoclast",
        "Nuclei per osteoclast",
        "All counted osteoclasts of an arm together, whatever their donor and well: a picture, not a test.",
        lambda: nuclei_distribution(results, arms, order or [everything(results)]),
    )


def _point_hints(svg: str, comparison: Comparison, wells: pd.DataFrame, endpoint: str) -> str:
    """Put a title into every point of a well in the SuperPlot."""
    from osteocount.stats.figures import drawn_wells

    for number, (donor, own) in enumerate(drawn_wells(comparison, wells, endpoint).items()):
        start = svg.find(f'<g id="superplot-wells-{number}"')
        if start < 0:
            continue
        end = svg.find('<g id="', start + 1)
        said = iter(own.to_dict("records"))
        svg = svg[:start] + _POINT.sub(partial(_with_title, said=said, donor=donor), svg[start:end]) + svg[end:]
    return svg


def _with_title(match: re.Match[str], said: Iterator[dict[Any, Any]], donor: str) -> str:
    from markupsafe import escape

    well = next(said, None)
    if well is None:
        return match[0]
    place = " ".join(str(well[key]) for key in ("plate", "well") if str(well.get(key, "")) not in ("", "nan"))
    text = escape(f"{place} · {well['arm']} · {donor} · {rounded(well['value'])}")
    return f'<use {match["attributes"]} data-well="{escape(place)}"><title>{text}</title></use>'


def _drawn(folder: Path, sketch: _Sketch, file: str) -> PageFigure:
    """Draw a figure inline and into its files, or say why it cannot be drawn."""
    try:
        saved = _saved(sketch.draw())
    except ValueError as error:  # ours, or a name that matplotlib reads as broken mathematics ($…$)
        return PageFigure(sketch.title, sketch.text, reason=str(error))
    for kind, content in saved.items():
        with atomic_write(folder / FIGURES / f"{file}.{kind}", durable=False) as draft:  # drawn anew with any report
            draft.write_bytes(content)
    svg = inline_svg(saved["svg"].decode("utf-8"), sketch.name, sketch.described or sketch.title)
    svg = svg if sketch.hint is None else sketch.hint(svg)
    files = tuple((kind.upper(), f"{FIGURES}/{file}.{kind}") for kind in saved)
    return PageFigure(sketch.title, sketch.text, svg, files=files)


def _saved(figure: Figure) -> dict[str, bytes]:
    """Draw ``figure`` in every format. Its layout and its box are found once, which takes longest."""
    import matplotlib as mpl
    from matplotlib.transforms import Bbox

    # The same figure gives the same file: no date, no random ids. Letters stay letters in SVG and PDF, so that a
    # journal can set them.
    with mpl.rc_context({"svg.hashsalt": "osteocount", "svg.fonttype": "none", "pdf.fonttype": 42}):
        figure.draw_without_rendering()
        box = figure.get_tightbbox().padded(_PAD)
        figure.set_layout_engine(None)  # "none" leaves a place for one, and each format would be drawn twice
        drawn = {}
        for kind in FORMATS:
            buffer = io.BytesIO()
            figure.savefig(
                buffer, format=kind, bbox_inches=Bbox(box), facecolor="white", dpi=_PNG_DPI, **_OPTIONS[kind]
            )
            drawn[kind] = buffer.getvalue()
    return drawn


def inline_svg(drawing: str, name: str, description: str) -> str:
    """Make of a drawing an SVG element that can stand in a page beside others.

    Every id starts with ``name``, so two figures never share one; the same drawing gives the same text.

    Parameters
    ----------
    name
        Letters and digits, unique in the page.
    description
        What a screen reader says.
    """
    from markupsafe import escape

    drawing = drawing[drawing.index("<svg") :].strip()
    drawing = _SVG_ID.sub(lambda match: f"{match['before']}{name}-{match['name']}", drawing)
    return drawing.replace("<svg", f'<svg role="img" aria-label="{escape(description)}"', 1)

"""Colours and sizes of what is drawn over pictures."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

import pandas as pd
from napari.utils.colormaps import DirectLabelColormap

from osteocount.io.display import ON_BRIGHT, ON_DARK, CellColours

STRAY_NUCLEUS = "#7F7F7F"  # in no cell
_NUCLEUS_UM = 5.0  # diameter of a point: less than that of a usual nucleus, 8 µm
_NUCLEUS_PX = 6.0


def palette_for(regime: str) -> CellColours:
    """Return the colours that stand out on this kind of picture."""
    return ON_DARK if regime == "fluorescence" else ON_BRIGHT


def cell_legend(palette: CellColours) -> tuple[tuple[str, str], ...]:
    """Return colours and what they mean."""
    return (
        (palette.osteoclast, "osteoclast"),
        (palette.other, "other TRAP-positive cell"),
        (palette.not_counted, "outside the counting frame, not counted"),
    )


def cell_colormap(cells: pd.DataFrame, palette: CellColours) -> DirectLabelColormap:
    """Colour osteoclasts, other TRAP-positive cells, and those the counting frame leaves out, by label."""
    colours: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    for label, is_osteoclast, counted in cells[["cell_id", "is_osteoclast", "counted"]].itertuples(index=False):
        own = palette.osteoclast if is_osteoclast else palette.other
        colours[int(label)] = own if counted else palette.not_counted
    return DirectLabelColormap(color_dict=colours)


def class_colormap(palette: CellColours, *more: str) -> DirectLabelColormap:
    """Colour the classes of `outlines.outline_classes`; ``more``: those from ``SELECTED`` on."""
    colours = ("transparent", palette.osteoclast, palette.other, palette.not_counted, *more)
    by_class: dict[int | None, str] = {None: "transparent", **dict(enumerate(colours))}
    return DirectLabelColormap(color_dict=by_class)


_with_scale_bar: WeakSet[Any] = WeakSet()
"""Canvases that were given a scale bar; whoever takes it off again (View > Scale Bar) does not get it back."""


def show_scale_bar(viewer: Any) -> None:
    """Show napari's scale bar the first time there is a picture whose scale is known."""
    canvas = getattr(viewer, "canvas", None)  # napari 0.9 moved it there
    bar = getattr(getattr(canvas, "overlays", None), "scale_bar", None)
    if bar is None or bar in _with_scale_bar:
        return
    _with_scale_bar.add(bar)
    bar.visible, bar.box = True, True


def nucleus_style(um: float | None) -> dict[str, Any]:
    """Return how points that stand for nuclei look, but for their colours, in a picture of this pixel size."""
    return {
        "size": _NUCLEUS_PX if um is None else _NUCLEUS_UM / um,
        "border_color": "black", "border_width": 0.15, "opacity": 0.9,
    }  # fmt: skip

"""The only file that touches layers: what is in the viewer, and how results are drawn in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pint
from napari.utils.colormaps import DirectLabelColormap
from qtpy.QtCore import QObject, QTimer, Signal

from napari.layers import Image, Labels, Layer
from osteocount.errors import OsteoCountError
from osteocount.napari.counting import LayerCount
from osteocount.napari.large_counting import CountPreview, LargeCount
from osteocount.napari.layers.layer_picture import LayerSnapshot
from osteocount.napari.layers.outline_image import outline_classes
from osteocount.napari.layers.outline_layer import TiledSheet
from osteocount.napari.warm_up import HeapFreeze, precompute_line_dashes
from osteocount.napari.worker import StepQueue


@dataclass(frozen=True)
class Palette:
    """Outline colours, those of the overlays: told apart with every kind of colour vision, and beside purple."""

    osteoclast: str
    other: str
    not_counted: str


ON_BRIGHT = Palette("#FFB000", "#0072BC", "#606060")
ON_DARK = Palette("#FFB000", "#56D7FF", "#CDCDCD")
MICROMETER = pint.get_application_registry().Unit("micrometer")  # type: ignore[no-untyped-call]
"""Made as the plugin is loaded: the first unit takes a fifth of a second, for which no picture should wait."""
CONTOUR_PX = 2  # napari's time for them grows with the square
NUCLEUS = "#FFFFFF"
STRAY_NUCLEUS = "#7F7F7F"
NUCLEUS_UM = 5.0
NUCLEUS_PX = 6.0
# The status bar has room for a handful of features: these come first.
FIRST_FEATURES = ("index", "n_nuclei", "is_osteoclast", "counted", "area_um2", "trap_od_mean", "flags", "confidence")


class ViewerLayers(QObject):
    """The layers of one viewer.

    Signals
    -------
    images_changed
        Names of the image layers, and which one is selected ("" when none is).
    """

    images_changed = Signal(list, str)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers = viewer.layers
        self._viewer = viewer
        self._steps = StepQueue(self)
        self._heap_freeze = HeapFreeze(viewer.layers)
        QTimer.singleShot(0, precompute_line_dashes)
        for event in (self._layers.events.inserted, self._layers.events.removed, self._layers.events.renamed):
            event.connect(self.announce)
        self._layers.selection.events.active.connect(self.announce)

    def disconnect_from_viewer(self) -> None:
        """Hear nothing more, when the dock closes and the viewer stays."""
        self._steps.stop()
        self._heap_freeze.release()
        for event in (self._layers.events.inserted, self._layers.events.removed, self._layers.events.renamed):
            event.disconnect(self.announce)
        self._layers.selection.events.active.disconnect(self.announce)

    def announce(self, event: object = None) -> None:
        """Say which image layers there are."""
        names = [layer.name for layer in self._layers if isinstance(layer, Image)]
        active = self._layers.selection.active
        self.images_changed.emit(names, active.name if isinstance(active, Image) else "")

    def select(self, name: str) -> None:
        """Make the layer ``name`` the selected one."""
        self._layers.selection.active = self._layers[name]

    def picture(self, name: str) -> LayerSnapshot:
        """Describe the image layer ``name``; its pixels are not read here."""
        layer = self._layers[name]
        path = layer.source.path
        data = layer.data[0] if layer.multiscale else layer.data
        return LayerSnapshot(name, Path(path) if path else None, data, bool(layer.rgb), pixel_um(layer))

    def open(self, path: Path) -> None:
        """Open a picture with our own reader, whatever napari prefers for its kind.

        Raises
        ------
        OsteoCountError
            It cannot be read.
        """
        try:
            self._viewer.open(path, plugin="osteocount")
        except Exception as error:  # napari wraps what a reader says
            said = error if isinstance(error, OsteoCountError) else getattr(error, "original_error", error)
            raise OsteoCountError(str(said)) from error

    def show_preview(self, seen: CountPreview) -> None:
        """Draw what has been found of a layer that is still being counted."""
        title = preview_name(seen.layer)
        if title in self._layers:
            self._layers[title].data = seen.cells
        elif seen.layer in self._layers:
            image = self._layers[seen.layer]
            scale = [seen.step * float(side) for side in image.scale[-2:]]
            shift = [float(at) + (seen.step - 1) / 2 * float(side) for at, side in
                     zip(image.translate[-2:], image.scale[-2:], strict=True)]  # fmt: skip
            colours: dict[int | None, str] = {None: "transparent", 0: "transparent", 1: ON_BRIGHT.other}
            self._viewer.add_labels(
                seen.cells, name=title, colormap=DirectLabelColormap(color_dict=colours), opacity=0.7, scale=scale,
                translate=shift, units=image.units[-2:], metadata={"osteocount_preview": True},
            )  # fmt: skip

    def remove_preview(self) -> None:
        """Take away what `show_preview` drew."""
        for title in [layer.name for layer in self._layers if layer.metadata.get("osteocount_preview")]:
            self._layers.remove(title)

    def show_large(self, count: LargeCount, then: Callable[[], object]) -> None:
        """Draw cells and nuclei of a large layer, as `show_result`; only what is on the screen is ever read.

        Raises
        ------
        OsteoCountError
            The layer is not there any more.
        """
        self.remove_preview()
        placed = self._ready(count.layer, count.pixel_um)
        kinds = outline_classes(count.cells, int(count.cells["cell_id"].max()) if len(count.cells) else 0)
        add_cells = partial(
            self._add_cells, TiledSheet(count.labels, kinds).data, name=cells_name(count.layer), multiscale=True,
            colormap=class_colormap(ON_BRIGHT), metadata={"osteocount_files": count.folder}, **placed,
        )  # fmt: skip
        add_nuclei = partial(self._add_nuclei, count.layer, count.nuclei, count.pixel_um, placed)
        self._take_away(count.layer)
        self._steps.start([add_cells, add_nuclei, partial(self._finish, count.layer), then])

    def _ready(self, name: str, um: float | None) -> dict[str, Any]:
        """Return how a result of the layer ``name`` is placed."""
        if name not in self._layers:
            raise OsteoCountError(f"{name} was closed while it was counted; open it and count again.")
        image = self._layers[name]
        if um is not None and pixel_um(image) is None:
            _set_pixel_size(image, um)
            self._viewer.reset_view()
        return {key: getattr(image, key)[-2:] for key in ("scale", "translate", "units")}

    def _take_away(self, name: str) -> None:
        for title in (cells_name(name), nuclei_name(name)):
            if title in self._layers:
                self._layers.remove(title)

    def _add_nuclei(self, name: str, nuclei: pd.DataFrame, um: float | None, placed: dict[str, Any]) -> None:
        points = self._viewer.add_points(
            nuclei[["y_px", "x_px"]].to_numpy(float).reshape(-1, 2),
            name=nuclei_name(name),
            features=nuclei.reset_index(drop=True),
            size=NUCLEUS_PX if um is None else NUCLEUS_UM / um,
            face_color=nucleus_colours(nuclei),
            border_color="black",
            border_width=0.15,
            opacity=0.9,
            **placed,
        )
        points.editable = False

    def show_result(self, count: LayerCount, then: Callable[[], object]) -> None:
        """Draw cells and nuclei over the layer that was counted, in place of those of an earlier count of it.

        Parameters
        ----------
        count
            Of the layer.
        then
            Called once all is shown; layers are made one in each turn of the window's loop.

        Raises
        ------
        OsteoCountError
            The layer is not there any more.
        """
        placed = self._ready(count.layer, count.pixel_um)
        result = count.result
        cells = Labels(
            count.labels,
            name=cells_name(count.layer),
            features=label_features(result.cells),
            colormap=cell_colormap(result.cells, palette_of(count.regime)),
            opacity=0.9,
            **placed,
        )
        add_nuclei = partial(self._add_nuclei, count.layer, result.nuclei, count.pixel_um, placed)
        outline = partial(self._outline, count.layer)
        # Cells come in the turn after those of an earlier count went: OpenGL has crashed on what is painted between.
        self._take_away(count.layer)
        self._steps.start(
            [partial(self._layers.append, cells), add_nuclei, outline, partial(self._finish, count.layer), then]
        )

    def _add_cells(self, labels: Any, **more: Any) -> None:
        self._viewer.add_labels(labels, opacity=0.9, **more)

    def _outline(self, name: str) -> None:
        if cells_name(name) in self._layers:
            self._layers[cells_name(name)].contour = CONTOUR_PX

    def _finish(self, name: str) -> None:
        if cells_name(name) in self._layers:
            self.select(cells_name(name))  # the status bar then shows the cell under the mouse


def cells_name(image: str) -> str:
    """Name of the labels layer that belongs to an image layer."""
    return f"{image} cells"


def preview_name(image: str) -> str:
    """Name of the layer of what has been found so far."""
    return f"{image} cells so far"


def nuclei_name(image: str) -> str:
    """Name of the points layer that belongs to an image layer."""
    return f"{image} nuclei"


def label_features(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells table as napari wants it for labels: column ``index`` holds the label.

    The status bar shows a cell's row under the mouse.
    """
    table = cells.rename(columns={"cell_id": "index"}).reset_index(drop=True)
    return table[[*FIRST_FEATURES, *(name for name in table.columns if name not in FIRST_FEATURES)]]


def palette_of(regime: str) -> Palette:
    """Return the colours that stand out on this kind of picture."""
    return ON_DARK if regime == "fluorescence" else ON_BRIGHT


def cell_colormap(cells: pd.DataFrame, palette: Palette) -> DirectLabelColormap:
    """Colour osteoclasts, other TRAP-positive cells, and those the counting frame leaves out."""
    colours: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    for label, is_osteoclast, counted in cells[["cell_id", "is_osteoclast", "counted"]].itertuples(index=False):
        kind = palette.osteoclast if is_osteoclast else palette.other
        colours[int(label)] = kind if counted else palette.not_counted
    return DirectLabelColormap(color_dict=colours)


def class_colormap(palette: Palette, *more: str) -> DirectLabelColormap:
    """Colour the kinds of `outline.outline_classes`; ``more``: those from ``SELECTED`` on."""
    colours = ("transparent", palette.osteoclast, palette.other, palette.not_counted, *more)
    by_kind: dict[int | None, str] = {None: "transparent", **dict(enumerate(colours))}
    return DirectLabelColormap(color_dict=by_kind)


def nucleus_colours(nuclei: pd.DataFrame) -> str | list[str]:
    """Colour each nucleus by whether it lies in a cell of the table; napari wants one colour when there are none."""
    return [STRAY_NUCLEUS if stray else NUCLEUS for stray in nuclei["cell_id"].isna()] or NUCLEUS


def pixel_um(layer: Layer) -> float | None:
    """Micrometres per pixel of a layer whose units are lengths and whose pixels are square; None otherwise."""
    sides: list[float] = []
    for scale, unit in list(zip(layer.scale, layer.units, strict=True))[-2:]:
        if not unit.is_compatible_with("micrometer"):
            return None
        sides.append(float((float(scale) * unit).to("micrometer").magnitude))
    return sides[0] if math.isclose(*sides, rel_tol=1e-3) else None


def _set_pixel_size(image: Layer, um: float) -> None:
    image.scale = (*image.scale[:-2], um, um)
    image.units = (*image.units[:-2], MICROMETER, MICROMETER)

"""What is in the viewer, and how the result of a count is drawn in it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from weakref import ref

import pandas as pd
from napari.layers import Image, Labels
from napari.utils.colormaps import DirectLabelColormap
from qtpy.QtCore import QObject, QTimer, Signal

from osteocount.errors import OsteoCountError
from osteocount.io.display import NUCLEUS, ON_BRIGHT
from osteocount.io.label_image import TiledLabels
from osteocount.napari.counting import CountPreview, LayerCount, LayerSnapshot
from osteocount.napari.layers.appearance import (
    STRAY_NUCLEUS,
    cell_colormap,
    class_colormap,
    nucleus_style,
    palette_for,
    show_scale_bar,
)
from osteocount.napari.layers.layer_data import MICROMETER, SCENE, pixel_um
from osteocount.napari.layers.outlines import OutlineLayerData, outline_classes
from osteocount.napari.layers.read_only import lock, take_back_paint
from osteocount.napari.worker import StepQueue

_CONTOUR_PX = 2  # napari's time for contours grows with the square
# The status bar has room for a handful of features: these come first.
_FIRST_FEATURES = ("index", "n_nuclei", "is_osteoclast", "counted", "area_um2", "trap_od_mean", "flags", "confidence")


class ViewerLayers(QObject):
    """The layers of one viewer.

    Signals
    -------
    images_changed
        Names of the image layers, and which one is selected ("" when none is).
    problem
        A sentence for the person.
    """

    images_changed = Signal(list, str)
    problem = Signal(str)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers = viewer.layers
        self._viewer = viewer
        self._steps = StepQueue(self)
        # Layers themselves and not their names, which a person may give to others while a picture is counted.
        self._image: Any = None
        self._image_data: Any = None
        self._preview: Any = None
        self._results: list[tuple[ref[Any], list[Any]]] = []  # images and their cells and nuclei
        self._heap_freeze = HeapFreeze(viewer.layers)
        QTimer.singleShot(0, precompute_line_dashes)
        for event in self._announced_events():
            event.connect(self.announce)

    def disconnect_from_viewer(self) -> None:
        """Hear nothing more, when the dock closes and the viewer stays."""
        self._steps.stop()
        self._heap_freeze.release()
        for event in self._announced_events():
            event.disconnect(self.announce)

    def _announced_events(self) -> tuple[Any, ...]:
        events = self._layers.events
        return events.inserted, events.removed, events.renamed, self._layers.selection.events.active

    def announce(self, event: object = None) -> None:
        """Say which image layers there are."""
        names = [layer.name for layer in self._layers if isinstance(layer, Image)]
        active = self._layers.selection.active
        self.images_changed.emit(names, active.name if isinstance(active, Image) else "")

    def select(self, name: str) -> None:
        """Make the layer ``name`` the selected one."""
        self._layers.selection.active = self._layers[name]

    def picture(self, name: str) -> LayerSnapshot:
        """Describe the image layer ``name``, which is to be counted; its pixels are not read here."""
        self._image, self._image_data = self._layers[name], self._layers[name].data
        return self.snapshot(name)

    def snapshot(self, name: str) -> LayerSnapshot:
        """Describe the image layer ``name``; its pixels are not read here."""
        layer = self._layers[name]
        path = layer.source.path
        data = layer.data[0] if layer.multiscale else layer.data
        um = pixel_um(layer.scale, layer.units)
        return LayerSnapshot(
            name, Path(path) if path else None, data, bool(layer.rgb), um, str(layer.metadata.get(SCENE, "")),
            is_scaled=um is None and any(side != 1 for side in layer.scale[-2:]),
        )  # fmt: skip

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

    def show_preview(self, preview: CountPreview) -> None:
        """Draw what has been found of a layer that is still being counted."""
        image = self._image
        if self._preview is not None and self._preview in self._layers:
            self._preview.data = preview.cells
        elif image is not None and image in self._layers:
            scale = [preview.step * float(side) for side in image.scale[-2:]]
            shift = [float(start) + (preview.step - 1) / 2 * float(side) for start, side in
                     zip(image.translate[-2:], image.scale[-2:], strict=True)]  # fmt: skip
            colours: dict[int | None, str] = {None: "transparent", 0: "transparent", 1: ON_BRIGHT.other}
            self._preview = self._viewer.add_labels(
                preview.cells, name=preview_name(image.name), opacity=0.7,
                colormap=DirectLabelColormap(color_dict=colours), scale=scale, translate=shift, units=image.units[-2:],
                metadata={"osteocount_preview": True},
            )  # fmt: skip

    def remove_preview(self) -> None:
        """Take away what `show_preview` drew, and let go of the layer that was counted."""
        if self._preview is not None and self._preview in self._layers:
            self._layers.remove(self._preview)
        self._preview = self._image = self._image_data = None

    def show_count(self, count: LayerCount, then: Callable[[], object]) -> None:
        """Draw cells and nuclei over the layer that was counted, in place of those of an earlier count of it.

        Parameters
        ----------
        count
            Of the layer. Of tiled labels only what is on the screen is ever read.
        then
            Called once all is shown; layers are made one in each turn of the window's loop.

        Raises
        ------
        OsteoCountError
            The layer is not there any more, or shows another picture now.
        """
        image = self._counted_image(count.layer)
        self.remove_preview()
        placed = self._place(image, count.pixel_um)
        earlier = [layer for of, layers in self._results if of() is image for layer in layers]
        own: list[Any] = []
        self._results = [(of, layers) for of, layers in self._results if of() not in (None, image)]
        self._results.append((ref(image), own))
        finish: list[Callable[[], object]] = [partial(self._select_cells, own), then]
        if isinstance(count.labels, TiledLabels):
            add_cells: Callable[[], object] = partial(self._add_outlines, own, image.name, count, count.labels, placed)
        else:
            add_cells = partial(self._add_labels, own, _labels_layer(image.name, count, placed))
            finish.insert(0, partial(self._add_contour, own))
        # Cells come in the turn after those of an earlier count went: OpenGL has crashed on what is painted between.
        for layer in earlier:
            if layer in self._layers:
                self._layers.remove(layer)
        self._steps.start([add_cells, partial(self._add_nuclei, own, image.name, count, placed), *finish])

    def _counted_image(self, name: str) -> Any:
        """Return the layer that was counted, whatever it is called now."""
        image = self._image
        if image is None or image not in self._layers:
            raise OsteoCountError(f"{name} was closed while it was counted; open it and count again.")
        if image.data is not self._image_data:
            raise OsteoCountError(f"{name} was given another picture while it was counted; count it again.")
        return image

    def _place(self, image: Any, um: float | None) -> dict[str, Any]:
        """Return how a result of the layer ``image`` is placed, which gets the pixel size it was counted with."""
        if um is not None and pixel_um(image.scale, image.units) is None:
            image.scale = (*image.scale[:-2], um, um)
            image.units = (*image.units[:-2], MICROMETER, MICROMETER)
            self._viewer.reset_view()
        return {key: getattr(image, key)[-2:] for key in ("scale", "translate", "units")}

    def _add_labels(self, own: list[Any], cells: Labels) -> None:
        self._layers.append(cells)
        own.append(cells)
        lock(cells)
        take_back_paint(cells, self.problem.emit)

    def _add_outlines(
        self, own: list[Any], name: str, count: LayerCount, labels: TiledLabels, placed: dict[str, Any]
    ) -> None:
        cells = count.result.cells
        highest = int(cells["cell_id"].max()) if len(cells) else 0
        outlines = OutlineLayerData(labels, outline_classes(cells, highest))
        # The layer keeps the folder alive that its label image lies in.
        layer = self._viewer.add_labels(
            outlines.data, name=cells_name(name), multiscale=True, opacity=0.9,
            colormap=class_colormap(palette_for(count.result.segmentation.regime)),
            metadata={"osteocount_folder": count.folder}, **placed,
        )  # fmt: skip
        own.append(layer)

    def _add_nuclei(self, own: list[Any], name: str, count: LayerCount, placed: dict[str, Any]) -> None:
        nuclei = count.result.nuclei
        points = self._viewer.add_points(
            nuclei[["y_px", "x_px"]].to_numpy(float).reshape(-1, 2), name=nuclei_name(name),
            features=nuclei.reset_index(drop=True), face_color=nucleus_colours(nuclei),
            **nucleus_style(count.pixel_um), **placed,
        )  # fmt: skip
        own.append(points)
        lock(points)

    def _add_contour(self, own: list[Any]) -> None:
        if own[0] in self._layers:
            own[0].contour = _CONTOUR_PX

    def _select_cells(self, own: list[Any]) -> None:
        if own[0] in self._layers:
            if pixel_um(own[0].scale, own[0].units) is not None:
                show_scale_bar(self._viewer)
            self._layers.selection.active = own[0]  # the status bar then shows the cell under the mouse


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
    return table[[*_FIRST_FEATURES, *(name for name in table.columns if name not in _FIRST_FEATURES)]]


def nucleus_colours(nuclei: pd.DataFrame) -> str | list[str]:
    """Colour each nucleus by whether it lies in a cell of the table; napari wants one colour when there are none."""
    return [STRAY_NUCLEUS if stray else NUCLEUS for stray in nuclei["cell_id"].isna()] or NUCLEUS


def _labels_layer(name: str, count: LayerCount, placed: dict[str, Any]) -> Labels:
    cells, palette = count.result.cells, palette_for(count.result.segmentation.regime)
    return Labels(
        count.labels, name=cells_name(name), features=label_features(cells), opacity=0.9,
        colormap=cell_colormap(cells, palette), **placed,
    )  # fmt: skip


def precompute_line_dashes() -> None:
    """Let vispy work out the dashes of lines, which it keeps; else the first labels layer waits for them."""
    from vispy.visuals.line.dash_atlas import DashAtlas

    DashAtlas()


class HeapFreeze:
    """Sets aside all objects there are, until `release` or until a layer among them is removed.

    A full collection goes through every object of napari, Qt and pandas. That takes a fifth of a second, in which the
    window stands still, and napari asks for one whenever a layer is removed. What is made from now on, and so every
    picture that is opened, is collected as ever.

    Parameters
    ----------
    layers
        Of the viewer.
    """

    def __init__(self, layers: Any) -> None:
        self._layers = layers
        self._present = {id(layer) for layer in layers}
        layers.events.removed.connect(self._on_removed)
        gc.freeze()

    def release(self) -> None:
        """Let the collector see everything again."""
        self._layers.events.removed.disconnect(self._on_removed)
        gc.unfreeze()

    def _on_removed(self, event: Any) -> None:
        if id(event.value) in self._present:  # its pixels must not stay in memory
            self._present = set()
            gc.unfreeze()

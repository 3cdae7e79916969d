"""Layers of the picture under review, and the clicks and strokes on them; what they mean is for others to say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from osteocount.curate import EditedField
from osteocount.curate.edit_log import Point
from osteocount.io.display import NUCLEUS, ON_BRIGHT, ON_DARK
from osteocount.io.label_image import Window
from osteocount.napari.layers.appearance import cell_legend, class_colormap, nucleus_style, show_scale_bar
from osteocount.napari.layers.layer_data import ImageLayerData, scale_and_units
from osteocount.napari.layers.outlines import OutlineLayerData, outline_classes
from osteocount.napari.layers.read_only import lock
from osteocount.napari.worker import StepQueue

CELLS = "Cells under review"
NUCLEI = "Nuclei under review"
PICTURE = "Picture under review"
SELECTED_COLOUR = "#FFFFFF"
PEN_COLOUR = "#00FF66"
NUCLEUS_COLOURS = np.array([(1.0, 1.0, 1.0, 1.0)]), np.array([(0.5, 0.5, 0.5, 1.0)])
"""In a cell, and in none."""
HELP = "Click a cell, Shift-click more. Space: the next in doubt. Home button: the whole picture"
_OURS = {"osteocount_review": True}
CLICK_PX = 4  # of the screen: a drag no longer than this is a click
CLOSE_UP_PX, CLOSE_UP_UM = 350, 120.0
"""A close-up shows a cell this large on the screen, but never less than this much ground."""


class ReviewLayers(QObject):
    """Layers of the picture under review.

    Signals
    -------
    clicked
        (y, x, with Shift) in pixels of the picture.
    stroked
        Points (y, x) of a line drawn in pen mode.
    dragged
        (from, to) of a drag that began on a nucleus.
    """

    clicked = Signal(float, float, bool)
    stroked = Signal(list)
    dragged = Signal(tuple, tuple)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
        self._field: EditedField | None = None
        self._pictures: list[Any] = []
        self._cells: Any = None
        self._nuclei: Any = None
        self._shown_data: list[Any] = []  # of pictures and cells, as `show` left them
        self._placed: dict[str, Any] = {}
        self._on_dark = False
        self._steps = StepQueue(self)
        self._selected: frozenset[int] = frozenset()
        self._outlines: OutlineLayerData  # from the first `show` on
        self.pen = False
        self.cursor = (0.0, 0.0)
        # On the viewer and not on the layers, which come and go, and so that a click counts whichever layer is active.
        viewer.mouse_drag_callbacks.append(self._on_press)
        viewer.mouse_move_callbacks.append(self._on_move)

    def disconnect_from_viewer(self) -> None:
        """Hear nothing more, neither mouse nor keys; what is shown stays."""
        self._steps.stop()
        self.set_pen(False)
        for layer in self.annotation_layers:
            if layer is not None:
                layer.keymap.clear()
        self._field = None
        self._viewer.mouse_drag_callbacks.remove(self._on_press)
        self._viewer.mouse_move_callbacks.remove(self._on_move)

    def show(
        self,
        picture: ImageLayerData | None,
        field: EditedField,
        outlines: OutlineLayerData,
        then: Callable[[], object],
    ) -> None:
        """Show a picture, its outlines and nuclei in place of those before.

        Parameters
        ----------
        picture
            None: without it, only its outlines and nuclei.
        field
            Its cells and nuclei as they are after all edits.
        outlines
            Its outlines, made in a worker.
        then
            Called once it is shown; new layers are made one in each turn of the window's loop.
        """
        self._placed = scale_and_units(field.pixel_um)
        if picture is not None and self._fits(picture, outlines):
            making: list[Callable[[], None]] = [partial(self._reuse, picture, outlines)]
        else:
            making = self._making(picture, outlines)
        self._field, self._selected = None, frozenset()  # clicks mean nothing until the new picture is there
        self._steps.start([*making, partial(self._finish, field, outlines), then])

    def _fits(self, picture: ImageLayerData, outlines: OutlineLayerData) -> bool:
        """Tell whether the layers there are can take other values, which is much faster than making new ones.

        `benchmarks/gui_latency.py` times both. A layer stays multiscale or not for as long as it lives.
        """
        old, channels = self._pictures, picture.channels
        return (
            len(old) == len(channels) > 0
            and not any(isinstance(pixels, list) for pixels in (*channels, outlines.data))
            and all(layer in self._viewer.layers for layer in (*old, self._cells, self._nuclei))
            and not any(layer.multiscale for layer in (*old, self._cells))
            and all(layer.rgb == picture.rgb and layer.data.dtype == pixels.dtype
                    for layer, pixels in zip(old, channels, strict=True))
            and self._on_dark == picture.on_dark
        )  # fmt: skip

    def _reuse(self, picture: ImageLayerData, outlines: OutlineLayerData) -> None:
        values = (*picture.channels, outlines.data, np.empty((0, 2)))
        for layer, value in zip((*self._pictures, self._cells, self._nuclei), values, strict=True):
            layer.data = value
            layer.scale = self._placed.get("scale", (1, 1))
            layer.units = self._placed.get("units", ("pixel", "pixel"))
            layer.translate, layer.visible = (0, 0), True

    def _making(self, picture: ImageLayerData | None, outlines: OutlineLayerData) -> list[Callable[[], None]]:
        """Return the steps that make new layers."""
        self._on_dark = picture is not None and picture.on_dark
        self._palette = ON_DARK if self._on_dark else ON_BRIGHT
        pictures = [partial(self._add_picture, picture, n) for n in range(len(picture.channels))] if picture else []
        return [self._clear, *pictures, partial(self._add_cells, outlines), self._add_nuclei]

    def _clear(self) -> None:
        for title in [layer.name for layer in self._viewer.layers if layer.metadata.get("osteocount_review")]:
            self._viewer.layers.remove(title)
        for layer in self._viewer.layers:
            layer.visible = False
        self._pictures = []

    def _add_picture(self, picture: ImageLayerData, n: int) -> None:
        title = f"{PICTURE} {n + 1}" if n else PICTURE
        about = {"name": title, "metadata": dict(_OURS), **picture.arguments(n), **self._placed}
        self._pictures.append(self._viewer.add_image(picture.channels[n], **about))

    def _add_cells(self, outlines: OutlineLayerData) -> None:
        colormap = class_colormap(self._palette, SELECTED_COLOUR, PEN_COLOUR)
        self._cells = self._viewer.add_labels(
            outlines.data, name=CELLS, colormap=colormap, opacity=0.9, metadata=dict(_OURS), **self._placed
        )
        lock(self._cells, HELP)  # napari's brushes would change outlines and no cell

    def _add_nuclei(self) -> None:
        um = self._placed["scale"][0] if self._placed else None
        self._nuclei = self._viewer.add_points(
            np.empty((0, 2)), name=NUCLEI, face_color=NUCLEUS, metadata=dict(_OURS), **nucleus_style(um), **self._placed
        )
        lock(self._nuclei, HELP)

    def _finish(self, field: EditedField, outlines: OutlineLayerData) -> None:
        self._field, self._outlines = field, outlines
        self._shown_data = [layer.data for layer in (*self._pictures, self._cells)]
        self.show_nuclei()
        self._viewer.layers.selection.active = self._cells
        self._fit()
        if self._placed:
            show_scale_bar(self._viewer)

    def _fit(self) -> None:
        """Show the whole picture, however large what else lies in the viewer is."""
        self._viewer.reset_view()
        everything, own = (np.asarray(each.extent.world)[:, -2:] for each in (self._viewer.layers, self._cells))
        self._camera.zoom *= float(np.min(np.ptp(everything, axis=0) / np.ptp(own, axis=0)))
        self._camera.center = tuple(own.mean(axis=0))

    def refresh_picture(self, _: object = None) -> None:
        """Show what has become known of the picture meanwhile."""
        for layer in self._pictures:
            if layer in self._viewer.layers:
                layer.refresh(extent=False)

    def shows(self, field: EditedField) -> bool:
        """Tell whether what is on the screen is ``field``: its own layers, all there, in one place, and not all hidden.

        A person may delete, move or hide any layer of napari, or put other data into it.
        """
        layers = (*self._pictures, self._cells)
        if self._field is not field or not all(layer in self._viewer.layers for layer in (*layers, self._nuclei)):
            return False
        is_own = all(layer.data is data for layer, data in zip(layers, self._shown_data, strict=True))
        places = {(*layer.scale[-2:], *layer.translate[-2:]) for layer in (*layers, self._nuclei)}
        return is_own and len(places) == 1 and any(layer.visible for layer in layers)

    def busy(self) -> bool:
        """Return True while a picture is on its way to the screen."""
        return self._steps.running()

    @property
    def annotation_layers(self) -> tuple[Any, Any]:
        """Layers of the cells and of the nuclei, one of which is active during a review; for key bindings."""
        return self._cells, self._nuclei

    def legend(self) -> tuple[tuple[str, str], ...]:
        """Return colours and what they mean."""
        return *cell_legend(self._palette), (SELECTED_COLOUR, "selected; nucleus")

    def show_nuclei(self) -> None:
        """Draw the nuclei as they are now."""
        assert self._field is not None  # noqa: S101  `show` came first
        nuclei = list(self._field.nuclei.values())
        self._nuclei.data = np.array([(n.y, n.x) for n in nuclei], float).reshape(-1, 2)
        if nuclei:
            self._nuclei.face_color = np.where([[n.cell_id > 0] for n in nuclei], *NUCLEUS_COLOURS)

    def show_cells(self, cells: pd.DataFrame, changed: Collection[int], window: tuple[slice, slice] | None) -> None:
        """Draw the outlines anew where cells changed, and nowhere else."""
        assert self._field is not None  # noqa: S101  `show` came first
        self._selected = frozenset(cell for cell in self._selected if cell in self._field)
        self._outlines.classes = outline_classes(cells, self._field.next_cell, self._selected)
        for part in [window, *(self._field.box(cell) for cell in changed)]:
            if part is not None:
                self._outlines.redraw(self._cells, part)

    def select(self, cells: Collection[int], table: pd.DataFrame) -> None:
        """Make ``cells`` stand out."""
        assert self._field is not None  # noqa: S101  `show` came first
        before, self._selected = self._selected, frozenset(cells)
        self._outlines.classes = outline_classes(table, self._field.next_cell, self._selected)
        for cell in before ^ self._selected:
            box = self._field.box(cell)
            if box is not None:
                self._outlines.redraw(self._cells, box)

    def zoom_to(self, cell: int) -> None:
        """Bring ``cell`` to the middle of the window, with some ground around it."""
        if self._field is None or (box := self._field.box(cell)) is None:
            return
        um = self._field.pixel_um or 1.0
        middle = [(part.start + part.stop) / 2 * um for part in box]
        side = max(part.stop - part.start for part in box) * um
        self._camera.center = middle
        self._camera.zoom = CLOSE_UP_PX / max(side, CLOSE_UP_UM)

    @property
    def on_dark(self) -> bool:
        """Whether cells are brighter than the ground, as in fluorescence."""
        return self._on_dark

    def pixels(self, window: Window) -> NDArray[Any] | None:
        """Return a part of the picture at hand, of fluorescence its first channel; None where it is not shown."""
        if not self._pictures or self._pictures[0] not in self._viewer.layers:
            return None
        layer = self._pictures[0]
        return np.asarray((layer.data[0] if layer.multiscale else layer.data)[window])

    def show_proposal(self, outline: list[Point]) -> None:
        """Show an outline as the pen draws it, in place of the one before; [] takes it away."""
        if self._is_open():
            self._outlines.show_pen(self._cells, [*outline, *outline[:1]])

    def set_pen(self, on: bool) -> None:
        """In pen mode a drag draws a line instead of moving the picture."""
        self.pen = on
        self._camera.mouse_pan = not on

    def _pixel_at(self, event: Any) -> tuple[float, float]:
        y, x = self._cells.world_to_data(event.position)[-2:]
        return float(y), float(x)

    def _on_move(self, viewer: Any, event: Any) -> None:
        if self._is_open():
            self.cursor = self._pixel_at(event)

    def _is_open(self) -> bool:
        return self._field is not None and self._cells in self._viewer.layers

    def _on_press(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        if not self._is_open() or event.button != 1:
            return
        assert self._field is not None  # noqa: S101  `_is_open`
        start, shift = self._pixel_at(event), "Shift" in event.modifiers
        grabbed = not self.pen and self._field.nucleus_at(*start) is not None
        stroke = [start]
        pan = self._camera.mouse_pan
        self._camera.mouse_pan = pan and not grabbed
        yield
        while event.type == "mouse_move":
            stroke.append(self._pixel_at(event))
            if self.pen:
                self._outlines.trace(self._cells, stroke[-2], stroke[-1])
            yield
        self._camera.mouse_pan = pan
        pixel = 1 / self._camera.zoom / (self._field.pixel_um or 1.0)
        moved = float(np.hypot(*np.subtract(stroke[-1], stroke[0])))
        if self.pen and len(stroke) > 2:
            self._outlines.erase(self._cells, stroke)
            self.stroked.emit(stroke)
        elif moved <= CLICK_PX * pixel:
            self.clicked.emit(*start, shift)
        elif grabbed:
            self.dragged.emit(start, stroke[-1])

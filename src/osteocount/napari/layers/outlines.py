"""Outlines of cells as the data of a labels layer: a picture of a few classes, drawn anew only where a cell changed.

The layer's labels are classes (osteoclast, other, selected ...) and no cells: when a cell changes its class or is
selected, the pixels of its outline change and nothing else, while an image of the cells would need another colormap.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.curate.edit_log import Point
from osteocount.io.label_image import Labels, TiledLabels, Window

NONE, OSTEOCLAST, OTHER, NOT_COUNTED, SELECTED, PEN = range(6)


def outline_classes(cells: pd.DataFrame, highest: int, selected: Collection[int] = ()) -> NDArray[np.uint8]:
    """Return the outline class of every label 0..``highest``.

    Parameters
    ----------
    cells
        ``cell_id``, ``is_osteoclast``, ``counted``.
    highest
        The largest label there is.
    selected
        Cells to stand out.
    """
    classes = np.full(highest + 1, OTHER, np.uint8)
    classes[0] = NONE
    ids = cells["cell_id"].to_numpy(np.int64)
    osteoclast, counted = (cells[name].to_numpy(bool) for name in ("is_osteoclast", "counted"))
    classes[ids[osteoclast]] = OSTEOCLAST
    classes[ids[~counted]] = NOT_COUNTED
    classes[[cell for cell in selected if cell <= highest]] = SELECTED
    return classes


def draw_outlines(labels: Labels, classes: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Draw every cell's inner border in its class.

    Parameters
    ----------
    labels
        (height, width) uint32 cells.
    classes
        From `outline_classes`.
    width
        Of the border, in pixels.
    """
    # float32 holds whole numbers to 2**24 exactly, and OpenCV has no minimum filter for uint32.
    values = labels.astype(np.float32)
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    inside = (cv2.erode(values, kernel) == values) & (cv2.dilate(values, kernel) == values)
    return np.where(inside, np.uint8(NONE), classes[labels])


class OutlineLayerData:
    """Outlines of the cells of one picture, and the pen's trail over them, as the data of a labels layer.

    Of labels in memory ``data`` is an array, and what changes is written with `Labels.data_setitem`, which sends only
    that part to the graphics card. Of tiled labels it is a list of lazy arrays of falling resolution, from which
    napari takes what is on the screen; after a change it is made to ask again.

    Parameters
    ----------
    labels
        (height, width) uint32 cells, changed in place by every correction. Those in memory are drawn here and now,
        so this is for a worker.
    classes
        Of the cells, from `outline_classes`; to be set anew when one changes.

    Attributes
    ----------
    data
        For the layer.
    """

    def __init__(self, labels: Labels | TiledLabels, classes: NDArray[np.uint8]) -> None:
        self.classes = classes
        self._labels = labels
        self._pen: list[Point] = []
        is_tiled = isinstance(labels, TiledLabels)
        steps = labels.downsamples if isinstance(labels, TiledLabels) else (1,)
        self._levels = [_Level(self, n, step, labels.shape, is_tiled=is_tiled) for n, step in enumerate(steps)]
        self.data: Any = self._levels if is_tiled else self._levels[0][:, :]

    def redraw(self, layer: Any, window: Window) -> None:
        """Show the outlines in a window as they are now."""
        width = self._levels[0].line_width
        self._update(layer, _widened(window, width + 1, self._labels.shape))

    def trace(self, layer: Any, start: Point, end: Point) -> None:
        """Show the pen's way from one point to another."""
        self._pen += [end] if self._pen else [start, end]
        self._update(layer, self._window_around([start, end]))

    def show_pen(self, layer: Any, points: list[Point]) -> None:
        """Show a line as the pen draws it, in place of what it drew before."""
        before, self._pen = self._pen, points
        for line in (before, points):
            if line:
                self.redraw(layer, self._window_around(line))

    def erase(self, layer: Any, stroke: list[Point]) -> None:
        """Take the pen's way off again."""
        self._pen = []
        self.redraw(layer, self._window_around(stroke))

    def draw(self, level: int, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """Return outlines and trail in a window of a level, in pixels of that level."""
        width, step, size = self._levels[level].line_width, self._levels[level].step, self._levels[level].shape
        around = _widened((rows, columns), width, size)
        labels = self._labels
        own = labels.read_level(level, *around) if isinstance(labels, TiledLabels) else labels[around]
        top, left = rows.start - around[0].start, columns.start - around[1].start
        drawn = draw_outlines(own, self.classes, width)
        height, width_here = rows.stop - rows.start, columns.stop - columns.start
        drawn = np.ascontiguousarray(drawn[top : top + height, left : left + width_here])
        if self._pen and drawn.size:
            points = np.rint(np.array(self._pen) / step - (rows.start, columns.start)).astype(np.int32)[:, ::-1]
            cv2.polylines(drawn, [np.ascontiguousarray(points)], isClosed=False, color=PEN, thickness=width)
        return drawn

    def _update(self, layer: Any, window: Window) -> None:
        if isinstance(self.data, list):
            layer.refresh(extent=False, thumbnail=False)
            return
        values = self.draw(0, *window)
        ys, xs = np.nonzero(layer.data[window] != values)
        if len(ys):
            layer.data_setitem((ys + window[0].start, xs + window[1].start), values[ys, xs])

    def _window_around(self, points: list[Point]) -> Window:
        size, margin = self._labels.shape, self._levels[0].line_width
        low = np.floor(np.min(points, axis=0)).astype(int) - margin
        high = np.ceil(np.max(points, axis=0)).astype(int) + margin + 1
        rows, columns = (sorted(np.clip((low[n], high[n]), 0, size[n]).tolist()) for n in (0, 1))
        return slice(*rows), slice(*columns)


class _Level:
    """One resolution of an `OutlineLayerData`: as much of an array as a layer needs, drawn where it is indexed."""

    dtype = np.dtype(np.uint8)
    ndim = 2

    def __init__(
        self, outlines: OutlineLayerData, level: int, step: int, size: tuple[int, ...], *, is_tiled: bool
    ) -> None:
        self.step = step
        self.shape: tuple[int, ...] = tuple(-(-side // step) for side in size)
        self.size = self.shape[0] * self.shape[1]
        # Tiled labels are seen at many scales, one pixel of a level on about one of the screen. A picture in memory
        # is shrunk by the graphics card, so its lines are as wide as is seen when all of it is on the screen.
        self.line_width = (2 if step == 1 else 1) if is_tiled else max(1, round(max(size) / 700))
        self._outlines, self._level = outlines, level

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        keys = key if isinstance(key, tuple) else (key,)
        whole = [*(each for each in keys if each is not Ellipsis), slice(None), slice(None)][:2]
        rows, columns = (
            slice(*part.indices(side)[:2]) if isinstance(part, slice) else slice(int(part), int(part) + 1)
            for part, side in zip(whole, self.shape, strict=True)
        )
        drawn = self._outlines.draw(self._level, rows, columns)
        inside = tuple(slice(None, None, part.step) if isinstance(part, slice) else 0 for part in whole)
        return np.asarray(drawn[inside])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:, :], dtype)


def _widened(window: Window, margin: int, size: tuple[int, ...]) -> Window:
    """Return ``window`` with a margin, inside a picture of ``size``."""
    rows, columns = window
    return (
        slice(max(0, rows.start - margin), min(size[0], rows.stop + margin)),
        slice(max(0, columns.start - margin), min(size[1], columns.stop + margin)),
    )

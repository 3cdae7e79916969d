"""The layer of outlines as something to draw on: a whole picture in memory, or a large one drawn where it is seen."""

from __future__ import annotations

from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.curate import EditedField
from osteocount.io.label_image import TiledLabels, Window
from osteocount.napari.layers import outline_image

At = tuple[float, float]
OutlineClasses = NDArray[np.uint8]


class Sheet(Protocol):
    """Outlines of the cells of a picture.

    Attributes
    ----------
    data
        What the layer shows.
    kinds
        The kind of every cell, as of `outline.outline_classes`.
    """

    data: Any
    kinds: OutlineClasses

    def redraw(self, layer: Any, window: Window) -> None:
        """Draw the outlines in a window anew."""
        ...

    def trace(self, layer: Any, start: At, end: At) -> None:
        """Show the pen's way from one point to another."""
        ...

    def erase(self, layer: Any, stroke: list[At]) -> None:
        """Take the pen's way off again."""
        ...


class WholeSheet:
    """Outlines in memory; what changes is written through napari's own way, which draws only that.

    Parameters
    ----------
    field
        The picture.
    drawn
        (height, width) from `outline.drawing`, made in a worker.
    kinds
        Of its cells.
    """

    def __init__(self, field: EditedField, drawn: NDArray[np.uint8], kinds: OutlineClasses) -> None:
        self.data, self.kinds, self._field = drawn, kinds, field
        self._width = outline_image.width_for(field.labels.shape)

    def redraw(self, layer: Any, window: Window) -> None:
        """Draw the outlines in a window anew."""
        labels = self._field.labels
        place = outline_image.widened(window, self._width + 1, labels.shape)
        around = outline_image.widened(place, self._width, labels.shape)
        drawn = outline_image.outlines(labels[around], self.kinds, self._width)
        top, left = place[0].start - around[0].start, place[1].start - around[1].start
        height, width = place[0].stop - place[0].start, place[1].stop - place[1].start
        self._paint(layer, place, drawn[top : top + height, left : left + width])

    def trace(self, layer: Any, start: At, end: At) -> None:
        """Show the pen's way from one point to another."""
        window = self._around([start, end])
        trail = np.zeros(layer.data[window].shape, np.uint8)
        ends = [(round(p[1]) - window[1].start, round(p[0]) - window[0].start) for p in (start, end)]
        cv2.line(trail, ends[0], ends[1], color=1, thickness=self._width)
        self._paint(layer, window, np.where(trail > 0, np.uint8(outline_image.PEN), layer.data[window]))

    def erase(self, layer: Any, stroke: list[At]) -> None:
        """Take the pen's way off again."""
        self.redraw(layer, self._around(stroke))

    def _paint(self, layer: Any, place: Window, values: NDArray[np.uint8]) -> None:
        ys, xs = np.nonzero(layer.data[place] != values)
        if len(ys):
            layer.data_setitem((ys + place[0].start, xs + place[1].start), values[ys, xs])

    def _around(self, points: list[At]) -> Window:
        size = self._field.labels.shape
        low = np.floor(np.min(points, axis=0)).astype(int) - self._width
        high = np.ceil(np.max(points, axis=0)).astype(int) + self._width + 1
        rows, columns = (sorted(np.clip((low[n], high[n]), 0, size[n]).tolist()) for n in (0, 1))
        return slice(*rows), slice(*columns)


class TiledSheet:
    """Outlines of a large picture, drawn for what is on the screen and nothing else.

    Parameters
    ----------
    labels
        The cells as they are, after every change.
    kinds
        Of the cells.
    """

    def __init__(self, labels: TiledLabels, kinds: OutlineClasses) -> None:
        self._labels, self.kinds = labels, kinds
        self._pen: list[At] = []
        self.data: list[_Level] = [_Level(self, labels, n) for n in range(len(labels.downsamples))]

    def redraw(self, layer: Any, window: Window) -> None:
        """Draw what is on the screen anew."""
        layer.refresh(extent=False, thumbnail=False)

    def trace(self, layer: Any, start: At, end: At) -> None:
        """Show the pen's way from one point to another."""
        self._pen += [end] if self._pen else [start, end]
        layer.refresh(extent=False, thumbnail=False)

    def erase(self, layer: Any, stroke: list[At]) -> None:
        """Take the pen's way off again."""
        self._pen = []
        layer.refresh(extent=False, thumbnail=False)

    def drawn(self, level: int, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """Return the outlines in a window of the copy ``level``, in pixels of that copy."""
        step, size = self._labels.downsamples[level], self.data[level].shape
        width = 2 if step == 1 else 1
        around = outline_image.widened((rows, columns), width, size)
        drawn = outline_image.outlines(self._labels.read_level(level, *around), self.kinds, width)
        top, left = rows.start - around[0].start, columns.start - around[1].start
        seen = np.ascontiguousarray(
            drawn[top : top + rows.stop - rows.start, left : left + columns.stop - columns.start]
        )
        if self._pen:
            points = np.rint(np.array(self._pen) / step - (rows.start, columns.start)).astype(np.int32)[:, ::-1]
            cv2.polylines(
                seen, [np.ascontiguousarray(points)], isClosed=False, color=outline_image.PEN, thickness=width
            )
        return seen


class _Level:
    """One level of a `TiledSheet`, as much of an array as a layer needs."""

    dtype = np.dtype(np.uint8)
    ndim = 2

    def __init__(self, sheet: TiledSheet, labels: TiledLabels, level: int) -> None:
        step = labels.downsamples[level]
        self.shape: tuple[int, ...] = tuple(-(-side // step) for side in labels.shape)
        self.size = self.shape[0] * self.shape[1]
        self._sheet, self._level = sheet, level

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        keys = key if isinstance(key, tuple) else (key,)
        whole = [*(each for each in keys if each is not Ellipsis), slice(None), slice(None)][:2]
        rows, columns = (
            slice(*part.indices(side)[:2]) if isinstance(part, slice) else slice(int(part), int(part) + 1)
            for part, side in zip(whole, self.shape, strict=True)
        )
        seen = self._sheet.drawn(self._level, rows, columns)
        inside = tuple(slice(None, None, part.step) if isinstance(part, slice) else 0 for part in whole)
        return np.asarray(seen[inside])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:, :], dtype)

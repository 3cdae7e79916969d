"""Bodies of cells packed side by side, so that each is worked on alone and bare plastic costs nothing.

A body is a connected component of the cell mask: a cell, or a heap of cells that touch. The packing is by shelves
(next-fit decreasing height). Nothing outside it has a say in how it is cut into cells. So a body gives the same
cells in whichever window of the picture it is seen, as long as it is seen whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.morphology import ByteMask

#: Windows begin at multiples of this, where the light and halved maps have their grids.
GRID = 64
_MARGIN = 2  # pixels around a body that are laid out with it, so that its edge can be judged
_GAP = 4  # and empty pixels between bodies; a multiple of 4, see `_packed`
# Pixels by which a body that the picture's border cuts is continued beyond it, by its last row or column, so that
# no cell seems to end there. What chose 32 is not recorded.
_BEYOND = 32
_WIDTH = 1024  # of the packing in pixels, unless a body is wider

#: Something of each side of a window: above, below, left and right.
Sides = tuple[bool, bool, bool, bool]
Value = TypeVar("Value", np.float32, np.int32, np.uint8)


@dataclass(frozen=True)
class Crop:
    """Where a body lies in its window, and where in the packing.

    Attributes
    ----------
    label
        Its label among the bodies of the window.
    y, x, height, width
        Its crop in the window, in pixels.
    beyond
        How far it is continued on the packing above, below, left and right of the crop.
    row, column
        Of the crop's corner on the packing.
    """

    label: int
    y: int
    x: int
    height: int
    width: int
    beyond: tuple[int, int, int, int]
    row: int = 0
    column: int = 0

    @property
    def window(self) -> tuple[slice, slice]:
        """The crop in the window."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    @property
    def on_packing(self) -> tuple[slice, slice]:
        """The crop on the packing."""
        return slice(self.row, self.row + self.height), slice(self.column, self.column + self.width)

    @property
    def continued(self) -> tuple[slice, slice]:
        """The crop on the packing with what continues it."""
        above, below, left, right = self.beyond
        return (
            slice(self.row - above, self.row + self.height + below),
            slice(self.column - left, self.column + self.width + right),
        )


@dataclass(frozen=True)
class PackedBodies:
    """Bodies laid side by side.

    Attributes
    ----------
    crops
        One for each body.
    shape
        (height, width) of the packing.
    mask
        1 inside bodies, on the packing.
    real
        1 where the packing shows the picture, not what continues it; None when nothing is continued.
    """

    crops: tuple[Crop, ...]
    shape: tuple[int, int]
    mask: ByteMask
    real: ByteMask | None

    def lay(self, values: NDArray[Value], *, beyond: bool) -> NDArray[Value]:
        """Lay out a map of the window; ``beyond``: continued over the picture's border, else 0 there."""
        out = np.zeros((*self.shape, *values.shape[2:]), values.dtype)
        for crop in self.crops:
            if beyond and any(crop.beyond):
                out[crop.continued] = _continued(values[crop.window], crop.beyond)
            else:
                out[crop.on_packing] = values[crop.window]
        return out

    def strips(self, count: int) -> list[slice]:
        """Cut the packing between bodies into at most ``count`` strips of rows with about as much of them in each.

        What is found on the strips, one after the other, is what is found on the whole.
        """
        taken = np.zeros(self.shape[0] + 1, np.int64)
        for crop in self.crops:
            rows = crop.continued[0]
            taken[max(0, rows.start - _GAP // 2)] += 1
            taken[min(self.shape[0], rows.stop + _GAP // 2)] -= 1
        free = np.flatnonzero(np.cumsum(taken)[:-1] == 0)
        free = free[free % 4 == 0]
        filled = np.cumsum(cv2.reduce(self.mask, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S))
        wanted = np.searchsorted(filled, filled[-1] * np.arange(1, count) / count)
        cuts = [int(free[np.argmin(np.abs(free - row))]) for row in wanted] if free.size else []
        return [slice(top, bottom) for top, bottom in pairwise(sorted({0, *cuts, self.shape[0]}))]

    def within(self, labels: NDArray[np.int32]) -> NDArray[np.int32]:
        """Blank what continues bodies over the picture's border."""
        return labels if self.real is None else labels * self.real

    def in_window(self, y: NDArray[np.intp], x: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return where in the window pixels of the packing lie."""
        shift = np.array([(p.y - p.row, p.x - p.column) for p in self.crops], np.intp).reshape(-1, 2)
        dy, dx = shift[self._crop_at[y, x]].T
        return y + dy, x + dx

    @cached_property
    def _crop_at(self) -> NDArray[np.int32]:
        """(height, width) which crop lies where on the packing."""
        which = np.zeros(self.shape, np.int32)
        for n, crop in enumerate(self.crops):
            which[crop.on_packing] = n
        return which


@dataclass(frozen=True)
class Bodies:
    """Bodies of a window, each in its crop.

    Attributes
    ----------
    labels
        (height, width) int32 of the window.
    crops
        Of those that are to be worked on.
    """

    labels: NDArray[np.int32]
    crops: tuple[Crop, ...]

    def around(self, pixels: int) -> tuple[slice, slice]:
        """Return the part of the window, begun on the grid, that lies within so many pixels of these bodies."""
        top, left = (min((getattr(p, name) for p in self.crops), default=0) for name in ("y", "x"))
        bottom = max((p.y + p.height for p in self.crops), default=1)
        right = max((p.x + p.width for p in self.crops), default=1)
        down, along = (max(0, first - pixels) // GRID * GRID for first in (top, left))
        return slice(down, bottom + pixels), slice(along, right + pixels)

    def mask(self) -> ByteMask:
        """Return (height, width), 1 inside the bodies that are to be worked on."""
        chosen = np.zeros(int(self.labels.max(initial=0)) + 1, np.uint8)
        chosen[[crop.label for crop in self.crops]] = 1
        return chosen[self.labels]


def connected_bodies(mask: ByteMask, border: Sides = (True, True, True, True)) -> Bodies:
    """Return every connected body of a window's ``mask``; ``border`` tells which sides are the picture's own."""
    from scipy.ndimage import find_objects

    _, labels = cv2.connectedComponents(mask, connectivity=4, ltype=cv2.CV_32S)
    boxes = enumerate(find_objects(labels), start=1)
    crops = (_crop(label, y, x, mask.shape, border) for label, (y, x) in boxes)
    return Bodies(np.asarray(labels, np.int32), tuple(crops))


def pack_bodies(bodies: Bodies) -> PackedBodies:
    """Lay bodies out side by side."""
    crops = _packed(bodies.crops)
    height = max((p.row + p.height + p.beyond[1] for p in crops), default=0) + _GAP
    width = max([_WIDTH, *(p.column + p.width + p.beyond[3] + _GAP for p in crops)])
    width = -(-width // 64) * 64 + 64  # what OpenCV computes differently at the end of a row lies in no body
    mask = np.zeros((height, width), np.uint8)
    real = np.zeros_like(mask) if any(any(p.beyond) for p in crops) else None
    for crop in crops:
        own = (bodies.labels[crop.window] == crop.label).view(np.uint8)
        mask[crop.continued] = _continued(own, crop.beyond) if any(crop.beyond) else own
        if real is not None:
            real[crop.on_packing] = 1
    return PackedBodies(crops, (height, width), mask, real)


def bodies_in_place(bodies: Bodies) -> PackedBodies:
    """Leave bodies where they lie: the window is their packing, and one crop holds them all."""
    mask = bodies.mask()
    left, top, width, height = cv2.boundingRect(mask)
    crop = Crop(0, top, left, height, width, (0, 0, 0, 0), top, left)
    return PackedBodies((crop,) if bodies.crops else (), (mask.shape[0], mask.shape[1]), mask, None)


def _crop(label: int, y: slice, x: slice, shape: tuple[int, int], border: Sides) -> Crop:
    top, left = max(0, y.start - _MARGIN), max(0, x.start - _MARGIN)
    bottom, right = min(shape[0], y.stop + _MARGIN), min(shape[1], x.stop + _MARGIN)
    reached = y.start == 0, y.stop == shape[0], x.start == 0, x.stop == shape[1]
    above, below, before, behind = (_BEYOND * (own and at) for own, at in zip(border, reached, strict=True))
    return Crop(label, top, left, bottom - top, right - left, (above, below, before, behind))


def _packed(crops: tuple[Crop, ...]) -> tuple[Crop, ...]:
    """Put the places on shelves, tall ones first.

    Rows and columns keep the remainder by 4 that they have in the window, since OpenCV numbers components by blocks of
    two pixels.
    """
    out = []
    top, left, tallest = 0, 0, 0
    width = max([_WIDTH, *(p.width + p.beyond[2] + p.beyond[3] + 2 * _GAP + 4 for p in crops)])
    for p in sorted(crops, key=lambda p: -(p.height + p.beyond[0] + p.beyond[1])):
        column = _congruent(left + _GAP + p.beyond[2], p.x)
        if column + p.width + p.beyond[3] + _GAP > width:
            # A shelf begins where `strips` can cut.
            top, left, tallest = _congruent(top + tallest + _GAP // 2, 0), 0, 0
            column = _congruent(_GAP + p.beyond[2], p.x)
        row = _congruent(top + _GAP + p.beyond[0], p.y)
        out.append(Crop(p.label, p.y, p.x, p.height, p.width, p.beyond, row, column))
        left = column + p.width + p.beyond[3]
        tallest = max(tallest, row + p.height + p.beyond[1] - top)
    return tuple(out)


def _congruent(least: int, like: int) -> int:
    """Return the smallest number from ``least`` on with the same remainder by 4 as ``like``."""
    return least + (like - least) % 4


def _continued(values: NDArray[Any], beyond: tuple[int, int, int, int]) -> NDArray[Any]:
    above, below, left, right = beyond
    return np.asarray(cv2.copyMakeBorder(values, above, below, left, right, cv2.BORDER_REPLICATE))

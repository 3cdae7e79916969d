"""One picture under correction: labels, nuclei and what a person said of each cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import hypot, inf
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from osteocount.curate.edit_log import CellRef, Point
from osteocount.io.label_image import Labels, TiledLabels, Window, bounding_boxes
from osteocount.measure import Shape, measure_shapes

CLICK_RADIUS_UM = 4.0
"""A click this close to the centre of a nucleus means that nucleus; half the diameter of a usual one."""
CLICK_RADIUS_PX = 6.0
"""The same where the pixel size is unknown. Its origin is not recorded."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Nucleus:
    """One nucleus; ``cell_id`` 0: in no cell, ``score`` NaN: placed by a person."""

    y: float
    x: float
    score: float
    cell_id: int


@dataclass(frozen=True)
class Mark:
    """What a person did to one cell.

    Attributes
    ----------
    shape
        Measured anew since its pixels changed; None: as segmented.
    drawn, accepted, recounted
        The person drew it, accepted it, changed its nuclei.
    is_osteoclast
        The person's word against the rule; None: the rule.
    trap_od
        Mean TRAP optical density where it follows from the parts, NaN where it does not; None: as segmented.
    """

    shape: Shape | None = None
    drawn: bool = False
    accepted: bool = False
    recounted: bool = False
    is_osteoclast: bool | None = None
    trap_od: float | None = None


@dataclass(frozen=True)
class Change:
    """What one edit changed, so that it can be shown and taken back. ``None`` stands for "not there".

    ``new_cells`` and ``new_nuclei`` numbers were given out; taken back, they are given out again, so that the same
    log gives the same numbers however often something was undone on the way.
    """

    window: Window | None
    before: Labels | None
    after: Labels | None
    nuclei: Mapping[int, tuple[Nucleus | None, Nucleus | None]]
    marks: Mapping[int, tuple[Mark | None, Mark | None]]
    new_cells: int = 0
    new_nuclei: int = 0

    def reversed(self) -> Change:
        """Return the change that takes this one back."""
        nuclei = {key: pair[::-1] for key, pair in self.nuclei.items()}
        marks = {key: pair[::-1] for key, pair in self.marks.items()}
        return Change(self.window, self.after, self.before, nuclei, marks, -self.new_cells, -self.new_nuclei)

    @property
    def cells(self) -> set[int]:
        """Numbers of the cells concerned."""
        return set(self.marks)


@dataclass
class EditedField:
    """The state that edits change.

    Attributes
    ----------
    labels
        (height, width) uint32; changed in place, and never gone through as a whole after the start.
    nuclei
        By number.
    marks
        Of the cells a person touched, by number.
    trap_od
        Of the automatic cells, by number.
    pixel_um
        Micrometres per pixel, None when unknown.
    """

    labels: Labels | TiledLabels
    nuclei: dict[int, Nucleus]
    trap_od: dict[int, float]
    pixel_um: float | None = None
    marks: dict[int, Mark] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._boxes = bounding_boxes(self.labels)
        self._there = set(self._boxes)
        self.next_cell = max(self._boxes, default=0) + 1
        self.next_nucleus = max(self.nuclei, default=0) + 1

    @classmethod
    def of_tables(
        cls, labels: Labels | TiledLabels, cells: pd.DataFrame, nuclei: pd.DataFrame, pixel_um: float | None
    ) -> EditedField:
        """Start from the automatic result of a picture; ``labels`` is copied."""
        rows = nuclei[["nucleus_id", "y_px", "x_px", "score", "cell_id"]]
        return cls(
            labels.copy(),
            {
                int(n): Nucleus(float(y), float(x), float(score), 0 if pd.isna(cell) else int(cell))
                for n, y, x, score, cell in rows.itertuples(index=False)
            },
            dict(zip(cells["cell_id"].astype(int), cells["trap_od_mean"].astype(float), strict=True)),
            pixel_um,
        )

    @property
    def click_radius_px(self) -> float:
        """How far from a nucleus a click still means it, in pixels."""
        return CLICK_RADIUS_PX if self.pixel_um is None else CLICK_RADIUS_UM / self.pixel_um

    def mark(self, cell: int) -> Mark:
        """Return what a person said of ``cell``."""
        return self.marks.get(cell, Mark())

    def box(self, cell: int) -> Window | None:
        """Return the smallest window that holds ``cell``; None when it is not there."""
        shape = self.mark(cell).shape
        if shape is not None:
            return np.s_[shape.top : shape.bottom, shape.left : shape.right]
        return self._boxes.get(cell) if cell in self else None

    def __contains__(self, cell: object) -> bool:
        return cell in self._there

    def gone(self) -> set[int]:
        """Return the automatic cells that are not there any more."""
        return self._boxes.keys() - self._there

    def cell_at(self, y: float, x: float) -> int:
        """Return the cell under a point; 0 is none."""
        row, column = round(y), round(x)
        height, width = self.labels.shape
        return int(self.labels[row, column]) if 0 <= row < height and 0 <= column < width else 0

    def nucleus_at(self, y: float, x: float) -> int | None:
        """Return the nearest nucleus within reach of a point."""
        near = [
            (hypot(n.y - y, n.x - x), key) for key, n in self.nuclei.items() if abs(n.y - y) <= self.click_radius_px
        ]
        distance, key = min(near, default=(inf, 0))
        return key if distance <= self.click_radius_px else None

    def nuclei_of(self, cells: Iterable[int]) -> dict[int, Nucleus]:
        """Return the nuclei of some cells."""
        wanted = set(cells)
        return {key: nucleus for key, nucleus in self.nuclei.items() if nucleus.cell_id in wanted}

    def reference(self, cell: int) -> CellRef:
        """Describe ``cell`` for the log: the pixel deepest inside it finds it again."""
        box = self.box(cell)
        if box is None:
            raise KeyError(cell)
        inside = np.pad(self.labels[box] == cell, 1)
        y, x = np.unravel_index(int(ndimage.distance_transform_cdt(inside).argmax()), inside.shape)
        top, left = box[0].start - 1, box[1].start - 1
        return CellRef(cell_id=cell, y=top + int(y), x=left + int(x), area_px=int(inside.sum()))

    def find(self, references: Iterable[CellRef]) -> list[int] | None:
        """Find the cells an edit means; None when one of them is not there any more.

        A cell is the one under the pixel, if its size is within a factor of two; so edits hold after a new
        segmentation, where numbers differ, and are not applied to something else.
        """
        found: list[int] = []
        for reference in references:
            cell = self.cell_at(reference.y, reference.x)
            box = self.box(cell) if cell else None
            if box is None or cell in found:
                return None
            area = int((self.labels[box] == cell).sum())
            if not 0.5 <= area / reference.area_px <= 2:
                return None
            found.append(cell)
        return found

    def commit(self, change: Change) -> None:
        """Make a change, or take one back when given reversed."""
        if change.window is not None and change.after is not None:
            self.labels[change.window] = change.after
            # The window holds these cells whole, so what is not in it is nowhere.
            self._there.difference_update(change.marks)
            self._there |= set(np.unique(change.after).tolist()) & set(change.marks)
        _update(self.nuclei, change.nuclei)
        _update(self.marks, change.marks)
        self.next_cell += change.new_cells
        self.next_nucleus += change.new_nuclei

    def shape_of(self, labels: Labels, window: Window, cell: int) -> Shape | None:
        """Measure ``cell`` in ``labels``, the pixels of ``window``; None when none of it is left."""
        mask = (labels == cell).astype(np.uint32)
        shapes = measure_shapes(mask)
        if not shapes:
            return None
        shape, (top, left) = shapes[0], (window[0].start, window[1].start)
        return replace(
            shape, label=cell, y_px=shape.y_px + top, x_px=shape.x_px + left, top=shape.top + top,
            bottom=shape.bottom + top, left=shape.left + left, right=shape.right + left,
        )  # fmt: skip

    def trap_of(self, cell: int) -> float:
        """Return the mean TRAP optical density of ``cell``, NaN when unknown."""
        marked = self.mark(cell).trap_od
        return self.trap_od.get(cell, np.nan) if marked is None else marked


def _update(target: dict[int, _T], pairs: Mapping[int, tuple[_T | None, _T | None]]) -> None:
    for key, (_, after) in pairs.items():
        if after is None:
            target.pop(key, None)
        else:
            target[key] = after


def points_array(points: Iterable[Point]) -> NDArray[np.float64]:
    """Return (n, 2) y, x."""
    return np.array(list(points), float).reshape(-1, 2)

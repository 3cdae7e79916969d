"""Which cells of a picture are counted, and in which area, so that large cells are missed no more often than others.

A field shows a part of a well, and its borders cut cells. The unbiased counting frame (Gundersen 1977, J Microsc
111:219) has a guard area around it, because a cell must be judged by all of it: what is left of a cut giant holds fewer
nuclei and falls below the rule. Here a cell is counted by one point, the upper left corner of the rectangle around it,
where the picture goes on for a guard zone below and to the right of that point. So every counted cell no larger than
the guard zone is seen whole, no cell is counted by two fields, and count ÷ area of such points is unbiased for any size
up to that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.measure.shape import Shape
from osteocount.segment.preprocess.analysed_area import EVERYTHING, AnalysedArea
from osteocount.segment.preprocess.unimaged import UnimagedArea
from osteocount.segment.preprocess.well_mask import Circle
from osteocount.segment.segmentation import Segmentation
from osteocount.settings import PictureSettings

Rule = Literal["every cell", "guard zone", "two borders"]

LEAST_COUNTED = 0.5
"""Share of the analysed area that has to be left to count in; a guard zone that leaves less is not used."""
_BESIDE_UM = 2.0  # from what was never imaged within which a cell was cut by it: outlines end a little before it
_STRIP_ROWS = 2048  # rows looked at together; the memory of a strip, not of a well


@dataclass(frozen=True)
class CountingFrame:
    """The rule by which cells of one picture are counted.

    Attributes
    ----------
    shape
        (height, width) of the picture.
    rule
        ``every cell``: the whole well is in the picture. ``guard zone``: see the module. ``two borders``: cells cut by
        the upper or left border are not counted, and the others are judged by what is seen of them; in pictures too
        small for a guard zone.
    guard_px
        Width of the guard zone.
    beside_px
        From what was never imaged within which a cell was cut by it.
    area
        The analysed part of the picture.
    """

    shape: tuple[int, int]
    rule: Rule = "two borders"
    guard_px: int = 0
    beside_px: int = 2
    area: AnalysedArea = field(default=EVERYTHING, repr=False)

    def cut_by(self, shape: Shape, mask: NDArray[np.bool_]) -> tuple[bool, bool]:
        """Tell whether a cell is cut above or on its left, and below or on its right.

        Parameters
        ----------
        shape
            The cell.
        mask
            (height, width) of the rectangle around it, True inside.
        """
        height, width = self.shape
        first, last = shape.top == 0 or shape.left == 0, shape.bottom == height or shape.right == width
        around = self.beside_px
        gap = self._gap(shape.top - around, shape.bottom + around, shape.left - around, shape.right + around)
        if not gap.any():
            return first, last
        cell = np.pad(mask, around).astype(np.uint8)
        # Pixels that the cell reaches when it is moved that far up or left, and down or right.
        kernel = np.zeros((2 * around + 1, 2 * around + 1), np.uint8)
        kernel[around, around:] = kernel[around:, around] = 1
        before = cv2.dilate(cell, kernel[::-1, ::-1].copy(), borderType=cv2.BORDER_CONSTANT, borderValue=0)
        behind = cv2.dilate(cell, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        return first or bool((gap & (behind > 0)).any()), last or bool((gap & (before > 0)).any())

    def counts(self, shape: Shape, *, cut_first: bool) -> bool:
        """Tell whether a cell is counted; ``cut_first``: it is cut above or on its left."""
        if self.rule == "every cell":
            return True
        if cut_first or self.rule == "two borders":
            return not cut_first
        y, x, guard = shape.top, shape.left, self.guard_px
        inside = y < self.shape[0] - guard and x < self.shape[1] - guard
        return inside and not self._gap(y, y + guard, x, x + guard).any()

    def pixels(self) -> tuple[int, int]:
        """Return how many pixels were analysed, and in how many of them cells are counted."""
        height, width = self.shape
        framed, guard = self.rule == "guard zone", self.guard_px
        if self.area.is_everything:
            return height * width, max(0, height - guard) * max(0, width - guard) if framed else height * width
        columns, analysed, counted = np.arange(width), 0, 0
        for top in range(0, height, _STRIP_ROWS):
            rows = np.arange(top, min(top + _STRIP_ROWS, height))
            inside = self.area.contains(rows, columns)
            analysed += int(np.count_nonzero(inside))
            if framed:
                inside[max(0, height - guard - top) :] = False
                inside[:, max(0, width - guard) :] = False
                inside &= ~self._near_gap(top, top + rows.size)
            counted += int(np.count_nonzero(inside))
        return analysed, counted

    def record(self) -> dict[str, Any]:
        """Return what `from_record` needs beside the shape, and a reader to know the frame: plain JSON values."""
        well, gaps = self.area.well, self.area.unimaged
        return {
            "rule": self.rule,
            "guard_px": self.guard_px,
            "beside_px": self.beside_px,
            "well": None if well is None else [well.x, well.y, well.radius],
            "never_imaged": [] if gaps is None else gaps.rectangles.tolist(),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any] | None, shape: tuple[int, int], settings: PictureSettings) -> Self:
        """Return the frame that a field was counted with; of versions that recorded none, the one they had."""
        if not record:
            return cls(shape, "every cell" if settings.well_view == "whole" else "two borders")
        gaps = np.array(record["never_imaged"], np.int64).reshape(-1, 4)
        well = None if record["well"] is None else Circle(*record["well"])
        area = AnalysedArea(well, UnimagedArea(gaps) if len(gaps) else None)
        return cls(shape, record["rule"], int(record["guard_px"]), int(record["beside_px"]), area)

    def _gap(self, top: int, bottom: int, left: int, right: int) -> NDArray[np.bool_]:
        """Return (height, width) of a window, which may reach out of the picture: inside the well and never imaged."""
        if self.area.unimaged is None:
            return np.zeros((1, 1), bool)
        rows, columns = np.arange(top, bottom), np.arange(left, right)
        gap = self.area.unimaged.contains(rows, columns)
        return gap if self.area.well is None else gap & self.area.well.contains(rows, columns)

    def _near_gap(self, top: int, bottom: int) -> NDArray[np.bool_]:
        """Return (rows, width), True where a gap begins less than a guard zone below and to the right."""
        guard, width = self.guard_px, self.shape[1]
        gap = self._gap(top, min(bottom + guard, self.shape[0]), 0, width)
        if not gap.any() or guard < 1:
            return np.zeros((bottom - top, width), bool)
        near = cv2.dilate(
            gap.astype(np.uint8), np.ones((guard, guard), np.uint8), anchor=(0, 0),
            borderType=cv2.BORDER_CONSTANT, borderValue=0,
        )  # fmt: skip
        return np.asarray(near[: bottom - top] > 0)


def choose_frame(
    found: Segmentation, um: float | None, settings: PictureSettings
) -> tuple[CountingFrame, tuple[str, ...]]:
    """Choose how the cells of a picture are counted.

    Parameters
    ----------
    found
        Its cells, analysed area and record.
    um
        Micrometres per pixel; where they are unknown, those that the analysis went by.
    settings
        ``well_view`` and ``guard_zone``.

    Returns
    -------
    The frame, and sentences for the person at the screen.
    """
    shape, area = found.shape, found.area
    scale = um or found.record.get("analysed_um_per_px")
    beside = 2 if scale is None else max(2, math.ceil(_BESIDE_UM / scale))
    every = CountingFrame(shape, "every cell", 0, beside, area)
    if settings.well_view == "whole" or (area.well is not None and area.well.is_within(shape) and not _has_gap(every)):
        return every, ()
    borders = CountingFrame(shape, "two borders", 0, beside, area)
    if settings.guard_zone == 0 or scale is None:
        return borders, ()
    guard = CountingFrame(shape, "guard zone", math.ceil(settings.guard_zone / scale), beside, area)
    analysed, counted = guard.pixels()
    if counted >= LEAST_COUNTED * analysed and analysed:
        return guard, ()
    return borders, (
        f"the picture is too small for a guard zone of {settings.guard_zone:g} µm, which would take "
        f"{100 * (1 - counted / max(analysed, 1)):.0f} % of it: cells cut by its lower and right borders are judged by "
        "what is seen of them, so large ones may be missed. Larger fields, or a smaller guard zone, mend that.",
    )


def _has_gap(frame: CountingFrame) -> bool:
    """Tell whether anything inside the well was never imaged."""
    if frame.area.unimaged is None or frame.area.well is None:
        return frame.area.unimaged is not None
    return any(frame._gap(*rectangle).any() for rectangle in frame.area.unimaged.rectangles.tolist())

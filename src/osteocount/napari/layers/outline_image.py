"""Outlines of cells as a picture of a few colours: cheap to draw anew where one cell changed."""

from __future__ import annotations

from collections.abc import Collection

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

NONE, OSTEOCLAST, OTHER, NOT_COUNTED, SELECTED, PEN = range(6)


def outline_classes(cells: pd.DataFrame, highest: int, selected: Collection[int] = ()) -> NDArray[np.uint8]:
    """Return the kind of every label 0..``highest``.

    Parameters
    ----------
    cells
        ``cell_id``, ``is_osteoclast``, ``counted``.
    highest
        The largest label there is.
    selected
        Cells to stand out.
    """
    kinds = np.full(highest + 1, OTHER, np.uint8)
    kinds[0] = NONE
    ids = cells["cell_id"].to_numpy(np.int64)
    osteoclast, counted = (cells[name].to_numpy(bool) for name in ("is_osteoclast", "counted"))
    kinds[ids[osteoclast]] = OSTEOCLAST
    kinds[ids[~counted]] = NOT_COUNTED
    kinds[[cell for cell in selected if cell <= highest]] = SELECTED
    return kinds


def outlines(labels: NDArray[np.uint32], kinds: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Draw every cell's inner border in its kind.

    Parameters
    ----------
    labels
        (height, width) cells.
    kinds
        From `outline_classes`.
    width
        Of the border, in pixels.
    """
    # float32 holds whole numbers to 2**24 exactly, and OpenCV has no minimum filter for uint32.
    values = labels.astype(np.float32)
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    inside = (cv2.erode(values, kernel) == values) & (cv2.dilate(values, kernel) == values)
    return np.where(inside, np.uint8(NONE), kinds[labels])


def width_for(size: tuple[int, ...]) -> int:
    """Return a width of outlines that is seen when the whole picture of ``size`` is."""
    return max(1, round(max(size) / 700))


def drawing(labels: NDArray[np.uint32], cells: pd.DataFrame, highest: int) -> NDArray[np.uint8]:
    """Draw the outlines of a whole picture."""
    return outlines(labels, outline_classes(cells, highest), width_for(labels.shape))


def widened(window: tuple[slice, slice], margin: int, size: tuple[int, ...]) -> tuple[slice, slice]:
    """Return ``window`` with a margin, inside a picture of ``size``."""
    rows, columns = window
    return (
        slice(max(0, rows.start - margin), min(size[0], rows.stop + margin)),
        slice(max(0, columns.start - margin), min(size[1], columns.stop + margin)),
    )

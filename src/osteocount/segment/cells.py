"""Cells: everything denser than bare plastic, cut where fibres join it and where cells touch."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.morphology import Mask, disk, holes_filled, in_raster_order, opened
from osteocount.segment.scale import Scale
from osteocount.segment.split import opaque_bodies, split_touching

_FIBRE_UM = 4.5  # retraction fibres and cell processes thinner than this do not join cells
_HOLE_UM = 20.0  # a gap in a cell up to this diameter is a vacuole, a larger one is plastic between cells


def cell_mask(density: NDArray[np.float32], analysed: NDArray[np.bool_], threshold: float, scale: Scale) -> Mask:
    """Return (height, width) uint8, 1 inside cells: pale rims kept, vacuoles filled, fibres cut."""
    mask = ((density > threshold) & analysed).astype(np.uint8)
    mask = holes_filled(mask, 0.785 * scale.px(_HOLE_UM) ** 2)
    return opened(mask, scale.radius(_FIBRE_UM / 2))


def find_cells(
    density: NDArray[np.float32],
    analysed: NDArray[np.bool_],
    threshold: float,
    smallest_um: float,
    scale: Scale,
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Label the cells of a brightfield picture.

    Parameters
    ----------
    density
        (height, width) mean optical density, lightly smoothed.
    analysed
        (height, width), False outside the well.
    threshold
        Optical density that separates cells from plastic.
    smallest_um
        Objects below the area of a disc of this diameter are dropped.

    Returns
    -------
    labels
        (height, width) int32, 1..n in raster order.
    opaque
        (n + 1,) bool, True for compact dark cells whose inside cannot be seen.
    """
    mask = cell_mask(density, analysed, threshold, scale)
    bodies = opaque_bodies(density, mask, scale)
    rim = scale.radius(0.8)  # the blurred edge of a dark cell belongs to it
    bodies = np.where(mask > 0, cv2.dilate(bodies.astype(np.float32), disk(rim)), 0).astype(np.int32)
    labels = split_touching(mask & (bodies == 0).astype(np.uint8), density, scale)
    labels = _with_processes(labels, bodies, scale)
    return _numbered(labels, bodies, 0.785 * scale.px(smallest_um) ** 2)


def _with_processes(labels: NDArray[np.int32], bodies: NDArray[np.int32], scale: Scale) -> NDArray[np.int32]:
    """Put the dark bodies in, each with the pieces around it that are smaller than itself: its own processes."""
    first_body = int(labels.max())
    area = np.bincount(labels.ravel(), minlength=first_body + 1)
    body_area = np.bincount(bodies.ravel())
    near = cv2.dilate(bodies.astype(np.float32), disk(scale.radius(1.5))).astype(np.int32)
    contact = (near > 0) & (labels > 0)
    owner = np.arange(first_body + 1 + body_area.size, dtype=np.int32)
    pairs, length = np.unique(np.stack([labels[contact], near[contact]]), axis=1, return_counts=True)
    longest: dict[int, int] = {}
    for piece, body, n in zip(*pairs.tolist(), length.tolist(), strict=True):
        if area[piece] < body_area[body] and n > longest.get(piece, 0):
            longest[piece] = n
            owner[piece] = first_body + body
    joined = np.where(bodies > 0, bodies + first_body, labels)
    return owner[joined]


def _numbered(
    labels: NDArray[np.int32], bodies: NDArray[np.int32], smallest: float
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    area = np.bincount(labels.ravel())
    kept = np.where(area >= smallest, np.arange(area.size), 0).astype(np.int32)
    kept[0] = 0
    labels = in_raster_order(kept[labels])
    opaque = np.zeros(int(labels.max()) + 1, bool)
    opaque[labels[bodies > 0]] = True
    opaque[0] = False
    return labels, opaque

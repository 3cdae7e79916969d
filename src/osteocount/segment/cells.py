"""Cells: everything denser than bare plastic, cut where fibres join it and where cells touch."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.morphology import Mask, disk, holes_filled, in_raster_order, opened
from osteocount.segment.scale import Scale
from osteocount.segment.split import opaque_bodies, split_touching

_FIBRE_UM = 4.5  # retraction fibres and cell processes thinner than this do not join cells
_HOLE_UM = 20.0  # a gap in a cell up to this diameter is a vacuole, a larger one is plastic between cells


def cell_mask(density: NDArray[np.float32], analysed: NDArray[np.bool_] | None, threshold: float, scale: Scale) -> Mask:
    """Return (height, width) uint8, 1 inside cells: pale rims kept, vacuoles filled, fibres cut."""
    mask = np.asarray(cv2.compare(density, threshold, cv2.CMP_GT) & 1, np.uint8)
    if analysed is not None:
        mask &= analysed.view(np.uint8)
    mask = holes_filled(mask, 0.785 * scale.px(_HOLE_UM) ** 2)
    return opened(mask, scale.radius(_FIBRE_UM / 2))


@dataclass(frozen=True)
class Pieces:
    """Parts of cells, before it is known which of them have a nucleus.

    Attributes
    ----------
    labels
        (height, width) int32, 1..n; those above ``first_body`` are compact dark bodies.
    first_body
        The highest label of an ordinary piece.
    """

    labels: NDArray[np.int32]
    first_body: int


def find_pieces(density: NDArray[np.float32], mask: Mask, scale: Scale) -> Pieces:
    """Cut a body of cells where they touch and where dark cells lie on them.

    Parameters
    ----------
    density
        (height, width) mean optical density, lightly smoothed.
    mask
        (height, width), 1 inside cells, from `cell_mask`.
    """
    bodies = opaque_bodies(density, mask, scale)
    if not bodies.any():
        labels = split_touching(mask, scale, density=density)
        return Pieces(labels, int(labels.max(initial=0)))
    rim = scale.radius(0.8)  # the blurred edge of a dark cell belongs to it
    bodies = np.where(mask > 0, cv2.dilate(bodies.astype(np.float32), disk(rim)), 0).astype(np.int32)
    labels = split_touching(mask & (bodies == 0).astype(np.uint8), scale, density=density)
    first_body = int(labels.max())
    return Pieces(np.where(bodies > 0, bodies + first_body, labels), first_body)


def join_pieces(
    pieces: Pieces, has_nucleus: NDArray[np.bool_], smallest_um: float, scale: Scale, real: Mask | None = None
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Make cells of pieces: one without a nucleus of its own belongs to the dark body it leans on.

    So a process goes to its cell and a dense middle to the rim around it, while a dark cell that lies on another one
    with nuclei stays apart.

    Parameters
    ----------
    pieces
        From `find_pieces`.
    has_nucleus
        (n + 1,) bool for the labels of ``pieces``.
    smallest_um
        Objects below the area of a disc of this diameter are dropped.
    real
        (height, width) 0 where there is no picture, and nothing is measured; None is everywhere.

    Returns
    -------
    labels
        (height, width) int32, 1..n in raster order.
    opaque
        (n + 1,) bool, True for cells that are mostly a compact dark body, whose inside cannot be seen.
    """
    bodies = pieces.labels > pieces.first_body
    joined = _given_to_bodies(pieces, has_nucleus, scale) if bodies.any() else pieces.labels
    area = np.bincount((joined if real is None else joined * real).ravel(), minlength=int(joined.max(initial=0)) + 1)
    kept = np.where(area >= 0.785 * scale.px(smallest_um) ** 2, np.arange(area.size), 0).astype(np.int32)
    kept[0] = 0
    cells = in_raster_order(kept[joined])
    n_cells = int(cells.max(initial=0))
    opaque = np.zeros(n_cells + 1, bool)
    if bodies.any():
        bodies = bodies if real is None else bodies & (real > 0)
        opaque = np.bincount(cells[bodies], minlength=n_cells + 1) > 0.5 * np.bincount(
            (cells if real is None else cells * real).ravel(), minlength=n_cells + 1
        )
        opaque[0] = False
    return cells, opaque


def _given_to_bodies(pieces: Pieces, has_nucleus: NDArray[np.bool_], scale: Scale) -> NDArray[np.int32]:
    """Give each piece without a nucleus the label of the dark body along which it has the longest border."""
    labels = pieces.labels
    bodies = np.where(labels > pieces.first_body, labels, 0)
    near = cv2.dilate(bodies.astype(np.float32), disk(scale.radius(1.5))).astype(np.int32)
    contact = (near > 0) & (labels > 0) & (labels <= pieces.first_body)
    pairs, length = np.unique(np.stack([labels[contact], near[contact]]), axis=1, return_counts=True)
    owner = np.arange(int(labels.max()) + 1, dtype=np.int32)
    longest: dict[int, int] = {}
    for piece, body, n in zip(*pairs.tolist(), length.tolist(), strict=True):
        if not has_nucleus[piece] and n > longest.get(piece, 0):
            longest[piece] = n
            owner[piece] = body
    return owner[labels]

"""Cells: everything denser than bare plastic, cut where fibres join it and where cells touch."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.morphology import ByteMask, disc_area, disk, first_pixels, holes_filled, opened
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.split import opaque_bodies, split_touching

_FIBRE_UM = 4.5  # retraction fibres and cell processes thinner than this do not join cells
_HOLE_UM = 20.0  # a gap in a cell up to this diameter is a vacuole, a larger one is plastic between cells


def cell_mask(
    density: NDArray[np.float32], analysed: NDArray[np.bool_] | None, threshold: float, scale: Scale
) -> ByteMask:
    """Return (height, width) uint8, 1 inside cells: pale rims kept, vacuoles filled, fibres cut."""
    mask = np.asarray(cv2.compare(density, threshold, cv2.CMP_GT) & 1, np.uint8)
    if analysed is not None:
        mask &= analysed.view(np.uint8)
    mask = holes_filled(mask, disc_area(scale.px(_HOLE_UM)))
    return opened(mask, scale.radius(_FIBRE_UM / 2))


@dataclass(frozen=True)
class Fragments:
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


def split_into_fragments(density: NDArray[np.float32], mask: ByteMask, scale: Scale) -> Fragments:
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
        return Fragments(labels, int(labels.max(initial=0)))
    labels = split_touching(mask & (bodies == 0).view(np.uint8), scale, density=density)
    first_body = int(labels.max())
    return Fragments(np.where(bodies > 0, bodies + first_body, labels), first_body)


def join_fragments(
    fragments: Fragments, has_nucleus: NDArray[np.bool_], smallest_um: float, scale: Scale, real: ByteMask | None = None
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Make cells of fragments: one without a nucleus of its own belongs to the dark body it leans on.

    So a process goes to its cell and a dense middle to the rim around it, while a dark cell that lies on another one
    with nuclei stays apart.

    Parameters
    ----------
    fragments
        From `split_into_fragments`.
    has_nucleus
        (n + 1,) bool for the labels of ``fragments``.
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
    labels = fragments.labels
    count = int(labels.max(initial=0)) + 1
    opaque = np.arange(count) > fragments.first_body
    owner = _given_to_bodies(fragments, has_nucleus, scale) if opaque.any() else np.arange(count)
    pixels = np.bincount((labels if real is None else labels * real).ravel(), minlength=count)
    area, dark = (np.bincount(owner, each, count) for each in (pixels, pixels * opaque))
    kept = area >= disc_area(scale.px(smallest_um))
    kept[0] = False
    first = np.full(count, labels.size, np.intp)
    np.minimum.at(first, owner, first_pixels(labels, count))
    in_order = np.argsort(np.where(kept, first, labels.size), kind="stable")[: np.count_nonzero(kept)]
    number = np.zeros(count, np.int32)
    number[in_order] = np.arange(1, in_order.size + 1)
    return np.take(number[owner], labels), np.append(False, dark[in_order] > 0.5 * area[in_order])


def _given_to_bodies(fragments: Fragments, has_nucleus: NDArray[np.bool_], scale: Scale) -> NDArray[np.intp]:
    """Return what each piece (n + 1,) belongs to: one without a nucleus to the dark body it borders on longest."""
    labels = fragments.labels
    bodies = np.where(labels > fragments.first_body, labels, 0).astype(np.float32)
    near = cv2.dilate(bodies, disk(scale.radius(1.5)))
    at = np.flatnonzero((near > 0) & (bodies == 0) & (labels > 0))
    pairs, length = np.unique(
        labels.ravel()[at].astype(np.int64) << 32 | near.ravel()[at].astype(np.int64), return_counts=True
    )
    piece, body = pairs >> 32, pairs & 0xFFFFFFFF
    bare = ~has_nucleus[piece]
    longest_last = np.lexsort((-body[bare], length[bare]))  # of equals the first body
    owner = np.arange(has_nucleus.size)
    owner[piece[bare][longest_last]] = body[bare][longest_last]
    return owner

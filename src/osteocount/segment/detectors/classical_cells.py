"""Cells by density and shape: all that is denser than bare plastic, cut at fibres, waists and dark bodies.

The lengths and shares below are those of the first classical segmenter, adjusted where pictures of known truth showed a
fault (tests/segment/regimes/test_brightfield.py holds them). No measurement that chose one of them is recorded; how
well they do together is in docs/accuracy.md, in the columns of the classical segmenter.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.morphology import (
    ByteMask,
    Region,
    disc_area,
    disk,
    first_pixels,
    holes_filled,
    opened,
    regions,
)
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.split import split_touching
from osteocount.segment.tiling.packing import Bodies, connected_bodies, pack_bodies

_FIBRE_UM = 4.5  # retraction fibres and cell processes thinner than this do not join cells
_HOLE_UM = 20.0  # a gap in a cell up to this diameter is a vacuole, a larger one is plastic between cells

_LEVELS = (0.35, 0.45, 0.55, 0.7, 0.85)  # densities above which compact dark bodies are looked for, one after another
_DARK_UM = (5.0, 25.0)  # their diameters: those of mononuclear cells
_COMPACT = 0.45  # and the least share of the disc around them that they fill
_DARK_WAIST = 0.8  # dark cells in a heap are round, so a slight waist parts them
_DARK_OPENING_UM = 1.8  # radius of the opening that takes processes off them
_STEEP = 0.12  # share of its density by which a dark cell falls off per µm at its edge
_NUCLEUS_UM = 12.0  # paler holes up to this diameter are nuclei, not the end of a dark cell
_RIM_UM = 0.8  # the blurred edge of a dark cell
_LEANS_UM = 1.5  # a fragment this near a dark body borders on it


def cell_mask(
    density: NDArray[np.float32], analysed: NDArray[np.bool_] | None, threshold: float, scale: Scale
) -> ByteMask:
    """Return (height, width) uint8, 1 inside cells: pale rims kept, vacuoles filled, fibres cut."""
    mask = np.asarray(cv2.compare(density, threshold, cv2.CMP_GT) & 1, np.uint8)
    if analysed is not None:
        mask &= analysed.view(np.uint8)
    mask = holes_filled(mask, disc_area(scale.px(_HOLE_UM)))
    return opened(mask, scale.radius(_FIBRE_UM / 2))


def dark_bodies(density: NDArray[np.float32], mask: ByteMask, scale: Scale) -> NDArray[np.int32]:
    """Label compact, sharply bounded dark cells, which lie on or against other cells; their blurred edge is theirs.

    Parameters
    ----------
    density
        (height, width) mean optical density.
    mask
        (height, width), 1 inside cells.

    Returns
    -------
    labels
        (height, width) int32, 0 elsewhere.
    """
    labels = np.zeros(mask.shape, np.int32)
    packed = pack_bodies(_dark_heaps(density, mask, scale))
    mask = packed.lay(mask, beyond=False) & packed.mask
    bodies, first = _compact_bodies(packed.lay(density, beyond=False), mask, scale)
    if not first:
        return labels
    # Numbered by where they lie in the picture, whatever else is on the packing.
    y, x = packed.in_window(*np.array(first, np.intp).T)
    number = np.zeros(len(first) + 1, np.float32)
    number[1 + np.lexsort((x, y))] = np.arange(1, len(first) + 1)
    rim = disk(scale.radius(_RIM_UM))
    numbered = (cv2.dilate(np.take(number, bodies), rim) * mask).astype(np.int32)
    for crop in packed.crops:
        own = numbered[crop.on_packing]
        np.copyto(labels[crop.window], own, where=own > 0)
    return labels


def _dark_heaps(density: NDArray[np.float32], mask: ByteMask, scale: Scale) -> Bodies:
    """Return where there may be compact bodies; what is a few pixels apart is judged together."""
    dark = holes_filled(cv2.compare(density, _LEVELS[0], cv2.CMP_GT) & mask, disc_area(scale.px(_NUCLEUS_UM)))
    heaps = connected_bodies(cv2.dilate(dark, np.ones((5, 5), np.uint8)), border=(False,) * 4)
    large = np.bincount(heaps.labels[dark > 0], minlength=len(heaps.crops) + 1) > disc_area(scale.px(_DARK_UM[0]))
    return Bodies(heaps.labels, tuple(crop for crop in heaps.crops if large[crop.label]))


def _compact_bodies(
    density: NDArray[np.float32], mask: ByteMask, scale: Scale
) -> tuple[NDArray[np.int32], list[tuple[int, int]]]:
    """Label the compact bodies found at any level, and return where the first pixel of each is."""
    bodies, first = np.zeros(mask.shape, np.int32), list[tuple[int, int]]()
    steepness = _steepness(density, scale)
    free = mask
    for level in _LEVELS:
        dark = cv2.compare(density, level, cv2.CMP_GT) & free
        if cv2.countNonZero(dark) == 0:
            break
        dark = opened(holes_filled(dark, disc_area(scale.px(_NUCLEUS_UM))), scale.radius(_DARK_OPENING_UM))
        labels = split_touching(dark, scale, _DARK_WAIST)
        for body in regions(labels):
            if _is_compact(body, scale) and _ends_sharply(steepness, labels, body, level):
                own = labels[body.window()] == body.label
                first.append((body.top, body.left + int(own[0].argmax())))
                bodies[body.window()][own] = len(first)
        free = mask & (bodies == 0).view(np.uint8)
    return bodies, first


def _is_compact(body: Region, scale: Scale) -> bool:
    smallest, largest = (scale.px(um) for um in _DARK_UM)
    longest = max(body.height, body.width)
    return disc_area(smallest) < body.area > _COMPACT * disc_area(longest) and longest < largest


def _ends_sharply(steepness: NDArray[np.float32], labels: NDArray[np.int32], body: Region, level: float) -> bool:
    """Tell a dark cell lying on another from the dense middle of one cell, which fades: steep nearly all around.

    Where it touches another dark body there is no edge to judge; such places may be half of its outline at most.
    """
    window = body.window(2)
    alone = (labels[window] == body.label).astype(np.uint8)
    others = ((labels[window] > 0).astype(np.uint8) & (1 - alone)).astype(np.uint8)
    edge = cv2.dilate(alone, disk(1)) - cv2.erode(alone, disk(1))
    free = edge & (1 - cv2.dilate(others, disk(2)))
    judged = cv2.countNonZero(free)
    steep = np.count_nonzero(steepness[window][free > 0] > _STEEP * level)
    return bool(judged > 0.5 * cv2.countNonZero(edge) and steep > 0.7 * judged)


def _steepness(density: NDArray[np.float32], scale: Scale) -> NDArray[np.float32]:
    """Return the slope (height, width) of ``density`` in OD per µm."""
    dx = cv2.Sobel(density, cv2.CV_32F, 1, 0, scale=1 / 8)
    dy = cv2.Sobel(density, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(cv2.magnitude(dx, dy) / scale.um, np.float32)


@dataclass(frozen=True)
class Fragments:
    """Parts of cells, before it is known which of them have a nucleus.

    Attributes
    ----------
    labels
        (height, width) int32, 1..n; those above ``first_body`` are compact dark bodies.
    first_body
        The highest label of an ordinary fragment.
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
    bodies = dark_bodies(density, mask, scale)
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
    near = cv2.dilate(bodies, disk(scale.radius(_LEANS_UM)))
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

"""Touching cells told apart."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.morphology import ByteMask, Region, disc_area, disk, gaussian, holes_filled, opened, regions
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.tiling.packing import NO_BORDER, Bodies, connected_bodies, pack_bodies
from osteocount.segment.watershed import WatershedRegions, marker_watershed

#: A waist narrower than this share of the narrower of two bodies is a place where two cells touch.
WAIST = 0.5
#: The least share, where the waist is as dense as the bodies or denser.
THREAD = 0.25
_DARK_WAIST = 0.8  # dark cells in a heap are round, so a slight waist parts them
_STEEP = 0.12  # share of its density by which a dark cell falls off per µm at its edge
_NUCLEUS_UM = 12.0  # paler holes up to this diameter are nuclei, not the end of a dark cell
_LEVELS = (0.35, 0.45, 0.55, 0.7, 0.85)  # densities at which compact bodies are looked for
_OPAQUE_UM = (5.0, 25.0)  # diameters of compact mononuclear cells
_RIM_UM = 0.8  # the blurred edge of a dark cell


def opaque_bodies(density: NDArray[np.float32], mask: ByteMask, scale: Scale) -> NDArray[np.int32]:
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
    for place in packed.crops:
        own = numbered[place.on_packing]
        np.copyto(labels[place.window], own, where=own > 0)
    return labels


def _dark_heaps(density: NDArray[np.float32], mask: ByteMask, scale: Scale) -> Bodies:
    """Return where there may be compact bodies; what is a few pixels apart is judged together."""
    dark = holes_filled(cv2.compare(density, _LEVELS[0], cv2.CMP_GT) & mask, _nucleus_px(scale))
    heaps = connected_bodies(cv2.dilate(dark, np.ones((5, 5), np.uint8)), NO_BORDER)
    large = np.bincount(heaps.labels[dark > 0], minlength=len(heaps.crops) + 1) > _least_px(scale)
    return Bodies(heaps.labels, tuple(place for place in heaps.crops if large[place.label]))


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
        dark = opened(holes_filled(dark, _nucleus_px(scale)), scale.radius(1.8))
        labels = split_touching(dark, scale, _DARK_WAIST)
        for body in regions(labels):
            if _is_compact(body, scale) and _ends_sharply(steepness, labels, body, level):
                own = labels[body.window()] == body.label
                first.append((body.top, body.left + int(own[0].argmax())))
                bodies[body.window()][own] = len(first)
        free = mask & (bodies == 0).view(np.uint8)
    return bodies, first


def _nucleus_px(scale: Scale) -> float:
    return disc_area(scale.px(_NUCLEUS_UM))


def _least_px(scale: Scale) -> float:
    return disc_area(scale.px(_OPAQUE_UM[0]))


def _is_compact(body: Region, scale: Scale) -> bool:
    longest = max(body.height, body.width)
    return _least_px(scale) < body.area > 0.45 * disc_area(longest) and longest < scale.px(_OPAQUE_UM[1])


def split_touching(
    mask: ByteMask, scale: Scale, waist: float = WAIST, density: NDArray[np.float32] | None = None
) -> NDArray[np.int32]:
    """Label cells, cutting bodies where a waist joins them.

    A waist is narrower than the share ``waist`` of the narrower body. With ``density`` given the share depends on how
    dense the waist is: dense cytoplasm runs through one cell, while the pale rims of two cells meet where they touch.

    Parameters
    ----------
    mask
        (height, width), 1 inside cells; fibres already cut.
    density
        (height, width) mean optical density, or None to go by shape alone.

    Returns
    -------
    labels
        (height, width) int32.
    """
    count, labels = cv2.connectedComponents(mask, connectivity=4, ltype=cv2.CV_32S)
    if count == 1:
        return np.asarray(labels, np.int32)
    depth = gaussian(np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 5)), scale.px(0.8))
    peaks = (depth >= cv2.dilate(depth, disk(scale.radius(3.0)))) & (depth > scale.px(1.5)) & (mask > 0)
    found, seeds = cv2.connectedComponents(peaks.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    if found < 3:
        return np.asarray(labels, np.int32)
    labels = np.asarray(labels, np.int32)
    owners = np.unique(np.stack([labels[peaks], seeds[peaks]]), axis=1)[0]
    several = np.bincount(owners, minlength=count) > 1
    if several.any():
        _cut(labels, several, depth, seeds, waist, density)
    return labels


def _cut(
    labels: NDArray[np.int32],
    several: NDArray[np.bool_],
    depth: NDArray[np.float32],
    seeds: NDArray[np.int32],
    share: float,
    density: NDArray[np.float32] | None,
) -> None:
    """Cut the bodies of ``labels`` that have ``several`` seeds into basins of their depth, in place.

    Basins without a waist between them are joined again. The first part of a body keeps its label, the others get new
    ones in order.
    """
    inside = several[labels]
    whole, depth, seed = labels[inside], depth[inside], seeds[inside]
    at = np.flatnonzero(seed)
    # A seed may lie across the corner where two bodies meet: it is one of each.
    ids, number = np.unique(whole[at].astype(np.int64) << 32 | seed[at], return_inverse=True)
    dense = depth if density is None else density[inside]
    basins = marker_watershed(inside, depth, at, number, dense)
    root = _rejoined(basins, share, None if density is None else _medians(dense, basins.of_pixel, ids.size))
    body = ids >> 32
    new = np.zeros(ids.size, np.int32)
    following = several.size
    for basin in np.flatnonzero(root == np.arange(ids.size)).tolist():
        first = basin == 0 or body[basin] != body[basin - 1]  # the lowest basin of a body is always a root
        new[basin] = body[basin] if first else following
        following += not first
    labels[inside] = new[root[basins.of_pixel]]


def _rejoined(basins: WatershedRegions, share: float, typical: NDArray[np.float32] | None) -> NDArray[np.intp]:
    """Return the lowest basin of the part that each basin belongs to; ``typical`` is the median density of each."""
    peak = basins.peak.copy()
    parent = list(range(peak.size))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    deepest_first = np.argsort(-basins.saddle, kind="stable")
    waists = (each[deepest_first].tolist() for each in (basins.saddle, basins.on_border, basins.pairs))
    for waist, dense, (a, b) in zip(*waists, strict=True):
        least = share if typical is None else _least_waist(share, dense / max(min(typical[a], typical[b]), 1e-3))
        a, b = root(a), root(b)
        if a != b and waist > least * min(peak[a], peak[b]):
            keep, drop = min(a, b), max(a, b)
            parent[drop] = keep
            peak[keep] = max(peak[a], peak[b])
    return np.array([root(i) for i in range(peak.size)], np.intp)


def _least_waist(share: float, relative_density: float) -> float:
    """Return the share below which a waist is cut: ``share`` at 3/4 of the bodies' density, less when denser."""
    return float(np.clip(share + 0.75 - relative_density, THREAD, 1.5 * share))


def _medians(values: NDArray[np.float32], labels: NDArray[np.intp], count: int) -> NDArray[np.float32]:
    """Return the median value of each label 0..count − 1, not below 0, and 0 where a label has no pixel."""
    # Sorted by label, then value: floats without a sign are in the order of their bits, and one array sorts fastest.
    keys = np.sort(labels.astype(np.uint64) << np.uint64(32) | np.maximum(values, 0).view(np.uint32))
    bounds = np.searchsorted(keys, np.arange(count + 1, dtype=np.uint64) << np.uint64(32))
    middle = (bounds[:-1] + bounds[1:]) // 2
    found = bounds[1:] > bounds[:-1]
    result = np.zeros(count, np.float32)
    result[found] = (keys[middle[found]] & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.float32)
    return result


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

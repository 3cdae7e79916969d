"""Touching cells told apart: a watershed of the distance to the outline, with basins joined again over wide waists.

The distance transform and its watershed are what Beucher and Lantuéjoul 1979 (Int Workshop on Image Processing,
Rennes) and Meyer and Beucher 1990 (J Vis Commun Image Represent 1:21) divide touching particles by. What is ours is the
rule by which a cut is taken back: the width of the waist, and how dense the cytoplasm in it is.

The values below are those of the first classical segmenter, adjusted where pictures of known truth showed a fault
(tests/segment/test_split.py and tests/segment/regimes/test_brightfield.py hold those pictures). No measurement that
chose one of them is recorded.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.morphology import ByteMask, disk, gaussian
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.watershed import WatershedRegions, marker_watershed

#: A waist narrower than this share of the narrower of two bodies is a place where two cells touch.
WAIST = 0.5
_DENSE_WAIST = 0.25  # the least share, where the waist is as dense as the bodies or denser
_USUAL_DENSITY = 0.75  # of a waist, relative to the bodies it joins, at which the share is what was asked for
_SMOOTH_UM = 0.8  # σ by which the distance map is smoothed: ripples of an outline make no markers
_APART_UM = 3.0  # markers are peaks of the distance map within this radius
_DEEP_UM = 1.5  # and at least so far inside


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
    depth = gaussian(np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 5)), scale.px(_SMOOTH_UM))
    peaks = (depth >= cv2.dilate(depth, disk(scale.radius(_APART_UM)))) & (depth > scale.px(_DEEP_UM)) & (mask > 0)
    n_markers, seeds = cv2.connectedComponents(peaks.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    if n_markers < 3:  # background and one marker
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
    inside = np.take(several, labels)
    where = np.flatnonzero(inside)
    whole, depth, seed = np.take(labels, where), np.take(depth, where), np.take(seeds, where)
    at = np.flatnonzero(seed)
    # A seed may lie across the corner where two bodies meet: it is one of each.
    ids, number = np.unique(whole[at].astype(np.int64) << 32 | seed[at], return_inverse=True)
    dense = depth if density is None else np.take(density, where)
    basins = marker_watershed(inside, depth, at, number, dense)
    peak = np.full(ids.size, -np.inf, np.float32)  # the greatest depth of each basin
    np.maximum.at(peak, basins.basin[basins.summits], depth[basins.summits])
    root = _rejoined(basins, peak, share, None if density is None else _medians(dense, basins.basin, ids.size))
    body = ids >> 32
    new = np.zeros(ids.size, np.int32)
    following = several.size
    for basin in np.flatnonzero(root == np.arange(ids.size)).tolist():
        first = basin == 0 or body[basin] != body[basin - 1]  # the lowest basin of a body is always a root
        new[basin] = body[basin] if first else following
        following += not first
    np.put(labels, where, np.take(new, np.take(root, basins.basin)))


def _rejoined(
    basins: WatershedRegions, peak: NDArray[np.float32], share: float, typical: NDArray[np.float32] | None
) -> NDArray[np.intp]:
    """Return the lowest basin of the part that each belongs to, by their ``peak``s and ``typical`` densities."""
    parent = list(range(peak.size))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    deepest_first = np.argsort(-basins.saddle, kind="stable")
    waists = (each[deepest_first].tolist() for each in (basins.saddle, basins.border_mean, basins.pairs))
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
    return float(np.clip(share + _USUAL_DENSITY - relative_density, _DENSE_WAIST, 1.5 * share))


def _medians(values: NDArray[np.float32], labels: NDArray[np.intp], count: int) -> NDArray[np.float32]:
    """Return the median value of each label 0..count − 1, not below 0, and 0 where a label has no pixel."""
    # Sorted by label, then value: floats without a sign are in the order of their bits, and one array sorts fastest.
    keys = np.sort(labels.astype(np.uint64) << np.uint64(32) | np.maximum(values, 0).view(np.uint32))
    bounds = np.searchsorted(keys, np.arange(count + 1, dtype=np.uint64) << np.uint64(32))
    middle = (bounds[:-1] + bounds[1:]) // 2
    present = bounds[1:] > bounds[:-1]
    result = np.zeros(count, np.float32)
    result[present] = (keys[middle[present]] & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.float32)
    return result

"""Basins of seeds: every pixel goes to the seed that the way uphill leads to, over the highest saddle where it must.

Only pixels inside bodies are gone through, as one list of them, whole arrays at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.intp]


@dataclass(frozen=True)
class WatershedRegions:
    """The basins 0..m − 1 of as many seeds, and where they touch.

    Attributes
    ----------
    of_pixel
        (n,) the basin of each pixel.
    peak
        (m,) the greatest height in each basin.
    pairs
        (k, 2) basins that touch, the lower number first, in order.
    saddle
        (k,) the greatest height of the way from one to the other.
    on_border
        (k,) the mean of a second map along their border.
    """

    of_pixel: NDArray[np.intp]
    peak: NDArray[np.float32]
    pairs: NDArray[np.intp]
    saddle: NDArray[np.float32]
    on_border: NDArray[np.float64]


@dataclass(frozen=True)
class _Edges:
    """Places (k,) where basins touch, ``first`` below ``second``: the highest saddle, pixels, and sum of a map."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    saddle: NDArray[np.float32]
    pixels: NDArray[np.float64]
    total: NDArray[np.float64]


def marker_watershed(
    inside: NDArray[np.bool_],
    height: NDArray[np.float32],
    seeds: NDArray[np.intp],
    number: NDArray[np.intp],
    other: NDArray[np.float32],
) -> WatershedRegions:
    """Divide bodies among the seeds in them.

    From every pixel the steepest way over its four neighbours leads to a summit. Summits that no seed lies on are
    joined to their neighbours over the highest saddle, again and again, until a seed is reached.

    Parameters
    ----------
    inside
        (height, width), True inside bodies; every body holds a seed.
    height
        (n,) of the pixels inside, in raster order.
    seeds, number
        (s,) which pixels of these are seeds, and of which 0..m − 1; a seed may have several pixels.
    other
        (n,) a second map, of which the mean along borders is asked for.
    """
    ways = _neighbours(inside)
    to = _uphill(height, ways)
    to[seeds] = seeds
    to = _followed(to)
    summits = np.flatnonzero(to == np.arange(to.size))
    node = np.full(to.size, -1, np.intp)
    node[seeds] = number
    free = summits[node[summits] < 0]
    n_seeds = int(number.max(initial=-1)) + 1
    node[free] = n_seeds + np.arange(free.size)
    of_pixel = node[to]
    edges = _edges(of_pixel, height, other, ways)
    owner = _owners(edges, n_seeds, n_seeds + free.size)
    edges = _merged(owner[edges.first], owner[edges.second], edges.saddle, edges.pixels, edges.total)
    peak = np.full(n_seeds, -np.inf, np.float32)
    np.maximum.at(peak, owner[node[summits]], height[summits])
    pairs = np.stack([edges.first, edges.second], axis=1)
    return WatershedRegions(owner[of_pixel], peak, pairs, edges.saddle, edges.total / np.maximum(edges.pixels, 1))


def _neighbours(inside: NDArray[np.bool_]) -> tuple[NDArray[np.int32], ...]:
    """Return which pixel lies above, before, behind and below each pixel inside, n where none does."""
    padded = np.pad(inside, 1)
    at = np.flatnonzero(padded)
    place = np.full(padded.size, at.size, np.int32)
    place[at] = np.arange(at.size, dtype=np.int32)
    width = padded.shape[1]
    above, before, behind, below = (place[at + step] for step in (-width, -1, 1, width))
    return above, before, behind, below


def _uphill(height: NDArray[np.float32], ways: tuple[NDArray[np.int32], ...]) -> Pixels:
    """Return the highest neighbour of each pixel, or the pixel itself; of equals the later one is the higher."""
    beyond = np.append(height, np.float32(-np.inf))
    best, to = height.copy(), np.arange(height.size)
    for way, better in zip(ways, (np.greater, np.greater, np.greater_equal, np.greater_equal), strict=True):
        there = beyond[way]
        np.copyto(to, way, where=better(there, best))
        np.maximum(best, there, out=best)
    return to


def _followed(to: Pixels) -> Pixels:
    """Return where each way ends."""
    while True:
        further = to[to]
        if np.array_equal(further, to):
            return to
        to = further


def _edges(
    node: NDArray[np.intp], height: NDArray[np.float32], other: NDArray[np.float32], ways: tuple[NDArray[np.int32], ...]
) -> _Edges:
    """Return where nodes touch, from the pixels' neighbours behind and below."""
    beyond = np.append(node, -1)
    parts = []
    for way in ways[2:]:
        there = beyond[way]
        at = np.flatnonzero((there != node) & (there >= 0))
        parts.append((node[at], there[at], np.minimum(height[at], height[way[at]]), other[at]))
    a, b, saddle, total = (np.concatenate(each) for each in zip(*parts, strict=True))
    return _merged(a, b, saddle, np.ones(a.size), total)


def _merged(
    a: NDArray[np.intp],
    b: NDArray[np.intp],
    saddle: NDArray[np.float32],
    pixels: NDArray[np.float64],
    total: NDArray[np.float32] | NDArray[np.float64],
) -> _Edges:
    """Put together what lies between the same two, and leave out what lies within one."""
    apart = a != b
    low, high = np.minimum(a, b)[apart], np.maximum(a, b)[apart]
    size = int(high.max(initial=0)) + 1
    keys, which = np.unique(low * size + high, return_inverse=True)
    first, second = np.divmod(keys, size)
    deepest = np.full(keys.size, -np.inf, np.float32)
    np.maximum.at(deepest, which, saddle[apart])
    pixels_there, total_there = (
        np.bincount(which, each[apart], keys.size).astype(np.float64) for each in (pixels, total)
    )
    return _Edges(first, second, deepest, pixels_there, total_there)


def _owners(edges: _Edges, n_seeds: int, count: int) -> NDArray[np.intp]:
    """Return the seed that each of ``count`` nodes belongs to; the first ``n_seeds`` of them are the seeds."""
    best_first = np.lexsort((edges.second, edges.first, -edges.saddle))
    a, b = edges.first[best_first], edges.second[best_first]
    owner = np.arange(count)
    while a.size:
        # The best edge of each node: written backwards, the last write wins.
        edge = np.full(count, -1, np.intp)
        order = np.arange(a.size)[::-1]
        ends = np.stack([a, b], axis=1)[::-1].ravel()
        edge[ends] = np.repeat(order, 2)
        moving = np.flatnonzero(edge[n_seeds:] >= 0) + n_seeds
        if not moving.size:
            break
        to = np.arange(count)
        to[moving] = a[edge[moving]] + b[edge[moving]] - moving
        mutual = moving[(to[to[moving]] == moving) & (moving < to[moving])]
        to[mutual] = mutual
        to = _followed(to)
        owner = to[owner]
        a, b = to[a], to[b]
        apart = a != b
        a, b = a[apart], b[apart]
    return owner

"""Cells from the maps of the network: cores grown to the border, and joined again where no seam parts them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.models.network import Maps
from osteocount.segment.morphology import gaussian, holes_filled, in_raster_order
from osteocount.segment.scale import Scale

_HOLE_UM = 12.0  # a gap in a cell up to this diameter is a vacuole
SURE = (1.0, 0.0)  # logits of the core at which parts are told apart, the surest first
SEAM = 0.4  # mean logit of the core along the border of two parts above which they are one cell
LEANING = -4.0  # the same for a part without a nucleus


def cell_mask(maps: Maps, analysed: NDArray[np.bool_] | None, scale: Scale) -> NDArray[np.uint8]:
    """Return (height, width) uint8, 1 inside cells, vacuoles filled; without ``analysed`` all is analysed."""
    mask = (maps.cell > 0 if analysed is None else (maps.cell > 0) & analysed).astype(np.uint8)
    return holes_filled(mask, 0.785 * scale.px(_HOLE_UM) ** 2)


def learned_cells(
    maps: Maps,
    mask: NDArray[np.uint8],
    nuclei: tuple[NDArray[np.intp], NDArray[np.intp]],
    smallest_um: float,
    scale: Scale,
) -> NDArray[np.int32]:
    """Return (height, width) int32 labels, 1..n in raster order.

    Parameters
    ----------
    maps
        From the network.
    mask
        From `cell_mask`.
    nuclei
        (y, x) of the nuclei; a part without one belongs to what it leans on.
    smallest_um
        Cells below the area of a disc of this diameter are dropped.
    """
    core = gaussian(maps.core, scale.px(0.6))
    parts = _parts(core, mask)
    pairs, level = _borders(parts, core)
    owner = _joined(pairs, level, int(parts.max(initial=0)))
    owner = _given_away(owner, pairs, level, np.unique(owner[parts[nuclei]]))
    cells = owner[parts]
    large = np.bincount(cells.ravel()) >= 0.785 * scale.px(smallest_um) ** 2
    large[0] = False
    return in_raster_order(np.where(large[cells], cells, 0).astype(np.int32))


def _parts(core: NDArray[np.float32], mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Grow cores to the border of the mask: those of the highest level, and lower ones that hold none of these."""
    from scipy.ndimage import find_objects

    seeds = np.zeros(core.shape, np.int32)
    for level in SURE:
        count, found = cv2.connectedComponents(((core > level) & (mask > 0)).astype(np.uint8), connectivity=4)
        taken = np.zeros(count, bool)
        taken[found[seeds > 0]] = True
        taken[0] = True
        seeds = np.where(taken[found], seeds, found + int(seeds.max()))
    count, body = cv2.connectedComponents(mask, connectivity=4)
    at = np.flatnonzero(seeds)
    own, seed = np.divmod(np.unique(body.ravel()[at].astype(np.int64) << 32 | seeds.ravel()[at]), 1 << 32)
    seed_of = int(seeds.max()) + np.arange(count, dtype=np.int32)  # of a body without a core: all of it
    seed_of[own], seed_of[0] = seed, 0
    parts = np.asarray(seed_of[body], np.int32)
    boxes = find_objects(body)
    for label in np.flatnonzero(np.bincount(own, minlength=count) > 1).tolist():
        box = boxes[label - 1]
        inside = body[box] == label
        np.copyto(parts[box], _grown(core[box], seeds[box] * inside, inside), where=inside)
    return parts


def _grown(core: NDArray[np.float32], seeds: NDArray[np.int32], inside: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Grow the seeds of one body over all of it; only their borders do, which is much less to go through."""
    from skimage.segmentation import watershed

    around = np.pad(seeds, 1)
    same = (around[:-2, 1:-1] == seeds) & (around[2:, 1:-1] == seeds)
    deep = (seeds > 0) & same & (around[1:-1, :-2] == seeds) & (around[1:-1, 2:] == seeds)
    grown = np.asarray(watershed(-core, np.where(deep, 0, seeds), mask=inside & ~deep), np.int32)
    return np.where(deep, seeds, grown)


def _joined(pairs: NDArray[np.int32], level: NDArray[np.float32], n_parts: int) -> NDArray[np.int64]:
    """Join neighbouring parts whose common border is no seam, until none is left; give the cell of each part."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    owner = np.arange(n_parts + 1)
    while True:
        ends, mean = _neighbours(owner[pairs], level)
        ends = ends[mean > SEAM]
        if not len(ends):
            return owner
        graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(owner.size, owner.size))
        owner = connected_components(graph, directed=False)[1].astype(np.int64)[owner]


def _given_away(
    owner: NDArray[np.int64], pairs: NDArray[np.int32], level: NDArray[np.float32], with_nucleus: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Join each cell without a nucleus to the neighbour it is least parted from, the least parted pairs first.

    What has been joined goes on as one: a chain of parts ends at the first cell with a nucleus, and parts among which
    no nucleus is seen are one cell.
    """
    ends, mean = _neighbours(owner[pairs], level)
    root = np.arange(owner.max(initial=0) + 1)
    has = np.isin(root, with_nucleus)
    for i in np.argsort(-mean, kind="stable"):
        if mean[i] <= LEANING:
            break
        a, b = root[ends[i]]
        if a != b and not (has[a] and has[b]):
            root[root == b] = a
            has[a] |= has[b]
    return np.asarray(root[owner], np.int64)


def _neighbours(pairs: NDArray[np.int64], level: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each pair (n, 2) of different touching cells once, and the mean level along their border."""
    pairs, level = np.sort(pairs, axis=1)[pairs[:, 0] != pairs[:, 1]], level[pairs[:, 0] != pairs[:, 1]]
    ends, which = np.unique(pairs, axis=0, return_inverse=True)
    return ends, np.bincount(which.ravel(), level, len(ends)) / np.bincount(which.ravel(), minlength=len(ends))


def _borders(parts: NDArray[np.int32], core: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the parts (n, 2) on the two sides of every place where two touch, and the level of the core there."""
    pairs, levels = [], []
    for first, second in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        a, b = parts[first], parts[second]
        touch = (a != b) & (a > 0) & (b > 0)
        pairs.append(np.stack([a[touch], b[touch]], axis=1))
        levels.append(np.minimum(core[first][touch], core[second][touch]))
    return np.concatenate(pairs), np.concatenate(levels)

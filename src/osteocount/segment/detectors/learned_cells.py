"""Cells from the maps of the network: an oversegmentation, and its fragments merged where no boundary parts them.

Cores are grown by a watershed into more fragments than there are cells, and neighbours are merged by a logistic
regression on what their boundary shows, each with the one it is most surely one cell with: agglomeration as in
connectomics (Nunez-Iglesias et al. 2013, PLoS ONE 8:e71715), in rounds of reciprocal best pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.backends.shipped import LogitMaps
from osteocount.segment.morphology import disc_area, gaussian, holes_filled, in_raster_order
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.watershed import marker_watershed

# What chose these values is not recorded; the weights of the boundary features are fitted, see training/calibrate.py.
_HOLE_UM = 12.0  # a gap in a cell up to this diameter is a vacuole
_SURE = (3.0, 1.0, 0.0)  # logits of the core at which fragments are told apart, the surest first
#: What decides whether two fragments are one cell, in this order; see `Oversegmentation.boundary_features`.
BOUNDARY_FEATURES = (
    *(f"{what}_{bare}_bare" for bare in ("none", "one", "both") for what in ("one", "core", "open", "contrast")),
    *("darker", "length", "width", "small"),
)


def cell_mask(maps: LogitMaps, analysed: NDArray[np.bool_] | None, least: float, scale: Scale) -> NDArray[np.uint8]:
    """Return (height, width) uint8, 1 inside cells, vacuoles filled.

    Parameters
    ----------
    maps
        From the network.
    analysed
        (height, width) what counts; None is all.
    least
        Logit of lying in a cell from which a pixel does.
    scale
        Of the maps.
    """
    mask = (maps.cell > least if analysed is None else (maps.cell > least) & analysed).astype(np.uint8)
    return holes_filled(mask, disc_area(scale.px(_HOLE_UM)))


@dataclass(frozen=True)
class Oversegmentation:
    """Fragments of cells, and what lies between those that touch.

    Attributes
    ----------
    labels
        (height, width) int32, 1..n.
    pairs, level
        (k, 2) the fragments on the two sides of every place where two touch, (k,) the logit of the core there.
    area, dark, nuclei
        (n + 1,) pixels, summed optical density and number of nuclei of each fragment.
    um
        µm per pixel.
    """

    labels: NDArray[np.int32]
    pairs: NDArray[np.int64]
    level: NDArray[np.float32]
    area: NDArray[np.float64]
    dark: NDArray[np.float64]
    nuclei: NDArray[np.float64]
    um: float

    def boundary_features(self, owner: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the pairs (m, 2) of touching cells, and features (m, 16) in the order of `BOUNDARY_FEATURES`.

        Told apart by how many of the two are bare, without a nucleus: ``one``; ``core``, the mean logit of the core
        along the border; ``open``, the part of it that lies in a core; ``contrast``, how much the two differ in
        optical density. For all: ``darker``, how much denser the bare one is than the other (a dark cell lies on
        another, a pale arm belongs to it); ``length`` of the border (log µm); ``width``, the same over the diameter of
        the smaller one; ``small``, that diameter (log µm).

        Parameters
        ----------
        owner
            (n + 1,) the cell of each fragment.
        """
        one, two = owner[self.pairs].T
        apart = one != two
        one, two, level = one[apart], two[apart], np.clip(self.level[apart], -8, 8)
        keys, which = np.unique(np.minimum(one, two) * owner.size + np.maximum(one, two), return_inverse=True)
        ends, m = np.stack(np.divmod(keys, owner.size), axis=1), keys.size
        pixels = np.bincount(which, minlength=m)
        area, dark, nuclei = (np.bincount(owner, each) for each in (self.area, self.dark, self.nuclei))
        diameter = 1.13 * self.um * np.sqrt(np.maximum(area[ends].min(axis=1), 1))
        first, second = (dark[ends] / np.maximum(area[ends], 1)).T
        bare = nuclei[ends] == 0
        of_each = [
            np.ones(m),
            np.bincount(which, level, m) / np.maximum(pixels, 1),
            np.bincount(which, level > 0, m) / np.maximum(pixels, 1),
            np.abs(first - second),
        ]
        columns = [(bare.sum(axis=1) == number) * each for number in range(3) for each in of_each]
        columns += [
            np.where(bare[:, 0] == bare[:, 1], 0, np.maximum(np.where(bare[:, 0], first - second, second - first), 0)),
            np.log(self.um * np.maximum(pixels, 1)),
            np.minimum(self.um * pixels / diameter, 3.0),
            np.log(diameter),
        ]
        return ends, np.stack(columns, axis=1).astype(np.float64)


def oversegment(
    maps: LogitMaps,
    mask: NDArray[np.uint8],
    total: NDArray[np.float32],
    nuclei: tuple[NDArray[np.intp], NDArray[np.intp]],
    scale: Scale,
) -> Oversegmentation:
    """Cut the mask into fragments, more than there are cells.

    Parameters
    ----------
    maps
        From the network.
    mask
        From `cell_mask`.
    total
        (height, width) optical density, weighted over the three colours.
    nuclei
        (y, x) of the nuclei.
    scale
        Of the maps.
    """
    core = gaussian(maps.core, scale.px(0.6))
    labels = _grown_cores(core, mask)
    n = int(labels.max(initial=0)) + 1
    at = np.flatnonzero(labels)  # most of a picture is background
    own = labels.ravel()[at]
    return Oversegmentation(
        labels,
        *touching(labels, core),
        np.bincount(own, minlength=n).astype(np.float64),
        np.bincount(own, total.ravel()[at], minlength=n).astype(np.float64),
        np.bincount(labels[nuclei], minlength=n).astype(np.float64),
        scale.um,
    )


def merge_fragments(fragments: Oversegmentation, weights: NDArray[np.float64], smallest_um: float) -> NDArray[np.int32]:
    """Merge fragments that are one cell; return (height, width) int32 labels, 1..n in raster order.

    Two are merged when each is what the other is most surely one with; then all features are worked out anew.

    Parameters
    ----------
    fragments
        From `oversegment`.
    weights
        (16,) of `BOUNDARY_FEATURES`: the logit of being one cell.
    smallest_um
        Cells below the area of a disc of this diameter are dropped.
    """
    owner = np.arange(fragments.area.size)
    while True:
        ends, features = fragments.boundary_features(owner)
        logit = (features * weights).sum(axis=1)  # a matrix product may round differently elsewhere in the picture
        to = reciprocal_best(ends, logit, owner.size)
        if to is None:
            break
        owner = to[owner]
    large = np.bincount(owner, fragments.area, owner.size)[owner] >= disc_area(smallest_um / fragments.um)
    large[0] = False
    return in_raster_order(np.where(large, owner, 0).astype(np.int32)[fragments.labels])


def reciprocal_best(
    pairs: NDArray[np.int64], sure: NDArray[np.floating], number: int
) -> NDArray[np.int64] | None:  # fmt: skip
    """Return (number,) which label each becomes when pairs merge that are each other's surest; None: no pair does.

    Parameters
    ----------
    pairs
        (k, 2) labels that touch, the lower first.
    sure
        (k,) above 0 where the two are one.
    number
        Of labels, the background included.
    """
    best = np.full(number, -np.inf)
    np.maximum.at(best, pairs.ravel(), np.repeat(sure, 2))
    join = (sure > 0) & (sure == best[pairs[:, 0]]) & (sure == best[pairs[:, 1]])
    if not join.any():
        return None
    to = np.arange(number)
    to[pairs[join, 1]] = pairs[join, 0]
    return to


def _grown_cores(core: NDArray[np.float32], mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Grow cores to the border of the mask: those of the highest level, and lower ones that hold none of these."""
    at = np.flatnonzero(mask.view(bool))  # most of a picture is background
    height, seed, n = core.ravel()[at], np.zeros(at.size, np.int32), 0
    for level in _SURE:
        count, cores = cv2.connectedComponents(cv2.compare(core, level, cv2.CMP_GT) & mask, connectivity=4)
        own, bare = cores.ravel()[at], np.ones(count, bool)
        bare[own[seed > 0]] = bare[0] = False
        seed += np.where(bare, n + np.cumsum(bare), 0).astype(np.int32)[own]
        n += int(np.count_nonzero(bare))
    count, bodies = cv2.connectedComponents(mask, connectivity=4)
    body = bodies.ravel()[at]
    body_of = np.zeros(n + 1, np.int32)  # of each seed
    body_of[seed] = body
    seed_of = n + np.arange(count, dtype=np.int32)  # of a body without a core: all of it
    seed_of[body_of[1:]] = np.arange(1, n + 1)
    fragment = seed_of[body]
    parted = np.bincount(body_of[1:], minlength=count) > 1
    several = parted[body]
    inside = np.zeros(mask.shape, bool)
    inside.ravel()[at] = several
    height, seed, seeds = height[several], seed[several], 1 + np.flatnonzero(parted[body_of[1:]])
    markers, basin = np.flatnonzero(seed), np.zeros(n + 1, np.intp)
    basin[seeds] = np.arange(seeds.size)
    fragment[several] = seeds[marker_watershed(inside, height, markers, basin[seed[markers]], height).basin]
    fragments = np.zeros(mask.shape, np.int32)
    fragments.ravel()[at] = fragment
    return fragments


def touching(labels: NDArray[np.int32], core: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the fragments (k, 2) on the two sides of every place where two touch, and the level of the core there."""
    pairs, levels = [], []
    for first, second in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        a, b = labels[first], labels[second]
        touch = (a != b) & (a > 0) & (b > 0)
        pairs.append(np.stack([a[touch], b[touch]], axis=1).astype(np.int64))
        levels.append(np.minimum(core[first][touch], core[second][touch]))
    return np.concatenate(pairs), np.concatenate(levels)

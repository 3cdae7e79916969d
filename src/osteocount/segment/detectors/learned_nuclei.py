"""Nuclei from the maps of the network, each with a calibrated score, and how many a cell has."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.backends.shipped import LogitMaps, sigmoid
from osteocount.segment.morphology import disk, gaussian, wide_gaussian
from osteocount.segment.preprocess.scale import Scale

# What becomes a candidate is wide on purpose: the calibration (training/calibrate.py) weighs it. Nuclei of the
# annotated field are 6 to 11 µm across. What chose each of the values is not recorded.
_APART_UM = 3.0  # no second centre of the same nucleus is taken within this distance
_FAINTEST = -4.0  # logit of the centre below which nothing is a candidate
_NEIGHBOUR_UM = 9.0  # a stronger candidate within this distance may be the same nucleus
_CUT_UM = 2.5  # of a nucleus whose centre lies nearer than this to the edge of the picture, half may be missing
#: Score below which a candidate adds nothing to the interval of the number of nuclei.
LEAST_SCORE = 0.02
#: What the calibration weighs, in this order.
FEATURES = ("one", "centre", "nucleus", "share", "drop", "prominence", "nearness", "cut")


def candidate_features(
    maps: LogitMaps, density: NDArray[np.float32], inside: NDArray[np.bool_], scale: Scale
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return the centres (y, x) of all that may be a nucleus, and their features (n, 8) in the order of `FEATURES`.

    ``centre`` is the logit of the centre, ``nucleus`` the mean logit of lying in a nucleus near it, ``share`` the share
    of nucleus around it, ``drop`` how much less green light it absorbs than the cell around it, ``prominence`` how far
    its logit stands above its surroundings, ``nearness`` how near a stronger candidate is (0 far, 1 at the same place),
    ``cut`` how near the edge of the picture, which may hide most of the nucleus (0 far, 1 at it).
    """
    centre = gaussian(maps.centre, scale.px(0.6))
    peaks = (centre >= cv2.dilate(centre, disk(scale.radius(_APART_UM)))) & (centre > _FAINTEST) & inside
    y, x = np.nonzero(peaks)
    at = y, x  # each map is let go of once its values there are known
    strength = centre[at]
    del centre, peaks
    near = gaussian(np.clip(maps.nucleus, -6, 6), scale.px(1.5))[at]
    share = gaussian(sigmoid(maps.nucleus), scale.px(3.0))[at]
    around = gaussian(np.clip(maps.centre, -8, 8), scale.px(4.0))[at]
    weight = inside.astype(np.float32)
    green = cv2.multiply(cv2.extractChannel(density, 1), weight)
    wide = wide_gaussian(green, scale.px(5.5))[at] / np.maximum(wide_gaussian(weight, scale.px(5.5))[at], 1e-3)
    here = gaussian(green, scale.px(1.5))[at] / np.maximum(gaussian(weight, scale.px(1.5))[at], 1e-3)
    columns: list[NDArray[np.floating]] = [
        np.ones(y.size),
        strength,
        near,
        4 * share,
        10 * np.clip(wide - here, -0.2, 0.2),
        strength - around,
        _nearness(y, x, strength, scale.px(_NEIGHBOUR_UM)),
        np.maximum(1 - _from_edge(y, x, inside.shape) / scale.px(_CUT_UM), 0),
    ]
    return y, x, np.stack(columns, axis=1).astype(np.float64)


def _from_edge(y: NDArray[np.intp], x: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return how many pixels each centre is away from the edge of the picture."""
    return np.minimum(np.minimum(y, shape[0] - 1 - y), np.minimum(x, shape[1] - 1 - x))


def _nearness(
    y: NDArray[np.intp], x: NDArray[np.intp], strength: NDArray[np.float32], radius: float
) -> NDArray[np.float64]:
    """Return 1 − distance / ``radius`` to the nearest stronger candidate, 0 where there is none within it.

    Centres are in raster order, so those near each other in rows follow each other.
    """
    near = np.zeros(y.size)
    for step in range(1, y.size):
        down, along = y[step:] - y[:-step], x[step:] - x[:-step]
        if down.min() > radius:
            break
        away = np.sqrt(down * down + along * along)
        first = np.flatnonzero(away <= radius)
        weaker = np.where(strength[first] <= strength[first + step], first, first + step)
        np.maximum.at(near, weaker, 1 - away[first] / radius)
    return near


def rescore_fused_cells(
    score: NDArray[np.float32], cell: NDArray[np.int32], threshold: float, least: int, odds: float
) -> NDArray[np.float32]:
    """Raise the scores of candidates in fused cells.

    Most cells have one nucleus, so scores are strict. Where ``least`` nuclei of a cell reach the ``threshold`` even so,
    it is a fused cell, and what else looks like a nucleus there is one more often: its odds are multiplied.

    Parameters
    ----------
    score, cell
        (n,) of each candidate; 0 is no cell.
    threshold, least
        What is counted, and how many of those make a fused cell.
    odds
        Of a candidate in such a cell, relative to those its score says.
    """
    counted = np.bincount(cell[score >= threshold], minlength=int(cell.max(initial=0)) + 1)
    fused = (counted >= least) & (np.arange(counted.size) > 0)
    raised = odds * score / (odds * score + 1 - score)
    return np.where(fused[cell], raised, score).astype(np.float32)

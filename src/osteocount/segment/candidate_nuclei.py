"""Candidate nuclei: centres with a score, and the pixels each of them covers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.morphology import disk, in_raster_order

# What chose these values is not recorded.
_WIDEST = 1.3  # radii of a nucleus that its drawing extends to at most
_CORE = 0.5  # radii around its centre that are always drawn
_HALF = 0.5  # share of the contrast at its centre that belongs to it


@dataclass(frozen=True)
class CandidateNuclei:
    """Candidate nuclei.

    Attributes
    ----------
    y, x
        Centres in analysed pixels.
    score
        0..1; 0.5 is as likely a nucleus as not.
    labels
        (height, width) int32, the extent of each spot, numbered 1..n as in the arrays.
    """

    y: NDArray[np.intp]
    x: NDArray[np.intp]
    score: NDArray[np.float32]
    labels: NDArray[np.int32]

    def only(self, keep: NDArray[np.bool_]) -> CandidateNuclei:
        """Return the spots marked in ``keep``, numbered anew in raster order of their first pixel."""
        kept = np.flatnonzero(keep)
        new = np.zeros(keep.size + 1, np.int32)
        new[kept + 1] = np.arange(1, kept.size + 1)
        labels = in_raster_order(np.take(new, self.labels))
        order = kept[np.argsort(labels[self.y[kept], self.x[kept]], kind="stable")]
        return CandidateNuclei(self.y[order], self.x[order], self.score[order], labels)


def interiors(cells: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return 1 inside cells, 0 outside and where two cells meet."""
    values = cells.astype(np.float32)
    highest = cv2.dilate(values, disk(1))
    lowest = cv2.erode(np.where(cells > 0, values, np.float32(np.inf)), disk(1))
    return np.asarray((cells > 0) & (highest == lowest), np.uint8)


def draw_candidates(
    contrast: NDArray[np.float32],
    cells: NDArray[np.int32],
    y: NDArray[np.intp],
    x: NDArray[np.intp],
    score: NDArray[np.float32],
    radius: float,
) -> CandidateNuclei:
    """Return candidates with these centres and scores, each drawn; the strongest goes first.

    Drawn are the pixels of its cell around its centre with half its contrast or more.
    """
    half = max(1, round(_WIDEST * radius))
    dy, dx = (each.ravel() for each in np.mgrid[-half : half + 1, -half : half + 1])
    away = dy * dy + dx * dx
    disc = away <= (_WIDEST * radius) ** 2
    dy, dx, core = dy[disc], dx[disc], away[disc] <= (_CORE * radius) ** 2
    peak = contrast[y, x]
    weakest_first = np.argsort(-peak, kind="stable")[::-1]  # the last write wins, and that is the strongest
    to_y, to_x = y[weakest_first, None] + dy, x[weakest_first, None] + dx
    height, width = cells.shape
    inside = (to_y >= 0) & (to_y < height) & (to_x >= 0) & (to_x < width)
    which, offset = np.nonzero(inside)
    own, to_y, to_x = weakest_first[which], to_y[inside], to_x[inside]
    bright = contrast[to_y, to_x] >= _HALF * peak[own]
    drawn = (bright | core[offset]) & (cells[to_y, to_x] == cells[y, x][own])
    labels = np.zeros(cells.shape, np.int32)
    labels.ravel()[(to_y * width + to_x)[drawn]] = own[drawn] + 1
    labels[y, x] = np.arange(1, y.size + 1)
    return CandidateNuclei(y, x, score, labels)

"""What was found in the windows of a picture, put together under one numbering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteocount.segment.atlas import Atlas
from osteocount.segment.nuclei import Spots


@dataclass(frozen=True)
class Objects:
    """Labelled objects on an atlas, and where they lie in the picture.

    Attributes
    ----------
    labels
        (height, width) int32 on the atlas, 1..n.
    first
        (n, 2) y, x in the analysed picture of each object's first pixel in raster order.
    """

    labels: NDArray[np.int32]
    first: NDArray[np.intp]


@dataclass(frozen=True)
class Found:
    """Cells and nuclei of one window.

    Attributes
    ----------
    atlas
        Where the bodies lie.
    corner
        Top and left of the window in the analysed picture.
    cells, nuclei
        On the atlas; ``nuclei`` are the counted ones.
    opaque, area, trap
        (n + 1,) for each cell: that its inside cannot be seen, its pixels, its mean TRAP optical density.
    y, x
        Centres of all candidate nuclei in the analysed picture.
    cell, score
        The cell of each of them, and how sure it is.
    nucleus
        Its label among the counted nuclei; 0: not counted.
    """

    atlas: Atlas
    corner: tuple[int, int]
    cells: Objects
    nuclei: Objects
    opaque: NDArray[np.bool_]
    area: NDArray[np.int64]
    trap: NDArray[np.float64]
    y: NDArray[np.intp]
    x: NDArray[np.intp]
    cell: NDArray[np.int32]
    score: NDArray[np.float32]
    nucleus: NDArray[np.int32]


def found_on(
    atlas: Atlas,
    corner: tuple[int, int],
    cells: NDArray[np.int32],
    opaque: NDArray[np.bool_],
    trap: NDArray[np.float32],
    spots: Spots,
    threshold: float,
) -> Found:
    """Gather what was found on an atlas.

    Parameters
    ----------
    atlas, corner
        Where its bodies lie, and top and left of its window in the analysed picture.
    cells
        (height, width) int32 labels 1..n on the atlas.
    opaque
        (n + 1,) True for cells whose inside cannot be seen.
    trap
        (height, width) TRAP optical density on the atlas.
    spots
        Candidate nuclei on the atlas; those with a score of at least ``threshold`` are counted.
    """
    real = atlas.within(cells)
    area = np.bincount(real.ravel(), minlength=opaque.size)
    mean = np.bincount(real.ravel(), weights=trap.ravel(), minlength=opaque.size) / np.maximum(area, 1)
    nucleus = np.zeros(spots.y.size, np.int32)
    counted = spots.score >= threshold
    nucleus[counted] = np.arange(1, int(counted.sum()) + 1)
    nuclei = atlas.within(np.concatenate([np.zeros(1, np.int32), nucleus])[spots.labels])
    y, x = atlas.in_window(spots.y, spots.x)
    return Found(
        atlas, corner, _objects(atlas, corner, real), _objects(atlas, corner, nuclei), opaque, area, mean,
        y + corner[0], x + corner[1], cells[spots.y, spots.x], spots.score, nucleus,
    )  # fmt: skip


def numbered(objects: Sequence[Objects]) -> list[NDArray[np.int32]]:
    """Return, for each window, the final numbers (n + 1,) of its own labels: 1..n in raster order of first pixels."""
    y, x = np.concatenate([np.zeros((0, 2), np.intp), *(each.first for each in objects)]).T
    order = np.lexsort((x, y))
    number = np.empty(order.size, np.int32)
    number[order] = np.arange(1, order.size + 1)
    ends = np.cumsum([len(each.first) for each in objects], dtype=np.intp)
    zero = np.zeros(1, np.int32)
    return [np.concatenate([zero, number[end - len(own.first) : end]]) for own, end in zip(objects, ends, strict=True)]


def paint(found: Found, labels: NDArray[np.int32], image: NDArray[np.int32], top: int = 0, left: int = 0) -> None:
    """Draw the ``labels`` of an atlas on the part of the picture whose corner is at (top, left)."""
    for place in found.atlas.places:
        y, x = place.y + found.corner[0] - top, place.x + found.corner[1] - left
        up, before = max(0, -y), max(0, -x)
        if up >= place.height or before >= place.width:
            continue
        onto = image[y + up : max(0, y + place.height), x + before : max(0, x + place.width)]
        own = labels[place.on_atlas][up : up + onto.shape[0], before : before + onto.shape[1]]
        np.copyto(onto, own, where=own > 0)


def _objects(atlas: Atlas, corner: tuple[int, int], labels: NDArray[np.int32]) -> Objects:
    flat = labels.ravel()
    at = np.flatnonzero(flat)
    first = np.zeros(int(flat.max(initial=0)) + 1, np.intp)
    first[flat[at[::-1]]] = at[::-1]  # the last write wins, and that is the first pixel
    y, x = atlas.in_window(*np.divmod(first[1:], labels.shape[1]))
    return Objects(labels, np.stack([y + corner[0], x + corner[1]], axis=1))

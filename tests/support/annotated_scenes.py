"""Annotated scenes at low power with truth known by hand, for what is learned from them."""

from __future__ import annotations

import numpy as np

from osteocount.finetune.scenes import AnnotatedScene, cut_by_border
from osteocount.segment.preprocess.scale import Scale

SCALE = Scale(2.0, 1.0, "made")


def labels(*boxes, side=600):
    """Return a label image with a rectangle (top, bottom, left, right) for each cell."""
    made = np.zeros((side, side), np.int32)
    for label, (top, bottom, left, right) in enumerate(boxes, start=1):
        made[top:bottom, left:right] = label
    return made


def annotated(cells, osteoclasts=(), unsure=(), name="A01.tif", well="A01"):
    """Return a scene in which the labels ``osteoclasts`` are osteoclasts and the others are not."""
    size = int(cells.max()) + 1
    ids = np.arange(size)
    return AnnotatedScene(
        name, well, np.zeros((*cells.shape, 3), np.float16), np.ones(cells.shape, bool), SCALE, cells,
        np.isin(ids, osteoclasts), np.isin(ids, unsure), cut_by_border(cells, size),
    )  # fmt: skip

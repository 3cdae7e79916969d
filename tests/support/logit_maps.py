"""Maps of the network, made by hand."""

import numpy as np

from osteocount.segment.backends.shipped import LogitMaps
from osteocount.segment.preprocess.scale import Scale

SCALE = Scale(0.76, 1.0, "test")


def hand_made(*blocks, shape=(60, 120), core=4.0):
    """LogitMaps with cells at ``blocks`` (slices), their core 2 px inside."""
    cell = np.full(shape, -6, np.float32)
    inner = np.full(shape, -6, np.float32)
    for rows, columns in blocks:
        cell[rows, columns] = 6
        inner[rows.start + 2 : rows.stop - 2, columns.start + 2 : columns.stop - 2] = core
    far = np.full(shape, -6, np.float32)
    return LogitMaps(cell, inner, far, far)

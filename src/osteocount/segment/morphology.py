"""Small mask operations that behave the same at the border as inside (outside is background)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]


@dataclass(frozen=True)
class Region:
    """Bounding box and area of one label."""

    label: int
    top: int
    left: int
    height: int
    width: int
    area: int

    def window(self, margin: int = 0) -> tuple[slice, slice]:
        """Return the slices of the box, ``margin`` pixels wider on each side and cut at the picture's border."""
        return (
            slice(max(0, self.top - margin), self.top + self.height + margin),
            slice(max(0, self.left - margin), self.left + self.width + margin),
        )


def regions(labels: NDArray[np.int32]) -> list[Region]:
    """Return the box and area of every label present, in order of label; background is left out."""
    y, x = np.nonzero(labels)
    label = labels[y, x]
    n = int(label.max(initial=0)) + 1
    low_y, low_x = np.full(n, labels.shape[0]), np.full(n, labels.shape[1])
    high_y, high_x = np.full(n, -1), np.full(n, -1)
    np.minimum.at(low_y, label, y)
    np.maximum.at(high_y, label, y)
    np.minimum.at(low_x, label, x)
    np.maximum.at(high_x, label, x)
    area = np.bincount(label, minlength=n)
    return [
        Region(
            i, int(low_y[i]), int(low_x[i]), int(high_y[i] - low_y[i] + 1), int(high_x[i] - low_x[i] + 1), int(area[i])
        )
        for i in np.flatnonzero(area).tolist()
    ]


def disk(radius: int) -> Mask:
    """Return a disc-shaped structuring element of odd side 2·radius + 1."""
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(x * x + y * y <= (radius + 0.3) ** 2, np.uint8)


def opened(mask: Mask, radius: int) -> Mask:
    """Remove what is thinner than a disc; the border of the picture does not count as an edge of the cell."""
    wide = cv2.copyMakeBorder(mask, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    out = cv2.morphologyEx(wide, cv2.MORPH_OPEN, disk(radius), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(out[radius:-radius, radius:-radius])


def holes_filled(mask: Mask, largest: float) -> Mask:
    """Fill holes of at most ``largest`` pixels; a hole open to the picture's border stays."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    fill = stats[:, cv2.CC_STAT_AREA] <= largest
    left, top, width, height = (stats[:, i] for i in range(4))
    fill &= (left > 0) & (top > 0) & (left + width < mask.shape[1]) & (top + height < mask.shape[0])
    fill[0] = False
    return mask | fill[labels].astype(np.uint8) if count > 1 else mask


def gaussian(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur with a Gaussian cut at 4 σ and mirrored at the border, as scipy does."""
    size = 2 * int(4 * sigma + 0.5) + 1
    return np.asarray(cv2.GaussianBlur(values, (size, size), sigma, borderType=cv2.BORDER_REFLECT))


def in_raster_order(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Renumber labels 1..n in raster order of each object's first pixel."""
    flat = labels.ravel()
    at = np.flatnonzero(flat)
    first = np.full(int(flat.max(initial=0)) + 1, flat.size, np.int64)
    first[flat[at[::-1]]] = at[::-1]  # the last write wins, and that is the first pixel
    first[0] = -1
    order = np.argsort(first, kind="stable")
    order = order[first[order] < flat.size]
    new = np.zeros(first.size, np.int32)
    new[order] = np.arange(order.size, dtype=np.int32)
    return new[labels]

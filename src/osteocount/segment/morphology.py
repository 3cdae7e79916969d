"""Small mask operations that behave the same at the border as inside (outside is background)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, reduce
from typing import Any, overload

import cv2
import numpy as np
from numpy.typing import NDArray

_LEAST_PX = 8  # area a round body must exceed: smaller ones are noise; what chose it is not recorded
_DISC = 0.785  # π / 4: the area of a disc over the square of its diameter
#: 0 or 1 per pixel, as OpenCV takes it.
ByteMask = NDArray[np.uint8]


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
    from scipy.ndimage import find_objects

    area = np.bincount(labels.ravel())
    return [
        Region(label, y.start, x.start, y.stop - y.start, x.stop - x.start, int(area[label]))
        for label, box in enumerate(find_objects(labels), start=1)
        if box is not None
        for y, x in [box]
    ]


@cache
def disk(radius: int) -> ByteMask:
    """Return a disc-shaped structuring element of odd side 2·radius + 1."""
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(x * x + y * y <= (radius + 0.3) ** 2, np.uint8)


@overload
def disc_area(diameter: float) -> float: ...
@overload
def disc_area(diameter: NDArray[Any]) -> NDArray[np.float64]: ...
def disc_area(diameter: float | NDArray[Any]) -> float | NDArray[np.float64]:
    """Return the area of a disc of this ``diameter``, by which objects of other shapes are judged too."""
    return _DISC * diameter**2


def opened(mask: ByteMask, radius: int) -> ByteMask:
    """Remove what is thinner than a disc; the border of the picture does not count as an edge of the cell."""
    wide = cv2.copyMakeBorder(mask, radius, radius, radius, radius, cv2.BORDER_REPLICATE)
    out = cv2.morphologyEx(wide, cv2.MORPH_OPEN, disk(radius), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(out[radius:-radius, radius:-radius])


def holes_filled(mask: ByteMask, largest: float) -> ByteMask:
    """Fill holes of at most ``largest`` pixels that are no longer than twice a disc of that area.

    A hole open to the picture's border stays.
    """
    rings, family = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if family is None or not (family[0, :, 3] >= 0).any():
        return mask
    longest = 2 * np.sqrt(largest / _DISC)
    out = mask.copy()
    for n in np.flatnonzero(family[0, :, 3] >= 0).tolist():
        ring = rings[n]
        # The ring runs through the pixels around the hole: what it encloses follows from Pick's theorem.
        enclosed = cv2.contourArea(ring) - len(ring) / 2 + 1
        if enclosed <= largest and max(cv2.boundingRect(ring)[2:]) - 2 <= longest:
            cv2.drawContours(out, [ring], 0, 1, cv2.FILLED)
    return out


def gaussian(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur with a Gaussian cut at 4 σ and mirrored at the border, as scipy does."""
    size = 2 * int(4 * sigma + 0.5) + 1
    return np.asarray(cv2.GaussianBlur(values, (size, size), sigma, borderType=cv2.BORDER_REFLECT))


def wide_gaussian(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur with a Gaussian of several pixels, at half the resolution: the same to a thousandth, at a fifth the cost."""
    height, width = values.shape[:2]
    even = cv2.copyMakeBorder(values, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    half = cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    whole = cv2.resize(gaussian(half, sigma / 2), even.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole[:height, :width])


def brightest(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the highest channel (height, width) of each pixel (height, width, channels).

    Channel by channel: many times faster than numpy's maximum over the last axis.
    """
    return np.asarray(reduce(np.maximum, np.moveaxis(pixels, 2, 0)))


def first_pixels(labels: NDArray[np.int32], count: int) -> NDArray[np.intp]:
    """Return where in raster order each label 0..count − 1 has its first pixel; the image's size where it has none."""
    flat = labels.ravel()
    at = np.flatnonzero(flat > 0)
    first = np.full(count, flat.size, np.intp)
    first[flat[at[::-1]]] = at[::-1]  # the last write wins, and that is the first pixel
    return first


def in_raster_order(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Renumber labels 1..n in raster order of each object's first pixel."""
    first = first_pixels(labels, int(labels.max(initial=0)) + 1)
    order = np.argsort(first, kind="stable")
    order = order[first[order] < labels.size]
    new = np.zeros(first.size, np.int32)
    new[order] = np.arange(1, order.size + 1, dtype=np.int32)
    return np.take(new, labels)


def large_enough(labels: NDArray[np.integer], least: float) -> NDArray[np.int32]:
    """Drop labels of fewer than ``least`` pixels, and renumber the others in raster order."""
    area = np.bincount(labels.ravel())
    kept = np.where(area >= least, np.arange(area.size), 0).astype(np.int32)
    kept[0] = 0
    return in_raster_order(kept[labels])


def round_bodies(mask: ByteMask, fill: float) -> tuple[float, int]:
    """Return the median diameter in pixels of round bodies, and how many there are.

    Parameters
    ----------
    mask
        (height, width), 1 inside bodies.
    fill
        Share of the disc around it that such a body fills at least.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    area = stats[1:, cv2.CC_STAT_AREA]
    longest = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1, initial=1)
    area = area[(area > _LEAST_PX) & (area > fill * disc_area(longest))]
    return (float(np.median(np.sqrt(area * 4 / np.pi))), area.size) if area.size else (0.0, 0)

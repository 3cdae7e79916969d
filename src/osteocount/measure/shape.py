"""Size and shape of labelled objects, one small crop at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# A contour through pixel centres is widened to the pixels' corners, so that a square of n pixels has sides of n.
CORNERS = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]], np.float32)


@dataclass(frozen=True)
class Shape:
    """One object in pixels of the whole picture."""

    label: int
    y_px: float
    x_px: float
    area_px: int
    perimeter_px: float
    feret_px: float
    solidity: float
    eccentricity: float
    top: int
    left: int
    bottom: int
    right: int


def measure_shapes(labels: NDArray[np.uint32], origin: tuple[int, int] = (0, 0)) -> list[Shape]:
    """Measure every labelled object.

    Parameters
    ----------
    labels
        (height, width) label image, 0 is background.
    origin
        Top and left of ``labels`` in the picture, where it is a part of one.

    Returns
    -------
    list of Shape
        In order of label. ``perimeter_px`` is the length of the outer contour through the centres of the border
        pixels; ``feret_px`` the largest distance between two corners of its pixels; ``solidity`` area ÷ area of the
        convex hull of its pixels' corners; ``eccentricity`` that of the ellipse with the same second moments.
        ``bottom`` and ``right`` lie one past the last pixel.
    """
    boxes = ndimage.find_objects(labels.astype(np.int32, copy=False))
    return [_measure(labels, label, box, origin) for label, box in enumerate(boxes, start=1) if box is not None]


def _measure(labels: NDArray[np.uint32], label: int, box: tuple[slice, ...], origin: tuple[int, int]) -> Shape:
    top, left = box[0].start + origin[0], box[1].start + origin[1]
    mask = (labels[box] == label).view(np.uint8)
    outer = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    # Only the corners of pixels that are corners of the whole can be corners of the hull.
    points = cv2.convexHull(outer[0] if len(outer) == 1 else np.concatenate(outer))[:, 0, :].astype(np.float32)
    hull = cv2.convexHull((points[:, None, :] + CORNERS).reshape(-1, 2))
    moments = cv2.moments(mask, binaryImage=True)
    area = int(moments["m00"])
    return Shape(
        label=label,
        y_px=top + moments["m01"] / area,
        x_px=left + moments["m10"] / area,
        area_px=area,
        perimeter_px=sum(cv2.arcLength(contour, closed=True) for contour in outer),
        feret_px=_longest(hull[:, 0, :]),
        solidity=area / float(cv2.contourArea(hull)),
        eccentricity=_eccentricity(moments),
        top=top,
        left=left,
        bottom=box[0].stop + origin[0],
        right=box[1].stop + origin[1],
    )


def _longest(points: NDArray[np.float32]) -> float:
    """Largest distance between two of a few points."""
    x, y = points.T.astype(np.float64)
    along, down = x[:, None] - x, y[:, None] - y
    return math.sqrt(float((along * along + down * down).max()))


def _eccentricity(moments: dict[str, float]) -> float:
    """Eccentricity of the ellipse with the same second moments; 1/12 is the second moment of a square pixel."""
    area = moments["m00"]
    x, y, xy = (moments[name] / area for name in ("mu20", "mu02", "mu11"))
    middle, half = (x + y) / 2 + 1 / 12, math.hypot((x - y) / 2, xy)
    return math.sqrt(max(0.0, 1 - (middle - half) / (middle + half)))

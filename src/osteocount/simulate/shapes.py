"""Outlines as signed distances in µm, so that a cell has the same shape at every pixel size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Field2D = NDArray[np.float32]
PointUm = tuple[float, float]
Rng = np.random.Generator


@dataclass(frozen=True)
class Capsule:
    """A stick with round ends and a radius that changes along it.

    Attributes
    ----------
    start, end
        (y, x) of the two ends, µm.
    start_radius, end_radius
        Radius at each end, µm.
    """

    start: PointUm
    end: PointUm
    start_radius: float
    end_radius: float

    def distance(self, y: Field2D, x: Field2D) -> Field2D:
        """Signed distance to the outline, µm, negative inside."""
        dy, dx = self.end[0] - self.start[0], self.end[1] - self.start[1]
        length2 = max(dy * dy + dx * dx, 1e-6)
        py, px = y - self.start[0], x - self.start[1]
        along = np.clip((py * dy + px * dx) / length2, 0.0, 1.0)
        radius = self.start_radius + along * (self.end_radius - self.start_radius)
        return np.asarray(np.hypot(py - along * dy, px - along * dx) - radius, dtype=np.float32)


@dataclass(frozen=True)
class Ellipse:
    """An ellipse by its centre (y, x), its two half axes (µm) and the angle of the first (rad)."""

    centre: PointUm
    half_axes: PointUm
    angle: float

    def distance(self, y: Field2D, x: Field2D) -> Field2D:
        """Signed distance to the outline, µm, exact for a circle and close to it for a mild ellipse."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        py, px = y - self.centre[0], x - self.centre[1]
        along, across = (px * cos + py * sin) / self.half_axes[0], (py * cos - px * sin) / self.half_axes[1]
        return np.asarray((np.hypot(along, across) - 1.0) * min(self.half_axes), dtype=np.float32)


def union(parts: Sequence[Capsule | Ellipse], y: Field2D, x: Field2D, blend: float) -> Field2D:
    """Signed distance to the union of ``parts``, with fillets of about ``blend`` µm where they meet.

    The polynomial smooth minimum of Quilez (2013): min(a, b) − h²·blend/4 with h = max(blend − |a − b|, 0)/blend.
    """
    total: NDArray[np.floating] = parts[0].distance(y, x)
    for part in parts[1:]:
        other = part.distance(y, x)
        overlap = np.maximum(blend - np.abs(total - other), 0.0) / blend
        total = np.minimum(total, other) - overlap * overlap * (blend / 4)
    return np.asarray(total, dtype=np.float32)


def grid(half_size: float, pixel_size: float) -> tuple[Field2D, Field2D]:
    """Coordinates (y, x) in µm of the pixels of a square patch around its centre."""
    n = int(np.ceil(half_size / pixel_size))
    axis = (np.arange(-n, n + 1, dtype=np.float32) * np.float32(pixel_size)).astype(np.float32)
    return np.repeat(axis[:, None], axis.size, 1), np.repeat(axis[None, :], axis.size, 0)


def noise(rng: np.random.Generator, shape: tuple[int, int], scale_px: float) -> Field2D:
    """Smooth noise of mean 0 and standard deviation near 1, with features of about ``scale_px`` pixels."""
    small = tuple(max(int(np.ceil(n / max(scale_px, 1.0))) + 3, 4) for n in shape)
    coarse = rng.standard_normal(small, dtype=np.float32)
    wide = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wide, dtype=np.float32)


def coverage(distance: Field2D, pixel_size: float) -> Field2D:
    """Part of each pixel that lies inside the outline, 0..1."""
    return np.asarray(np.clip(0.5 - distance / np.float32(pixel_size), 0.0, 1.0), dtype=np.float32)

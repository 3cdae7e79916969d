"""Outlines as signed distances, and what a cell is put together from: bodies, processes, nuclei and vacuoles.

Lengths are in µm, so that a cell has the same shape at every pixel size.
"""

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


Part = Capsule | Ellipse


def union(parts: Sequence[Part], y: Field2D, x: Field2D, blend: float) -> Field2D:
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


def room_for(rng: Rng, nuclei: int, area: float, lobes: int, clusters: int) -> tuple[list[Part], tuple[Ellipse, ...]]:
    """Design a spread body with all its nuclei, made larger until they fit."""
    while True:
        parts = spread_body(rng, area, lobes)
        placed = place_nuclei(rng, parts, nuclei, clusters)
        if len(placed) == nuclei:
            return parts, placed
        area *= 1.2


def place_nuclei(rng: Rng, parts: list[Part], number: int, clusters: int) -> tuple[Ellipse, ...]:
    """Place nuclei that touch but hardly overlap, inside ``parts``, crowded around ``clusters`` centres."""
    bodies = [part for part in parts if isinstance(part, Ellipse)]
    centres = [bodies[i % len(bodies)].centre for i in range(clusters)]
    placed: list[Ellipse] = []
    usual = rng.uniform(3.1, 5.1)
    spread = (3.0 + 2.6 * np.sqrt(number / clusters)) * rng.uniform(0.9, 1.25)
    while len(placed) < number:
        centre = centres[len(placed) % clusters]
        radii = rng.uniform(0.85, 1.15, 40) * usual
        y, x = (c + rng.normal(0, spread, 40).astype(np.float32) for c in centre)
        free = depth(parts, y, x) > radii + 0.8
        for other in placed:
            apart = np.hypot(y - other.centre[0], x - other.centre[1])
            free &= apart > 0.93 * (radii + max(other.half_axes))
        if free.any():
            one = int(np.argmax(free))
            placed.append(ellipse(rng, (float(y[one]), float(x[one])), float(radii[one]), 0.8))
            continue
        spread *= 1.25
        if spread > 4.0 * max(max(body.half_axes) for body in bodies):
            break
    return tuple(placed)


def depth(parts: Sequence[Part], y: Field2D, x: Field2D) -> Field2D:
    """How deep inside the union of ``parts`` the places ``y``, ``x`` are, µm."""
    return np.asarray(np.max([-part.distance(y, x) for part in parts], axis=0), dtype=np.float32)


def vacuoles(
    rng: Rng, parts: list[Part], nuclei: tuple[Ellipse, ...], number: int, largest: float = 3.6
) -> tuple[Ellipse, ...]:
    """Place vacuoles anywhere in the cytoplasm, never over a nucleus."""
    bodies = [part for part in parts if isinstance(part, Ellipse)]
    placed: list[Ellipse] = []
    for _ in range(20 * number):
        body = bodies[int(rng.integers(len(bodies)))]
        spot = polar(rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.85) * max(body.half_axes), body.centre)
        radius = rng.uniform(1.0, largest)
        free = all(
            np.hypot(spot[0] - o.centre[0], spot[1] - o.centre[1]) > radius + max(o.half_axes) + 0.8
            for o in (*nuclei, *placed)
        )
        at = np.full(1, spot[0], np.float32), np.full(1, spot[1], np.float32)
        if free and len(placed) < number and depth(bodies, *at)[0] > radius + 1.5:
            placed.append(ellipse(rng, spot, radius, 0.8))
    return tuple(placed)


def spread_body(rng: Rng, area: float, lobes: int) -> list[Part]:
    """Design ``lobes`` ellipses on a bent line, joined by bridges; together about ``area`` µm²."""
    radius = np.sqrt(area / np.pi / (1 + 0.72 * (lobes - 1)))
    heading, spot = rng.uniform(0, 2 * np.pi), (0.0, 0.0)
    parts: list[Part] = [ellipse(rng, spot, radius, 0.55)]
    for _ in range(lobes - 1):
        heading += rng.normal(0, 0.7)
        length = radius * (rng.uniform(2.4, 3.6) if rng.random() < 0.3 else rng.uniform(1.1, 2.5))
        there = polar(heading, length, spot)
        size, waist = radius * rng.uniform(0.6, 1.05), rng.uniform(0.18, 0.65)
        parts += [ellipse(rng, there, size, 0.6), Capsule(spot, there, waist * radius, 0.9 * waist * size)]
        spot = there
    return parts


def fan(rng: Rng, parts: list[Part]) -> Ellipse:
    """Design a thin sheet without nuclei that spreads from one side of the first part."""
    body = parts[0]
    radius = np.sqrt(np.prod(body.half_axes)) if isinstance(body, Ellipse) else body.start_radius
    size = float(radius * rng.uniform(0.6, 1.1))
    return ellipse(rng, polar(rng.uniform(0, 2 * np.pi), float(radius) * rng.uniform(0.7, 1.1)), size, 0.5)


def corners(rng: Rng, body: Part, number: int) -> list[Part]:
    """Plan corners that a spread cell holds on to the plastic with; between them its outline is drawn in."""
    centre = body.centre if isinstance(body, Ellipse) else body.start
    size = np.sqrt(np.prod(body.half_axes)) if isinstance(body, Ellipse) else body.start_radius
    first = rng.uniform(0, 2 * np.pi)
    drawn: list[Part] = []
    for corner in range(number):
        angle = first + 2 * np.pi * (corner + rng.uniform(-0.3, 0.3)) / number
        tip = polar(angle, size * rng.uniform(1.2, 2.1), centre)
        drawn.append(Capsule(centre, tip, size * rng.uniform(0.5, 0.8), rng.uniform(0.8, 0.3 * size + 0.9)))
    return drawn


def arm(rng: Rng, root: PointUm, toward: float) -> list[Part]:
    """Design a neck that leaves ``root`` and ends in a pale sheet: wide, a fan, or hardly there."""
    length, neck = rng.uniform(3, 24), rng.uniform(1.2, 3.5)
    end = polar(toward, length, root)
    parts: list[Part] = [Capsule(root, end, neck * rng.uniform(1.0, 1.6), neck)]
    beyond = toward + rng.normal(0, 0.5)
    wide = rng.uniform(3.0, 9.5)
    tip = polar(beyond, wide * rng.uniform(0.6, 1.6), end)
    if rng.random() < 0.5:
        parts.append(Capsule(end, tip, neck, wide))
    elif rng.random() < 0.8:
        parts.append(ellipse(rng, tip, wide, 0.4))
    return parts


def process(rng: Rng, body: Part, length: float) -> Capsule:
    """Design a tapering process that starts well inside ``body``."""
    toward = rng.uniform(0, 2 * np.pi)
    centre = body.centre if isinstance(body, Ellipse) else body.start
    size = min(body.half_axes) if isinstance(body, Ellipse) else body.start_radius
    root, tip = polar(toward, 0.7 * size, centre), polar(toward, size + length, centre)
    return Capsule(root, tip, 0.25 * size + 0.8, 0.6)


def bent_process(rng: Rng, root: PointUm, toward: float, length: float) -> list[Part]:
    """Design a thin process of two pieces, with a knob or a small fan at its end."""
    thick = rng.uniform(0.7, 1.2)
    knee = polar(toward, length / 2, root)
    tip = polar(toward + rng.normal(0, 0.35), length / 2, knee)
    pieces: list[Part] = [Capsule(root, knee, thick * 1.8, thick), Capsule(knee, tip, thick, thick)]
    if rng.random() < 0.6:
        pieces.append(Ellipse(tip, (rng.uniform(1.8, 3.2), rng.uniform(1.2, 1.9)), toward))
    return pieces


def ellipse(rng: Rng, centre: PointUm, radius: float, flattest: float) -> Ellipse:
    """Draw an ellipse of the area of a circle of ``radius``, its axes' ratio between ``flattest`` and 1."""
    ratio = np.sqrt(rng.uniform(flattest, 1.0))
    return Ellipse(centre, (radius / ratio, radius * ratio), rng.uniform(0, np.pi))


def polar(angle: float, length: float, start: PointUm = (0.0, 0.0)) -> PointUm:
    """Return (y, x) of the end of a step of ``length`` from ``start`` in the direction ``angle``."""
    return start[0] + float(length * np.sin(angle)), start[1] + float(length * np.cos(angle))

"""The parts a cell is put together from: bodies, processes, and the nuclei and vacuoles inside. Lengths in µm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from osteocount.simulate.shapes import Capsule, Ellipse, Field2D, PointUm, Rng


def room_for(
    rng: Rng, nuclei: int, area: float, lobes: int, clusters: int
) -> tuple[list[Capsule | Ellipse], tuple[Ellipse, ...]]:
    """Design a spread body with all its nuclei, made larger until they fit."""
    while True:
        parts = spread_body(rng, area, lobes)
        placed = place_nuclei(rng, parts, nuclei, clusters)
        if len(placed) == nuclei:
            return parts, placed
        area *= 1.2


def place_nuclei(rng: Rng, parts: list[Capsule | Ellipse], number: int, clusters: int) -> tuple[Ellipse, ...]:
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


def depth(parts: Sequence[Capsule | Ellipse], y: Field2D, x: Field2D) -> Field2D:
    """How deep inside the union of ``parts`` the places ``y``, ``x`` are, µm."""
    return np.asarray(np.max([-part.distance(y, x) for part in parts], axis=0), dtype=np.float32)


def vacuoles(
    rng: Rng, parts: list[Capsule | Ellipse], nuclei: tuple[Ellipse, ...], number: int, largest: float = 3.6
) -> tuple[Ellipse, ...]:
    """Place vacuoles anywhere in the cytoplasm, never over a nucleus."""
    bodies = [part for part in parts if isinstance(part, Ellipse)]
    placed: list[Ellipse] = []
    for _ in range(20 * number):
        body = bodies[int(rng.integers(len(bodies)))]
        spot = polar(rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.85) * max(body.half_axes))
        spot = (spot[0] + body.centre[0], spot[1] + body.centre[1])
        radius = rng.uniform(1.0, largest)
        free = all(
            np.hypot(spot[0] - o.centre[0], spot[1] - o.centre[1]) > radius + max(o.half_axes) + 0.8
            for o in (*nuclei, *placed)
        )
        at = np.full(1, spot[0], np.float32), np.full(1, spot[1], np.float32)
        if free and len(placed) < number and depth(bodies, *at)[0] > radius + 1.5:
            placed.append(ellipse(rng, spot, radius, 0.8))
    return tuple(placed)


def spread_body(rng: Rng, area: float, lobes: int) -> list[Capsule | Ellipse]:
    """Design ``lobes`` ellipses on a bent line, joined by bridges; together about ``area`` µm²."""
    radius = np.sqrt(area / np.pi / (1 + 0.72 * (lobes - 1)))
    heading, spot = rng.uniform(0, 2 * np.pi), (0.0, 0.0)
    parts: list[Capsule | Ellipse] = [ellipse(rng, spot, radius, 0.55)]
    for _ in range(lobes - 1):
        heading += rng.normal(0, 0.7)
        step = polar(heading, radius * (rng.uniform(2.4, 3.6) if rng.random() < 0.3 else rng.uniform(1.1, 2.5)))
        there = (spot[0] + step[0], spot[1] + step[1])
        size, waist = radius * rng.uniform(0.6, 1.05), rng.uniform(0.18, 0.65)
        parts += [ellipse(rng, there, size, 0.6), Capsule(spot, there, waist * radius, 0.9 * waist * size)]
        spot = there
    return parts


def fan(rng: Rng, parts: list[Capsule | Ellipse]) -> Ellipse:
    """Design a thin sheet without nuclei that spreads from one side of the first part."""
    body = parts[0]
    radius = np.sqrt(np.prod(body.half_axes)) if isinstance(body, Ellipse) else body.start_radius
    size = float(radius * rng.uniform(0.6, 1.1))
    return ellipse(rng, polar(rng.uniform(0, 2 * np.pi), float(radius) * rng.uniform(0.7, 1.1)), size, 0.5)


def corners(rng: Rng, body: Capsule | Ellipse, number: int) -> list[Capsule | Ellipse]:
    """Plan corners that a spread cell holds on to the plastic with; between them its outline is drawn in."""
    centre = body.centre if isinstance(body, Ellipse) else body.start
    size = np.sqrt(np.prod(body.half_axes)) if isinstance(body, Ellipse) else body.start_radius
    first = rng.uniform(0, 2 * np.pi)
    drawn: list[Capsule | Ellipse] = []
    for corner in range(number):
        step = polar(first + 2 * np.pi * (corner + rng.uniform(-0.3, 0.3)) / number, size * rng.uniform(1.2, 2.1))
        tip = (centre[0] + step[0], centre[1] + step[1])
        drawn.append(Capsule(centre, tip, size * rng.uniform(0.5, 0.8), rng.uniform(0.8, 0.3 * size + 0.9)))
    return drawn


def arm(rng: Rng, root: PointUm, toward: float) -> list[Capsule | Ellipse]:
    """Design a neck that leaves ``root`` and ends in a pale sheet: wide, a fan, or hardly there."""
    length, neck = rng.uniform(3, 24), rng.uniform(1.2, 3.5)
    step = polar(toward, length)
    end = (root[0] + step[0], root[1] + step[1])
    parts: list[Capsule | Ellipse] = [Capsule(root, end, neck * rng.uniform(1.0, 1.6), neck)]
    beyond = toward + rng.normal(0, 0.5)
    wide = rng.uniform(3.0, 9.5)
    step = polar(beyond, wide * rng.uniform(0.6, 1.6))
    tip = (end[0] + step[0], end[1] + step[1])
    if rng.random() < 0.5:
        parts.append(Capsule(end, tip, neck, wide))
    elif rng.random() < 0.8:
        parts.append(ellipse(rng, tip, wide, 0.4))
    return parts


def process(rng: Rng, body: Capsule | Ellipse, length: float) -> Capsule:
    """Design a tapering process that starts well inside ``body``."""
    toward = rng.uniform(0, 2 * np.pi)
    centre = body.centre if isinstance(body, Ellipse) else body.start
    size = min(body.half_axes) if isinstance(body, Ellipse) else body.start_radius
    root, tip = polar(toward, 0.7 * size), polar(toward, size + length)
    return Capsule(
        (centre[0] + root[0], centre[1] + root[1]), (centre[0] + tip[0], centre[1] + tip[1]), 0.25 * size + 0.8, 0.6
    )


def bent_process(rng: Rng, root: PointUm, toward: float, length: float) -> list[Capsule | Ellipse]:
    """Design a thin process of two pieces, with a knob or a small fan at its end."""
    thick = rng.uniform(0.7, 1.2)
    knee_step, tip_step = polar(toward, length / 2), polar(toward + rng.normal(0, 0.35), length / 2)
    knee = (root[0] + knee_step[0], root[1] + knee_step[1])
    tip = (knee[0] + tip_step[0], knee[1] + tip_step[1])
    pieces: list[Capsule | Ellipse] = [Capsule(root, knee, thick * 1.8, thick), Capsule(knee, tip, thick, thick)]
    if rng.random() < 0.6:
        pieces.append(Ellipse(tip, (rng.uniform(1.8, 3.2), rng.uniform(1.2, 1.9)), toward))
    return pieces


def ellipse(rng: Rng, centre: PointUm, radius: float, flattest: float) -> Ellipse:
    """Draw an ellipse of the area of a circle of ``radius``, its axes' ratio between ``flattest`` and 1."""
    ratio = np.sqrt(rng.uniform(flattest, 1.0))
    return Ellipse(centre, (radius / ratio, radius * ratio), rng.uniform(0, np.pi))


def polar(angle: float, length: float) -> PointUm:
    """Return (y, x) of a step of ``length`` in the direction ``angle``."""
    return float(length * np.sin(angle)), float(length * np.cos(angle))

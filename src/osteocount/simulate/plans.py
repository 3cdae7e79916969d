"""Chance decides what a cell of each kind looks like. Lengths in µm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from osteocount.simulate.cells import CellPlan
from osteocount.simulate.shapes import Capsule, Ellipse, Field2D, Point

Rng = np.random.Generator
MAX_NUCLEI = 40


def round_cell(rng: Rng) -> CellPlan:
    """Plan a small dark dome whose nucleus shows as a blue disc, or not at all."""
    radius = rng.uniform(4.2, 6.8)
    parts: list[Capsule | Ellipse] = [_ellipse(rng, (0.0, 0.0), radius, 0.8)]
    if rng.random() < 0.15:
        parts.append(_process(rng, parts[0], rng.uniform(3, 7)))
    nucleus = _ellipse(rng, (0.0, 0.0), radius * rng.uniform(0.45, 0.62), 0.8)
    return CellPlan(
        kind="round",
        parts=tuple(parts),
        nuclei=(nucleus,),
        blend=1.5,
        od_core=rng.uniform(0.3, 0.85),
        od_edge=rng.uniform(0.38, 0.65),
        fringe=rng.uniform(0.02, 0.1),
        rough=0.25,
        compact=True,
    )


def spindle_cell(rng: Rng) -> CellPlan:
    """Plan a narrow body with a target-like nucleus and one to three thin processes, some ending in a knob."""
    length, width = rng.uniform(5, 10), rng.uniform(2.8, 4.6)
    angle = rng.uniform(0, 2 * np.pi)
    body = Ellipse((0.0, 0.0), (length, width), angle)
    parts: list[Capsule | Ellipse] = [body]
    for side in range(int(rng.choice([1, 2, 2, 3]))):
        toward = angle + np.pi * side + rng.normal(0, 0.35)
        root = _polar(toward, length * 0.7)
        parts += _bent_process(rng, root, toward, rng.uniform(6, 30))
    nucleus = Ellipse((0.0, 0.0), (min(width * 1.25, length * 0.6), width * 0.72), angle)
    dark = rng.uniform(0.22, 0.6)
    return CellPlan(
        kind="spindle",
        parts=tuple(parts),
        nuclei=(nucleus,),
        blend=3.0,
        od_core=dark,
        od_edge=dark * rng.uniform(0.7, 1.2),
        fringe=rng.uniform(0.0, 0.06),
        rough=0.25,
        grain=0.15,
        compact=True,
    )


def stellate_cell(rng: Rng) -> CellPlan:
    """Plan a dark body with two to five corners, often a pale fan on one side, and one ringed nucleus."""
    radius = rng.uniform(4.0, 7.5)
    body = _ellipse(rng, (0.0, 0.0), radius, 0.5)
    parts: list[Capsule | Ellipse] = [body]
    for _ in range(int(rng.integers(2, 6))):
        if rng.random() < 0.4:
            toward = rng.uniform(0, 2 * np.pi)
            parts += _bent_process(rng, _polar(toward, 0.6 * radius), toward, rng.uniform(5, 18))
        else:
            parts.append(_process(rng, body, rng.uniform(2, 12)))
    if rng.random() < 0.5:
        size = radius * rng.uniform(0.7, 1.5)
        parts.append(_ellipse(rng, _polar(rng.uniform(0, 2 * np.pi), radius + 0.4 * size), size, 0.5))
    dark = rng.uniform(0.28, 0.7)
    return CellPlan(
        kind="stellate",
        parts=tuple(parts),
        nuclei=(_ellipse(rng, (0.0, 0.0), max(radius * rng.uniform(0.5, 0.7), 2.6), 0.7),),
        blend=rng.uniform(2.0, 6.0),
        od_core=dark,
        od_edge=dark * rng.uniform(0.25, 0.8),
        rough=0.5,
        ruffle=rng.uniform(0.1, 0.4),
        grain=rng.uniform(0.1, 0.25),
        thin_edge=rng.uniform(0.4, 1.2),
    )


def ringed_cell(rng: Rng) -> CellPlan:
    """Plan a spread cell with one nucleus twice as large as usual, dark around it: no osteoclast."""
    radius = rng.uniform(5.5, 8.0)
    parts = _spread_body(rng, max(rng.lognormal(np.log(750), 0.35), 9.0 * radius**2), lobes=1)
    parts += [_process(rng, parts[0], rng.uniform(4, 14)) for _ in range(int(rng.integers(0, 3)))]
    return CellPlan(
        kind="mononuclear_large",
        parts=tuple(parts),
        nuclei=(_ellipse(rng, (0.0, 0.0), radius, 0.7),),
        blend=8.0,
        od_core=rng.uniform(0.3, 0.65),
        od_edge=rng.uniform(0.05, 0.25),
        rim=rng.uniform(0.0, 0.12),
        rough=0.8,
        ruffle=rng.uniform(0.2, 0.8),
        grain=rng.uniform(0.15, 0.3),
        mottle=rng.uniform(0.1, 0.5),
        thin_edge=rng.uniform(0.4, 2.0),
    )


def foamy_cell(rng: Rng) -> CellPlan:
    """Plan a cell with one nucleus and many vacuoles, which look like pale nuclei: no osteoclast."""
    plan = large_mononuclear(rng)
    parts = list(plan.parts)
    return replace(plan, vacuoles=_vacuoles(rng, parts, plan.nuclei, int(rng.integers(3, 12)), largest=4.5))


def mottled_cell(rng: Rng) -> CellPlan:
    """Plan a large pale cell with one nucleus and patches of the size of nuclei: no osteoclast."""
    plan = large_mononuclear(rng, area=rng.lognormal(np.log(1200), 0.6))
    return replace(plan, od_edge=rng.uniform(0.08, 0.25), grain=rng.uniform(0.2, 0.4), mottle=rng.uniform(0.3, 0.7))


def large_mononuclear(rng: Rng, nuclei: int = 1, area: float | None = None) -> CellPlan:
    """Plan a spread TRAP-positive cell that is no osteoclast: one nucleus, or two in the decoy."""
    area = rng.lognormal(np.log(520 if nuclei == 1 else 850), 0.35) if area is None else area
    parts, placed = _room_for(rng, nuclei, area, lobes=int(rng.integers(1, 3)), clusters=1)
    for _ in range(int(rng.integers(0, 4))):
        parts.append(_process(rng, parts[0], rng.uniform(4, 18)))
    return CellPlan(
        kind="mononuclear_large" if nuclei == 1 else "binucleate",
        parts=tuple(parts),
        nuclei=placed,
        blend=8.0,
        od_core=rng.uniform(0.22, 0.55),
        od_edge=rng.uniform(0.05, 0.2),
        rim=rng.uniform(0.0, 0.12),
        rough=0.7,
        ruffle=rng.uniform(0.2, 0.8),
        grain=rng.uniform(0.15, 0.35),
        mottle=rng.uniform(0.0, 0.4),
        thin_edge=rng.uniform(0.4, 2.0),
    )


def osteoclast(rng: Rng, nuclei: int, pale: bool) -> CellPlan:
    """Plan a cell with ``nuclei`` nuclei: dense, or pale with a denser zone around them and a ruffled rim."""
    area = rng.lognormal(np.log((460 if pale else 320) * nuclei ** (1.0 if pale else 0.95)), 0.4)
    lobes = int(np.clip(rng.integers(1, 4) + nuclei // 12, 1, 6))
    clusters = int(rng.integers(1, 3)) if nuclei > 5 else 1
    parts, placed = _room_for(rng, nuclei, max(area, 190.0 * nuclei), lobes, clusters)
    for _ in range(int(rng.integers(0, 4))):
        parts.append(_process(rng, parts[int(rng.integers(len(parts)))], rng.uniform(5, 16)))
    return CellPlan(
        kind="pale_giant" if pale else "osteoclast",
        parts=tuple(parts),
        nuclei=placed,
        vacuoles=_vacuoles(rng, parts, placed, int(rng.poisson(0.25 * nuclei))),
        blend=16.0,
        od_core=rng.uniform(0.30, 0.45) if pale else rng.uniform(0.38, 0.62),
        od_edge=rng.uniform(0.05, 0.11) if pale else rng.uniform(0.14, 0.3),
        rim=rng.uniform(0.06, 0.16),
        rough=1.0,
        ruffle=rng.uniform(0.3, 1.0),
        grain=rng.uniform(0.25, 0.4) if pale else rng.uniform(0.12, 0.25),
        mottle=rng.uniform(0.0, 0.35),
        thin_edge=rng.uniform(1.0, 2.5) if pale else 0.6,
    )


def refractile_cell(rng: Rng) -> CellPlan:
    """Plan a dark dome, too dark to show its nucleus; the lens gives it a wide cyan fringe."""
    radius = rng.uniform(4.5, 7.5)
    return CellPlan(
        kind="refractile",
        parts=(_ellipse(rng, (0.0, 0.0), radius, 0.75),),
        nuclei=(_ellipse(rng, (0.0, 0.0), radius * 0.5, 0.9),),
        od_core=rng.uniform(1.1, 1.4),
        od_edge=rng.uniform(0.5, 0.7),
        rough=0.35,
        compact=True,
        fringe=rng.uniform(0.12, 0.3),
    )


_LARGE = (large_mononuclear, ringed_cell, foamy_cell, mottled_cell)

#: What may stand for each of the kinds that `Densities` counts.
PLANS: dict[str, Callable[[Rng], CellPlan]] = {
    "round": round_cell,
    "spindle": lambda rng: (spindle_cell, stellate_cell)[rng.random() < 0.45](rng),
    "mononuclear_large": lambda rng: _LARGE[int(rng.choice(len(_LARGE), p=(0.46, 0.22, 0.12, 0.2)))](rng),
    "binucleate": lambda rng: large_mononuclear(rng, nuclei=2),
    "refractile": refractile_cell,
}


def nuclei_of_an_osteoclast(rng: Rng, mean: float) -> int:
    """Draw three plus a gamma-Poisson (shape 1.3) count, so that the mean is ``mean``; never above 40."""
    return min(3 + int(rng.poisson(rng.gamma(1.3, (mean - 3) / 1.3))), MAX_NUCLEI)


def _room_for(
    rng: Rng, nuclei: int, area: float, lobes: int, clusters: int
) -> tuple[list[Capsule | Ellipse], tuple[Ellipse, ...]]:
    """Plan a spread body with all its nuclei, made larger until they fit."""
    while True:
        parts = _spread_body(rng, area, lobes)
        placed = place_nuclei(rng, parts, nuclei, clusters)
        if len(placed) == nuclei:
            return parts, placed
        area *= 1.2


def place_nuclei(rng: Rng, parts: list[Capsule | Ellipse], number: int, clusters: int) -> tuple[Ellipse, ...]:
    """Place nuclei that touch but hardly overlap, inside ``parts``, crowded around ``clusters`` centres."""
    bodies = [part for part in parts if isinstance(part, Ellipse)]
    centres = [bodies[i % len(bodies)].centre for i in range(clusters)]
    placed: list[Ellipse] = []
    spread = (3.0 + 2.6 * np.sqrt(number / clusters)) * rng.uniform(0.9, 1.25)
    while len(placed) < number:
        centre = centres[len(placed) % clusters]
        radii = rng.uniform(3.3, 4.9, 40)
        y, x = (c + rng.normal(0, spread, 40).astype(np.float32) for c in centre)
        free = _depth(parts, y, x) > radii + 0.8
        for other in placed:
            apart = np.hypot(y - other.centre[0], x - other.centre[1])
            free &= apart > 0.93 * (radii + max(other.half_axes))
        if free.any():
            one = int(np.argmax(free))
            placed.append(_ellipse(rng, (float(y[one]), float(x[one])), float(radii[one]), 0.8))
            continue
        spread *= 1.25
        if spread > 4.0 * max(max(body.half_axes) for body in bodies):
            break
    return tuple(placed)


def _depth(parts: Sequence[Capsule | Ellipse], y: Field2D, x: Field2D) -> Field2D:
    """How deep inside the union of ``parts`` the places ``y``, ``x`` are, µm."""
    return np.asarray(np.max([-part.distance(y, x) for part in parts], axis=0), dtype=np.float32)


def _vacuoles(
    rng: Rng, parts: list[Capsule | Ellipse], nuclei: tuple[Ellipse, ...], number: int, largest: float = 3.6
) -> tuple[Ellipse, ...]:
    """Place vacuoles anywhere in the cytoplasm, never over a nucleus."""
    bodies = [part for part in parts if isinstance(part, Ellipse)]
    placed: list[Ellipse] = []
    for _ in range(20 * number):
        body = bodies[int(rng.integers(len(bodies)))]
        spot = _polar(rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.85) * max(body.half_axes))
        spot = (spot[0] + body.centre[0], spot[1] + body.centre[1])
        radius = rng.uniform(1.0, largest)
        free = all(
            np.hypot(spot[0] - o.centre[0], spot[1] - o.centre[1]) > radius + max(o.half_axes) + 0.8
            for o in (*nuclei, *placed)
        )
        at = np.full(1, spot[0], np.float32), np.full(1, spot[1], np.float32)
        if free and len(placed) < number and _depth(bodies, *at)[0] > radius + 1.5:
            placed.append(_ellipse(rng, spot, radius, 0.8))
    return tuple(placed)


def _spread_body(rng: Rng, area: float, lobes: int) -> list[Capsule | Ellipse]:
    """Plan ``lobes`` ellipses on a bent line, joined by bridges; together about ``area`` µm²."""
    radius = np.sqrt(area / np.pi / (1 + 0.72 * (lobes - 1)))
    heading, spot = rng.uniform(0, 2 * np.pi), (0.0, 0.0)
    parts: list[Capsule | Ellipse] = [_ellipse(rng, spot, radius, 0.55)]
    for _ in range(lobes - 1):
        heading += rng.normal(0, 0.7)
        step = _polar(heading, radius * rng.uniform(1.1, 2.5))
        there = (spot[0] + step[0], spot[1] + step[1])
        size, waist = radius * rng.uniform(0.6, 1.05), rng.uniform(0.22, 0.65)
        parts += [_ellipse(rng, there, size, 0.6), Capsule(spot, there, waist * radius, 0.9 * waist * size)]
        spot = there
    return parts


def _process(rng: Rng, body: Capsule | Ellipse, length: float) -> Capsule:
    """Plan a tapering process that starts well inside ``body``."""
    toward = rng.uniform(0, 2 * np.pi)
    centre = body.centre if isinstance(body, Ellipse) else body.start
    size = min(body.half_axes) if isinstance(body, Ellipse) else body.start_radius
    root, tip = _polar(toward, 0.7 * size), _polar(toward, size + length)
    return Capsule(
        (centre[0] + root[0], centre[1] + root[1]), (centre[0] + tip[0], centre[1] + tip[1]), 0.25 * size + 0.8, 0.6
    )


def _bent_process(rng: Rng, root: Point, toward: float, length: float) -> list[Capsule | Ellipse]:
    """Plan a thin process of two pieces, with a knob or a small fan at its end."""
    thick = rng.uniform(0.7, 1.2)
    knee_step, tip_step = _polar(toward, length / 2), _polar(toward + rng.normal(0, 0.35), length / 2)
    knee = (root[0] + knee_step[0], root[1] + knee_step[1])
    tip = (knee[0] + tip_step[0], knee[1] + tip_step[1])
    pieces: list[Capsule | Ellipse] = [Capsule(root, knee, thick * 1.8, thick), Capsule(knee, tip, thick, thick)]
    if rng.random() < 0.6:
        pieces.append(Ellipse(tip, (rng.uniform(1.8, 3.2), rng.uniform(1.2, 1.9)), toward))
    return pieces


def _ellipse(rng: Rng, centre: Point, radius: float, flattest: float) -> Ellipse:
    """Draw an ellipse of the area of a circle of ``radius``, its axes' ratio between ``flattest`` and 1."""
    ratio = np.sqrt(rng.uniform(flattest, 1.0))
    return Ellipse(centre, (radius / ratio, radius * ratio), rng.uniform(0, np.pi))


def _polar(angle: float, length: float) -> Point:
    """Return (y, x) of a step of ``length`` in the direction ``angle``."""
    return float(length * np.sin(angle)), float(length * np.cos(angle))

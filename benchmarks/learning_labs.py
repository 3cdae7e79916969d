"""The simulated labs of learning.py: stain and scale differ from the defaults, and so does what lies about.

What the network was trained on holds specks, flakes, rings and fibres. Debris of other kinds is drawn here, as it
occurs in cultures; its sizes are in µm and its optical densities (OD) are those of pictures of such things.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from osteocount.simulate import Densities, FieldDesign, Optics, SimulatedField, StainStyle, simulate_field
from osteocount.simulate.optics import blurred, photograph

RED = StainStyle(trap=(0.42, 1.4, 1.05), trap_edge=(0.36, 1.35, 1.05), counterstain=(1.0, 0.95, 0.5))
Painter = Callable[[np.ndarray, np.ndarray, StainStyle, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Lab:
    """The design of a lab's fields: ``debris`` paints one thing, and there are ``per_mm2`` of it."""

    design: FieldDesign
    debris: Painter | None = None
    per_mm2: float = 0.0


def grains(y: np.ndarray, x: np.ndarray, stain: StainStyle, rng: np.random.Generator) -> np.ndarray:
    """Precipitate of the TRAP substrate: a clump of 5 to 60 dark grains, 5 to 25 µm across."""
    n, spread = int(np.exp(rng.uniform(np.log(5), np.log(60)))), rng.uniform(1.5, 6.0)
    dense = np.zeros(y.shape, np.float32)
    for at_y, at_x in rng.normal(0, spread, (n, 2)) * rng.uniform(0.5, 1.0, 2):
        radius, dark = rng.uniform(0.5, 1.5), rng.uniform(0.3, 0.9)
        near = np.clip(radius + 0.5 - np.hypot(y - at_y, x - at_x), 0, 1)
        dense = np.maximum(dense, np.float32(dark) * near)
    return dense[..., None] * np.asarray(stain.trap, np.float32) / max(stain.trap)


def dead(y: np.ndarray, x: np.ndarray, stain: StainStyle, rng: np.random.Generator) -> np.ndarray:
    """Lymphocytes and dead cells without TRAP: 1 to 6 naked nuclei, 5 to 9 µm across, full of counterstain."""
    dense = np.zeros(y.shape, np.float32)
    for at_y, at_x in rng.normal(0, 5.0, (int(rng.integers(1, 7)), 2)):
        radius, dark = rng.uniform(2.5, 4.5), rng.uniform(0.3, 0.8)
        dense = np.maximum(dense, np.float32(dark) * np.clip(radius + 0.5 - np.hypot(y - at_y, x - at_x), 0, 1))
    return dense[..., None] * np.asarray(stain.counterstain, np.float32)


def bubble(y: np.ndarray, x: np.ndarray, stain: StainStyle, rng: np.random.Generator) -> np.ndarray:
    """Drop of fat or small air bubble: a dark grey rim of 1 to 3 µm around a bright middle, 6 to 30 µm across."""
    radius, rim = np.exp(rng.uniform(np.log(3), np.log(15))), rng.uniform(1.0, 3.0)
    away = np.hypot(y, x)
    dark = rng.uniform(0.2, 0.6) * np.exp(-0.5 * ((away - radius) / rim) ** 2)
    return (dark - 0.06 * (away < radius))[..., None] * np.ones(3, np.float32)


def simulate(lab: Lab, seed: int) -> SimulatedField:
    """Return a field of the lab; its debris lies anywhere, on cells too, and is none of them."""
    field, rng = simulate_field(lab.design, seed), np.random.default_rng([seed, 7])
    if lab.debris is None:
        return field
    um, reach = lab.design.pixel_size, 35.0
    od = np.zeros_like(field.od)
    height, width = od.shape[:2]
    for _ in range(rng.poisson(lab.per_mm2 * lab.design.area_mm2)):
        at = rng.uniform(0, height * um), rng.uniform(0, width * um)
        rows, columns = (
            slice(max(0, int((a - reach) / um)), min(n, int((a + reach) / um) + 1))
            for a, n in zip(at, (height, width), strict=True)
        )
        y, x = np.arange(rows.start, rows.stop) * um - at[0], np.arange(columns.start, columns.stop) * um - at[1]
        od[rows, columns] += lab.debris(y[:, None], x[None, :], lab.design.stain, rng)
    od = field.od + blurred(od, lab.design.optics, um)
    return replace(field, od=od, picture=photograph(od, lab.design.optics, rng))


SPECKS = Densities(debris=700, refractile=40, fibre=120)
#: What the network knows, and much of it: nothing is left to learn. Then what it does not know.
LABS = {
    "redder stain, 1.0 µm/px, many specks": Lab(
        FieldDesign(
            width=900, height=700, pixel_size=1.0, densities=SPECKS,
            stain=StainStyle(trap=(1.0, 1.0, 0.55), trap_strength=1.25),
            optics=Optics(background=(225.0, 215.0, 190.0), noise=4.0),
        )
    ),
    "pale stain, 0.5 µm/px, many specks": Lab(
        FieldDesign(width=1400, height=1100, pixel_size=0.5, densities=SPECKS, stain=StainStyle(trap_strength=0.7))
    ),
    "red stain, 0.5 µm/px, precipitate": Lab(
        FieldDesign(width=1200, height=900, pixel_size=0.5, stain=RED), grains, 150
    ),
    "pale stain and haematoxylin, 1.0 µm/px, dead cells": Lab(
        FieldDesign(
            width=700, height=550, pixel_size=1.0,
            stain=StainStyle(counterstain=(1.0, 0.95, 0.5), trap_strength=0.7),
        ),
        dead, 60,
    ),
    "dark stain, 0.5 µm/px, bubbles": Lab(
        FieldDesign(width=1200, height=900, pixel_size=0.5, stain=StainStyle(trap_strength=1.25)), bubble, 100
    ),
}  # fmt: skip
PERFECT = Lab(FieldDesign(width=900, height=700))

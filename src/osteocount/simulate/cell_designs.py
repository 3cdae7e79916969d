"""What cells of each kind are like, drawn at random. Lengths in µm, densities in red OD.

The ranges were set beside crops of real pictures until simulated cells looked alike. Measured on the annotated field:
nuclei 8 to 14 px across at 0.76 µm per pixel (8 to 11 in giants), cytoplasm of about 1 : 1.25 : 0.75 in R, G, B, nuclei
of 0.2 to 0.45, 0.15 to 0.48 and 0.1 to 0.25. For the other ranges no measurement is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from osteocount.simulate.shapes import (
    Capsule,
    Ellipse,
    Part,
    Rng,
    arm,
    bent_process,
    corners,
    ellipse,
    fan,
    polar,
    process,
    room_for,
    spread_body,
    vacuoles,
)

MAX_NUCLEI = 40  # of an osteoclast


@dataclass(frozen=True)
class CellDesign:
    """All that is decided about a cell before it is painted. Lengths in µm around the cell's own centre.

    Attributes
    ----------
    kind
        ``round``, ``spindle``, ``stellate``, ``mononuclear_large``, ``binucleate``, ``osteoclast``, ``pale_giant`` or
        ``refractile``.
    parts
        Outline, before it is roughened.
    blend
        Fillet where parts meet.
    nuclei, vacuoles
        Ellipses inside it.
    dense
        Ellipses around which the cytoplasm is as dense as around nuclei: the body of a cell with pale arms.
    od_core, od_edge
        TRAP (red OD) around the nuclei and in the periphery.
    rim
        Added TRAP (red OD) in a band along the edge.
    rough, ruffle
        SD of the coarse and of the fine roughness of the outline.
    grain
        Relative SD of the granules of TRAP.
    mottle
        Relative SD of pale and dense patches of the size of nuclei, some of them bluish; fewer between nuclei.
    compact
        The cell is a dome: dark in the middle whatever its nuclei.
    thin_edge
        Distance over which the cell fades in from its outline.
    fringe
        Red OD of the cyan fringe that a cell, where it is thick and out of focus, throws around itself.
    dense_within
        How far from the nuclei the cytoplasm is dense.
    clarity
        How clearly the nuclei show: multiplies the TRAP missing over them and their counterstain.
    """

    kind: str
    parts: tuple[Part, ...]
    nuclei: tuple[Ellipse, ...] = ()
    vacuoles: tuple[Ellipse, ...] = ()
    dense: tuple[Ellipse, ...] = ()
    blend: float = 3.0
    od_core: float = 0.4
    od_edge: float = 0.1
    rim: float = 0.0
    rough: float = 0.3
    ruffle: float = 0.0
    grain: float = 0.1
    mottle: float = 0.0
    compact: bool = False
    thin_edge: float = 0.4
    fringe: float = 0.0
    dense_within: float = 7.0
    clarity: float = 1.0

    @property
    def half_size(self) -> float:
        """Half side of a square that holds the cell, µm."""
        extent = 0.0
        for part in self.parts:
            if isinstance(part, Capsule):
                extent = max(
                    extent,
                    *(abs(c) + part.start_radius for c in part.start),
                    *(abs(c) + part.end_radius for c in part.end),
                )
            else:
                extent = max(extent, *(abs(c) + max(part.half_axes) for c in part.centre))
        return extent + 3 * (self.rough + self.ruffle) + 5.0


def round_cell(rng: Rng) -> CellDesign:
    """Design a small dark dome whose nucleus shows as a blue disc, or not at all."""
    radius = rng.uniform(4.2, 6.8)
    parts: list[Part] = [ellipse(rng, (0.0, 0.0), radius, 0.8)]
    if rng.random() < 0.15:
        parts.append(process(rng, parts[0], rng.uniform(3, 7)))
    nucleus = ellipse(rng, (0.0, 0.0), radius * rng.uniform(0.45, 0.62), 0.8)
    return CellDesign(
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


def spindle_cell(rng: Rng) -> CellDesign:
    """Design a narrow body with a target-like nucleus and one to three thin processes, some ending in a knob."""
    length, width = rng.uniform(5, 10), rng.uniform(2.8, 4.6)
    angle = rng.uniform(0, 2 * np.pi)
    body = Ellipse((0.0, 0.0), (length, width), angle)
    parts: list[Part] = [body]
    for side in range(int(rng.choice([1, 2, 2, 3]))):
        toward = angle + np.pi * side + rng.normal(0, 0.35)
        root = polar(toward, length * 0.7)
        parts += bent_process(rng, root, toward, rng.uniform(6, 30))
    nucleus = Ellipse((0.0, 0.0), (min(width * 1.25, length * 0.6), width * 0.72), angle)
    dark = rng.uniform(0.22, 0.6)
    return CellDesign(
        kind="spindle",
        parts=tuple(parts),
        nuclei=(nucleus,),
        blend=3.0,
        od_core=dark,
        od_edge=dark * rng.uniform(0.7, 1.2),
        fringe=rng.uniform(0.0, 0.12),
        rough=0.25,
        grain=0.15,
        compact=True,
    )


def stellate_cell(rng: Rng) -> CellDesign:
    """Design a dark body with two to five corners, often a pale fan on one side, and one ringed nucleus."""
    radius = rng.uniform(4.0, 7.5)
    body = ellipse(rng, (0.0, 0.0), radius, 0.5)
    parts: list[Part] = [body]
    for _ in range(int(rng.integers(2, 6))):
        if rng.random() < 0.4:
            toward = rng.uniform(0, 2 * np.pi)
            parts += bent_process(rng, polar(toward, 0.6 * radius), toward, rng.uniform(5, 18))
        else:
            parts.append(process(rng, body, rng.uniform(2, 12)))
    if rng.random() < 0.5:
        size = radius * rng.uniform(0.7, 1.5)
        parts.append(ellipse(rng, polar(rng.uniform(0, 2 * np.pi), radius + 0.4 * size), size, 0.5))
    dark = rng.uniform(0.28, 0.7)
    return CellDesign(
        kind="stellate",
        parts=tuple(parts),
        nuclei=(ellipse(rng, (0.0, 0.0), max(radius * rng.uniform(0.5, 0.7), 2.6), 0.7),),
        blend=rng.uniform(2.0, 6.0),
        od_core=dark,
        od_edge=dark * rng.uniform(0.25, 0.8),
        fringe=rng.uniform(0.0, 0.12),
        rough=0.5,
        ruffle=rng.uniform(0.1, 0.4),
        grain=rng.uniform(0.1, 0.25),
        thin_edge=rng.uniform(0.4, 1.2),
    )


def armed_cell(rng: Rng, nuclei: int = 1) -> CellDesign:
    """Design a narrow dark body, straight or bent, whose one to three arms end in pale sheets: still one cell."""
    length, width = rng.uniform(4.5, 9.5) * (1 if nuclei == 1 else 1.5), rng.uniform(3.0, 5.5)
    angle = rng.uniform(0, 2 * np.pi)
    body = Ellipse((0.0, 0.0), (length, width), angle)
    parts: list[Part] = [body]
    for side in range(int(rng.choice([1, 2, 2, 3, 4]))):
        toward = angle + np.pi * side + rng.normal(0, 0.6)
        parts += arm(rng, polar(angle + np.pi * side, length * 0.7), toward)
    size = min(width * rng.uniform(0.6, 0.8), 4.0)
    places = [0.0] if nuclei == 1 else [-0.45 * length, 0.45 * length]
    dark = rng.uniform(0.25, 0.85)
    return CellDesign(
        kind="stellate" if nuclei == 1 else "binucleate",
        parts=tuple(parts),
        nuclei=tuple(Ellipse(polar(angle, at), (max(size * 1.25, 2.6), max(size, 2.3)), angle) for at in places),
        dense=(body,),
        blend=rng.uniform(2.0, 7.0),
        od_core=dark,
        od_edge=rng.uniform(0.07, 0.3),
        rim=rng.uniform(0.0, 0.25),
        fringe=rng.uniform(0.0, 0.12),
        rough=0.5,
        ruffle=rng.uniform(0.1, 0.6),
        grain=rng.uniform(0.1, 0.35),
        thin_edge=rng.uniform(0.4, 1.5),
        dense_within=rng.uniform(1.5, 7.0),
        clarity=rng.uniform(0.7, 1.2),
    )


def ghost_cell(rng: Rng) -> CellDesign:
    """Design a cell with next to no TRAP, long or round, that shows by its granules and its nucleus."""
    cell = large_mononuclear(rng, area=rng.lognormal(np.log(550), 0.5))
    core = rng.uniform(0.06, 0.2)
    return replace(cell, od_core=core, od_edge=core * rng.uniform(0.3, 0.7), grain=rng.uniform(0.3, 0.6), mottle=0.0)


def ringed_cell(rng: Rng) -> CellDesign:
    """Design a spread cell with one nucleus twice as large as usual, dark around it: no osteoclast."""
    radius = rng.uniform(5.5, 8.0)
    parts = spread_body(rng, max(rng.lognormal(np.log(750), 0.35), 9.0 * radius**2), lobes=1)
    parts += [process(rng, parts[0], rng.uniform(4, 14)) for _ in range(int(rng.integers(0, 3)))]
    nucleus = ellipse(rng, (0.0, 0.0), radius, 0.7)
    return CellDesign(
        kind="mononuclear_large",
        parts=tuple(parts),
        nuclei=(nucleus,),
        vacuoles=vacuoles(rng, parts, (nucleus,), int(rng.choice([0, 0, 2, 5])), largest=2.5),
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


def foamy_cell(rng: Rng) -> CellDesign:
    """Design a cell with one nucleus and many vacuoles, which look like pale nuclei: no osteoclast."""
    cell = large_mononuclear(rng)
    parts = list(cell.parts)
    return replace(cell, vacuoles=vacuoles(rng, parts, cell.nuclei, int(rng.integers(3, 12)), largest=4.5))


def mottled_cell(rng: Rng) -> CellDesign:
    """Design a large pale cell with one nucleus and patches of the size of nuclei: no osteoclast."""
    cell = large_mononuclear(rng, area=rng.lognormal(np.log(1200), 0.6))
    return replace(cell, od_edge=rng.uniform(0.08, 0.25), grain=rng.uniform(0.2, 0.4), mottle=rng.uniform(0.3, 0.7))


def large_mononuclear(rng: Rng, nuclei: int = 1, area: float | None = None) -> CellDesign:
    """Design a spread TRAP-positive cell that is no osteoclast: one nucleus, or two in the decoy."""
    area = rng.lognormal(np.log(520 if nuclei == 1 else 850), 0.35) if area is None else area
    parts, placed = room_for(rng, nuclei, area, lobes=int(rng.integers(1, 4)), clusters=1)
    for _ in range(int(rng.integers(0, 4))):
        parts.append(process(rng, parts[0], rng.uniform(4, 18)))
    if rng.random() < 0.45:
        parts += corners(rng, parts[0], int(rng.integers(2, 6)))
    return CellDesign(
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
        fringe=rng.uniform(0.0, 0.06),
        mottle=rng.uniform(0.0, 0.4),
        thin_edge=rng.uniform(0.4, 2.0),
        dense_within=rng.uniform(4.0, 11.0),
        clarity=rng.uniform(0.65, 1.2),
    )


def osteoclast(rng: Rng, nuclei: int, pale: bool) -> CellDesign:
    """Design a cell with ``nuclei`` nuclei: dense, or pale with a denser zone around them and a ruffled rim."""
    area = rng.lognormal(np.log((460 if pale else 320) * nuclei ** (1.0 if pale else 0.95)), 0.5)
    lobes = int(np.clip(rng.integers(1, 4) + nuclei // 12, 1, 6))
    clusters = int(rng.integers(1, min(lobes, nuclei // 3) + 1)) if nuclei > 5 else 1
    parts, placed = room_for(rng, nuclei, max(area, 190.0 * nuclei), lobes, clusters)
    for _ in range(int(rng.integers(0, 4))):
        parts.append(process(rng, parts[int(rng.integers(len(parts)))], rng.uniform(5, 16)))
    if rng.random() < 0.4:
        parts.append(fan(rng, parts))
    if rng.random() < 0.4:
        bodies = [part for part in parts if isinstance(part, Ellipse)]
        parts += corners(rng, bodies[int(rng.integers(len(bodies)))], int(rng.integers(2, 6)))
    return CellDesign(
        kind="pale_giant" if pale else "osteoclast",
        parts=tuple(parts),
        nuclei=placed,
        vacuoles=vacuoles(rng, parts, placed, int(rng.poisson(0.25 * nuclei))),
        blend=16.0,
        od_core=rng.uniform(0.25, 0.5) if pale else rng.triangular(0.35, 0.42, 0.78),
        od_edge=rng.uniform(0.05, 0.11) if pale else rng.uniform(0.14, 0.3),
        rim=rng.uniform(0.0, 0.16),
        rough=1.0,
        ruffle=rng.uniform(0.1, 1.0),
        fringe=rng.uniform(0.0, 0.06),
        grain=rng.uniform(0.15, 0.4) if pale else rng.uniform(0.08, 0.25),
        mottle=rng.uniform(0.0, 0.35),
        thin_edge=rng.uniform(1.0, 4.0) if pale else rng.uniform(0.4, 1.5),
        dense_within=rng.uniform(5.0, 14.0),
        clarity=rng.uniform(0.6, 1.2),
    )


def refractile_cell(rng: Rng) -> CellDesign:
    """Design a dark dome, too dark to show its nucleus; the lens gives it a wide cyan fringe."""
    radius = rng.uniform(4.5, 7.5)
    return CellDesign(
        kind="refractile",
        parts=(ellipse(rng, (0.0, 0.0), radius, 0.75),),
        nuclei=(ellipse(rng, (0.0, 0.0), radius * 0.5, 0.9),),
        od_core=rng.uniform(1.1, 1.4),
        od_edge=rng.uniform(0.5, 0.7),
        rough=0.35,
        compact=True,
        fringe=rng.uniform(0.12, 0.3),
    )


def heaped_cell(rng: Rng) -> CellDesign:
    """Design a cell of a clump: small and dark, with a nucleus that shows."""
    cell = (round_cell, round_cell, spindle_cell, stellate_cell, armed_cell)[int(rng.integers(5))](rng)
    return replace(cell, od_core=max(cell.od_core, rng.uniform(0.35, 0.9)))


_NARROW = (spindle_cell, stellate_cell, armed_cell)
_LARGE = (large_mononuclear, ringed_cell, foamy_cell, mottled_cell, ghost_cell)

#: What may stand for each of the kinds that `Densities` counts.
CELL_DESIGNS: dict[str, Callable[[Rng], CellDesign]] = {
    "round": round_cell,
    "spindle": lambda rng: _NARROW[int(rng.choice(len(_NARROW), p=(0.28, 0.22, 0.5)))](rng),
    "mononuclear_large": lambda rng: _LARGE[int(rng.choice(len(_LARGE), p=(0.38, 0.24, 0.12, 0.16, 0.1)))](rng),
    "binucleate": lambda rng: (armed_cell if rng.random() < 0.25 else large_mononuclear)(rng, nuclei=2),
    "refractile": refractile_cell,
}


def nuclei_of_an_osteoclast(rng: Rng, mean: float) -> int:
    """Draw three plus a gamma-Poisson (shape 1.3) count, so that the mean is ``mean``; never above 40."""
    return min(3 + int(rng.poisson(rng.gamma(1.3, (mean - 3) / 1.3))), MAX_NUCLEI)

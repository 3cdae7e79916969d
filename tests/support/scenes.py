"""Small scenes with truth known by hand: one hard case each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from osteocount.simulate.canvas import Canvas, stretch_fibre
from osteocount.simulate.cell_designs import CellDesign
from osteocount.simulate.design import FieldDesign
from osteocount.simulate.shapes import Capsule, Ellipse, PointUm
from osteocount.simulate.simulated_field import SimulatedField, paint, render_field

_DESIGN = FieldDesign(width=256, height=224, pixel_size=0.76)
_NUCLEUS = 4.2
_THREE = ((-6.0, -6.0), (-6.0, 6.0), (6.0, 0.0))
_FOUR = ((-6.0, -6.0), (-6.0, 6.0), (6.0, -6.0), (6.0, 6.0))
_FIVE = ((-10.0, -10.0), (-10.0, 10.0), (0.0, 0.0), (10.0, -10.0), (10.0, 10.0))


def two_touching_osteoclasts() -> SimulatedField:
    """Show two osteoclasts side by side along a border of about 25 µm, with 4 (left) and 5 (right) nuclei."""
    left = _spread("osteoclast", (Ellipse((0, 0), (26, 24), 0.0),), _FOUR)
    right = _spread("osteoclast", (Ellipse((0, 0), (28, 25), 0.0),), _FIVE)
    return _scene([(left, (85, 66)), (right, (85, 117))])


def binucleate_decoy() -> SimulatedField:
    """Show one large TRAP-positive cell with two nuclei: no osteoclast."""
    return _scene([(_spread("binucleate", (Ellipse((0, 0), (24, 17), 0.3),), ((0, -7), (2, 7))), (85, 97))])


def pale_giant() -> SimulatedField:
    """Show one spread, pale osteoclast of two lobes with 12 nuclei in the middle of its first lobe and a bridge."""
    lobes = (Ellipse((0, -22), (36, 32), 0.0), Ellipse((5, 40), (26, 22), 0.3), Capsule((0, -22), (5, 40), 20, 16))
    nuclei = [(y, x) for y in (-11.0, 0.0, 11.0) for x in (-37.0, -26.0, -15.0, -4.0)]
    giant = _spread("pale_giant", lobes, nuclei, od_core=0.42, od_edge=0.07, rim=0.1, grain=0.3, blend=16.0)
    return _scene([(giant, (85, 92))])


def fibre_between_cells() -> SimulatedField:
    """Show an osteoclast with three nuclei (left) and a mononuclear cell (right), tied by a fibre of 1 µm."""
    left = _spread("osteoclast", (Ellipse((0, 0), (22, 20), 0.0),), _THREE)
    right = _spread("mononuclear_large", (Ellipse((0, 0), (14, 12), 0.0),), ((0, 0),))
    return _scene([(left, (80, 50)), (right, (100, 150))], fibre=((80, 68), (100, 140)))


def mononuclear_on_osteoclast() -> SimulatedField:
    """Show an osteoclast with four nuclei and a mononuclear cell, too dark to show its own, lying on it."""
    below = _spread("osteoclast", (Ellipse((0, 8), (34, 24), 0.0),), _FOUR)
    above = CellDesign("round", (Ellipse((0, 0), (6, 5.5), 0.0),), od_core=1.2, compact=True)
    return _scene([(below, (85, 85)), (above, (85, 116))])


def giant_on_edge() -> SimulatedField:
    """Show an osteoclast cut by the left border: 8 nuclei made, the 6 in the picture seen; not counted."""
    nuclei = [(y, x) for y in (-6.0, 6.0) for x in (-12.0, 2.0, 14.0, 26.0)]
    giant = _spread("osteoclast", (Ellipse((0, 5), (42, 26), 0.0),), nuclei)
    return _scene([(giant, (85, 5))])


def _spread(
    kind: str,
    parts: tuple[Capsule | Ellipse, ...],
    nuclei: Sequence[PointUm],
    *,
    od_core: float = 0.46,
    od_edge: float = 0.2,
    rim: float = 0.06,
    grain: float = 0.15,
    blend: float = 8.0,
) -> CellDesign:
    """Plan a spread cell with round nuclei at given places."""
    discs = tuple(Ellipse(spot, (_NUCLEUS, _NUCLEUS), 0.0) for spot in nuclei)
    cell = CellDesign(kind, parts, discs, blend=blend, rough=0.5, ruffle=0.4)
    return replace(cell, od_core=od_core, od_edge=od_edge, rim=rim, grain=grain)


def _scene(
    cells: Sequence[tuple[CellDesign, PointUm]], fibre: tuple[PointUm, PointUm] | None = None, seed: int = 1
) -> SimulatedField:
    """Paint ``cells`` at places in µm, in order, and photograph them."""
    rng = np.random.default_rng(seed)
    canvas = Canvas(_DESIGN.height, _DESIGN.width, _DESIGN.pixel_size)
    if fibre is not None:
        stretch_fibre(canvas, _DESIGN.stain, *fibre, rng)
    for cell, spot in cells:
        canvas.add(paint(cell, _DESIGN, rng), spot)
    return render_field(canvas, _DESIGN, rng)

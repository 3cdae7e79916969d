"""What lies between cells and must not be counted: debris and retraction fibres. Lengths in µm."""

from __future__ import annotations

import numpy as np

from osteocount.simulate.canvas import Canvas
from osteocount.simulate.design import StainStyle
from osteocount.simulate.shapes import Capsule, PointUm


def add_fibre(canvas: Canvas, style: StainStyle, rng: np.random.Generator) -> None:
    """Put a thin bent fibre somewhere, 30 to 150 µm long."""
    height, width = (n * canvas.pixel_size for n in canvas.cells.shape)
    start = float(rng.uniform(0, height)), float(rng.uniform(0, width))
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(30, 150)
    end = start[0] + float(length * np.sin(angle)), start[1] + float(length * np.cos(angle))
    stretch_fibre(canvas, style, start, end, rng)


def stretch_fibre(
    canvas: Canvas, style: StainStyle, start: PointUm, end: PointUm, rng: np.random.Generator, radius: float = 0.5
) -> None:
    """Stretch a fibre from ``start`` to ``end`` (y, x in µm of the field), slightly bowed."""
    along = np.linspace(0, 1, 9)
    bow = rng.normal(0, 0.06) * np.sin(np.pi * along)
    dy, dx = end[0] - start[0], end[1] - start[1]
    y, x = start[0] + along * dy + bow * dx, start[1] + along * dx - bow * dy
    pieces = [Capsule((float(y[i]), float(x[i])), (float(y[i + 1]), float(x[i + 1])), radius, radius) for i in range(8)]
    canvas.add_line(pieces, style.trap_edge, rng.uniform(0.2, 0.4) * style.trap_strength)


def add_debris(canvas: Canvas, style: StainStyle, rng: np.random.Generator) -> None:
    """Drop a speck, a pale flake or a short ring."""
    height, width = (n * canvas.pixel_size for n in canvas.cells.shape)
    spot = float(rng.uniform(0, height)), float(rng.uniform(0, width))
    if rng.random() < 0.25:
        angles, radius = np.linspace(0, 2 * np.pi, 9), rng.uniform(1.6, 2.8)
        rim = [(spot[0] + float(radius * np.sin(a)), spot[1] + float(radius * np.cos(a))) for a in angles]
        pieces = [Capsule(rim[i], rim[i + 1], 0.6, 0.6) for i in range(8)]
        canvas.add_line(pieces, style.trap_edge, rng.uniform(0.15, 0.35))
        return
    end = spot[0] + float(rng.normal(0, 1.2)), spot[1] + float(rng.normal(0, 1.2))
    piece = Capsule(spot, end, float(rng.uniform(0.4, 1.3)), float(rng.uniform(0.4, 1.3)))
    canvas.add_line([piece], style.trap_edge, float(rng.choice([0.06, 0.1, 0.2, 0.4])))

"""Cells as they appear at low power: smooth outlines with a texture, in optical density, at the scale of the analysis.

Unlike `cell_painting`, which builds a cell of its parts at the scale of nuclei, this takes a millisecond a cell, so
thousands lie in a crop. Lengths are in µm unless a name ends in ``px``. The ranges were set beside crops of real wells
until simulated cells looked alike; hues and densities were measured there where that is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]
Rng = np.random.Generator
Outline = Literal["smooth", "lobed", "long", "angular", "armed"]

_SUPPORT = 32  # least number of points of an outline
# Hues of optical density (R, G, B) over its mean. First, measured on whole-well scans of one lab: .79 to .92, 1.07 to
# 1.19, .82 to .99. The others are purple and red TRAP products, grey, and brown.
_HUES = ((0.85, 1.13, 0.92), (0.98, 1.12, 0.66), (0.45, 1.35, 1.1), (0.75, 1.2, 0.9), (1.0, 1.0, 1.0), (1.1, 1.05, 0.6))


@dataclass(frozen=True)
class CropStyle:
    """How all cells of one crop appear. Densities are optical densities, the others shares of the density of a cell.

    Attributes
    ----------
    um
        µm per pixel.
    clear
        Whether it is of a good scan: cells lie apart and in focus, and most of their nuclei can be counted.
    density
        Typical density of a cell; .21 to .37 on scans of one lab (quartiles).
    hue, hue_far
        At the left and at the right of the crop: light changes across a well.
    nucleus_um
        Diameter of a nucleus.
    nucleus_dark, nucleus_rim, nucleolus
        How much denser nuclei, their envelopes and their nucleoli are than the cytoplasm; below 0 they are paler.
    rim, hollow
        How much denser the rim of a large cell is, and how much paler its inside.
    opaque
        Share of large cells too dense to see nuclei in.
    edge
        Depth to which a cell is thinner at its edge.
    confluent
        Whether large cells are pressed against each other everywhere.
    halo
        Share of large cells with a veil of stain or a bright rim of light around them.
    """

    um: float
    clear: bool
    density: float
    hue: Floats
    hue_far: Floats
    nucleus_um: float
    nucleus_dark: float
    nucleus_rim: float
    nucleolus: float
    rim: float
    hollow: float
    opaque: float
    edge: float
    confluent: bool
    halo: float


def random_style(rng: Rng, um: float) -> CropStyle:
    """Draw the style of a crop."""
    first, second = (np.array(_HUES[int(rng.integers(len(_HUES)))]) for _ in range(2))
    mix = rng.uniform(0, 0.5)
    hue = (1 - mix) * first + mix * second + rng.normal(0, 0.04, 3)
    grey = rng.uniform(0, 0.7) if rng.random() < 0.6 else 0.0
    rim_stained = rng.random() < 0.25
    clear = bool(rng.random() < 0.7)
    pale, either = rng.uniform(-0.8, -0.3), [rng.uniform(-0.6, -0.1), rng.uniform(0.2, 0.9)]
    return CropStyle(
        um=um,
        clear=clear,
        density=float(np.clip(rng.lognormal(np.log(0.32), 0.35), 0.14, 0.8)),
        hue=hue.astype(np.float32),
        hue_far=((1 - grey) * hue + grey).astype(np.float32),
        nucleus_um=float(rng.uniform(11, 16) if clear else rng.uniform(8, 14)),
        nucleus_dark=float(pale if clear else rng.choice(either, p=[0.6, 0.4])),
        nucleus_rim=float(rng.uniform(0.0, 0.5)),
        nucleolus=float(rng.uniform(0.2, 1.0)),
        rim=float(rng.uniform(0.5, 2.0)) if rim_stained else float(rng.uniform(0, 0.5)),
        hollow=float(rng.uniform(0.3, 0.8)) if rim_stained else float(rng.uniform(0, 0.3)),
        opaque=float(rng.choice([0.03, 0.15, 0.5], p=[0.45, 0.4, 0.15])),
        edge=float(rng.uniform(1.5, 9)),
        confluent=bool(rng.random() < (0.6 if rim_stained else 0.1 if clear else 0.2)),
        halo=float(rng.choice([0.1, 0.7])),
    )


def smooth_noise(rng: Rng, shape: tuple[int, int], size_px: float) -> Floats:
    """Return noise (h, w) of about unit SD whose grains are ``size_px`` across."""
    step = max(size_px, 1.0)
    coarse = rng.standard_normal([int(np.ceil(n / step)) + 3 for n in shape]).astype(np.float32)
    wide = np.asarray(cv2.resize(coarse, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC), np.float32)
    top, left = (int(rng.integers(0, max(1, w - n))) for w, n in zip(wide.shape, shape, strict=True))
    return wide[top : top + shape[0], left : left + shape[1]]


def irregular_outline(
    rng: Rng, radius_px: float, irregular: float, stretch: float, fringe: float = 0.0
) -> Floats:  # fmt: skip
    """Return a closed outline (n, 2: x, y) around 0, of the area of a disc: an ellipse with harmonics and spikes."""
    angle = np.linspace(0, 2 * np.pi, max(_SUPPORT, int(radius_px * 2)), endpoint=False)
    r = np.ones_like(angle)
    for k in range(2, 8):
        r += irregular * rng.normal() / k**1.1 * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    r = np.clip(r + fringe * np.abs(rng.normal(0, 1, r.size)), 0.35, 2.2)
    x, y = r * np.cos(angle) * stretch, r * np.sin(angle) / stretch
    area = 0.5 * abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))))
    turn, scale = rng.uniform(0, 2 * np.pi), radius_px * np.sqrt(np.pi / max(area, 1e-3))
    turned = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
    return np.asarray(turned * scale, np.float32)


def fill(mask: Mask, points: Floats) -> None:
    """Fill a polygon (n, 2: x, y) with 255, its edge smoothed."""
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)


def draw_shape(rng: Rng, diameter_px: float, kind: Outline) -> Mask:
    """Return the coverage (n, n) 0 to 255 of a cell whose body has the area of a disc of that diameter.

    With its smoothed edge it is about a pixel wider.
    """
    radius = diameter_px / 2
    irregular, longest, arms = {
        "smooth": (0.1, 1.15, 0),
        "lobed": (0.35, 1.2, 0),
        "long": (0.18, 1.5, 0),
        "angular": (0.5, 1.25, int(rng.integers(0, 3))),
        "armed": (0.2, 1.25, int(rng.integers(1, 4))),
    }[kind]
    stretch = rng.uniform(1.15 if kind == "long" else 1, longest)
    fringe = rng.choice([0, rng.uniform(0.3, 1.8) / radius])  # of spikes up to a few pixels
    points = irregular_outline(rng, radius, irregular, float(stretch), float(fringe))
    half = int(np.ceil(np.abs(points).max() + (2.0 * radius if arms else 0))) + 4
    mask = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    fill(mask, points + half)
    for _ in range(arms):
        _draw_arm(rng, mask, half, radius)
    return mask


def _draw_arm(rng: Rng, mask: Mask, middle: int, radius: float) -> None:
    """Draw a tapering process from the middle of a cell."""
    angle, length = rng.uniform(0, 2 * np.pi), radius * rng.uniform(1.3, 2.4)
    width, bend = radius * rng.uniform(0.15, 0.45), rng.normal(0, 0.25)
    tip = middle + length * np.array([np.cos(angle + bend), np.sin(angle + bend)])
    side = np.array([-np.sin(angle), np.cos(angle)]) * width
    knee = middle + 0.6 * length * np.array([np.cos(angle), np.sin(angle)])
    fill(mask, np.array([middle + side, knee + side * 0.5, tip, knee - side * 0.5, middle - side], np.float32))


def depth_of(mask: Mask) -> Floats:
    """Return how deep in the cell (h, w) each pixel lies, px; beyond the patch the cell goes on."""
    body = cv2.copyMakeBorder((mask > 127).astype(np.uint8), 2, 2, 2, 2, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.distanceTransform(body, cv2.DIST_L2, 5)[2:-2, 2:-2], np.float32)


def paint_cytoplasm(
    rng: Rng, style: CropStyle, mask: Mask, depth: Floats, density: float, *, opaque: bool, ghost: bool
) -> Floats:
    """Return the density (h, w) of a large cell without its nuclei."""
    um, shape, edge = style.um, (mask.shape[0], mask.shape[1]), style.edge * rng.uniform(0.6, 1.6)
    trap: NDArray[np.floating] = np.full(shape, density, np.float32)
    if not ghost:
        trap = density * (np.minimum(depth * um / 4, 1) if opaque else 1 - 0.85 * np.exp(-depth * um / edge))
    if not ghost and rng.random() < 0.6:  # thicker in the middle, as small cells are
        trap = trap * (0.5 + 0.8 * np.sqrt(np.minimum(depth / max(min(float(depth.max()), 30 / um), 1), 1)))
    grain, mottle = rng.uniform(0.03, 0.16), rng.uniform(0, 0.3 if ghost else 0.4)
    trap = trap * (1 + grain * smooth_noise(rng, shape, 5 / um) + mottle * 0.6 * smooth_noise(rng, shape, 35 / um))
    if rng.random() < 0.5:  # one side paler
        angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.9)
        y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
        trap = trap * np.clip(1 + strength * (np.sin(angle) * y[:, None] + np.cos(angle) * x[None, :]), 0.25, 1.8)
    if style.hollow and not opaque and rng.random() < 0.8:
        trap = trap * (1 - style.hollow * rng.uniform(0.5, 1.1) * (1 - np.exp(-depth * um / (3 * edge + 4))))
    patchy = np.clip(0.8 + 0.5 * smooth_noise(rng, shape, 30 / um), 0.1, 2)
    trap = trap + density * style.rim * rng.uniform(0.3, 1.4) * patchy * np.exp(-depth * um / rng.uniform(2.0, 5.0))
    return np.asarray(trap * (mask.astype(np.float32) / 255), np.float32)


def paint_vacuoles(rng: Rng, trap: Floats, depth: Floats, um: float, density: float) -> None:
    """Empty some round places of a cell and draw their membranes."""
    y, x = np.nonzero(depth * um > 5)
    rows, columns = np.ogrid[: trap.shape[0], : trap.shape[1]]
    for _ in range(int(rng.integers(1, 12)) if y.size else 0):
        c = int(rng.integers(y.size))
        radius = float(min(rng.lognormal(np.log(6), 0.7), 1.2 * depth[y[c], x[c]] * um)) / um
        away = np.hypot(rows - y[c], columns - x[c])
        trap *= 1 - rng.uniform(0.4, 0.95) * np.clip(radius - away + 0.5, 0, 1)
        trap += (trap > 0) * density * rng.uniform(0.1, 0.7) * np.exp(-((away - radius) ** 2))


def place_nuclei(rng: Rng, depth: Floats, number: int, radius_px: float) -> list[tuple[int, int]]:
    """Choose where (y, x) up to ``number`` nuclei lie: apart from each other, mostly in one to three groups."""
    y, x = np.nonzero(depth > min(radius_px * 0.9, float(depth.max()) * 0.6))
    if not y.size:
        return []
    middles = rng.integers(y.size, size=int(rng.integers(1, 4)))
    spread = (radius_px * np.sqrt(number) * 1.3 + radius_px) if rng.random() < 0.7 else None
    places: list[tuple[int, int]] = []
    for _ in range(number * 8):
        if len(places) >= number:
            break
        c = int(rng.integers(y.size) if spread is None else middles[int(rng.integers(middles.size))])
        at = int(y[c]), int(x[c])
        if spread is not None:
            at = round(at[0] + rng.normal(0, spread)), round(at[1] + rng.normal(0, spread))
        inside = 0 <= at[0] < depth.shape[0] and 0 <= at[1] < depth.shape[1] and depth[at] >= radius_px * 0.8
        if inside and all((at[0] - p[0]) ** 2 + (at[1] - p[1]) ** 2 > (1.7 * radius_px) ** 2 for p in places):
            places.append(at)
    return places


def paint_nucleus(
    rng: Rng, style: CropStyle, trap: NDArray[np.floating], at: tuple[int, int], radius_px: float, seen: float
) -> None:  # fmt: skip
    """Change the density of a cell at a nucleus, its envelope and its nucleolus, at a share ``seen`` of the style's."""
    half = int(np.ceil(radius_px + 3))
    top, left = max(at[0] - half, 0), max(at[1] - half, 0)
    part = trap[top : at[0] + half + 1, left : at[1] + half + 1]
    y, x = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
    middle, squash = np.add(at, rng.uniform(-0.5, 0.5, 2)), rng.uniform(0.85, 1.15)
    away = np.hypot((y - middle[0]) * squash, (x - middle[1]) / squash).astype(np.float32)
    change = style.nucleus_dark * np.clip(radius_px - away + 0.5, 0, 1)
    change += style.nucleus_rim * np.exp(-(((away - radius_px) / 0.7) ** 2))
    if radius_px > 1.6 and rng.random() < 0.8:
        aside = middle + rng.normal(0, 0.2 * radius_px, 2)
        off = np.hypot(y - aside[0], x - aside[1]).astype(np.float32)
        change += style.nucleolus * rng.uniform(0.4, 1.2) * np.exp(-((off / (0.3 * radius_px)) ** 2))
    part += max(float(trap[at]), 0.08) * seen * change


def paint_small_cells(rng: Rng, style: CropStyle, diameter: float) -> list[tuple[Floats, Mask]]:
    """Paint three dozen mononuclear cells of about that diameter: the density and the coverage of each."""
    made, spindles, ringed = [], rng.uniform(0, 0.3), rng.random() < 0.6
    for _ in range(36):
        size = float(np.clip(rng.lognormal(np.log(diameter), 0.25), 6, 38)) / style.um
        kind: Outline = "long" if rng.random() < spindles else ("lobed" if rng.random() < 0.5 else "smooth")
        mask = draw_shape(rng, max(size, 2.2), kind)
        depth = np.asarray(cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 5))
        trap = style.density * float(rng.lognormal(np.log(0.85), 0.4)) * mask.astype(np.float32) / 255
        if ringed:  # a ring of cytoplasm around the nucleus
            trap *= 1 + rng.uniform(0.1, 0.8) * np.exp(-depth)
            middle = mask.shape[0] // 2, mask.shape[1] // 2
            paint_nucleus(rng, style, trap, middle, min(style.nucleus_um / style.um, 0.65 * size) / 2, 1.0)
        else:
            trap *= 0.6 + 0.6 * depth / max(float(depth.max()), 1)
        if rng.random() < 0.3:
            trap *= rng.uniform(0.2, 0.6)
        made.append((np.maximum(trap, 0), mask))
    return made

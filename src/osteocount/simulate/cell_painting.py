"""One cell in optical density: its body, its nuclei, its vacuoles."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.simulate.cell_designs import CellDesign
from osteocount.simulate.design import StainStyle
from osteocount.simulate.shapes import Ellipse, Field2D, coverage, grid, noise, union

_CYAN = (1.0, 0.2, 0.1)
_LARGE_NUCLEUS = 5.5  # radius, µm, from which a nucleus shows several nucleoli


@dataclass(frozen=True)
class CellPatch:
    """A painted cell.

    Attributes
    ----------
    cell
        What was painted.
    od
        (n, n, 3) float32 optical density.
    inside
        (n, n) bool, the cell.
    nuclei
        (n, n) uint16, 1..k in the order of ``cell.nuclei``.
    """

    cell: CellDesign
    od: NDArray[np.float32]
    inside: NDArray[np.bool_]
    nuclei: NDArray[np.uint16]


def paint_cell(cell: CellDesign, style: StainStyle, pixel_size: float, rng: np.random.Generator) -> CellPatch:
    """Paint ``cell`` on a patch of its own."""
    y, x = grid(cell.half_size, pixel_size)
    distance = _roughened(union(cell.parts, y, x, cell.blend), cell, pixel_size, rng)
    depth = np.maximum(-distance, 0.0)
    near = _nearness(cell, y, x, depth)
    trap = cell.od_edge + (cell.od_core - cell.od_edge) * near
    if cell.rim:
        patchy = np.clip(0.6 + 0.6 * noise(rng, y.shape, 9.0 / pixel_size), 0.0, 2.0)
        trap = trap + cell.rim * patchy * np.exp(-depth / 2.2)
    trap = trap * np.clip(1.0 + cell.grain * _granules(rng, y.shape, pixel_size), 0.15, None)
    calm = 0.8 if len(cell.nuclei) > 1 else 0.2
    patches = cell.mottle * (1 - calm * near) * noise(rng, y.shape, 6.0 / pixel_size) if cell.mottle else 0 * y
    trap = trap * np.clip(1.0 + patches, 0.3, None)
    trap = trap * style.trap_strength * coverage(distance, pixel_size) * (1.0 - np.exp(-depth / cell.thin_edge))
    hue = np.clip(near, 0.0, 1.0)[..., None]
    outer = style.membrane if cell.compact else style.trap_edge
    colour = hue * np.asarray(style.trap, np.float32) + (1 - hue) * np.asarray(outer, np.float32)
    od = np.asarray(trap[..., None] * colour, dtype=np.float32)
    if cell.mottle:
        bluish = trap * np.clip(patches - 0.8 * cell.mottle, 0.0, None)
        od += bluish[..., None] * np.asarray(style.counterstain, np.float32)
    if cell.fringe:
        thick = cv2.GaussianBlur(trap, (0, 0), 2.0 / pixel_size) / (cell.od_core * style.trap_strength)
        ring = cell.fringe * np.minimum(2.5 * thick, 1.0) * np.exp(-(((distance - 1.3) / 1.1) ** 2))
        od += ring[..., None] * np.asarray(_CYAN, np.float32)
    for vacuole in cell.vacuoles:
        near_it = _window(vacuole, 3.0, y, pixel_size)
        od[near_it] = _with_vacuole(od[near_it], vacuole.distance(y[near_it], x[near_it]), style, pixel_size)
    labels = _paint_nuclei(od, cell, (y, x, distance), style, pixel_size, rng)
    return CellPatch(cell, od, distance <= 0, labels)


def _paint_nuclei(
    od: NDArray[np.float32],
    cell: CellDesign,
    place: tuple[Field2D, Field2D, Field2D],
    style: StainStyle,
    pixel_size: float,
    rng: np.random.Generator,
) -> NDArray[np.uint16]:
    """Paint the nuclei of a cell into ``od``, given y, x and the distance to its outline, and return their labels."""
    y, x, distance = place
    labels = np.zeros(y.shape, np.uint16)
    nuclear_style = style.replace(
        exclusion=min(cell.clarity * style.exclusion, 1.0),
        counterstain_strength=cell.clarity * style.counterstain_strength,
    )
    for number, nucleus in enumerate(cell.nuclei, start=1):
        near_it = _window(nucleus, 4.0, y, pixel_size)
        at = y[near_it], x[near_it]
        to_rim = nucleus.distance(*at)
        od[near_it] = _with_nucleus(od[near_it], to_rim, nucleus, at, nuclear_style, pixel_size, rng)
        labels[near_it][(to_rim <= 0) & (distance[near_it] <= 0)] = number
    return labels


def _window(part: Ellipse, margin: float, y: Field2D, pixel_size: float) -> tuple[slice, slice]:
    """Rows and columns of the patch within ``margin`` µm of ``part``."""
    half = max(part.half_axes) + margin
    last = y.shape[0] - 1
    middle = [c / pixel_size + last / 2 for c in part.centre]
    spans = [slice(max(int(m - half / pixel_size), 0), min(int(m + half / pixel_size) + 2, last + 1)) for m in middle]
    return spans[0], spans[1]


def _roughened(distance: Field2D, cell: CellDesign, pixel_size: float, rng: np.random.Generator) -> Field2D:
    """Shift the outline by coarse and fine noise."""
    distance = distance + cell.rough * noise(rng, distance.shape, 7.0 / pixel_size)
    if cell.ruffle:
        distance = distance + cell.ruffle * noise(rng, distance.shape, 2.4 / pixel_size)
    return distance.astype(np.float32)


def _nearness(cell: CellDesign, y: Field2D, x: Field2D, depth: Field2D) -> Field2D:
    """1 around the nuclei (or in the middle of a dome), 0 in the periphery."""
    if cell.compact or not cell.nuclei:
        return np.asarray(1.0 - np.exp(-depth / 1.8), dtype=np.float32)
    far = np.ones(y.shape, np.float32)
    for middle in (*cell.nuclei, *cell.dense):
        near_it = _window(middle, 3 * cell.dense_within, y, float(y[1, 0] - y[0, 0]))
        away = np.maximum(middle.distance(y[near_it], x[near_it]), 0.0)
        far[near_it] *= 1.0 - 0.85 * np.exp(-((away / cell.dense_within) ** 1.4))
    return np.asarray((1.0 - far) * (1.0 - np.exp(-depth / 3.0)), dtype=np.float32)


def _granules(rng: np.random.Generator, shape: tuple[int, int], pixel_size: float) -> Field2D:
    """TRAP sits in granules of about 1 µm inside clouds of about 5 µm."""
    return np.asarray(0.8 * noise(rng, shape, 1.3 / pixel_size) + 0.6 * noise(rng, shape, 5.0 / pixel_size))


def _with_vacuole(
    od: NDArray[np.float32], distance: Field2D, style: StainStyle, pixel_size: float
) -> NDArray[np.float32]:
    """Empty the cytoplasm inside a vacuole and draw its thin, sharp, dark membrane."""
    inside = coverage(distance, pixel_size)[..., None]
    membrane = np.exp(-((distance / 0.7) ** 2))[..., None]
    return np.asarray(
        od * (1 - 0.9 * inside) + 0.16 * membrane * np.asarray(style.trap_edge, np.float32), dtype=np.float32
    )


def _with_nucleus(
    od: NDArray[np.float32],
    distance: Field2D,
    nucleus: Ellipse,
    at: tuple[Field2D, Field2D],
    style: StainStyle,
    pixel_size: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Thin the TRAP over a nucleus, add counterstain, its envelope and one or two nucleoli."""
    inside = coverage(distance, pixel_size)
    envelope = np.exp(-((distance / 0.65) ** 2)) * rng.uniform(0.1, 1.3)
    chromatin = 1.0 + 0.12 * noise(rng, inside.shape, 1.6 / pixel_size)
    blue = inside * chromatin + envelope
    radius = min(nucleus.half_axes)
    for _ in range(int(rng.integers(1, 3)) + 2 * (radius > _LARGE_NUCLEUS)):
        angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.45) * radius
        spot = (nucleus.centre[0] + away * np.sin(angle), nucleus.centre[1] + away * np.cos(angle))
        size = rng.uniform(0.18, 0.28) * radius
        blue = blue + 1.8 * np.exp(-((at[0] - spot[0]) ** 2 + (at[1] - spot[1]) ** 2) / (2 * size**2))
    kept = od * (1 - style.exclusion * inside)[..., None]
    return np.asarray(
        kept + (style.counterstain_strength * blue)[..., None] * np.asarray(style.counterstain, np.float32),
        dtype=np.float32,
    )

"""Crops of whole-well scans at low power, as labs make them: giants of every appearance among a carpet of small cells.

Lengths are in µm unless a name ends in ``px``. Sizes follow what a lab outlined on its scans (diameter of a disc of the
area, quartiles): cells of one or two nuclei 37, 45 and 53 µm, small osteoclasts 60, 76 and 96, large ones 123, 154 and
192. The other ranges were set beside crops of real wells until simulated ones looked alike (scripts/likeness.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.simulate.low_power_cells import (
    CropStyle,
    Floats,
    Mask,
    Outline,
    Rng,
    depth_of,
    draw_shape,
    fill,
    irregular_outline,
    paint_cytoplasm,
    paint_nucleus,
    paint_small_cells,
    paint_vacuoles,
    place_nuclei,
    random_style,
    smooth_noise,
)

_OSTEOCLAST_NUCLEI = 3
_BEYOND = 20.0  # how far beyond the border of the crop the middle of a cell may lie
_GIANT = 80.0  # diameter from which a cell has three nuclei whether they are seen or not
_SEEN = 0.4  # share of the usual contrast from which nuclei are labelled


@dataclass(frozen=True)
class WholeWellCrop:
    """A simulated crop.

    Attributes
    ----------
    picture
        (height, width, 3) uint8 RGB.
    cells
        (height, width) uint16 labels 1..n.
    osteoclast, unsure
        (n + 1,) whether a cell has three nuclei or more; whether it may be called either way: a ghost, or a small pale
        cell whose nuclei cannot be seen.
    centres
        (k, 2) y, x in pixels of the nuclei that can be seen.
    um
        µm per pixel.
    """

    picture: NDArray[np.uint8]
    cells: NDArray[np.uint16]
    osteoclast: NDArray[np.bool_]
    unsure: NDArray[np.bool_]
    centres: Floats
    um: float


@dataclass(frozen=True)
class _Large:
    """A large cell to be placed."""

    diameter: float
    n_nuclei: int
    outline: Outline
    ghost: bool


@dataclass
class _Scene:
    """What is painted so far; entry 0 of the lists stands for the background."""

    od: Floats
    cells: NDArray[np.uint16]
    osteoclast: list[bool] = field(default_factory=lambda: [False])
    unsure: list[bool] = field(default_factory=lambda: [False])
    centres: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, here: tuple[slice, slice], body: NDArray[np.bool_], osteoclast: bool, unsure: bool) -> int:
        """Label a cell, and return its label."""
        label = len(self.osteoclast)
        self.cells[here][body] = label
        self.osteoclast.append(osteoclast)
        self.unsure.append(unsure)
        return label


def simulate_crop(rng: Rng, side_px: int, um: float) -> WholeWellCrop:
    """Simulate a square crop with a random style."""
    style = random_style(rng, um)
    scene = _Scene(np.zeros((side_px, side_px, 3), np.float32), np.zeros((side_px, side_px), np.uint16))
    _place_large(scene, style, rng)
    _scatter_small(scene, style, rng)
    _drop_debris(scene, style, rng)
    if rng.random() < 0.2:
        _cover_by_rim(scene, style, rng)
    centres = [(y, x) for y, x, label in scene.centres if scene.cells[y, x] == label]
    return WholeWellCrop(
        _photograph(scene, style, rng),
        scene.cells,
        np.array(scene.osteoclast),
        np.array(scene.unsure),
        np.array(centres, np.float32).reshape(-1, 2),
        um,
    )


def _place_large(scene: _Scene, style: CropStyle, rng: Rng) -> None:
    """Put osteoclasts, cells of one or two nuclei and ghosts side by side, the largest first."""
    side = scene.cells.shape[0] * style.um
    placed: list[tuple[float, float, float]] = []
    for cell in sorted(_random_large(style, rng, (side / 1000) ** 2), key=lambda each: -each.diameter):
        press = style.confluent or bool(rng.random() < 0.3)
        for _ in range(12 if style.confluent else 5):
            if placed and rng.random() < 0.25:  # beside another one
                y, x, other = placed[int(rng.integers(len(placed)))]
                angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.45, 0.6) * (cell.diameter + other)
                at = y + away * np.sin(angle), x + away * np.cos(angle)
            else:
                at = float(rng.uniform(-_BEYOND, side + _BEYOND)), float(rng.uniform(-_BEYOND, side + _BEYOND))
            if _add_large(scene, style, rng, cell, at, press=press):
                placed.append((*at, cell.diameter))
                break


def _random_large(style: CropStyle, rng: Rng, mm2: float) -> list[_Large]:
    """Draw the large cells of a crop.

    The number of nuclei is Poisson with a mean of (diameter / c)², c from 28 to 37 µm: three are as likely as not at 46
    to 60 µm, as on the outlines of the lab above.
    """
    per_mm2 = rng.uniform(60, 260) if style.confluent else np.clip(rng.lognormal(3.2, 1.0), 0, 180)
    typical, room = float(np.clip(rng.lognormal(np.log(72), 0.25), 45, 140)), float(rng.uniform(28, 37))
    giants = np.clip(rng.lognormal(np.log(typical), 0.55, int(rng.poisson(per_mm2 * mm2))), 34, 420)
    few = int(rng.poisson(np.clip(rng.lognormal(3.5, 0.8), 0, 200) * mm2))
    middling = np.clip(rng.lognormal(np.log(40), 0.3, few), 24, 80)
    ghosts = np.clip(rng.lognormal(np.log(100), 0.5, int(rng.poisson(rng.choice([0, 3, 12]) * mm2))), 40, 300)
    outlines: tuple[Outline, ...] = get_args(Outline)
    odds = rng.dirichlet([4, 3, 2, 1.2, 1.5])
    return [
        _Large(
            float(diameter),
            max(1, int(rng.poisson((diameter / room) ** 2))),
            outlines[int(rng.choice(len(outlines), p=odds))],
            ghost,
        )
        for sizes, ghost in ((giants, False), (middling, False), (ghosts, True))
        for diameter in sizes
    ]


def _add_large(
    scene: _Scene, style: CropStyle, rng: Rng, cell: _Large, at: tuple[float, float], *, press: bool
) -> bool:  # fmt: skip
    """Paint a large cell at ``at`` (y, x), if there is room; a pressed one gives way to what is there."""
    placed = _windowed(
        draw_shape(rng, cell.diameter / style.um, cell.outline), at[0] / style.um, at[1] / style.um, scene
    )
    if placed is None:
        return False
    here, mask = placed
    room = _made_room(mask, scene.cells[here] > 0, rng, press=press)
    if room is None:
        return False
    body, depth = room > 127, depth_of(room)
    opaque = bool(rng.random() < style.opaque) and not cell.ghost
    density = style.density * float(rng.lognormal(0, 0.25)) * (float(rng.uniform(1.2, 2.6)) if opaque else 1.0)
    if cell.ghost:
        density = float(rng.uniform(0.03, 0.11))
    trap = paint_cytoplasm(rng, style, room, depth, density, opaque=opaque, ghost=cell.ghost)
    if cell.diameter > 60 and not opaque and rng.random() < 0.2:
        paint_vacuoles(rng, trap, depth, style.um, density)
    odds = [0.85, 0.12, 0.03] if style.clear else [0.5, 0.3, 0.2]
    seen = (0.15 if opaque else 1.0) * float(rng.choice([1.0, 0.5, 0.15], p=odds))
    nuclei = _paint_nuclei(rng, style, trap, depth, cell.n_nuclei, 0.3 * seen if cell.ghost else seen)
    far = float(np.clip((here[1].start + room.shape[1] / 2) / scene.cells.shape[1] + 0.2 * rng.normal(), 0, 1))
    hue = (1 - far) * style.hue + far * style.hue_far
    if opaque:
        hue = 0.6 * hue + 0.4
    if rng.random() < style.halo:  # a veil of stain or a bright rim of light around a thick cell
        halo = cv2.GaussianBlur(room.astype(np.float32) / 255, (0, 0), float(rng.uniform(3, 10)) / style.um) * (~body)
        scene.od[here] += (rng.uniform(-0.08, 0.16) * halo)[..., None]
    if rng.random() < 0.15:  # thick cells reach out of the plane in focus
        trap = cv2.GaussianBlur(trap, (0, 0), float(rng.uniform(1, 5)) / style.um)
    scene.od[here] += np.maximum(trap, 0)[..., None] * hue
    untold = seen <= _SEEN and not opaque and cell.diameter < _GIANT
    osteoclast = len(nuclei) >= _OSTEOCLAST_NUCLEI and not cell.ghost
    label = scene.add(here, body, osteoclast, unsure=cell.ghost or untold)
    if seen > _SEEN and not cell.ghost:
        scene.centres += [(y + here[0].start, x + here[1].start, label) for y, x in nuclei]
    return True


def _paint_nuclei(
    rng: Rng, style: CropStyle, trap: Floats, depth: Floats, number: int, seen: float
) -> list[tuple[int, int]]:  # fmt: skip
    """Paint as many nuclei as there is room for, at a share ``seen`` of their contrast; return where they lie."""
    radius = style.nucleus_um / 2 / style.um
    places = place_nuclei(rng, depth, number, radius)
    for place in places:
        size = radius * float(rng.normal(1.2 if number == 1 else 1, 0.1))
        paint_nucleus(rng, style, trap, place, size, seen)
    return places


def _windowed(mask: Mask, y_px: float, x_px: float, scene: _Scene) -> tuple[tuple[slice, slice], Mask] | None:
    """Return where in the crop a patch centred at a place falls, and the part of it that does; None: none does."""
    spans, parts = [], []
    for at, size, length in zip((y_px, x_px), mask.shape, scene.cells.shape, strict=True):
        start = round(at) - size // 2
        low, high = max(0, start), min(start + size, length)
        if low >= high:
            return None
        spans.append(slice(low, high))
        parts.append(slice(low - start, high - start))
    part = mask[parts[0], parts[1]].copy()
    return ((spans[0], spans[1]), part) if (part > 127).any() else None


def _made_room(mask: Mask, taken: NDArray[np.bool_], rng: Rng, *, press: bool) -> Mask | None:
    """Return the shape of a cell beside others: a little over them, or pressed into the room they leave."""
    area = int((mask > 127).sum())
    overlap = float((taken & (mask > 127)).sum()) / area
    if overlap > (0.6 if press else 0.12):
        return None
    if not press or overlap == 0:
        return mask
    gap = 2 * int(rng.integers(0, 3)) + 1
    mask[cv2.dilate(taken.astype(np.uint8), np.ones((gap, gap), np.uint8)) > 0] = 0
    count, parts, stats, _ = cv2.connectedComponentsWithStats((mask > 127).astype(np.uint8), connectivity=4)
    if count < 2 or stats[1:, 4].max() < 0.35 * area:
        return None
    mask[(parts != 1 + int(stats[1:, 4].argmax())) & (mask > 127)] = 0
    return mask


def _scatter_small(scene: _Scene, style: CropStyle, rng: Rng) -> None:
    """Put mononuclear cells everywhere: evenly, in clouds, in clumps, leaning on giants and lying on them."""
    height, width = scene.cells.shape
    diameter, covered = float(rng.uniform(9.5, 26)), float(np.clip(rng.lognormal(np.log(0.12), 0.8), 0.01, 0.5))
    painted = paint_small_cells(rng, style, diameter)
    number = int(rng.poisson(covered * height * width / (np.pi / 4 * (diameter / style.um) ** 2)))
    on_giants, large = float(rng.choice([0.05, rng.uniform(0, 0.6)])), scene.cells.copy()
    cloud_px = float(rng.uniform(60, 250)) / style.um
    places = _small_places(rng, (height, width), number, cloud_px, diameter / style.um)
    places += _places_beside(large, rng, int(rng.uniform(0, 0.35) * number))
    for y, x in places:
        if not (0 <= y < height and 0 <= x < width) or (large[int(y), int(x)] and rng.random() > on_giants):
            continue
        trap, mask = painted[int(rng.integers(len(painted)))]
        turn, flip = int(rng.integers(4)), 1 - 2 * int(rng.integers(2))
        turned = np.rot90(trap, turn)[:, ::flip], np.ascontiguousarray(np.rot90(mask, turn)[:, ::flip])
        _add_small(scene, style, *turned, (y, x), large)


def _small_places(
    rng: Rng, shape: tuple[int, int], number: int, cloud_px: float, diameter_px: float
) -> list[tuple[float, float]]:  # fmt: skip
    """Choose about ``number`` places (y, x): more where a cloud is thick, now and then several packed into a clump."""
    cloud = smooth_noise(rng, shape, cloud_px)
    share, clumped = rng.uniform(0.002, 0.04), rng.uniform(0.1, 0.35)
    places: list[tuple[float, float]] = []
    while len(places) < number:
        y, x = float(rng.uniform(0, shape[0])), float(rng.uniform(0, shape[1]))
        if rng.random() > 1 / (1 + np.exp(-1.5 * float(cloud[int(y), int(x)]))):
            number -= rng.random() < 0.5
            continue
        drawn, together = rng.random(), 1
        if drawn < share:
            together = int(rng.integers(4, 30))
        elif drawn < share + clumped:
            together = int(rng.integers(2, 5))
        # Vogel's spiral (1979, Math Biosci 44:179) packs discs evenly.
        k, apart = np.arange(together), diameter_px * rng.uniform(0.35, 0.6)
        turn, away = 2.39996 * k + rng.uniform(0, 2 * np.pi), apart * np.sqrt(k)
        at = np.stack([y + away * np.sin(turn), x + away * np.cos(turn)], axis=1)
        places += [(float(row), float(column)) for row, column in at + rng.normal(0, 0.3 * apart, at.shape)]
    return places


def _places_beside(large: NDArray[np.uint16], rng: Rng, most: int) -> list[tuple[float, float]]:
    """Choose places along the outlines of large cells, where small ones like to lean."""
    ring = (cv2.dilate(large, np.ones((7, 7), np.uint8)) > 0) & (large == 0)
    y, x = np.nonzero(ring)
    if not y.size:
        return []
    chosen = rng.integers(y.size, size=min(most, y.size // 6))
    return list(zip(y[chosen].astype(float), x[chosen].astype(float), strict=True))


def _add_small(
    scene: _Scene, style: CropStyle, trap: Floats, mask: Mask, at: tuple[float, float], large: NDArray[np.uint16]
) -> None:
    """Paint a small cell; one that lies mostly on a giant is not told from it, as annotators do."""
    placed = _windowed(mask, *at, scene)
    if placed is None:
        return
    here, part = placed
    far = at[1] / scene.cells.shape[1]
    top, left = (round(at[i]) - mask.shape[i] // 2 for i in (0, 1))
    inside = trap[here[0].start - top : here[0].stop - top, here[1].start - left : here[1].stop - left]
    scene.od[here] += inside[..., None] * ((1 - far) * style.hue + far * style.hue_far)
    body = part > 127
    free = body & (large[here] == 0)
    if free.sum() >= 0.5 * body.sum():
        scene.add(here, free, osteoclast=False, unsure=False)


def _drop_debris(scene: _Scene, style: CropStyle, rng: Rng) -> None:
    """Drop sharp black specks and stars, fibres, and washed-out smears."""
    height, width = scene.cells.shape
    area = height * width * style.um**2 / 1e6
    layer = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.poisson(rng.choice([5, 60, 400], p=[0.5, 0.3, 0.2]) * area))):
        size = float(np.clip(rng.lognormal(np.log(3), 0.6), 1, 16)) / style.um
        at = rng.uniform(0, [width, height]).astype(np.float32)
        fill(layer, irregular_outline(rng, size, 0.8, float(rng.uniform(1, 2))) + at)
    for _ in range(int(rng.poisson(rng.choice([2, 12], p=[0.7, 0.3]) * area))):
        angle, length, along = (
            rng.uniform(0, 2 * np.pi),
            rng.uniform(20, 200) / style.um,
            np.linspace(0, 1, 12)[:, None],
        )
        bow = rng.normal(0, 0.2) * length * np.sin(np.pi * along)
        line = rng.uniform(0, [width, height]) + along * length * [np.cos(angle), np.sin(angle)]
        line = line + bow * [-np.sin(angle), np.cos(angle)]
        cv2.polylines(layer, [np.round(line * 16).astype(np.int32)], False, 140, 1, cv2.LINE_AA, 4)
    strength = float(rng.uniform(0.3, 1.1))
    scene.od += (layer.astype(np.float32) / 255 * strength)[..., None] * rng.uniform(0.8, 1.2, 3).astype(np.float32)
    if rng.random() < 0.5:
        haze = np.clip(smooth_noise(rng, (height, width), rng.uniform(40, 200) / style.um) - 1, 0, 2)
        scene.od += (haze * rng.uniform(0.01, 0.06))[..., None] * style.hue


def _cover_by_rim(scene: _Scene, style: CropStyle, rng: Rng) -> None:
    """Cover a side of the crop by the dark rim of the well, with its shadow inside and grey plastic beyond."""
    height, width = scene.cells.shape
    angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(800, 4000) / style.um
    middle = radius - rng.uniform(-0.1, 0.45) * width
    y, x = np.ogrid[:height, :width]
    away = np.hypot(y - height / 2 - middle * np.sin(angle), x - width / 2 - middle * np.cos(angle)) - radius
    away = np.asarray(away * style.um, np.float32)
    shadow = rng.uniform(0.05, 1.0) * np.exp(np.minimum(away, 0) / rng.uniform(15, 45))
    shadow += rng.uniform(0, 0.25) * np.exp(np.minimum(away, 0) / rng.uniform(60, 200))
    scene.od += shadow[..., None]
    scene.od[away > 0] = float(rng.uniform(0.8, 1.8))
    scene.od[away > rng.uniform(80, 250)] = float(rng.uniform(0.05, 0.5))
    scene.cells[away > 0] = 0


def _photograph(scene: _Scene, style: CropStyle, rng: Rng) -> NDArray[np.uint8]:
    """Blur, coarsen, sharpen, light, add noise and compress, as lens, camera, scanner and file do."""
    shape = (scene.cells.shape[0], scene.cells.shape[1])
    light = np.power(np.float32(10), -np.maximum(scene.od, -0.1)) + rng.uniform(0, 0.06)  # stray light: never black
    blurs = [rng.uniform(0.3, 0.7), rng.uniform(0.7, 1.2), rng.uniform(1.2, 2.0)]
    light = cv2.GaussianBlur(
        light, (0, 0), float(rng.choice(blurs, p=[0.4, 0.6, 0] if style.clear else [0.5, 0.3, 0.2]))
    )
    if rng.random() < 0.2:  # partly out of focus
        veil = np.clip(smooth_noise(rng, shape, 150 / style.um), 0, 1)[..., None]
        light = (1 - veil) * light + veil * cv2.GaussianBlur(light, (0, 0), 2.5)
    if rng.random() < 0.5 and not style.clear:  # a coarser camera
        part = 1 / float(rng.uniform(1.3, 4.2))
        coarse = cv2.resize(light, None, fx=part, fy=part, interpolation=cv2.INTER_AREA)
        light = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.35:
        sharp = light - cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.8, 2.0)))
        light = light + rng.uniform(0.2, 1.2) * sharp
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    slope = 1 + rng.uniform(-0.15, 0.15) * y[:, None] + rng.uniform(-0.15, 0.15) * x[None, :]
    if rng.random() < 0.2:  # the seam of two pictures
        slope[:, int(rng.integers(shape[1])) :] *= rng.uniform(0.9, 1.1)
    lamp = (rng.uniform(150, 250) * np.clip(rng.normal(1, 0.07, 3), 0.75, 1.1)).astype(np.float32)
    grey = light * lamp * slope[..., None]
    grey = grey + rng.standard_normal(grey.shape, np.float32) * rng.uniform(0.3, 5)
    picture: NDArray[np.uint8] = np.clip(np.round(grey), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 95))])
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return picture

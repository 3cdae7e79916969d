"""Pictures of other things in the colours of a TRAP culture, made by code: tissue, dishes, smears, gels.

Each has what gives its kind away, drawn anew from a seed: the rays and joints of a fin, trabeculae with marrow between
them, bundles of collagen and muscle, lanes of bands, red cells, fat droplets.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]
HEIGHT, WIDTH = 720, 960
TRAP = (0.30, 0.78, 0.55)
HAEMATOXYLIN = (0.75, 0.70, 0.33)


def noise(rng: np.random.Generator, sigma: float, along: float = 1.0) -> Floats:
    """Return noise of mean 0 and SD 1 with blobs of about ``sigma`` px, ``along`` times as long as wide."""
    values = cv2.GaussianBlur(
        rng.normal(size=(HEIGHT, WIDTH)).astype(np.float32), (0, 0), sigmaX=sigma * along, sigmaY=sigma
    )
    return np.asarray((values - values.mean()) / values.std(), np.float32)


def photographed(od: NDArray[np.floating], rng: np.random.Generator, light: tuple[float, ...] = (236, 234, 228)) -> Rgb:
    """Return what a camera sees of optical density (height, width, 3)."""
    return np.clip(np.array(light) * 10**-od + rng.normal(0, 2, od.shape), 0, 255).astype(np.uint8)


def turned(od: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.floating]:
    """Turn by any angle, without bare corners."""
    centre = (WIDTH / 2, HEIGHT / 2)
    turn = cv2.getRotationMatrix2D(centre, float(rng.uniform(0, 180)), 1.0)
    return cv2.warpAffine(od, turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def specks(rng: np.random.Generator, count: int, least: float, most: float, longer: float = 1.6) -> Floats:
    """Return ellipses strewn over the picture, 0 to 1, of half axes between ``least`` and ``most`` px."""
    plane = np.zeros((HEIGHT, WIDTH), np.float32)
    for _ in range(count):
        at = int(rng.uniform(0, WIDTH)), int(rng.uniform(0, HEIGHT))
        short = rng.uniform(least, most)
        axes = max(1, round(short * rng.uniform(1, longer))), max(1, round(short))
        cv2.ellipse(plane, at, axes, float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0.6, 1.0)), -1)
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), 0.8), np.float32)


def trap_fin(seed: int) -> Rgb:
    """A fish fin: parallel bony rays with joints, TRAP in stripes along them and in clusters at the joints."""
    rng = np.random.default_rng([1, seed])
    pitch, size = rng.uniform(45, 120), rng.uniform(0.5, 1.6)
    y = np.arange(HEIGHT, dtype=np.float32)[:, None] + 6 * noise(rng, 90)
    ray = np.clip(1.6 * np.cos(2 * np.pi * y / pitch) - 0.3, 0, 1)
    joint = np.clip(np.cos(2 * np.pi * (np.arange(WIDTH)[None] + 9 * noise(rng, 30)) / (pitch * 1.3)) * 12 - 11, 0, 1)
    od = (0.05 + 0.10 * ray + 0.10 * joint * ray)[..., None] * np.array((0.7, 0.9, 1.3))
    stripes = ray * np.clip(noise(rng, 5 * size, along=5) + rng.uniform(-0.6, 0.5), 0, 2)
    edges = np.clip(1 - np.abs(ray - 0.5) * 3, 0, 1) * np.clip(noise(rng, 3 * size, along=8) + 0.2, 0, 2)
    clusters = ray * cv2.dilate(joint, np.ones((9, 15), np.uint8)) * np.clip(noise(rng, 6 * size) + 0.4, 0, 2)
    od = od + (0.25 * stripes + 0.3 * edges + 0.4 * clusters)[..., None] * np.array(TRAP)
    pigment = np.clip(noise(rng, 4) - 2.3, 0, 1) * (rng.uniform() < 0.5)
    return photographed(turned(od + pigment[..., None], rng), rng)


def trap_bone(seed: int, counterstain: tuple[float, ...] = HAEMATOXYLIN) -> Rgb:
    """A section of bone: trabeculae, marrow packed with nuclei, osteoclasts as red films on the bone."""
    rng = np.random.default_rng([2, seed])
    size = rng.uniform(0.6, 1.6)
    field = noise(rng, 34 * size, along=2)
    bone = cv2.GaussianBlur((field > 0.7).astype(np.float32), (0, 0), 1.5)
    near = cv2.GaussianBlur((field > 0.7).astype(np.float32), (0, 0), 6 * size)
    film = np.clip(1 - np.abs(near - 0.35) * 5, 0, 1) * np.clip(noise(rng, 9 * size) - 0.4, 0, 1.5)
    marrow = (1 - bone) * specks(rng, int(5000 / size**2), 2.5 * size, 5 * size)
    fat = cv2.GaussianBlur((noise(rng, 14 * size) > 1.4).astype(np.float32), (0, 0), 2)
    cells = (0.35 * marrow + 0.06 * (1 - bone)) * (1 - fat)
    od = cells[..., None] * np.array(counterstain) + (0.12 * bone)[..., None] * np.array((0.6, 0.75, 0.5))
    return photographed(od + (0.7 * film)[..., None] * np.array(TRAP), rng)


def trichrome(seed: int) -> Rgb:
    """Masson's trichrome: blue collagen in waves, red muscle in bundles, dark nuclei, white gaps."""
    rng = np.random.default_rng([3, seed])
    which = noise(rng, rng.uniform(25, 60), along=2)
    red, blue = (cv2.GaussianBlur(m.astype(np.float32), (0, 0), 2) for m in (which > 0.1, which < -0.15))
    fibres = np.clip(1 + 0.35 * noise(rng, 2, along=9), 0.2, 2)
    od = (0.45 * red * fibres)[..., None] * np.array((0.15, 0.85, 0.5))
    od = od + (0.4 * blue * fibres)[..., None] * np.array((0.9, 0.55, 0.12))
    od = od + (0.6 * specks(rng, 700, 2, 5, 2.5))[..., None] * np.array(HAEMATOXYLIN)
    return photographed(turned(od, rng), rng)


def gel(seed: int) -> Rgb:
    """A stained gel: lanes of bands over a tinted ground."""
    rng = np.random.default_rng([4, seed])
    od = np.full((HEIGHT, WIDTH), 0.08, np.float32)
    lanes = int(rng.integers(8, 14))
    for lane in range(lanes):
        left = int((lane + 0.2) * WIDTH / lanes)
        for _ in range(int(rng.integers(4, 12))):
            top, tall = int(rng.uniform(20, HEIGHT - 30)), int(rng.uniform(4, 14))
            od[top : top + tall, left : left + int(0.6 * WIDTH / lanes)] += rng.uniform(0.1, 0.9)
    od = cv2.GaussianBlur(od, (0, 0), 2) * (1 + 0.04 * noise(rng, 3))
    dye = [(0.95, 0.75, 0.2), (0.45, 0.75, 0.5), (0.6, 0.6, 0.6), (0.55, 0.7, 0.45)][seed % 4]
    return photographed(od[..., None] * np.array(dye), rng)


def blood_smear(seed: int) -> Rgb:
    """Giemsa: pink red cells in a carpet, a few white cells with purple nuclei."""
    rng = np.random.default_rng([5, seed])
    size = rng.uniform(7, 22)
    cells = np.zeros((HEIGHT, WIDTH), np.float32)
    for _ in range(int(0.5 * HEIGHT * WIDTH / size**2 / np.pi)):
        at = int(rng.uniform(0, WIDTH)), int(rng.uniform(0, HEIGHT))
        cv2.circle(cells, at, round(size), float(rng.uniform(0.7, 1)), -1)
        cv2.circle(cells, at, round(0.4 * size), float(rng.uniform(0.3, 0.6)), -1)
    od = (0.22 * cv2.GaussianBlur(cells, (0, 0), 1.2))[..., None] * np.array((0.12, 0.75, 0.55))
    white = specks(rng, int(rng.integers(4, 25)), 0.9 * size, 1.4 * size, 1.3)
    return photographed(od + (0.7 * white)[..., None] * np.array((0.65, 0.85, 0.2)), rng)


def fat_droplets(seed: int) -> Rgb:
    """Adipocytes in Oil Red O: clusters of red droplets of all sizes."""
    rng = np.random.default_rng([6, seed])
    plane = np.zeros((HEIGHT, WIDTH), np.float32)
    for _ in range(int(rng.integers(25, 110))):
        cy, cx, spread = rng.uniform(0, HEIGHT), rng.uniform(0, WIDTH), rng.uniform(8, 30)
        for _ in range(int(rng.integers(8, 60))):
            at = int(cx + rng.normal(0, spread)), int(cy + rng.normal(0, spread))
            cv2.circle(plane, at, int(rng.uniform(1, 7)), float(rng.uniform(0.5, 1.0)), -1)
    od = (0.9 * cv2.GaussianBlur(plane, (0, 0), 0.9))[..., None] * np.array((0.12, 0.8, 0.75))
    return photographed(od + (0.02 * np.abs(noise(rng, 4)))[..., None], rng)


def mineral(seed: int) -> Rgb:
    """Osteoblasts in Alizarin red: red crusts of any shape over a pink film."""
    rng = np.random.default_rng([7, seed])
    crust = np.clip(noise(rng, rng.uniform(8, 28)) + 0.5 * noise(rng, 3) - rng.uniform(0.1, 1.0), 0, 1.5)
    od = (0.08 + 0.04 * noise(rng, 20) + 0.55 * crust)[..., None] * np.array((0.12, 0.75, 0.72))
    return photographed(np.clip(od, 0, None), rng)


def colonies(seed: int) -> Rgb:
    """A dish of colonies in crystal violet, photographed from above with its wall."""
    rng = np.random.default_rng([8, seed])
    plane = specks(rng, int(rng.integers(60, 300)), 3, 16, 1.3) * (0.7 + 0.3 * noise(rng, 2))
    dish = np.zeros_like(plane)
    cv2.circle(dish, (WIDTH // 2, HEIGHT // 2), 345, 1.0, 8)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    inside = np.hypot(y - HEIGHT / 2, x - WIDTH / 2) < 340
    od = (0.8 * plane * inside)[..., None] * np.array((0.75, 0.8, 0.3)) + (0.5 * dish + 0.3 * ~inside)[..., None]
    return photographed(np.clip(od, 0, None), rng)


def tissue_section(seed: int) -> Rgb:
    """H&E with glands: pink stroma in waves, purple nuclei in rows, white lumens."""
    rng = np.random.default_rng([9, seed])
    lumen = cv2.GaussianBlur((noise(rng, 26) > 1.1).astype(np.float32), (0, 0), 2)
    stroma = np.clip(1 + 0.4 * noise(rng, 2, along=7), 0, 2) * (1 - lumen)
    near = cv2.GaussianBlur(lumen, (0, 0), 9)
    nuclei = specks(rng, 2600, 3, 6, 2) * np.clip(0.35 + 3 * near, 0, 1) * (1 - lumen)
    od = (0.22 * rng.uniform(0.6, 1.6) * stroma)[..., None] * np.array((0.25, 0.85, 0.45))
    return photographed(od + (0.55 * nuclei)[..., None] * np.array(HAEMATOXYLIN), rng)


def wound(seed: int) -> Rgb:
    """Fibroblasts in crystal violet: thin spindles all over, with a bare stripe."""
    rng = np.random.default_rng([10, seed])
    plane = np.zeros((HEIGHT, WIDTH), np.float32)
    for _ in range(1100):
        x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
        if abs(x - WIDTH / 2) < 110:
            continue
        axes = round(rng.uniform(14, 34)), round(rng.uniform(2, 5))
        cv2.ellipse(plane, (int(x), int(y)), axes, float(rng.normal(60, 30)), 0, 360, float(rng.uniform(0.3, 0.7)), -1)
    od = cv2.GaussianBlur(plane, (0, 0), 1.0)[..., None] * np.array((0.62, 0.80, 0.38))
    return photographed(od, rng)


def close_fin(seed: int) -> Rgb:
    """Two or three rays of a fin seen close, with red cells scattered along them."""
    rng = np.random.default_rng([11, seed])
    pitch = rng.uniform(180, 400)
    y = np.arange(HEIGHT, dtype=np.float32)[:, None] + 12 * noise(rng, 120)
    ray = np.clip(1.3 * np.cos(2 * np.pi * y / pitch) - 0.1, 0, 1)
    joint = np.clip(np.cos(2 * np.pi * (np.arange(WIDTH)[None] + 9 * noise(rng, 40)) / 260) * 12 - 11, 0, 1)
    cells = cv2.GaussianBlur((noise(rng, rng.uniform(7, 16)) > 0.9).astype(np.float32), (0, 0), 1.5) * (ray > 0.1)
    od = (0.03 + 0.015 * noise(rng, 3) + 0.08 * ray + 0.1 * joint * ray)[..., None] * np.array((0.8, 0.9, 1.1))
    od = od + (0.5 * cells * (1 + 0.3 * noise(rng, 3)))[..., None] * np.array(TRAP)
    return photographed(turned(np.clip(od, 0, None), rng), rng)


def calvaria(seed: int) -> Rgb:
    """A skull cap stained whole: a red net on yellowish bone, and a suture."""
    rng = np.random.default_rng([12, seed])
    net = np.clip(1 - 2.5 * np.abs(noise(rng, rng.uniform(9, 25))), 0, 1) * np.clip(noise(rng, 40) + 0.6, 0, 2)
    away = np.abs(np.arange(HEIGHT, dtype=np.float32)[:, None] - HEIGHT / 2 + 30 * noise(rng, 25))
    suture = np.clip(1 - away / 18, 0, 1) * (1 + 0.4 * noise(rng, 4))
    od = (0.10 + 0.03 * noise(rng, 30))[..., None] * np.array((0.5, 0.6, 0.9))
    od = od + (0.35 * net + 0.3 * suture)[..., None] * np.array(TRAP)
    return photographed(turned(np.clip(od, 0, None), rng), rng)


def growth_plate(seed: int) -> Rgb:
    """Safranin O and fast green: red cartilage with gaps for its cells, green bone and marrow below."""
    rng = np.random.default_rng([13, seed])
    size = rng.uniform(0.7, 1.6)
    above = np.arange(HEIGHT, dtype=np.float32)[:, None] + 25 * noise(rng, 60) < HEIGHT * rng.uniform(0.35, 0.65)
    cartilage = cv2.GaussianBlur(above.astype(np.float32), (0, 0), 6)
    gaps = specks(rng, int(900 / size**2), 4 * size, 8 * size)
    bone = cv2.GaussianBlur((noise(rng, 22 * size, 2) > 0.3).astype(np.float32), (0, 0), 2) * (1 - cartilage)
    marrow = (1 - cartilage) * (1 - bone) * specks(rng, int(3000 / size**2), 2.5 * size, 5 * size)
    od = (0.45 * cartilage * (1 - 0.8 * gaps) * (1 + 0.1 * noise(rng, 5)))[..., None] * np.array((0.12, 0.75, 0.6))
    od = od + (0.4 * bone)[..., None] * np.array((0.9, 0.35, 0.45)) + (0.4 * marrow)[..., None] * np.array(HAEMATOXYLIN)
    return photographed(turned(np.clip(od, 0, None), rng), rng)


def fat_with_nuclei(seed: int) -> Rgb:
    """Adipocytes in Oil Red O, their nuclei in haematoxylin."""
    rng = np.random.default_rng([14, seed])
    nuclei = (0.35 * specks(rng, 500, 5, 9))[..., None] * np.array(HAEMATOXYLIN)
    return np.clip(fat_droplets(seed) * 10**-nuclei, 0, 255).astype(np.uint8)


def plate_from_above(seed: int) -> Rgb:
    """A stained plate photographed from above: rows of wells, some of them speckled."""
    rng = np.random.default_rng([15, seed])
    across = int(rng.integers(4, 9))
    pitch = WIDTH / (across + 0.5)
    wall, stain = np.full((HEIGHT, WIDTH), 0.06, np.float32), np.zeros((HEIGHT, WIDTH), np.float32)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for row, column in np.ndindex(int(HEIGHT / pitch) + 1, across + 1):
        away = np.hypot(y - (row + 0.5) * pitch, x - (column + 0.5) * pitch)
        wall += 0.5 * np.exp(-(((away - 0.42 * pitch) / 3) ** 2))
        speckled = 1 + 0.5 * (rng.uniform() < 0.4) * np.clip(noise(rng, 3), -1, 2)
        stain += rng.uniform(0, 0.5) * (away < 0.4 * pitch) * speckled
    od = 0.9 * wall[..., None] + np.clip(stain, 0, None)[..., None] * np.array(TRAP)
    return photographed(od, rng, (210, 208, 205))


#: Every kind by its name; the argument is a seed.
KINDS: dict[str, Callable[[int], Rgb]] = {
    "TRAP-stained fin": trap_fin,
    "TRAP-stained bone section": trap_bone,
    "TRAP-stained bone section, methyl green": lambda seed: trap_bone(seed, (0.84, 0.47, 0.27)),
    "trichrome": trichrome,
    "gel": gel,
    "blood smear": blood_smear,
    "Oil Red O": fat_droplets,
    "Alizarin red": mineral,
    "colonies in crystal violet": colonies,
    "H&E with glands": tissue_section,
    "fibroblasts in crystal violet": wound,
    "TRAP-stained fin, close": close_fin,
    "TRAP-stained calvaria": calvaria,
    "growth plate in safranin O": growth_plate,
    "Oil Red O with haematoxylin": fat_with_nuclei,
    "plate from above": plate_from_above,
}

"""More pictures of other things, made by code: sections and smears in purple and red, and pictures of no cells.

Their dyes lie close to TRAP and its counterstains, so colour alone does not tell them.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from support.foreign_pictures import (
    HAEMATOXYLIN,
    HEIGHT,
    TRAP,
    WIDTH,
    Floats,
    Rgb,
    noise,
    photographed,
    specks,
    turned,
)

_AREA = HEIGHT * WIDTH
_MAGENTA, _SIRIUS, _VIOLET = (0.25, 0.85, 0.40), (0.12, 0.80, 0.65), (0.55, 0.80, 0.30)


def _cellular(rng: np.random.Generator, pitch: float) -> tuple[Floats, Floats]:
    """Return the distance to the nearest of scattered points, and to the wall between two, in pitches."""
    count = int(_AREA / pitch**2)
    seeds = np.ones((HEIGHT, WIDTH), np.uint8)
    seeds[rng.integers(0, HEIGHT, count), rng.integers(0, WIDTH, count)] = 0
    away, nearest = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    edge = cv2.morphologyEx(nearest.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    wall = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(away / pitch, np.float32), np.asarray(wall / pitch, np.float32)


def lined_trabeculae(seed: int) -> Rgb:
    """TRAP on a section of bone: pale trabeculae, red cells along their edges alone, blue marrow between."""
    rng = np.random.default_rng([21, seed])
    size = rng.uniform(0.6, 1.6)
    shape = noise(rng, 34 * size, 1.6)
    edge = np.exp(-((np.abs(shape - 0.4) / 0.16) ** 2)) * (noise(rng, 9 * size) > 0.5)
    marrow = (shape < 0.3) * specks(rng, int(4200 / size**2), 2.5 * size, 5 * size)
    od = (0.10 * (shape > 0.4) + 0.03)[..., None] * np.array((0.25, 0.85, 0.45))
    od = od + (0.45 * marrow)[..., None] * np.array(HAEMATOXYLIN)
    lining = cv2.GaussianBlur(edge.astype(np.float32), (0, 0), 1.5) * (1 + 0.2 * noise(rng, 2))
    return photographed(turned(np.clip(od + (0.55 * lining)[..., None] * np.array(TRAP), 0, None), rng), rng)


def tendon(seed: int) -> Rgb:
    """Sirius red: long wavy fibres in bundles, thin nuclei between them."""
    rng = np.random.default_rng([22, seed])
    fibres = np.clip(0.5 + 0.5 * noise(rng, rng.uniform(1.5, 5), along=25), 0, 2) * (noise(rng, 30, 5) > -0.4)
    od = (0.35 * fibres)[..., None] * np.array(_SIRIUS) + (0.4 * specks(rng, 250, 1, 3, 5))[..., None] * np.array(
        HAEMATOXYLIN
    )
    return photographed(turned(od, rng), rng)


def adipose(seed: int) -> Rgb:
    """Fat in H&E: large empty cells, thin pink walls, few nuclei in the corners."""
    rng = np.random.default_rng([23, seed])
    _, wall = _cellular(rng, float(rng.uniform(40, 90)))
    pink = np.exp(-((wall / rng.uniform(0.03, 0.07)) ** 2))
    nuclei = specks(rng, 500, 2, 5, 2.5) * (pink > 0.3)
    od = (0.35 * pink)[..., None] * np.array((0.25, 0.85, 0.45)) + (0.6 * nuclei)[..., None] * np.array(HAEMATOXYLIN)
    return photographed(od, rng)


def fish_scale(seed: int) -> Rgb:
    """A scale of a fish in TRAP: rings, radii, and red cells along them."""
    rng = np.random.default_rng([24, seed])
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    away = np.hypot(y - HEIGHT * rng.uniform(0.3, 0.7), x - WIDTH * rng.uniform(0.2, 0.6)) + 4 * noise(rng, 60)
    angle = np.arctan2(y - HEIGHT / 2, x - WIDTH / 3)
    ring = np.clip(np.cos(2 * np.pi * away / rng.uniform(9, 22)), 0, 1)
    radius = np.clip(np.cos(angle * int(rng.integers(8, 16))) * 20 - 18.5, 0, 1)
    cells = (noise(rng, rng.uniform(4, 10)) > 1.1) * (0.4 + radius + 0.5 * ring)
    od = (0.04 + 0.07 * ring)[..., None] * np.array((0.8, 0.9, 1.1))
    red = cv2.GaussianBlur(cells.astype(np.float32), (0, 0), 1.2)
    return photographed(np.clip(od + (0.5 * red)[..., None] * np.array(TRAP), 0, None), rng)


def marrow_smear(seed: int) -> Rgb:
    """May-Grünwald and Giemsa: a smear of marrow, purple nuclei in blue cytoplasm among pink red cells."""
    rng = np.random.default_rng([25, seed])
    size = rng.uniform(9, 20)
    red = specks(rng, int(0.25 * _AREA / size**2), 0.6 * size, 0.75 * size, 1.1)
    plane, nucleus = np.zeros((2, HEIGHT, WIDTH), np.float32)
    for _ in range(int(rng.integers(60, 250))):
        at = int(rng.uniform(0, WIDTH)), int(rng.uniform(0, HEIGHT))
        large = rng.uniform(1.0, 1.7) * size
        cv2.circle(plane, at, round(large), float(rng.uniform(0.5, 1)), -1)
        cv2.circle(nucleus, at, round(large * rng.uniform(0.6, 0.85)), float(rng.uniform(0.7, 1)), -1)
    od = (0.18 * red * (plane == 0))[..., None] * np.array((0.15, 0.75, 0.55))
    od = od + (0.25 * cv2.GaussianBlur(plane, (0, 0), 1.2))[..., None] * np.array((0.85, 0.65, 0.2))
    texture = 1 + 0.25 * noise(rng, 2)
    od = od + (0.7 * cv2.GaussianBlur(nucleus, (0, 0), 1.2) * texture)[..., None] * np.array((0.60, 0.82, 0.25))
    return photographed(od, rng)


def confluent_violet(seed: int) -> Rgb:
    """A confluent layer in crystal violet: polygons side by side, each with a darker nucleus."""
    rng = np.random.default_rng([26, seed])
    away, wall = _cellular(rng, float(rng.uniform(16, 45)))
    body = 0.5 + 0.2 * noise(rng, 12) - 0.4 * np.exp(-((wall / 0.05) ** 2))
    od = (0.4 * np.clip(body, 0, None) + 0.35 * (away < 0.2))[..., None] * np.array(_VIOLET)
    return photographed(cv2.GaussianBlur(od, (0, 0), 1.0), rng)


def x_gal(seed: int) -> Rgb:
    """X-gal: blue-green senescent cells with grains, in a pale layer with eosin."""
    rng = np.random.default_rng([27, seed])
    cells = cv2.GaussianBlur((noise(rng, rng.uniform(6, 14), 1.8) > 1.2).astype(np.float32), (0, 0), 1.5)
    od = (0.6 * cells * np.clip(1 + 0.6 * noise(rng, 1.5), 0, 2))[..., None] * np.array((1.0, 0.65, 0.25))
    return photographed(od + (0.06 + 0.03 * noise(rng, 9))[..., None] * np.array((0.2, 0.8, 0.5)), rng)


def magenta_glands(seed: int) -> Rgb:
    """PAS: magenta mucus in cups along folds, pale tissue with haematoxylin."""
    rng = np.random.default_rng([28, seed])
    fold = noise(rng, 30, 2)
    cups = specks(rng, 900, 5, 11, 1.5) * (np.abs(fold) < 0.5)
    od = (0.12 * (np.abs(fold) < 0.9))[..., None] * np.array(_MAGENTA) + (0.6 * cups)[..., None] * np.array(_MAGENTA)
    return photographed(od + (0.4 * specks(rng, 1600, 2, 4, 2))[..., None] * np.array(HAEMATOXYLIN), rng)


def red_immunostain(seed: int) -> Rgb:
    """Immunohistochemistry with a red dye (AEC): a section full of nuclei, some cells red around them."""
    rng = np.random.default_rng([29, seed])
    size = rng.uniform(3, 7)
    red = cv2.GaussianBlur((noise(rng, 2.2 * size) > rng.uniform(0.7, 1.5)).astype(np.float32), (0, 0), 1.5)
    nuclei = specks(rng, int(0.12 * _AREA / size**2), 0.8 * size, 1.2 * size, 1.8)
    od = (0.05 + 0.5 * red * (1 + 0.3 * noise(rng, 2)))[..., None] * np.array((0.22, 0.80, 0.60))
    return photographed(np.clip(od + (0.4 * nuclei)[..., None] * np.array(HAEMATOXYLIN), 0, None), rng)


def neurons(seed: int) -> Rgb:
    """Nissl: neurons in cresyl violet with processes, small glia between."""
    rng = np.random.default_rng([30, seed])
    plane = specks(rng, int(rng.integers(40, 200)), 8, 18, 1.8)
    stretched = cv2.GaussianBlur(plane, (0, 0), sigmaX=1, sigmaY=7)
    od = (0.06 + 0.6 * np.maximum(plane, stretched) + 0.4 * specks(rng, 700, 2, 4))[..., None] * np.array(_VIOLET)
    return photographed(np.clip(od * (1 + 0.2 * noise(rng, 2))[..., None], 0, None), rng)


def gram_stain(seed: int) -> Rgb:
    """Gram's stain: clusters of tiny purple cocci, pink rods, pale pus cells."""
    rng = np.random.default_rng([31, seed])
    near = noise(rng, 25) > 0.6
    od = (0.8 * specks(rng, 6000, 2, 3, 1.05) * near)[..., None] * np.array(_VIOLET)
    od = od + (0.4 * specks(rng, 500, 1, 2, 6))[..., None] * np.array(_MAGENTA)
    return photographed(od + (0.2 * specks(rng, 40, 18, 35, 1.3))[..., None] * np.array(_MAGENTA), rng)


def scatter_plot(seed: int) -> Rgb:
    """A scatter plot: purple and red discs on white, axes and a grid."""
    rng = np.random.default_rng([32, seed])
    page = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    for at in range(80, WIDTH, 120):
        cv2.line(page, (at, 30), (at, HEIGHT - 60), (225, 225, 225), 1)
    colours = [(128, 0, 128), (170, 60, 110), (150, 80, 160)]
    for _ in range(int(rng.integers(80, 900))):
        at = int(rng.normal(WIDTH / 2, 160)), int(rng.normal(HEIGHT / 2, 110))
        cv2.circle(page, at, int(rng.integers(4, 9)), colours[int(rng.integers(3))], -1, cv2.LINE_AA)
    cv2.rectangle(page, (80, 30), (WIDTH - 30, HEIGHT - 60), (0, 0, 0), 2)
    cv2.putText(page, "log2 fold change", (WIDTH // 2 - 120, HEIGHT - 20), 0, 0.9, (0, 0, 0), 2, cv2.LINE_AA)
    return page


def flowers(seed: int) -> Rgb:
    """A photograph of purple flowers before blurred grass."""
    rng = np.random.default_rng([33, seed])
    grass = 110 + 30 * noise(rng, 12, 0.3) + 15 * noise(rng, 2)
    scene = grass[..., None] * np.array((0.75, 1.0, 0.5))
    for _ in range(int(rng.integers(15, 60))):
        at = int(rng.uniform(0, WIDTH)), int(rng.uniform(0, HEIGHT))
        size, tint = rng.uniform(12, 40), np.array((150, 70, 165)) * rng.uniform(0.7, 1.2)
        for petal in range(6):
            turn = petal * np.pi / 3 + rng.uniform(0, 0.4)
            spot = int(at[0] + size * np.cos(turn)), int(at[1] + size * np.sin(turn))
            cv2.circle(scene, spot, round(0.6 * size), tuple(map(float, tint)), -1, cv2.LINE_AA)
        cv2.circle(scene, at, round(0.4 * size), (225.0, 200.0, 60.0), -1, cv2.LINE_AA)
    return np.clip(scene + rng.normal(0, 4, scene.shape), 0, 255).astype(np.uint8)


def skin(seed: int) -> Rgb:
    """A photograph of skin with moles and folds."""
    rng = np.random.default_rng([34, seed])
    light = 190 + 12 * noise(rng, 90) + 6 * noise(rng, 2) - 12 * np.exp(-((noise(rng, 8, 3) / 0.15) ** 2))
    moles = specks(rng, int(rng.integers(4, 40)), 5, 16, 1.3)
    scene = light[..., None] * np.array((1.0, 0.78, 0.68)) * 10 ** -(0.4 * moles[..., None] * np.array((0.6, 0.9, 1.0)))
    return np.clip(scene, 0, 255).astype(np.uint8)


def composite(seed: int) -> Rgb:
    """Immunofluorescence of a section, merged on black: blue nuclei all over, red and green structures."""
    rng = np.random.default_rng([35, seed])
    nuclei = specks(rng, 1800, 4, 8, 1.5)
    red = np.clip(noise(rng, rng.uniform(3, 20), 3), 0, 2) * 70
    green = np.clip(noise(rng, 25) - 0.5, 0, 2) * 80
    scene = np.stack([red, green, 190 * nuclei], axis=-1)
    return np.clip(turned(scene, rng) + np.abs(rng.normal(0, 4, scene.shape)), 0, 255).astype(np.uint8)


#: Every kind by its name; the argument is a seed.
STAINS: dict[str, Callable[[int], Rgb]] = {
    "TRAP along trabeculae": lined_trabeculae,
    "tendon in Sirius red": tendon,
    "fat in H&E": adipose,
    "TRAP-stained fish scale": fish_scale,
    "marrow smear in Giemsa": marrow_smear,
    "confluent layer in crystal violet": confluent_violet,
    "X-gal": x_gal,
    "glands in PAS": magenta_glands,
    "red immunostain": red_immunostain,
    "neurons in cresyl violet": neurons,
    "Gram's stain": gram_stain,
    "scatter plot": scatter_plot,
    "photograph of flowers": flowers,
    "photograph of skin": skin,
    "merged immunofluorescence of a section": composite,
}

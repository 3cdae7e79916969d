"""Random, altered crops of the scenes, with what the network is to answer and how much each pixel counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import NamedTuple

import cv2
import numpy as np
from data import SceneArrays
from numpy.typing import NDArray

SIDE = 192
_CENTRE_SIGMA = 1.8  # px at the working scale; a nucleus is 8 to 14 px across
_CENTRE_WEIGHT = 6.0  # how much more a pixel near a centre counts than another pixel of a cell
_SEAM_WEIGHT = 5.0  # how much more a pixel counts where two cells touch

Floats = NDArray[np.float32]


class PackedScene(NamedTuple):
    """A scene with what the network is to answer there, kept small: thousands of them lie in memory.

    Attributes
    ----------
    density
        (h, w, 3) float16.
    answers
        (h, w) uint8, one bit each: cell, core, nucleus, nuclei asked for, seam of two cells.
    heat
        (h, w) uint8, 255 at the centre of a nucleus.
    centres
        (n, 2) y, x of nuclei.
    of_osteoclast
        (n,) whether they lie in an osteoclast.
    """

    density: NDArray[np.float16]
    answers: NDArray[np.uint8]
    heat: NDArray[np.uint8]
    centres: Floats
    of_osteoclast: NDArray[np.bool_]


def batches(folder: Path, seed: int, size: int, number: int) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield ``number`` batches (density, targets, weights) of ``size`` crops, made by a thread that runs ahead."""
    waiting: Queue[tuple[Floats, Floats, Floats]] = Queue(maxsize=6)

    def work() -> None:
        cv2.setNumThreads(1)
        rng = np.random.default_rng(seed)
        packed = [pack_scene(dict(np.load(path))) for path in sorted(folder.glob("*.npz"))]
        for _ in range(number):
            crops = [random_crop(packed[int(rng.integers(len(packed)))], rng) for _ in range(size)]
            density, targets, weights = (np.stack(part) for part in zip(*crops, strict=True))
            waiting.put((density, targets, weights))

    Thread(target=work, daemon=True).start()
    for _ in range(number):
        yield waiting.get()


def pack_scene(scene: SceneArrays) -> PackedScene:
    """Work out once what a scene teaches."""
    cells, square = scene["cells"], np.ones((5, 5), np.uint8)
    core = (cells > 0) & (cv2.erode(cells, square) == cv2.dilate(cells, square))
    # Nuclei are asked for inside cells only, and never where one lies that nobody could see.
    asked = (cells > 0) & ~scene["hidden"]
    seam = (cells > 0) & ~core & _near_another_cell(cells)
    bits = np.stack([cells > 0, core, scene["nuclei"] > 0, asked, seam], axis=2)
    centres = scene["centres"]
    return PackedScene(
        scene["density"],
        np.packbits(bits, axis=2, bitorder="little")[..., 0],
        _heat(cells.shape, centres[:, :2]),
        centres[:, :2],
        np.isin(centres[:, 2], scene["osteoclasts"]),
    )


def random_crop(scene: PackedScene, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Return density (3, s, s), targets (4, s, s: cell, core, centre, nucleus) and weights (4, s, s) of one crop."""
    top, left = _corner(scene, rng)
    window = np.s_[top : top + SIDE, left : left + SIDE]
    bits = np.unpackbits(scene.answers[window][..., None], axis=2, count=5, bitorder="little")
    cell, core, nucleus, asked, seam = np.moveaxis(bits, 2, 0).astype(np.float32)
    heat = scene.heat[window].astype(np.float32) / 255
    targets = np.stack([cell, core, heat, nucleus])
    weights = np.stack([np.ones_like(cell), 1 + _SEAM_WEIGHT * seam, asked * (1 + _CENTRE_WEIGHT * heat), asked])
    density = augment(scene.density[window].astype(np.float32), rng)
    planes = [np.moveaxis(density, 2, 0), targets, weights]
    turns, flip = int(rng.integers(4)), bool(rng.integers(2))
    planes = [np.rot90(p, turns, (1, 2)) for p in planes]
    density, targets, weights = (np.ascontiguousarray(p[..., ::-1] if flip else p, np.float32) for p in planes)
    return density, targets, weights


def augment(density: Floats, rng: np.random.Generator) -> Floats:
    """Change what differs between labs: strength, hue and evenness of the stain, white balance, lens and camera."""
    mixing = np.eye(3) + rng.normal(0, 0.05, (3, 3))
    mixing *= rng.uniform(0.7, 1.35) * rng.normal(1, 0.06, (3, 1))
    density = density @ mixing.astype(np.float32)
    if rng.random() < 0.3:
        density = np.sign(density) * np.abs(density) ** np.float32(rng.uniform(0.85, 1.2))
    if rng.random() < 0.4:
        density = density * _uneven(density.shape[:2], rng)
    if rng.random() < 0.3:  # the colours of a lens do not quite meet
        for colour in (0, 2):
            move = np.array([[1, 0, rng.normal(0, 0.6)], [0, 1, rng.normal(0, 0.6)]], np.float32)
            density[..., colour] = cv2.warpAffine(
                density[..., colour], move, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE
            )
    if rng.random() < 0.35:
        density = cv2.GaussianBlur(density, (0, 0), float(rng.uniform(0.4, 1.1)))
    elif rng.random() < 0.3:  # as cameras sharpen
        density = density + np.float32(rng.uniform(0.2, 0.8)) * (density - cv2.GaussianBlur(density, (0, 0), 1.5))
    density += rng.normal(0, 0.008, 3).astype(np.float32)
    if rng.random() < 0.5:
        density += np.float32(rng.uniform(0, 0.03)) * rng.standard_normal(density.shape, np.float32)
    return np.clip(density, -0.2, 2.0)


def _uneven(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Return factors (h, w, 1) that make parts of cells paler and others denser."""
    coarse = rng.standard_normal([-(-n // int(rng.integers(12, 40))) + 3 for n in shape], np.float32)
    smooth = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)[..., None]
    return np.asarray(np.exp(rng.uniform(0.05, 0.35) * np.clip(smooth, -2.5, 2.5)), np.float32)


def _heat(shape: tuple[int, ...], centres: Floats) -> NDArray[np.uint8]:
    heat = np.zeros(shape, np.float32)
    y, x = np.ogrid[: shape[0], : shape[1]]
    for cy, cx in centres:
        rows = slice(max(int(cy) - 8, 0), max(int(cy) + 9, 0))
        columns = slice(max(int(cx) - 8, 0), max(int(cx) + 9, 0))
        bump = np.exp(-((y[rows] - cy) ** 2 + (x[:, columns] - cx) ** 2) / (2 * _CENTRE_SIGMA**2))
        heat[rows, columns] = np.maximum(heat[rows, columns], bump)
    return np.round(255 * heat).astype(np.uint8)


def _corner(scene: PackedScene, rng: np.random.Generator) -> tuple[int, int]:
    """Choose where to crop: two of three times near a nucleus, mostly near one of an osteoclast."""
    free, centres = np.array(scene.heat.shape) - SIDE, scene.centres
    if len(centres) and rng.random() < 0.67:
        of_osteoclasts = centres[scene.of_osteoclast]
        chosen = of_osteoclasts if len(of_osteoclasts) and rng.random() < 0.6 else centres
        at = chosen[int(rng.integers(len(chosen)))] - SIDE / 2 + rng.uniform(-60, 60, 2)
    else:
        at = rng.uniform(0, free)
    top, left = np.clip(np.round(at), 0, free).astype(int)
    return int(top), int(left)


def _near_another_cell(cells: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return where a cell lies within 2 px of another cell, background between them left out."""
    square = np.ones((5, 5), np.uint8)
    lowest = cv2.erode(np.where(cells > 0, cells, np.uint16(65535)), square)
    return np.asarray(cv2.dilate(cells, square) != lowest)

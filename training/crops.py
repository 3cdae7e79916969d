"""Random, altered crops of the scenes, with what the network is to answer and how much each pixel counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 160
_CENTRE_SIGMA = 1.8  # px at the working scale; a nucleus is 8 to 14 px across
_CENTRE_WEIGHT = 6.0  # how much more a pixel near a centre counts than another pixel of a cell
_SEAM_WEIGHT = 4.0  # how much more a pixel counts where two cells touch

Scene = dict[str, NDArray[np.generic]]
Floats = NDArray[np.float32]


def batches(folder: Path, seed: int, size: int, number: int) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield ``number`` batches (density, targets, weights) of ``size`` crops, made by a thread that runs ahead."""
    waiting: Queue[tuple[Floats, Floats, Floats]] = Queue(maxsize=6)

    def work() -> None:
        cv2.setNumThreads(1)
        rng = np.random.default_rng(seed)
        scenes = [dict(np.load(path)) for path in sorted(folder.glob("*.npz"))]
        for _ in range(number):
            crops = [crop(scenes[int(rng.integers(len(scenes)))], rng) for _ in range(size)]
            density, targets, weights = (np.stack(part) for part in zip(*crops, strict=True))
            waiting.put((density, targets, weights))

    Thread(target=work, daemon=True).start()
    for _ in range(number):
        yield waiting.get()


def crop(scene: Scene, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Return density (3, s, s), targets (4, s, s) and weights (4, s, s) of one random crop."""
    top, left = _corner(scene, rng)
    window = np.s_[top : top + SIDE, left : left + SIDE]
    cells, nuclei = scene["cells"][window], scene["nuclei"][window]
    targets = targets_of(cells, nuclei, scene["centres"][:, :2] - (top, left))
    # Nuclei are asked for inside cells only, and never where one lies that nobody could see.
    asked = ((cells > 0) & ~scene["hidden"][window]).astype(np.float32)
    seam = (cells > 0) & (targets[1] == 0) & _beside_another(cells)
    weights = np.stack([np.ones_like(asked), 1 + _SEAM_WEIGHT * seam, asked * (1 + _CENTRE_WEIGHT * targets[2]), asked])
    planes = [np.moveaxis(altered(scene["density"][window].astype(np.float32), rng), 2, 0), targets, weights]
    turns, flip = int(rng.integers(4)), bool(rng.integers(2))
    planes = [np.rot90(p, turns, (1, 2)) for p in planes]
    density, targets, weights = (np.ascontiguousarray(p[..., ::-1] if flip else p, np.float32) for p in planes)
    return density, targets, weights


def targets_of(cells: NDArray[np.uint16], nuclei: NDArray[np.uint16], centres: Floats) -> Floats:
    """Return (4, h, w) in 0..1: cell, core (a cell without its 2 px border), nucleus centres, nuclei."""
    square = np.ones((5, 5), np.uint8)
    core = (cells > 0) & (cv2.erode(cells, square) == cv2.dilate(cells, square))
    heat = np.zeros(cells.shape, np.float32)
    y, x = np.ogrid[: cells.shape[0], : cells.shape[1]]
    for cy, cx in centres:
        rows = slice(max(int(cy) - 8, 0), max(int(cy) + 9, 0))
        columns = slice(max(int(cx) - 8, 0), max(int(cx) + 9, 0))
        bump = np.exp(-((y[rows] - cy) ** 2 + (x[:, columns] - cx) ** 2) / (2 * _CENTRE_SIGMA**2))
        heat[rows, columns] = np.maximum(heat[rows, columns], bump)
    return np.stack([cells > 0, core, heat, nuclei > 0]).astype(np.float32)


def altered(density: Floats, rng: np.random.Generator) -> Floats:
    """Change strength, hue and white balance of the stain, blur, and add noise and haze."""
    density = density * np.float32(rng.uniform(0.7, 1.35) * rng.normal(1, 0.06, 3))
    mixing = np.eye(3) + rng.normal(0, 0.05, (3, 3))
    density = (density @ mixing.astype(np.float32)).astype(np.float32)
    if rng.random() < 0.35:
        density = cv2.GaussianBlur(density, (0, 0), float(rng.uniform(0.4, 1.1)))
    density = density + np.float32(rng.normal(0, 0.008, 3))
    if rng.random() < 0.5:
        density = density + rng.normal(0, rng.uniform(0, 0.03), density.shape)
    return np.clip(density, -0.2, 2.0).astype(np.float32)


def _corner(scene: Scene, rng: np.random.Generator) -> tuple[int, int]:
    """Choose where to crop: two of three times near a nucleus, mostly near one of an osteoclast."""
    free, centres = np.array(scene["cells"].shape) - SIDE, scene["centres"]
    if len(centres) and rng.random() < 0.67:
        of_osteoclasts = centres[np.isin(centres[:, 2], scene["osteoclasts"])]
        chosen = of_osteoclasts if len(of_osteoclasts) and rng.random() < 0.6 else centres
        at = chosen[int(rng.integers(len(chosen))), :2] - SIDE / 2 + rng.uniform(-50, 50, 2)
    else:
        at = rng.uniform(0, free)
    top, left = np.clip(np.round(at), 0, free).astype(int)
    return int(top), int(left)


def _beside_another(cells: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Return where a cell lies within 2 px of another cell, background between them left out."""
    square = np.ones((5, 5), np.uint8)
    lowest = cv2.erode(np.where(cells > 0, cells, np.uint16(65535)), square)
    return np.asarray(cv2.dilate(cells, square) != lowest)

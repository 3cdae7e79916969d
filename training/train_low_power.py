"""Train the network for low power on simulated crops of whole wells.

``python training/train_low_power.py TRAIN OUT.pt``: TRAIN is a folder written by ``low_power_data.py``. What ships is a
running mean of the weights at the end of the cosine.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import NamedTuple

import cv2
import numpy as np
import torch
from augment import Floats
from network import LOW_POWER, CellNet
from numpy.typing import NDArray
from train import run_steps

from osteocount.finetune.crops import augment

_SIDE = 256  # px of a crop that is learned from: half a millimetre, more than most giants
_BATCH = 8
_IMPORTANCE = (1.0, 1.0, 1.5, 1.0)  # of cell, core, osteoclast, centre
_LARGE_UM2 = 600.0  # cells above this area count more; those of mononuclear cells lie below
_SEAM_WEIGHT = 5.0  # how much more a pixel counts where a large cell touches another
_CENTRE_WEIGHT = 6.0
_SQUARE = np.ones((5, 5), np.uint8)


class PackedCrop(NamedTuple):
    """A simulated crop with what the network is to answer there, kept small.

    Attributes
    ----------
    density
        (h, w, 3) float16.
    answers
        (h, w) uint8, one bit each: cell, core, osteoclast, may be called either way, seam, large cell.
    heat
        (h, w) uint8, 255 at the centre of a nucleus.
    centres
        (n, 2) y, x of nuclei.
    """

    density: NDArray[np.float16]
    answers: NDArray[np.uint8]
    heat: NDArray[np.uint8]
    centres: Floats


def pack_crop(path: Path) -> PackedCrop:
    """Read a simulated crop and work out once what it teaches."""
    made = dict(np.load(path))
    cells = made["cells"]
    lowest, highest = cv2.erode(cells, _SQUARE), cv2.dilate(cells, _SQUARE)
    core = (cells > 0) & (lowest == highest)
    lowest_cell = cv2.erode(np.where(cells > 0, cells, np.uint16(65535)), _SQUARE)
    area = np.bincount(cells.ravel(), minlength=made["osteoclast"].size)
    large = area * float(made["um"]) ** 2 > _LARGE_UM2
    seam = (cells > 0) & (highest != lowest_cell) & ~core & (large[highest] | large[cells])
    bits = [cells > 0, core, made["osteoclast"][cells], made["unsure"][cells], seam, large[cells] & (cells > 0)]
    answers = np.packbits(np.stack(bits, axis=2), axis=2, bitorder="little")[..., 0]
    return PackedCrop(made["density"], answers, _heat(cells.shape, made["centres"]), made["centres"])


def _heat(shape: tuple[int, ...], centres: Floats) -> NDArray[np.uint8]:
    heat = np.zeros(shape, np.float32)
    y, x = np.ogrid[: shape[0], : shape[1]]
    for cy, cx in centres.astype(int):
        rows, columns = slice(max(0, cy - 4), cy + 5), slice(max(0, cx - 4), cx + 5)
        bump = np.exp(-((y[rows] - cy) ** 2 + (x[:, columns] - cx) ** 2) / 2.9)
        heat[rows, columns] = np.maximum(heat[rows, columns], bump)
    return np.asarray(heat * 255, np.uint8)


def random_crop(packed: PackedCrop, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Return density (3, s, s), targets (4, s, s) and weights (4, s, s), turned and mirrored at random."""
    free = np.array(packed.heat.shape) - _SIDE
    at = rng.uniform(0, free)
    if len(packed.centres) and rng.random() < 0.4:  # near a nucleus
        chosen = packed.centres[int(rng.integers(len(packed.centres)))]
        at = np.clip(chosen - _SIDE / 2 + rng.uniform(-80, 80, 2), 0, free)
    top, left = np.round(at).astype(int)
    window = np.s_[top : top + _SIDE, left : left + _SIDE]
    bits = np.unpackbits(packed.answers[window][..., None], axis=2, count=6, bitorder="little")
    cell, core, osteoclast, unsure, seam, large = np.moveaxis(bits, 2, 0).astype(np.float32)
    heat, sure = packed.heat[window].astype(np.float32) / 255, 1 - unsure
    targets = np.stack([cell, core, osteoclast, heat])
    weights = np.stack([
        sure * (1 + large),
        sure * (1 + _SEAM_WEIGHT * seam + large),
        sure * (0.15 + 0.85 * cell + large),
        sure * cell * (1 + _CENTRE_WEIGHT * heat),
    ])  # fmt: skip
    planes = [np.moveaxis(augment(packed.density[window].astype(np.float32), rng), 2, 0), targets, weights]
    turns, flip = int(rng.integers(4)), bool(rng.integers(2))
    planes = [np.rot90(plane, turns, (1, 2)) for plane in planes]
    density, targets, weights = (np.ascontiguousarray(p[..., ::-1] if flip else p, np.float32) for p in planes)
    return density, targets, weights


def batches(folder: Path, seed: int, number: int) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield ``number`` batches of crops, made by a thread that runs ahead."""
    waiting: Queue[tuple[Floats, Floats, Floats]] = Queue(maxsize=6)

    def work() -> None:
        cv2.setNumThreads(1)
        rng = np.random.default_rng(seed)
        packed = [pack_crop(path) for path in sorted(folder.glob("*.npz"))]
        for _ in range(number):
            crops = [random_crop(packed[int(rng.integers(len(packed)))], rng) for _ in range(_BATCH)]
            density, targets, weights = (np.stack(part) for part in zip(*crops, strict=True))
            waiting.put((density, targets, weights))

    Thread(target=work, daemon=True).start()
    for _ in range(number):
        yield waiting.get()


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.manual_seed(asked.seed)
    torch.set_num_threads(asked.threads)
    torch.use_deterministic_algorithms(True)
    asked.out.parent.mkdir(parents=True, exist_ok=True)

    def keep(step: int, mean: CellNet) -> None:
        if step % 500 == 0 or step == asked.steps:
            torch.save(mean.state_dict(), asked.out)

    run_steps(batches(asked.train, asked.seed, asked.steps), asked.steps, keep, LOW_POWER, _IMPORTANCE)


if __name__ == "__main__":
    main()

"""Scenes to learn from: simulated fields of random design, as optical density at the working scale, with their truth.

``python training/data.py OUT --scenes 1100 --seed 1`` writes one ``.npz`` per scene.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.preprocess.illumination import optical_density
from osteocount.segment.preprocess.scale import labels_to_size, resample, working_scale
from osteocount.simulate.design import random_design
from osteocount.simulate.simulated_field import SimulatedField, simulate_field

#: A scene as it lies in its file; see `to_arrays`.
SceneArrays = dict[str, NDArray[np.generic]]

# SD of the pixel size as it is said, relative: cells of other labs are larger or smaller, too. Not measured.
_OFF = 0.07


def to_arrays(field: SimulatedField, said: float) -> SceneArrays:
    """Bring a simulated field to the working scale: density (h, w, 3), labels (h, w), centres (n, 3: y, x, cell).

    ``said`` is the pixel size that the program is told, µm.
    """
    scale = working_scale(said, "simulated")
    pixels = resample(field.picture, scale.zoom)
    shape = pixels.shape[:2]
    density, _ = optical_density(pixels, np.ones(shape, bool), scale.um)
    at = field.nuclei_truth[["y_px", "x_px"]].to_numpy(np.float32)
    return {
        "density": density.astype(np.float16),
        "cells": labels_to_size(field.cells.astype(np.int32), shape).astype(np.uint16),
        "nuclei": labels_to_size(field.nuclei.astype(np.int32), shape).astype(np.uint16),
        "hidden": labels_to_size(field.hidden.astype(np.int32), shape).astype(bool),
        "centres": np.column_stack([(at + 0.5) * scale.zoom - 0.5, field.nuclei_truth["cell_id"]]).astype(np.float32),
        "hidden_nuclei": np.concatenate([[0], field.truth["n_nuclei_hidden"]]).astype(np.uint8),
        "osteoclasts": field.truth.loc[field.truth["is_osteoclast"], "cell_id"].to_numpy(np.uint16),
        "um": np.float32(scale.um),
    }


def write_scene(folder: Path, seed: int, number: int, side_um: float) -> None:
    """Simulate scene ``number`` and write it into ``folder``."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, number])
    field = simulate_field(random_design(rng, side_um, side_um), np.random.SeedSequence([seed, number, 1]))
    said = field.pixel_size * float(np.clip(rng.normal(1, _OFF), 0.8, 1.25))
    np.savez(folder / f"{number:05d}.npz", **to_arrays(field, said))


def main() -> None:
    """Write the scenes the command line asks for, two at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=1100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side-um", type=float, default=300.0)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2) as pool:
        jobs = [pool.submit(write_scene, asked.folder, asked.seed, i, asked.side_um) for i in range(asked.scenes)]
        for job in jobs:
            job.result()


if __name__ == "__main__":
    main()

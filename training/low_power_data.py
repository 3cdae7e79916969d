"""Write simulated crops of whole wells at low power for the network to learn from.

``python training/low_power_data.py FOLDER --crops N --seed S``
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from osteocount.segment.backends.low_power_model import NETWORK_UM
from osteocount.segment.preprocess.illumination import optical_density
from osteocount.simulate.whole_well import simulate_crop

_SIDE = 448  # px
_OFF = 0.15  # SD of the logarithm of the scale: pixel sizes are guessed, and cells differ between labs
# Blocks of the light of bare plastic, over the usual ones: the program takes twice those, and must not depend on it.
_LIGHT_BLOCKS = (1.0, 2.0, 3.0)


def write_crop(folder: Path, seed: int, number: int) -> None:
    """Simulate crop ``number`` and write it into ``folder``."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, number])
    um = float(np.clip(NETWORK_UM * np.exp(rng.normal(0, _OFF)), 1.4, 2.9))
    made = simulate_crop(rng, _SIDE, um)
    density, _ = optical_density(made.picture, None, um / float(rng.choice(_LIGHT_BLOCKS)))
    np.savez(
        folder / f"{number:05d}.npz",
        density=density.astype(np.float16),
        cells=made.cells,
        osteoclast=made.osteoclast,
        unsure=made.unsure,
        centres=made.centres,
        um=np.float32(um),
    )


def main() -> None:
    """Write the crops the command line asks for, two at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--crops", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(partial(write_crop, asked.folder, asked.seed), range(asked.crops), chunksize=4))


if __name__ == "__main__":
    main()

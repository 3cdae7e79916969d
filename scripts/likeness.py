"""Draw simulated crops of whole wells beside real ones, to judge by eye how alike they are.

    python scripts/likeness.py SHEET.png [--real DIR] [--um 2.03] [--seed 1]

DIR is a folder of real pictures; crops of them are in the upper half, simulated ones below.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from osteocount.simulate.whole_well import simulate_crop

ROOT = Path(__file__).parents[1]
SIDE, COLUMNS, ROWS = 320, 5, 2


def main() -> None:
    """Draw the sheet."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sheet", type=Path)
    options.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real" / "wells")
    options.add_argument("--um", type=float, default=2.03, help="µm per pixel of both")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    rng, number = np.random.default_rng(given.seed), COLUMNS * ROWS
    made = [simulate_crop(rng, SIDE, given.um).picture[..., ::-1] for _ in range(number)]
    cv2.imwrite(str(given.sheet), np.vstack([rows(real_crops(given.real, number, rng)), rows(made)]))


def real_crops(folder: Path, number: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Cut crops out of pictures chosen at random; grey ones where there is no picture."""
    paths = [path for path in sorted(folder.glob("*.png")) if min(cv2.imread(str(path)).shape[:2]) > SIDE]
    crops = []
    for _ in range(number):
        if not paths:
            crops.append(np.full((SIDE, SIDE, 3), 128, np.uint8))
            continue
        picture = cv2.imread(str(paths[int(rng.integers(len(paths)))]))
        top, left = (int(rng.integers(length - SIDE)) for length in picture.shape[:2])
        crops.append(picture[top : top + SIDE, left : left + SIDE])
    return crops


def rows(crops: list[np.ndarray]) -> np.ndarray:
    """Put crops side by side and below each other."""
    return np.vstack([np.hstack(crops[n : n + COLUMNS]) for n in range(0, len(crops), COLUMNS)])


if __name__ == "__main__":
    main()

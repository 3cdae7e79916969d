"""Draw simulated crops of whole wells beside real ones and measure how alike they are.

    python scripts/likeness.py SHEET.png [--real DIR] [--um 2.03] [--seed 1]

DIR is a folder of real pictures; crops of them are in the upper half, simulated ones below. The measure is the Fréchet
distance (Dowson and Landau 1982, J Multivar Anal 12:450) between the features of real and of simulated crops; features
are quantiles of optical density and of its differences of Gaussians, in units of their SD over real crops (at least
the noise of a camera). What two
halves of the real pictures differ by is printed beside it.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from scipy.linalg import sqrtm

from osteocount.segment.preprocess.illumination import optical_density
from osteocount.simulate.whole_well import simulate_crop

ROOT = Path(__file__).parents[1]
SIDE, COLUMNS, ROWS = 320, 5, 2
MEASURED = 300  # crops of each kind
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
LEAST_SD = 0.02  # OD
SCALES = (0.7, 1.4, 2.8, 5.6, 11.2)  # px: from nucleoli to small osteoclasts


def main() -> None:
    """Draw the sheet."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sheet", type=Path)
    options.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real" / "wells")
    options.add_argument("--um", type=float, default=2.03, help="µm per pixel of both")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    rng, number = np.random.default_rng(given.seed), COLUMNS * ROWS
    made = simulated_crops(given.um, number, rng)
    cv2.imwrite(str(given.sheet), np.vstack([rows(real_crops(given.real, number, rng)), rows(made)]))
    real = np.stack([features(crop, given.um) for crop in real_crops(given.real, 2 * MEASURED, rng)])
    unit = np.maximum(real.std(axis=0), LEAST_SD)
    drawn = np.stack([features(crop, given.um) for crop in simulated_crops(given.um, MEASURED, rng)])
    halves = frechet(real[:MEASURED] / unit, real[MEASURED:] / unit)
    print(f"simulated and real {frechet(drawn / unit, real / unit):.2f}, real and real {halves:.2f}")


def simulated_crops(um: float, number: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Simulate crops, BGR."""
    return [simulate_crop(rng, SIDE, um).picture[..., ::-1] for _ in range(number)]


def real_crops(folder: Path, number: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Cut crops, BGR, out of pictures chosen at random; black parts that were never imaged are left out."""
    pictures = [cv2.imread(str(path)) for path in sorted(folder.glob("*.png"))]
    pictures = [picture for picture in pictures if min(picture.shape[:2]) > SIDE]
    crops: list[np.ndarray] = []
    while len(crops) < number:
        picture = pictures[int(rng.integers(len(pictures)))]
        top, left = (int(rng.integers(length - SIDE)) for length in picture.shape[:2])
        crop = picture[top : top + SIDE, left : left + SIDE]
        if (crop.max(axis=2) == 0).mean() < 0.01:
            crops.append(crop)
    return crops


def features(crop: np.ndarray, um: float) -> np.ndarray:
    """Return quantiles of the optical density of each channel, and of the differences of Gaussians of their mean."""
    density, _ = optical_density(np.ascontiguousarray(crop[..., ::-1]), None, um / 2)
    mean = density.mean(axis=2)
    levels = [mean, *(cv2.GaussianBlur(mean, (0, 0), sigma) for sigma in SCALES)]
    bands = [fine - coarse for fine, coarse in pairwise(levels)]
    return np.concatenate([np.quantile(plane, QUANTILES) for plane in [*np.moveaxis(density, 2, 0), *bands]])


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Fréchet distance between two sets (n, features), as if both were normal."""
    apart = first.mean(axis=0) - second.mean(axis=0)
    one, other = np.cov(first.T), np.cov(second.T)
    return float(apart @ apart + np.trace(one + other - 2 * np.real(sqrtm(one @ other))))


def rows(crops: list[np.ndarray]) -> np.ndarray:
    """Put crops side by side and below each other."""
    return np.vstack([np.hstack(crops[n : n + COLUMNS]) for n in range(0, len(crops), COLUMNS)])


if __name__ == "__main__":
    main()

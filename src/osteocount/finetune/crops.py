"""What the network is asked of a picture at low power, and random crops of it to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.finetune.scenes import AnnotatedScene
from osteocount.segment.backends.low_power_model import NETWORK_UM, LowPowerMaps
from osteocount.segment.backends.shipped import sigmoid
from osteocount.segment.preprocess.illumination import optical_density
from osteocount.simulate.whole_well import simulate_crop

SIDE = 256  # px of a crop: half a millimetre, more than most giants
_LARGE_UM2 = 600.0  # cells above this area count more; those of mononuclear cells lie below
_SEAM_WEIGHT = 5.0  # how much more a pixel counts where a large cell touches another
_SQUARE = np.ones((5, 5), np.uint8)
_UNIT = 16  # levels of a weight of 1
_NEAR_A_CELL = 0.6  # share of crops that are taken near an annotated cell
_AWAY = 100.0  # px from its middle at most
_SIMULATED_SIDE = 448
_OFF = 0.15  # SD of the logarithm of the scale of simulated crops, as the network was trained

Floats = NDArray[np.float32]
Rng = np.random.Generator


class Lesson(NamedTuple):
    """A picture with what the network is to answer there.

    Attributes
    ----------
    density
        (h, w, 3) float16.
    targets
        (h, w, 4) uint8: 255 times the chances of cell, core, osteoclast and centre of a nucleus.
    weights
        (h, w, 4) uint8: how much each pixel counts for each map.
    places
        (n, 2) y, x near which crops are taken.
    """

    density: NDArray[np.float16]
    targets: NDArray[np.uint8]
    weights: NDArray[np.uint8]
    places: NDArray[np.floating]


def annotated_lesson(scene: AnnotatedScene, taught: LowPowerMaps, ours: NDArray[np.int32]) -> Lesson:
    """Work out what an annotated picture teaches.

    Annotators outline osteoclasts and some other large cells. Everywhere else the network is to go on saying of cells,
    cores and nuclei what it says now (distillation; Li and Hoiem 2018, IEEE TPAMI 40:2935), and there is no osteoclast.

    Parameters
    ----------
    scene
        The picture.
    taught
        What the network that ships says of it.
    ours
        (height, width) cells it outlines: the part of one that reaches beyond the annotated cell it mostly covers is to
        go.
    """
    cells, known = scene.cells, scene.cells > 0
    cell, core, osteoclast, centre = (sigmoid(each.astype(np.float32)) for each in taught)
    highest, lowest = cv2.dilate(cells.astype(np.float32), _SQUARE), cv2.erode(cells.astype(np.float32), _SQUARE)
    is_core = known & (highest == lowest)
    beyond = _mostly_covered(ours, known)[ours] & ~known
    cell[known], cell[beyond] = 1, 0
    core[(highest > 0) | beyond], core[is_core] = 0, 1
    osteoclast = scene.osteoclast[cells].astype(np.float32)
    large = _large(cells, scene.scale.um)
    sure = ~scene.unsure[cells]
    inside = cell > 0.5
    weights = np.stack([
        1.0 + large,
        1.0 + large + _SEAM_WEIGHT * _seam(cells, large),
        sure * (0.15 + 0.85 * inside + large),
        inside * (0.5 * ~known),
    ], axis=2)  # fmt: skip
    weights[~scene.inside] = 0
    ids = np.unique(cells)
    places = np.array([np.argwhere(cells == n).mean(axis=0) for n in ids[ids > 0]]).reshape(-1, 2)
    targets = np.stack([cell, core, osteoclast, centre], axis=2)
    return Lesson(scene.density, _levels(targets, 255), _levels(weights, _UNIT), places)


def simulated_lesson(rng: Rng) -> Lesson:
    """Simulate a crop as the network that ships has learned from, so that what it knows is not forgotten."""
    um = float(np.clip(NETWORK_UM * np.exp(rng.normal(0, _OFF)), 1.4, 2.9))
    made = simulate_crop(rng, _SIMULATED_SIDE, um)
    density, _ = optical_density(made.picture, None, um / float(rng.choice((1.0, 2.0, 3.0))))
    cells = made.cells
    lowest, highest = cv2.erode(cells, _SQUARE), cv2.dilate(cells, _SQUARE)
    is_cell, large, sure = cells > 0, _large(cells, um), ~made.unsure[cells]
    core = is_cell & (lowest == highest)
    targets = np.stack([is_cell, core, made.osteoclast[cells], np.zeros_like(is_cell)], axis=2)
    weights = np.stack([
        sure * (1.0 + large),
        sure * (1.0 + large + _SEAM_WEIGHT * _seam(cells, large)),
        sure * (0.15 + 0.85 * is_cell + large),
        np.zeros(cells.shape),
    ], axis=2)  # fmt: skip
    return Lesson(density.astype(np.float16), _levels(targets, 255), _levels(weights, _UNIT), made.centres)


def random_batch(lessons: Sequence[Lesson], number: int, rng: Rng) -> tuple[Floats, Floats, Floats]:
    """Return density (n, 3, s, s), targets (n, 4, s, s) and weights (n, 4, s, s) of random, altered crops."""
    crops = [_random_crop(lessons[int(rng.integers(len(lessons)))], rng) for _ in range(number)]
    density, targets, weights = (np.stack(part) for part in zip(*crops, strict=True))
    return density, targets, weights


def augment(density: Floats, rng: Rng) -> Floats:
    """Change what differs between wells: strength and hue of the stain, focus, sharpening, noise."""
    mixing = (np.eye(3) + rng.normal(0, 0.05, (3, 3))) * rng.uniform(0.65, 1.5) * rng.normal(1, 0.06, (3, 1))
    density = density @ mixing.astype(np.float32)
    if rng.random() < 0.3:
        density = np.sign(density) * np.abs(density) ** np.float32(rng.uniform(0.85, 1.2))
    if rng.random() < 0.2:
        density = cv2.GaussianBlur(density, (0, 0), float(rng.uniform(0.4, 1)))
    elif rng.random() < 0.2:
        density = density + np.float32(rng.uniform(0.2, 0.8)) * (density - cv2.GaussianBlur(density, (0, 0), 1.5))
    density = density + rng.normal(0, 0.01, 3).astype(np.float32)
    if rng.random() < 0.5:
        density = density + np.float32(rng.uniform(0, 0.03)) * rng.standard_normal(density.shape, np.float32)
    return np.clip(density, -0.2, 2.0)


def _random_crop(lesson: Lesson, rng: Rng) -> tuple[Floats, Floats, Floats]:
    free = np.array(lesson.density.shape[:2]) - SIDE
    at = rng.uniform(0, np.maximum(free, 0))
    if len(lesson.places) and rng.random() < _NEAR_A_CELL:
        chosen = lesson.places[int(rng.integers(len(lesson.places)))]
        at = chosen - SIDE / 2 + rng.uniform(-_AWAY, _AWAY, 2)
    top, left = np.clip(np.round(at), 0, np.maximum(free, 0)).astype(int)
    window = np.s_[top : top + SIDE, left : left + SIDE]
    density = augment(lesson.density[window].astype(np.float32), rng)
    planes = [density, lesson.targets[window] / np.float32(255), lesson.weights[window] / np.float32(_UNIT)]
    turns, flip = int(rng.integers(4)), 1 - 2 * int(rng.integers(2))
    turned = [np.rot90(_whole_crop(np.asarray(plane, np.float32)), turns)[:, ::flip] for plane in planes]
    first, second, third = (np.ascontiguousarray(np.moveaxis(plane, 2, 0)) for plane in turned)
    return first, second, third


def _whole_crop(plane: Floats) -> Floats:
    """Fill up what a picture smaller than a crop lacks with nothing, which counts for nothing."""
    below, behind = (SIDE - side for side in plane.shape[:2])
    return plane if below == behind == 0 else np.pad(plane, ((0, below), (0, behind), (0, 0)))


def _mostly_covered(ours: NDArray[np.int32], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (n + 1,) which of our cells lie by more than half in annotated ones."""
    area = np.bincount(ours.ravel())
    covered = np.bincount(ours.ravel(), known.ravel(), area.size) > 0.5 * area
    covered[0] = False
    return np.asarray(covered)


def _large(cells: NDArray[np.integer], um: float) -> NDArray[np.bool_]:
    large = np.bincount(cells.ravel()) * um**2 > _LARGE_UM2
    large[0] = False
    return np.asarray(large[cells])


def _seam(cells: NDArray[np.integer], large: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where a cell touches another one, one of both large."""
    values = cells.astype(np.float32)
    highest = cv2.dilate(values, _SQUARE)
    lowest = cv2.erode(np.where(cells > 0, values, np.float32(np.inf)), _SQUARE)
    near_large = cv2.dilate(large.astype(np.uint8), _SQUARE) > 0
    return np.asarray((cells > 0) & (highest != lowest) & near_large)


def _levels(values: NDArray[np.floating] | NDArray[np.bool_], unit: int) -> NDArray[np.uint8]:
    return np.round(np.asarray(values, np.float32) * unit).astype(np.uint8)

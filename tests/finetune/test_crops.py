"""What an annotated picture teaches, pixel by pixel."""

import numpy as np
import pytest

from osteocount.finetune.crops import SIDE, Lesson, annotated_lesson, random_batch, simulated_lesson
from osteocount.segment.backends.low_power_model import LowPowerMaps
from support.annotated_scenes import annotated, labels

CELL, CORE, OSTEOCLAST, CENTRE = range(4)
ANNOTATED = (100, 160, 100, 160)
OURS = ((100, 160, 100, 190), (300, 320, 300, 320))  # one reaches 30 px beyond the annotated cell


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    ours = labels(*OURS)
    logit = np.where(ours > 0, 5.0, -5.0).astype(np.float16)
    scene = annotated(labels(ANNOTATED, (400, 440, 400, 440), (400, 440, 440, 480)), osteoclasts=[1, 2], unsure=[3])
    return annotated_lesson(scene, LowPowerMaps(logit, logit, logit, logit), ours)


@pytest.mark.parametrize(
    ("at", "targets"),
    [
        ((130, 130), (255, 255, 255)),  # inside an annotated osteoclast
        ((130, 101), (255, 0, 255)),  # at its border
        ((130, 180), (0, 0, 0)),  # our outline reaches beyond it
        ((310, 310), (253, 253, 0)),  # a cell nobody annotated: as the network says, and no osteoclast
        ((500, 100), (2, 2, 0)),
        ((420, 438), (255, 0, 255)),  # where two annotated cells touch
    ],
)
def test_the_annotator_is_believed_and_elsewhere_the_network(lesson, at, targets):
    assert tuple(lesson.targets[at][:3]) == targets


def test_what_counts(lesson):
    weights = lesson.weights
    assert weights[420, 460, OSTEOCLAST] == 0  # the annotator was unsure
    assert weights[420, 460, CELL] > 0
    assert weights[420, 438, CORE] > weights[130, 130, CORE] > weights[500, 100, CORE]  # a seam, a giant, nothing
    assert weights[130, 130, OSTEOCLAST] > weights[310, 310, OSTEOCLAST] > weights[500, 100, OSTEOCLAST] > 0
    assert not weights[130, 130, CENTRE]  # annotators outline, they do not mark nuclei


@pytest.mark.parametrize("side", [SIDE - 56, 400])
def test_crops_have_one_size_and_keep_targets_with_their_pixels(side):
    rng = np.random.default_rng(0)
    marked = (rng.random((side, side)) < 0.5).astype(np.float16)
    density = np.repeat(marked[..., None], 3, axis=2)
    targets = np.repeat((255 * marked[..., None]).astype(np.uint8), 4, axis=2)
    lesson = Lesson(density, targets, np.full((side, side, 4), 16, np.uint8), np.array([[50.0, 60.0]]))
    made, asked, weights = random_batch([lesson], 3, rng)
    assert made.shape == (3, 3, SIDE, SIDE)
    assert asked.shape == weights.shape == (3, 4, SIDE, SIDE)
    assert weights.sum() == 12 * min(side, SIDE) ** 2
    inside = weights[:, 0] > 0
    light, dark = (made[:, 1][inside & (asked[:, 0] == value)].mean() for value in (0, 1))
    assert dark > light + 0.3


def test_simulated_crops_teach_all_but_nuclei():
    lesson = simulated_lesson(np.random.default_rng(3))
    assert lesson.density.shape[:2] == lesson.targets.shape[:2] == (448, 448)
    assert lesson.targets[..., CELL].any()
    assert not lesson.weights[..., CENTRE].any()

"""Cells at low power: outlines from maps, their features, and simulated crops from end to end."""

import numpy as np
import pytest

from osteocount.segment.backends.low_power_model import LowPowerMaps, shipped_low_power_model
from osteocount.segment.detectors.learned_low_power import (
    CELL_FEATURES,
    LearnedLowPowerDetector,
    cell_features,
    outline_cells,
)
from osteocount.segment.preprocess.illumination import optical_density
from osteocount.segment.preprocess.scale import Scale
from osteocount.simulate.whole_well import simulate_crop

SCALE = Scale(2.0, 1.0, "test")


def two_discs_that_touch() -> LowPowerMaps:
    """Maps of two cells of 40 px side by side, the left one an osteoclast."""
    y, x = np.mgrid[:60, :100]
    left, right = np.hypot(y - 30, x - 30) < 20, np.hypot(y - 30, x - 69) < 20
    cores = (np.hypot(y - 30, x - 30) < 17) | (np.hypot(y - 30, x - 69) < 17)
    maps = [np.where(where, 4.0, -4.0).astype(np.float16) for where in (left | right, cores, left, left & False)]
    return LowPowerMaps(*maps)


def test_touching_cells_are_parted_by_their_cores() -> None:
    labels = outline_cells(two_discs_that_touch(), np.ones((60, 100), bool), SCALE)
    assert labels.max() == 2
    assert labels[30, 30] != labels[30, 69]
    np.testing.assert_allclose(np.bincount(labels.ravel())[1:], np.pi * 400, rtol=0.05)


def test_nothing_is_outlined_outside_the_well() -> None:
    inside = np.zeros((60, 100), bool)
    inside[:, 50:] = True
    labels = outline_cells(two_discs_that_touch(), inside, SCALE)
    assert labels.max() == 1
    assert not labels[:, :50].any()


def test_features_of_a_cell() -> None:
    maps = two_discs_that_touch()
    labels = outline_cells(maps, np.ones((60, 100), bool), SCALE)
    features = dict(zip(CELL_FEATURES, cell_features(labels, maps, SCALE)[labels[30, 30]], strict=True))
    assert features["one"] == 1
    assert features["osteoclast"] == pytest.approx(4.0, abs=0.3)
    assert features["surest"] == pytest.approx(4.0)
    assert features["log_diameter"] == pytest.approx(np.log(80 / 50), abs=0.03)


def test_most_large_osteoclasts_of_simulated_crops_are_found_and_called() -> None:
    """Labs call fewer of the middling cells than three nuclei would, so the call is stricter than the simulator."""
    outlined = found = there = 0
    for seed in (104, 106, 107):
        made = simulate_crop(np.random.default_rng(seed), 320, 2.0)
        density, _ = optical_density(made.picture, None, 1.0)
        cells = LearnedLowPowerDetector(shipped_low_power_model()).find(density, np.ones((320, 320), bool), SCALE, 14.0)
        assert not cells.is_osteoclast[0]
        assert ((cells.confidence[1:] >= 0.5) & (cells.confidence[1:] <= 1)).all()
        for label in np.flatnonzero(made.osteoclast):
            mask = made.cells == label
            if mask.sum() < 1000:
                continue
            there += 1
            best = int(np.bincount(cells.labels[mask]).argmax())
            overlap = (mask & (cells.labels == best)).sum() / (mask | (cells.labels == best)).sum()
            outlined += bool(best and overlap >= 0.5)
            found += bool(best and overlap >= 0.5 and cells.is_osteoclast[best])
    assert there >= 10
    assert outlined >= 0.65 * there  # two of the three crops are crowded
    assert found >= 0.9 * outlined


def test_the_scale_is_told_from_how_cells_look() -> None:
    """One crop says little; the median of five is within a third."""
    detector, told = LearnedLowPowerDetector(shipped_low_power_model()), []
    for seed in (104, 106, 107, 109, 110):
        made = simulate_crop(np.random.default_rng(seed), 320, 2.0)
        um = detector.estimate_um(made.picture, np.ones(made.cells.shape, bool))
        if um is not None:
            told.append(um)
    assert len(told) >= 3
    assert float(np.median(told)) == pytest.approx(2.0, rel=1 / 3)


def test_the_scale_of_an_empty_picture_cannot_be_told() -> None:
    empty = np.full((200, 200, 3), 220, np.uint8)
    detector = LearnedLowPowerDetector(shipped_low_power_model())
    assert detector.estimate_um(empty, np.ones((200, 200), bool)) is None

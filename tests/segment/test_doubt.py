"""Where a network is asked twice, and what the two looks say."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.segment.doubt import (
    Doubts,
    mean_disagreement,
    mean_doubts,
    noise,
    nuclear_contrast,
    unstained_share,
    window_to_doubt,
)


def stained(height, width, top, left, side=90):
    density = np.zeros((height, width, 3), np.float32)
    density[top : top + side, left : left + side] = 0.5
    return density


@pytest.mark.parametrize(
    ("density", "where"),
    [
        (stained(600, 800, 300, 500), (256, 512, 128)),
        (stained(600, 800, 0, 0), (0, 0, 128)),
        (stained(2000, 2000, 1500, 900, 400), (1472, 896, 448)),
        (stained(100, 800, 20, 20), None),
    ],
)
def test_the_window_holds_most_of_what_is_stained(density, where):
    window = window_to_doubt(density)
    if where is None:
        assert window is None
        return
    top, left, side = where
    assert [(part.start, part.stop) for part in window] == [(top, top + side), (left, left + side)]


def test_what_lies_outside_the_well_is_not_looked_at():
    density = stained(600, 800, 300, 500) + stained(600, 800, 64, 64, 60)
    inside = np.ones((600, 800), bool)
    inside[:, 400:] = False
    assert window_to_doubt(density, inside)[1].start < 128


def test_only_stained_pixels_count():
    density = stained(128, 128, 0, 0, 64)
    differ = np.zeros((4, 64, 64), np.float32)
    differ[:, :32, :32] = 0.25
    assert mean_disagreement(differ, density) == pytest.approx(np.full(4, 0.25), abs=0.02)
    assert mean_disagreement(differ, density * 0.1) is None


def test_the_mean_of_windows_is_of_what_is_known():
    found = mean_doubts([Doubts(cells_differ=0.1, noise=0.02), Doubts(cells_differ=0.3), Doubts()])
    assert (found.cells_differ, found.noise) == pytest.approx((0.2, 0.02))
    assert np.isnan(found.seam)
    assert np.isnan(mean_doubts([]).noise)


def test_noise_is_that_of_bare_plastic():
    rng = np.random.default_rng(1)
    density = stained(300, 300, 0, 0, 150)
    density[:150, :150] += rng.normal(0, 0.2, (150, 150, 1)).astype(np.float32)
    assert noise(density) < 1e-6
    density += rng.normal(0, 0.03, (300, 300, 1)).astype(np.float32)
    assert noise(density) == pytest.approx(0.03, rel=0.25)
    assert np.isnan(noise(stained(128, 128, 0, 0, 128)))


def test_unstained_is_of_what_is_outlined():
    labels = np.zeros((128, 128), np.int32)
    labels[:64, :64], labels[100:, 96:] = 1, 2
    assert unstained_share(labels, stained(128, 128, 0, 0, 64)) == pytest.approx(28 * 32 / (28 * 32 + 64 * 64))
    assert np.isnan(unstained_share(labels * 0, stained(128, 128, 0, 0, 64)))


def test_nuclei_stand_out_by_the_median_of_their_peaks():
    y, x = np.mgrid[:96, :96]
    near = (y % 16 - 8) ** 2 + (x % 16 - 8) ** 2
    labels = np.ones((96, 96), np.int32)
    assert nuclear_contrast(np.float32(2 - 0.5 * near), labels) == pytest.approx(2.0)
    assert nuclear_contrast(np.float32(2 - 0.1 * near), labels) == pytest.approx(0.4)
    assert np.isnan(nuclear_contrast(np.float32(-2 - near), labels))

"""Where a network is asked twice, and what the two looks say."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.segment.doubt import mean_disagreement, window_to_doubt


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

"""Nuclei from maps made by hand, and their number."""

import numpy as np
import pytest

from osteocount.segment.detectors.learned_nuclei import FEATURES, candidate_features, rescore_fused_cells
from osteocount.segment.object_tables import count_nuclei
from support.logit_maps import SCALE, hand_made

LEFT, RIGHT = (slice(10, 50), slice(10, 60)), (slice(10, 50), slice(60, 110))


def test_candidates_are_the_peaks_of_the_centre_map() -> None:
    maps = hand_made(LEFT)
    centre = np.full((60, 120), -6, np.float32)
    yy, xx = np.mgrid[:60, :120]
    for y, x, top in ((25, 25, 3.0), (35, 45, 1.0)):
        centre = np.maximum(centre, top - 0.3 * ((yy - y) ** 2 + (xx - x) ** 2))
    maps = maps._replace(centre=np.maximum(centre, -6).astype(np.float32))
    y, x, features = candidate_features(maps, np.full((60, 120, 3), 0.3, np.float32), maps.cell > 0, SCALE)
    strong = features[:, 1] > -1
    assert sorted(zip(y[strong].tolist(), x[strong].tolist(), strict=True)) == [(25, 25), (35, 45)]
    assert features.shape == (len(y), len(FEATURES))
    assert np.isfinite(features).all()


@pytest.mark.parametrize(
    ("scores", "counted", "low", "high", "chance_below_three"),
    [
        ([0.99, 0.99, 0.99], 3, 3, 3, 1 - 0.99**3),
        ([0.99, 0.99, 0.6], 3, 2, 3, 1 - 0.99**2 * 0.6),
        ([0.99, 0.99, 0.4], 2, 2, 3, 1 - 0.99**2 * 0.4),
        ([], 0, 0, 0, 1.0),
    ],
)
def test_intervals_of_known_scores(scores, counted, low, high, chance_below_three) -> None:
    count = count_nuclei(1, np.ones(len(scores), np.int32), np.array(scores, np.float32), 0.5, 3, 0.05)
    assert (count.low[1], count.high[1]) == (low, high)
    expected = chance_below_three if counted < 3 else 1 - chance_below_three
    assert count.confidence[1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("scores", "counted"),
    [
        ((0.9, 0.9, 0.9, 0.4, 0.4), 5),  # an osteoclast by what is sure: what is nearly a nucleus there is one
        ((0.9, 0.9, 0.9, 0.2), 3),
        ((0.9, 0.9, 0.4, 0.4), 2),  # no osteoclast comes of what is unsure
        ((0.9, 0.4), 1),
    ],
)
def test_the_company_of_sure_nuclei_counts_for_a_nucleus(scores, counted) -> None:
    score = np.array(scores, np.float32)
    told = rescore_fused_cells(score, np.ones(score.size, np.int32), 0.5, 3, 2.0)
    assert int((told >= 0.5).sum()) == counted


def test_company_is_that_of_the_own_cell_and_no_cell_is_none() -> None:
    score = np.array([0.9, 0.9, 0.9, 0.4, 0.4, 0.9, 0.9, 0.9], np.float32)
    cell = np.array([1, 1, 1, 1, 2, 0, 0, 0], np.int32)
    told = rescore_fused_cells(score, cell, 0.5, 3, 2.0)
    assert told[3] == pytest.approx(0.8 / 1.4)
    np.testing.assert_array_equal(told[4:], score[4:])

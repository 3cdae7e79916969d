"""Matching of label images: scenes counted by hand, and what must not matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from osteocount.errors import OsteoCountError
from osteocount.measure.matching import best_matches, iou_table, ranked_precision

TRUTH = np.array([[1, 1, 0, 2], [1, 1, 0, 2], [0, 0, 0, 2]])
OURS = np.array([[5, 5, 0, 0], [5, 0, 0, 3], [0, 0, 3, 3]])
LABELS = arrays(np.int64, (6, 7), elements=st.integers(0, 4))


def test_overlaps_counted_by_hand():
    table = iou_table(TRUTH, OURS)
    assert table.shape == (3, 6)
    assert table[1, 5] == 3 / 4
    assert table[2, 3] == 2 / 4
    assert table.sum() == 3 / 4 + 2 / 4


@pytest.mark.parametrize(("iou", "expected"), [(0.5, [0, 5, 3]), (0.6, [0, 5, 0]), (0.8, [0, 0, 0])])
def test_a_match_needs_the_overlap_asked_for(iou, expected):
    assert best_matches(iou_table(TRUTH, OURS), iou).tolist() == expected


@given(LABELS)
def test_a_label_image_matches_itself_perfectly(labels):
    found = best_matches(iou_table(labels, labels), 1.0)
    present = np.unique(labels[labels > 0])
    assert found[present].tolist() == present.tolist()


@given(LABELS, LABELS, st.permutations(range(1, 5)))
def test_other_numbers_for_our_cells_change_no_overlap(truth, ours, numbers):
    renamed = np.array([0, *numbers])[ours]
    one, other = iou_table(truth, ours), iou_table(truth, renamed)
    np.testing.assert_array_equal(np.sort(one.max(axis=1)), np.sort(other.max(axis=1)))


@pytest.mark.parametrize(
    ("hit", "chance", "n_true", "expected"),
    [
        ([True, True], [0.9, 0.8], 2, 1.0),
        ([True, False], [0.9, 0.8], 1, 1.0),  # the false one comes after all true ones
        ([True, False], [0.8, 0.9], 1, 0.5),
        ([True, False, True], [0.9, 0.8, 0.7], 2, (1 + 2 / 3) / 2),
        ([True], [0.9], 4, 0.25),
        ([], [], 3, 0.0),
    ],
)
def test_average_precision_by_hand(hit, chance, n_true, expected):
    assert ranked_precision(np.array(hit, bool), np.array(chance, float), n_true) == pytest.approx(expected)


def test_without_true_cells_average_precision_is_unknown():
    assert np.isnan(ranked_precision(np.array([False]), np.array([0.5]), 0))


def test_images_of_different_size_are_refused():
    with pytest.raises(OsteoCountError, match=r"\(3, 4\) and \(2, 2\).*same size"):
        iou_table(TRUTH, np.zeros((2, 2), int))

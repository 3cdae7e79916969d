"""Matching of true cells with ours: scenes counted by hand, and what must not matter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from osteocount.errors import OsteoCountError
from osteocount.measure.matching import outline_pairs, point_pairs, side_by_side

TRUTH = np.array([[1, 1, 0, 2], [1, 1, 0, 2], [0, 0, 0, 2]])
OURS = np.array([[5, 5, 0, 0], [5, 0, 0, 3], [0, 0, 3, 3]])
LABELS = arrays(np.int64, (6, 7), elements=st.integers(0, 4))


def test_overlaps_counted_by_hand():
    pairs = outline_pairs(TRUTH, OURS)
    assert pairs.to_numpy().tolist() == [[1, 5, 3 / 4], [2, 3, 2 / 4]]


def test_an_overlap_below_a_half_is_no_pair():
    assert outline_pairs(np.array([[1, 1, 1, 0, 0]]), np.array([[0, 2, 2, 2, 2]])).empty


def test_of_cells_that_cover_exactly_half_the_first_is_taken():
    """Forty true cells of two pixels; of every second each pixel is a cell of ours, the others are found whole."""
    truth = np.repeat(np.arange(1, 41), 2)
    ours = np.arange(1, 81) - (truth % 2) * np.tile([0, 1], 40)
    assert outline_pairs(truth[None], ours[None])["our_id"].tolist() == list(range(1, 81, 2))


def test_the_largest_label_costs_no_memory():
    assert outline_pairs(TRUTH * (2**31 - 1), OURS.astype(np.uint32))["our_id"].tolist() == [5, 3]


@given(LABELS)
def test_a_label_image_matches_itself_perfectly(labels):
    pairs = outline_pairs(labels, labels)
    assert pairs["true_id"].tolist() == pairs["our_id"].tolist() == np.unique(labels[labels > 0]).tolist()
    assert (pairs["iou"] == 1).all()


@given(LABELS, LABELS)
def test_no_cell_has_two_partners(truth, ours):
    pairs = outline_pairs(truth, ours)
    assert pairs["true_id"].is_unique
    assert pairs["our_id"].is_unique


@given(LABELS, LABELS, st.permutations(range(1, 5)))
def test_other_numbers_for_our_cells_change_no_overlap(truth, ours, numbers):
    renamed = np.array([0, *numbers])[ours]
    assert outline_pairs(truth, ours)["iou"].sum() == pytest.approx(outline_pairs(truth, renamed)["iou"].sum())


def test_images_of_different_size_are_refused():
    with pytest.raises(OsteoCountError, match=r"\(3, 4\) and \(2, 2\).*same size"):
        outline_pairs(TRUTH, np.zeros((2, 2), int))


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(0.2, 0.9, True), (2.5, 3.9, True)], [[1, 5], [2, 3]]),
        ([(0.5, 2.5, True)], []),  # beside our cells
        ([(0.5, 0.5, False), (0.5, 1.5, True)], [[2, 5]]),  # two in one cell: the osteoclast takes it
        ([(0.5, 0.5, None), (0.5, 1.5, True)], [[2, 5]]),  # before one that is unsure
        ([(0.5, 0.5, False), (0.5, 1.5, None)], [[2, 5]]),  # which is before another cell
        ([(0.5, 0.5, True), (0.5, 1.5, True)], [[1, 5]]),  # two osteoclasts in one: the other is missed
        ([(3.0, 4.0, True)], [[1, 3]]),  # on the far edge of the picture
    ],
)
def test_a_point_belongs_to_the_cell_in_which_it_lies(points, expected):
    table = pd.DataFrame(points, columns=["y_px", "x_px", "is_osteoclast"]).assign(cell_id=range(1, len(points) + 1))
    table = table.astype({"is_osteoclast": "boolean"})
    assert point_pairs(table, OURS)[["true_id", "our_id"]].to_numpy().tolist() == expected


def test_each_side_gets_what_the_other_says():
    truth = pd.DataFrame({"cell_id": [1, 2, 7], "n_nuclei": [4.0, 2.0, np.nan],
                          "counted": pd.array([True] * 3, "boolean"),
                          "is_osteoclast": pd.array([True, False, pd.NA], "boolean")})  # fmt: skip
    ours = pd.DataFrame({"cell_id": [3, 5, 9], "n_nuclei": [2, 5, 3],
                         "n_nuclei_low": [1, 4, 3], "n_nuclei_high": [3, 6, 3],
                         "is_osteoclast": [False, True, True], "confidence": [0.9, 0.8, np.nan],
                         "counted": [True, True, False]})  # fmt: skip
    left, right = side_by_side(truth, ours, outline_pairs(TRUTH, OURS))
    assert left["called"].tolist() == [True, False, False]
    assert left["n_ours"].tolist()[:2] == [5, 2]
    assert np.isnan(left["our_id"].iloc[2])
    assert right["chance"].tolist() == pytest.approx([0.1, 0.8, 1.0])
    assert right["is_osteoclast"].tolist() == [False, True, False]
    assert right["counted"].tolist() == [True, True, False]

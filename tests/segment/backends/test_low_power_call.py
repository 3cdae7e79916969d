"""Trees of a lab's call, by a small example worked out by hand."""

import numpy as np
import pytest

from osteocount.segment.backends.low_power_call import CELL_APPEARANCE, HOPELESS, LabTrees, LowPowerCall
from support.lab_networks import lab_trees

AREA, NUCLEI = CELL_APPEARANCE.index("log_area"), CELL_APPEARANCE.index("nuclei")


def measured(log_area, nuclei):
    """Return the measures of one cell."""
    row = np.zeros((1, len(CELL_APPEARANCE)), np.float32)
    row[0, [AREA, NUCLEI]] = log_area, nuclei
    return row


def tree():
    """Ask for the area; where it is small, for nuclei; all questions below lead to where both led."""
    asked, thresholds = [AREA, NUCLEI, *[AREA] * 13], [7.0, 2.0, *[100.0] * 13]
    answers = [-1.0] * 4 + [0.5] * 4 + [2.0] * 8
    return {"asked": [asked], "thresholds": [thresholds], "answers": [answers]}


@pytest.mark.parametrize(
    ("log_area", "nuclei", "expected"),
    [(6, 1, -1.0), (6, 2, -1.0), (6, 2.5, 0.5), (7, 9, 0.5), (7.5, 0, 2.0)],
)
def test_a_tree_is_walked_from_its_root(log_area, nuclei, expected):
    trees = LabTrees.model_validate(lab_trees(**tree()))
    assert trees.logit(measured(log_area, nuclei)) == pytest.approx([expected])


def test_answers_of_trees_are_added_up():
    twice = {key: 2 * each for key, each in tree().items()}
    both = LabTrees.model_validate(lab_trees(**twice)).logit(np.repeat(measured(7.5, 0), 3, axis=0))
    np.testing.assert_allclose(both, [4.0, 4.0, 4.0])


def test_no_trees_say_nothing():
    none = LabTrees.model_validate(lab_trees(asked=[], thresholds=[], answers=[]))
    np.testing.assert_array_equal(none.logit(measured(6, 1)), [0.0])


def test_trees_are_added_to_the_regression_but_where_there_is_no_hope():
    call = LowPowerCall(np.array([1.0]), LabTrees.model_validate(lab_trees(**tree())))
    features = np.array([[HOPELESS - 1], [HOPELESS + 1], [0.5]])
    appearance = np.repeat(measured(7.5, 0), 3, axis=0)
    np.testing.assert_allclose(call.logit(features, lambda: appearance), [HOPELESS - 1, HOPELESS + 3, 2.5])


def test_without_trees_nothing_is_measured():
    def refuse():
        raise AssertionError("measured")

    np.testing.assert_array_equal(LowPowerCall(np.array([2.0])).logit(np.array([[3.0]]), refuse), [6.0])

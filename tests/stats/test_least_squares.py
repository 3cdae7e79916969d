"""Least squares, the paired test and Holm, against hand-known answers and scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from osteocount.stats.least_squares import fit, holm, paired_t_test


def cells(values):
    return pd.DataFrame(
        [{"block": block, "arm": arm, "y": y} for (block, arm), y in values.items()], columns=["block", "arm", "y"]
    )


COMPLETE = {("a", "c"): 1.0, ("a", "x"): 2.5, ("b", "c"): 2.0, ("b", "x"): 3.0, ("d", "c"): 0.5, ("d", "x"): 2.5}


def test_two_arms_are_the_paired_t_test():
    model = fit(cells(COMPLETE))
    estimate, covariance = model.estimates([{"x": 1.0, "c": -1.0}])
    reference = stats.ttest_rel([2.5, 3.0, 2.5], [1.0, 2.0, 0.5])
    assert model.df == 2
    assert estimate[0] == pytest.approx(1.5, rel=1e-12)
    assert estimate[0] / np.sqrt(covariance[0, 0]) == pytest.approx(reference.statistic, rel=1e-12)


def test_a_missing_cell_is_estimated_through_the_other_donors():
    """Donor d lacks the control; x against y is known there, so it still informs x - c through y - c."""
    model = fit(cells({("a", "c"): 0, ("a", "x"): 1, ("a", "y"): 2, ("b", "c"): 0, ("b", "x"): 1, ("b", "y"): 2,
                       ("d", "x"): 5, ("d", "y"): 9}))  # fmt: skip
    weights = {"x": 1.0, "c": -1.0}
    design = np.array([[0, 0, 1, 0, 0], [1, 0, 1, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 1, 0],
                       [0, 1, 0, 1, 0], [1, 0, 0, 0, 1], [0, 1, 0, 0, 1]], dtype=float)  # fmt: skip
    solution = np.linalg.lstsq(design, np.array([0, 1, 2, 0, 1, 2, 5, 9.0]), rcond=None)[0]
    assert model.df == 3
    assert model.estimates([weights])[0][0] == pytest.approx(solution[0], rel=1e-10)


def test_arms_that_no_donor_links_cannot_be_compared():
    model = fit(cells({("a", "c"): 0, ("a", "x"): 1, ("b", "y"): 2, ("b", "z"): 3}))
    assert model.estimable({"x": 1.0, "c": -1.0})
    assert not model.estimable({"y": 1.0, "c": -1.0})
    assert not model.estimable({"absent": 1.0, "c": -1.0})


def test_paired_t_test_is_the_one_sample_t():
    values = np.array([0.2, 0.5, 0.1, 0.4])
    assert paired_t_test(values).p == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-12)
    assert (paired_t_test(values).signs_up, paired_t_test(values).signs_down) == (4, 0)


@pytest.mark.parametrize("values", [[], [0.3], [0.3, 0.3, 0.3]])
def test_paired_t_test_without_spread_has_no_p(values):
    assert np.isnan(paired_t_test(np.array(values)).p)


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.02, np.nan, 0.03], [0.04, np.nan, 0.04]),
        ([], []),
    ],
)
def test_holm(p, adjusted):
    np.testing.assert_allclose(holm(np.array(p)), adjusted)

"""Dunnett's probabilities, against published tables, closed forms and another integrator."""

import numpy as np
import pytest
from scipy import stats

from osteocount.stats import multivariate_t
from osteocount.stats.multivariate_t import (
    adjusted_p,
    critical_value,
    one_factor,
    one_factor_probability,
    probability_difference,
)  # fmt: skip


def equicorrelated(k: int, rho: float = 0.5) -> np.ndarray:
    return np.where(np.eye(k, dtype=bool), 1.0, rho)


@pytest.mark.parametrize(
    ("k", "df", "published"),
    [(2, 10, 2.57), (3, 20, 2.54), (4, 12, 2.81), (9, 60, 2.77), (2, 5, 3.03), (5, 15, 2.82)],
)
def test_critical_values_are_those_of_dunnett_1964(k, df, published):
    assert critical_value(equicorrelated(k), df) == pytest.approx(published, abs=0.006)


def test_one_arm_needs_no_adjustment():
    assert critical_value(np.eye(1), 7) == pytest.approx(stats.t.ppf(0.975, 7), rel=1e-12)
    np.testing.assert_allclose(adjusted_p(np.array([2.2]), np.eye(1), 7), 2 * stats.t.sf(2.2, 7), rtol=1e-12)


def test_p_at_the_critical_value_is_five_percent():
    correlation = equicorrelated(4)
    c = critical_value(correlation, 12)
    np.testing.assert_allclose(adjusted_p(np.full(4, c), correlation, 12), 0.05, atol=1e-9)


def test_groups_that_share_nothing_are_exact():
    correlation = np.kron(np.eye(2), equicorrelated(2))
    by_scipy = stats.multivariate_t(shape=correlation, df=12, seed=1).cdf(
        np.full(4, 2.6), lower_limit=np.full(4, -2.6), maxpts=200_000
    )
    assert 1 - adjusted_p(np.full(4, 2.6), correlation, 12)[0] == pytest.approx(by_scipy, abs=1e-4)


def test_other_correlations_agree_with_another_integrator():
    correlation = np.array([[1, 0.5, 0.3, 0.4], [0.5, 1, 0.6, 0.2], [0.3, 0.6, 1, 0.5], [0.4, 0.2, 0.5, 1]])
    assert one_factor(correlation) is None
    by_scipy = stats.multivariate_t(shape=correlation, df=9, seed=1).cdf(
        np.full(4, 2.4), lower_limit=np.full(4, -2.4), maxpts=400_000
    )
    assert 1 - adjusted_p(np.full(4, 2.4), correlation, 9)[0] == pytest.approx(by_scipy, abs=1e-4)


def test_the_difference_finds_what_theone_factor_probability_knows():
    """From a wrong correlation to start with, the points must make up the whole difference."""
    wanted, wrong = equicorrelated(3), equicorrelated(3, 0.4)
    exact = one_factor_probability(2.5, np.sqrt(np.full((1, 3), 0.5)), 12)
    near = one_factor_probability(2.5, np.sqrt(np.full((1, 3), 0.4)), 12)
    assert near + probability_difference(2.5, wanted, wrong, 12) == pytest.approx(exact, abs=2e-6)


def test_the_seed_makes_it_repeatable():
    correlation = np.array([[1, 0.5, 0.3], [0.5, 1, 0.1], [0.3, 0.1, 1.0]])
    first = adjusted_p(np.array([2.0, 1.0, 0.3]), correlation, 8)
    multivariate_t._probability_within.cache_clear()
    np.testing.assert_array_equal(first, adjusted_p(np.array([2.0, 1.0, 0.3]), correlation, 8))

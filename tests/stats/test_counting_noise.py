"""Counting noise, and the weights of sparse cells."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from osteocount.stats import compare
from osteocount.stats.counting_noise import CountedCells, excess_variance, log_count_variance, noise_weights, variances
from osteocount.stats.least_squares import fit
from osteocount.stats.power_simulation import VarianceComponents, analyse, crossed, simulate_log_rates
from support.well_tables import table

SPARSE = {
    "D1": {"vehicle": (2, 1), "A": (5, 9), "B": (60, 71)},
    "D2": {"vehicle": (4, 5), "A": (8, 3), "B": (90, 80)},
    "D3": {"vehicle": (1, 1), "A": (4, 2), "B": (40, 52)},
    "D4": {"vehicle": (3, 6), "A": (9, 9), "B": (66, 70)},
}


@pytest.mark.parametrize("mean", [1.0, 3.3, 12.0, 60.0, 99.0])
def test_the_variance_of_a_log_count_is_that_of_poisson_counts(mean):
    counts = np.arange(400)
    chance, logs = stats.poisson.pmf(counts, mean), np.log(counts + 0.5)
    exact = float(chance @ logs**2 - (chance @ logs) ** 2)
    assert log_count_variance(np.array([mean]))[0] == pytest.approx(exact, rel=2e-3)


def test_large_means_vary_by_their_inverse_and_nearly_empty_ones_are_never_precise():
    assert log_count_variance(np.array([500.0]))[0] == 1 / 500
    assert log_count_variance(np.array([0.01]))[0] == log_count_variance(np.array([1.0]))[0]


def test_excess_is_the_variance_beyond_poisson_over_the_squared_mean():
    wells = pd.DataFrame({"block": "D1", "arm": "A", "total": [80.0, 120.0], "size": 1.0})
    assert excess_variance(wells) == pytest.approx((2 * 20**2 - 100) / 100**2)
    assert excess_variance(wells[:1]) == 0.0


def test_weights_are_the_inverse_of_both_variances():
    """Expected totals of 10 and 1000, wells of one size: the sparse cells weigh by 1 / (τ² + 0.115 + 0.02)."""
    cells = crossed(4, 2).assign(y=np.array([0.0, 0.3, 0.2, -0.2, 0.0, 0.3, 0.1, -0.1]))
    whole = fit(cells)
    expected = np.log(np.where(cells["arm"] == "arm 0", 10.0, 1000.0))
    counted = CountedCells(np.ones(8), np.full(8, 0.5), 0.04)
    noise = np.where(cells["arm"] == "arm 0", log_count_variance(np.array([10.0]))[0], 0.001) + 0.02
    squares = float(whole.residuals @ whole.residuals)
    between = max((squares - noise @ np.diag(whole.residual_maker)) / whole.df, 0)
    found = variances(whole, expected, np.asarray(squares), counted)
    assert float(found[0]) == pytest.approx(between)
    np.testing.assert_allclose(found[1], noise)
    weights = noise_weights(*found)
    assert weights.mean() == pytest.approx(1)
    assert weights[1] / weights[0] == pytest.approx((between + noise[0]) / (between + noise[1]))


def test_a_weighted_fit_is_least_squares_of_scaled_cells():
    cells = crossed(3, 3).assign(y=np.random.default_rng(1).normal(size=9))
    weights = np.linspace(0.5, 1.5, 9)
    weighted = fit(cells, weights)
    root = np.sqrt(weights)
    design = np.column_stack([weighted.design[:, 1:3], weighted.design[:, 3:]])
    solution, squares, *_ = np.linalg.lstsq(root[:, None] * design, root * cells["y"].to_numpy(), rcond=None)
    estimate = weighted.estimates([{"arm 1": 1.0, "arm 2": -1.0}])[0][0]
    assert estimate == pytest.approx(solution[0] - solution[1])
    assert weighted.variance == pytest.approx(squares[0] / 4)


def test_sparse_arms_are_weighted_and_it_is_said():
    found = compare(table(SPARSE), control="vehicle")
    assert found.table["method"].str.startswith("least squares weighted by counting noise on donor × arm cells").all()
    assert (
        "osteoclast_count: Fewer than 20 osteoclasts in a typical donor in A and vehicle, where chance alone moves "
        "counts: donor × arm cells with few weigh less in all estimates and p values. More wells or area of those arms "
        "would mend it."
    ) in found.warnings


def test_where_nothing_is_sparse_every_cell_weighs_the_same():
    full = {donor: {arm: tuple(10 * n for n in wells) for arm, wells in arms.items()} for donor, arms in SPARSE.items()}
    found = compare(table(full), control="vehicle")
    assert not found.table["method"].str.contains("weighted").any()
    assert not any("weigh" in text for text in found.warnings)


def test_the_simulation_weights_as_the_comparison_does():
    """One simulated experiment, analysed by `analyse` and by `compare`: the same estimate and standard error."""
    components, wells = VarianceComponents(mean=20, donor_sd=0.5, donor_arm_sd=0.2, theta=np.inf), 3
    cells = crossed(4, 3)
    area = np.where(cells["arm"] == "arm 0", 0.1, 1.0)
    y = simulate_log_rates(np.random.default_rng(3), 1, cells, wells, components, {}, np.log(area)[None, :])
    totals = np.rint(np.exp(y[0]) * wells - 0.5)
    frame = pd.DataFrame(
        {"donor": cells["block"], "treatment": cells["arm"], "count": totals, "area_mm2": wells * area}
    )
    found = compare(frame, control="arm 0").table
    counted = CountedCells(wells * area, np.full(12, 1 / wells), 0.0)
    tests = analyse(cells, y - np.log(area), "arm 0", counted)
    assert found["method"].str.contains("weighted").all()
    np.testing.assert_allclose(tests.estimate[0], found["link_estimate"], rtol=1e-9)
    np.testing.assert_allclose(tests.error[0], found["link_se"], rtol=1e-9)
    np.testing.assert_array_equal(tests.dunnett[0], found["p_adjusted"] < 0.05)


def test_a_sparse_control_seldom_makes_a_finding():
    """Simulated without effect: equal weights err in about .09, weights in about .04."""
    components, wells, runs = VarianceComponents(20, 0.5, 0.2, 10), 3, 600
    cells = crossed(4, 5)
    area = np.where(cells["arm"] == "arm 0", 0.1, 1.0)
    rng = np.random.default_rng(11)
    y = simulate_log_rates(rng, runs, cells, wells, components, {}, np.log(np.tile(area, (runs, 1)))) - np.log(area)
    counted = CountedCells(wells * area, np.full(20, 1 / wells), 0.1)
    weighted = analyse(cells, y, "arm 0", counted).dunnett.any(axis=1).mean()
    equal = analyse(cells, y, "arm 0").dunnett.any(axis=1).mean()
    assert weighted < 0.06 < equal

"""Planning: components come back from what they made, power behaves, the sentence reads well."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.stats.planning import estimate_components, plan, relative_areas, simulated_power
from osteocount.stats.power_simulation import VarianceComponents, crossed
from osteocount.stats.wells_input import check_wells
from support.well_tables import simulated, table


def large_pilot(components: VarianceComponents, donors: int = 60, wells: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    cells = crossed(donors, 4)
    level = rng.normal(0, components.donor_sd, donors).repeat(4) + rng.normal(0, components.donor_arm_sd, len(cells))
    mean = components.mean * np.exp(level)
    rate = mean[:, None] * rng.standard_gamma(components.theta, (len(cells), wells)) / components.theta
    counts = {}
    for (donor, arm), row in zip(cells.itertuples(index=False), rng.poisson(rate), strict=True):
        counts.setdefault(donor, {})[arm] = tuple(row)
    return table(counts)


def test_variance_components_come_back():
    truth = VarianceComponents(mean=40, donor_sd=0.5, donor_arm_sd=0.25, theta=10)
    wells = check_wells(large_pilot(truth), {}).wells
    pilot = estimate_components(wells, {"arm 0"}, "mm²")
    found = pilot.components
    assert found.donor_sd == pytest.approx(0.5, rel=0.2)
    assert found.donor_arm_sd == pytest.approx(0.25, rel=0.15)
    assert found.theta == pytest.approx(10, rel=0.15)
    assert found.mean == pytest.approx(40, rel=0.2)
    assert len(pilot.notes) == 1


def test_what_a_pilot_leaves_open_is_drawn_around_it():
    truth = VarianceComponents(mean=40, donor_sd=0.5, donor_arm_sd=0.25, theta=10)
    small = estimate_components(check_wells(large_pilot(truth, donors=4), {}).wells, {"arm 0"}, "mm²")
    large = estimate_components(check_wells(large_pilot(truth), {}).wells, {"arm 0"}, "mm²")
    for pilot, wide in ((small, True), (large, False)):
        drawn = [pilot.drawn(np.random.default_rng(n)) for n in range(200)]
        level, sd = (np.array([getattr(one, name) for one in drawn]) for name in ("mean", "donor_arm_sd"))
        assert np.median(level) == pytest.approx(pilot.components.mean, rel=0.1)
        assert (np.std(np.log(level)) > 0.2) == (np.std(sd) > 0.04) == wide


def test_poisson_wells_have_no_overdispersion():
    wells = check_wells(simulated(("vehicle", "A"), 4, wells=2, seed=4), {}).wells
    assert estimate_components(wells, {"vehicle"}, "mm²").components.theta > 20


def test_power_grows_and_a_seed_repeats_it():
    pilot = simulated(("vehicle", "A", "B"), 5, sd=0.2)
    options = {"control": "vehicle", "donors": (3, 8), "wells": (2, 6), "runs": 400}
    calls = []
    first = plan(pilot, 1.5, seed=7, progress=lambda done, total: calls.append((done, total)), **options)
    power = first.table.set_index(["donors", "wells"])["power_adjusted"]
    assert power[8, 6] > power[3, 6] > 0
    assert power[8, 6] >= power[8, 2]
    assert (first.table["power_raw"] >= first.table["power_adjusted"]).all()
    assert (first.table["power_robust"] <= first.table["power_adjusted"]).all()
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
    pd.testing.assert_frame_equal(first.table, plan(pilot, 1.5, seed=7, **options).table)


def test_power_is_that_of_the_specification():
    """3 donors × 3 wells, donor × arm SD .2, size 10: power .74 raw and .51 adjusted for a ratio of 2 (4 arms)."""
    from osteocount.stats.power_simulation import analyse, simulate_log_rates

    cells = crossed(3, 5)
    components = VarianceComponents(mean=40, donor_sd=0.5, donor_arm_sd=0.2, theta=10)
    y = simulate_log_rates(np.random.default_rng(0), 4000, cells, 3, components, {"arm 1": np.log(2)})
    found = analyse(cells, y, "arm 0")
    assert found.dunnett[:, 0].mean() == pytest.approx(0.51, abs=0.04)
    assert (found.raw_p[:, 0] < 0.05).mean() == pytest.approx(0.74, abs=0.04)


def test_the_sentence():
    pilot = simulated(("vehicle", "A"), 3, sd=0.2)
    found = plan(pilot, 3, control="vehicle", donors=(6,), wells=(3,), runs=200)
    robust, dunnett = (100 * found.table[name].iloc[0] for name in ("power_robust", "power_adjusted"))
    low, high = (100 * end for end in found.power_range)
    assert found.summary().startswith(
        f"6 donors × 3 wells (36 wells in all) give {robust:.0f} % power for the verdict 'robust' ({low:.0f} to "
        f"{high:.0f} % as far as a pilot of this size can tell) and {dunnett:.0f} % for Dunnett p < 0.05 (a ratio of "
        f"3, one "
        "arm against control).\nThe range comes from how uncertain the pilot leaves the variation between a donor's "
        "arms and the number of osteoclasts in the control (90 % interval); a larger pilot narrows it.\n"
        "From the pilot: "
    )
    assert (
        "The pilot has 3 donors: how much donors differ is itself poorly known. Plan for one donor more than this says."
    ) in found.summary()
    assert "3 donors × 3 wells give the verdict 'robust' in 33 % of experiments for a ratio of 2" in found.summary()
    hopeless = plan(pilot, 1.01, control="vehicle", donors=(3,), wells=(2,), runs=200)
    assert hopeless.summary().startswith(
        "No design up to 3 donors × 2 wells gives 80 % power; the best, 3 donors × 2 wells, gives "
    )


def test_fewer_wells_then_fewer_donors():
    found = plan(simulated(("vehicle", "A"), 4, sd=0.1), 2.5, control="vehicle", wells=(2, 3, 4), runs=200)
    enough = found.table[found.table["power_robust"] >= found.target]
    assert found.best["total_wells"] == enough["total_wells"].min()
    assert found.best["donors"] == enough.loc[enough["total_wells"] == enough["total_wells"].min(), "donors"].min()
    low, high = found.power_range
    assert low <= found.best["power_robust"] + 0.05
    assert high >= found.best["power_robust"] - 0.05


def test_counts_are_divided_by_areas():
    """Wells of which a half or a quarter was imaged have the same rate: their counts vary, the wells do not."""
    truth = VarianceComponents(mean=60, donor_sd=0.4, donor_arm_sd=0.2, theta=20)
    rng = np.random.default_rng(5)
    frame = large_pilot(truth)
    part = rng.choice([1.0, 0.5, 0.25], len(frame))
    frame = frame.assign(count=rng.binomial(frame["count"], part), area_mm2=2 * part)
    found = estimate_components(check_wells(frame, {}).wells, {"arm 0"}, "mm²").components
    assert found.theta == pytest.approx(20, rel=0.3)
    assert found.donor_arm_sd == pytest.approx(0.2, rel=0.15)
    assert found.mean == pytest.approx(60 * part.mean(), rel=0.2)


def test_unequal_areas_of_the_pilot_cost_power():
    """Wells of which a tenth or nearly all is imaged have the noise of the few cells they hold."""
    components = VarianceComponents(mean=15, donor_sd=0.5, donor_arm_sd=0.1, theta=20)
    power = [
        simulated_power(
            np.random.default_rng(1), 5, 2, components, runs=1500, arms=2, log_ratio=np.log(1.8), areas=areas
        )["power_adjusted"]
        for areas in (np.ones(1), np.array([0.2, 1.8]))
    ]
    assert power[1] < power[0] - 0.03


def test_areas_are_relative_to_their_mean():
    wells = check_wells(table().assign(area_mm2=lambda t: np.where(t.index % 2, 1.0, 3.0)), {}).wells
    assert sorted(set(relative_areas(wells))) == [0.5, 1.5]
    assert list(relative_areas(check_wells(table(), {}).wells)) == [1.0]


def test_the_smallest_pilot_leaves_a_range_whatever_is_drawn():
    small = estimate_components(check_wells(table(), {}).wells, {"vehicle"}, "mm²")
    tiny = replace(small, df=1, donors=2, level_error=3.0, residual=1.0)
    drawn = [tiny.drawn(np.random.default_rng(n)) for n in range(3000)]
    assert max(one.donor_arm_sd for one in drawn) == 2
    assert max(one.mean for one in drawn) == pytest.approx(small.components.mean * np.exp(4))


@pytest.mark.parametrize("ratio", [1, 0, -2])
def test_a_ratio_that_means_nothing_is_refused(ratio):
    with pytest.raises(OsteoCountError, match="cannot be planned for: give the ratio that matters"):
        plan(table(), ratio, control="vehicle")


@pytest.mark.parametrize("pilot", [table()[:6], table()[::2]])
def test_a_pilot_that_is_too_small_is_refused(pilot):
    with pytest.raises(OsteoCountError, match="The pilot is too small to plan from"):
        plan(pilot, 1.5, control="vehicle")


def test_power_of_one_arm_is_that_of_the_noncentral_t():
    """Without noise of wells, one arm against control is a paired t test whose SD is √2 times that of donor × arm."""
    from scipy import stats

    from osteocount.stats.power_simulation import analyse, simulate_log_rates

    donors, sd, effect = 6, 0.2, np.log(1.3)
    components = VarianceComponents(mean=1e9, donor_sd=0.5, donor_arm_sd=sd, theta=np.inf)
    cells = crossed(donors, 2)
    y = simulate_log_rates(np.random.default_rng(3), 8000, cells, 1, components, {"arm 1": effect})
    df, shift = donors - 1, effect / (sd * np.sqrt(2) / np.sqrt(donors))
    critical = stats.t.ppf(0.975, df)
    power = stats.nct.sf(critical, df, shift) + stats.nct.cdf(-critical, df, shift)
    assert analyse(cells, y, "arm 0").dunnett[:, 0].mean() == pytest.approx(power, abs=0.02)

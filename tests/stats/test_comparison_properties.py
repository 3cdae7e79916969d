"""What must hold for every table, and what must hold on average."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.stats import compare
from osteocount.stats.power_simulation import VarianceComponents, analyse, crossed, simulate_log_rates
from support.well_tables import simulated, table

NUMBERS = ["estimate", "ci_low", "ci_high", "p_raw", "p_adjusted", "p_paired", "df"]


@st.composite
def experiments(draw, most=4):
    """Draw a crossed experiment of 2 to ``most`` arms and 3 to 5 donors."""
    names = ["vehicle", "A", "B", "C"][: draw(st.integers(2, most))]
    donors, wells = draw(st.integers(3, 5)), draw(st.integers(1, 3))
    counts = st.lists(st.integers(1, 400), min_size=wells, max_size=wells)
    return table({f"D{i}": {arm: draw(counts) for arm in names} for i in range(donors)})


def numbers(frame: pd.DataFrame) -> pd.DataFrame:
    return compare(frame, control="vehicle").table.set_index("contrast")[NUMBERS].astype(float)


@settings(max_examples=15, deadline=None)
@given(experiments())
def test_adjusted_p_is_never_below_the_raw_p(frame):
    found = numbers(frame).dropna(subset="p_raw")
    assert (found["p_adjusted"] >= found["p_raw"] - 1e-12).all()
    assert (found["ci_low"] <= found["estimate"]).all()
    assert (found["estimate"] <= found["ci_high"]).all()


@settings(max_examples=15, deadline=None)
@given(experiments())
def test_adjusted_p_and_interval_say_the_same(frame):
    found = numbers(frame).dropna(subset="p_raw")
    clear = found[(found["p_adjusted"] - 0.05).abs() > 1e-6]
    excluded = (clear["ci_low"] > 1) | (clear["ci_high"] < 1)
    assert (excluded == (clear["p_adjusted"] < 0.05)).all()


@settings(max_examples=15, deadline=None)
@given(experiments(most=2))
def test_one_arm_is_not_adjusted(frame):
    found = numbers(frame)
    pd.testing.assert_series_equal(found["p_adjusted"], found["p_raw"], check_names=False)


@settings(max_examples=8, deadline=None)
@given(experiments(), st.floats(1e-3, 1e3))
def test_scaling_all_areas_changes_nothing(frame, factor):
    scaled = frame.assign(area_mm2=frame["area_mm2"] * factor)
    pd.testing.assert_frame_equal(numbers(scaled), numbers(frame), rtol=1e-8)


@settings(max_examples=8, deadline=None)
@given(experiments(), st.randoms(use_true_random=False))
def test_names_and_order_change_nothing(frame, random):
    order = list(range(len(frame)))
    random.shuffle(order)
    donors = sorted(frame["donor"].unique())
    fresh = [f"person {name}" for name in "ZYXWV"[: len(donors)]]
    random.shuffle(fresh)
    other = frame.iloc[order].replace({"donor": dict(zip(donors, fresh, strict=True))})
    other["well"] = [f"H{i + 1}" for i in range(len(other))]
    pd.testing.assert_frame_equal(numbers(other), numbers(frame), rtol=1e-8)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 14))
def test_a_missing_cell_keeps_the_bounds(seed, drop):
    frame = simulated(("vehicle", "A", "B", "C"), 4, seed=seed, fold={"A": 1.5})
    cells = frame[["donor", "treatment"]].drop_duplicates().reset_index(drop=True).iloc[drop]
    kept = frame[~((frame["donor"] == cells["donor"]) & (frame["treatment"] == cells["treatment"]))]
    found = numbers(kept)
    assert (found["p_adjusted"] >= found["p_raw"]).all()
    assert (found["p_adjusted"] <= np.minimum(3 * found["p_raw"] + 1e-5, 1)).all()  # Bonferroni


def test_doubling_an_arm_doubles_its_estimate():
    frame = table()
    doubled = frame.assign(area_mm2=np.where(frame["treatment"] == "IL32", 1.0, 2.0))
    assert numbers(doubled).loc["IL32", "estimate"] == pytest.approx(
        2 * numbers(frame).loc["IL32", "estimate"], rel=1e-12
    )


def test_the_batch_is_the_analysis_itself():
    """What planning and calibration run on thousands is what ``compare`` runs on one."""
    frame = simulated(("vehicle", "A", "B"), 4, fold={"A": 1.6}, seed=3)[3:]
    cells = frame.groupby(["donor", "treatment"])["count"].agg(["sum", "size"]).reset_index()
    cells["y"] = np.log((cells["sum"] + 0.5) / (2.0 * cells["size"]))
    named = cells.rename(columns={"donor": "block", "treatment": "arm"})
    batch = analyse(named, named["y"].to_numpy()[None, :], "vehicle")
    found = compare(frame, control="vehicle").table.set_index("contrast").loc[["A", "B"]]
    np.testing.assert_allclose(batch.estimate[0], found["link_estimate"], rtol=1e-10)
    np.testing.assert_allclose(batch.error[0], found["link_se"], rtol=1e-10)
    np.testing.assert_array_equal(batch.dunnett[0], found["p_adjusted"] < 0.05)
    np.testing.assert_allclose(batch.paired_p[0], found["p_paired"], rtol=1e-9)
    np.testing.assert_array_equal(batch.pooled_paired[0], found["p_paired_pooled"] < 0.05)
    np.testing.assert_array_equal(batch.robust[0], found["verdict"] == "robust")


def test_null_data_with_donor_structure_give_five_percent():
    cells = crossed(4, 5)
    y = simulate_log_rates(np.random.default_rng(1), 3000, cells, 3, VarianceComponents(20, 0.5, 0.2, 10), {})
    found = analyse(cells, y, "arm 0")
    assert 0.04 < (found.raw_p < 0.05).mean() < 0.06
    assert 0.04 < found.dunnett.any(axis=1).mean() < 0.06
    assert found.robust.any(axis=1).mean() < 0.06

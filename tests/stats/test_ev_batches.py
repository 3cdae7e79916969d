"""EV batches: one, one per donor, or crossed with donors."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from osteocount.stats import compare
from osteocount.stats.ev_batches import two_way_p
from osteocount.stats.sentences import p_value
from support.well_tables import simulated


def batches(of_donor_and_well):
    frame = simulated(("vehicle", "EV"), 4, wells=4, fold={"EV": 2})
    names = [
        of_donor_and_well(donor, i % 4) if arm == "EV" else ""
        for i, (donor, arm) in enumerate(zip(frame["donor"], frame["treatment"], strict=True))
    ]
    return frame.assign(ev_batch=names)


@pytest.mark.parametrize(
    ("frame", "warning"),
    [
        (
            batches(lambda donor, well: "b1"),
            "One EV batch only in EV: the donors tell what this batch does, not what others would. Give every donor "
            "two batches or more, or each donor one of its own.",
        ),
        (  # two batches of four donors: each donor still has one
            batches(lambda donor, well: "old" if donor < "D3" else "new"),
            "Every donor got a single EV batch of EV: differences between batches are part of those between donors, so "
            "the p values hold for both together and cannot tell which of the two varies.",
        ),
        (
            batches(lambda donor, well: f"b {donor}"),
            "Every donor got a single EV batch of EV: differences between batches are part of those between donors, so "
            "the p values hold for both together and cannot tell which of the two varies.",
        ),
    ],
)
def test_how_far_the_batches_speak_is_said(frame, warning):
    found = compare(frame, control="vehicle")
    assert warning in found.warnings
    assert found.table["p_batches"].isna().all()


def test_two_batches_in_a_single_donor_are_not_said_to_be_one_for_each():
    frame = batches(lambda donor, well: f"b{well % 2}" if donor == "D1" else "b0")
    assert not any("batch" in text for text in compare(frame, control="vehicle").warnings)


def test_crossed_batches_are_a_second_sample():
    frame = batches(lambda donor, well: f"b{well % 2}").rename(columns={"ev_batch": "Batch"})
    row = compare(frame, control="vehicle").table.iloc[0]
    parts = frame.assign(part=np.where(frame["treatment"] == "EV", frame["Batch"], ""))
    sums = parts.pivot_table(index="donor", columns="part", values=["count", "area_mm2"], aggfunc="sum")
    y = np.log((sums["count"] + 0.5) / sums["area_mm2"])
    ratios = y[["b0", "b1"]].sub(y[""], axis=0).to_numpy()
    assert row["n_batches"] == 2
    assert row["p_batches"] == pytest.approx(two_way_p(ratios), rel=1e-12)
    assert row["p_batches"] > row["p_raw"]
    end = (
        "shown to hold for other batches."
        if row["p_batches"] < 0.05
        else "not shown to hold for other batches. Use more."
    )
    assert row["reason"].endswith(f"beside the 4 donors, {p_value(row['p_batches'])}: {end}")
    assert "Taking the 2 EV batches as a sample too, " in row["reason"]


def test_batches_that_do_not_differ_leave_the_test_of_the_donors():
    """Batches equal in every donor: the variance of the mean is that between donors."""
    own = np.array([0.5, 0.7, 0.9, 0.4, 0.6])
    p = two_way_p(np.column_stack([own, own, own]))
    assert p == pytest.approx(stats.ttest_1samp(own, 0).pvalue, rel=1e-9)


def test_p_by_hand():
    """Mean .6; mean squares of donors .14, of batches .24, of the rest .06: variance .32 on .32² ÷ .0692 df."""
    p = two_way_p(np.array([[0.2, 0.4], [0.6, 0.8], [0.4, 1.2]]))
    assert p == pytest.approx(2 * stats.t.sf(0.6 / np.sqrt(0.32 / 6), 0.32**2 / 0.0692), rel=1e-9)


def test_p_holds_with_both_random():
    """Simulated without effect, 5 donors × 4 batches, both with an SD of .3: about 5 % below .05."""
    rng = np.random.default_rng(4)
    p = [
        two_way_p(rng.normal(0, 0.3, (5, 1)) + rng.normal(0, 0.3, (1, 4)) + rng.normal(0, 0.2, (5, 4)))
        for _ in range(1500)
    ]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.025)


def test_no_variation_has_no_p():
    assert np.isnan(two_way_p(np.full((3, 2), 0.4)))
    assert pd.isna(compare(simulated(("vehicle", "EV"), 3), control="vehicle").table["n_batches"]).all()

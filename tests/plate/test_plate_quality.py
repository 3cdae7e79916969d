"""How good a plate is, and percent of control."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.columns import PLATE_QUALITY
from osteocount.plate.plate_quality import (
    add_normalised,
    control_quality,
    percent_of_control,
    plate_quality,
)
from osteocount.wells import well_name


def plate(values, roles, **more):
    """Return wells A01, A02 … with these counts and roles."""
    wells = [well_name(n // 12 + 1, n % 12 + 1) for n in range(len(values))]
    return pd.DataFrame({"plate": "P1", "well": wells, "role": roles, "n_osteoclasts": values, "qc_flags": "", **more})


def test_controls_told_apart_by_hand():
    wells = plate([10, 12, 14, 100, 104, 108, 50], ["vehicle"] * 3 + ["positive control"] * 3 + ["treatment"])
    (row,) = plate_quality(wells).to_dict("records")
    assert (row["n_positive"], row["n_negative"]) == (3, 3)
    assert row["z_prime"] == pytest.approx(1 - 3 * (4 + 2) / 92)
    assert row["ssmd"] == pytest.approx(92 / np.sqrt(16 + 4))
    assert row["cv_negative_percent"] == pytest.approx(100 * 2 / 12)
    assert row["note"].startswith("too few controls (3 positive, 3 negative")
    assert row["row_medians"] == "A 50"


def test_excluded_blank_and_unplaced_wells_do_not_count():
    roles = ["vehicle", "vehicle", "excluded", "positive control", "positive control", "blank"]
    wells = plate([10, 12, 99, 100, 104, 1e6], roles)
    stray = wells.iloc[[0]].assign(well=pd.NA, n_osteoclasts=1e9)
    (row,) = plate_quality(pd.concat([wells, stray], ignore_index=True)).to_dict("records")
    assert (row["n_positive"], row["n_negative"]) == (2, 2)
    assert row["column_medians"] == "1 10; 2 12; 4 100; 5 104"


def test_without_a_layout_there_is_no_quality():
    table = plate_quality(plate([1, 2], ["", ""]).drop(columns="role"))
    assert table.empty
    assert tuple(table.columns) == PLATE_QUALITY.names


def test_roles_that_are_not_known_are_no_trouble():
    wells = plate([10.0, 20.0], ["vehicle", None]).astype({"role": "string"})
    assert plate_quality(wells)["n_negative"].tolist() == [1]
    assert add_normalised(wells, with_b_score=True)[0]["n_osteoclasts_percent_of_control"].tolist() == [100, 200]


def test_percent_of_control_is_that_of_the_own_plate():
    one, two = plate([10, 20], ["vehicle", "treatment"]), plate([40, 20], ["vehicle", "treatment"]).assign(plate="P2")
    wells, refusals = add_normalised(pd.concat([one, two], ignore_index=True), with_b_score=False)
    assert wells["n_osteoclasts_percent_of_control"].tolist() == [100, 200, 100, 50]
    assert list(wells.columns)[-1] == "qc_flags"
    assert refusals == ()


def test_b_score_is_added_on_request_and_refused_where_arms_lie_along_columns():
    rng = np.random.default_rng(0)
    places = [(r, c) for r in range(1, 9) for c in range(1, 13)]
    table = pd.DataFrame({
        "well": [well_name(*place) for place in places], "role": "treatment", "dose": np.nan, "qc_flags": "",
        "n_osteoclasts": rng.poisson(40, 96),
    })  # fmt: skip
    spread = table.assign(plate="spread", treatment=rng.permutation(["a", "b", "c", "d"] * 24))
    columns = table.assign(plate="columns", treatment=["abcd"[(c - 1) // 3] for _, c in places])
    wells, refusals = add_normalised(pd.concat([spread, columns], ignore_index=True), with_b_score=True)
    scores = wells.groupby("plate")["n_osteoclasts_b_score"].count()
    assert scores.to_dict() == {"columns": 0, "spread": 96}
    (said,) = refusals
    assert said.startswith("columns n osteoclasts: No B-score: rows and columns explain")


def test_percent_of_control_by_plate():
    wells = pd.DataFrame(
        {
            "plate": ["P1"] * 3 + ["P2"] * 3 + ["P3"],
            "role": ["vehicle", "negative control", "treatment", "vehicle", "excluded", "treatment", "treatment"],
            "count": [10.0, 30.0, 40.0, 50.0, 1.0, 25.0, 9.0],
        }
    )
    percent = percent_of_control(wells, "count")
    assert percent.round(6).tolist()[:6] == [50, 150, 200, 100, 2, 50]
    assert math.isnan(percent.iloc[6])


def test_control_quality_by_hand():
    quality = control_quality([10, 12, 14, np.nan], [1, 2, 3])
    assert quality.z_prime == pytest.approx(1 - 3 * (2 + 1) / 10)
    assert quality.robust_z_prime == pytest.approx(1 - 3 * 1.4826 * (2 + 1) / 10)
    assert quality.ssmd == pytest.approx(10 / math.sqrt(4 + 1))
    assert (quality.cv_positive, quality.cv_negative) == (pytest.approx(100 * 2 / 12), pytest.approx(50))
    assert quality.note == "too few controls (3 positive, 3 negative; 8 a side are needed)"
    assert quality.z_prime_interval[0] <= quality.z_prime <= quality.z_prime_interval[1]


def test_control_quality_with_enough_controls_is_repeatable_and_has_no_note():
    rng = np.random.default_rng(3)
    positive, negative = rng.normal(100, 5, 16), rng.normal(10, 5, 16)
    quality = control_quality(positive, negative)
    assert quality == control_quality(positive, negative)
    assert quality.note == ""
    assert quality.z_prime_interval[1] - quality.z_prime_interval[0] < 0.3
    assert quality.ssmd_interval[0] < quality.ssmd < quality.ssmd_interval[1]


@pytest.mark.parametrize(("positive", "negative"), [([1], [2, 3]), ([], []), ([5, 5], [5, 5])])
def test_control_quality_that_cannot_be_known_is_nan(positive, negative):
    quality = control_quality(positive, negative)
    assert math.isnan(quality.z_prime)
    assert math.isnan(quality.ssmd)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1000), min_size=2, max_size=12), st.lists(st.floats(0, 1000), min_size=2, max_size=12))
def test_z_prime_is_at_most_one(positive, negative):
    quality = control_quality(positive, negative)
    assert not quality.z_prime > 1
    assert not quality.robust_z_prime > 1

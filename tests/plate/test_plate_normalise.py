"""Blanks, percent of control, control quality, position effects: against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.normalise import absorbance_columns, control_quality, percent_of_control, pnpp_nmol
from osteocount.plate.absorbance.read import Reading, ReadingBlock
from osteocount.plate.position_effects import b_score, explained_by_place, position_effects
from osteocount.wells import well_name


def block(values, plate="", nm=405.0, kind="raw", name=None):
    readings = tuple(Reading(*place, *(v if isinstance(v, tuple) else (v, ""))) for place, v in sorted(values.items()))
    return ReadingBlock(name or f"{plate} {nm:g}", "", "", plate, nm, kind, "", readings)


def layout(**roles):
    return pd.DataFrame({"plate": "", "well": list(roles), "role": list(roles.values())})


def test_blank_and_reference_are_subtracted_and_masked_wells_have_no_net_value():
    values = {(1, 1): 0.10, (1, 2): 0.12, (2, 1): 1.0, (2, 2): (0.9, "masked"), (2, 3): (None, "overflow")}
    reference = dict.fromkeys(values, 0.04)
    table = absorbance_columns(
        [block(values), block(reference, nm=620.0)],
        layout(A01="blank", A02="blank", B01="treatment"),
        "trap_activity",
        reference_nm=620,
        volume_ul=200,
        path_cm=0.5,
    ).set_index("well")
    assert table.loc["B01", "trap_activity_od"] == 1.0
    net = 1.0 - 0.04 - (0.10 + 0.12 - 0.08) / 2
    assert table.loc["B01", "trap_activity_net"] == pytest.approx(net)
    assert table.loc["B01", "trap_activity_nmol"] == pytest.approx(net * 200 / (18.0 * 0.5))
    assert table.loc["B02", "trap_activity_od"] == 0.9
    assert table.loc[["B02", "B03"], "trap_activity_net"].isna().all()
    assert table["trap_activity_flag"].tolist() == ["", "", "", "masked", "overflow"]


def test_without_blanks_nothing_is_subtracted_and_the_flag_says_so():
    table = absorbance_columns([block({(1, 1): 0.5})], layout(A01="treatment"), "viability")
    assert list(table) == ["plate", "well", "viability_od", "viability_net", "viability_flag"]
    assert table.iloc[0].tolist() == ["", "A01", 0.5, 0.5, "no_blank"]


def test_blanks_are_those_of_the_plate():
    wells = pd.DataFrame({"plate": ["P1", "P2"], "well": ["A01", "A01"], "role": ["blank", "blank"]})
    blocks = [block({(1, 1): 0.1, (1, 2): 1.0}, "P1"), block({(1, 1): 0.3, (1, 2): 1.0}, "P2")]
    table = absorbance_columns(blocks, wells, "viability").set_index(["plate", "well"])
    assert table.loc[("P1", "A02"), "viability_net"] == pytest.approx(0.9)
    assert table.loc[("P2", "A02"), "viability_net"] == pytest.approx(0.7)


def test_unclear_blocks_and_missing_references_are_refused():
    two = [block({(1, 1): 0.1}, nm=405.0), block({(1, 1): 0.2}, nm=450.0)]
    with pytest.raises(OsteoCountError, match=r"several readings of one plate; say which one is meant \(--block\)"):
        absorbance_columns(two, layout(A01="blank"), "viability")
    assert absorbance_columns(two, layout(A01="blank"), "viability", block="2")["viability_od"].tolist() == [0.2]
    with pytest.raises(OsteoCountError, match="no reading at 620 nm to subtract; its wavelengths are 405, 450"):
        absorbance_columns(two, layout(A01="blank"), "viability", block="1", reference_nm=620)


def test_pnpp():
    assert pnpp_nmol(0.9, 100, 0.25) == pytest.approx(20.0)
    assert pnpp_nmol(None, 100, 0.25) is None
    with pytest.raises(OsteoCountError, match="above zero"):
        pnpp_nmol(0.9, 0, 0.25)


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


def plate(value, treatment, rows=8, columns=12):
    places = [(r, c) for r in range(1, rows + 1) for c in range(1, columns + 1)]
    return pd.DataFrame(
        {
            "well": [well_name(r, c) for r, c in places],
            "role": "treatment",
            "treatment": [treatment(r, c) for r, c in places],
            "dose": np.nan,
            "count": [float(value(r, c)) for r, c in places],
        }
    )


def test_position_effects():
    wells = plate(lambda r, c: 2.0 if r in (1, 8) or c in (1, 12) else 1.0, lambda r, c: "x")
    effects = position_effects(wells, "count")
    assert effects.edge_ratio == 2.0
    assert effects.row_medians == {"A": 2.0, "B": 1.0, "C": 1.0, "D": 1.0, "E": 1.0, "F": 1.0, "G": 1.0, "H": 2.0}
    assert effects.column_medians[12] == 2.0
    wells["role"] = "excluded"
    assert math.isnan(position_effects(wells, "count").edge_ratio)


def test_b_score_removes_row_and_column_effects_of_spread_arms():
    rng = np.random.default_rng(0)
    arms = rng.permutation(np.repeat(["a", "b", "c", "d"], 24)).reshape(8, 12)
    noise = rng.normal(0, 1, (8, 12))
    wells = plate(
        lambda r, c: 10 * r - 5 * c + noise[r - 1, c - 1] + 20 * (r == 4 and c == 5), lambda r, c: arms[r - 1, c - 1]
    )
    scores = b_score(wells, "count")
    assert scores.idxmax() == wells.index[wells["well"] == "D05"][0]
    assert scores.drop(scores.idxmax()).abs().max() < 5


def test_b_score_is_refused_when_arms_are_laid_by_columns_or_rows():
    for treatment in (lambda r, c: f"dose {c}", lambda r, c: f"arm {r}", lambda r, c: "low" if c < 7 else "high"):
        with pytest.raises(OsteoCountError, match=r"No B-score: rows and columns explain \d+ % of where"):
            b_score(plate(lambda r, c: r * c, treatment), "count")


def test_b_score_needs_wells_and_differences():
    with pytest.raises(OsteoCountError, match="at least 16 measured wells"):
        b_score(plate(lambda r, c: r, lambda r, c: "x", 2, 3), "count")
    with pytest.raises(OsteoCountError, match="do not differ"):
        b_score(plate(lambda r, c: r + c, lambda r, c: "x"), "count")


def test_share_explained_by_place():
    rows, columns = np.repeat(np.arange(8), 12), np.tile(np.arange(12), 8)
    assert explained_by_place(columns == 3, rows, columns) == pytest.approx(1.0)
    assert explained_by_place((rows + columns) % 2 == 0, rows, columns) < 0.05
    assert explained_by_place(np.ones(96, dtype=bool), rows, columns) == 0

"""Designs over several plates: what is a block, what a plate without its control tells, and R's answers."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osteocount.settings import ComparisonSettings
from osteocount.stats import compare
from osteocount.stats.multivariate_t import adjusted_p, critical_value

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "stats"


def on_plates(plates, folds=None, donors=4, plate_sd=0.5, seed=3, lost=()):
    """Three wells of every arm on every plate that holds it; each plate has a level of its own."""
    rng = np.random.default_rng(seed)
    rows = []
    for donor in range(1, donors + 1):
        for plate, arms in enumerate(plates):
            level = 60 * np.exp(rng.normal(0, plate_sd))
            for row, arm in enumerate(arms):
                if (donor, plate, arm) in lost:
                    continue
                mean = level * (folds or {}).get(arm, 1.0) * np.exp(rng.normal(0, 0.1))
                rows += [
                    (f"D{donor}", f"P{donor}{'abc'[plate]}", f"{'ABCDEFGH'[row]}{well + 1}", arm, rng.poisson(mean))
                    for well in range(3)
                ]
    return pd.DataFrame(rows, columns=["donor", "plate", "well", "treatment", "count"]).assign(area_mm2=10.0)


def result(frame, **settings):
    return compare(frame, control="vehicle", settings=ComparisonSettings(**settings))


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference data are not beside the repository")
def test_a_positive_control_on_every_plate_is_r_s_two_way_fit():
    name = "f19_positive_control_on_every_plate"
    expected = json.loads((REFERENCE / f"{name}.expected.json").read_text(encoding="utf-8"))
    table = result(pd.read_csv(REFERENCE / f"{name}.csv")).table.set_index("contrast")
    rows = expected["default_blocked_ols"]["contrasts"]
    ours = table.loc[[row["arm"] for row in rows]]
    for column, name in {"link_estimate": "log_rr", "link_se": "se", "p_raw": "p_raw", "df": "df"}.items():
        np.testing.assert_allclose(ours[column], [row[name] for row in rows], rtol=1e-9)
    np.testing.assert_allclose(ours["p_adjusted"], [row["p_dunnett"] for row in rows], atol=5e-6, rtol=0)
    np.testing.assert_allclose(ours["ci_low"], [row["rr_dunnett_lo"] for row in rows], rtol=1e-5)
    paired = expected["paired_t_log_cells"]
    np.testing.assert_allclose(
        table.loc[[row["arm"] for row in paired], "p_paired"], [row["p_raw"] for row in paired], rtol=1e-9
    )
    dependence = table.loc["il32_dependence"]
    assert dependence["estimate"] == pytest.approx(expected["il32_dependence"]["ratio"], rel=1e-9)
    assert dependence["p_raw"] == pytest.approx(expected["il32_dependence"]["p"], rel=1e-9)


def test_an_arm_that_is_the_common_factor_is_exact():
    """Against an independent integration of `scipy.stats.multivariate_t` with three million points."""
    r = 1 / np.sqrt(7)
    correlation = np.array([[1, r**2, r], [r**2, 1, r], [r, r, 1]])
    assert adjusted_p(np.full(3, 5.2401133), correlation, 13)[0] == pytest.approx(0.00046006, abs=2e-7)
    assert adjusted_p(np.full(3, critical_value(correlation, 13)), correlation, 13)[0] == pytest.approx(0.05, abs=1e-9)


def test_blocks_are_printed_with_the_wells_they_hold():
    found = result(on_plates((("vehicle", "RANKL", "A"), ("vehicle", "RANKL", "B"))))
    assert "so every arm is compared within donor × plate." in found.design
    assert found.blocks[:2] == (
        "D1 × P1a: 9 wells (A 3, RANKL 3, vehicle 3)",
        "D1 × P1b: 9 wells (B 3, RANKL 3, vehicle 3)",
    )
    assert f"Block {found.blocks[0]}" in found.summary().splitlines()
    assert found.table["method"].iloc[0].startswith("least squares on donor × plate × arm cells, donor × plate block")


def test_a_lost_control_does_not_pool_the_other_donors():
    plates = (("vehicle", "A", "B"), ("vehicle", "C", "D"))
    whole = on_plates(plates, plate_sd=1.0)
    lost = whole[~((whole["plate"] == "P2b") & (whole["treatment"] == "vehicle"))]
    found = result(lost)
    assert "compared within donor × plate" in found.design
    assert (
        "D2 × P2b holds no control well: it tells only how C and D differ from each other, which links them to the "
        "control of other plates." in found.warnings
    )
    table, before = found.table.set_index("contrast"), result(whole).table.set_index("contrast")
    assert table.loc[["A", "B", "C", "D"], "n_donors"].tolist() == [4, 4, 3, 3]
    assert table["estimate"]["A"] == pytest.approx(before["estimate"]["A"], rel=0.15)  # not the plates' threefold
    assert set(table["verdict"]) == {"no evidence"}


def test_a_plate_with_one_arm_and_no_control_tells_nothing():
    whole = on_plates((("vehicle", "A"), ("vehicle", "B")))
    lost = whole[~((whole["plate"] == "P2b") & (whole["treatment"] == "vehicle"))]
    found = result(lost)
    assert "D2 × P2b holds B alone, without a control well: it can be compared with nothing." in found.warnings
    without = result(lost[lost["plate"] != "P2b"]).table.set_index("contrast")
    with_it = found.table.set_index("contrast")
    np.testing.assert_allclose(with_it["link_estimate"].astype(float), without["link_estimate"].astype(float))
    np.testing.assert_allclose(with_it["df"].astype(float), without["df"].astype(float))


def test_plates_linked_by_a_positive_control_need_no_control_each():
    frame = on_plates((("vehicle", "RANKL", "A"), ("RANKL", "B")), {"RANKL": 3.0}, plate_sd=1.0)
    table = result(frame).table.set_index("contrast")
    assert table["estimate"]["B"] == pytest.approx(1, abs=0.35)
    assert table["n_donors"]["B"] == 4
    assert not any("confounded with plate" in text for text in result(frame).warnings)


def test_a_repeated_plate_without_its_control_is_a_block_of_its_own():
    whole = on_plates((("vehicle", "A", "B"), ("vehicle", "A", "B")), plate_sd=1.0)
    lost = whole[~((whole["plate"] == "P1b") & (whole["treatment"] == "vehicle"))]
    found = result(lost)
    assert found.design.endswith("so arms are compared within donors.")
    assert any(text.startswith("D1 × P1b holds no control well") for text in found.warnings)

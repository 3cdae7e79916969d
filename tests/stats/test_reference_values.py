"""The quantities of the reference data, to the tolerances of the specification."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osteocount.settings import ComparisonSettings
from osteocount.stats import compare

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "stats"
pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference data are not beside the repository")
TIGHT = {"rtol": 1e-9, "atol": 1e-13}


@cache
def result(name: str) -> pd.DataFrame:
    settings = ComparisonSettings(equivalence_arms=("EV_KO",), equivalence_margin=1.5)
    table = pd.read_csv(REFERENCE / f"{name}.csv")
    compared = compare(table, control="control", settings=settings, count_column="count", area_column="area_mm2")
    return compared.table.set_index("contrast")


@cache
def expected(name: str) -> dict:
    return json.loads((REFERENCE / name).read_text(encoding="utf-8"))


def test_d1_estimates_raw_p_and_raw_intervals():
    want = pd.DataFrame(expected("d1_balanced.expected.json")["default_blocked_ols"]["contrasts"]).set_index("arm")
    got = result("d1_balanced").loc[want.index]
    for ours, theirs in {
        "estimate": "rate_ratio", "link_estimate": "log_rr", "link_se": "se", "t": "t", "p_raw": "p_raw", "df": "df",
        "ci_raw_low": "rr_raw_lo", "ci_raw_high": "rr_raw_hi",
    }.items():  # fmt: skip
        np.testing.assert_allclose(got[ours].astype(float), want[theirs], **TIGHT, err_msg=ours)
    np.testing.assert_allclose(got["p_adjusted"], want["p_dunnett"], rtol=0, atol=3e-4)


def test_d1_dunnett_is_exact():
    want = expected("dunnett_exact.json")["d1_balanced"]
    got = result("d1_balanced").loc[want["arm"]]
    np.testing.assert_allclose(got["p_adjusted"], want["p_dunnett"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(got["ci_low"], want["rr_lo"], rtol=1e-8)
    np.testing.assert_allclose(got["ci_high"], want["rr_hi"], rtol=1e-8)


def test_d1_paired_t_and_its_holm():
    want = pd.DataFrame(expected("d1_balanced.expected.json")["paired_t_log_cells"]).set_index("arm")
    got = result("d1_balanced").loc[want.index]
    np.testing.assert_allclose(got["p_paired"], want["p_raw"], **TIGHT)
    np.testing.assert_allclose(got["p_paired_holm"], want["p_holm"], **TIGHT)
    assert list(got["n_donors"]) == list(want["n_pairs"])


def test_d1_il32_dependence():
    want, got = expected("d1_balanced.expected.json")["il32_dependence"], result("d1_balanced").loc["il32_dependence"]
    for ours, theirs in {
        "estimate": "ratio", "ci_low": "ratio_lo", "ci_high": "ratio_hi", "p_raw": "p", "p_adjusted": "p", "t": "t",
        "link_se": "se", "df": "df",
    }.items():  # fmt: skip
        np.testing.assert_allclose(float(got[ours]), want[theirs], **TIGHT, err_msg=ours)


def test_d1_equivalence():
    want, got = expected("d1_balanced.expected.json")["tost_evko"], result("d1_balanced").loc["equivalence EV_KO"]
    np.testing.assert_allclose(
        [got["p_tost"], got["ci_low"], got["ci_high"]],
        [want["p_tost"], want["ratio90_lo"], want["ratio90_hi"]],
        **TIGHT,
    )
    assert got["verdict"] == "equivalence not shown"


def test_d1_dose_trend():
    want, got = expected("d1_balanced.expected.json")["trend_dose_rank"], result("d1_balanced").loc["dose_trend rhIL32"]
    squares = 2  # scores -1, 0, 1; the table shows the ratio per dose step
    np.testing.assert_allclose(
        [got["link_estimate"] * squares, got["link_se"] * squares, got["t"], got["p_raw"], got["estimate"] ** squares],
        [want["estimate"], want["se"], want["t"], want["p"], want["ratio"]],
        **TIGHT,
    )


def test_d1_verdicts():
    got = result("d1_balanced")["verdict"]
    assert got.to_dict() == {
        "EV_KO": "indicated",  # Dunnett .033, pooled paired .08: the control may be the noisy arm
        "EV_WT": "robust",
        "rhIL32_100": "robust",
        "rhIL32_20": "robust",  # Dunnett .004, pooled paired .02, own paired .063
        "il32_dependence": "robust",
        "dose_trend rhIL32": "robust",
        "equivalence EV_KO": "equivalence not shown",
    }


def test_d3_refuses_the_ratio_and_gives_the_poisson_bound():
    got = result("d3_zero_control")
    want = {row["arm"]: row for row in expected("d3_zero_control.expected.json")["poisson_exact_pooled"]}
    assert got[["estimate", "ci_low", "ci_high", "p_raw", "p_adjusted", "p_paired"]].isna().all(axis=None)
    assert (got["verdict"] == "refused").all()
    for arm in ("rhIL32_100", "EV_WT"):
        np.testing.assert_allclose(got.loc[arm, "poisson_ratio_low"], want[arm]["lo"], **TIGHT)
    assert np.isnan(got.loc["EV_KO", "poisson_ratio_low"])


def test_d4_gives_the_ratio_of_one_donor_and_no_population_claim():
    got = result("d4_single_donor")
    cells = {row["arm"]: row["y"] for row in expected("d4_single_donor.expected.json")["cells"]}
    wells = expected("d4_single_donor.expected.json")["wells_dunnett_log_technical"]["contrasts"]
    assert got[["ci_low", "ci_high", "p_raw", "p_adjusted", "p_paired"]].isna().all(axis=None)
    assert (got["verdict"] == "within this donor, n = 1").all()
    for want in wells:
        row = got.loc[want["arm"]]
        np.testing.assert_allclose(row["estimate"], np.exp(cells[want["arm"]] - cells["control"]), **TIGHT)
        np.testing.assert_allclose(
            [row["technical_ratio"], row["technical_low"], row["technical_high"]],
            [want["rate_ratio"], want["rr_raw_lo"], want["rr_raw_hi"]],
            **TIGHT,
        )
    want = expected("d4_single_donor.expected.json")["il32_dependence_technical"]
    np.testing.assert_allclose(got.loc["il32_dependence", "technical_se_log"], want["se"], **TIGHT)

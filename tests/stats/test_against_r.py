"""Answers of R to the tables in ``data`` (made by ``data/reference.R``), to the tolerances of the specification."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osteocount.settings import ComparisonSettings
from osteocount.stats import compare
from osteocount.stats.agreement_measures import describe

DATA = Path(__file__).parent / "data"
TIGHT = {"rtol": 1e-9, "atol": 1e-12}
DUNNETT = 5e-6  # absolute, of designs that are not complete
READER_COLUMNS = ("trap_405", "viability")
CONTROL = {"four_cells": "control_WT", "doses": "vehicle", "oxygen": "vehicle", "endpoints": "vehicle"}
SETTINGS = {
    "unbalanced": {"equivalence_arms": ("EV_KO",), "equivalence_margin": 2},
    "four_cells": {"contrasts": ("il32_dependence = (EV_WT/control_WT)/(EV_KO/control_KO)",)},
    "endpoints": {"extra_endpoints": READER_COLUMNS},
}
DESIGNS = ["unbalanced", "separate_controls", "four_cells", "other_donors", "oxygen"]


@cache
def answers(name: str) -> dict:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@cache
def compared(name: str, **changed: object) -> pd.DataFrame:
    settings = ComparisonSettings(**SETTINGS.get(name, {}) | changed)
    table = pd.read_csv(DATA / f"{name}.csv", keep_default_na=False)
    return compare(table, control=CONTROL.get(name, "control"), settings=settings).table


def rows(name: str, endpoint: str = "osteoclast_count") -> pd.DataFrame:
    table = compared(name)
    return table[table["endpoint"] == endpoint].set_index("contrast")


def assert_row(got: pd.Series, want: dict) -> None:
    """Estimate, SE, t, p and raw interval of a contrast on the link scale."""
    pairs = {"link_estimate": "estimate", "link_se": "se", "t": "t", "p_raw": "p_raw", "df": "df"}
    for ours, theirs in pairs.items():
        np.testing.assert_allclose(float(got[ours]), want[theirs], **TIGHT, err_msg=ours)
    natural = np.asarray if got["link"] == "identity" else np.exp
    wanted = natural([want["raw_low"], want["raw_high"], want["estimate"]])
    np.testing.assert_allclose([got["ci_raw_low"], got["ci_raw_high"], got["estimate"]], wanted, **TIGHT)


def assert_dunnett(got: pd.DataFrame, want: list[dict]) -> None:
    family = pd.DataFrame(want).set_index("contrast")
    got = got.loc[family.index]
    for contrast, row in family.iterrows():
        assert_row(got.loc[contrast], row.to_dict())
    np.testing.assert_allclose(got["p_adjusted"], family["p_dunnett"], rtol=0, atol=DUNNETT)
    natural = np.asarray if got["link"].iloc[0] == "identity" else np.exp
    np.testing.assert_allclose(got["ci_low"], natural(family["low"]), rtol=DUNNETT, atol=DUNNETT)
    np.testing.assert_allclose(got["ci_high"], natural(family["high"]), rtol=DUNNETT, atol=DUNNETT)


def assert_paired(got: pd.DataFrame, want: list[dict]) -> None:
    paired = pd.DataFrame(want).set_index("contrast")
    np.testing.assert_allclose(got.loc[paired.index, "p_paired"], paired["p"], **TIGHT)
    np.testing.assert_allclose(got.loc[paired.index, "p_paired_holm"], paired["p_holm"], **TIGHT)
    assert list(got.loc[paired.index, "n_donors"]) == list(paired["n"])


@pytest.mark.parametrize("name", DESIGNS)
def test_arms_against_control(name):
    assert_dunnett(rows(name), answers(name)["dunnett"])


@pytest.mark.parametrize("name", ["unbalanced", "separate_controls"])
def test_paired_t_and_its_holm(name):
    assert_paired(rows(name), answers(name)["paired"])


@pytest.mark.parametrize("name", ["unbalanced", "separate_controls", "four_cells", "other_donors"])
def test_il32_dependence(name):
    assert_row(rows(name).loc["il32_dependence"], answers(name)["il32_dependence"])


def test_separate_controls_pair_the_four_cells_of_a_donor():
    want, got = answers("separate_controls")["four_cells"], rows("separate_controls").loc["il32_dependence"]
    np.testing.assert_allclose(got["p_paired"], want["p"], **TIGHT)
    np.testing.assert_allclose(got["link_estimate"], want["mean"], **TIGHT)


@pytest.mark.parametrize("margin", [1.25, 2])
def test_equivalence(margin):
    table = compared("unbalanced", equivalence_margin=margin).set_index("contrast")
    want, got = answers("unbalanced")["tost"], table.loc["equivalence EV_KO"]
    found = [got["p_tost"], got["ci_low"], got["ci_high"]]
    np.testing.assert_allclose(found, [want[f"margin_{margin}"], *np.exp([want["low90"], want["high90"]])], **TIGHT)


def test_dose_trend_of_two_doses():
    want, got = answers("unbalanced")["trend"], rows("unbalanced").loc["dose_trend rhIL32"]
    steps = 2  # scores -1, 0, 1; the table shows the slope per step
    np.testing.assert_allclose(
        [got["link_estimate"] * steps, got["link_se"] * steps, got["t"], got["p_raw"]],
        [want[name] for name in ("estimate", "se", "t", "p_raw")],
        **TIGHT,
    )


def test_dose_trend_of_seven_doses():
    want, got = answers("doses")["trend"], rows("doses").loc["dose_trend rhIL32"]
    found = [got[name] for name in ("link_estimate", "link_se", "t", "p_raw", "df")]
    np.testing.assert_allclose(found, [want[name] for name in ("per_step", "per_step_se", "t", "p", "df")], **TIGHT)


def test_ec50_and_its_profile_interval():
    want, got = answers("doses")["ec50"], rows("doses").loc["EC50 rhIL32"]
    found = [got[name] for name in ("estimate", "link_se", "ci_low", "ci_high", "df")]
    np.testing.assert_allclose(found, [want[name] for name in ("estimate", "log_se", "low", "high", "df")], rtol=1e-6)
    np.testing.assert_allclose([got["ci_low"], got["ci_high"]], want["nls_profile"], rtol=1e-3)  # R interpolates
    assert got["unit"] == "ng/mL"


def test_oxygen_by_treatment():
    for want in answers("oxygen")["interaction"]:
        got = rows("oxygen").loc[f"oxygen × {want['contrast']}"]
        # R has normoxia over hypoxia, we the inverse.
        turned = {name: -want[name] for name in ("estimate", "t")}
        turned |= {"raw_low": -want["raw_high"], "raw_high": -want["raw_low"]}
        assert_row(got, want | turned)
        np.testing.assert_allclose(got["p_adjusted"], want["p_holm"], **TIGHT)


@pytest.mark.parametrize("endpoint", list(answers("endpoints")["endpoints"]))
def test_every_endpoint_on_its_link(endpoint):
    want, got = answers("endpoints")["endpoints"][endpoint], rows("endpoints", endpoint)
    assert_dunnett(got, want["dunnett"])
    assert_paired(got, want["paired"])


@pytest.mark.parametrize("arm", ["EV_WT", "EV_KO"])
def test_holm_across_the_secondary_endpoints(arm):
    table = compared("endpoints")
    got = table[table["contrast"] == arm].set_index("endpoint")["p_across_endpoints"]
    assert np.isnan(got["osteoclast_count"])
    order = answers("endpoints")["across_order"]
    np.testing.assert_allclose(got[order], answers("endpoints")["across"][arm], rtol=0, atol=8 * DUNNETT)


@pytest.mark.parametrize("comparison", list(answers("readers")))
def test_agreement(comparison):
    second, first = comparison.split(" against ")
    counts, want = pd.read_csv(DATA / "readers.csv"), answers("readers")[comparison]
    got = describe(pd.DataFrame({"first": counts[first], "second": counts[second]}))
    wanted = {
        "icc": want["icc"], "icc_low": want["icc_low"], "icc_high": want["icc_high"],
        "bias": want["bias"], "bias_low": want["bias_low"], "bias_high": want["bias_high"],
        "limit_low": want["limits"][0], "limit_high": want["limits"][1],
        "limit_low_ci_low": want["limit_low_ci"][0], "limit_high_ci_high": want["limit_high_ci"][1],
        "concordance": want["ccc"], "concordance_low": want["ccc_low"], "concordance_high": want["ccc_high"],
    }  # fmt: skip
    for name, value in wanted.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-9, err_msg=name)

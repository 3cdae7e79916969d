"""Dose trend and EC50, against a known curve and an independent fit."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from osteocount.stats import compare
from osteocount.stats.dose_response import find_series, fit_dose_response, hill_curve
from support.well_tables import DOSES, series

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "stats"


def contrast(frame, name):
    return compare(frame, control="vehicle").table.set_index("contrast").loc[name]


def test_ec50_agrees_with_an_independent_fit():
    frame = series()
    found = contrast(frame, "EC50 IL32")
    y = np.log((frame["count"] + 0.5) / 10.0).to_numpy()
    donors = frame["donor"].str[1:].astype(int).to_numpy()
    x = frame["dose"].to_numpy()

    def model(_, b0, b1, b2, b3, fold, ec50, hill):
        return np.array([b0, b1, b2, b3])[donors] + np.log(1 + (fold - 1) * x**hill / (ec50**hill + x**hill))

    best, covariance = optimize.curve_fit(model, x, y, p0=[3.5] * 4 + [3, 15, 1], ftol=1e-14, xtol=1e-14, gtol=1e-14)
    assert found["estimate"] == pytest.approx(best[5], rel=1e-6)
    assert found["link_se"] == pytest.approx(np.sqrt(covariance[5, 5]) / best[5], rel=1e-4)
    assert found["df"] == 32 - 7
    assert found["verdict"] == "estimated"
    assert found["notes"].startswith(f"Plateau {best[4]:.3g} × vehicle, Hill slope {best[6]:.3g}")


def test_the_profile_interval_is_where_the_sum_of_squares_rises_enough():
    frame = series()
    y, donors, x = np.log(frame["count"].to_numpy()), frame["donor"].to_numpy(), frame["dose"].to_numpy()
    fitted = fit_dose_response(x, y, donors)
    centred = y - pd.Series(y).groupby(donors).transform("mean").to_numpy()

    def rss(log_ec50):
        def residuals(free):
            shape = hill_curve(x, np.array([free[0], log_ec50, free[1]]))
            return centred - (shape - pd.Series(shape).groupby(donors).transform("mean").to_numpy())

        return 2 * optimize.least_squares(residuals, fitted.parameters[[0, 2]], xtol=1e-14, ftol=1e-14).cost

    allowed = fitted.rss * (1 + stats.t.ppf(0.975, fitted.df) ** 2 / fitted.df)
    assert rss(np.log(fitted.low)) == pytest.approx(allowed, rel=1e-6)
    assert rss(np.log(fitted.high)) == pytest.approx(allowed, rel=1e-6)
    assert fitted.low < fitted.ec50 < fitted.high


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (series(ec50=5000), "No EC50: "),
        (series(fold=1.0, noise=0.2), "No EC50: "),
        (series(ec50=700, hill=1.0, noise=0.01), "No EC50: the highest dose reaches only 5"),
        (
            series(ec50=0.4, hill=1.0, noise=0.005),
            "No EC50: the fit puts it outside the tested doses (1.00 to 1000 ng/mL). Test a wider range.",
        ),
    ],
)
def test_an_ec50_that_the_data_do_not_hold_is_refused(frame, said):
    found = contrast(frame, "EC50 IL32")
    assert found["verdict"] == "refused"
    assert np.isnan(found["estimate"])
    assert found["notes"].startswith(said)


def test_too_few_doses_ask_for_no_ec50():
    found = compare(series(doses=DOSES[:4]), control="vehicle").table["contrast"]
    assert "EC50 IL32" not in set(found)
    assert "dose_trend IL32" in set(found)


def test_trend_is_the_slope_over_dose_ranks():
    """In a complete design the contrast is the slope of the arm means on the rank: a straight line is found."""
    rows = [
        (f"D{donor}", "vehicle" if step == 0 else "IL32", 10.0**step if step else 0.0, 1000 * 2**step * (donor + 1))
        for donor in range(4)
        for step in range(4)
    ]
    frame = pd.DataFrame(rows, columns=["donor", "treatment", "dose", "count"]).assign(area_mm2=1.0)
    frame["count"] += np.tile([0, 9, -7, 3], 4) * np.repeat([1, -2, 1, 2], 4)
    found = contrast(frame, "dose_trend IL32")
    assert found["estimate"] == pytest.approx(2, rel=0.01)
    assert found["verdict"] == "robust"
    assert "The estimate is the ratio per dose step" in found["notes"]


def test_doses_written_into_the_treatment_are_one_series():
    frame = pd.DataFrame(
        {"treatment": ["control", "rhIL32_20", "rhIL32_100", "EV"], "dose": [0, 20, 100, np.nan], "dose_unit": ""}
    ).assign(arm=lambda t: t["treatment"], oxygen="")
    (found,) = find_series(frame, {"": "control"})
    assert (found.name, found.arms, found.doses) == ("rhIL32", ("rhIL32_20", "rhIL32_100"), (20.0, 100.0))
    assert found.trend().weights == {"control": -1.0, "rhIL32_20": 0.0, "rhIL32_100": 1.0}


def names(treatments, doses, unit="ng/mL"):
    frame = pd.DataFrame({"treatment": treatments, "dose": doses, "dose_unit": unit})
    frame = frame.assign(arm=lambda t: t["treatment"] + " " + t["dose"].astype(str), oxygen="")
    return [(one.name, one.doses) for one in find_series(frame, {"": "control 0.0"})]


@pytest.mark.parametrize(
    ("treatments", "doses", "wanted"),
    [
        (["rhIL-32"] * 2, [2, 32], [("rhIL-32", (2, 32))]),
        (["IL-10"] * 2, [5, 10], [("IL-10", (5, 10))]),
        (["PGE2"] * 3, [2, 20, 200], [("PGE2", (2, 20, 200))]),
        (["IL-10", "IL-6"], [10, 6], []),
        (["IL 10", "IL 10"], [10, 20], [("IL 10", (10, 20))]),
        (["rhIL32 20", "rhIL32 100"], [20, 100], [("rhIL32", (20, 100))]),
        (["rhIL32-20", "rhIL32-100"], [20, 100], [("rhIL32", (20, 100))]),
        (["EV_WT", "EV_WT", "EV_KO", "EV_KO"], [1, 5, 1, 5], [("EV_KO", (1, 5)), ("EV_WT", (1, 5))]),
    ],
)
def test_a_dose_is_a_column_not_the_end_of_a_name(treatments, doses, wanted):
    assert names(treatments, [float(dose) for dose in doses]) == wanted


@pytest.mark.parametrize(
    ("treatments", "wanted"),
    [
        (["rhIL-32 25 ng/mL", "rhIL-32 100 ng/mL"], ["rhIL-32 (25, 100 ng/mL)"]),
        (["rhIL-32_25ng/ml", "rhIL-32_5ng/ml", "EV"], ["rhIL-32 (5, 25 ng/ml)"]),
        (["rhIL-32 25 ng/mL", "rhIL-32 1 µg/mL"], ["rhIL-32 (25, 1000 ng/mL)"]),
        (["x 5 ng/mL", "x 2 µg/mL", "x 1 µg/mL"], ["x (0.005, 1, 2 µg/mL)"]),  # in the most frequent unit
        (["rhIL-32 25 ng/mL", "rhIL-32 100 nM"], []),  # no mass of a mole is known
        (["IL 10", "IL 20"], []),
        (["siRNA 1", "siRNA 2 clone"], []),
    ],
)
def test_where_no_well_has_a_dose_those_in_names_are_taken_and_it_is_said(treatments, wanted):
    frame = pd.DataFrame({"treatment": ["control", *treatments], "dose": np.nan, "dose_unit": ""})
    found = find_series(frame.assign(arm=lambda t: t["treatment"], oxygen=""), {"": "control"})
    assert [one.said for one in found] == wanted


def test_a_trend_over_doses_in_names_is_tested():
    frame = series(doses=(100.0, 1000.0))
    written = frame["dose"].map("{:g} ng/mL".format).where(frame["dose"] > 0, "")
    named = frame.assign(treatment=(frame["treatment"] + " " + written).str.strip()).drop(columns=["dose"])
    trends = compare(named, control="vehicle")
    assert trends.table["contrast"].str.startswith("dose_trend ").any()
    assert "Doses are those in the names of the treatments: " in trends.design


def test_doses_in_names_that_do_not_convert_are_said():
    frame = series(doses=(100.0, 1000.0))
    names = {0.0: "vehicle", 100.0: "IL32 100 ng/mL", 1000.0: "IL32 20 nM"}
    found = compare(frame.assign(treatment=frame["dose"].map(names)).drop(columns=["dose"]), control="vehicle")
    assert not found.table["contrast"].str.startswith("dose_trend").any()
    assert (
        "Doses of IL32 are in nM and ng/mL, which do not convert into each other: they are compared apart, without a "
        "dose trend. Give all of them in one unit."
    ) in found.warnings


def test_doses_in_several_units_are_ordered_by_what_they_are():
    frame = series(doses=(100.0, 300.0, 1000.0, 3000.0, 10000.0))
    mixed = frame.copy()
    in_micrograms = mixed["dose"] >= 3000
    mixed.loc[in_micrograms, "dose"] /= 1000
    mixed.loc[in_micrograms, "dose_unit"] = "µg/mL"
    found, wanted = compare(mixed, control="vehicle"), compare(frame, control="vehicle")
    assert "Doses of IL32 given in ng/mL and µg/mL are compared in ng/mL." in found.warnings
    assert list(found.table["contrast"]) == list(wanted.table["contrast"])
    np.testing.assert_allclose(found.table["estimate"].astype(float), wanted.table["estimate"].astype(float))


def test_doses_that_do_not_convert_make_no_series():
    frame = series(doses=(1.0, 10.0, 100.0))
    frame.loc[frame["dose"] == 100, "dose_unit"] = "nM"
    found = compare(frame, control="vehicle")
    assert not found.table["contrast"].str.startswith("dose_trend").any()
    assert any("do not convert into each other" in text for text in found.warnings)


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e6, 1e9])
def test_the_ec50_scales_with_the_unit_of_the_doses(unit):
    frame = series()
    found, wanted = contrast(frame.assign(dose=frame["dose"] * unit), "EC50 IL32"), contrast(frame, "EC50 IL32")
    for column in ("estimate", "ci_low", "ci_high"):
        assert found[column] == pytest.approx(unit * wanted[column], rel=1e-6)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference data are not beside the repository")
def test_particles_per_ml_give_r_s_answers():
    expected = json.loads((REFERENCE / "f16_particles.expected.json").read_text(encoding="utf-8"))
    table = compare(pd.read_csv(REFERENCE / "f16_particles.csv"), control="vehicle").table.set_index("contrast")
    for row in expected["default_blocked_ols"]["contrasts"]:
        ours = table.loc[row["arm"]]
        assert ours["link_estimate"] == pytest.approx(row["log_rr"], rel=1e-9)
        assert ours["p_raw"] == pytest.approx(row["p_raw"], rel=1e-9)
        assert ours["p_adjusted"] == pytest.approx(row["p_dunnett"], abs=1e-8)
        assert ours["verdict"] == row["verdict"]
    trend, ec50 = expected["trend_dose_rank_EV"], expected["ec50_joint_EV"]
    assert table.loc["dose_trend EV", "link_estimate"] == pytest.approx(trend["slope_per_step"], rel=1e-9)
    assert table.loc["dose_trend EV", "p_raw"] == pytest.approx(trend["p"], rel=1e-9)
    found = table.loc["EC50 EV"]
    assert found["estimate"] == pytest.approx(ec50["ec50"], rel=1e-6)
    assert found["link_se"] == pytest.approx(ec50["se_log_ec50"], rel=1e-5)
    assert found["ci_low"] == pytest.approx(ec50["ec50_profile_lo"], rel=1e-6)
    assert found["ci_high"] == pytest.approx(ec50["ec50_profile_hi"], rel=1e-6)


def test_a_falling_curve_has_an_ic50():
    found = compare(series(fold=0.2, noise=0.02), control="vehicle")
    row = found.table.set_index("contrast").loc["IC50 IL32"]
    assert row["estimate"] == pytest.approx(20, rel=0.3)
    assert row["verdict"] == "estimated"
    assert any(line.strip().startswith("IC50 of IL32: ") for line in found.summary().splitlines())


def test_without_a_trend_there_is_no_ec50():
    found = compare(series(fold=1.0, noise=0.3, seed=2), control="vehicle")
    row = found.table.set_index("contrast").filter(like="C50", axis=0).iloc[0]
    assert row["verdict"] == "refused"
    assert "the dose trend is not significant (p = " in row["notes"]
    assert found.curves[0].response is None


@pytest.mark.parametrize(("noise", "fold"), [(0.0, 50.0), (0.0, 0.02), (1e-9, 1.2), (0.5, 50.0), (2.0, 4.0)])
def test_the_profile_never_raises(noise, fold):
    for seed in range(3):
        frame = series(fold=fold, noise=noise, seed=seed, donors=3, doses=DOSES[:5])
        y = np.log(frame["count"].to_numpy() + 0.5)
        fitted = fit_dose_response(frame["dose"].to_numpy(), y, frame["donor"].to_numpy())
        assert not fitted.low > fitted.ec50
        assert not fitted.high < fitted.ec50

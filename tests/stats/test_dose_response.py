"""Dose trend and EC50, against a known curve and an independent fit."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from osteocount.stats import compare
from osteocount.stats.dose_response import find_series, fit_dose_response, hill_curve
from support.well_tables import DOSES, series


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

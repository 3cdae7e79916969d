"""Dose series: their trend, and the EC50 of a Hill curve where the data hold one (log-logistic, as in R's drc)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, stats

from osteocount.stats import sentences
from osteocount.stats.arrays import FloatArray
from osteocount.stats.contrasts import Contrast
from osteocount.stats.dose_units import plain_unit
from osteocount.stats.fitted_endpoint import FittedEndpoint

MIN_DOSES = 5  # the curve has three parameters beside the donors' levels; one dose must lie on the plateau
RATE_LINKS = ("log rate", "log")
PLATEAU = 0.75  # share of the fitted effect that the highest dose must reach; a convention, not measured
PROFILE_MARGIN = np.log(100.0)  # the profile is followed this far beyond the tested doses; a convention


@dataclass(frozen=True)
class DoseSeries:
    """One treatment at several doses, with its control as dose zero."""

    name: str
    unit: str
    control: str
    arms: tuple[str, ...]
    doses: tuple[float, ...]

    def trend(self) -> Contrast:
        """Linear contrast in the rank of the dose, control lowest; shown as the ratio per dose step."""
        scores = np.arange(len(self.arms) + 1) - len(self.arms) / 2
        weights = dict(zip((self.control, *self.arms), scores.tolist(), strict=True))
        return Contrast(f"dose_trend {self.name}", self.control, weights, "trend", per_step=float(scores @ scores))


def find_series(wells: pd.DataFrame, controls: dict[str, str]) -> list[DoseSeries]:
    """Find treatments at two doses or more; ``IL32_20`` and ``IL32_100`` with doses 20 and 100 are one treatment.

    Parameters
    ----------
    wells : DataFrame
        Columns ``arm, treatment, dose, dose_unit, oxygen``; the doses of a treatment in one unit where they convert.
    controls : dict
        Oxygen level to control arm.
    """
    arms = wells[(wells["dose"] > 0) & ~wells["arm"].isin(controls.values())].drop_duplicates("arm")
    arms = arms.assign(base=_treatments_without_dose(arms))
    series = []
    for key, group in arms.groupby(["base", "oxygen"], sort=True):
        base, oxygen = str(key[0]), str(key[1])
        ordered = group.sort_values("dose")
        units = set(ordered["dose_unit"]) - {""}
        one_unit = len({plain_unit(unit) or unit.casefold() for unit in units}) <= 1
        if len(ordered) >= 2 and ordered["dose"].is_unique and one_unit:
            name = base if len(controls) == 1 else f"{base}, oxygen {oxygen}"
            unit = min(units, default="")
            doses = tuple(float(dose) for dose in ordered["dose"])
            series.append(DoseSeries(name, unit, controls[oxygen], tuple(ordered["arm"]), doses))
    return series


def _treatments_without_dose(arms: pd.DataFrame) -> list[str]:
    """Return the treatment of each arm, without its dose where several treatments are one whose names end in it.

    The dose is the column, not the end of a name: rhIL-32 at 32 ng/mL and IL-10 at 10 keep their names. Only names that
    end in a blank or underscore and their own dose, of which two or more share the rest, are one treatment.
    """
    own_doses = arms.groupby("treatment")["dose"].transform("nunique")
    short = [
        re.sub(rf"[\s_]+{re.escape(f'{dose:g}')}(?:[\s_]*{re.escape(unit)})?$", "", treatment) if single else treatment
        for treatment, dose, unit, single in zip(
            arms["treatment"], arms["dose"], arms["dose_unit"], own_doses == 1, strict=True
        )
    ]
    treatments: dict[str, set[str]] = {}
    for name, treatment in zip(short, arms["treatment"], strict=True):
        treatments.setdefault(name, set()).add(treatment)
    return [
        name if name and len(treatments[name]) > 1 else treatment
        for name, treatment in zip(short, arms["treatment"], strict=True)
    ]


@dataclass(frozen=True)
class DoseResponse:
    """Hill curve ``log rate = block + log(1 + (fold − 1) x^h / (EC50^h + x^h))``, joint over the donors.

    Attributes
    ----------
    parameters : (3,) array
        log fold, log EC50, log h.
    covariance : (3, 3) array
    low, high : float
        Profile 95 % interval of the EC50; NaN where the profile does not close on that side.
    """

    parameters: FloatArray
    covariance: FloatArray
    rss: float
    df: int
    low: float
    high: float

    @property
    def fold(self) -> float:
        """Ratio of the plateau to the control."""
        return float(np.exp(self.parameters[0]))

    @property
    def ec50(self) -> float:
        """Dose of half the effect on the rate, in the unit of the doses."""
        return float(np.exp(self.parameters[1]))

    @property
    def hill(self) -> float:
        """Steepness."""
        return float(np.exp(self.parameters[2]))

    def curve(self, doses: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the ratio to the control at ``doses`` with its pointwise 95 % band (delta method)."""
        centre = hill_curve(doses, self.parameters)
        step = 1e-6
        gradient = np.array(
            [
                (hill_curve(doses, self.parameters + step * unit) - hill_curve(doses, self.parameters - step * unit))
                / (2 * step)
                for unit in np.eye(3)
            ]
        )
        error = np.sqrt(np.maximum(np.einsum("id,ij,jd->d", gradient, self.covariance, gradient), 0))
        half = float(stats.t.ppf(0.975, self.df)) * error
        return np.exp(centre), np.exp(centre - half), np.exp(centre + half)


def hill_curve(doses: FloatArray, parameters: FloatArray) -> FloatArray:
    """Return the log ratio to the control at each dose (Hill 1910, J Physiol 40:iv), shape of ``doses``."""
    log_fold, log_ec50, log_hill = parameters
    log_dose = np.log(np.maximum(doses, 1e-300))
    occupied = np.where(doses > 0, 1 / (1 + np.exp(np.clip(-np.exp(log_hill) * (log_dose - log_ec50), -700, 700))), 0.0)
    return np.asarray(np.log1p(np.expm1(log_fold) * occupied), dtype=np.float64)


def fit_dose_response(doses: FloatArray, y: FloatArray, block: NDArray[Any]) -> DoseResponse:
    """Least squares of the cells; the donors' levels are projected out, so three parameters remain.

    Parameters
    ----------
    doses, y : (cells,) arrays
        Dose (0 for the control) and log rate.
    block : (cells,) array
        What shares a level (the donor).
    """
    _, codes = np.unique(block, return_inverse=True)
    sizes = np.bincount(codes)

    def within(values: FloatArray) -> FloatArray:
        return np.asarray(values - (np.bincount(codes, values) / sizes)[codes], dtype=np.float64)

    target = within(y)

    def residuals(parameters: FloatArray) -> FloatArray:
        return target - within(hill_curve(doses, parameters))

    positive = np.unique(doses[doses > 0])
    top = float(np.mean(target[doses == positive[-1]]) - np.mean(target[doses == 0]))
    starts = [np.array([top, np.log(dose), hill]) for dose in positive for hill in (0.0, 0.7)]
    best = min((_minimise(residuals, start) for start in starts), key=lambda found: float(found.cost))
    rss, df = 2 * float(best.cost), len(y) - len(sizes) - 3
    covariance = np.linalg.pinv(best.jac.T @ best.jac) * rss / df
    limits = [_profile_limit(residuals, best.x, rss, df, side, positive) for side in (-1, 1)]
    return DoseResponse(best.x, covariance, rss, df, *limits)


def _minimise(residuals: Callable[[FloatArray], FloatArray], start: FloatArray) -> optimize.OptimizeResult:
    return optimize.least_squares(
        residuals,
        start,
        method="trf",
        bounds=(-12, 18),
        jac="3-point",
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
        max_nfev=300,
    )


def _profile_limit(
    residuals: Callable[[FloatArray], FloatArray], best: FloatArray, rss: float, df: int, side: int, doses: FloatArray
) -> float:
    """Where the residual sum of squares, minimised over the other two, rises by t² · s²; NaN if it never does."""
    allowed = float(stats.t.ppf(0.975, df)) ** 2 * rss / df
    others = best[[0, 2]]

    def excess(log_ec50: float) -> float:
        nonlocal others
        found = _minimise(lambda free: residuals(np.array([free[0], log_ec50, free[1]])), np.clip(others, -11, 17))
        others = found.x
        return 2 * float(found.cost) - rss - allowed

    edge = np.log(doses[0]) - PROFILE_MARGIN if side < 0 else np.log(doses[-1]) + PROFILE_MARGIN
    inner = float(best[1])
    for outer in np.linspace(best[1], edge, 60)[1:]:
        if excess(float(outer)) > 0:
            return float(np.exp(optimize.brentq(excess, inner, float(outer), xtol=1e-10)))
        inner = float(outer)
    return float("nan")


@dataclass(frozen=True)
class DoseCurve:
    """A dose series on one endpoint, with its fitted curve where there are doses enough."""

    endpoint: str
    series: DoseSeries
    response: DoseResponse | None

    @classmethod
    def of(cls, data: FittedEndpoint, series: DoseSeries) -> DoseCurve:
        """Fit the series on the endpoint's cells."""
        return cls(data.endpoint.name, series, dose_response(data, series))


def ec50_row(data: FittedEndpoint, curve: DoseCurve) -> dict[str, Any] | None:
    """Return the EC50 of a series, or why there is none; None where the series is too short to ask."""
    series, fitted = curve.series, curve.response
    if len(series.doses) < MIN_DOSES or data.endpoint.link not in RATE_LINKS:
        return None
    row = data.untested_row(Contrast(f"EC50 {series.name}", series.control, {}, "ec50"))
    if fitted is None:
        return row | {"notes": sentences.EC50_NO_CURVE}
    own = data.cells[data.cells["arm"].isin(series.arms)]
    row |= {"n_donors": int(own["donor"].nunique()), "df": fitted.df, "unit": series.unit}
    row["method"] = "joint dose-response curve on donor × dose cells, profile interval"
    top = 1 / (1 + (fitted.ec50 / series.doses[-1]) ** fitted.hill)
    if not series.doses[0] <= fitted.ec50 <= series.doses[-1]:
        row["notes"] = sentences.ec50_outside(series.doses, series.unit)
    elif not (np.isfinite(fitted.low) and np.isfinite(fitted.high)):
        row["notes"] = sentences.EC50_OPEN
    elif top < PLATEAU:
        row["notes"] = sentences.ec50_no_plateau(top)
    else:
        row |= {
            "estimate": fitted.ec50, "ci_low": fitted.low, "ci_high": fitted.high, "verdict": sentences.ESTIMATED,
            "link_estimate": float(fitted.parameters[1]), "link_se": float(np.sqrt(fitted.covariance[1, 1])),
            "notes": f"Plateau {sentences.number(fitted.fold)} × {series.control}, "
            f"Hill slope {sentences.number(fitted.hill)}.",
        }  # fmt: skip
    return row


def dose_response(data: FittedEndpoint, series: DoseSeries) -> DoseResponse | None:
    """Fit the curve of a series; None below five doses, with one donor, or where the endpoint is no rate or mean."""
    if len(series.doses) < MIN_DOSES or data.endpoint.link not in RATE_LINKS or data.design.kind != "blocked":
        return None
    dose = {series.control: 0.0} | dict(zip(series.arms, series.doses, strict=True))
    cells = data.cells[data.cells["arm"].isin(dose)]
    empty = cells.loc[cells["arm"] == series.control, "total"].sum() == 0
    if empty or len(cells) - cells["block"].nunique() - 3 < 1:
        return None
    doses = np.asarray(cells["arm"].map(dose), dtype=np.float64)
    y = np.asarray(cells["y"], dtype=np.float64)
    return fit_dose_response(doses, y, cells["block"].to_numpy())

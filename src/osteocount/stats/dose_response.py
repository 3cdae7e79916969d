"""Dose series: their trend, and the EC50 of a Hill curve where the data hold one (log-logistic, as in R's drc)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from osteocount.dose_units import canonical_unit
from osteocount.stats import sentences
from osteocount.stats.arms import in_one_unit, units_apart
from osteocount.stats.arrays import FloatArray
from osteocount.stats.contrasts import DAY, Contrast
from osteocount.stats.fitted_endpoint import FittedEndpoint, Row
from osteocount.stats.inference import ALPHA

MIN_DOSES = 5  # the curve has three parameters beside the donors' levels; one dose must lie on the plateau
LOG_FOLD = (-12.0, 12.0)
LOG_HILL = (float(np.log(0.1)), float(np.log(10.0)))  # steeper, tenfold steps of dose tell nothing; a convention
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
    named: bool = False
    """True where the doses are those in the treatments' names."""

    @property
    def said(self) -> str:
        """Name the series with its doses: ``rhIL-32 (25, 100 ng/mL)``."""
        return f"{self.name} ({', '.join(f'{dose:g}' for dose in self.doses)} {self.unit})"

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
        Where none has a dose, those with a known unit at the end of the treatments' names are taken.
    controls : dict
        Oxygen level to control arm.
    """
    named, arms, _ = _arms_with_doses(wells, controls)
    series = []
    for key, group in arms.groupby(["base", "oxygen"], sort=True):
        base, oxygen = str(key[0]), str(key[1])
        ordered = group.sort_values("dose")
        units = set(ordered["dose_unit"]) - {""}
        one_unit = len({canonical_unit(unit) or unit.casefold() for unit in units}) <= 1
        if len(ordered) >= 2 and ordered["dose"].is_unique and one_unit:
            name = base if len(controls) == 1 else f"{base}, {oxygen if DAY.match(oxygen) else f'oxygen {oxygen}'}"
            unit = min(units, default="")
            doses = tuple(float(dose) for dose in ordered["dose"])
            series.append(DoseSeries(name, unit, controls[oxygen], tuple(ordered["arm"]), doses, named))
    return series


def doses_apart(wells: pd.DataFrame, controls: dict[str, str]) -> list[str]:
    """Say of which treatments the doses in their names are in units that do not convert into each other."""
    named, arms, apart = _arms_with_doses(wells, controls)
    return [units_apart(name, arms.loc[arms["base"] == name, "dose_unit"]) for name in apart if named]


def _arms_with_doses(wells: pd.DataFrame, controls: dict[str, str]) -> tuple[bool, pd.DataFrame, list[str]]:
    """Return whether names hold the doses, the arms with one, and the treatments whose units do not convert.

    The arms have their treatment without its dose in ``base``, their doses in its most frequent unit.
    """
    named = not (wells["dose"] > 0).any()
    arms = wells[~wells["arm"].isin(controls.values())].drop_duplicates("arm")
    arms = _with_doses_of_names(arms) if named else arms
    arms = arms[arms["dose"] > 0]
    arms = arms.assign(base=_treatments_without_dose(arms))
    dose, unit, apart = in_one_unit(arms["base"], arms["dose"], arms["dose_unit"])
    return named, arms.assign(dose=dose, dose_unit=unit), apart


def _with_doses_of_names(arms: pd.DataFrame) -> pd.DataFrame:
    """Take ``rhIL-32 25 ng/mL`` for 25 ng/mL; a number without a known unit, as in IL-10, is no dose."""
    found = arms["treatment"].str.extract(r"[\s_](?P<dose>\d+(?:\.\d+)?)[\s_]*(?P<dose_unit>[^\d\s_.,].*)$")
    known = found["dose_unit"].fillna("").map(canonical_unit).fillna("") != ""
    return arms.assign(
        dose=found["dose"].astype(float).where(known), dose_unit=found["dose_unit"].where(known, "").fillna("")
    )


def _treatments_without_dose(arms: pd.DataFrame) -> list[str]:
    """Return the treatment of each arm, without its dose where several treatments are one whose names end in it.

    The dose is the column, not the end of a name: rhIL-32 at 32 ng/mL and IL-10 at 10 keep their names. Only names
    that end in a blank, an underscore or, behind a digit, a hyphen and their own dose are one treatment, where two or
    more share the rest.
    """
    single = arms.groupby("treatment")["dose"].transform("nunique") == 1
    short = []
    for treatment, dose, unit, one in zip(arms["treatment"], arms["dose"], arms["dose_unit"], single, strict=True):
        ending = rf"(?:[\s_]+|(?<=\d)-){re.escape(f'{dose:g}')}(?:[\s_]*{re.escape(unit)})?$"
        short.append(re.sub(ending, "", treatment) if one else treatment)
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
        half = float(scipy.stats.t.ppf(0.975, self.df)) * error
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
    positive = np.unique(doses[doses > 0])
    unit = float(np.exp(np.mean(np.log(positive))))  # doses from pM to particles/mL are fitted as numbers near 1
    scaled, positive = doses / unit, positive / unit

    def residuals(parameters: FloatArray) -> FloatArray:
        return target - within(hill_curve(scaled, parameters))

    top = float(np.mean(target[scaled == positive[-1]]) - np.mean(target[doses == 0]))
    reach = float(np.log(positive[-1])) + PROFILE_MARGIN + 1
    bounds = np.array([LOG_FOLD, (-reach, reach), LOG_HILL])
    starts = [np.array([np.clip(top, *LOG_FOLD), np.log(dose), hill]) for dose in positive for hill in (0.0, 0.7)]
    best = min((_minimise(residuals, start, bounds) for start in starts), key=lambda result: float(result.cost))
    rss, df = 2 * float(best.cost), len(y) - len(sizes) - 3
    covariance = np.linalg.pinv(best.jac.T @ best.jac) * rss / df
    limits = [unit * _profile_limit(residuals, best.x, bounds, rss, df, side, positive) for side in (-1, 1)]
    parameters = best.x + np.array([0.0, np.log(unit), 0.0])
    return DoseResponse(parameters, covariance, rss, df, *limits)


def _minimise(
    residuals: Callable[[FloatArray], FloatArray], start: FloatArray, bounds: FloatArray, tolerance: float = 1e-15
) -> scipy.optimize.OptimizeResult:
    inner = np.clip(start, bounds[:, 0] + 1e-9, bounds[:, 1] - 1e-9)
    return scipy.optimize.least_squares(
        residuals,
        inner,
        method="trf",
        bounds=(bounds[:, 0], bounds[:, 1]),
        jac="3-point",
        xtol=tolerance,
        ftol=tolerance,
        gtol=tolerance,
        max_nfev=300,
    )


def _profile_limit(
    residuals: Callable[[FloatArray], FloatArray],
    best: FloatArray,
    bounds: FloatArray,
    rss: float,
    df: int,
    side: int,
    doses: FloatArray,
) -> float:
    """Where the residual sum of squares, minimised over the other two, rises by t² · s²; NaN if it never does."""
    allowed = float(scipy.stats.t.ppf(0.975, df)) ** 2 * rss / df
    free_bounds = bounds[[0, 2]]
    others = best[[0, 2]]

    def excess(log_ec50: float) -> float:
        nonlocal others
        nearest = _minimise(
            lambda free: residuals(np.array([free[0], log_ec50, free[1]])), others, free_bounds, tolerance=1e-12
        )
        others = nearest.x
        return 2 * float(nearest.cost) - rss - allowed

    edge = np.log(doses[0]) - PROFILE_MARGIN if side < 0 else np.log(doses[-1]) + PROFILE_MARGIN
    inner = float(best[1])
    for outer in np.linspace(best[1], edge, 60)[1:]:
        if excess(float(outer)) > 0:
            return float(np.exp(_crossing(excess, inner, float(outer))))
        inner = float(outer)
    return float("nan")


def _crossing(excess: Callable[[float], float], inner: float, outer: float) -> float:
    """Find where ``excess`` turns positive.

    Where the profile is nearly flat the fit at the inner end can end in another minimum when it is done again, so that
    there is no change of sign for Brent's method: bisection asks for none.
    """
    try:
        return float(scipy.optimize.brentq(excess, inner, outer, xtol=1e-10))
    except ValueError:
        while abs(outer - inner) > 1e-9:
            middle = (inner + outer) / 2
            inner, outer = (inner, middle) if excess(middle) > 0 else (middle, outer)
        return (inner + outer) / 2


@dataclass(frozen=True)
class DoseCurve:
    """A dose series on one endpoint, with its fitted curve where there are doses enough and a trend."""

    endpoint: str
    series: DoseSeries
    response: DoseResponse | None


def half_effect(data: FittedEndpoint, series: DoseSeries, trend: Row) -> tuple[DoseCurve, Row | None]:
    """Fit the curve of a series, and return its EC50 (IC50 where it falls), or why there is none.

    Parameters
    ----------
    data : FittedEndpoint
    series : DoseSeries
    trend : dict
        The row of the dose trend, without which there is no effect to halve.

    Returns
    -------
    (DoseCurve, dict or None)
        None where the series is too short to ask.
    """
    curve = DoseCurve(data.endpoint.name, series, None)
    if len(series.doses) < MIN_DOSES or data.endpoint.link not in RATE_LINKS:
        return curve, None
    p = sentences.deciding_p(trend)
    fitted = dose_response(data, series) if p < ALPHA else None
    falls = fitted.fold < 1 if fitted else trend["estimate"] < 1
    name = "IC50" if falls else "EC50"
    row = data.untested_row(Contrast(f"{name} {series.name}", series.control, {}, "ec50"))
    if fitted is None:
        return curve, row | {"notes": sentences.ec50_no_trend(name, p) if p >= ALPHA else sentences.EC50_NO_CURVE}
    own = data.cells[data.cells["arm"].isin(series.arms)]
    row |= {"n_donors": int(own["donor"].nunique()), "df": fitted.df, "unit": series.unit}
    row["method"] = "joint dose-response curve on donor × dose cells, profile interval"
    if refusal := _half_effect_refusal(name, series, fitted):
        row["notes"] = refusal
    else:
        row |= {
            "estimate": fitted.ec50, "ci_low": fitted.low, "ci_high": fitted.high, "verdict": sentences.ESTIMATED,
            "link_estimate": float(fitted.parameters[1]), "link_se": float(np.sqrt(fitted.covariance[1, 1])),
            "notes": f"Plateau {sentences.number(fitted.fold)} × {series.control}, "
            f"Hill slope {sentences.number(fitted.hill)}.",
        }  # fmt: skip
    return replace(curve, response=fitted), row


def _half_effect_refusal(name: str, series: DoseSeries, fitted: DoseResponse) -> str:
    """Say why the fitted curve gives no EC50; empty where it does."""
    top = 1 / (1 + (fitted.ec50 / series.doses[-1]) ** fitted.hill)
    if not series.doses[0] <= fitted.ec50 <= series.doses[-1]:
        return sentences.ec50_outside(name, series.doses, series.unit)
    if not (np.isfinite(fitted.low) and np.isfinite(fitted.high)):
        return sentences.ec50_open(name)
    if top < PLATEAU:
        return sentences.ec50_no_plateau(name, top)
    if not LOG_HILL[0] + 1e-6 < fitted.parameters[2] < LOG_HILL[1] - 1e-6:
        return sentences.ec50_steep(name)
    return ""


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

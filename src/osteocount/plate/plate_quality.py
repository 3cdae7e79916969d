"""How good a plate is: its controls told apart, effects of the place, percent of control, all in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteocount.columns import MEASURES, PLATE_QUALITY
from osteocount.errors import OsteoCountError
from osteocount.plate.position_effects import b_score, position_effects
from osteocount.wells import CONTROL_ROLES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


ENOUGH_CONTROLS = 8
"""Control wells a side below which Z′ is noise: from 3 wells its 5 to 95 % interval runs from −0.36 to 0.81."""

_BOOTSTRAPS = 2000  # with 8 wells a side the ends of the interval of Z′ then repeat to 1 % of its width


def plate_quality(wells: pd.DataFrame) -> pd.DataFrame:
    """Return one row per plate and measure; empty without a layout.

    Parameters
    ----------
    wells
        Wells table with ``plate, well, role`` and the measures.

    Returns
    -------
    DataFrame
        The columns of `osteocount.columns.PLATE_QUALITY`. Intervals are bootstrap intervals from 5 to 95 %.
        ``row_medians`` and ``column_medians`` are written as ``A 12; B 15``. ``note`` says "too few controls" below 8
        wells a side.
    """
    import pandas as pd

    if "role" not in wells:
        return pd.DataFrame(columns=list(PLATE_QUALITY.names))
    rows = []
    wells = _with_roles(wells)
    placed = wells[wells["well"].notna() & (wells["well"] != "") & (wells["role"] != "blank")]
    for plate, own in placed.groupby(placed["plate"].fillna(""), sort=True):
        for measure in _measures(own):
            values = pd.to_numeric(own[measure])
            quality = control_quality(
                values[own["role"] == "positive control"], values[own["role"].isin(CONTROL_ROLES)]
            )
            place = position_effects(own.assign(**{measure: values.astype(float)}), measure)
            rows.append((
                plate, measure, quality.n_positive, quality.n_negative, quality.z_prime, *quality.z_prime_interval,
                quality.robust_z_prime, quality.ssmd, *quality.ssmd_interval, quality.cv_positive, quality.cv_negative,
                place.edge_ratio, _listed(place.row_medians), _listed(place.column_medians), quality.note,
            ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(PLATE_QUALITY.names))


def add_normalised(wells: pd.DataFrame, *, with_b_score: bool) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add percent of control, and on request the B-score, of every measure before ``qc_flags``.

    Returns
    -------
    The table, and one sentence per plate and measure whose B-score was refused.
    """
    import pandas as pd

    if "role" not in wells:
        return wells, ()
    added: dict[str, pd.Series[float]] = {}
    refusals: list[str] = []
    for measure in _measures(wells):
        numeric = _with_roles(wells).assign(**{measure: pd.to_numeric(wells[measure]).astype(float)})
        percent = percent_of_control(numeric, measure)
        if percent.notna().any():
            added[str(percent.name)] = percent
        for plate, own in numeric.groupby(numeric["plate"].fillna(""), sort=True) if with_b_score else ():
            try:
                scores = b_score(own, measure)
            except OsteoCountError as refusal:
                refusals.append(f"{' '.join(filter(None, [str(plate), measure.replace('_', ' ')]))}: {refusal}")
                continue
            column = added.setdefault(str(scores.name), pd.Series(float("nan"), index=wells.index))
            column.loc[scores.index] = scores
    joined = wells.assign(**added)
    return joined[[*(name for name in joined.columns if name != "qc_flags"), "qc_flags"]], tuple(refusals)


def percent_of_control(wells: pd.DataFrame, measure: str) -> pd.Series[float]:
    """Return a measure as percent of the mean of its plate's control wells (negative control or vehicle).

    NaN on plates without a control, or whose controls are zero.
    """
    import pandas as pd

    control = wells[measure].where(wells["role"].isin(CONTROL_ROLES))
    mean = control.groupby(wells["plate"]).transform("mean")
    percent = 100 * pd.to_numeric(wells[measure]) / mean.where(mean != 0)
    return percent.rename(f"{measure}_percent_of_control")


def _with_roles(wells: pd.DataFrame) -> pd.DataFrame:
    """Write an unknown role as "", so that comparing it gives an answer."""
    role = wells["role"].astype(object)
    return wells.assign(role=role.where(role.notna(), ""))


def _measures(wells: pd.DataFrame) -> list[str]:
    return [measure for measure in MEASURES if measure in wells and wells[measure].notna().any()]


def _listed(medians: dict[str, float] | dict[int, float]) -> str:
    return "; ".join(f"{place} {value:.4g}" for place, value in medians.items())


@dataclass(frozen=True)
class ControlQuality:
    """How well two kinds of control wells are told apart, with 5 to 95 % bootstrap intervals.

    ``note`` says "too few controls" below 8 wells a side, where these numbers are mostly noise.
    """

    n_positive: int
    n_negative: int
    z_prime: float
    z_prime_interval: tuple[float, float]
    robust_z_prime: float
    ssmd: float
    ssmd_interval: tuple[float, float]
    cv_positive: float
    cv_negative: float
    note: str


def control_quality(positive: ArrayLike, negative: ArrayLike, *, seed: int = 0) -> ControlQuality:
    """Return Z′ (Zhang 1999), its robust form, SSMD (Zhang 2007) and the CVs of the controls; NaN where undefined.

    Parameters
    ----------
    positive, negative
        Values of the control wells, any length; missing ones are left out.
    seed
        Of the bootstrap, which resamples the wells of each side 2000 times.
    """
    p, n = _finite(positive), _finite(negative)
    few = min(p.size, n.size) < ENOUGH_CONTROLS
    note = (
        f"too few controls ({p.size} positive, {n.size} negative; {ENOUGH_CONTROLS} a side are needed)" if few else ""
    )
    if min(p.size, n.size) < 2:
        nan = float("nan")
        return ControlQuality(p.size, n.size, nan, (nan, nan), nan, nan, (nan, nan), _cv(p), _cv(n), note)
    rng = np.random.default_rng(seed)
    ps = p[rng.integers(p.size, size=(_BOOTSTRAPS, p.size))]
    ns = n[rng.integers(n.size, size=(_BOOTSTRAPS, n.size))]
    return ControlQuality(
        n_positive=p.size,
        n_negative=n.size,
        z_prime=float(_z_prime(p, n)),
        z_prime_interval=_interval(_z_prime(ps, ns)),
        robust_z_prime=float(_ratio(3 * (_mad(p) + _mad(n)), abs(np.median(p) - np.median(n)), one_minus=True)),
        ssmd=float(_ssmd(p, n)),
        ssmd_interval=_interval(_ssmd(ps, ns)),
        cv_positive=_cv(p),
        cv_negative=_cv(n),
        note=note,
    )


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[np.isfinite(array)]


def _z_prime(p: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = 3 * (p.std(axis=-1, ddof=1) + n.std(axis=-1, ddof=1))
    return _ratio(spread, np.abs(p.mean(axis=-1) - n.mean(axis=-1)), one_minus=True)


def _ssmd(p: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    return _ratio(p.mean(axis=-1) - n.mean(axis=-1), np.sqrt(p.var(axis=-1, ddof=1) + n.var(axis=-1, ddof=1)))


def _ratio(top: ArrayLike, bottom: ArrayLike, *, one_minus: bool = False) -> NDArray[np.float64]:
    """Divide, NaN where the divisor is 0."""
    bottom = np.asarray(bottom, dtype=np.float64)
    ratio = np.asarray(top, dtype=np.float64) / np.where(bottom == 0, np.nan, bottom)
    return 1 - ratio if one_minus else ratio


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return float("nan"), float("nan")
    low, high = np.percentile(finite, [5, 95])
    return float(low), float(high)


def _mad(values: NDArray[np.float64]) -> float:
    """Median absolute deviation, scaled to the standard deviation of a normal distribution."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def _cv(values: NDArray[np.float64]) -> float:
    """Coefficient of variation in percent."""
    if values.size < 2 or values.mean() == 0:
        return float("nan")
    return float(100 * values.std(ddof=1) / abs(values.mean()))

"""From readings to numbers that compare: blanks, reference wavelength, percent of control, and how good a plate is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.read import ReadingBlock, chosen_blocks
from osteocount.wells import parse_well, well_name

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

PNP_MILLIMOLAR_ABSORPTIVITY = 18.0
"""Of p-nitrophenol at 405 nm in alkali, per mM and cm."""

ENOUGH_CONTROLS = 8
_CONTROLS = ("negative control", "vehicle")
_BOOTSTRAPS = 2000


def absorbance_columns(
    blocks: list[ReadingBlock],
    layout: pd.DataFrame,
    role: str,
    *,
    block: str | None = None,
    reference_nm: float | None = None,
    volume_ul: float | None = None,
    path_cm: float | None = None,
) -> pd.DataFrame:
    """Return the readings of one export as columns for the wells table, one row per plate and well.

    Columns: ``plate, well`` (``A01``), ``<role>_od`` (as read), ``<role>_net`` (less the reference wavelength and the
    mean of the plate's blank wells, each where there is one), ``<role>_nmol`` (p-nitrophenol, only when volume and path
    are given), ``<role>_flag``. Masked wells have no net value. Without blank wells nothing is subtracted and the flag
    says ``no_blank``.

    Parameters
    ----------
    blocks
        From :func:`osteocount.plate.absorbance.read.read_export`.
    layout
        Wells of the layout; those with the role ``blank`` are the blanks.
    role
        What was measured: ``trap_activity`` or ``viability``.
    block
        Name or number of the block; needed when the file has several readings of the same plate.
    reference_nm
        Wavelength of the block that is subtracted well by well.
    volume_ul, path_cm
        Volume in the well in µL and path of the light in cm, for the amount of p-nitrophenol.

    Raises
    ------
    OsteoCountError
        It is not clear which block is meant, or the reference wavelength is not in the file.
    """
    import pandas as pd

    measured = _measured(blocks, block, reference_nm)
    rows = []
    for plate, chosen in measured.items():
        reference = _reference(blocks, plate, reference_nm)
        blanks = _blank_wells(layout, plate)
        values = {
            (r.row, r.column): _less(r.value, reference.get((r.row, r.column), 0.0 if reference_nm is None else None))
            for r in chosen.readings
            if "masked" not in r.flag
        }
        blank_values = [v for place in blanks if (v := values.get(place)) is not None]
        blank = float(np.mean(blank_values)) if blank_values else 0.0
        for r in chosen.readings:
            net = _less(values.get((r.row, r.column)), blank)
            flag = r.flag if blank_values else ";".join(filter(None, (r.flag, "no_blank")))
            amount = None if volume_ul is None or path_cm is None else pnpp_nmol(net, volume_ul, path_cm)
            rows.append((plate, well_name(r.row, r.column), r.value, net, amount, flag))
    names = ["plate", "well", f"{role}_od", f"{role}_net", f"{role}_nmol", f"{role}_flag"]
    table = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[2:5], "float64"))
    return table if volume_ul is not None and path_cm is not None else table.drop(columns=names[4])


def _measured(blocks: list[ReadingBlock], block: str | None, reference_nm: float | None) -> dict[str, ReadingBlock]:
    """Return one block per plate; refuses to guess between several."""
    chosen = chosen_blocks(blocks, block)
    if block is None and reference_nm is not None:
        chosen = [b for b in chosen if b.wavelength_nm != reference_nm]
    by_plate: dict[str, ReadingBlock] = {}
    for candidate in chosen:
        if candidate.plate in by_plate:
            listing = "; ".join(f"{number}: {b.name}" for number, b in enumerate(blocks, 1))
            raise OsteoCountError(
                "The export holds several readings of one plate; say which one is meant (--block). The blocks are "
                f"{listing}."
            )
        by_plate[candidate.plate] = candidate
    return by_plate


def _reference(
    blocks: list[ReadingBlock], plate: str, reference_nm: float | None
) -> dict[tuple[int, int], float | None]:
    if reference_nm is None:
        return {}
    found = next((b for b in blocks if b.kind == "raw" and b.plate == plate and b.wavelength_nm == reference_nm), None)
    if found is None:
        known = ", ".join(sorted({f"{b.wavelength_nm:g}" for b in blocks if b.wavelength_nm})) or "none"
        raise OsteoCountError(
            f"The export has no reading at {reference_nm:g} nm to subtract; its wavelengths are {known}."
        )
    return {(r.row, r.column): r.value for r in found.readings}


def _blank_wells(layout: pd.DataFrame, plate: str) -> list[tuple[int, int]]:
    blank = layout[layout["role"] == "blank"]
    if plate and (layout["plate"] != "").any() and (layout["plate"] == plate).any():
        blank = blank[blank["plate"] == plate]
    return [place for well in blank["well"] if (place := parse_well(str(well)))]


def _less(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other


def pnpp_nmol(absorbance: float | None, volume_ul: float, path_cm: float) -> float | None:
    """Return the p-nitrophenol in a well, in nmol: A405 × V ÷ (18.0 per mM and cm × path); mM × µL are nmol."""
    if absorbance is None:
        return None
    if volume_ul <= 0 or path_cm <= 0:
        raise OsteoCountError("Volume and path length must be above zero.")
    return absorbance * volume_ul / (PNP_MILLIMOLAR_ABSORPTIVITY * path_cm)


def percent_of_control(wells: pd.DataFrame, measure: str) -> pd.Series[float]:
    """Return a measure as percent of the mean of its plate's control wells (negative control or vehicle).

    NaN on plates without a control, or whose controls are zero.
    """
    import pandas as pd

    control = wells[measure].where(wells["role"].isin(_CONTROLS))
    mean = control.groupby(wells["plate"]).transform("mean")
    percent = 100 * pd.to_numeric(wells[measure]) / mean.where(mean != 0)
    return percent.rename(f"{measure}_percent_of_control")


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

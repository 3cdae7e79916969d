"""How good a plate is: its controls told apart, effects of the place, percent of control, all in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.normalise import control_quality, percent_of_control
from osteocount.plate.position_effects import b_score, position_effects

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("n_osteoclasts", "trap_activity_net", "viability_net")
"""What plates are judged by, where the wells table has it."""

QUALITY_COLUMNS = (
    "plate", "measure", "n_positive", "n_negative", "z_prime", "z_prime_low", "z_prime_high", "robust_z_prime", "ssmd",
    "ssmd_low", "ssmd_high", "cv_positive_percent", "cv_negative_percent", "edge_ratio", "row_medians",
    "column_medians", "note",
)  # fmt: skip
_NEGATIVE = ("negative control", "vehicle")


def plate_quality(wells: pd.DataFrame) -> pd.DataFrame:
    """Return one row per plate and measure; empty without a layout.

    Parameters
    ----------
    wells
        Wells table with ``plate, well, role`` and the measures.

    Returns
    -------
    DataFrame
        ``QUALITY_COLUMNS``. Intervals are bootstrap intervals from 5 to 95 %. ``row_medians`` and ``column_medians``
        are written as ``A 12; B 15``. ``note`` says "too few controls" below 8 wells a side.
    """
    import pandas as pd

    if "role" not in wells:
        return pd.DataFrame(columns=list(QUALITY_COLUMNS))
    rows = []
    wells = _with_roles(wells)
    placed = wells[wells["well"].notna() & (wells["well"] != "") & (wells["role"] != "blank")]
    for plate, own in placed.groupby(placed["plate"].fillna(""), sort=True):
        for measure in _measures(own):
            values = pd.to_numeric(own[measure])
            quality = control_quality(values[own["role"] == "positive control"], values[own["role"].isin(_NEGATIVE)])
            place = position_effects(own.assign(**{measure: values.astype(float)}), measure)
            rows.append((
                plate, measure, quality.n_positive, quality.n_negative, quality.z_prime, *quality.z_prime_interval,
                quality.robust_z_prime, quality.ssmd, *quality.ssmd_interval, quality.cv_positive, quality.cv_negative,
                place.edge_ratio, _listed(place.row_medians), _listed(place.column_medians), quality.note,
            ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(QUALITY_COLUMNS))


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


def _with_roles(wells: pd.DataFrame) -> pd.DataFrame:
    """Write an unknown role as "", so that comparing it gives an answer."""
    role = wells["role"].astype(object)
    return wells.assign(role=role.where(role.notna(), ""))


def _measures(wells: pd.DataFrame) -> list[str]:
    return [measure for measure in MEASURES if measure in wells and wells[measure].notna().any()]


def _listed(medians: dict[str, float] | dict[int, float]) -> str:
    return "; ".join(f"{place} {value:.4g}" for place, value in medians.items())

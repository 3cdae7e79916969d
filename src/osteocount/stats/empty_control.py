"""What is said where no ratio can be: an empty control, or a single donor."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from osteocount.stats import sentences
from osteocount.stats.contrasts import Contrast
from osteocount.stats.fitted_endpoint import FittedEndpoint, Row
from osteocount.stats.least_squares import fit


def refused_row(data: FittedEndpoint, contrast: Contrast, empty: str, row: Row) -> Row:
    """Fill ``row`` for a contrast whose denominator arm ``empty`` has nothing in any well.

    Counts get instead: donors and wells with any, the difference of rates (mean over donors, with its t interval), and
    the exact Poisson lower bound of the rate ratio, which ignores donors.
    """
    row |= {"donor_effects": {}, "donor_estimates": ""}  # the 0.5 would decide these too
    arm = next(name for name, weight in contrast.weights.items() if weight > 0)
    if data.endpoint.link == "logit" and (data.cells.loc[data.cells["arm"] == empty, "value"] >= 1).all():
        row["notes"] = sentences.whole_denominator(empty, data.endpoint.title)
        return row
    if not data.endpoint.is_count or len(contrast.weights) > 2:
        row["notes"] = sentences.zero_denominator(empty, data.endpoint.title)
        return row
    row |= any_cells(data, arm) | rate_difference(data, arm, empty)
    cells = data.cells.groupby("arm")[["total", "size"]].sum()
    row["poisson_ratio_low"] = poisson_lower(
        float(cells["total"].get(arm, 0)), float(cells["size"].get(arm, np.nan)),
        float(cells["total"].get(empty, 0)), float(cells["size"].get(empty, np.nan)),
    )  # fmt: skip
    row["notes"] = sentences.zero_control(empty, arm, row, data.endpoint)
    return row


def any_cells(data: FittedEndpoint, arm: str) -> dict[str, Any]:
    """Count the donors and wells of ``arm`` with at least one."""
    own = data.cells[data.cells["arm"] == arm]
    per_well = data.endpoint.numerator[data.wells.index[data.wells["arm"] == arm]].dropna()
    with_any = own.groupby("donor")["total"].sum() > 0
    return {
        "donors_with_any": int(with_any.sum()),
        "donors_of_arm": len(with_any),
        "wells_with_any": int((per_well > 0).sum()),
        "wells_of_arm": len(per_well),
    }


def rate_difference(data: FittedEndpoint, arm: str, control: str) -> dict[str, float]:
    """Mean over donors of rate(arm) − rate(control), with its t interval where two donors or more differ."""
    sums = data.cells.groupby(["arm", "donor"])[["total", "size"]].sum()
    rates = (sums["total"] / sums["size"]).unstack("arm")
    if arm not in rates.columns or control not in rates.columns:
        return {"rate_difference": float("nan")}
    if data.design.kind == "unblocked":
        return {"rate_difference": float(rates[arm].mean() - rates[control].mean())}
    own = (rates[arm] - rates[control]).dropna().to_numpy(dtype=np.float64)
    found = {"rate_difference": float(own.mean()) if len(own) else float("nan")}
    if len(own) > 1 and own.std() > 0:
        half = float(scipy.stats.t.ppf(0.975, len(own) - 1)) * float(own.std(ddof=1)) / np.sqrt(len(own))
        found |= {"rate_difference_low": found["rate_difference"] - half}
        found |= {"rate_difference_high": found["rate_difference"] + half}
    return found


def poisson_lower(x1: float, size1: float, x0: float, size0: float) -> float:
    """Lower 95 % bound of the ratio of two Poisson rates, exact and conditional on the total (Clopper-Pearson).

    NaN where nothing was counted in the first.
    """
    if not x1 > 0:
        return float("nan")
    share = float(scipy.stats.beta.ppf(0.025, x1, x0 + 1))
    return share / (1 - share) * size0 / size1


def technical_spread(data: FittedEndpoint, contrast: Contrast) -> dict[str, float]:
    """Wells of one donor as technical replicates: their log ratio with its interval, which says nothing of donors.

    Least squares of log((count + 0.5) / area) of the wells on the arms (and donors, where there are several).
    """
    if not data.endpoint.is_count:
        return {}
    wells = data.wells.assign(
        y=np.log((data.endpoint.numerator + 0.5) / data.endpoint.denominator), block=data.wells["donor"]
    )
    wells = wells[wells["donor"].isin(_donors_of(data, contrast)) & wells["y"].notna()]
    model = fit(wells)
    if model.df < 1 or not model.variance > 0 or not model.estimable(contrast.weights):
        return {}
    sums, covariance = model.estimates([contrast.weights])
    centre, error = float(sums[0]) / contrast.per_step, float(np.sqrt(covariance[0, 0])) / contrast.per_step
    half = float(scipy.stats.t.ppf(0.975, model.df)) * error
    return {
        "technical_ratio": float(np.exp(centre)),
        "technical_low": float(np.exp(centre - half)),
        "technical_high": float(np.exp(centre + half)),
        "technical_se_log": error,
    }


def _donors_of(data: FittedEndpoint, contrast: Contrast) -> list[str]:
    return [donor for donor, own in data.by_donor.items() if own.estimable(contrast.weights)]

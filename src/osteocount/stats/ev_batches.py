"""Batches of extracellular vesicles: a second random factor beside the donor.

An effect of one EV preparation on many donors is an effect of that preparation. Where donors got several batches each,
the donors' log ratios are a table of donors × batches, and both are samples: the variance of their mean is
(MS donors + MS batches − MS rest) / (donors × batches), with degrees of freedom after Satterthwaite (1946, Biometrics
Bull 2:110).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy

from osteocount.stats.arrays import FloatArray
from osteocount.stats.fitted_endpoint import FittedEndpoint, Row
from osteocount.stats.sentences import p_value
from osteocount.stats.warnings import ComparisonWarning


def batch_warnings(wells: pd.DataFrame, controls: set[str]) -> list[ComparisonWarning]:
    """Say of every arm with named EV batches how far its effect can speak for other batches."""
    named = wells[(wells["ev_batch"] != "") & ~wells["arm"].isin(controls)]
    per_arm = named.groupby("arm")["ev_batch"].nunique()
    per_donor = named.groupby(["arm", "donor"])["ev_batch"].nunique().groupby("arm").max()
    one = [str(arm) for arm in per_arm.index[per_arm == 1]]
    nested = [str(arm) for arm in per_arm.index[(per_arm > 1) & (per_donor == 1)]]
    warnings = []
    if one:
        text = (
            f"One EV batch only in {' and '.join(one)}: the donors tell what this batch does, not what others would. "
            "Give every donor two batches or more, or each donor one of its own."
        )
        warnings.append(ComparisonWarning(text, arms=frozenset(one)))
    if nested:
        text = (
            f"Every donor got a single EV batch of {' and '.join(nested)}: differences between batches are part of "
            "those between donors, so the p values hold for both together and cannot tell which of the two varies."
        )
        warnings.append(ComparisonWarning(text, arms=frozenset(nested)))
    return warnings


def add_batch_tests(data: FittedEndpoint, rows: list[Row]) -> None:
    """Give the rows of arms ``n_batches`` and ``p_batches``, and say in their notes what the batches add."""
    for row in rows:
        if row["kind"] != "arm" or (data.wells["ev_batch"] == "").all():
            continue
        batches = data.wells.loc[(data.wells["arm"] == row["arm"]) & (data.wells["ev_batch"] != ""), "ev_batch"]
        if batches.empty:
            continue
        row["n_batches"] = int(batches.nunique())
        ratios = _ratios_by_batch(data, str(row["arm"]), str(row["reference"]))
        if min(ratios.shape) < 2 or np.isnan(row["p_adjusted"]):
            continue
        row["p_batches"] = two_way_p(ratios)
        row["notes"] = " ".join(filter(None, [row["notes"], _batch_note(row["p_batches"], ratios)]))


def _batch_note(p: float, ratios: FloatArray) -> str:
    donors, batches = ratios.shape
    if np.isnan(p):
        return ""
    taken = f"Taking the {batches} EV batches as a sample too, beside the {donors} donors, {p_value(p)}"
    return (
        f"{taken}: {'shown' if p < 0.05 else 'not shown'} to hold for other batches{'.' if p < 0.05 else '. Use more.'}"
    )


def _ratios_by_batch(data: FittedEndpoint, arm: str, control: str) -> FloatArray:
    """Log ratios to the control, donors × batches; the donors that got every batch."""
    wells = data.wells[data.wells["arm"].isin([arm, control])]
    split = wells.assign(arm=np.where(wells["arm"] == control, "", wells["ev_batch"]), block=wells["donor"])
    split = split[(wells["arm"] == control) | (wells["ev_batch"] != "")]
    y = data.endpoint.cells(split).pivot_table(index="donor", columns="arm", values="y")
    if "" not in y.columns:
        return np.empty((0, 0))
    return y.drop(columns="").sub(y[""], axis=0).dropna().to_numpy(dtype=np.float64)


def two_way_p(ratios: FloatArray) -> float:
    """P of the mean of donors × batches against 0, with both as random factors; NaN without any variation.

    Parameters
    ----------
    ratios : (donors, batches) array
        At least 2 × 2.
    """
    donors, batches = ratios.shape
    mean = ratios.mean()
    by_donor, by_batch = ratios.mean(axis=1) - mean, ratios.mean(axis=0) - mean
    rest = ratios - mean - by_donor[:, None] - by_batch[None, :]
    squares = np.array([
        batches * float(by_donor @ by_donor) / (donors - 1),
        donors * float(by_batch @ by_batch) / (batches - 1),
        float((rest**2).sum()) / ((donors - 1) * (batches - 1)),
    ])  # fmt: skip
    free = np.array([donors - 1, batches - 1, (donors - 1) * (batches - 1)])
    # Where batches (or donors) differ less than the rest, they add nothing, and the other factor's test stands.
    variance = float(max(squares[0] + squares[1] - squares[2], squares[0], squares[1]))
    if not variance > 1e-24:
        return float("nan")
    df = variance**2 / float(np.sum(squares**2 / free))
    df = float(np.clip(df, min(donors, batches) - 1, (donors - 1) + (batches - 1)))
    return float(2 * scipy.stats.t.sf(abs(mean) / np.sqrt(variance / (donors * batches)), df))

"""How good a count is beside the ground truth: precision, recall, average precision, nuclei, classes and counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.columns import EVALUATION
from osteocount.evaluation.bootstrap import (
    LEAST_UNITS,
    Floats,
    average_precision,
    concordance_of_moments,
    percentile_interval,
    ratio,
    resample_weights,
)
from osteocount.stats.agreement_measures import concordance

#: Thresholds of mAP as COCO defines it (Lin et al. 2014, arXiv:1405.0312): 0.50, 0.55, … 0.95.
IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
MANY_NUCLEI = 10
"""Above this number an error is judged in percent, up to it in nuclei."""
FEW_UNITS = 10  # intervals from fewer wells or pictures are called too narrow
CLASSES = ("osteoclast", "other", "unsure", "nothing")
METRIC_NAMES = {
    "precision": "Precision of called osteoclasts",
    "recall": "Recall of true osteoclasts",
    "f1": "F1 of osteoclasts",
    "average_precision": "Average precision of osteoclasts",
    "mean_average_precision": "mAP, mean over IoU 0.5 to 0.95",
    "osteoclasts_outlined": "True osteoclasts outlined, whatever called",
    "osteoclasts_hit": "True osteoclasts with a cell of ours, whatever called",
    "cells_outlined": "All true cells outlined",
    "cells_hit": "All true cells with a cell of ours",
    "nuclei_mean_error": "Nuclei per osteoclast, mean error",
    "nuclei_mean_absolute_error": "Nuclei per osteoclast, mean absolute error",
    "nuclei_within_1": "Nuclei within ±1",
    "nuclei_within_1_up_to_10": "Nuclei within ±1, up to 10 nuclei",
    "nuclei_within_15_percent_above_10": "Nuclei within 15 %, above 10 nuclei",
    "nuclei_inside_interval": "True number inside our interval",
    "count_bias_percent": "Bias of the total count, %",
    "count_bias": "Bias of the count",
    "count_mean_absolute_error": "Mean absolute error of the count",
    "concordance": "Lin's concordance of the counts",
}
"""Name of each metric for people; its key stands in the column ``figure``."""


@dataclass(frozen=True)
class Evaluation:
    """Every metric of an evaluation.

    Attributes
    ----------
    metrics : DataFrame
        ``figure, iou, value, ci_low, ci_high, n, n_counts`` (what n counts)``, n_units, unit``; NaN where unknown.
    wells : DataFrame
        ``plate, well`` (or ``image``)``, true, ours``: osteoclasts.
    confusion : DataFrame
        A row per class of the truth, a column per class of ours; missing where the truth does not tell.
    cells : DataFrame
        A row per true cell with what we made of it.
    """

    metrics: pd.DataFrame
    wells: pd.DataFrame
    confusion: pd.DataFrame
    cells: pd.DataFrame

    def metric(self, name: str, iou: float = float("nan")) -> dict[str, Any]:
        """Return the row of one metric; unknown where there is none."""
        own = self.metrics[self.metrics["figure"] == name]
        own = own[own["iou"].isna()] if np.isnan(iou) else own[np.isclose(own["iou"], iou)]
        nothing = dict.fromkeys(EVALUATION.names, np.nan) | {"n": 0, "n_units": 0, "unit": "wells"}
        return {str(k): v for k, v in own.iloc[0].items()} if len(own) else nothing


def compute_metrics(truth: pd.DataFrame, ours: pd.DataFrame, units: pd.DataFrame) -> Evaluation:
    """Work out every metric from the tables of all pictures.

    Parameters
    ----------
    truth, ours : DataFrame
        Tables of `osteocount.measure.matching.side_by_side` of all pictures below each other, with the columns
        ``plate, well, field, image``, ``unit`` (its row in ``units``), ``outlined`` (the truth has outlines)
        and ``others`` (cells that are no osteoclasts were annotated too).
    units : DataFrame
        What is resampled, wells or pictures, those without any cell too: ``plate, well, image``; ``image`` is empty
        where a unit is a well.
    """
    weights = resample_weights(len(units))
    unit = "wells" if units["well"].ne("").all() and units["image"].eq("").all() else "pictures"
    wells = _wells(truth, ours, units)
    rows = [*_detection(truth, ours, weights), *_nuclei(truth, weights), *_counts(wells, unit, weights)]
    metrics = pd.DataFrame(rows).assign(n_units=len(units), unit=unit)
    return Evaluation(metrics, wells, confusion(truth, ours), truth.drop(columns=["unit", "outlined", "others"]))


def _row(
    name: str, with_interval: tuple[float, float, float], n: float, counts: str, iou: float = np.nan
) -> dict[str, Any]:
    return dict(zip(EVALUATION.names, (name, iou, *with_interval, int(n), counts), strict=False))


def _per_unit(table: pd.DataFrame, values: Any, n: int) -> Floats:
    """Sum ``values``, one per row or one for all of them, over each unit."""
    weights = np.broadcast_to(np.asarray(values, dtype=float), len(table))
    return np.bincount(table["unit"].to_numpy(np.int64), weights, n).astype(float)


def _detection(truth: pd.DataFrame, ours: pd.DataFrame, weights: Floats) -> Iterator[dict[str, Any]]:
    """Precision, recall and average precision of osteoclasts, and the cells that have one of ours."""
    n = weights.shape[1]
    for outlined in (True, False):
        true, own = truth[truth["outlined"] == outlined], ours[ours["outlined"] == outlined]
        if true.empty and own.empty:
            continue
        large = true[true["is_osteoclast"].fillna(False).astype(bool)]
        yield from _osteoclasts(large, own, weights, outlined=outlined)
        iou = 0.5 if outlined else np.nan
        for what, cells, counts in (("osteoclasts", large, "true osteoclasts"), ("cells", true, "true cells")):
            matched, every = _per_unit(cells, cells["our_id"].notna(), n), _per_unit(cells, 1, n)
            name = f"{what}_{'outlined' if outlined else 'hit'}"
            yield _row(name, ratio(matched, every, weights), every.sum(), counts, iou)


def _osteoclasts(
    true: pd.DataFrame, ours: pd.DataFrame, weights: Floats, *, outlined: bool
) -> Iterator[dict[str, Any]]:
    """Precision, recall and F1 of called osteoclasts; of outlines at each IoU, with average precision and mAP."""
    n = weights.shape[1]
    # What the annotator was unsure of may be called either way.
    judged = ours[ours["is_osteoclast"].notna()]
    called = judged[judged["called"]]
    n_true, n_called = _per_unit(true, 1, n), _per_unit(called, 1, n)
    precisions: list[NDArray[np.float64]] = []
    for iou in IOUS if outlined else (np.nan,):
        right = _per_unit(true, true["called"] & ~(true["iou"] < iou), n)
        yield _row("precision", ratio(right, n_called, weights), n_called.sum(), "called osteoclasts", iou)
        yield _row("recall", ratio(right, n_true, weights), n_true.sum(), "true osteoclasts", iou)
        both = n_true + n_called
        yield _row("f1", ratio(2 * right, both, weights), both.sum(), "true and called osteoclasts", iou)
        if outlined:
            hit = judged["is_osteoclast"].astype(bool) & (judged["iou"] >= iou)
            precisions.append(average_precision(judged, hit.to_numpy(bool), n_true, weights))
            interval = percentile_interval(precisions[-1])
            yield _row("average_precision", interval, n_true.sum(), "true osteoclasts", iou)
    if outlined:
        interval = percentile_interval(np.mean(precisions, axis=0))
        yield _row("mean_average_precision", interval, n_true.sum(), "true osteoclasts")


def with_known_nuclei(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the true osteoclasts of `Evaluation.cells` whose nuclei are known to both sides."""
    large = cells["is_osteoclast"].fillna(False).astype(bool)
    return cells[large & cells["n_nuclei"].notna() & cells["n_ours"].notna()]


def _nuclei(truth: pd.DataFrame, weights: Floats) -> Iterator[dict[str, Any]]:
    """Errors of the number of nuclei, of true osteoclasts that were found."""
    n = weights.shape[1]
    known = with_known_nuclei(truth)
    error = known["n_ours"] - known["n_nuclei"]
    inside = known["n_nuclei"].between(known["n_low"], known["n_high"])
    ranged = known["n_low"].notna() & known["n_high"].notna()
    every = pd.Series(True, known.index)
    small = known["n_nuclei"] <= MANY_NUCLEI
    metrics: tuple[tuple[str, Any, pd.Series[Any]], ...] = (
        ("nuclei_mean_error", error, every),
        ("nuclei_mean_absolute_error", error.abs(), every),
        ("nuclei_within_1", error.abs() <= 1, every),
        (f"nuclei_within_1_up_to_{MANY_NUCLEI}", error.abs() <= 1, small),
        (f"nuclei_within_15_percent_above_{MANY_NUCLEI}", error.abs() <= 0.15 * known["n_nuclei"], ~small),
        ("nuclei_inside_interval", inside, ranged),
    )
    for name, good, among in metrics:
        own = known[among]
        total = _per_unit(own, 1, n)
        yield _row(name, ratio(_per_unit(own, good[among], n), total, weights), total.sum(), "found osteoclasts")


def _wells(truth: pd.DataFrame, ours: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Count osteoclasts per unit: in the counting frame where the truth says which cells lie in it, else all."""
    framed = set(truth.loc[truth["counted"].notna(), "unit"])
    true = truth[truth["is_osteoclast"].fillna(False).astype(bool) & truth["counted"].fillna(True).astype(bool)]
    sure = ours["called"] & ours["is_osteoclast"].notna()
    own = ours[sure & (ours["counted"] | ~ours["unit"].isin(framed))]
    n = len(units)
    counts = {"true": _per_unit(true, 1, n), "ours": _per_unit(own, 1, n)}
    table = units.reset_index(drop=True).assign(**{name: values.astype(int) for name, values in counts.items()})
    return table[[name for name in table.columns if name in counts or table[name].ne("").any()]]


def _counts(wells: pd.DataFrame, unit: str, weights: Floats) -> Iterator[dict[str, Any]]:
    true, own = wells["true"].to_numpy(float), wells["ours"].to_numpy(float)
    one = np.ones(len(wells))
    percent = ratio(100 * (own - true), true, weights)
    yield _row("count_bias_percent", percent, true.sum(), "true osteoclasts")
    yield _row("count_bias", ratio(own - true, one, weights), len(wells), unit)
    yield _row("count_mean_absolute_error", ratio(np.abs(own - true), one, weights), len(wells), unit)
    value = concordance(true, own)[0]
    moments = concordance_of_moments(true, own, weights)
    known = np.isfinite(value)
    low, high = percentile_interval(moments)[1:] if known else (np.nan, np.nan)
    yield _row("concordance", (value, low, high), len(wells), unit)


def confusion(truth: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """Count true classes against ours; ``nothing`` is a cell that the other side does not have.

    Cells called no osteoclast where the truth has nothing are counted only in pictures whose other cells were annotated
    too; without such a picture that count, and the row of other cells, is missing.
    """
    large = truth["is_osteoclast"].astype("object").map({True: "osteoclast", False: "other"}).fillna("unsure")
    made = np.where(truth["our_id"].isna(), "nothing", np.where(truth["called"], "osteoclast", "other"))
    table = pd.crosstab(pd.Series(large.to_numpy(), name="truth"), pd.Series(made, name="ours"))
    table = table.reindex(index=list(CLASSES), columns=["osteoclast", "other", "nothing"], fill_value=0).astype("Int64")
    alone = ours[ours["true_id"].isna()]
    whole = bool(truth["others"].any())
    table.loc["nothing", "osteoclast"] = int(alone["called"].sum())
    table.loc["nothing", "other"] = int((~alone["called"] & alone["others"]).sum()) if whole else pd.NA
    table.loc["nothing", "nothing"] = pd.NA
    if not whole:
        table.loc["other"] = pd.NA
    return table.rename_axis(index="truth", columns=None)


def summary(evaluation: Evaluation) -> str:
    """Say in a few sentences how good the count is, with n."""
    at = 0.5 if not np.isnan(evaluation.metric("f1", 0.5)["value"]) else float("nan")
    f1, precision, recall = (evaluation.metric(name, at) for name in ("f1", "precision", "recall"))
    units, unit = int(f1["n_units"]), str(f1["unit"])
    n_units = f"{units} {unit if units != 1 else unit.removesuffix('s')}"
    how = "at IoU 0.5" if at == 0.5 else "by points inside our outlines"
    bias, agreement = evaluation.metric("count_bias_percent"), evaluation.metric("concordance")
    nuclei, inside = evaluation.metric("nuclei_within_1"), evaluation.metric("nuclei_inside_interval")
    lines = [
        f"{n_units}, {recall['n']:.0f} true osteoclasts, "
        f"{precision['n']:.0f} called by us (those the annotator was unsure of aside).",
        f"Osteoclasts {how}: F1 {_value(f1)}, precision {_value(precision)}, recall {_value(recall)}.",
        f"Nuclei per found osteoclast (n = {nuclei['n']:.0f}): within ±1 in {_value(nuclei)}; the true number lies "
        f"inside our interval in {_value(inside)}.",
        f"Count: bias {_value(bias, '+.1f')} %, Lin's concordance {_value(agreement)} (n = {n_units}).",
    ]
    if units < LEAST_UNITS:
        lines.append(f"There are no intervals: they need {LEAST_UNITS} {unit} or more, better {FEW_UNITS}.")
    elif units < FEW_UNITS:
        lines.append(f"Intervals from {units} {unit} are too narrow; annotate {FEW_UNITS} or more.")
    return "\n".join(lines)


def _value(row: dict[str, object], rule: str = ".3f") -> str:
    value, low, high = (float(str(row[name])) for name in ("value", "ci_low", "ci_high"))
    if np.isnan(value):
        return "unknown"
    between = "" if np.isnan(low) else f" ({low:{rule}} to {high:{rule}})"
    return f"{value:{rule}}{between}".replace("-", "−")

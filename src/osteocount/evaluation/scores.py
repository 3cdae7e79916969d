"""How good a count is against the truth: detection, nuclei, classes and wells, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.evaluation.bootstrap import (
    Floats,
    average_precision,
    bootstrapped,
    concordance_of_moments,
    ratio,
    spread,
)
from osteocount.stats.agreement_numbers import concordance

IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
MANY_NUCLEI = 10
"""Above this number an error is judged in percent, up to it in nuclei."""
CLASSES = ("osteoclast", "other", "unsure", "nothing")
FIGURE_COLUMNS = ("figure", "iou", "value", "ci_low", "ci_high", "n", "n_counts", "n_units", "unit")


@dataclass(frozen=True)
class Evaluation:
    """Every figure of an evaluation.

    Attributes
    ----------
    figures : DataFrame
        ``figure, iou, value, ci_low, ci_high, n, n_counts`` (what n counts)``, n_units, unit``; NaN where unknown.
    wells : DataFrame
        ``plate, well`` (or ``image``)``, true, ours``: osteoclasts.
    confusion : DataFrame
        A row per class of the truth, a column per class of ours; missing where the truth does not tell.
    cells : DataFrame
        A row per true cell with what we made of it.
    """

    figures: pd.DataFrame
    wells: pd.DataFrame
    confusion: pd.DataFrame
    cells: pd.DataFrame

    def value(self, figure: str, iou: float = float("nan")) -> dict[str, Any]:
        """Return the row of one figure; unknown where there is none."""
        own = self.figures[self.figures["figure"] == figure]
        own = own[own["iou"].isna()] if np.isnan(iou) else own[np.isclose(own["iou"], iou)]
        nothing = dict.fromkeys(FIGURE_COLUMNS, np.nan) | {"n": 0, "n_units": 0, "unit": "wells"}
        return {str(k): v for k, v in own.iloc[0].items()} if len(own) else nothing


def evaluate(truth: pd.DataFrame, ours: pd.DataFrame, units: pd.DataFrame) -> Evaluation:
    """Work out every figure from the tables of all pictures.

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
    weights = bootstrapped(len(units))
    unit = "wells" if units["well"].ne("").all() and units["image"].eq("").all() else "pictures"
    rows = [
        {**row, "n_units": len(units), "unit": unit}
        for row in (*_detection(truth, ours, weights), *_nuclei(truth, weights))
    ]
    wells = _wells(truth, ours, units)
    rows += [{**row, "n_units": len(units), "unit": unit} for row in _counts(wells, unit, weights)]
    figures = pd.DataFrame(rows, columns=list(FIGURE_COLUMNS))
    return Evaluation(figures, wells, confusion(truth, ours), truth.drop(columns=["unit", "outlined", "others"]))


def _row(figure: str, found: tuple[float, float, float], n: float, counts: str, iou: float = np.nan) -> dict[str, Any]:
    value, low, high = found
    return {
        "figure": figure,
        "iou": iou,
        "value": value,
        "ci_low": low,
        "ci_high": high,
        "n": int(n),
        "n_counts": counts,
    }


def _per_unit(table: pd.DataFrame, values: Any, n: int) -> Floats:
    return np.bincount(table["unit"].to_numpy(np.int64), np.asarray(values, dtype=float), n).astype(float)


def _detection(truth: pd.DataFrame, ours: pd.DataFrame, weights: Floats) -> Iterator[dict[str, Any]]:
    n = weights.shape[1]
    for outlined, ious in ((True, IOUS), (False, (np.nan,))):
        true, own = truth[truth["outlined"] == outlined], ours[ours["outlined"] == outlined]
        if true.empty and own.empty:
            continue
        large = true[true["is_osteoclast"].fillna(False).astype(bool)]
        # What the annotator was unsure of may be called either way.
        judged = own[own["is_osteoclast"].notna()]
        called = judged[judged["called"]]
        n_true, n_called = _per_unit(large, np.ones(len(large)), n), _per_unit(called, np.ones(len(called)), n)
        scores: list[NDArray[np.float64]] = []
        for iou in ious:
            right = _per_unit(large, large["called"] & ~(large["iou"] < iou), n)
            yield _row("precision", ratio(right, n_called, weights), n_called.sum(), "called osteoclasts", iou)
            yield _row("recall", ratio(right, n_true, weights), n_true.sum(), "true osteoclasts", iou)
            both = n_true + n_called
            yield _row("f1", ratio(2 * right, both, weights), both.sum(), "true and called osteoclasts", iou)
            if outlined:
                hit = judged["is_osteoclast"].astype(bool) & (judged["iou"] >= iou)
                scores.append(average_precision(judged, hit.to_numpy(bool), n_true, weights))
                yield _row("average_precision", spread(scores[-1]), n_true.sum(), "true osteoclasts", iou)
        if outlined:
            yield _row("mean_average_precision", spread(np.mean(scores, axis=0)), n_true.sum(), "true osteoclasts")
        name = "osteoclasts_outlined" if outlined else "osteoclasts_hit"
        found = _per_unit(large, large["our_id"].notna(), n)
        yield _row(name, ratio(found, n_true, weights), n_true.sum(), "true osteoclasts", 0.5 if outlined else np.nan)
        found, every = _per_unit(true, true["our_id"].notna(), n), _per_unit(true, np.ones(len(true)), n)
        name = "cells_outlined" if outlined else "cells_hit"
        yield _row(name, ratio(found, every, weights), every.sum(), "true cells", 0.5 if outlined else np.nan)


def _nuclei(truth: pd.DataFrame, weights: Floats) -> Iterator[dict[str, Any]]:
    """Errors of the number of nuclei, of true osteoclasts that were found."""
    n = weights.shape[1]
    known = truth[
        truth["is_osteoclast"].fillna(False).astype(bool) & truth["n_nuclei"].notna() & truth["n_ours"].notna()
    ]
    error = known["n_ours"] - known["n_nuclei"]
    inside = known["n_nuclei"].between(known["n_low"], known["n_high"])
    ranged = known["n_low"].notna() & known["n_high"].notna()
    every = pd.Series(True, known.index)
    small = known["n_nuclei"] <= MANY_NUCLEI
    figures: tuple[tuple[str, Any, pd.Series[Any]], ...] = (
        ("nuclei_mean_error", error, every),
        ("nuclei_mean_absolute_error", error.abs(), every),
        ("nuclei_within_1", error.abs() <= 1, every),
        (f"nuclei_within_1_up_to_{MANY_NUCLEI}", error.abs() <= 1, small),
        (f"nuclei_within_15_percent_above_{MANY_NUCLEI}", error.abs() <= 0.15 * known["n_nuclei"], ~small),
        ("nuclei_inside_interval", inside, ranged),
    )
    for name, good, among in figures:
        own = known[among]
        total = _per_unit(own, np.ones(len(own)), n)
        yield _row(name, ratio(_per_unit(own, good[among], n), total, weights), total.sum(), "found osteoclasts")


def _wells(truth: pd.DataFrame, ours: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Count osteoclasts per unit: in the counting frame where the truth says which cells lie in it, else all."""
    framed = set(truth.loc[truth["counted"].notna(), "unit"])
    true = truth[truth["is_osteoclast"].fillna(False).astype(bool) & truth["counted"].fillna(True).astype(bool)]
    sure = ours["called"] & ours["is_osteoclast"].notna()
    own = ours[sure & (ours["counted"] | ~ours["unit"].isin(framed))]
    n = len(units)
    counts = {"true": _per_unit(true, np.ones(len(true)), n), "ours": _per_unit(own, np.ones(len(own)), n)}
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
    low, high = spread(moments)[1:] if known else (np.nan, np.nan)
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

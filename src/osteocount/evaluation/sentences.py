"""An evaluation in words, and its figures by name."""

from __future__ import annotations

import numpy as np

from osteocount.evaluation.bootstrap import LEAST_UNITS
from osteocount.evaluation.scores import Evaluation

FEW_UNITS = 10
NAMES = {
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


def summary(found: Evaluation) -> str:
    """Say in a few sentences how good the count is, with n."""
    at = 0.5 if not np.isnan(found.value("f1", 0.5)["value"]) else float("nan")
    f1, precision, recall = (found.value(name, at) for name in ("f1", "precision", "recall"))
    units, unit = int(f1["n_units"]), str(f1["unit"])
    n_units = f"{units} {unit if units != 1 else unit.removesuffix('s')}"
    how = "at IoU 0.5" if at == 0.5 else "by points inside our outlines"
    bias, agreement = found.value("count_bias_percent"), found.value("concordance")
    nuclei, inside = found.value("nuclei_within_1"), found.value("nuclei_inside_interval")
    lines = [
        f"{n_units}, {recall['n']:.0f} true osteoclasts, "
        f"{precision['n']:.0f} called by us (those the annotator was unsure of aside).",
        f"Osteoclasts {how}: F1 {_said(f1)}, precision {_said(precision)}, recall {_said(recall)}.",
        f"Nuclei per found osteoclast (n = {nuclei['n']:.0f}): within ±1 in {_said(nuclei)}; the true number lies "
        f"inside our interval in {_said(inside)}.",
        f"Count: bias {_said(bias, '+.1f')} %, Lin's concordance {_said(agreement)} (n = {n_units}).",
    ]
    if units < LEAST_UNITS:
        lines.append(f"There are no intervals: they need {LEAST_UNITS} {unit} or more, better {FEW_UNITS}.")
    elif units < FEW_UNITS:
        lines.append(f"Intervals from {units} {unit} are too narrow; annotate {FEW_UNITS} or more.")
    return "\n".join(lines)


def _said(row: dict[str, object], rule: str = ".3f") -> str:
    value, low, high = (float(str(row[name])) for name in ("value", "ci_low", "ci_high"))
    if np.isnan(value):
        return "unknown"
    between = "" if np.isnan(low) else f" ({low:{rule}} to {high:{rule}})"
    return f"{value:{rule}}{between}".replace("-", "−")

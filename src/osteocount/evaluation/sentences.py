"""An evaluation in a few sentences."""

from __future__ import annotations

import numpy as np

from osteocount.evaluation.bootstrap import LEAST_UNITS
from osteocount.evaluation.metrics import Evaluation

FEW_UNITS = 10  # intervals from fewer wells or pictures are called too narrow


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

"""Figures of an evaluation as the cells of a Markdown table."""

from __future__ import annotations

import numpy as np

from osteocount.evaluation.metrics import METRIC_NAMES

SHOWN = (
    ("average_precision", 0.5), ("mean_average_precision", None), ("precision", 0.5), ("recall", 0.5), ("f1", 0.5),
    ("osteoclasts_outlined", 0.5), ("cells_outlined", 0.5), ("nuclei_mean_error", None),
    ("nuclei_mean_absolute_error", None), ("nuclei_within_1_up_to_10", None),
    ("nuclei_within_15_percent_above_10", None), ("nuclei_inside_interval", None), ("count_bias_percent", None),
    ("concordance", None),
)  # fmt: skip


def figure_table(found):
    """Write the figures of several methods (name: evaluation) side by side."""
    return [
        "| figure (95 % interval) | " + " | ".join(found) + " |",
        "|---|" + "---|" * len(found),
        *(
            f"| {METRIC_NAMES[name]}{'' if iou is None else f', IoU {iou:g}'} | "
            + " | ".join(figure(own, name, iou, n=True) for own in found.values())
            + " |"
            for name, iou in SHOWN
        ),
    ]


def figure(found, name, iou=None, *, rule=".3f", n=False):
    """Write one figure with its interval, and with its n."""
    row = found.metric(name, np.nan if iou is None else iou)
    if np.isnan(row["value"]):
        return "unknown"
    between = "" if np.isnan(row["ci_low"]) else f" ({row['ci_low']:{rule}} to {row['ci_high']:{rule}})"
    return f"{row['value']:{rule}}{between}" + (f", n = {row['n']}" if n else "")

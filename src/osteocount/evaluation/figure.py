"""One page of an evaluation: outlines, nuclei, classes and wells."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from osteocount.evaluation.metrics import Evaluation, with_known_nuclei
from osteocount.stats.figure_style import COLOURS, INK, PALE, new_figure

_CURVES = (("precision", "precision"), ("recall", "recall"), ("f1", "F1"), ("average_precision", "average precision"))


def evaluation_figure(evaluation: Evaluation) -> Figure:
    """Draw detection over IoU, nuclei and counts against the truth, and the classes."""
    figure, _ = new_figure(16, 4.2, 4)
    detection, nuclei, wells, classes = figure.axes
    _detection(detection, evaluation)
    _nuclei(nuclei, evaluation)
    _wells(wells, evaluation)
    _classes(classes, evaluation)
    return figure


def _empty(axes: Axes, why: str) -> None:
    axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes, color=PALE, wrap=True)
    axes.set_axis_off()


def _detection(axes: Axes, evaluation: Evaluation) -> None:
    table = evaluation.metrics[evaluation.metrics["iou"].notna()]
    axes.set_title("Osteoclasts found", color=INK, fontsize=10)
    if table.empty:
        _empty(axes, "The truth is points: no outlines to compare")
        return
    for (name, label), colour in zip(_CURVES, COLOURS, strict=False):
        own = table[table["figure"] == name]
        axes.plot(own["iou"], own["value"], color=colour, marker="o", markersize=3, label=label)
        axes.fill_between(own["iou"], own["ci_low"], own["ci_high"], color=colour, alpha=0.12, linewidth=0)
    axes.set(xlabel="overlap needed (IoU)", ylabel="share", ylim=(-0.02, 1.02))
    axes.legend(frameon=False, fontsize=8)


def _nuclei(axes: Axes, evaluation: Evaluation) -> None:
    known = with_known_nuclei(evaluation.cells)
    axes.set_title(f"Nuclei per osteoclast (n = {len(known)})", color=INK, fontsize=10)
    if known.empty:
        _empty(axes, "No nuclei to compare")
        return
    shift = np.random.default_rng(0).uniform(-0.25, 0.25, (2, len(known)))
    axes.plot(known["n_nuclei"] + shift[0], known["n_ours"] + shift[1], ".", color=COLOURS[0], alpha=0.4, markersize=5)
    _identity(axes, float(max(known["n_nuclei"].max(), known["n_ours"].max())))


def _wells(axes: Axes, evaluation: Evaluation) -> None:
    wells = evaluation.wells
    unit = "well" if "well" in wells.columns else "picture"
    axes.set_title(f"Osteoclasts per {unit} (n = {len(wells)})", color=INK, fontsize=10)
    axes.plot(wells["true"], wells["ours"], "o", color=COLOURS[1], alpha=0.7, markersize=5)
    _identity(axes, float(max(wells["true"].max(), wells["ours"].max())))


def _identity(axes: Axes, most: float) -> None:
    axes.axline((0, 0), slope=1, color=PALE, linewidth=1)
    axes.set(xlabel="true", ylabel="ours", xlim=(-0.5, 1.05 * most + 1), ylim=(-0.5, 1.05 * most + 1))
    axes.set_aspect("equal")


def _classes(axes: Axes, evaluation: Evaluation) -> None:
    table = evaluation.confusion
    counts = table.astype("Float64").to_numpy(float, na_value=np.nan)
    shares = counts / np.maximum(np.nansum(counts, axis=1, keepdims=True), 1)
    axes.imshow(np.nan_to_num(shares), cmap="Blues", vmin=0, vmax=1.3, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        said = "" if np.isnan(count) else f"{count:.0f}"
        dark = shares[row, column] > 0.8
        axes.text(column, row, said, ha="center", va="center", color="white" if dark else INK, fontsize=10)
    axes.set_xticks(range(table.shape[1]), [str(name) for name in table.columns])
    axes.set_yticks(range(table.shape[0]), [str(name) for name in table.index])
    axes.set(xlabel="ours", ylabel="truth")
    axes.set_title("Classes (cells)", color=INK, fontsize=10)

"""How accurate the count is, on simulated pictures with exact truth and on annotated real pictures.

    python benchmarks/accuracy.py [--wells 52] [--plate sample_images] [--real DIR] [--out docs/accuracy.md]

The classical and the learned segmenter are measured side by side. Real pictures are measured only where they are
present; nothing is tuned to them one by one. Every figure carries its n and, where it is an estimate, a 95 % bootstrap
interval over wells.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from holdout import FIELDS_PER_WELL, IOUS, METHODS, average_precision, per_well, score_all
from holdout_pictures import failures
from plate_arms import count, plate_section

ROOT = Path(__file__).resolve().parents[1]
REAL_SCALE = {"brightfield_20x.png": 0.76}
DENSITIES = ((0, 30, "sparse, below 30 per mm²"), (30, 80, "30 to 80 per mm²"), (80, np.inf, "crowded, 80 and more"))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--wells", type=int, default=52, help=f"wells of the hold-out, {FIELDS_PER_WELL} fields each")
    options.add_argument("--plate", type=Path, default=ROOT / "sample_images")
    options.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real")
    options.add_argument("--out", type=Path, default=ROOT / "docs" / "accuracy.md")
    given = options.parse_args()
    fields = score_all(given.wells)
    text = ["# Accuracy", "", "Made by `python benchmarks/accuracy.py`.", "", *holdout_section(fields)]
    text += failures([f for f in fields if f.method == "learned"], given.out.parent / "images")
    with tempfile.TemporaryDirectory() as folder:
        for method in METHODS:
            text += plate_section(given.plate, Path(folder) / method, method)
        text += real(given.real, Path(folder)) if given.real.is_dir() else []
    given.out.write_text("\n".join(text) + "\n", encoding="utf-8")
    print("\n".join(text))


def holdout_section(fields):
    """Compare the methods on the hold-out: osteoclasts, nuclei, wells, and by density."""
    by_method = {m: [f for f in fields if f.method == m] for m in METHODS}
    n_fields = len(by_method["learned"])
    n_true = sum(int(f.truth["is_osteoclast"].sum()) for f in by_method["learned"])
    figures = {m: holdout_figures(own) for m, own in by_method.items()}
    return [
        "## Simulated hold-out",
        "",
        f"{n_fields} fields of {n_fields // FIELDS_PER_WELL} wells, {n_true} true osteoclasts, sparse to crowded, "
        "0.38 to 1.17 µm per pixel, with two stain families no training scene shows (violet with haematoxylin, garnet "
        "with methyl green). Made by our own simulator: real pictures are harder.",
        "",
        "| figure | " + " | ".join(METHODS) + " |",
        "|---|" + "---|" * len(METHODS),
        *(f"| {name} | " + " | ".join(figures[m][name] for m in METHODS) + " |" for name in figures["learned"]),
        "",
        "By density of osteoclasts (a bias that differs between sparse and dense wells biases the treatment effect):",
        "",
        "| wells | n | true | learned | bias of learned | bias of classical |",
        "|---|---|---|---|---|---|",
        *by_density(by_method),
        "",
    ]


def holdout_figures(fields):
    """Every figure of one method as text."""
    truth = pd.concat([f.truth for f in fields])
    ours = pd.concat([f.ours for f in fields])
    large = truth[truth["is_osteoclast"]]
    right = int(large["called"].sum())
    false = int((ours["called"] & ~ours["iou0.50"]).sum())
    found = large[large["found"]]
    error = (found["n"] - found["n_nuclei"]).to_numpy()
    number = found["n_nuclei"].to_numpy()
    small = number <= 10
    inside = ((found["low"] <= number) & (number <= found["high"])).mean()
    wells = per_well(fields)
    t, o = wells["truth"].to_numpy(float), wells["ours"].to_numpy(float)
    mean_ap = np.mean([average_precision(fields, iou) for iou in IOUS])
    return {
        "average precision of osteoclasts at IoU 0.5": f"{average_precision(fields):.3f}",
        "the same, mean over IoU 0.5 to 0.95": f"{mean_ap:.3f}",
        "osteoclasts found and called, of all": f"{right / len(large):.3f} ({right} of {len(large)})",
        "called osteoclasts that are none": f"{false} ({false / max(int(ours['called'].sum()), 1):.3f} of all called)",
        "F1 of osteoclasts at IoU 0.5": f"{2 * right / (len(large) + int(ours['called'].sum())):.3f}",
        "osteoclasts outlined at IoU 0.5, called or not": f"{large['found'].mean():.3f}",
        "all true cells outlined at IoU 0.5": f"{truth['found'].mean():.3f} (n = {len(truth)})",
        "nuclei within ±1, osteoclasts of 3 to 10": f"{(np.abs(error[small]) <= 1).mean():.3f} (n = {small.sum()})",
        "nuclei within 15 %, larger ones": f"{(np.abs(error[~small]) <= 0.15 * number[~small]).mean():.3f} "
        f"(n = {(~small).sum()})",
        "mean error of nuclei per osteoclast": f"{error.mean():+.2f}",
        "true number inside the interval": f"{inside:.3f}",
        "Lin's concordance of osteoclasts per well": interval(concordance, t, o),
        "bias of the total count, %": interval(bias, t, o),
    }


def by_density(by_method):
    """Write a row for each class of density."""
    rows = []
    for low, high, name in DENSITIES:
        wells = {m: per_well(own) for m, own in by_method.items()}
        wells = {m: own[own["per_mm2"].between(low, high, inclusive="left")] for m, own in wells.items()}
        ours = wells["learned"]
        if len(ours):
            rows.append(
                f"| {name} | {len(ours)} | {ours.truth.sum()} | {ours.ours.sum()} "
                f"| {bias(ours.truth, ours.ours):+.1f} % "
                f"| {bias(wells['classical'].truth, wells['classical'].ours):+.1f} % |"
            )
    return rows


def concordance(a, b):
    """Lin's concordance correlation (Biometrics 1989;45:255)."""
    return 2 * np.cov(a, b, bias=True)[0, 1] / (np.var(a) + np.var(b) + (np.mean(a) - np.mean(b)) ** 2)


def bias(truth, ours):
    """Percent by which our total exceeds the true one."""
    return 100 * (np.sum(ours) / np.sum(truth) - 1)


def interval(statistic, truth, ours, runs=2000):
    """Write a figure with its bootstrap interval over wells."""
    rng = np.random.default_rng(0)
    picks = rng.integers(len(truth), size=(runs, len(truth)))
    low, high = np.percentile([statistic(truth[pick], ours[pick]) for pick in picks], [2.5, 97.5])
    return f"{statistic(truth, ours):.3f} ({low:.3f} to {high:.3f}, n = {len(truth)} wells)"


def real(folder, out):
    """Score every annotated real picture with the scorer beside it, by each method."""
    rows = []
    for truth in sorted(folder.glob("*.truth.json")):
        picture = next(p for p in folder.glob(truth.name.removesuffix(".truth.json") + ".*") if p != truth)
        for method in METHODS:
            result = out / f"{truth.stem}_{method}"
            count(picture, result, method, pixel_size=REAL_SCALE.get(picture.name))
            scorer = [sys.executable, folder.parent / "score.py", truth, result, "--json"]
            score = json.loads(subprocess.run(scorer, capture_output=True, text=True, check=True).stdout)
            keys = ("required", "found", "false_positives", "mean_iou", "nuclei_relative_gap", "all_cells_iou50")
            rows.append(f"| {picture.name} | {method} | " + " | ".join(str(score[key]) for key in keys) + " |")
    return [
        "## Real pictures",
        "",
        "Annotated by hand, one or two annotators; one picture of a kind, so these are examples and not estimates. The "
        "learned segmenter uses its network on brightfield pictures that show nuclei, and goes the classical way "
        "elsewhere.",
        "",
        "| picture | method | sure osteoclasts | found | false positives | mean IoU | nuclei gap | cells at IoU 0.5 |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]


if __name__ == "__main__":
    main()

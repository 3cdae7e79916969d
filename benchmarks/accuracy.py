"""How accurate the count is, on simulated wells with exact truth and on annotated real pictures.

    python benchmarks/accuracy.py [--plate sample_images] [--real DIR] [--out docs/accuracy.md]

Real pictures are measured only where they are present; nothing is tuned to them one by one. Every figure carries its n
and, where it is an estimate, a 95 % bootstrap interval over wells.
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
import tifffile

from osteocount import Settings
from osteocount.pipeline import run

ROOT = Path(__file__).resolve().parents[1]
REAL_SCALE = {"brightfield_20x.png": 0.76}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--plate", type=Path, default=ROOT / "sample_images")
    options.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real")
    options.add_argument("--out", type=Path, default=ROOT / "docs" / "accuracy.md")
    given = options.parse_args()
    text = ["# Accuracy", "", "Made by `python benchmarks/accuracy.py`.", ""]
    with tempfile.TemporaryDirectory() as folder:
        text += simulated(given.plate, Path(folder) / "plate")
        text += real(given.real, Path(folder)) if given.real.is_dir() else []
    given.out.write_text("\n".join(text) + "\n", encoding="utf-8")
    print("\n".join(text))


def simulated(plate, out):
    """Score wells and cells of a simulated plate against its truth."""
    count(plate, out, layout=plate / "layout.csv")
    cells = pd.read_csv(out / "cells.csv")
    matched = [match_picture(plate, out, image, own) for image, own in cells.groupby("image")]
    found, false, missed = (sum(row[i] for row in matched) for i in range(3))
    pairs = np.concatenate([row[3] for row in matched])
    wells = well_counts(plate, out)
    truth, ours = wells["truth"].to_numpy(float), wells["ours"].to_numpy(float)
    error = pairs[:, 1] - pairs[:, 0]
    small = pairs[:, 0] <= 10
    near, close = np.abs(error[small]) <= 1, np.abs(error[~small]) <= 0.15 * pairs[~small, 0]
    inside = (pairs[:, 2] <= pairs[:, 0]) & (pairs[:, 0] <= pairs[:, 3])
    return [
        f"## Simulated plate `{plate.name}`",
        "",
        f"{len(wells)} wells, {len(matched)} fields, {found + missed} osteoclasts in the counting frame or at its "
        "edge. Simulated by our own simulator: real pictures are harder.",
        "",
        "| figure | value |",
        "|---|---|",
        f"| Lin's concordance of osteoclasts per well | {interval(concordance, truth, ours)} |",
        f"| bias, our total against the true total | {interval(bias, truth, ours)} % |",
        f"| osteoclasts per well, true and ours | {truth.mean():.1f} and {ours.mean():.1f} |",
        f"| F1 per osteoclast at IoU 0.5 | {2 * found / (2 * found + false + missed):.3f} "
        f"({found} found, {missed} missed, {false} false) |",
        f"| nuclei within ±1, osteoclasts of 3 to 10 nuclei | {near.mean():.2f} (n = {len(near)}) |",
        f"| nuclei within 15 %, larger ones | {close.mean():.2f} (n = {len(close)}) |",
        f"| mean error of nuclei per found osteoclast | {error.mean():+.2f} |",
        f"| true number inside the given interval | {inside.mean():.2f} |",
        "",
        "By arm, true and our osteoclasts (a bias that differs between arms biases the treatment effect):",
        "",
        "| arm | wells | true | ours | bias |",
        "|---|---|---|---|---|",
        *(
            f"| {arm} | {len(own)} | {own.truth.sum()} | {own.ours.sum():.0f} | {bias(own.truth, own.ours):+.1f} % |"
            for arm, own in wells.groupby("treatment")
        ),
        "",
    ]


def count(source, out, *, layout=None, pixel_size=None):
    """Run the program on a folder or picture with default settings."""
    settings = Settings.model_validate({"picture": {"pixel_size": pixel_size}})
    for _ in run(source, out, settings, layout=layout, if_present="overwrite"):
        pass


def match_picture(plate, out, image, cells):
    """Count found, false and missed osteoclasts at IoU 0.5, and list (true, ours, low, high) nuclei of found ones."""
    stem = Path(image).stem.removesuffix(".ome")
    truth = tifffile.imread(plate / "truth" / f"{stem}_cells.tif")
    labels = tifffile.imread(out / "labels" / f"{stem}_cells.tif")
    known = pd.read_csv(plate / "truth" / "cells.csv")
    known = known[(known["image"] == image) & known["is_osteoclast"]].set_index("cell_id")
    ours = cells[cells["is_osteoclast"]].set_index("cell_id")
    overlap = pd.crosstab(truth.ravel(), labels.ravel())
    size, our_size = overlap.sum(axis=1), overlap.sum(axis=0)
    pairs, taken = [], set()
    for cell in known.index:
        iou = overlap.loc[cell] / (size[cell] + our_size - overlap.loc[cell])
        best = iou.drop(0, errors="ignore").idxmax()
        if best in ours.index and best not in taken and iou[best] >= 0.5:
            taken.add(best)
            row = ours.loc[best]
            pairs.append([known.loc[cell, "n_nuclei"], row["n_nuclei"], row["n_nuclei_low"], row["n_nuclei_high"]])
    return len(pairs), len(ours) - len(pairs), len(known) - len(pairs), np.array(pairs, float).reshape(-1, 4)


def well_counts(plate, out):
    """Join true and our osteoclasts per well, both in the counting frame."""
    truth = pd.read_csv(plate / "truth" / "wells.csv")[["well", "n_osteoclasts"]]
    ours = pd.read_csv(out / "wells.csv")[["well", "treatment", "n_osteoclasts"]]
    both = truth.merge(ours, on="well", suffixes=("_truth", "_ours"))
    return both.rename(columns={"n_osteoclasts_truth": "truth", "n_osteoclasts_ours": "ours"})


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
    return f"{statistic(truth, ours):.3f} (95 % interval {low:.3f} to {high:.3f}, n = {len(truth)} wells)"


def real(folder, out):
    """Score every annotated real picture with the scorer beside it."""
    rows = []
    for truth in sorted(folder.glob("*.truth.json")):
        picture = next(p for p in folder.glob(truth.name.removesuffix(".truth.json") + ".*") if p != truth)
        result = out / truth.stem
        count(picture, result, pixel_size=REAL_SCALE.get(picture.name))
        scorer = [sys.executable, folder.parent / "score.py", truth, result, "--json"]
        score = json.loads(subprocess.run(scorer, capture_output=True, text=True, check=True).stdout)
        keys = ("required", "found", "false_positives", "mean_iou", "nuclei_relative_gap", "all_cells_iou50")
        rows.append(f"| {picture.name} | " + " | ".join(str(score[key]) for key in keys) + " |")
    return [
        "## Real pictures",
        "",
        "Annotated by hand, one or two annotators; one picture of a kind, so these are examples and not estimates.",
        "",
        "| picture | sure osteoclasts | found | false positives | mean IoU | nuclei gap | all cells at IoU 0.5 |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]


if __name__ == "__main__":
    main()

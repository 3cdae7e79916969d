"""How accurate the count is, on simulated pictures with exact truth and on annotated real pictures.

    python benchmarks/accuracy.py [--only holdout|plate|regimes|real] [--wells 52] [--plate sample_images] [--real DIR]

The classical and the learned segmenter are measured side by side. Real pictures are measured only where they are
present; nothing is tuned to them one by one. Figures are those of `osteocount evaluate`, with its 95 % bootstrap
intervals over wells. One part alone replaces that part of docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import doc_sections
import numpy as np
import pandas as pd
import regimes
from holdout import FIELDS_PER_WELL, METHODS, evaluated, score_all
from holdout_pictures import failures
from markdown_tables import figure, figure_table
from plate_arms import count, plate_section

ROOT = Path(__file__).resolve().parents[1]
PARTS = ["holdout", "plate", "regimes", "real"]
REAL_SCALE = {"brightfield_20x.png": 0.76}
DENSITIES = ((0, 30, "sparse, below 30 per mm²"), (30, 80, "30 to 80 per mm²"), (80, np.inf, "crowded, 80 and more"))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", choices=PARTS, help="measure one part anew")
    options.add_argument("--wells", type=int, default=52, help=f"wells of the hold-out, {FIELDS_PER_WELL} fields each")
    options.add_argument("--plate", type=Path, default=ROOT / "sample_images")
    options.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real")
    options.add_argument("--out", type=Path, default=doc_sections.ACCURACY)
    given = options.parse_args()
    wanted = [given.only] if given.only else PARTS
    if "holdout" in wanted:
        fields = score_all(given.wells)
        doc_sections.write("holdout", [*holdout(fields), *failures(fields, given.out.parent / "images")], given.out)
    with tempfile.TemporaryDirectory() as folder:
        if "plate" in wanted:
            doc_sections.write("plate", plate_section(given.plate, Path(folder)), given.out)
        if "regimes" in wanted:
            doc_sections.write("regimes", regimes.section(given.real), given.out)
        if "real" in wanted and given.real.is_dir():
            doc_sections.write("real", real(given.real, Path(folder)), given.out)


def holdout(fields):
    """Compare the methods on the hold-out: osteoclasts, nuclei, wells, and by density."""
    own = {m: [f for f in fields if f.method == m] for m in METHODS}
    found = {m: evaluated(of_method) for m, of_method in own.items()}
    n_fields = len(own["learned"])
    n_true = found["learned"].metric("recall", 0.5)["n"]
    return [
        "## Simulated hold-out",
        "",
        f"{doc_sections.command()}: {n_fields} fields of {n_fields // FIELDS_PER_WELL} wells, {n_true} true "
        "osteoclasts, sparse to crowded, 0.38 to 1.17 µm per pixel, with two stain families no training scene shows "
        f"(violet with haematoxylin, garnet with methyl green). {unsure(own['learned'])}",
        "",
        *figure_table(found),
        *at_equal_recall(own),
        "",
        "By density of osteoclasts (a bias that differs between sparse and dense wells biases the treatment effect):",
        "",
        "| wells | n | true | " + " | ".join(f"F1, {m} | bias %, {m}" for m in METHODS) + " |",
        "|---|---|---|" + "---|---|" * len(METHODS),
        *by_density(own),
        "",
    ]


def unsure(fields):
    """Say what is left open, since nobody can see all there is."""
    truth = pd.concat([f.truth for f in fields])
    large = truth[truth["is_osteoclast"].fillna(False).astype(bool)]
    open_ones = int(truth["is_osteoclast"].isna().sum())
    return (
        f"Cells that are osteoclasts only by nuclei nobody can see, {open_ones} more, may be "
        f"called either way; nuclei are judged where all can be seen, in {large['n_nuclei'].notna().mean():.0%} of the "
        "osteoclasts."
    )


def by_density(own):
    """Write a row for each class of density."""
    rows = []
    for low, high, name in DENSITIES:
        part = {m: [f for f in of_method if low <= f.per_mm2 < high] for m, of_method in own.items()}
        if not part["learned"]:
            continue
        found = {m: evaluated(of_method) for m, of_method in part.items()}
        wells = found["learned"].wells
        said = [f"{figure(f, 'f1', 0.5)} | {figure(f, 'count_bias_percent', rule='+.1f')}" for f in found.values()]
        rows.append(f"| {name} | {len(wells)} | {wells['true'].sum()} | {' | '.join(said)} |")
    return rows


def at_equal_recall(own):
    """Count false osteoclasts of the learned method, its chance cut so that its recall is the classical one's."""
    sides = {}
    for method, fields in own.items():
        ours = [f.ours[f.ours["is_osteoclast"].notna()] for f in fields]
        hit = np.concatenate([o["is_osteoclast"].to_numpy(bool) for o in ours])
        sides[method] = hit, np.concatenate([o["chance"] for o in ours]), np.concatenate([o["called"] for o in ours])
    hit, _, called = sides["classical"]
    right, false = int((hit & called).sum()), int((~hit & called).sum())
    hit, chance, _ = sides["learned"]
    ranked = hit[np.argsort(-chance, kind="stable")]
    if ranked.sum() < right:
        return ["", "The learned segmenter does not reach the recall of the classical one at any cut."]
    cut = int(np.searchsorted(np.cumsum(ranked), right)) + 1
    left = cut - right
    return [
        "",
        f"At equal recall ({right} osteoclasts found and called): {false} false osteoclasts of the classical one, "
        f"{left} of the learned one ({100 * (1 - left / max(false, 1)):.0f} % fewer).",
    ]


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
            said = ("" if score[key] is None else str(score[key]) for key in keys)
            rows.append(f"| {picture.name} | {method} | " + " | ".join(said) + " |")
    return [
        "## Real pictures",
        "",
        f"{doc_sections.command()}. Annotated by hand, one or two annotators; one picture of a kind, so these are "
        "examples and not estimates. The learned segmenter uses networks on brightfield pictures, and goes the "
        "classical way in fluorescence. Whole wells, with intervals, are below.",
        "",
        "| picture | method | sure osteoclasts | found | false positives | mean IoU | nuclei gap | cells at IoU 0.5 |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]


if __name__ == "__main__":
    main()

"""Whether the count is as right in dense wells as in sparse ones, and a known effect comes out as what it is.

    python benchmarks/effects.py [--fields 4] [--out docs/accuracy.md]

Simulates a plate of three arms (reference, 1.5 times and 4 times as many osteoclasts), four donors and four wells each,
counts and compares it as `osteocount run` does, and replaces its part of docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import doc_sections
import numpy as np
import pandas as pd

from osteocount import Settings
from osteocount.evaluation.evaluate import evaluate_folder
from osteocount.pipeline import run
from osteocount.simulate import Arm, Densities, FieldDesign, PlateDesign, simulate_plate

SEED = 20261127
ARMS = (
    Arm(treatment="reference", role="vehicle"),
    Arm(treatment="1.5 times", count_effect=1.5),
    Arm(treatment="4 times", count_effect=4.0),
)
REPEATS = 2000


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--fields", type=int, default=4, help="pictures of each well")
    options.add_argument("--out", type=Path, default=doc_sections.ACCURACY)
    given = options.parse_args()
    field = FieldDesign(densities=Densities(osteoclast=30))
    design = PlateDesign(arms=ARMS, wells=4, fields=given.fields, field=field)
    with tempfile.TemporaryDirectory() as folder:
        plate, results = Path(folder) / "plate", Path(folder) / "results"
        truth = simulate_plate(design, SEED, plate)
        for _ in run(plate, results, Settings(), layout=plate / "layout.csv", workers=2):
            pass
        matched = evaluate_folder(results, plate / "truth").evaluation.wells
        wells = truth[["well", "treatment", "osteoclast_density_per_mm2"]].merge(matched, on="well")
        compared = pd.read_csv(results / "comparisons.csv")
    doc_sections.write("effects", section(wells, compared), given.out)


def section(wells, compared):
    """Write the section of the page."""
    rows, bias = [], {}
    for arm in ARMS:
        own = wells[wells["treatment"] == arm.treatment]
        true, ours = own["true"].to_numpy(), own["ours"].to_numpy()
        bias[arm.treatment] = resampled(true, ours)
        rows.append(
            f"| {arm.treatment} | {len(own)} | {own['osteoclast_density_per_mm2'].mean():.0f} | {true.sum()} | "
            f"{ours.sum()} | {said(bias[arm.treatment])} |"
        )
    lines = [
        "## Sparse and dense arms, and a known effect",
        "",
        f"{doc_sections.command()}: a simulated plate, four donors; intervals: 95 %, bootstrap over wells. "
        "Cells are left out of true and ours where nuclei that nobody can see decide what they are.",
        "",
        "| arm | wells | per mm² | true | ours | bias % |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        f"Bias of the densest arm less that of the reference: {said(bias['4 times'] - bias['reference'])} % of the "
        "count.",
        "",
        "| contrast | effect made | ratio of true counts | estimated | 95 % interval |",
        "|---|---|---|---|---|",
    ]
    reference = wells.loc[wells["treatment"] == "reference", "true"].sum()
    for arm in ARMS[1:]:
        row = compared[(compared["endpoint"] == "osteoclast_count") & compared["contrast"].str.contains(arm.treatment)]
        estimate, low, high = row[["estimate", "ci_low", "ci_high"]].iloc[0]
        true = wells.loc[wells["treatment"] == arm.treatment, "true"].sum() / reference
        made = f"| {arm.treatment} | {arm.count_effect:g} | {true:.3f} |"
        lines.append(f"{made} {estimate:.3f} | {low:.3f} to {high:.3f} |")
    return [*lines, ""]


def resampled(true, ours):
    """Return the bias of the total in %, first as it is, then of wells drawn again and again."""
    drawn = np.random.default_rng(0).integers(0, len(true), (REPEATS, len(true)))
    drawn = np.vstack([np.arange(len(true)), drawn])
    return 100 * (ours[drawn].sum(axis=1) / true[drawn].sum(axis=1) - 1)


def said(values):
    """Write a figure with the interval its repeats give."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return f"{values[0]:+.1f} ({low:+.1f} to {high:+.1f})"


if __name__ == "__main__":
    main()

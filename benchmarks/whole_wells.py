"""Whole wells of another lab at low power, against the outlines of its experts.

    python benchmarks/whole_wells.py [--real DIR] [--sizes 1 2 4]

The tiles are scored as they are and at a half and a quarter of their size, with the pixel size told and without. Where
the pictures are not there, nothing is done. Cells smaller than 12 pixels, theirs and ours, may be called either way;
how far all calls are from all that the lab called osteoclasts, whatever their size, stands beside it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import doc_sections
import numpy as np
import pandas as pd
import tifffile

ROOT = Path(__file__).parents[1]
UM = 2.03  # if the wells are 6.4 mm wide
SMALLEST_PX = 12
RESAMPLES = 2000
BIASES = (("whole", "required"), ("whole_of_any_size", "all"))


def main():
    """Score and write the section of docs/accuracy.md."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real")
    options.add_argument("--out", type=Path, default=ROOT / "docs" / "accuracy.md")
    options.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 4])
    given = options.parse_args()
    if not (given.real / "wells").is_dir():
        sys.exit("The annotated wells are not here; nothing was measured.")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        ways = [(size, told, "learned") for size in given.sizes for told in (True, False)]
        for size, told, method in [*ways, (1, True, "classical"), (1, False, "classical")]:
            at = Path(folder) / f"{size}_{told}_{method}"
            rows.append(row(given.real, at, size, told, method))
            print(rows[-1], flush=True)
    doc_sections.write("whole_wells", section(rows), given.out)


def row(real, at, size, told, method):
    """Count the tiles in one way and return a line of the table."""
    shrink(real / "wells", at / "pictures", at / "truth", size)
    asked = ["run", at / "pictures", "--out", at / "results", "--segmenter", method]
    asked += ["--pixel-size", UM * size] if told else []
    program = [sys.executable, "-c", "from osteocount.cli import main; main()"]
    subprocess.run([*program, *map(str, asked)], check=False, capture_output=True)
    tiles = scores(real.parent / "score.py", at / "truth", at / "results")
    rng = np.random.default_rng(0)
    drawn = [tiles.iloc[rng.integers(len(tiles), size=len(tiles))].sum() for _ in range(RESAMPLES)]
    figures = [said(tiles.sum(), drawn, *names) for names in (("found", "required"), ("found", "called"))]
    called, true = tiles["whole"], tiles["required"]
    spread = np.var(true) + np.var(called) + (true.mean() - called.mean()) ** 2
    concordance = 2 * np.cov(true, called, bias=True)[0, 1] / spread
    bias, of_all = (100 * (tiles[ours].sum() / tiles[theirs].sum() - 1) for ours, theirs in BIASES)
    how = f"{UM * size:.2f} µm, {'told' if told else 'not told'}"
    biases = f"{bias:+.1f} | {concordance:.3f} | {of_all:+.1f}"
    return f"| {how} | {method} | {int(true.sum())} | {figures[0]} | {figures[1]} | {biases} |"


def said(total, drawn, part, whole):
    """Return a share with its 95 % interval over tiles."""
    low, high = np.percentile([each[part] / max(each[whole], 1) for each in drawn], [2.5, 97.5])
    return f"{total[part] / max(total[whole], 1):.3f} ({low:.3f} to {high:.3f})"


def shrink(wells, pictures, truths, size):
    """Write the tiles and their outlines at a part of their size."""
    for folder in (pictures, truths):
        folder.mkdir(parents=True)
    for path in sorted(wells.glob("*.png")):
        tile, truth = cv2.imread(str(path)), json.loads(path.with_suffix(".truth.json").read_text())
        if size > 1:
            tile = cv2.resize(tile, None, fx=1 / size, fy=1 / size, interpolation=cv2.INTER_AREA)
        for cell in truth["cells"]:
            polygon = np.array(cell["polygon"]) / size
            small = np.sqrt(cv2.contourArea(polygon.astype(np.float32)) * 4 / np.pi) < SMALLEST_PX
            cell["polygon"] = polygon.tolist()
            cell["of_any_size"] = cell["verdict"] == "osteoclast"
            cell["verdict"] = "ambiguous" if small and cell["verdict"] == "osteoclast" else cell["verdict"]
        cv2.imwrite(str(pictures / path.name), tile)
        (truths / f"{path.stem}.truth.json").write_text(json.dumps(truth))


def scores(scorer, truths, results):
    """Return a table of tiles: required, found and called osteoclasts, and those called that no border cuts.

    Of calls smaller than `SMALLEST_PX` those that find a required cell count, and no others, as of the lab's own.
    """
    spec = importlib.util.spec_from_file_location("score", scorer)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cells = pd.read_csv(results / "cells.csv")
    stems = cells["image"].map(lambda name: Path(str(name)).stem)
    large = np.sqrt(cells["area_px"] * 4 / np.pi) >= SMALLEST_PX
    rows = []
    for path in sorted(truths.glob("*.truth.json")):
        stem, truth = path.name.removesuffix(".truth.json"), json.loads(path.read_text())
        labels = results / "labels" / f"{stem}_cells.tif"
        row = dict.fromkeys(("found", "called", "whole", "whole_of_any_size"), 0)
        row["required"] = sum(cell["verdict"] == "osteoclast" for cell in truth["cells"])
        row["all"] = sum(cell["of_any_size"] for cell in truth["cells"])
        if labels.exists():
            mine, outlines = cells[stems == stem], tifffile.imread(labels)
            called = mine["is_osteoclast"].astype(bool)
            whole = called & ~mine["touches_edge"].astype(bool)
            row["found"] = module.score(truth, outlines, mine)["found"]
            of_size = mine.assign(is_osteoclast=called & large[mine.index])
            row["called"] = row["found"] + module.score(truth, outlines, of_size)["false_positives"]
            row |= {"whole": int((whole & large[mine.index]).sum()), "whole_of_any_size": int(whole.sum())}
        rows.append(row)
    return pd.DataFrame(rows)


def section(rows):
    """Return the lines of the section."""
    return [
        "## Whole wells of another lab",
        "",
        f"{doc_sections.command()}. 49 tiles of four whole-well scans (TRAP, mouse), outlined by the experts of the "
        "lab that made them; none was learned from, but the strictness of the call, three values of the outlines and "
        "two of how the scale is told were chosen on them ([model_card.md](model_card.md)). The labels are human "
        "too: of 31 small osteoclasts recounted, 23 surely show three nuclei. Cells smaller than "
        f"{SMALLEST_PX} pixels, theirs and ours, may be called either way, but for the last column: all calls against "
        "all that the lab called osteoclasts. Intervals: 95 %, bootstrap over tiles.",
        "",
        "| pixel size | method | osteoclasts | recall | precision | bias of the count, % | concordance by tile | bias "
        "of cells of any size, % |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]


if __name__ == "__main__":
    main()

"""The annotated real picture of brightfield, and what turning, scale, light, noise and focus do to what is found in it.

    python benchmarks/real_changes.py [--real DIR] [--segmenter learned]

The picture is one, so the changes say how steady the answer is, not how good it is on other pictures. Where it is not
there, nothing is done. A minute.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from perturbations import changes

from osteocount import Settings, analyse, read_picture
from osteocount.io.picture import Picture, PixelSize

ROOT = Path(__file__).parents[1]
UM = 0.76
FIGURES = ("required", "found", "false_positives", "nuclei_relative_gap", "all_cells_iou50", "mean_iou")


def main():
    """Score every change and print the table, with sums and means in its last line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real")
    options.add_argument("--segmenter", default="learned")
    given = options.parse_args()
    path = given.real / "brightfield_20x.png"
    if not path.is_file():
        sys.exit("The annotated picture is not here; nothing was measured.")
    cv2.setNumThreads(1)
    score = scorer(given.real.parent / "score.py")
    settings = Settings.model_validate({"segment": {"segmenter": given.segmenter}})
    truth = json.loads(path.with_suffix(".truth.json").read_text(encoding="utf-8"))
    rows = {}
    for name, pixels, moved in changes(read_picture(path).pixels, truth):
        scale = float(name.split()[-1]) if name.startswith("scaled") else 1.0
        size = PixelSize(UM / scale, "settings")
        found = analyse(Picture(path, pixels, "rgb", ("red", "green", "blue"), size, "YXC", ()), settings)
        rows[name] = score(moved, np.asarray(found.segmentation.cells), found.cells)
    table = pd.DataFrame.from_dict(rows, orient="index")[list(FIGURES)].astype(float)
    print(table.to_string())
    print(table.sum()[list(FIGURES[:3])].to_string(), table.mean()[list(FIGURES[3:])].round(3).to_string(), sep="\n")


def scorer(path):
    """Return the function that scores label images against an annotation."""
    spec = importlib.util.spec_from_file_location("score", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.score


if __name__ == "__main__":
    main()

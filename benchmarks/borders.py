"""Whether borders bias the count: pictures against their own quarters, with and without a guard zone.

Each simulated picture is counted, cut into four, and the quarters are counted too. For every quarter the cells of the
whole picture whose corner lies in the quarter's frame are what it should count; the two sums are compared. Beside them
stand densities, each over its own frame.

    python benchmarks/borders.py [--pictures 10] [--segmenter learned] [--guard 100]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from osteocount.io.picture import Picture, PixelSize
from osteocount.measure import measure_shapes
from osteocount.pipeline.analysis import FieldResult, analyse
from osteocount.settings import Settings
from osteocount.simulate.design import FieldDesign
from osteocount.simulate.simulated_field import simulate_field

UM = 0.76
HEIGHT, WIDTH = 1440, 1920


def main() -> None:
    """Print the sums over all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--segmenter", default="learned")
    parser.add_argument("--guard", type=float, nargs="*", default=[0.0, 100.0])
    given = parser.parse_args()
    rows = []
    for seed in range(given.pictures):
        pixels = simulate_field(FieldDesign(width=WIDTH, height=HEIGHT, pixel_size=UM), seed).picture
        for guard in given.guard:
            chosen = {"picture": {"guard_zone": guard}, "segment": {"segmenter": given.segmenter}}
            rows += compare(pixels, Settings.model_validate(chosen), guard)
        print(f"{seed + 1} of {given.pictures} pictures", file=sys.stderr)
        show(rows, sys.stderr)
    show(rows, sys.stdout)


def show(rows: list[dict[str, object]], file: TextIO) -> None:
    """Print the sums so far."""
    table = pd.DataFrame(rows).groupby(["guard zone, µm", "counted from"], sort=False).sum()
    for name in ("osteoclasts", "nuclei", "other cells"):
        table[f"{name} per mm²"] = (table[name] / table["mm²"]).round(1)
    print(table.to_string(), file=file)


def compare(pixels: np.ndarray, settings: Settings, guard: float) -> list[dict[str, object]]:
    """Count a picture and its quarters; return their sums, and what the quarters should have."""
    whole = counted(pixels, settings)
    corners = {shape.label: (shape.top, shape.left) for shape in measure_shapes(whole.segmentation.cells)}
    half = HEIGHT // 2, WIDTH // 2
    quarters, expected = [], []
    for top in (0, half[0]):
        for left in (0, half[1]):
            found = counted(pixels[top : top + half[0], left : left + half[1]], settings)
            zone = found.frame.guard_px
            at = whole.cells["cell_id"].map(corners)
            inside = [top < y < top + half[0] - zone and left < x < left + half[1] - zone for y, x in at]
            quarters.append(sums(found.cells[found.cells["counted"]], found))
            expected.append(sums(whole.cells[inside], found))
    named = {"whole picture": [sums(whole.cells[whole.cells["counted"]], whole)],
             "quarters": quarters, "whole, in the quarters' frames": expected}  # fmt: skip
    return [{"guard zone, µm": guard, "counted from": name, **row} for name, part in named.items() for row in part]


def counted(pixels: np.ndarray, settings: Settings) -> FieldResult:
    """Count one picture."""
    size = PixelSize(UM, "given by the user")
    return analyse(Picture(Path("a.png"), np.ascontiguousarray(pixels), "rgb", ("",) * 3, size, ""), settings)


def sums(cells: pd.DataFrame, found: FieldResult) -> dict[str, float]:
    """Return osteoclasts, nuclei and other cells of ``cells``, and the area they were counted in."""
    osteoclast = cells["is_osteoclast"].astype(bool)
    area = found.summary["imaged_area_mm2"]
    return {"osteoclasts": int(osteoclast.sum()), "nuclei": int(cells["n_nuclei"].sum()),
            "other cells": int((~osteoclast).sum()), "mm²": round(float(area or 0), 4)}  # fmt: skip


if __name__ == "__main__":
    main()

"""How time and memory grow with the size of a well: simulated brightfield wells of 3 to 290 megapixels.

    python benchmarks/big_wells.py [--sides 1700 3500 7700 17000] [--folder DIR]

Every size runs in a process of its own, so that its peak memory is its own. The last line is the exponent of time over
pixels, from the smallest to the largest.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import tifffile

from osteocount import Settings
from osteocount.pipeline import run
from osteocount.simulate import FieldDesign, simulate_field

TILE = 256
PIXEL_UM = 0.76


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sides", type=int, nargs="+", default=[1700, 3500, 7700, 17000])
    options.add_argument("--folder", type=Path, help="where the wells are kept; a temporary folder when left out")
    options.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        print(json.dumps(count(given.one)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        rows = [measured(side, given.folder or Path(temporary)) for side in given.sides]
    print("\n".join(table(rows)))


def measured(side, folder):
    """Make a well unless it is there, and count it in a fresh process."""
    path = folder / f"well_{side}.tif"
    if not path.exists():
        write_well(path, side)
    done = subprocess.run([sys.executable, __file__, "--one", path], check=True, capture_output=True, text=True)
    return {"pixels": side * side, **json.loads(done.stdout.splitlines()[-1])}


def count(path):
    """Count one well; seconds of the wall, of the processor, and peak memory of this process."""
    cv2.setNumThreads(1)
    chosen = {"picture": {"pixel_size": PIXEL_UM, "well_view": "whole"}, "segment": {"segmenter": "classical"}}
    settings = Settings.model_validate(chosen)
    wall, processor = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as out:
        for _ in run(path, Path(out) / "result", settings):
            pass
    return {
        "wall": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def write_well(path, side):
    """Write a square well of mirrored simulated fields, tile by tile."""
    field = simulate_field(FieldDesign(width=1920, height=1440, pixel_size=PIXEL_UM), 1).picture
    period = [np.concatenate([np.arange(n), np.arange(n)[::-1]]) for n in field.shape[:2]]

    def tiles():
        for top in range(0, side, TILE):
            for left in range(0, side, TILE):
                rows, columns = (
                    each[(at + np.arange(TILE)) % each.size] for each, at in zip(period, (top, left), strict=True)
                )
                yield field[rows[:, None], columns[None, :]]

    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        tiff.write(
            tiles(), shape=(side, side, 3), dtype=np.uint8, tile=(TILE, TILE), photometric="rgb", compression="zlib"
        )


def table(rows):
    first, last = rows[0], rows[-1]
    lines = ["| megapixels | seconds | processor seconds | s per MP | peak memory, MB |", "|---|---|---|---|---|"]
    for row in rows:
        megapixels = row["pixels"] / 1e6
        lines.append(
            f"| {megapixels:.1f} | {row['wall']:.1f} | {row['processor']:.1f} | {row['processor'] / megapixels:.3f} "
            f"| {row['megabytes']:.0f} |"
        )
    if len(rows) > 1:
        exponent = math.log(last["processor"] / first["processor"]) / math.log(last["pixels"] / first["pixels"])
        lines.append(f"\nProcessor time grows with pixels to the power of {exponent:.2f}.")
    return lines


if __name__ == "__main__":
    main()

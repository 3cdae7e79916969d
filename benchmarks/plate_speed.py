"""A plate of simulated fields with one and two workers: time, and whether the parent's memory grows with the plate.

python benchmarks/plate_speed.py [--fields 96] [--side 1440]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tifffile

from osteocount.simulate import FieldDesign, simulate_field

DIFFERENT = 8  # simulated fields; the plate repeats them under other names


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--fields", type=int, default=96)
    options.add_argument("--side", type=int, default=1440)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plate = Path(folder) / "plate"
        make_plate(plate, given.fields, given.side)
        print(f"load before: {os.getloadavg()[0]:.1f}; {given.fields} fields of {given.side**2 / 1e6:.2f} megapixels")
        one, two = (timed(plate, Path(folder) / f"out{n}", n) for n in (1, 2))
    print(f"two workers: {one[0] / two[0]:.2f} × one worker ({two[0]:.1f} s and {one[0]:.1f} s)")
    print(f"largest process: {one[1]:.0f} MB with one worker; parent of two workers: {two[1]:.0f} MB")


def make_plate(plate, fields, side):
    """Write a plate whose fields repeat a few simulated ones."""
    plate.mkdir()
    pictures = [simulate_field(FieldDesign(width=side, height=side), seed).picture for seed in range(DIFFERENT)]
    for number in range(fields):
        row, column = divmod(number, 24 if fields > 96 else 12)
        path = plate / f"{chr(65 + row)}{column + 1:02d}_f1.tif"
        tifffile.imwrite(path, pictures[number % DIFFERENT], photometric="rgb", compression="zlib")


def timed(plate, out, workers):
    """Seconds of a run, and the largest memory of its first process in MB."""
    program = (
        "import resource, sys; from osteocount import pipeline; from osteocount.settings import Settings\n"
        "from pathlib import Path\n"
        "if __name__ == '__main__':\n"
        "    settings = Settings.model_validate({'picture': {'pixel_size': 0.76}})\n"
        "    for _ in pipeline.run(Path(sys.argv[1]), Path(sys.argv[2]), settings, workers=int(sys.argv[3])): pass\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    script = out.with_suffix(".py")
    script.write_text(program, encoding="utf-8")
    started = time.perf_counter()
    said = subprocess.run(
        [sys.executable, script, plate, out, str(workers)], check=True, capture_output=True, text=True
    )
    return time.perf_counter() - started, float(said.stdout.split()[-1])


if __name__ == "__main__":
    main()

"""A plate of simulated fields with one and two workers: time, and whether the parent's memory grows with the plate.

    python benchmarks/plate_speed.py [--fields 96] [--side 1440] [--segmenter classical learned]

About eight minutes on two free cores. One worker is one process with its usual settings.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import doc_sections
import tifffile

from osteocount.simulate import FieldDesign, simulate_field
from osteocount.wells import well_name

DIFFERENT = 8  # simulated fields; the plate repeats them under other names


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--fields", type=int, default=96)
    options.add_argument("--side", type=int, default=1440)
    options.add_argument("--segmenter", nargs="+", default=["classical", "learned"], choices=["classical", "learned"])
    options.add_argument("--out", type=Path, default=doc_sections.PERFORMANCE)
    given = options.parse_args()
    heading = f"{doc_sections.command()}, {doc_sections.machine()}."
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        plate, quarter = Path(folder) / "plate", Path(folder) / "quarter"
        make_plate(plate, given.fields, given.side)
        make_plate(quarter, given.fields // 4, given.side)
        for segmenter in given.segmenter:
            one, two = (timed(plate, Path(folder) / f"{segmenter}{n}", n, segmenter) for n in (1, 2))
            rows.append(f"| {segmenter} | {one[0] / two[0]:.2f} | {one[0]:.1f} | {two[0]:.1f} | {one[2]:.0f} |")
        few, many = (timed(each, Path(folder) / f"{each.name}_two", 2, "classical")[1:] for each in (quarter, plate))
    doc_sections.write("workers", [
        f"## A plate of {given.fields} fields of {given.side**2 / 1e6:.2f} megapixels",
        "",
        heading,
        "",
        "| segmenter | one worker ÷ two workers | one worker, s | two workers, s | memory of one worker, MB |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"Peak memory of the parent of two workers when all is counted: {few[0]:.0f} MB with {given.fields // 4} "
        f"wells, {many[0]:.0f} MB with {given.fields}. At the end, with the tables and the report of the whole plate: "
        f"{few[1]:.0f} and {many[1]:.0f} MB.",
        "",
    ], given.out)  # fmt: skip


def make_plate(plate, fields, side):
    """Write a plate whose fields repeat a few simulated ones."""
    plate.mkdir()
    pictures = [simulate_field(FieldDesign(width=side, height=side), seed).picture for seed in range(DIFFERENT)]
    for number in range(fields):
        row, column = divmod(number, 24 if fields > 96 else 12)
        path = plate / f"{well_name(row + 1, column + 1)}_f1.tif"
        tifffile.imwrite(path, pictures[number % DIFFERENT], photometric="rgb", compression="zlib")


def timed(plate, out, workers, segmenter):
    """Seconds of a run, and the largest memory of its first process in MB: when all is counted, and at the end."""
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import doc_sections; from osteocount import pipeline; from osteocount.settings import Settings\n"
        "from pathlib import Path\n"
        "if __name__ == '__main__':\n"
        "    chosen = {'picture': {'pixel_size': 0.76}, 'segment': {'segmenter': sys.argv[4]}}\n"
        "    settings = Settings.model_validate(chosen)\n"
        "    for step in pipeline.run(Path(sys.argv[1]), Path(sys.argv[2]), settings, workers=int(sys.argv[3])):\n"
        "        if isinstance(step, pipeline.Progress): counted = doc_sections.peak_megabytes()\n"
        "    print(counted, doc_sections.peak_megabytes())"
    )
    script = out.with_suffix(".py")
    script.write_text(program, encoding="utf-8")
    command = [sys.executable, script, plate, out, str(workers), segmenter]
    started = time.perf_counter()
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - started, *map(float, said.stdout.split()[-2:])


if __name__ == "__main__":
    main()

"""How fast it starts and how fast it counts, with the floor (decode + one Gaussian pass) beside it.

python benchmarks/speed.py [--out docs/performance.md]
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import tifffile
from peers import all_peers

from osteocount import Settings, analyse, read_picture
from osteocount.io.labels import write_labels
from osteocount.io.overlay import write_overlay
from osteocount.segment import get_segmenter
from osteocount.simulate import FieldDesign, simulate_field

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 1920, 1440


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, default=ROOT / "docs" / "performance.md")
    given = options.parse_args()
    text = [
        "# Performance",
        "",
        f"Made by `python benchmarks/speed.py` on {os.cpu_count()} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, one thread, with a load of {os.getloadavg()[0]:.1f} from other work on the "
        "machine when it began. Times are the best of three; ratios travel, seconds do not.",
        "",
        *starting(),
        *field(),
    ]
    given.out.write_text("\n".join(text) + "\n", encoding="utf-8")
    print("\n".join(text))


def best(action, runs=3):
    """Shortest of a few runs, in seconds."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return min(times)


def starting():
    """Seconds from nothing to an imported package and to the help page."""
    program = [sys.executable, "-c", "pass"], [sys.executable, "-c", "import osteocount"]
    bare, package = (best(lambda c=command: subprocess.run(c, check=True)) for command in program)
    command = [Path(sys.executable).with_name("osteocount"), "--help"]
    helped = best(lambda: subprocess.run(command, check=True, capture_output=True))
    return [
        "## Start",
        "",
        "| what | seconds |",
        "|---|---|",
        f"| Python alone | {bare:.2f} |",
        f"| `import osteocount` | {package:.2f} |",
        f"| `osteocount --help` | {helped:.2f} |",
        "",
    ]


def field():
    """Stages of one simulated field, against decoding it and one Gaussian pass."""
    cv2.setNumThreads(1)
    simulated = simulate_field(FieldDesign(width=WIDTH, height=HEIGHT), 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "field.tif"
        tifffile.imwrite(path, simulated.picture, compression="zlib", photometric="rgb")
        settings = Settings.model_validate({"picture": {"pixel_size": 0.76}, "segment": {"segmenter": "classical"}})
        learned = Settings.model_validate({"picture": {"pixel_size": 0.76}, "segment": {"segmenter": "learned"}})
        picture = read_picture(path, pixel_size_um=0.76)
        result = analyse(picture, settings)
        found = result.segmentation
        rows = [
            ("decode", lambda: read_picture(path, pixel_size_um=0.76)),
            ("decode + one Gaussian pass (the floor)", lambda: cv2.GaussianBlur(tifffile.imread(path), (0, 0), 1.5)),
            ("segment", lambda: get_segmenter(settings).segment(picture)),
            ("segment, measure and check", lambda: analyse(picture, settings)),
            ("segment, measure and check, learned", lambda: analyse(picture, learned)),
            ("write label images", lambda: write_labels(found.cells, Path(folder) / "c.tif", 0.76)),
            (
                "write overlay",
                lambda: write_overlay(picture, found.cells, result.nuclei, result.cells, Path(folder) / "o.png"),
            ),
        ]
        times = {name: best(action) for name, action in rows}
        command = [Path(sys.executable).with_name("osteocount"), "count", path, "--out", Path(folder) / "cold"]
        times["one cold command, with report"] = best(
            lambda: subprocess.run([*command, "--overwrite", "-q"], check=True, capture_output=True), 1
        )
        peers = all_peers(path, Path(folder))
    total = times["decode"] + times["segment, measure and check"]
    floor = times["decode + one Gaussian pass (the floor)"]
    return [
        f"## One simulated field of {WIDTH * HEIGHT / 1e6:.1f} megapixels, {len(result.cells)} TRAP-positive cells",
        "",
        "| stage | seconds | times the floor |",
        "|---|---|---|",
        *(f"| {name} | {seconds:.3f} | {seconds / floor:.1f} |" for name, seconds in times.items()),
        f"| **file to tables, classical** | **{total:.3f}** | **{total / floor:.1f}** |",
        "",
        "## Other programs on the same field",
        "",
        "| program | times as long as ours, classical | seconds |",
        "|---|---|---|",
        *(
            f"| {name} | {took / total:.1f} | {took:.2f} |" if isinstance(took, float) else f"| {name} | {took} | |"
            for name, took in peers.items()
        ),
        "",
        "A plate with one and two workers: `python benchmarks/plate_speed.py`.",
        "",
    ]


if __name__ == "__main__":
    main()

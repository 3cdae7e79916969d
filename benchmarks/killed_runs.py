"""Kill a run over a plate, and one over a large well, again and again at random moments: no well lost, none wrong.

    python benchmarks/killed_runs.py [--kills 200] [--seed 1] [--out docs/killed_runs.md]

Each killed process goes on where the one before was ended (SIGKILL); every run that ends is compared byte by byte with
an undisturbed one, and the next begins anew. Four fifths of the kills hit the plate of six small pictures, the others
one picture that is worked on tile by tile.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import doc_sections

from osteocount.io import picture
from osteocount.pipeline.runner import run
from osteocount.settings import Settings
from support.pictures import canvas, osteoclast, photograph

SETTINGS = Settings.model_validate({"picture": {"pixel_size": 1.0}, "segment": {"segmenter": "classical"}})
LARGE_PX = 300_000
"""Pictures above are worked on in tiles here, so that a small one stands for a whole well."""


def write_picture(path, height, width, places, **options):
    od = canvas(height, width)
    for place in places:
        osteoclast(od, place)
    tifffile.imwrite(path, photograph(od), photometric="rgb", **options)


def count(source, out):
    """Do what is left of a run."""
    picture.LARGE_PIXELS = LARGE_PX
    list(run(source, out, SETTINGS, if_present="resume"))


def content(out):
    """Everything that may not depend on how the run went."""
    files = [*out.glob("*.csv"), *out.glob("labels/*"), *out.glob("overlays/*")]
    return {file.relative_to(out).as_posix(): file.read_bytes() for file in files}


def torture(source, kills, chance, folder):
    """Kill so often; give how many runs ended meanwhile, and how many files of theirs differ."""
    count(source, folder / "first")  # so that what is loaded once is not in the time
    started = time.perf_counter()
    count(source, folder / "whole")
    seconds, whole = time.perf_counter() - started, content(folder / "whole")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["osteocount.pipeline.runner", "osteocount.report.write", "osteocount.stats"])
    killed = ended = wrong = 0
    out = folder / "killed"
    while killed < kills:
        process = context.Process(target=count, args=(source, out))
        process.start()
        process.join(chance.uniform(0.02, 1.2) * seconds)
        if process.exitcode is None:
            process.kill()
            killed += 1
            print(f"\r{killed} kills, {ended} runs ended", end="", file=sys.stderr, flush=True)
        process.join()
        if process.exitcode == 0:
            ended += 1
            wrong += differing(content(out), whole)
            shutil.rmtree(out)
        elif process.exitcode > 0:
            raise RuntimeError("a resumed run failed")
    count(source, out)
    return killed, ended + 1, wrong + differing(content(out), whole), len(whole)


def differing(one, other):
    return sum(one.get(name) != other.get(name) for name in one | other)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "killed_runs.md")
    given = options.parse_args()
    chance = random.Random(given.seed)  # noqa: S311 - moments to kill, no secrets
    of_well = given.kills // 5
    lines, differ = [], 0
    with tempfile.TemporaryDirectory() as temporary:
        plate, well = Path(temporary) / "plate", Path(temporary) / "well"
        for name, kills in ((plate, given.kills - of_well), (well, of_well)):
            (name / "pictures").mkdir(parents=True)
            if name is plate:
                for number in range(6):
                    place = (40 + 10 * number, 70)
                    write_picture(name / "pictures" / f"A{number + 1}.tif", 140, 160, [place])
            else:
                places = [(int(y), int(x)) for y, x in np.random.default_rng(1).integers(60, 640, (12, 2))]
                write_picture(name / "pictures" / "well.tif", 700, 700, places, tile=(128, 128), compression="zlib")
            killed, ended, wrong, files = torture(name / "pictures", kills, chance, name)
            differ += wrong
            lines.append(f"| {name.name} | {killed} | {ended} | {files} | {wrong} |")
    given.out.write_text("\n".join([
        "# Killed runs",
        "",
        f"{doc_sections.command()}, {doc_sections.machine()}.",
        "",
        "Runs killed with SIGKILL at random moments and resumed until they end; tables, label images and overlays of "
        "every run that ended are compared byte by byte with those of an undisturbed one. The plate has six small "
        "pictures, the well is one picture that is worked on tile by tile.",
        "",
        "| what | kills | runs that ended | files compared each | files that differ |",
        "|---|---:|---:|---:|---:|",
        *lines,
        "",
    ]), encoding="utf-8")  # fmt: skip
    sys.exit(bool(differ))


if __name__ == "__main__":
    main()

"""A large well whose run is killed again and again ends with the bytes of an undisturbed run, or this says so.

    python benchmarks/killed_wells.py [--megapixels 290] [--kills 10] [--segmenter classical]

About three minutes on two free cores.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import big_wells
import doc_sections

OSTEOCOUNT = Path(sys.executable).with_name("osteocount")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--megapixels", type=float, default=290)
    options.add_argument("--kills", type=int, default=10)
    options.add_argument("--segmenter", default="classical", choices=["classical", "learned"])
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--folder", type=Path, help="where the well is kept; a temporary folder when left out")
    options.add_argument("--out", type=Path, default=doc_sections.PERFORMANCE)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        well = big_wells.well(given.folder or Path(temporary), given.megapixels)
        undisturbed, killed = (Path(temporary) / name for name in ("undisturbed", "killed"))
        started = time.perf_counter()
        subprocess.run(command(well, undisturbed, given.segmenter), check=True)
        seconds = time.perf_counter() - started
        lived = [kill(command(well, killed, given.segmenter), limit) for limit in moments(given, seconds)]
        started = time.perf_counter()
        subprocess.run(command(well, killed, given.segmenter), check=True)
        last = time.perf_counter() - started
        one, other = digests(undisturbed), digests(killed)
    differ = sorted(name for name in one | other if one.get(name) != other.get(name))
    doc_sections.write("killed", [
        "## Killed and resumed",
        "",
        f"{doc_sections.command()}, {doc_sections.machine()}.",
        "",
        f"{given.megapixels:g} megapixels, {given.segmenter}: undisturbed {seconds:.0f} s; killed (SIGKILL) "
        f"{sum(lived)} times at random moments and resumed each time, the last run took {last:.0f} s. "
        + (f"**{', '.join(differ)} differ.**" if differ else f"All {len(one)} files have the same bytes."),
        "",
    ], given.out)  # fmt: skip
    sys.exit(bool(differ))


def command(well, out, segmenter):
    return [OSTEOCOUNT, "count", well, "--out", out, "--resume", "-q", "--pixel-size", "0.76", "--segmenter", segmenter]


def moments(given, seconds):
    """Return when to kill, in seconds after the start; all together about as long as the undisturbed run."""
    chance = random.Random(given.seed)  # noqa: S311 - moments to kill, no secrets
    return [4 + chance.uniform(0, 2) * seconds / given.kills for _ in range(given.kills)]


def kill(arguments, after):
    """Start a run and kill it; False when it had ended by itself."""
    with subprocess.Popen(arguments) as run:
        try:
            run.wait(after)
        except subprocess.TimeoutExpired:
            run.kill()
            return True
    return False


def digests(out):
    """Hash everything that may not depend on how the run went: tables, label images, overlays."""
    files = [*out.glob("*.csv"), *out.glob("labels/*"), *out.glob("overlays/*")]
    return {file.relative_to(out).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


if __name__ == "__main__":
    main()

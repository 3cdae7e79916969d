"""Fuzz every parser of ours with mutated files, each for a while, and print what was raised that is no sentence.

    python benchmarks/fuzz_parsers.py [--seconds 600] [--seed 1] [--only layout]

Exit code 1 when anything was found; the inputs are kept in ``build/fuzz``.
"""

from __future__ import annotations

import argparse
import collections
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.parser_fuzz import PARSERS, mutations, try_parser

SLOW_S = 10.0
KEPT = Path("build/fuzz")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=600, help="for each parser")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", choices=sorted(PARSERS))
    given = options.parse_args()
    found = 0
    for name, parser in PARSERS.items():
        if given.only in (None, name):
            found += fuzz(name, parser, given.seconds, given.seed)
    sys.exit(bool(found))


def fuzz(name, parser, seconds, seed):
    """Fuzz one parser; give the number of different faults."""
    chance, faults, tried, slowest = random.Random(seed), collections.Counter(), 0, 0.0  # noqa: S311 - no secrets
    with tempfile.TemporaryDirectory() as folder:
        until = time.monotonic() + seconds
        for data in mutations(parser.seeds, chance):
            started = time.process_time()
            raised = try_parser(parser, Path(folder) / parser.file, data)
            took = time.process_time() - started
            slowest, tried = max(slowest, took), tried + 1
            fault = where(raised) if raised is not None else f"took over {SLOW_S:.0f} s" if took > SLOW_S else ""
            if fault:
                faults[fault] += 1
                if faults[fault] == 1:
                    KEPT.mkdir(parents=True, exist_ok=True)
                    (KEPT / f"{name} {len(faults)} {parser.file}").write_bytes(data)
            if time.monotonic() > until:
                break
    print(f"{name}: {tried} inputs, slowest {slowest:.2f} s of CPU, {len(faults)} faults", flush=True)
    for fault, times in faults.most_common():
        print(f"    {times} × {fault}", flush=True)
    return len(faults)


def where(error):
    """Say what was raised, and in which line of ours."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "osteocount" in frame.filename]
    at = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__name__} at {at}: {str(error)[:100]}"


if __name__ == "__main__":
    main()

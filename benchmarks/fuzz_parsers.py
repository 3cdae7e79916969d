"""Fuzz every parser of ours, each for a while, and print what was raised that is no sentence.

    python benchmarks/fuzz_parsers.py [--seconds 600] [--seed 1] [--only layout ...]

With atheris installed (`pip install atheris`) inputs are bred by which lines of the parser they reach; without it they
are mutations of good files. Every parser has a process of its own. Exit code 1 when anything was found; the inputs are
kept in ``build/fuzz``.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

SLOW_S = 10.0
KEPT = Path("build/fuzz")
LONGEST = 20_000
"""Bytes of an input that is bred; the seeds are shorter."""


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=600, help="of processor time for each parser")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", nargs="+")
    given = options.parse_args()
    guided = importlib.util.find_spec("atheris") is not None
    codes = []
    for name in given.only or names():
        with tempfile.TemporaryDirectory() as folder:
            asked = (name, Path(folder), given.seconds, given.seed)
            process = multiprocessing.get_context("spawn").Process(target=breed if guided else mutate, args=asked)
            process.start()
            process.join()
            codes.append(process.exitcode)
    sys.exit(any(codes))


def names():
    from support.parser_fuzz import PARSERS

    return list(PARSERS)


class Trial:
    """Tries inputs on one parser, and says every new fault at once."""

    def __init__(self, name, folder):
        from support.parser_fuzz import PARSERS, try_parser

        self.name, self.parser, self._try = name, PARSERS[name], try_parser
        self._path = Path(folder) / self.parser.file
        self.tried, self.slowest, self.faults, self._since = 0, 0.0, set(), time.process_time()

    def try_one(self, data):
        """Try one input."""
        started = time.process_time()
        raised = self._try(self.parser, self._path, data)
        took = time.process_time() - started
        self.tried, self.slowest = self.tried + 1, max(self.slowest, took)
        fault = where(raised) if raised is not None else f"took over {SLOW_S:.0f} s" if took > SLOW_S else ""
        if fault and fault not in self.faults:
            self.faults.add(fault)
            KEPT.mkdir(parents=True, exist_ok=True)
            (KEPT / f"{self.name} {len(self.faults)} {self.parser.file}").write_bytes(data)
            print(f"    {self.name}: {fault}", flush=True)

    def say(self):
        """Print what was done, and give the exit code."""
        print(
            f"{self.name}: {self.tried} inputs in {time.process_time() - self._since:.0f} s of processor time, slowest "
            f"{self.slowest:.2f} s, {len(self.faults)} faults",
            flush=True,
        )
        return bool(self.faults)


def mutate(name, folder, seconds, seed):
    """Fuzz one parser with mutated files."""
    from support.parser_fuzz import mutations

    chance, until = random.Random(seed), time.process_time() + seconds  # noqa: S311 - no secrets
    trial = Trial(name, folder)
    for data in mutations(trial.parser.seeds, chance):
        trial.try_one(data)
        if time.process_time() > until:
            sys.exit(trial.say())


def breed(name, folder, seconds, seed):
    """Fuzz one parser with inputs that are bred by the lines they reach."""
    import atheris

    with atheris.instrument_imports(include=["osteocount"]):
        from support.parser_fuzz import ODD
    trial, words, seeds = Trial(name, folder), folder / "words", folder / "seeds"
    words.write_text("".join(f'"{escaped(word)}"\n' for word in ODD if word))
    seeds.mkdir()
    for number, data in enumerate(trial.parser.seeds):
        (seeds / str(number)).write_bytes(data)
    until = time.process_time() + seconds

    def try_one(data):
        trial.try_one(data)
        if time.process_time() > until:
            os._exit(trial.say())  # libFuzzer would end the process without a word to Python

    limits = [f"-max_len={LONGEST}", f"-seed={seed}", f"-dict={words}", "-rss_limit_mb=4096", "-timeout=120"]
    limits += [f"-artifact_prefix={folder}/", "-report_slow_units=100000"]  # what is slow is said by `Trial`
    atheris.Setup([sys.argv[0], *limits, "-verbosity=0", str(seeds)], try_one)
    atheris.Fuzz()


def escaped(word):
    """Return bytes as libFuzzer's dictionaries write them."""
    return "".join(f"\\x{byte:02x}" for byte in word)


def where(error):
    """Say what was raised, and in which line of ours."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "osteocount" in frame.filename]
    at = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__name__} at {at}"


if __name__ == "__main__":
    main()

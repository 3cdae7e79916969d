"""Change the code of measure, stats and curate at random places, to see whether the tests notice.

    python benchmarks/mutation.py FOLDER [--sample 700] [--seed 1] [--out docs/mutation.md]

Needs `pip install mutmut`. FOLDER gets a copy of what is committed. All mutants would take days: a random sample is
drawn, from each room as many as it has lines of code, and tried in the order of drawing, so that a run ended early (or
read meanwhile, with --read) is a random sample too. Each mutant is run against the tests of these rooms that reach its
function, the quickest first, until one fails. The survivors are listed; what was judged of one is kept from the page
before as long as the change is the same. Threads of OpenCV can hang a forked worker, which then takes no processor
time: end it with `kill -9`, and its mutant counts as not tried.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import subprocess
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("measure", "stats", "curate")
SURVIVED, NOT_REACHED, ENDED = 0, 33, -9  # what the tool notes of a mutant
NOT_JUDGED = "not judged yet"
EARLIER = "## Earlier samples"  # from here on the page is written by hand, and kept

# The one test left out starts a process that does not find the mutants.
CONFIGURATION = f"""
[tool.mutmut]
source_paths = ["src"]
only_mutate = {json.dumps([f"src/osteocount/{room}/*.py" for room in ROOMS])}
pytest_add_cli_args_test_selection = {json.dumps([f"tests/{room}" for room in ROOMS])}
pytest_add_cli_args = ["--deselect=tests/curate/test_edit_log.py::test_a_killed_process_loses_no_acknowledged_edit"]
timeout_constant = 30.0
"""

QUICKEST_FIRST = '''

def pytest_collection_modifyitems(items):
    """Put the quickest first: a mutant is done at its first failure."""
    import json
    from pathlib import Path

    known = Path("mutmut-stats.json")
    seconds = json.loads(known.read_text())["duration_by_test"] if known.exists() else {}
    items.sort(key=lambda item: seconds.get(item.nodeid, 0))
'''


def prepare(folder: Path) -> None:
    """Copy what is committed, and set the tool up there."""
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    for name, more in (("pyproject.toml", CONFIGURATION), ("tests/conftest.py", QUICKEST_FIRST)):
        with (folder / name).open("a") as file:
            file.write(more)
    shared = ROOT.parent / "shared"
    if shared.exists():
        (folder / "shared").symlink_to(shared.resolve())


def draw(folder: Path, size: int, seed: int) -> dict[str, Any]:
    """Draw mutants, from each room as many as it has lines; say how many there are."""
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.format_utils import get_mutant_name

    mutants: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    for room in ROOMS:
        mutants[room], lines[room] = [], 0
        for path in sorted((folder / "src/osteocount" / room).glob("*.py")):
            code, name = path.read_text(), path.relative_to(folder)
            lines[room] += len(code.splitlines())
            mutants[room] += [get_mutant_name(name, key) for key in mutate_file_contents(str(name), code).mutant_names]
    rng, total = random.Random(seed), sum(lines.values())  # noqa: S311 - a sample, no secret
    drawn = [name for room in ROOMS for name in rng.sample(mutants[room], round(size * lines[room] / total))]
    rng.shuffle(drawn)
    return {"seed": seed, "all": {room: len(names) for room, names in mutants.items()}, "drawn": drawn}


def run(names: list[str]) -> None:
    """Let the tool try the mutants in the order of drawing."""
    import mutmut.__main__ as tool

    tool.estimated_worst_case_time = names.index  # what it sorts by
    tool.tests_for_mutant_names = lambda _: ["tests/measure/test_matching.py"]  # all have passed for its statistics
    tool._run(names, 1)


def read(folder: Path) -> dict[str, int]:
    """Return what became of each mutant that was tried."""
    found: dict[str, int] = {}
    for path in sorted((folder / "mutants/src/osteocount").glob("*/*.meta")):
        codes = json.loads(path.read_text())["exit_code_by_key"]
        found |= {name: code for name, code in codes.items() if code not in (None, ENDED)}
    return found


def described(folder: Path, name: str) -> str:
    """Return the function and what was changed in it, as the two first cells of a row."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    os.chdir(folder)
    path = Path("src", *name.split(".")[:-1]).with_suffix(".py")
    lines = [line for line in get_diff_for_mutant(name, path=path).splitlines() if not line.startswith(("---", "+++"))]
    old, new = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    function = re.sub(r"^x_|^xǁ|__mutmut_\d+$", "", name.split(".")[-1]).replace("ǁ", ".")
    where = f"{'/'.join(name.split('.')[1:-1])}.py `{function}`"
    change = f"`{old}` → `{new}`".replace("|", "\\|")
    return f"| {where} | {change} |"


def page(folder: Path, tried: dict[str, int], sample: dict[str, Any], before: str) -> str:
    """Write the page; judgements of the page before are kept, and what it says of earlier samples."""
    judged = dict(re.findall(r"^(\| .+` \|) (.+) \|$", before, re.MULTILINE))
    lived = (SURVIVED, NOT_REACHED)
    counts = {
        room: Counter(code in lived for name, code in tried.items() if name.split(".")[1] == room) for room in ROOMS
    }
    rows = [described(folder, name) for name, code in sorted(tried.items()) if code in lived]
    noticed = len(tried) - len(rows)
    share = binomtest(noticed, len(tried)).proportion_ci(method="wilson")
    earlier = before[before.find(EARLIER) :] if EARLIER in before else ""
    return "\n".join([
        "# Mutants that the tests let live", "",
        "`python benchmarks/mutation.py FOLDER` (mutmut): the code of three rooms is changed at random places, one "
        "at a time, and the tests of these rooms are run. What they do not notice is listed and judged.", "",
        f"Of {sum(sample['all'].values())} mutants that there are, {len(sample['drawn'])} were drawn (seed "
        f"{sample['seed']}) and {len(tried)} of these tried: {noticed} noticed, {len(rows)} not. Noticed: "
        f"{noticed / len(tried):.1%} (95 % CI {share.low:.1%} to {share.high:.1%}, Wilson).", "",
        "| room | there are | tried | noticed | not noticed |", "|---|---:|---:|---:|---:|",
        *(f"| {room} | {sample['all'][room]} | {own.total()} | {own[False]} | {own[True]} |"
          for room, own in counts.items()),
        "",
        "| where | change | judged |", "|---|---|---|",
        *(f"{row} {judged.get(row, NOT_JUDGED)} |" for row in rows), "", earlier,
    ])  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", type=int, default=700)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/mutation.md")
    parser.add_argument("--read", action="store_true", help="write the page of what was tried so far, and try nothing")
    args = parser.parse_args()
    folder, out = args.folder.resolve(), args.out.resolve()
    sample = folder / "sample.json"
    if not args.read:
        prepare(folder)
        os.chdir(folder)  # before anything of the tool is called: it keeps the first settings that it reads
        sample.write_text(json.dumps(draw(folder, args.sample, args.seed), indent=1))
        run(json.loads(sample.read_text())["drawn"])
    before = out.read_text(encoding="utf-8") if out.exists() else ""
    out.write_text(page(folder, read(folder), json.loads(sample.read_text()), before), encoding="utf-8")


if __name__ == "__main__":
    main()

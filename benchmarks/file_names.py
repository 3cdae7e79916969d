"""Names of pictures made by hand and by instruments: which wells are read, which are asked about.

    python benchmarks/file_names.py

The names and the wells that people would read in them are in ``tests/plate/file_names.csv``; names of one line lie
in one folder. Wrong is a well that is not the one, or where there is none; asked, that no well is taken where there is
one. A few seconds.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from osteocount.errors import OsteoCountError
from osteocount.plate.index import index_pictures

TABLE = Path(__file__).parents[1] / "tests" / "plate" / "file_names.csv"


def outcomes() -> Iterator[tuple[str, str, str, str, str]]:
    """Yield (made by, names, wells that are meant, what was read, outcome) of every line of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            names = line["names"].split("|")
            meant = ["" if well == "none" else well for well in line["wells"].split("|")] * (
                len(names) if line["wells"] == "none" else 1
            )
            read, pattern = read_wells(names)
            yield line["made_by"], line["names"], line["wells"], pattern or _shown(read), judged(meant, read)


def read_wells(names: list[str]) -> tuple[list[str], str]:
    """Return the well of every name of a folder, "" without one, and the refusal where there is one."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        try:
            index = index_pictures(Path(folder))
        except OsteoCountError:
            return [""] * len(names), "refused"
        wells = {entry.path: entry.well for entry in index.entries}
        return [wells.get(Path(folder, name), "") for name in names], ""


def judged(meant: list[str], read: list[str]) -> str:
    """Return "right", "asked" or "wrong"."""
    if any(well and well != wanted for wanted, well in zip(meant, read, strict=True)):
        return "wrong"
    return "right" if meant == read else "asked"


def _shown(wells: list[str]) -> str:
    return ", ".join(dict.fromkeys(wells)) or "no well"


def main() -> int:
    """Print the table and its sums."""
    sums: Counter[tuple[str, str]] = Counter()
    for made_by, names, meant, read, outcome in outcomes():
        sums[made_by, outcome] += 1
        shown = names if len(names) <= 70 else names[:67] + "..."
        print(f"{made_by:10}  {outcome:5}  {shown:70}  {meant[:20]:20}  {read[:30]}")
    print("\nmade by     right  asked  wrong")
    for made_by in dict.fromkeys(key for key, _ in sums):
        print(f"{made_by:10}" + "".join(f"{sums[made_by, outcome]:7}" for outcome in ("right", "asked", "wrong")))
    return int(any(outcome == "wrong" for _, outcome in sums))


if __name__ == "__main__":
    sys.exit(main())

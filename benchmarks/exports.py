"""Exports of plate readers that other projects test with, beside the values these projects expect.

    python benchmarks/exports.py FOLDER

``FOLDER`` holds exports (text, CSV, Excel) and, beside each, a JSON of the same name in Allotrope's simple model, as in
the tests of allotropy (MIT licence; source packages up to version 0.1.26 hold them under ``tests/parsers``). Nothing of
them is kept here. Two seconds for sixty files.

A value is wrong when a raw block gives a well what the other project does not expect for it. A value is missing when no
block, raw or not, gives the well what is expected. Values that one side leaves out of range or empty, and those that
the JSON cuts to whole numbers, are not compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.model import ReadingBlock
from osteocount.plate.absorbance.read import read_export
from osteocount.wells import canonical_well, well_name

MEASURED = ("absorbance", "fluorescence", "luminescence")
SUFFIXES = (".txt", ".csv", ".tsv", ".xlsx", ".asc")

Values = dict[str, Counter[float]]
"""Well → its values, each with how often it is there (plates and wavelengths together)."""


@dataclass
class Outcome:
    """What came of one export."""

    name: str
    read: int = 0
    expected: int = 0
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    truncated: int = 0
    refused: str = ""


def measurements(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every measurement of a document that names a well."""
    if isinstance(node, dict):
        sample = node.get("sample document")
        if isinstance(sample, dict) and ("location identifier" in sample or "well location identifier" in sample):
            yield node
        for value in node.values():
            yield from measurements(value)
    elif isinstance(node, list):
        for value in node:
            yield from measurements(value)


def expected_values(path: Path) -> Values:
    """Return what the other project expects of each well."""
    values: Values = defaultdict(Counter)
    for measurement in measurements(json.loads(path.read_text(encoding="utf-8"))):
        sample = measurement["sample document"]
        well = canonical_well(str(sample.get("location identifier") or sample.get("well location identifier")))
        for value in measured(measurement):
            values[well][round(value, 9) + 0.0] += 1
    return values


def measured(measurement: dict[str, Any]) -> Iterator[float]:
    """Yield the raw values of a measurement: single ones and those of its data cubes."""
    for name, value in measurement.items():
        if name in MEASURED and isinstance(value, dict) and isinstance(value.get("value"), int | float):
            yield float(value["value"])
        elif name.endswith("data cube") and isinstance(value, dict):
            concepts = [each.get("concept") for each in value["cube-structure"]["measures"]]
            for concept, column in zip(concepts, value["data"].get("measures", []), strict=False):
                if concept in MEASURED:
                    yield from (float(each) for each in column if isinstance(each, int | float))


def read_values(blocks: list[ReadingBlock]) -> Values:
    """Return what our reader gives each well."""
    values: Values = defaultdict(Counter)
    for block in blocks:
        for reading in block.readings:
            if reading.value is not None:
                values[well_name(reading.row, reading.column)][round(reading.value, 9) + 0.0] += 1
    return values


def compare(export: Path, root: Path) -> Outcome:
    """Read one export and compare it with the JSON beside it, if there is one."""
    outcome = Outcome(export.relative_to(root).as_posix())
    try:
        blocks = read_export(export)
    except OsteoCountError as error:
        outcome.refused = str(error).replace(f"{export}: ", "")
        blocks = []
    raw = read_values([block for block in blocks if block.kind == "raw"])
    outcome.read = sum(each.total() for each in raw.values())
    beside = export.with_suffix(".json")
    expected = expected_values(beside) if beside.exists() else {}
    outcome.expected = sum(each.total() for each in expected.values())
    if not expected:
        return outcome
    anywhere = read_values(blocks)
    for well in sorted({*raw, *expected}):
        said = expected.get(well, Counter())
        more, fewer = raw.get(well, Counter()) - said, said - anywhere.get(well, Counter())
        for value in [value for value in more if not value.is_integer() and float(int(value)) in fewer]:
            outcome.truncated += 1  # 2.63 in the file, 2 in the JSON
            more[value] -= 1
            fewer[float(int(value))] -= 1
        outcome.wrong += [f"{well} {value:g}" for value in more.elements()]
        outcome.missing += [f"{well} {value:g}" for value in fewer.elements() if value]
    return outcome


def main() -> int:
    """Print one line per export and the sums."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="searched with its sub-folders")
    parser.add_argument("--only", default="", help="only exports whose path holds this")
    parser.add_argument("--blocks", action="store_true", help="list the blocks too")
    options = parser.parse_args()
    root: Path = options.folder
    exports = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and options.only in p.as_posix())
    if not exports:
        print(f"{root}: no exports here.")
        return 1
    outcomes = []
    for export in exports:
        outcome = compare(export, root)
        outcomes.append(outcome)
        examples = "; ".join([*(f"+ {text}" for text in outcome.wrong[:4]), *(f"- {t}" for t in outcome.missing[:4])])
        if outcome.truncated:
            examples = f"{outcome.truncated} values are cut to whole numbers in the JSON. {examples}"
        counts = f"{outcome.read:6} {outcome.expected:6} {len(outcome.wrong):6} {len(outcome.missing):6}"
        print(f"{counts}  {outcome.name}  {outcome.refused or examples}")
        if options.blocks and not outcome.refused:
            for block in read_export(export):
                nm = "" if block.wavelength_nm is None else f"{block.wavelength_nm:g} nm"
                print(f"         {block.kind:16} {block.signal:12} {nm:8} {block.n_values:5}  {block.name}")
    tested = [each for each in outcomes if each.expected]
    print(f"  read expect  wrong missing  of {len(tested)} exports with expected values, {len(outcomes)} in all")
    sums = (sum(each.read for each in tested), sum(each.expected for each in tested))
    print(f"{sums[0]:6} {sums[1]:6} {sum(len(e.wrong) for e in tested):6} {sum(len(e.missing) for e in tested):6}")
    return int(any(each.wrong for each in tested))


if __name__ == "__main__":
    sys.exit(main())

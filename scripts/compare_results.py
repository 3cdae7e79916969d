"""Count the same inputs with two versions of the program, and tell which bytes of the results differ.

    python scripts/compare_results.py inputs INPUTS [--shared DIR]   # once: write the inputs
    python scripts/compare_results.py make INPUTS RESULTS            # with each version
    python scripts/compare_results.py compare RESULTS OTHER_RESULTS  # exit code 1 where anything differs

For changes that must not change a number: a file that moves, a type that gets another name, two ways that become one.
Label images, overlays and tables are compared byte by byte, workbooks cell by cell; of the run record and the report
everything but times, versions and commands. ``--shared`` adds pictures and tables that are not in the repository: every
picture in ``DIR/real`` and ``DIR/real/wells``, every table in ``DIR/stats``, ``DIR/plate_reader`` and ``DIR/cases``.
"""

from __future__ import annotations

import argparse
import filecmp
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PICTURES = {".png", ".tif", ".tiff", ".jpg"}
UNEQUAL = {
    "created",
    "seconds",
    "version",
    "versions",
    "libraries",
    "command",
    "finished",
    "started",
    "date",
    "python",
    "platform",
}
"""Keys of the run record that say when, where and by what it was made."""
CHANGING = re.compile(
    r"\d+(\.\d+)? (s|seconds|min)\b|\d{4}-\d\d-\d\d[T ]?[\d:.+]*|OsteoCount \d[\w.]*|osteocount (run|count) [^<\n]*"
    r"|<td class=\"n\">[\d.]+</td>(?=\s*<td class=\"record\")"
)
"""Dates, versions, commands and times, also those in the column before the record of a picture."""


def main() -> None:
    """Do the step that the command line names."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = options.add_subparsers(required=True)
    step = steps.add_parser("inputs")
    step.add_argument("inputs", type=Path)
    step.add_argument("--shared", type=Path)
    step.set_defaults(run=lambda given: write_inputs(given.inputs, given.shared))
    step = steps.add_parser("make")
    step.add_argument("inputs", type=Path)
    step.add_argument("results", type=Path)
    step.add_argument("--only", default="", help="only the results whose names hold this")
    step.set_defaults(run=lambda given: make(given.inputs, given.results, given.only))
    step = steps.add_parser("compare")
    step.add_argument("results", type=Path)
    step.add_argument("others", type=Path)
    step.add_argument("--only", default="", help="only the results whose names hold this")
    step.set_defaults(run=lambda given: compare(given.results, given.others, given.only))
    given = options.parse_args()
    given.run(given)


def write_inputs(inputs: Path, shared: Path | None) -> None:
    """Write pictures and tables of every kind that the program reads."""
    import numpy as np
    import tifffile

    from osteocount.simulate import FieldDesign, simulate_field

    inputs.mkdir(parents=True)
    plate = inputs / "plate"
    plate.mkdir()
    for path in (ROOT / "sample_images").iterdir():
        if path.is_file():
            shutil.copy(path, plate)
    field = simulate_field(FieldDesign(width=1936, height=1936, pixel_size=0.76), 11).picture
    large = np.concatenate([np.concatenate([field, field[:, ::-1]] * 2, axis=1)] * 4)
    (inputs / "large").mkdir()
    tifffile.imwrite(inputs / "large" / "well.tif", large, photometric="rgb", tile=(256, 256), compression="zlib")
    write_vendor_plates(inputs / "vendors")
    for name in ("real", "real/wells"):
        for path in sorted((shared / name).iterdir()) if shared else ():
            if path.suffix in PICTURES:
                to = inputs / name.replace("/", "_") / path.name
                to.parent.mkdir(exist_ok=True)
                shutil.copy(path, to)
    for name in ("stats", "plate_reader", "cases/plates"):
        if shared:
            shutil.copytree(shared / name, inputs / "tables" / name.replace("/", "_"))


def write_vendor_plates(folder: Path) -> None:
    """Write the plates of the tests, in the naming and with the metadata of instruments."""
    from osteocount.simulate import FieldDesign, simulate_field
    from osteocount.simulate.design import Densities

    path = ROOT / "tests" / "pipeline" / "test_vendor_plates.py"
    sys.path.append(str(ROOT / "tests"))
    spec = importlib.util.spec_from_file_location("vendor_plates", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    vendors = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(vendors)
    height, width = vendors.SHAPE
    design = FieldDesign(width=width, height=height, pixel_size=vendors.UM, densities=Densities(osteoclast=120))
    pictures = [simulate_field(design, seed).picture for seed in (3, 4)]
    for write in vendors.ORIGINS:
        (folder / write.__name__).mkdir(parents=True)
        write(folder / write.__name__, pictures)


def commands(inputs: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield a name for each result and the command that makes it; ``OUT`` stands for where it goes."""
    run_plate = ["run", str(inputs / "plate"), "--layout", str(inputs / "plate" / "layout.csv"), "--out", "OUT"]
    yield "plate_learned", run_plate
    yield "plate_two_workers", [*run_plate, "--workers", "2", "--cellprofiler", "--ome-zarr"]
    yield "plate_classical", [*run_plate, "--segmenter", "classical"]
    for segmenter in ("learned", "classical"):
        of = ["--segmenter", segmenter, "--out", "OUT"]
        yield f"large_{segmenter}", ["count", str(inputs / "large"), "--pixel-size", "0.76", *of]
    for plate in sorted((inputs / "vendors").iterdir()):
        yield f"vendor_{plate.name}", ["run", str(plate), "--out", "OUT"]
    for path in sorted((inputs / "real").glob("*")):
        for segmenter in ("learned", "classical"):
            yield f"real_{path.stem}_{segmenter}", ["count", str(path), "--segmenter", segmenter, "--out", "OUT"]
    if (inputs / "real_wells").is_dir():
        yield "real_wells", ["count", str(inputs / "real_wells"), "--out", "OUT", "--pixel-size", "2.03"]
    for path in sorted((inputs / "tables" / "stats").glob("*.csv")):
        for control in ("vehicle", "ctrl", "control"):
            yield f"compare_{path.stem}_{control}", ["compare", str(path), "--control", control, "--out", "OUT"]
    for path in sorted((inputs / "tables").glob("*/*")):
        if path.suffix in {".csv", ".txt", ".xlsx"} and not path.name.startswith("h1_"):
            yield f"reader_{path.stem}", ["reader", str(path), "--out", "OUT.csv"]
            yield f"layout_{path.stem}", ["layout", "check", str(path)]
    yield "preview", ["plate", "preview", str(inputs / "vendors"), "--csv", "OUT.csv"]


def make(inputs: Path, results: Path, only: str) -> None:
    """Run every command; what it prints is a result too."""
    results.mkdir(parents=True, exist_ok=True)
    for name, command in commands(inputs):
        if only not in name:
            continue
        words = [word.replace("OUT", str(results / name)) for word in command]
        call = [sys.executable, "-c", "from osteocount.cli import main; main()", *words]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        printed = f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}".replace(str(results), "RESULTS")
        (results / f"{name}.printed.txt").write_text(printed, encoding="utf-8")
        print(f"{name}: exit code {done.returncode}", flush=True)


def compare(results: Path, others: Path, only: str) -> None:
    """Print every file that differs, and end with exit code 1 where there is one."""
    named = {str(path.relative_to(folder)) for folder in (results, others) for path in files(folder)}
    named = {name for name in named if only in name}
    different = [name for name in sorted(named) if why(results / name, others / name)]
    for name in different:
        print(f"{name}: {why(results / name, others / name)}")
    print(f"{len(named)} files compared, {len(different)} differ")
    sys.exit(bool(different))


def files(folder: Path) -> Iterator[Path]:
    """Yield the files of the contract; finished parts of a run are its own business."""
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def why(one: Path, other: Path) -> str:
    """Say in a word how two files differ; empty where they do not."""
    if not one.is_file() or not other.is_file():
        return f"only in {(one if one.is_file() else other).parents[0]}"
    if filecmp.cmp(one, other, shallow=False):
        return ""
    if one.suffix == ".xlsx" and cells_of(one) == cells_of(other):
        return ""
    if one.name == "run.json" and record_of(one) == record_of(other):
        return ""
    if one.suffix in {".html", ".txt"} and text_of(one) == text_of(other):
        return ""
    if one.name.endswith(".printed.txt") and sorted(text_of(one)) == sorted(text_of(other)):  # workers end in any order
        return ""
    return "other content"


def cells_of(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Read every cell of a workbook, but for the line that names version and date."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True)
    sheets = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    return {
        title: [tuple(CHANGING.sub("", str(cell)) for cell in row) for row in rows] for title, rows in sheets.items()
    }


def record_of(path: Path) -> Any:
    """Read a run record without what differs from run to run."""
    return without(json.loads(path.read_text(encoding="utf-8")))


def without(value: Any) -> Any:
    """Drop keys that say when, where and by what a record was made, at any depth."""
    if isinstance(value, dict):
        return {key: without(inner) for key, inner in value.items() if key not in UNEQUAL}
    return [without(inner) for inner in value] if isinstance(value, list) else value


def text_of(path: Path) -> str:
    """Read a page without times, dates and versions."""
    return CHANGING.sub("", path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

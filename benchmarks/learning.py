"""What 60 corrections teach on simulated labs whose stain, scale and debris differ from the defaults.

python benchmarks/learning.py

Six wells of each lab are counted with the default settings. A simulated person goes through three of them, one after
the other and in each in random order: deletes cells that are none, merges a piece with the rest of its cell, removes
false nuclei from true cells, and marks a well as reviewed once nothing is wrong in it. After 60 corrections the person
stops. The other three wells are never corrected; all numbers are theirs, the mean of three orders of correcting.

A found cell is true where it overlaps a true one by more than 0.3 (intersection over union). A nucleus is true where
there is one; one that the picture hides from an eye is there all the same, and is neither corrected nor counted.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from learning_labs import LABS, PERFECT, Lab, simulate

from osteocount import pipeline
from osteocount.curate import CellRef, Edit, EditLog
from osteocount.curate.classifier import apply_classifier
from osteocount.errors import OsteoCountError
from osteocount.io.label_image import read_labels
from osteocount.io.tables import read_table
from osteocount.pipeline.corrections import EDIT_LOG
from osteocount.pipeline.train_classifier import describe_training, train_classifier
from osteocount.settings import Settings

TEACHING, HELD_OUT = ("A01", "A02", "A03"), ("B01", "B02", "B03")
OVERLAP = 0.3
REACH_UM = 4.0
CORRECTIONS = 60
ORDERS = 3


def counted(lab: Lab, root: Path) -> dict[str, object]:
    """Count six wells as the command does; return what was simulated."""
    pictures, truth = root / "plate", {}
    pictures.mkdir()
    for n, well in enumerate((*TEACHING, *HELD_OUT)):
        field = truth[well] = simulate(lab, 100 + n)
        resolution = (1e4 / field.pixel_size,) * 2
        tifffile.imwrite(
            pictures / f"{well}_f1.tif", field.picture, photometric="rgb", resolution=resolution,
            resolutionunit="CENTIMETER",
        )  # fmt: skip
    for _ in pipeline.run(pictures, root / "results", Settings()):
        pass
    return truth


def matched(cells: pd.DataFrame, results: Path, truth) -> pd.DataFrame:
    """Add the true cell that each found one overlaps enough, and the one most of it lies on; 0 where there is none."""
    parts = []
    for well, rows in cells.groupby("well", sort=False):
        labels, true = labels_of(well, results), truth[well].cells.astype(np.int64)
        overlap = np.zeros((labels.max() + 1, true.max() + 1))
        np.add.at(overlap, (labels.ravel(), true.ravel()), 1)
        found, there = overlap.sum(axis=1, keepdims=True), overlap.sum(axis=0, keepdims=True)
        shared = (overlap / np.maximum(found + there - overlap, 1))[:, 1:]
        own = rows["cell_id"].to_numpy(int)
        best, on = shared.argmax(axis=1) + 1, overlap[:, 1:].argmax(axis=1) + 1
        inside = overlap[:, 1:].max(axis=1) > 0.5 * found[:, 0]
        hit = np.where(shared.max(axis=1) > OVERLAP, best, 0)
        parts.append(rows.assign(true_cell=hit[own], lies_on=np.where(inside, on, 0)[own]))
    return pd.concat(parts)


def labels_of(well: str, results: Path) -> np.ndarray:
    """Read the cells found in a well."""
    return read_labels(results / "labels" / f"{well}_f1_cells.tif").astype(np.int64)


def true_nuclei(nuclei: pd.DataFrame, truth) -> pd.Series:
    """Say which nuclei lie on a true one, seen or hidden, or within reach of it."""
    real = []
    for image, y, x in nuclei[["image", "y_px", "x_px"]].itertuples(index=False):
        field = truth[image[:3]]
        reach = REACH_UM / field.pixel_size
        near = np.s_[max(0, int(y - reach)) : int(y + reach) + 1, max(0, int(x - reach)) : int(x + reach) + 1]
        real.append(bool(field.nuclei[near].any() or field.hidden[near].any()))
    return pd.Series(real, index=nuclei.index)


def correct(cells: pd.DataFrame, nuclei: pd.DataFrame, results: Path, order: int) -> int:
    """Write the corrections of the teaching wells and return how many they are."""
    (results / EDIT_LOG).unlink(missing_ok=True)
    rng, log, done = np.random.default_rng(order), EditLog(results / EDIT_LOG), 0
    for well in rng.permutation(TEACHING):
        own = cells[cells["well"] == well]
        refs = references(labels_of(well, results), own["cell_id"])
        false = nuclei[~nuclei["is_real"] & nuclei["image"].isin(own["image"])].groupby("cell_id")
        edits = []
        for row in own.sample(frac=1, random_state=rng.integers(2**31)).to_dict("records"):
            if row["true_cell"]:
                spots = false.get_group(row["cell_id"]) if row["cell_id"] in false.groups else nuclei.iloc[:0]
                edits += [("remove_nucleus", row, {"points": (point,)})
                          for point in spots[["y_px", "x_px"]].itertuples(index=False, name=None)]  # fmt: skip
                continue
            rest = own[(own["true_cell"] == row["lies_on"]) & (row["lies_on"] > 0)]["cell_id"]
            kind = "merge" if len(rest) else "delete"
            edits.append((kind, row, {"cells": tuple(refs[c] for c in (row["cell_id"], *rest))}))
        for kind, row, what in edits[: CORRECTIONS - done]:
            say(log, kind, well, image=row["image"], **what)
        done += len(edits)
        if done > CORRECTIONS:
            return CORRECTIONS
        say(log, "review", well, status="reviewed")
    return done


def say(log: EditLog, kind: str, well: str, **what) -> None:
    """Write one line of the log."""
    log.append(Edit(who="lab", when=datetime.now(UTC), kind=kind, plate="", well=well, **what))


def references(labels: np.ndarray, cells: pd.Series) -> dict[int, CellRef]:
    """Describe cells as the window does."""
    numbers, first, area = np.unique(labels, return_index=True, return_counts=True)
    width = labels.shape[1]
    made = {
        int(n): CellRef(cell_id=int(n), y=int(at // width), x=int(at % width), area_px=int(size))
        for n, at, size in zip(numbers, first, area, strict=True) if n
    }  # fmt: skip
    return {n: made[n] for n in cells.astype(int)}


def score(cells: pd.DataFrame, nuclei: pd.DataFrame, truth) -> pd.Series:
    """Return false cells, cell F1 and false nuclei of the held-out wells."""
    cells, nuclei = (t[t["image"].str[:3].isin(HELD_OUT)] for t in (cells, nuclei[nuclei["cell_id"].notna()]))
    hits = len(cells.loc[cells["true_cell"] > 0, ["image", "true_cell"]].drop_duplicates())
    n_true = sum(int(truth[well].cells.max()) for well in HELD_OUT)
    return pd.Series({
        "cells": len(cells), "false": (cells["true_cell"] == 0).sum(), "f1": 2 * hits / (len(cells) + n_true),
        "false nuclei": (~nuclei["is_real"]).sum(), "nuclei": len(nuclei),
    })  # fmt: skip


def main() -> None:
    """Measure every lab, and one where nothing is wrong."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.parse_args()
    print("| lab | corrected | | cells | false | cell F1 | false nuclei | of nuclei |")
    print("|---|---:|---|---:|---:|---:|---:|---:|")
    said = []
    for name, lab in {**LABS, "the defaults, nothing wrong": PERFECT}.items():
        with tempfile.TemporaryDirectory() as folder:
            said += [f"{name}: {words}" for words in dict.fromkeys(measure(name, lab, Path(folder)))]
    print("\n" + "\n".join(said))


def measure(name: str, lab: Lab, root: Path) -> list[str]:
    """Print the rows of one lab and return what training said of it each time."""
    truth, results = counted(lab, root), root / "results"
    cells = matched(read_table(results / "cells.csv"), results, truth)
    nuclei = read_table(results / "nuclei.csv")
    nuclei = nuclei.assign(is_real=true_nuclei(nuclei, truth))
    seen = cells, nuclei
    if lab is PERFECT:  # what is wrong is taken for right: a person finds nothing to correct
        seen = cells.assign(true_cell=cells["true_cell"].replace(0, 1)), nuclei.assign(is_real=True)
    before, said, after, done = score(cells, nuclei, truth), [], [], []
    for order in range(ORDERS):
        done.append(correct(*seen, results, order))
        try:
            trained = train_classifier(results)
        except OsteoCountError as error:
            said.append(f"refused. {error}")
            after.append(before)
            continue
        said.append(describe_training(trained))
        kept = apply_classifier(cells, nuclei, trained.classifier, Settings().count.min_nuclei)
        after.append(score(*kept, truth))
    print_row(name, np.mean(done), "before", before)
    print_row(name, np.mean(done), "after", pd.concat(after, axis=1).mean(axis=1))
    return said


def print_row(name: str, done: float, when: str, own: pd.Series) -> None:
    """Print one row of the table."""
    print(f"| {name} | {done:.0f} | {when} | {own['cells']:.0f} | {own['false']:.0f} | {own['f1']:.3f} "
          f"| {own['false nuclei']:.0f} | {own['nuclei']:.0f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()

"""What 60 corrections teach on simulated labs whose stain, scale and litter differ from the defaults.

python benchmarks/learning.py

Six wells of each lab are counted with the default settings. In three of them a simulated person corrects 60 cells and
marks the wells as reviewed: deletes cells that overlap no true one (intersection over union of 0.3 or less), removes
nuclei that are none from true cells, and accepts others. The other three wells are held out and never corrected.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

from osteocount import pipeline
from osteocount.curate import CellRef, Edit, EditLog
from osteocount.curate.classifier import judge
from osteocount.errors import OsteoCountError
from osteocount.io.labels import read_labels
from osteocount.io.tables import read_table
from osteocount.pipeline.learn import in_words, learn
from osteocount.settings import Settings
from osteocount.simulate import Densities, FieldDesign, Optics, StainStyle, simulate_field

LITTER = Densities(debris=700, refractile=40, fibre=120)
FOREIGN = FieldDesign(
    width=900, height=700, pixel_size=1.0, densities=LITTER,
    stain=StainStyle(trap=(1.0, 1.0, 0.55), trap_strength=1.25),
    optics=Optics(background=(225.0, 215.0, 190.0), noise=4.0),
)  # fmt: skip
LABS = {
    "redder stain, 1.0 µm/px, much litter": FOREIGN,
    "pale stain, 0.5 µm/px, much litter": FieldDesign(
        width=1400, height=1100, pixel_size=0.5, densities=LITTER, stain=StainStyle(trap_strength=0.7)
    ),
}
TEACHING, HELD_OUT = ("A01", "A02", "A03"), ("B01", "B02", "B03")
OVERLAP = 0.3
REACH_UM = 4.0
CORRECTIONS = 60


def counted(design: FieldDesign, root: Path) -> dict[str, object]:
    """Count six wells as the command does; return what was simulated."""
    pictures, truth = root / "plate", {}
    pictures.mkdir()
    for n, well in enumerate((*TEACHING, *HELD_OUT)):
        field = truth[well] = simulate_field(design, 100 + n)
        resolution = (1e4 / field.pixel_size,) * 2
        tifffile.imwrite(
            pictures / f"{well}_f1.tif", field.picture, photometric="rgb", resolution=resolution,
            resolutionunit="CENTIMETER",
        )  # fmt: skip
    for _ in pipeline.run(pictures, root / "results", Settings()):
        pass
    return truth


def matched(cells: pd.DataFrame, results: Path, truth) -> pd.DataFrame:
    """Add the true cell that each found one overlaps enough, 0 where there is none."""
    found = []
    for well, rows in cells.groupby("well", sort=False):
        labels = read_labels(results / "labels" / f"{well}_f1_cells.tif")
        found += [best_match(labels == cell, truth[well].cells) for cell in rows["cell_id"].astype(int)]
    return cells.assign(true_cell=found)


def best_match(mask, truth) -> int:
    """Return the true cell that overlaps enough, else 0."""
    inside = truth[mask]
    if not inside.any():
        return 0
    cell = int(np.bincount(inside)[1:].argmax()) + 1
    overlap = (inside == cell).sum()
    return cell if overlap / (mask.sum() + (truth == cell).sum() - overlap) > OVERLAP else 0


def true_nuclei(nuclei: pd.DataFrame, truth) -> pd.Series:
    """Say which nuclei lie on a true one, or within reach of its centre."""
    real = []
    for image, y, x in nuclei[["image", "y_px", "x_px"]].itertuples(index=False):
        field = truth[image[:3]]
        reach = REACH_UM / field.pixel_size
        top, left = max(0, int(y - reach)), max(0, int(x - reach))
        real.append(bool(field.nuclei[top : int(y + reach) + 1, left : int(x + reach) + 1].any()))
    return pd.Series(real, index=nuclei.index)


def correct(cells: pd.DataFrame, nuclei: pd.DataFrame, results: Path) -> int:
    """Correct 60 cells of the teaching wells, wrong ones first (40 at most), and mark the wells as reviewed."""
    rng, log = np.random.default_rng(1), EditLog(results / "edits.jsonl")
    cells = cells[cells["well"].isin(TEACHING)]
    owned = nuclei.groupby(["image", "cell_id"])["is_real"].all()
    sound = [bool(owned.get((image, cell), True)) for image, cell in zip(cells["image"], cells["cell_id"], strict=True)]
    wrong, flawed, right = (
        cells[pick].sample(frac=1, random_state=rng.integers(2**31))
        for pick in (cells["true_cell"] == 0, (cells["true_cell"] > 0) & ~np.array(sound),
                     (cells["true_cell"] > 0) & np.array(sound))
    )  # fmt: skip
    wrong, flawed = wrong.iloc[:25], flawed.iloc[:15]
    right = right.iloc[: CORRECTIONS - len(wrong) - len(flawed)]
    for kind, rows in (("delete", wrong), ("accept", right)):
        for row in rows.to_dict("records"):
            say(log, kind, row, cells=(reference(row, results),))
    for row in flawed.to_dict("records"):
        own = nuclei[(nuclei["image"] == row["image"]) & (nuclei["cell_id"] == row["cell_id"]) & ~nuclei["is_real"]]
        for y, x in own[["y_px", "x_px"]].to_numpy():
            say(log, "remove_nucleus", row, points=((y, x),))
    for well in TEACHING:
        log.append(Edit(who="lab", when=datetime.now(UTC), kind="review", status="reviewed",
                        plate="", well=well))  # fmt: skip
    return len(wrong) + len(flawed) + len(right)


def say(log: EditLog, kind: str, row, **more) -> None:
    """Write one correction."""
    log.append(Edit(who="lab", when=datetime.now(UTC), kind=kind, plate="", well=row["well"],
                    image=row["image"], **more))  # fmt: skip


def reference(row, results: Path) -> CellRef:
    """Describe a cell as the window does."""
    labels = read_labels(results / "labels" / f"{row['well']}_f1_cells.tif")
    ys, xs = np.nonzero(labels == row["cell_id"])
    return CellRef(cell_id=int(row["cell_id"]), y=int(ys[0]), x=int(xs[0]), area_px=len(ys))


def score(cells: pd.DataFrame, nuclei: pd.DataFrame, truth) -> dict[str, float]:
    """Return false cells, cell F1 and false nuclei of the held-out wells."""
    cells, nuclei = (t[t["image"].str[:3].isin(HELD_OUT)] for t in (cells, nuclei[nuclei["cell_id"].notna()]))
    hits = len(set(zip(cells["image"], cells["true_cell"], strict=True)) - {(i, 0) for i in cells["image"]})
    n_true = sum(int(truth[well].cells.max()) for well in HELD_OUT)
    return {
        "false cells": int((cells["true_cell"] == 0).sum()), "cell F1": 2 * hits / (len(cells) + n_true),
        "false nuclei": int((~nuclei["is_real"]).sum()), "nuclei": len(nuclei),
    }  # fmt: skip


def main() -> None:
    """Measure every lab, and one where nothing is wrong."""
    print("| lab | corrected | | false cells | cell F1 | false nuclei | of nuclei |")
    print("|---|---:|---|---:|---:|---:|---:|")
    said = []
    for name, design in (*LABS.items(), ("the defaults, nothing wrong", FieldDesign(width=900, height=700))):
        with tempfile.TemporaryDirectory() as folder:
            said.append(f"{name}: {measure(name, design, Path(folder), perfect=name not in LABS)}")
    print("\n" + "\n".join(said))


def measure(name: str, design: FieldDesign, root: Path, *, perfect: bool) -> str:
    """Print the rows of one lab and return what training said of it."""
    truth, results = counted(design, root), root / "results"
    cells = matched(read_table(results / "cells.csv"), results, truth)
    nuclei = read_table(results / "nuclei.csv")
    nuclei = nuclei.assign(is_real=true_nuclei(nuclei, truth))
    if perfect:  # what is wrong is taken for right: a person finds nothing to correct
        cells, nuclei = cells.assign(true_cell=cells["true_cell"].replace(0, 1)), nuclei.assign(is_real=True)
    n = correct(cells, nuclei, results)
    try:
        trained = learn(results)
    except OsteoCountError as error:
        return f"refused. {error}"
    kept, left = judge(cells, nuclei, trained.classifier, Settings().count.min_nuclei)
    for when, tables in (("before", (cells, nuclei)), ("after", (kept, left))):
        own = score(*tables, truth)
        print(f"| {name} | {n} | {when} | {own['false cells']} | {own['cell F1']:.3f} | {own['false nuclei']} "
              f"| {own['nuclei']} |")  # fmt: skip
    return in_words(trained)


if __name__ == "__main__":
    main()

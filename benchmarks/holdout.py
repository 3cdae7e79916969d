"""A simulated hold-out: wells of a look and stain never trained on, counted and matched with their truth."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from osteocount import Settings, analyse
from osteocount.io.picture import Picture, PixelSize
from osteocount.measure.matching import best_matches, iou_table, ranked_precision
from osteocount.simulate import simulate_field
from osteocount.simulate.looks import random_design

SEED = 20261124  # no scene of training, validation or calibration has it
FIELD_UM = (400.0, 500.0)
FIELDS_PER_WELL = 4
IOUS = np.arange(0.5, 0.96, 0.05)
METHODS = ("classical", "learned")


@dataclass
class Scored:
    """One field counted by one method.

    Attributes
    ----------
    truth
        A row per true cell: n_nuclei, is_osteoclast, counted, and of our cell that covers it best (IoU of 0.5 or
        more): found, n, low, high, called (an osteoclast).
    ours
        A row per cell of ours: chance of being an osteoclast, called, counted, and for each threshold of IOUS whether
        it covers a true osteoclast.
    """

    well: int
    field: int
    method: str
    per_mm2: float
    truth: pd.DataFrame
    ours: pd.DataFrame


def make(well, field):
    """Simulate one field of the hold-out."""
    design = random_design(np.random.default_rng([SEED, well]), *FIELD_UM, held_out=True)
    made = simulate_field(design, np.random.SeedSequence([SEED, well, field]))
    picture = Picture(
        Path(f"well{well:02d}_f{field}.png"), made.picture, "rgb", ("red", "green", "blue"),
        PixelSize(made.pixel_size, "simulated"), "YXC", (),
    )  # fmt: skip
    return made, picture, design


def score(well, field):
    """Count one field with every method."""
    cv2.setNumThreads(1)
    made, picture, design = make(well, field)
    rows = []
    for method in METHODS:
        result = analyse(picture, Settings.model_validate({"segment": {"segmenter": method}}))
        truth, ours = matched(made, result.segmentation.cells, result.cells)
        rows.append(Scored(well, field, method, design.densities.osteoclast, truth, ours))
    return rows


def matched(made, labels, cells):
    """Match true cells with ours by IoU; see `Scored`."""
    table = iou_table(made.cells, labels)
    truth = made.truth[["cell_id", "n_nuclei", "is_osteoclast", "counted", "touches_edge", "class"]].copy()
    ours = cells[["cell_id", "n_nuclei", "n_nuclei_low", "n_nuclei_high", "is_osteoclast", "counted", "confidence"]]
    at = {int(c): i for i, c in enumerate(ours["cell_id"])}
    rows = [at.get(int(label), -1) for label in best_matches(table)[1:]]
    picked = ours.iloc[[r for r in rows if r >= 0]]
    covered = np.array(rows) >= 0
    for name, column in (("n", "n_nuclei"), ("low", "n_nuclei_low"), ("high", "n_nuclei_high")):
        truth[name] = np.nan
        truth.loc[covered, name] = picked[column].to_numpy(float)
    truth["found"] = covered
    truth["called"] = False
    truth.loc[covered, "called"] = picked["is_osteoclast"].to_numpy(bool)
    chance = np.where(ours["is_osteoclast"], ours["confidence"], 1 - ours["confidence"])
    on_osteoclasts = table[1:][truth["is_osteoclast"].to_numpy(bool)]
    best_of_ours = on_osteoclasts.max(axis=0, initial=0)[ours["cell_id"].to_numpy(int)]
    hits = pd.DataFrame(best_of_ours[:, None] >= IOUS, columns=[f"iou{v:.2f}" for v in IOUS])
    listed = pd.DataFrame(
        {"cell_id": ours["cell_id"].to_numpy(), "chance": chance, "called": ours["is_osteoclast"].to_numpy(bool),
         "counted": ours["counted"].to_numpy(bool)}
    )  # fmt: skip
    return truth, pd.concat([listed, hits], axis=1)


def score_all(wells):
    """Score every field of ``wells`` wells, two at a time."""
    jobs = [(w, f) for w in range(wells) for f in range(FIELDS_PER_WELL)]
    with ProcessPoolExecutor(2) as pool:
        return [row for rows in pool.map(score, *zip(*jobs, strict=True)) for row in rows]


def average_precision(fields, iou=0.5):
    """Area under the precision-recall curve of osteoclasts over all ``fields``, cells ranked by their chance."""
    ours = pd.concat([f.ours for f in fields])
    total = sum(int(f.truth["is_osteoclast"].sum()) for f in fields)
    return ranked_precision(ours[f"iou{iou:.2f}"].to_numpy(bool), ours["chance"].to_numpy(float), total)


def per_well(fields):
    """True and our osteoclasts of each well, both in the counting frame."""
    rows = [
        {"well": f.well, "per_mm2": f.per_mm2, "truth": int((f.truth["is_osteoclast"] & f.truth["counted"]).sum()),
         "ours": int((f.ours["called"] & f.ours["counted"]).sum())}
        for f in fields
    ]  # fmt: skip
    return (
        pd.DataFrame(rows)
        .groupby("well")
        .agg(per_mm2=("per_mm2", "first"), truth=("truth", "sum"), ours=("ours", "sum"))
    )

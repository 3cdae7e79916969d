"""A simulated hold-out: wells with seeds and stains never trained on, counted and matched with their truth."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from osteocount import Settings, analyse
from osteocount.evaluation.metrics import Evaluation, compute_metrics
from osteocount.io.picture import Picture, PixelSize
from osteocount.measure.matching import outline_pairs, side_by_side
from osteocount.simulate import judgeable_truth, simulate_field
from osteocount.simulate.design import random_design

SEED = 20261124  # no scene of training, validation or calibration has it
FIELD_UM = (400.0, 500.0)
FIELDS_PER_WELL = 4
METHODS = ("classical", "learned")
NO_GUARD = {"guard_zone": 0.0}  # every true cell is to be counted; what the zone does is measured by borders.py


@dataclass
class Scored:
    """One field counted by one method: both sides as `side_by_side` gives them."""

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
        result = analyse(picture, Settings.model_validate({"picture": NO_GUARD, "segment": {"segmenter": method}}))
        pairs = outline_pairs(made.cells, result.segmentation.cells)
        sides = side_by_side(judgeable_truth(made.truth), result.cells, pairs)
        place = {"plate": "", "well": f"{well:03d}", "field": str(field), "image": "", "outlined": True, "others": True}
        rows.append(Scored(well, field, method, design.densities.osteoclast, *(side.assign(**place) for side in sides)))
    return rows


def score_all(wells):
    """Score every field of ``wells`` wells, two at a time."""
    jobs = [(w, f) for w in range(wells) for f in range(FIELDS_PER_WELL)]
    with ProcessPoolExecutor(2) as pool:
        return [row for rows in pool.map(score, *zip(*jobs, strict=True)) for row in rows]


def evaluated(fields) -> Evaluation:
    """Evaluate fields as `osteocount evaluate` does, resampling wells."""
    wells = sorted({f.well for f in fields})
    at = {well: unit for unit, well in enumerate(wells)}
    sides = [
        pd.concat([getattr(f, side).assign(unit=at[f.well]) for f in fields], ignore_index=True)
        for side in ("truth", "ours")
    ]
    units = pd.DataFrame({"plate": "", "well": [f"{well:03d}" for well in wells], "image": ""})
    return compute_metrics(*sides, units)

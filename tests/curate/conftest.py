"""A picture of four cells whose truth can be read off."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from osteocount.curate import AutomaticField
from osteocount.measure import CountingFrame
from osteocount.settings import Settings

# number: top, left, bottom, right; the nuclei lie in a row through the middle of each
CELLS = {1: (5, 5, 15, 25), 2: (5, 25, 15, 45), 3: (25, 5, 45, 25), 4: (25, 35, 29, 39)}
NUCLEI = {1: (10, 9, 1), 2: (10, 21, 1), 3: (10, 30, 2), 4: (35, 8, 3), 5: (35, 15, 3), 6: (35, 22, 3), 7: (48, 48, 0)}


EVERY = CountingFrame((50, 60), "every cell")


@pytest.fixture
def automatic():
    labels = np.zeros((50, 60), np.uint32)
    for cell, (top, left, bottom, right) in CELLS.items():
        labels[top:bottom, left:right] = cell
    place = {"plate": "p", "well": "A01", "field": "1", "image": "a.tif"}
    return AutomaticField(labels, _cells(labels), _nuclei(), 0.5, nuclei_resolved=True, frame=EVERY, place=place)


@pytest.fixture
def scene(automatic):
    return automatic.field()


@pytest.fixture
def settings():
    return Settings.model_validate({"picture": {"well_view": "whole"}})


def _cells(labels):
    from osteocount.measure import GEOMETRY_COLUMNS, geometry, measure_shapes

    rows = [geometry(shape, 0.5, EVERY, labels == shape.label) for shape in measure_shapes(labels)]
    table = pd.DataFrame(rows, columns=list(GEOMETRY_COLUMNS))
    counts = [sum(at[2] == cell for at in NUCLEI.values()) for cell in CELLS]
    return table.assign(
        plate="p", well="A01", field="1", image="a.tif", n_nuclei=counts, n_nuclei_low=counts,
        n_nuclei_high=[n + 1 for n in counts], is_osteoclast=[n >= 3 for n in counts], confidence=0.8,
        trap_od_mean=[0.2, 0.4, 0.6, 0.3], flags=["borderline", "", "pale_giant", ""], source="automatic",
        trap_od_sd=0.1, red_od_mean=0.3, by="nuclei",
    )  # fmt: skip


def _nuclei():
    rows = [("a.tif", key, cell or pd.NA, float(y), float(x), 0.9) for key, (y, x, cell) in NUCLEI.items()]
    table = pd.DataFrame(rows, columns=["image", "nucleus_id", "cell_id", "y_px", "x_px", "score"])
    return table.astype({"cell_id": "Int64"})

"""The front end: the well; and the hard cases of the simulator, each with truth known by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from osteocount.io.picture import Picture, PixelSize
from osteocount.segment import get_segmenter
from osteocount.settings import Settings
from support import scenes
from support.pictures import low_power_well, picture

CASES = {
    "two_touching_osteoclasts": [4, 5],
    "binucleate_decoy": [2],
    "fibre_between_cells": [1, 3],
    "mononuclear_on_osteoclast": [4],
    "pale_giant": [12],
}


def segment(scene):
    made = Picture(Path("scene.png"), scene.picture, "rgb", ("", "", ""), PixelSize(scene.pixel_size, "made"), "made")
    return get_segmenter(Settings()).segment(made)


def best_iou(scene, found, cell):
    true = scene.cells == cell
    label = int(np.bincount(found.cells[true]).argmax())
    got = found.cells == label
    return label, (got & true).sum() / (got | true).sum() if label else 0.0


@pytest.mark.parametrize(("name", "nuclei"), CASES.items())
def test_each_cell_is_outlined_and_its_nuclei_counted(name, nuclei):
    scene = getattr(scenes, name)()
    found = segment(scene)
    truth = scene.truth[scene.truth.n_nuclei > 0]
    assert sorted(truth.n_nuclei) == nuclei
    seen = found.nuclei_table.cell_id.value_counts()
    for row in truth.itertuples():
        label, iou = best_iou(scene, found, row.cell_id)
        assert iou > (0.6 if name == "pale_giant" else 0.9)
        tolerance = 4 if row.n_nuclei > 10 else 0
        assert abs(seen.get(label, 0) - row.n_nuclei) <= tolerance
        assert (seen.get(label, 0) >= 3) == (row.n_nuclei >= 3)


@pytest.mark.parametrize(("turns", "um"), [(0, None), (1, 2.0), (2, 2.0), (3, 2.0)])
def test_the_rim_is_found_whichever_side_of_the_picture_it_is_on(turns, um):
    pixels = np.rot90(low_power_well(height=900, centre=(870.0, 420.0), radius=800.0), turns)
    found = get_segmenter(Settings()).segment(picture(np.ascontiguousarray(pixels), um=um))
    assert found.record["well_circle"]["radius_px"] == pytest.approx(800, rel=0.01)


def test_outside_the_well_nothing_is_analysed():
    found = get_segmenter(Settings()).segment(picture(low_power_well(), um=2.0))
    assert 0.5 < found.analysed.mean() < 0.9
    assert not found.cells[~found.analysed].any()

"""Where other programs are known to go wrong: exactly one osteoclast, none, a missing field, a merge undone, tiles.

Others of this kind stand beside their subject: the same batch twice (`tests/pipeline/test_duplicates.py`), a cell
across a seam (`tests/segment/tiling/test_tiles.py`), no pixel size (`tests/measure/test_cells.py`), window and
command giving the same (`tests/napari/test_gui_equals_cli.py`).
"""

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile

from osteocount.curate import CellRef, Edit, EditLog
from osteocount.measure import CountingFrame, measure_shapes
from osteocount.pipeline.analysis import analyse
from osteocount.pipeline.runner import run
from osteocount.pipeline.write_results import apply_edits
from osteocount.settings import Settings
from support.edits import WHEN
from support.pictures import PURPLE, canvas, ellipse, nucleus, osteoclast, photograph, picture, round_cells

SETTINGS = Settings.model_validate({"picture": {"pixel_size": 1.0}, "segment": {"segmenter": "classical"}})


def write(folder, fields):
    folder.mkdir()
    for name, od in fields.items():
        tifffile.imwrite(folder / name, photograph(od, seed=sum(map(ord, name))), photometric="rgb")
    return folder


def small_cells(height=150, width=200):
    od = canvas(height, width)
    round_cells(od, [(y, x) for y in (25, 125) for x in range(25, width, 40)], radius=5.5)
    return od


def wells_of(source, out):
    list(run(source, out, SETTINGS))
    return pd.read_csv(out / "wells.csv")


def test_exactly_one_osteoclast_and_none_are_one_and_zero(tmp_path):
    one, none = small_cells(), small_cells()
    osteoclast(one, (75, 100))
    wells = wells_of(write(tmp_path / "in", {"A01.tif": one, "A02.tif": none}), tmp_path / "out")
    assert wells["n_osteoclasts"].tolist() == [1, 0]
    assert wells["osteoclast_density_per_mm2"].tolist() == [pytest.approx(1 / 0.03, rel=1e-4), 0.0]
    assert wells["osteoclast_area_fraction"][1] == 0.0
    assert wells["nuclei_per_osteoclast_mean"].isna().tolist() == [False, True]  # of no osteoclast nobody knows it


def test_a_missing_field_of_five_is_said_and_makes_no_area(tmp_path):
    fields = {f"A01_f{n}.tif": small_cells() for n in range(1, 6)}
    for od in fields.values():
        osteoclast(od, (75, 100))
    source = write(tmp_path / "in", fields)
    broken = source / "A01_f3.tif"
    broken.write_bytes(broken.read_bytes()[:2000])
    (well,) = wells_of(source, tmp_path / "out").to_dict("records")
    assert (well["status"], well["n_fields"], well["n_osteoclasts"]) == ("incomplete", 4, 4)
    assert well["imaged_area_mm2"] == pytest.approx(4 * 0.03, rel=1e-4)
    assert "1 of 5 fields failed" in well["status_reason"]


def test_a_wrong_merge_that_is_undone_leaves_no_trace(tmp_path):
    od = canvas(150, 240)
    osteoclast(od, (75, 60))
    osteoclast(od, (75, 170))
    out = tmp_path / "out"
    before = wells_of(write(tmp_path / "in", {"A01.tif": od}), out)
    cells = pd.read_csv(out / "cells.csv")
    both = tuple(
        CellRef(cell_id=int(c.cell_id), y=round(c.y_px), x=round(c.x_px), area_px=int(c.area_px))
        for c in cells.itertuples()
    )
    assert len(both) == 2
    log = EditLog(out / "edits.jsonl")
    here = {"who": "MZ", "when": WHEN, "well": "A01", "image": "A01.tif"}
    merge = Edit(kind="merge", cells=both, **here)
    log.append(merge)
    apply_edits(out)
    assert pd.read_csv(out / "wells.csv")["n_osteoclasts"].tolist() == [1]
    log.append(Edit(kind="undo", of=merge.id, **here))
    apply_edits(out)
    pd.testing.assert_frame_equal(pd.read_csv(out / "cells.csv"), cells)
    assert pd.read_csv(out / "wells.csv")["n_osteoclasts"].tolist() == before["n_osteoclasts"].tolist() == [2]


def cell_of_700_um(value, rough):
    """Draw a round osteoclast of 700 µm with 24 nuclei in a field of 0.8 × 1.05 mm, and mononuclear cells around it."""
    od, centre, radius, random = canvas(1066, 1388), (500, 700), 461, np.random.default_rng(5)
    for y, x in random.integers((14, 14), (1052, 1374), (160, 2)):
        if np.hypot(y - centre[0], x - centre[1]) > radius + 25:
            round_cells(od[y - 12 : y + 12, x - 12 : x + 12], [(12, 12)])
    ellipse(od, centre, (radius, radius), value, edge=6)
    od += (rough * value * grain(random, od.shape[:2]) * (distance(od, centre) < radius))[..., None] * PURPLE
    for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):
        nucleus(od, (centre[0] + 270 * np.sin(angle), centre[1] + 270 * np.cos(angle)))
    return picture(photograph(od))


def grain(random, shape):
    """Return (height, width) grain of SD 1, 4 px wide."""
    smooth = cv2.GaussianBlur(random.normal(0, 1, shape), (0, 0), 4)
    return smooth / smooth.std()


def distance(od, centre):
    """Return (height, width) the distance of each pixel from ``centre``."""
    return np.hypot(np.arange(od.shape[0])[:, None] - centre[0], np.arange(od.shape[1])[None] - centre[1])


@pytest.mark.parametrize(
    ("segmenter", "value", "rough"),
    [("classical", 0.55, 0), ("classical", 0.2, 0), ("learned", 0.55, 0), ("learned", 0.25, 0), ("learned", 0.2, 0.1)],
)
def test_a_cell_of_700_um_is_one_cell_and_not_the_light(segmenter, value, rough):
    """It covers half of the field: more than all its middle, and as much of the light as bare plastic.

    A network that has seen cells takes what is very pale, and smooth as glass, for plastic.
    """
    settings = Settings.model_validate({"segment": {"segmenter": segmenter}, "picture": {"well_view": "whole"}})
    found = analyse(cell_of_700_um(value, rough), settings)
    labels = found.segmentation.cells
    y, x = np.ogrid[:1066, :1388]
    inside, cells = labels[np.hypot(y - 500, x - 700) < 455], found.cells.set_index("cell_id")
    giant = np.bincount(inside).argmax()
    assert (inside == giant).mean() > 0.99
    assert giant > 0
    assert cells["area_um2"][giant] == pytest.approx(np.pi * 350**2, rel=0.03)
    assert cells["n_nuclei"][giant] == pytest.approx(24, abs=0 if segmenter == "classical" else 8)
    assert (cells["area_um2"].drop(giant) < 500).all()


@pytest.mark.parametrize(("segmenter", "rough"), [("classical", 0), ("learned", 0.1)])
def test_a_cell_of_700_um_at_low_power_is_one_osteoclast(segmenter, rough):
    """Smooth as glass it would be no cell to a network that has seen cells; the classical way would part its grain."""
    od, random = canvas(520, 640), np.random.default_rng(5)
    for y, x in random.integers((12, 12), (508, 628), (250, 2)):
        if np.hypot(y - 260, x - 320) > 190:
            ellipse(od[y - 10 : y + 10, x - 10 : x + 10], (10, 10), (2.7, 2.7), 0.8)
    ellipse(od, (260, 320), (175, 175), 0.5, edge=3)
    far = distance(od, (260, 320))
    od += (rough * grain(random, od.shape[:2]) * (far < 175))[..., None] * PURPLE
    settings = Settings.model_validate({"segment": {"segmenter": segmenter}, "picture": {"well_view": "whole"}})
    found = analyse(picture(photograph(od), um=2.0), settings)
    inside, cells = found.segmentation.cells[far < 165], found.cells.set_index("cell_id")
    giant = np.bincount(inside).argmax()
    assert giant > 0
    assert (inside == giant).mean() > 0.97
    assert cells["is_osteoclast"][giant]
    assert cells["area_um2"][giant] == pytest.approx(np.pi * 350**2, rel=0.05)
    assert cells["is_osteoclast"].sum() == 1


def test_four_tiles_count_what_the_whole_does_in_their_frames():
    """Cells no larger than the guard zone: the tiles agree with the whole picture cell by cell."""
    rng = np.random.default_rng(5)
    whole = np.zeros((400, 500), np.uint32)
    for label in range(1, 400):
        top, left, height, width = (*rng.integers(0, (390, 490)), *rng.integers(3, 28, 2))
        whole[top : top + height, left : left + width] = label
    cells = measure_shapes(whole)
    for top in (0, 200):
        for left in (0, 250):
            frame = CountingFrame((200, 250), "guard zone", 30)
            tile = measure_shapes(np.ascontiguousarray(whole[top : top + 200, left : left + 250]))
            seen = [s.label for s in tile if frame.counts(s, cut_first=s.top == 0 or s.left == 0)]
            due = [s.label for s in cells if top < s.top < top + 170 and left < s.left < left + 220]
            assert seen == due
            assert len(seen) > 20

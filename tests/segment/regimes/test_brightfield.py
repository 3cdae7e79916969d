"""Brightfield with nuclei, on pictures whose truth is known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.segment import get_segmenter
from osteocount.settings import Settings
from support.pictures import PURPLE, canvas, ellipse, nucleus, osteoclast, photograph, picture, round_cells

SETTINGS = Settings.model_validate({"picture": {"regime": "brightfield"}, "segment": {"segmenter": "classical"}})
ROUND = [(30, 40 + 45 * k) for k in range(8)] + [(270, 40 + 45 * k) for k in range(8)]


def segment(od, settings=SETTINGS, **how):
    return get_segmenter(settings).segment(picture(photograph(od, how.pop("bits", 8)), **how))


def at(found, centre):
    return int(found.cells[centre])


def nuclei_of(found, label):
    return int((found.nuclei_table.cell_id == label).sum())


@pytest.mark.parametrize("wanted", [1, 2, 3, 4, 6])
def test_nuclei_of_one_cell_are_counted(wanted):
    od = canvas()
    osteoclast(od, (150, 200), nuclei=wanted)
    round_cells(od, ROUND)
    found = segment(od)
    cell = at(found, (150, 200))
    assert nuclei_of(found, cell) == wanted
    row = found.cell_table.set_index("cell_id").loc[cell]
    assert row.n_nuclei_low <= wanted <= row.n_nuclei_high
    assert found.regime == "brightfield"
    assert found.nuclei_resolved


def test_hue_and_patchiness_of_a_cell_are_measured():
    """Two bodies of one TRAP density: one is even, the other in squares a half denser and a half paler than that."""
    od = canvas()
    for column in (100, 300):
        ellipse(od, (150, column), (44, 44), 0.5)
    denser = np.add.outer(np.arange(300) // 16, np.arange(200) // 16) % 2 == 0
    od[:, 200:] *= np.where(denser, 1.5, 0.5)[..., None]
    round_cells(od, ROUND)
    found = segment(od)
    rows = found.cell_table.set_index("cell_id")
    even, patchy = (rows.loc[at(found, (150, column))] for column in (100, 300))
    for cell in (even, patchy):
        colours = cell[["red_od_mean", "green_od_mean", "blue_od_mean"]].tolist()
        assert colours == pytest.approx((0.5 * PURPLE).tolist(), rel=0.06)
    assert even["trap_od_sd"] < 0.2 * even["trap_od_mean"]
    assert patchy["trap_od_sd"] == pytest.approx(0.5 * patchy["trap_od_mean"], rel=0.15)


def test_a_vacuole_is_no_nucleus():
    od = canvas()
    osteoclast(od, (150, 200), nuclei=2)
    y, x = np.ogrid[:300, :400]
    od[(y - 150) ** 2 + (x - 200) ** 2 < 36] *= 0.3
    round_cells(od, ROUND)
    found = segment(od)
    assert nuclei_of(found, at(found, (150, 222))) == 2


def test_a_fibre_does_not_join_cells():
    od = canvas()
    osteoclast(od, (150, 120), nuclei=3, radii=(30, 30))
    ellipse(od, (150, 290), (20, 20), 0.6)
    nucleus(od, (150, 290))
    od[149:151, 148:272] = np.maximum(od[149:151, 148:272], 0.2)
    round_cells(od, ROUND)
    found = segment(od)
    assert at(found, (150, 120)) != at(found, (150, 290))
    assert at(found, (150, 210)) == 0


def test_touching_cells_are_split():
    od = canvas()
    other = canvas()
    osteoclast(od, (150, 150), nuclei=3, radii=(32, 32))
    osteoclast(other, (150, 212), nuclei=4, radii=(32, 32))
    od = np.maximum(od, other)
    round_cells(od, ROUND)
    found = segment(od)
    left, right = at(found, (150, 130)), at(found, (150, 232))
    assert left != right
    assert (nuclei_of(found, left), nuclei_of(found, right)) == (3, 4)


def test_a_pale_giant_stays_whole_and_is_flagged():
    od = canvas()
    ellipse(od, (150, 200), (75, 100), 0.18, edge=8.0)
    ellipse(od, (150, 200), (30, 40), 0.25, edge=20.0)
    round_cells(od, ROUND)
    found = segment(od)
    cell = at(found, (150, 200))
    true = np.hypot((np.arange(300)[:, None] - 150) / 75, (np.arange(400)[None] - 200) / 100) <= 1
    got = found.cells == cell
    assert (got & true).sum() / (got | true).sum() > 0.85
    assert "pale_giant" in found.cell_table.set_index("cell_id").loc[cell, "flags"]


def test_a_dark_cell_lying_on_an_osteoclast_is_its_own_cell():
    od = canvas()
    osteoclast(od, (150, 200), nuclei=4, radii=(45, 55), value=0.5)
    ellipse(od, (150, 240), (8, 8), 1.0)
    round_cells(od, ROUND)
    found = segment(od)
    below, above = at(found, (150, 200)), at(found, (150, 240))
    assert below != above
    assert nuclei_of(found, below) == 4
    assert "opaque" in found.cell_table.set_index("cell_id").loc[above, "flags"]
    assert nuclei_of(found, above) <= 1


def test_debris_is_dropped_and_an_empty_field_gives_empty_tables():
    od = canvas()
    ellipse(od, (100, 100), (2.5, 2.5), 0.8)
    found = segment(od)
    assert found.cells.max() == 0
    assert len(found.cell_table) == len(found.nuclei_table) == 0
    assert any("no cell" in w for w in found.warnings)


def test_labels_are_numbered_in_raster_order_and_repeat():
    od = canvas()
    osteoclast(od, (150, 200))
    round_cells(od, ROUND)
    first, second = segment(od), segment(od)
    assert np.array_equal(first.cells, second.cells)
    assert np.array_equal(first.nuclei, second.nuclei)
    for labels in (first.cells, first.nuclei):
        ids, where = np.unique(labels, return_index=True)
        assert ids.tolist() == list(range(len(ids)))
        assert np.all(np.diff(where[1:]) > 0)
    assert first.nuclei_table.nucleus_id.tolist() == list(range(1, int(first.nuclei.max()) + 1))
    centres = first.nuclei_table[["y_px", "x_px"]].round().astype(int).to_numpy()
    assert first.nuclei[tuple(centres.T)].tolist() == first.nuclei_table.nucleus_id.tolist()
    assert first.cells[tuple(centres.T)].tolist() == first.nuclei_table.cell_id.tolist()


def test_16_bit_and_uneven_light_change_nothing_that_counts():
    od = canvas()
    osteoclast(od, (150, 200), nuclei=4)
    round_cells(od, ROUND)
    y, x = np.mgrid[-1:1:300j, -1:1:400j]
    shaded = od + 0.05 * (x**2 + y**2)[..., None]
    for how in ({"bits": 16}, {}):
        found = segment(shaded if not how else od, **how)
        assert nuclei_of(found, at(found, (150, 200))) == 4
        assert len(found.cell_table) == 17


@pytest.mark.parametrize("um", [0.4, 0.6, 1.0])
def test_the_count_does_not_depend_on_the_pixel_size(um):
    import cv2

    od = canvas()
    osteoclast(od, (150, 200), nuclei=4)
    round_cells(od, ROUND)
    grey = cv2.resize(photograph(od), None, fx=0.76 / um, fy=0.76 / um, interpolation=cv2.INTER_AREA)
    found = get_segmenter(SETTINGS).segment(picture(grey, um=um))
    assert found.cells.shape == found.nuclei.shape == found.trap_od.shape == grey.shape[:2]
    centre = (round(150 * 0.76 / um), round(200 * 0.76 / um))
    assert nuclei_of(found, at(found, centre)) == 4
    assert len(found.cell_table) == 17

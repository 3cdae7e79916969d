"""Where painted cells meet, and which nuclei can be seen."""

import numpy as np
import pytest

from osteocount.simulate import Densities, FieldDesign, simulate_field
from osteocount.simulate.canvas import Canvas
from osteocount.simulate.cell_designs import CellDesign
from osteocount.simulate.cell_painting import paint_cell
from osteocount.simulate.shapes import Ellipse

DESIGN = FieldDesign(width=200, height=160)
ONE = (Ellipse((0, 0), (4.5, 4.5), 0),)


def painted(nuclei=ONE):
    cell = CellDesign("osteoclast", (Ellipse((0, 0), (20, 20), 0),), nuclei, rough=0, grain=0)
    return paint_cell(cell, DESIGN.stain, DESIGN.pixel_size, np.random.default_rng(0))


def test_light_goes_through_both_cells_where_two_lie_on_each_other() -> None:
    canvas = Canvas(160, 200, 0.76)
    patch = painted(nuclei=())
    canvas.add(patch, (60, 55))
    alone = canvas.od.copy()
    canvas.add(patch, (60, 90))
    other = canvas.od - alone
    seam = (alone[..., 1] > 0.01) & (other[..., 1] > 0.01)
    assert seam.sum() > 50
    assert np.allclose(canvas.od[seam], (alone + other)[seam])
    assert canvas.od[seam, 1].mean() > 1.5 * alone[seam, 1].mean()


def test_lying_on_a_nucleus_counts_twentyfold() -> None:
    canvas = Canvas(160, 200, 0.76)
    patch = painted()
    canvas.add(patch, (60, 60))
    beside, on_it = canvas.overlap(patch, (60, 95)), canvas.overlap(patch, (60, 75))
    assert 0 < beside < 0.2
    assert on_it > 1


def test_a_confluent_field_takes_no_more_cells() -> None:
    packed = Densities(osteoclast=600, round=0, spindle=0, mononuclear_large=0, binucleate=0, refractile=0)
    truth = simulate_field(DESIGN.replace(densities=packed, width=700, height=700), 1).truth
    assert 15 < len(truth) < 160  # about 220 were asked for
    inside = truth[~truth["touches_edge"]]
    assert len(inside) > 8
    assert inside["flags"].str.contains("covered").mean() < 0.3


@pytest.mark.parametrize(("exclusion", "counterstain", "seen"), [(0.8, 0.15, 1), (0.0, 0.25, 1), (0.0, 0.0, 0)])
def test_a_nucleus_is_seen_when_it_differs_from_its_cytoplasm(exclusion, counterstain, seen) -> None:
    stain = DESIGN.stain.replace(exclusion=exclusion, counterstain_strength=counterstain)
    cell = CellDesign(
        "osteoclast", (Ellipse((0, 0), (22, 22), 0),), (Ellipse((0, 0), (4.5, 4.5), 0),), od_edge=0.4, rough=0, grain=0
    )
    canvas = Canvas(160, 200, 0.76)
    canvas.add(paint_cell(cell, stain, 0.76, np.random.default_rng(0)), (60, 75))
    assert canvas.truth(canvas.od)[2]["n_nuclei"].tolist() == [seen]

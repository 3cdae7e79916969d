"""The rim of a well found as a circle."""

import numpy as np
import pytest

from osteocount.segment.preprocess.well_mask import find_well, inside_circle
from support.pictures import canvas, ellipse, low_power_well, osteoclast, photograph


@pytest.mark.parametrize(
    ("centre", "radius"), [((600.0, 420.0), 520.0), ((100.0, 250.0), 380.0), ((250.0, 250.0), 190.0)]
)
def test_the_well_rim_is_found_as_a_circle(centre, radius):
    circle = find_well(low_power_well(centre=centre, radius=radius))
    assert circle is not None
    assert circle.radius == pytest.approx(radius, rel=0.02)
    assert (circle.y, circle.x) == pytest.approx(centre, abs=0.02 * radius)
    assert inside_circle((500, 500), circle)[int(centre[0]) % 500, int(centre[1])] or centre[0] > 500


def test_cells_against_the_rim_do_not_move_it():
    od = canvas(600, 500)
    y, x = np.mgrid[:600, :500]
    far = np.hypot(y - 700, x - 250)
    for angle in np.linspace(-2.0, -1.1, 12):
        ellipse(od, (700 + 590 * np.sin(angle), 250 + 590 * np.cos(angle)), (11, 11), 1.0)
    od[(far > 600) & (far < 640)] = 1.5
    assert find_well(photograph(od)).radius == pytest.approx(600, rel=0.01)


def test_a_field_without_a_rim_has_no_well():
    od = canvas()
    osteoclast(od, (150, 200))
    assert find_well(photograph(od)) is None

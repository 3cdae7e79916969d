"""The rim of a well found as a circle."""

import tracemalloc

import cv2
import numpy as np
import pytest

from osteocount.segment.preprocess.well_mask import find_well
from support.pictures import canvas, ellipse, low_power_well, osteoclast, photograph


@pytest.mark.parametrize(
    ("centre", "radius"), [((600.0, 420.0), 520.0), ((100.0, 250.0), 380.0), ((250.0, 250.0), 190.0)]
)
def test_the_well_rim_is_found_as_a_circle(centre, radius):
    circle = find_well(low_power_well(centre=centre, radius=radius))
    assert circle is not None
    assert circle.radius == pytest.approx(radius, rel=0.02)
    assert (circle.y, circle.x) == pytest.approx(centre, abs=0.02 * radius)


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


def straight_edge(seed, width, shape=(600, 800)):
    """Paint a field with a slanted black strip: a gap of the stitching, the edge of a slide."""
    random = np.random.default_rng(seed)
    pixels = 200 + random.normal(0, 6, (*shape, 3))
    strip = np.zeros(shape, np.uint8)
    cv2.line(strip, (0, 100), (shape[1], 140 + seed * 100), 1, width)
    pixels[strip > 0] = random.normal(10, 3, (int(strip.sum()), 3))
    return np.clip(cv2.GaussianBlur(pixels, (0, 0), 1.2), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("width", [5, 20, 60, 200])
def test_a_straight_edge_is_no_rim_and_takes_no_memory(seed, width):
    pixels = straight_edge(seed, width)
    tracemalloc.start()
    circle = find_well(pixels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert circle is None
    assert peak < 150 * 2**20  # over 10 GB where the whole of a circle of 9 million pixels is laid out


def test_a_rim_that_is_almost_straight_is_still_found():
    od = canvas(600, 800)
    y, x = np.mgrid[:600, :800]
    far = np.hypot(y - 1700, x - 300)
    od[far > 1600] = 1.5
    assert find_well(photograph(od)).radius == pytest.approx(1600, rel=0.02)

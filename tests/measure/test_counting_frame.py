"""Which cells are counted in which area: cut cells, guard zone, missing tiles; counted by hand and by chance."""

import numpy as np
import pytest

from osteocount.measure import CountingFrame, choose_frame, measure_shapes
from osteocount.segment.preprocess.analysed_area import AnalysedArea
from osteocount.segment.preprocess.unimaged import UnimagedArea
from osteocount.segment.preprocess.well_mask import Circle
from osteocount.segment.segmentation import ArrayLabels, Segmentation
from osteocount.settings import PictureSettings

GAP = UnimagedArea(np.array([[40, 60, 50, 80]]))


def one(box):
    top, left, side = box
    labels = np.zeros((100, 120), np.uint32)
    labels[top : top + side, left : left + side] = 1
    shape = measure_shapes(labels)[0]
    return shape, labels[shape.top : shape.bottom, shape.left : shape.right] == 1


def counted(frame, box):
    shape, mask = one(box)
    return frame.counts(shape, cut_first=frame.cut_by(shape, mask)[0])


@pytest.mark.parametrize(
    ("box", "is_counted"),
    [
        ((10, 10, 5), True),  # whole
        ((0, 10, 5), False),  # cut above
        ((10, 0, 5), False),  # cut on its left
        ((79, 10, 5), True),  # its corner in the last row of the frame
        ((80, 10, 5), False),  # in the guard zone, though whole
        ((10, 99, 5), True),
        ((10, 100, 5), False),
        ((79, 99, 20), True),  # as large as the guard zone, and whole
        ((79, 99, 21), True),  # larger: cut, and counted once all the same
    ],
)
def test_a_guard_zone_of_twenty_pixels_by_hand(box, is_counted):
    frame = CountingFrame((100, 120), "guard zone", 20)
    assert counted(frame, box) == is_counted
    assert frame.pixels() == (12000, 80 * 100)


@pytest.mark.parametrize(
    ("box", "cut", "is_counted"),
    [
        ((10, 10, 5), (False, False), True),
        ((34, 60, 6), (False, True), False),  # it ends at the gap below it, and is no wider than the guard zone
        ((60, 60, 6), (True, False), False),  # the gap is above it
        ((45, 80, 6), (True, False), False),  # on its left
        ((45, 45, 5), (False, True), False),  # on its right
        ((45, 25, 5), (False, False), True),  # 20 pixels left of the gap
        ((45, 31, 5), (False, False), False),  # nearer than the guard zone is wide, though whole
        ((70, 60, 6), (False, False), True),  # below it, and away
    ],
)
def test_what_was_never_imaged_cuts_cells_as_a_border_does(box, cut, is_counted):
    frame = CountingFrame((100, 120), "guard zone", 20, 2, AnalysedArea(None, GAP))
    shape, mask = one(box)
    assert frame.cut_by(shape, mask) == cut
    assert counted(frame, box) == is_counted
    # Of the frame's 80 × 100 pixels, those less than 20 above or to the left of the gap are lost, and it itself.
    assert frame.pixels() == (12000 - 600, 8000 - 39 * 49)


def test_a_gap_outside_the_well_cuts_nothing():
    frame = CountingFrame((100, 120), "guard zone", 20, 2, AnalysedArea(Circle(20.0, 50.0, 29.0), GAP))
    shape, mask = one((34, 60, 6))
    assert frame.cut_by(shape, mask) == (False, False)


def segmentation(shape, area=None, **record):
    import pandas as pd

    labels = ArrayLabels(np.zeros(shape, np.uint32), np.zeros(shape, np.uint32))
    empty = pd.DataFrame()
    return Segmentation(labels, empty, "brightfield", True, empty, area=area or AnalysedArea(), record=record)


@pytest.mark.parametrize(
    ("shape", "um", "settings", "area", "rule", "guard_px"),
    [
        ((1000, 1200), 0.5, {}, None, "guard zone", 200),
        ((1000, 1200), None, {}, None, "two borders", 0),  # not even an estimate of the scale
        ((1000, 1200), 0.5, {"guard_zone": 0}, None, "two borders", 0),
        ((1000, 1200), 0.5, {"guard_zone": 55.1}, None, "guard zone", 111),
        ((1000, 1200), 0.5, {"well_view": "whole"}, None, "every cell", 0),
        ((400, 400), 0.5, {}, None, "two borders", 0),  # a quarter would be left
        ((1000, 1200), 0.5, {}, AnalysedArea(Circle(600, 500, 490)), "every cell", 0),  # the whole rim is seen
        ((1000, 1200), 0.5, {}, AnalysedArea(Circle(600, 500, 700)), "guard zone", 200),  # an arc of it
        ((1000, 1200), 0.5, {}, AnalysedArea(Circle(600, 500, 490), UnimagedArea(np.array([[400, 500, 400, 500]]))),
         "guard zone", 200),
        ((1000, 1200), 0.5, {}, AnalysedArea(Circle(600, 500, 490), UnimagedArea(np.array([[0, 50, 0, 50]]))),
         "every cell", 0),
    ],
)  # fmt: skip
def test_the_rule_is_chosen_by_what_the_picture_shows(shape, um, settings, area, rule, guard_px):
    frame, _ = choose_frame(segmentation(shape, area), um, PictureSettings.model_validate(settings))
    assert (frame.rule, frame.guard_px) == (rule, guard_px)
    again = CountingFrame.from_record(frame.record(), shape, PictureSettings())
    assert again.record() == frame.record()
    assert again.pixels() == frame.pixels()


def test_an_estimated_scale_is_enough_for_a_guard_zone():
    frame, _ = choose_frame(segmentation((1000, 1200), analysed_um_per_px=0.8), None, PictureSettings())
    assert (frame.rule, frame.guard_px) == ("guard zone", 125)


def test_a_picture_too_small_for_the_guard_zone_says_so():
    _, said = choose_frame(segmentation((400, 400)), 0.5, PictureSettings())
    assert "too small for a guard zone of 100 µm, which would take 75 % of it" in said[0]


def test_fields_of_versions_without_a_frame_keep_the_rule_they_were_counted_with():
    assert CountingFrame.from_record({}, (9, 9), PictureSettings()).rule == "two borders"
    assert CountingFrame.from_record(None, (9, 9), PictureSettings(well_view="whole")).rule == "every cell"


@pytest.mark.parametrize("gap", [None, GAP, UnimagedArea(np.array([[0, 100, 30, 33], [50, 53, 0, 120]]))])
def test_any_cell_no_larger_than_the_guard_zone_is_counted_as_often_as_its_area_says(gap):
    """Every place of a cell in a large plane once: how often it is counted is the counted area, whatever its size."""
    frame = CountingFrame((100, 120), "guard zone", 16, 1, AnalysedArea(None, gap))
    seen = np.ones((100, 120), bool) if gap is None else ~gap.contains(np.arange(100), np.arange(120))
    _, area = frame.pixels()
    for height, width in ((1, 1), (7, 3), (16, 16), (4, 16)):
        n = 0
        for top in range(-height, 101):
            for left in range(-width, 121):
                part = np.zeros((100, 120), np.uint32)
                part[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = 1
                part *= seen
                if part.any():
                    shape = measure_shapes(part)[0]
                    mask = part[shape.top : shape.bottom, shape.left : shape.right] > 0
                    n += frame.counts(shape, cut_first=frame.cut_by(shape, mask)[0])
        # A cell whose own edge touches the upper or left border cannot be told from a cut one: a pixel along them.
        assert abs(n - area) <= 2 * (100 + 120) + 3 * 50, (height, width)

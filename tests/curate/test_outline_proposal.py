"""Outlines proposed from a click, on discs whose edges are known."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.curate.outline_proposal import propose_outline, window_around

SIDE = 160
MIDDLE = (80, 80)


def disc(radius, *, centre=MIDDLE, value=(120, 60, 110), ground=(220, 220, 225)):
    rows, columns = np.indices((SIDE, SIDE))
    inside = np.hypot(rows - centre[0], columns - centre[1]) <= radius
    return np.where(inside[..., None], np.uint8(value), np.uint8(ground)), inside


def area_of(outline):
    """Return the area inside the outline, by the shoelace formula, with the half pixels along it."""
    y, x = np.array(outline).T
    enclosed = abs(np.dot(y, np.roll(x, 1)) - np.dot(x, np.roll(y, 1))) / 2
    return enclosed + len(outline) / 2 + 1


def test_a_click_on_a_stained_disc_proposes_the_disc():
    picture, inside = disc(30)
    found = propose_outline(picture, np.zeros_like(inside), (80.0, 85.0), 0.76, on_dark=False)
    assert area_of(found.outline) == pytest.approx(inside.sum(), rel=0.1)


def test_in_fluorescence_the_bright_disc_is_proposed():
    picture, inside = disc(30, value=(180,) * 3, ground=(10,) * 3)
    found = propose_outline(picture[..., 0], np.zeros_like(inside), (80.0, 80.0), 0.76, on_dark=True)
    assert area_of(found.outline) == pytest.approx(inside.sum(), rel=0.1)


def test_proposals_grow_and_shrink_within_their_levels():
    inside = disc(30)[1]
    rows, columns = np.indices((SIDE, SIDE))
    halo = np.clip(1.6 - np.hypot(rows - 80, columns - 80) / 40, 0, 1)[..., None]
    soft = (220 - 120 * halo).astype(np.uint8).repeat(3, axis=2)
    found = propose_outline(soft, np.zeros_like(inside), (80.0, 80.0), 0.76, on_dark=False)
    sizes = [area_of(outline) for outline in found.outlines]
    assert sizes == sorted(sizes)
    assert len(sizes) > 3
    assert area_of(found.grown(1).outline) >= area_of(found.outline) >= area_of(found.grown(-1).outline)
    assert found.grown(100).chosen == len(sizes) - 1
    assert found.grown(-100).chosen == 0
    moved = found.moved(10, 20).outline[0]
    assert moved == (found.outline[0][0] + 10, found.outline[0][1] + 20)


@pytest.mark.parametrize("click", [(20.0, 20.0), (80.0, 80.0)])
def test_nothing_is_proposed_where_nothing_stands_out(click):
    bare, inside = disc(0, value=(220, 220, 225))
    assert propose_outline(bare, np.zeros_like(inside), click, 0.76, on_dark=False) is None
    faint = disc(30, value=(182,) * 3, ground=(180,) * 3)[0][..., 0]
    assert propose_outline(faint, np.zeros_like(inside), click, 0.76, on_dark=True) is None


def test_other_cells_are_left_alone():
    picture, inside = disc(30)
    taken = np.zeros_like(inside)
    taken[:, :80] = True
    found = propose_outline(picture, taken, (80.0, 95.0), 0.76, on_dark=False)
    assert min(x for _, x in found.outline) >= 80
    assert propose_outline(picture, np.ones_like(inside), (80.0, 80.0), 0.76, on_dark=False) is None


def test_what_runs_away_to_the_side_of_the_window_is_not_proposed():
    picture, inside = disc(30, centre=(80, 0))
    where_it_goes_on = propose_outline(picture, np.zeros_like(inside), (80.0, 5.0), 0.76, on_dark=False)
    at_the_edge = propose_outline(
        picture, np.zeros_like(inside), (80.0, 5.0), 0.76, on_dark=False, open_sides=(True, True, False, True)
    )
    assert where_it_goes_on is None
    assert area_of(at_the_edge.outline) == pytest.approx(inside.sum(), rel=0.15)


def test_a_fine_picture_is_reduced_and_the_outline_is_not():
    picture, inside = disc(30)
    fine = picture.repeat(4, axis=0).repeat(4, axis=1)
    found = propose_outline(fine, np.zeros(fine.shape[:2], bool), (320.0, 320.0), 0.19, on_dark=False)
    assert area_of(found.outline) == pytest.approx(16 * inside.sum(), rel=0.12)


def test_the_window_ends_with_the_picture():
    rows, columns = window_around(10, 400, 1.0, (300, 420))
    assert (rows.start, rows.stop, columns.start, columns.stop) == (0, 211, 200, 420)

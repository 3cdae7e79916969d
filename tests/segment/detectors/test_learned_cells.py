"""Cells from maps made by hand."""

import numpy as np
import pytest

from osteocount.segment.detectors.learned_cells import BOUNDARY_FEATURES, cell_mask, merge_fragments, oversegment
from support.logit_maps import SCALE, hand_made

#: Two cells with nuclei are one above a core of 0.4 along their border; a bare one belongs to what it leans on above
#: −4, unless it is much the darker.
RULE = {"one_none_bare": -0.4, "one_one_bare": 4.0, "one_both_bare": 4.0, "darker": -20.0}
RULE |= {f"core_{bare}_bare": 1.0 for bare in ("none", "one", "both")}


def labels_of(maps, *nuclei, total=None):
    at = np.array(nuclei, np.intp).reshape(-1, 2).T
    mask = cell_mask(maps, None, 0.0, SCALE)
    total = np.full(mask.shape, 0.3, np.float32) if total is None else total
    parts = oversegment(maps, mask, total, (at[0], at[1]), SCALE)
    return merge_fragments(parts, np.array([RULE.get(name, 0.0) for name in BOUNDARY_FEATURES]), 7.0)


LEFT, RIGHT = (slice(10, 50), slice(10, 60)), (slice(10, 50), slice(60, 110))


def test_a_seam_parts_two_cells_and_weak_core_does_not() -> None:
    maps = hand_made(LEFT, RIGHT)
    assert labels_of(maps, (30, 30), (30, 90)).max() == 2
    maps.core[12:48, 56:64] = 2.0
    assert labels_of(maps, (30, 30), (30, 90)).max() == 1


@pytest.mark.parametrize(("seam", "cells"), [(-1.0, 1), (-6.0, 2)])
def test_a_part_without_a_nucleus_belongs_to_the_cell_it_leans_on(seam, cells) -> None:
    maps = hand_made(LEFT, RIGHT)
    maps.core[10:50, 58:62] = seam
    assert labels_of(maps, (30, 30)).max() == cells


def test_a_dark_bare_part_lies_on_the_cell_and_a_pale_one_belongs_to_it() -> None:
    maps = hand_made(LEFT, RIGHT)
    maps.core[10:50, 58:62] = -1.0
    total = np.full((60, 120), 0.3, np.float32)
    for density, cells in ((0.1, 1), (0.8, 2)):
        total[:, 60:] = density
        assert labels_of(maps, (30, 30), total=total).max() == cells


def test_the_surest_pair_is_joined_first_and_what_it_changes_is_looked_at_anew() -> None:
    middle = slice(10, 50), slice(60, 85)
    maps = hand_made(LEFT, middle, (slice(10, 50), slice(85, 110)))
    maps.core[12:48, 58:62], maps.core[12:48, 83:87] = -1.0, -2.0
    labels = labels_of(maps, (30, 30), (30, 100))  # the middle has no nucleus and leans more on the left
    assert labels.max() == 2
    assert labels[30, 70] == labels[30, 30] != labels[30, 100]


def test_seams_are_described_by_what_is_seen_there() -> None:
    maps = hand_made(LEFT, RIGHT)
    maps.core[12:48, 58:62] = -2.0
    total = np.full((60, 120), 0.3, np.float32)
    total[:, 60:] = 0.5
    parts = oversegment(maps, cell_mask(maps, None, 0.0, SCALE), total, (np.array([30]), np.array([30])), SCALE)
    ends, features = parts.boundary_features(np.arange(parts.area.size))
    assert ends.tolist() == [[1, 2]]
    seen = dict(zip(BOUNDARY_FEATURES, features[0], strict=True))
    assert seen["one_one_bare"] == 1
    assert seen["one_none_bare"] == seen["core_none_bare"] == seen["one_both_bare"] == 0
    assert -4 < seen["core_one_bare"] < -1.5
    assert seen["open_one_bare"] == 0
    assert seen["contrast_one_bare"] == pytest.approx(0.2)
    assert seen["darker"] == pytest.approx(0.2)
    assert seen["length"] == pytest.approx(np.log(40 * 0.76))


def test_small_things_are_no_cells_and_labels_are_in_raster_order() -> None:
    maps = hand_made((slice(40, 58), slice(5, 25)), (slice(5, 25), slice(80, 100)), (slice(5, 9), slice(5, 9)))
    labels = labels_of(maps, (48, 15), (15, 90))
    assert labels.max() == 2
    assert labels[15, 90] == 1
    assert labels[7, 7] == 0

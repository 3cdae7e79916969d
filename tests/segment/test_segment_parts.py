"""The parts of the segmenter, each by itself."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.segment.morphology import holes_filled, in_raster_order, opened, regions
from osteocount.segment.object_tables import count_nuclei
from osteocount.segment.preprocess.illumination import optical_density
from osteocount.segment.preprocess.scale import Scale, labels_to_size, working_scale
from osteocount.segment.preprocess.stains import estimate_stains, trap_density
from osteocount.segment.split import split_touching
from osteocount.segment.tiling.packing import connected_bodies, pack_bodies
from osteocount.segment.watershed import marker_watershed
from support.pictures import GREEN, PURPLE, canvas, ellipse, photograph

SCALE = Scale(0.76, 1.0, "made")


@pytest.mark.parametrize("bits", [8, 16])
def test_optical_density_is_over_the_local_light(bits):
    od = canvas()
    ellipse(od, (150, 200), (60, 60), 0.8)
    shade = 0.1 * np.linspace(-1, 1, 400)[None, :, None]
    got, white = optical_density(photograph(od + shade, bits), np.ones((300, 400), bool), 0.76)
    assert np.abs(got[150, 200] - 0.8 * PURPLE).max() < 0.03
    assert np.abs(got[20:60, 20:380]).mean() < 0.01
    assert white[0] == pytest.approx(205 * (1 if bits == 8 else 257), rel=0.03)


def test_stains_are_estimated_and_unmixed():
    od = canvas()
    ellipse(od, (150, 120), (60, 60), 0.5, stain=PURPLE)
    ellipse(od, (150, 290), (30, 30), 0.5, stain=GREEN)
    stains = estimate_stains(od.astype(np.float32), od.sum(axis=2) > 0.05)
    assert stains.is_trap
    assert stains.trap @ (PURPLE / np.linalg.norm(PURPLE)) > 0.995
    assert stains.counterstain @ (GREEN / np.linalg.norm(GREEN)) > 0.995
    trap = trap_density(od.astype(np.float32), stains)
    assert trap[150, 120] == pytest.approx(0.5 * np.linalg.norm(PURPLE), rel=0.05)
    assert trap[150, 290] < 0.05


def test_a_colour_that_is_no_trap_is_said():
    od = canvas()
    ellipse(od, (150, 200), (60, 60), 0.6, stain=np.array([0.2, 0.1, 0.95]))
    stains = estimate_stains(od.astype(np.float32), od.sum(axis=2) > 0.05)
    assert not stains.is_trap
    assert any("the TRAP colour of this picture is" in w for w in stains.warnings)


@pytest.mark.parametrize(("distance", "parts"), [(20, 1), (30, 1), (56, 2), (58, 2)])
def test_bodies_are_cut_only_at_a_waist(distance, parts):
    y, x = np.ogrid[:100, :200]
    both = (np.hypot(y - 50, x - 60) < 30) | (np.hypot(y - 50, x - 60 - distance) < 30)
    assert split_touching(both.astype(np.uint8), SCALE).max() == parts


def test_a_dense_waist_is_one_cell_and_a_pale_one_two():
    y, x = np.ogrid[:100, :200]
    both = ((np.hypot(y - 50, x - 60) < 30) | (np.hypot(y - 50, x - 112) < 30)).astype(np.uint8)
    middle = np.exp(-(((x - 86) / 8.0) ** 2)) * np.ones((100, 1))
    counts = [
        int(split_touching(both, SCALE, density=(0.3 + sign * 0.2 * middle).astype(np.float32)).max())
        for sign in (1, -1)
    ]
    assert counts == [1, 2]


def basins(heights, seeds):
    """Basins of single-pixel seeds in a picture that is all inside."""
    height = np.asarray(heights, np.float32)
    return marker_watershed(
        np.ones(height.shape, bool), height.ravel(), np.array(seeds), np.arange(len(seeds)), height.ravel()
    )


def test_a_summit_without_a_seed_goes_over_its_highest_saddle():
    found = basins([[1, 5, 2, 1, 4, 3, 6, 1]], [1, 6])
    assert found.of_pixel.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert found.peak.tolist() == [5, 6]
    assert (found.pairs.tolist(), found.saddle.tolist(), found.on_border.tolist()) == ([[0, 1]], [1], [2])


@given(seed=st.integers(0, 10**6), n_seeds=st.integers(1, 5), levels=st.sampled_from([2, 5, 1000]))
@settings(max_examples=40, deadline=None)
def test_every_basin_is_one_piece_around_its_seed(seed, n_seeds, levels):
    random = np.random.default_rng(seed)
    seeds = np.sort(random.choice(12 * 9, n_seeds, replace=False))
    found = basins(random.integers(0, levels, (12, 9)), seeds)
    assert found.of_pixel[seeds].tolist() == list(range(n_seeds))
    for basin in range(n_seeds):
        own = (found.of_pixel.reshape(12, 9) == basin).astype(np.uint8)
        assert cv2.connectedComponents(own, connectivity=4)[0] == 2


def test_an_atlas_is_cut_between_shelves_into_strips_as_full_as_can_be():
    mask = np.zeros((900, 900), np.uint8)
    for top in range(10, 880, 60):
        for left in range(10, 880, 60):
            mask[top : top + 40, left : left + 45] = 1
    packed = pack_bodies(connected_bodies(mask))
    first, second = packed.strips(2)
    share = packed.mask[first].sum() / mask.sum()
    assert 0.4 < share < 0.6
    assert (first.stop, second.stop) == (second.start, packed.shape[0])
    assert not packed.mask[first.stop - 2 : first.stop + 2].any()


@pytest.mark.parametrize(("border", "filled"), [(False, True), (True, False)])
def test_only_closed_holes_are_filled(border, filled):
    mask = np.ones((30, 30), np.uint8)
    mask[0 if border else 5 : 10, 10:14] = 0
    assert bool(holes_filled(mask, 100).all()) is filled


def test_opening_does_not_eat_cells_cut_by_the_border():
    mask = np.zeros((40, 40), np.uint8)
    mask[:12, :12] = 1
    mask[30, :] = 1
    out = opened(mask, 3)
    assert out[0, 0] == 1
    assert not out[30].any()


@pytest.mark.parametrize(("um", "zoom"), [(0.76, 1.0), (0.8, 1.0), (0.38, 0.5), (1.14, 1.5)])
def test_the_working_scale(um, zoom):
    scale = working_scale(um, "given")
    assert scale.zoom == pytest.approx(zoom)
    assert scale.um == pytest.approx(um / zoom)


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_raster_order_keeps_the_partition(seed):
    labels = np.random.default_rng(seed).integers(0, 6, (7, 9)).astype(np.int32) * 3
    new = in_raster_order(labels)
    ids, first = np.unique(new, return_index=True)
    assert np.array_equal(new > 0, labels > 0)
    assert np.all(np.diff(first[ids > 0]) > 0)
    assert sorted(ids[ids > 0]) == list(range(1, np.unique(labels[labels > 0]).size + 1))
    for label in ids[ids > 0]:
        assert np.unique(labels[new == label]).size == 1
    assert sum(r.area for r in regions(new)) == (labels > 0).sum()


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_labels_keep_their_order_when_resized(height, width, wanted):
    labels = np.arange(height * width, dtype=np.int32).reshape(height, width)
    out = labels_to_size(labels, (wanted, wanted))
    assert out.shape == (wanted, wanted)
    assert out.dtype == np.uint32
    assert np.all(np.diff(out.astype(np.int64), axis=0) >= 0)


@pytest.mark.parametrize(
    ("scores", "low", "high", "confidence"),
    [
        ([], 0, 0, 1.0),
        ([1.0, 1.0, 1.0], 3, 3, 1.0),
        ([0.5, 0.5, 0.5], 0, 3, 0.125),
        ([1.0, 1.0, 0.4], 2, 3, 0.6),
        ([1.0, 1.0, 1.0, 0.02], 3, 3, 1.0),
    ],
)
def test_the_interval_is_the_poisson_binomial(scores, low, high, confidence):
    count = count_nuclei(1, np.ones(len(scores), np.int32), np.array(scores, np.float32), 0.5, 3)
    assert (count.low[1], count.high[1]) == (low, high)
    assert count.confidence[1] == pytest.approx(confidence, abs=1e-6)

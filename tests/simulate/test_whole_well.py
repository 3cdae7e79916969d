"""Simulated crops of whole wells: labels, calls, and the same pixels from the same seed."""

import numpy as np
import pytest

from osteocount.simulate.low_power_cells import depth_of, draw_shape, place_nuclei, smooth_noise
from osteocount.simulate.whole_well import simulate_crop


def crop(seed, side=200, um=2.0):
    return simulate_crop(np.random.default_rng(seed), side, um)


def test_the_same_seed_gives_the_same_pixels() -> None:
    one, two = crop(3), crop(3)
    np.testing.assert_array_equal(one.picture, two.picture)
    np.testing.assert_array_equal(one.cells, two.cells)


@pytest.mark.parametrize("seed", range(6))
def test_labels_calls_and_nuclei_belong_together(seed) -> None:
    made = crop(seed)
    assert made.picture.shape == (200, 200, 3)
    assert made.picture.dtype == np.uint8
    assert int(made.cells.max()) < made.osteoclast.size == made.unsure.size
    assert not made.osteoclast[0]
    assert not made.unsure[0]
    assert not (made.osteoclast & made.unsure).any()  # a ghost is called neither
    for y, x in made.centres.astype(int):
        assert made.cells[y, x] > 0


def test_crops_hold_osteoclasts_and_small_cells_of_every_density() -> None:
    made = [crop(seed) for seed in range(12)]
    sizes = [np.bincount(each.cells.ravel())[1:] for each in made]
    giants = sum(int((each.osteoclast & (np.bincount(each.cells.ravel(), minlength=each.osteoclast.size) > 200)).sum())
                 for each in made)  # fmt: skip
    assert giants > 12
    assert sum(int((s < 120).sum()) for s in sizes) > 500


@pytest.mark.parametrize("kind", ["smooth", "lobed", "long"])
def test_a_body_has_the_area_of_a_disc_of_its_diameter(kind) -> None:
    areas = [int((draw_shape(np.random.default_rng(seed), 60.0, kind) > 127).sum()) for seed in range(5)]
    np.testing.assert_allclose(areas, np.pi * 30**2, rtol=0.08)


def test_nuclei_lie_apart_and_inside() -> None:
    rng = np.random.default_rng(1)
    depth = depth_of(np.pad(draw_shape(rng, 60.0, "smooth"), 3))
    places = place_nuclei(rng, depth, 8, 3.0)
    assert len(places) == 8
    assert all(depth[at] >= 2.4 for at in places)
    assert min(np.hypot(a[0] - b[0], a[1] - b[1]) for i, a in enumerate(places) for b in places[:i]) > 5.1


def test_noise_has_the_size_that_was_asked_for() -> None:
    noise = smooth_noise(np.random.default_rng(0), (64, 80), 10.0)
    assert noise.shape == (64, 80)
    assert 0.3 < float(noise.std()) < 1.2

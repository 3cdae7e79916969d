"""Fluorescence and low power pictures hold what their truth says."""

import numpy as np
import pytest

from osteocount.simulate import Densities, FieldDesign
from osteocount.simulate.fluorescence_field import FluorescenceOptics, simulate_fluorescence
from osteocount.simulate.low_power_well import WellDesign, random_well, simulate_well

SMALL = FieldDesign(width=300, height=260, pixel_size=0.8, densities=Densities(osteoclast=120))


def test_the_same_seed_gives_the_same_channels_and_another_one_others() -> None:
    one, two, other = (simulate_fluorescence(SMALL, FluorescenceOptics(), seed).pixels for seed in (3, 3, 4))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(("bits", "kind"), [(8, np.uint8), (16, np.uint16)])
def test_cytoplasm_is_bright_in_the_first_channel_and_nuclei_in_the_second(bits: int, kind: type) -> None:
    made = simulate_fluorescence(SMALL, FluorescenceOptics(bits=bits), 1)
    assert made.pixels.dtype == kind
    cytoplasm, dna = (made.pixels[..., channel].astype(float) for channel in (0, 1))
    body = (made.cells > 0) & (made.nuclei == 0)
    assert np.median(cytoplasm[body]) > 2 * np.median(cytoplasm[made.cells == 0])
    assert np.median(dna[made.nuclei > 0]) > 3 * np.median(dna[body])


def test_unstained_cells_are_in_the_dna_channel_alone() -> None:
    pictures = [simulate_fluorescence(SMALL, FluorescenceOptics(unstained=n, bleed=(0, 0)), 1) for n in (0, 3000)]
    without, with_them = pictures
    assert np.array_equal(without.cells, with_them.cells)
    assert len(without.nuclei_truth) == len(with_them.nuclei_truth)
    outside = without.cells == 0
    assert np.percentile(with_them.pixels[outside, 1], 97) > 3 * np.percentile(without.pixels[outside, 1], 97)


def test_bleed_through_shows_the_cytoplasm_in_the_dna_channel() -> None:
    clean, bled = (simulate_fluorescence(SMALL, FluorescenceOptics(bleed=(b, 0)), 1) for b in (0.0, 0.3))
    body = (clean.cells > 0) & (clean.nuclei == 0)
    assert bled.pixels[body, 1].mean() > clean.pixels[body, 1].mean() + 5


WELL = WellDesign(width=700, height=600, centre=(600, 350), radius=520, giants=70, small=300)


def test_nothing_is_outside_the_rim_and_the_rim_is_dark() -> None:
    made = simulate_well(WELL, 2)
    y, x = np.ogrid[: made.cells.shape[0], : made.cells.shape[1]]
    away = np.hypot(y - made.circle[0], x - made.circle[1]) - made.circle[2]
    assert not made.cells[away > 1].any()
    assert made.picture[(away > 3) & (away < 100 / made.pixel_size)].mean() < 40
    assert np.median(made.picture[away < -3]) > 150


def test_every_cell_of_the_table_is_in_the_picture_with_its_size() -> None:
    made = simulate_well(WELL, 2)
    truth = made.truth.set_index("cell_id")
    assert sorted(truth.index) == np.unique(made.cells)[1:].tolist()
    whole = truth[~truth["cut"] & truth["is_osteoclast"]]
    area = np.bincount(made.cells.ravel())[whole.index] * made.pixel_size**2
    assert len(whole) >= 5
    assert np.sqrt(area * 4 / np.pi) == pytest.approx(whole["diameter_um"].to_numpy(), rel=0.06)
    assert truth.loc[truth["is_osteoclast"], "diameter_um"].min() > 50
    assert truth.loc[truth["class"] == "small", "diameter_um"].median() < 20


def test_wells_differ_in_stain_scale_and_framing() -> None:
    wells = [random_well(np.random.default_rng(seed)) for seed in range(12)]
    assert len({well.pixel_size for well in wells}) == 12
    assert len({well.stain.trap for well in wells}) == 12
    assert {well.centre == (600.0, 600.0) for well in wells} == {True, False}

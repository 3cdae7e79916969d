"""Two-channel pictures and their truth."""

import numpy as np
import pytest

from osteocount.simulate import Densities, FieldDesign
from support.fluorescence_field import FluorescenceOptics, simulate_fluorescence

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

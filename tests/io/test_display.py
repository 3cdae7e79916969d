"""Pictures as colours for a screen."""

from pathlib import Path

import numpy as np
import pytest

from osteocount.io.display import display_rgb
from osteocount.io.picture import Picture, PixelSize


def rgb_picture(height=200, width=300):
    pixels = np.full((height, width, 3), 220, np.uint8)
    return Picture(Path("a.tif"), pixels, "rgb", ("",) * 3, PixelSize(0.76, "test"), "")


def test_eight_bit_colours_are_shown_as_they_are():
    shown = rgb_picture()
    np.testing.assert_array_equal(display_rgb(shown), shown.pixels)


def test_sixteen_bit_colours_keep_their_balance():
    pixels = np.zeros((40, 40, 3), np.uint16)
    pixels[:] = (4000, 2000, 1000)
    rgb = display_rgb(Picture(Path("a"), pixels, "rgb", ("",) * 3, PixelSize(None, ""), ""))
    assert rgb[0, 0].tolist() == [255, 128, 64]


@pytest.mark.parametrize(("names", "dna"), [(("TRAP", "DAPI"), 1), (("Hoechst", "actin"), 0), (("", ""), 1)])
def test_dna_is_blue(names, dna):
    pixels = np.zeros((40, 40, 2), np.uint16)
    pixels[:20, :20, dna] = 900
    rgb = display_rgb(Picture(Path("a"), pixels, "channels", names, PixelSize(None, ""), ""))
    assert rgb[5, 5].tolist() == [70, 150, 255]
    assert rgb[30, 30].tolist() == [0, 0, 0]


def test_display_can_be_reduced():
    assert display_rgb(rgb_picture(400, 600), longest=150).shape == (100, 150, 3)

"""Pictures of any size read small and in part."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.io.tiled_image import InMemoryImage
from osteocount.segment.tiling.overview import read_overview
from support.pictures import picture


@pytest.mark.parametrize(("height", "width"), [(900, 300), (300, 900), (700, 1700)])
def test_a_picture_that_is_not_large_is_surveyed_as_a_whole(height, width):
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)
    assert np.array_equal(read_overview(InMemoryImage(picture(pixels))).reduced.pixels, pixels)


def test_a_large_picture_is_surveyed_in_little():
    pixels = np.random.default_rng(0).integers(0, 255, (3300, 4000, 3), dtype=np.uint8)
    seen = read_overview(InMemoryImage(picture(pixels)))
    np.testing.assert_array_equal(seen.reduced.pixels, pixels[::2, ::2])
    assert seen.reduced.pixel_size.um == 2 * 0.76
    assert (seen.top, seen.left) == (626, 976)
    np.testing.assert_array_equal(seen.centre.pixels, pixels[626:2674, 976:3024])

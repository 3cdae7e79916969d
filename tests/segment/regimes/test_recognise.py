"""Which regime is chosen, at which scale, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.errors import OsteoCountError
from osteocount.io.tiled_image import InMemoryImage
from osteocount.segment import get_segmenter
from osteocount.segment.regimes.recognise import read_overview
from osteocount.settings import Settings
from support.pictures import WHITE, canvas, ellipse, osteoclast, photograph, picture, round_cells


def segment(pixels, settings=None, **how):
    return get_segmenter(settings or Settings()).segment(picture(pixels, **how))


def test_the_scale_is_estimated_from_mononuclear_cells():
    od = canvas()
    osteoclast(od, (150, 200))
    round_cells(od, [(30, 40 + 45 * k) for k in range(8)])
    found = segment(photograph(od), um=None)
    assert found.regime == "brightfield"
    assert found.record["analysed_um_per_px"] == pytest.approx(0.76, rel=0.1)


def phase_contrast():
    rng = np.random.default_rng(0)
    grey = np.clip(rng.normal(128, 30, (200, 200, 1)), 0, 255).astype(np.uint8)
    return np.repeat(grey, 3, axis=2)


def green_cells():
    od = canvas()
    for k in range(8):
        ellipse(od, (150, 40 + 45 * k), (14, 14), 0.7, stain=np.array([0.3, 0.1, 0.9]))
    return photograph(od)


@pytest.mark.parametrize(
    ("pixels", "how", "message"),
    [
        (phase_contrast()[..., :1], {"kind": "grey"}, "one grey channel, as in phase contrast"),
        (phase_contrast(), {}, "the three channels are equal"),
        (np.zeros((100, 100, 3), np.uint8), {}, "the picture is black"),
        (green_cells(), {}, "not purple to red"),
        (np.zeros((100, 100, 2), np.uint8), {"kind": "channels"}, "0 of 2 channels hold a signal"),
    ],
)
def test_what_cannot_be_counted_is_refused(pixels, how, message):
    with pytest.raises(OsteoCountError, match=message) as refused:
        segment(pixels, **how)
    assert "made.png" in str(refused.value)


def test_bare_plastic_is_said():
    pixels = np.clip(np.random.default_rng(0).normal(WHITE, 1.0, (200, 200, 3)), 0, 255).astype(np.uint8)
    with pytest.raises(OsteoCountError, match="nothing can be seen in it"):
        segment(pixels)


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

"""Quality numbers of pictures whose faults are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from osteocount.columns import WELL_QUALITY, names_of
from osteocount.io.image_quality import (
    block_edges,
    debris_mask,
    focus_ratio,
    histogram_percentile,
    mean_grey,
    measure_quality,
)
from osteocount.settings import QcSettings, Settings


def picture(blur=0.5, noise=1.0, seed=0):
    """Return dark discs on a bright ground, (300, 400, 3) uint8."""
    rng = np.random.default_rng(seed)
    grey = np.full((300, 400), 200, np.float32)
    for _ in range(40):
        centre = (int(rng.integers(400)), int(rng.integers(300)))
        cv2.circle(grey, centre, int(rng.integers(6, 25)), float(rng.uniform(80, 160)), -1)
    grey = cv2.GaussianBlur(grey, (0, 0), blur) + rng.normal(0, noise, grey.shape).astype(np.float32)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def flags(pixels, **options):
    return measure_quality(pixels, QcSettings(), **options).flags


def test_a_good_picture_has_numbers_and_no_flags():
    pixels = picture()
    pixels[..., 1] = np.clip(200 * (pixels[..., 1] / 200) ** 2, 0, 255)  # green is taken twice: 0.5 of all light
    qc = measure_quality(pixels, QcSettings(), foreground=pixels[..., 0] < 170, debris=np.zeros((300, 400), bool))
    assert qc.flags == qc.reasons == ()
    names = ["focus", "saturated", "uneven", "well_in_view", "foreground", "stain_green", "debris"]
    assert list(qc.row()) == [f"qc_{name}" for name in names]
    assert set(qc.row()) == set(names_of(WELL_QUALITY)) - {"qc_unfamiliar"}  # which the segmenter tells
    assert qc.row()["qc_well_in_view"] == 1.0


@pytest.mark.parametrize("noise", [0.0, 1.0, 3.0])
def test_focus_falls_with_blur_whatever_the_noise(noise):
    ratios = [
        focus_ratio(picture(blur, noise).astype(np.float32).mean(axis=2), np.ones((300, 400), bool))
        for blur in (0.5, 1, 2, 3, 5, 8)
    ]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[2] > QcSettings().min_focus > ratios[4]


@pytest.mark.parametrize(("blur", "expected"), [(1.5, ()), (6.0, ("out_of_focus",))])
def test_out_of_focus_is_flagged_with_its_number(blur, expected):
    qc = measure_quality(picture(blur), QcSettings())
    assert qc.flags == expected
    assert not expected or qc.reasons[0].startswith("Out of focus: fine detail is 0.0")


def test_contrast_does_not_change_focus():
    full = picture(noise=0)
    faint = (200 - (200 - full.astype(np.float32)) / 4).round().astype(np.uint8)
    one = np.ones(full.shape[:2], bool)
    a, b = (focus_ratio(p.astype(np.float32).mean(axis=2), one) for p in (full, faint))
    assert a == pytest.approx(b, rel=0.05)


def test_flat_picture():
    assert "no_detail" in flags(np.full((60, 60, 3), 128, np.uint8))


@pytest.mark.parametrize(
    ("dtype", "top", "expected"),
    [(np.uint8, 255, True), (np.uint16, 4095, True), (np.uint16, 65535, True), (np.uint8, 250, False)],
)
def test_saturation_knows_the_camera(dtype, top, expected):
    pixels = picture().astype(dtype)
    pixels[:60, :100] = top
    assert ("saturated" in flags(pixels)) is expected


def test_uneven_light():
    ramp = np.linspace(0.3, 1.2, 400)[None, :, None]
    assert "uneven_light" in flags((picture() * ramp).clip(0, 254).astype(np.uint8))


def test_well_in_view_and_nothing_in_view():
    inside = np.zeros((300, 400), bool)
    inside[:50] = True
    assert "little_well" in flags(picture(), analysed=inside)
    assert flags(picture(), analysed=np.zeros((300, 400), bool)) == ("no_well",)


@pytest.mark.parametrize(("share", "expected"), [(0.0, "nearly_empty"), (0.95, "overgrown"), (0.3, None)])
def test_foreground(share, expected):
    foreground = np.zeros((300, 400), bool)
    foreground[: int(300 * share)] = True
    assert [f for f in flags(picture(), foreground=foreground) if f in ("nearly_empty", "overgrown")] == (
        [expected] if expected else []
    )


def test_debris():
    debris = np.zeros((300, 400), bool)
    debris[:30] = True
    assert "debris" in flags(picture(), debris=debris)


def test_thresholds_are_settings():
    qc = Settings.model_validate({"qc": {"min_focus": 0.9}}).qc
    assert "out_of_focus" in measure_quality(picture(), qc).flags


@pytest.mark.parametrize(
    ("colour", "share", "flag"),
    # Optical densities 0.5, 1, 0.5; three times 0.5; 1, 0.5, 0.5.
    [((75, 23, 75), 0.5, ""), ((75, 75, 75), 1 / 3, "wrong_colour"), ((23, 75, 75), 0.25, "wrong_colour")],
)
def test_the_colour_of_what_is_outlined(colour, share, flag):
    pixels = np.full((100, 100, 3), 239, np.uint8)
    stained = np.zeros((100, 100), bool)
    stained[20:40, 20:40] = True
    pixels[stained] = colour
    found = next(
        n for n in measure_quality(pixels, QcSettings(), foreground=stained).numbers if n.name == "stain_green"
    )
    assert found.value == pytest.approx(share, abs=0.001)
    assert found.flag == flag
    assert ("is not red or purple" in found.reason) == bool(flag)


def test_debris_is_what_is_stained_and_in_no_cell():
    stain, cells, well = np.zeros((60, 60), np.float32), np.zeros((60, 60), np.uint32), np.ones((60, 60), bool)
    stain[10:20, 10:20] = 0.5
    cells[11:19, 11:19] = 1  # its rim of 1 px is stained too and belongs to it
    stain[40:44, 40:45] = 0.5
    well[43] = False
    found = debris_mask(stain, cells, well, 0.15)
    assert found.sum() == 3 * 5
    assert found[40:43, 40:45].all()


@given(values=arrays(st.sampled_from([np.uint8, np.uint16]), st.integers(1, 300)), percent=st.floats(0, 100))
def test_the_percentile_of_a_histogram_is_that_of_numpy(values, percent):
    assert histogram_percentile(np.bincount(values).astype(float), percent) == pytest.approx(
        np.percentile(values, percent), abs=1e-6
    )


@pytest.mark.parametrize("channels", [1, 3, 4, 6])
def test_grey_is_the_mean_of_the_channels(channels):
    pixels = np.random.default_rng(1).integers(0, 65536, (7, 9, channels)).astype(np.uint16)
    np.testing.assert_allclose(mean_grey(pixels), pixels.mean(axis=2), rtol=1e-6)


@pytest.mark.parametrize(("quality", "least", "most"), [(None, 0.9, 1.3), (60, 1.0, 3.0), (8, 3.5, 50.0)])
@pytest.mark.parametrize("corner", [(0, 0), (3, 5)])
def test_blocks_of_jpeg_are_seen_wherever_their_grid_begins(quality, least, most, corner):
    pixels = picture(blur=1.5, noise=3.0)
    if quality is not None:
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    assert least < block_edges(pixels[corner[0] :, corner[1] :]) < most


def test_blocks_of_a_picture_without_any_detail_or_size():
    assert block_edges(np.full((64, 64, 3), 200, np.uint8)) < 1
    assert np.isnan(block_edges(np.full((9, 64, 3), 200, np.uint8)))

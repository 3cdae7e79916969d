"""Parts that no camera saw, and dark or bright parts that one did."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.pictures import canvas, ellipse, osteoclast, photograph, picture, round_cells

from osteocount.io.tiled_image import InMemoryImage
from osteocount.segment import get_segmenter
from osteocount.segment.preprocess.unimaged import ImagedOnly, UnimagedArea, UnimagedFinder, painted
from osteocount.settings import Settings

CLASSICAL = Settings.model_validate({"segment": {"segmenter": "classical"}})
BLOCKS = ((0, 150, 0, 203), (221, 333, 377, 501))


def culture(height=400, width=600):
    od = canvas(height, width)
    for at in ((60, 290), (180, 120), (300, 300), (340, 540), (120, 450)):
        osteoclast(od, at)
    round_cells(od, [(y, x) for y in range(30, height, 70) for x in range(30, width, 90)])
    return photograph(od)


def missing(pixels, colour, blocks=BLOCKS):
    pixels = pixels.copy()
    for top, bottom, left, right in blocks:
        pixels[top:bottom, left:right] = colour
    return pixels


def as_jpeg(pixels, quality):
    return cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def find(pixels, strip=None):
    image, finder = InMemoryImage(picture(pixels)), UnimagedFinder(pixels.shape)
    step = strip or len(pixels)
    for top in range(0, len(pixels), step):
        finder.add_strip(pixels[top : top + step], top)
    return finder.find(image)


def mask_of(found, pixels):
    return found.contains(np.arange(pixels.shape[0]), np.arange(pixels.shape[1]))


@pytest.mark.parametrize("colour", [0, 255])
@pytest.mark.parametrize("strip", [None, 8, 64])
def test_blocks_of_one_colour_are_found_to_the_pixel(colour, strip):
    pixels = missing(culture(), colour)
    assert find(pixels, strip).rectangles.tolist() == [list(block) for block in BLOCKS]


def test_blocks_of_16_bit_are_found_to_the_pixel():
    pixels = missing(culture().astype(np.uint16) * 257, 65535)
    assert find(pixels).rectangles.tolist() == [list(block) for block in BLOCKS]


@pytest.mark.parametrize("colour", [0, 255])
@pytest.mark.parametrize("quality", [60, 85, 95])
def test_blocks_in_a_jpeg_are_found_to_a_pixel_along_their_edges(colour, quality):
    pixels = as_jpeg(missing(culture(), colour), quality)
    true = missing(np.zeros_like(pixels), 1)[..., 0] > 0
    edge = cv2.morphologyEx(true.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    wrong = mask_of(find(pixels), pixels) != true
    assert np.count_nonzero(wrong & ~edge) < 0.01 * np.count_nonzero(true)


def test_what_lies_outside_a_scan_that_was_turned_is_found():
    pixels = culture()
    y, x = np.mgrid[:400, :600]
    outside = x + 0.3 * y < 150
    pixels[outside] = 0
    np.testing.assert_array_equal(mask_of(find(pixels), pixels), outside)


def wall(pixels, blur):
    """Darken what lies outside a well to a wall that is clipped to 0, out of focus by so many pixels."""
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    light = cv2.GaussianBlur((np.hypot(y - 200, x - 300) < 260).astype(np.float32), (0, 0), blur)
    return (pixels * np.clip(light * 1.1 - 0.05, 0, 1)[..., None]).astype(np.uint8)


def opaque(pixels, blur):
    """Draw a disc, dark as an opaque giant of 110 pixels, clipped to 0 in its middle."""
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    light = cv2.GaussianBlur((np.hypot(y - 200, x - 300) > 55).astype(np.float32), (0, 0), blur)
    return (pixels * np.clip(light * 1.1 - 0.05, 0, 1)[..., None]).astype(np.uint8)


def overexposed(pixels, gain):
    return np.clip(pixels * gain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("made", "how_much"),
    [(wall, 1.2), (wall, 3.0), (opaque, 1.2), (opaque, 3.0), (overexposed, 1.3), (overexposed, 1.1)],
)
@pytest.mark.parametrize("quality", [None, 60, 90])
def test_dark_and_bright_things_that_were_imaged_are_no_gaps(made, how_much, quality):
    pixels = made(culture(), how_much)
    assert find(pixels if quality is None else as_jpeg(pixels, quality)) is None


@settings(max_examples=25, deadline=None)
@given(
    top=st.integers(0, 250), left=st.integers(0, 400), height=st.integers(70, 150), width=st.integers(70, 200),
    step=st.integers(1, 3),
)  # fmt: skip
def test_any_block_is_drawn_at_any_rows_and_columns(top, left, height, width, step):
    area = UnimagedArea(np.array([[top, top + height, left, left + width]]), (205, 204, 203))
    whole = area.contains(np.arange(400), np.arange(600))
    assert whole.sum() == height * width
    rows, columns = np.arange(3, 400, step), np.arange(1, 600, step)
    np.testing.assert_array_equal(area.contains(rows, columns), whole[np.ix_(rows, columns)])


def test_bare_plastic_stands_where_nothing_was_imaged():
    pixels = missing(culture(), 0)
    found = find(pixels)
    seen = painted(pixels, found)
    assert abs(int(np.median(seen[:150, :203])) - 205) <= 1
    mask = mask_of(found, pixels)
    np.testing.assert_array_equal(seen[~mask], pixels[~mask])
    image = ImagedOnly(InMemoryImage(picture(pixels)), found)
    np.testing.assert_array_equal(image.read(30, 370, 20, 590), seen[30:370, 20:590])


@pytest.mark.parametrize("colour", [0, 255])
def test_no_cell_is_found_there_whole_or_in_tiles_and_others_stay(colour):
    pixels = missing(culture(), colour)
    given_picture = picture(pixels)
    segmenter = get_segmenter(CLASSICAL)
    whole, tiled = segmenter.segment(given_picture), segmenter.segment(InMemoryImage(given_picture))
    np.testing.assert_array_equal(whole.cells, tiled.cells)
    assert whole.record == tiled.record
    gaps = sum((bottom - top) * (right - left) for top, bottom, left, right in BLOCKS)
    assert whole.analysed.sum() == tiled.analysed.sum() == 400 * 600 - gaps
    assert whole.record["never_imaged_share"] == pytest.approx(gaps / 240000, abs=0.002)
    assert not whole.cells[~whole.analysed].any()
    for y, x in ((60, 290), (340, 540), (120, 450)):
        assert whole.cells[y, x], "a cell away from the gaps is gone"
    assert any("was never imaged" in text for text in whole.warnings)


def test_a_picture_most_of_which_is_missing_is_still_brightfield():
    pixels = missing(culture(), 0, ((0, 400, 0, 380),))
    found = get_segmenter(CLASSICAL).segment(picture(pixels))
    assert found.regime == "brightfield"
    assert found.cells[120, 450]


def test_a_missing_tile_does_not_hide_the_rim():
    od = canvas(600, 600)
    y, x = np.mgrid[:600, :600]
    far = np.hypot(y - 700, x - 650)
    round_cells(od, [(y, x) for y in range(200, 600, 60) for x in range(200, 600, 60)])
    ellipse(od, (450, 450), (20, 20), 0.6)
    od[(far > 600) & (far < 640)] = 1.5
    whole = photograph(od)
    found = get_segmenter(CLASSICAL).segment(picture(missing(whole, 0, ((0, 250, 350, 600),)), um=2.0))
    assert found.area.well is not None
    assert found.area.well.radius == pytest.approx(600, rel=0.03)

"""However a picture is stored, the pixels read are the same, as a whole and piece by piece."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from osteocount.io.read import read_picture
from osteocount.io.tiled_image import open_tiled
from osteocount.pipeline.analysis import analyse
from osteocount.settings import Settings
from support.pictures import canvas, osteoclast, photograph

RANDOM = np.random.default_rng(7)
RGB = cv2.GaussianBlur(RANDOM.integers(0, 256, (90, 110, 3), np.uint8), (0, 0), 1)
RGB16 = RGB.astype(np.uint16) * 257 - 3
GREY = RGB[..., 0]
GREY16 = RGB16[..., 0]
RGBA = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
COLOURS = RANDOM.integers(0, 256, (3, 256)).astype(np.uint16)
PLAIN = {"photometric": "rgb", "metadata": None}
PLANES = {"photometric": "rgb", "planarconfig": "separate", "metadata": None}
GREYS = {"photometric": "minisblack", "metadata": None}

COLOUR = {
    "strips": (RGB, {}),
    "one strip": (RGB, {"rowsperstrip": 90}),
    "strips of 7 rows": (RGB, {"rowsperstrip": 7}),
    "tiles": (RGB, {"tile": (32, 48)}),
    "tiles larger than it": (RGB, {"tile": (128, 128)}),
    "big-endian": (RGB16, {"byteorder": ">"}),
    "big-endian, tiles": (RGB16, {"byteorder": ">", "tile": (32, 32)}),
    "BigTIFF": (RGB, {"bigtiff": True}),
    "BigTIFF, big-endian": (RGB16, {"bigtiff": True, "byteorder": ">", "rowsperstrip": 5}),
    "alpha": (RGBA, {"extrasamples": ["unassalpha"]}),
    "alpha, tiles": (RGBA, {"extrasamples": ["assocalpha"], "tile": (32, 32)}),
    "sample beside": (RGBA, {"extrasamples": ["unspecified"]}),
    **{
        f"{packed}, {bits}{', predictor' if predictor else ''}{', tiles' if tile else ''}": (
            pixels,
            {"compression": packed, "predictor": predictor} | ({"tile": (32, 32)} if tile else {"rowsperstrip": 20}),
        )
        for packed in ("zlib", "lzw", "zstd")
        for bits, pixels in (("8 bit", RGB), ("16 bit", RGB16))
        for predictor in (False, True)
        for tile in (False, True)
    },
}


@pytest.mark.parametrize("name", COLOUR)
def test_a_colour_tiff_however_stored(tmp_path, name):
    data, options = COLOUR[name]
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, data, **PLAIN, **options)
    picture = read_picture(path)
    assert picture.kind == "rgb"
    np.testing.assert_array_equal(picture.pixels, data[..., :3])
    with open_tiled(path, None, least=0) as image:
        if image is None:
            assert options.get("rowsperstrip", 90) == 90  # one packed strip is read as a whole
        else:
            np.testing.assert_array_equal(image.read(0, 90, 0, 110), data[..., :3])
            np.testing.assert_array_equal(image.read(11, 57, 23, 99), data[11:57, 23:99, :3])


@pytest.mark.parametrize("options", [{}, {"tile": (32, 32)}, {"compression": "zlib", "predictor": True}])
@pytest.mark.parametrize("pixels", [RGB, RGB16], ids=["8 bit", "16 bit"])
def test_planes_one_after_the_other(tmp_path, pixels, options):
    tifffile.imwrite(tmp_path / "a.tif", np.moveaxis(pixels, 2, 0), **PLANES, **options)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, pixels)


@pytest.mark.parametrize(
    ("stored", "options", "expected"),
    [
        (255 - GREY, {"photometric": "miniswhite"}, GREY),
        (65535 - GREY16, {"photometric": "miniswhite", "byteorder": ">"}, GREY16),
        (GREY16 >> 6, {}, GREY16 >> 6),
        ((GREY16 >> 4).astype(">u2"), {"tile": (32, 32)}, GREY16 >> 4),
        ((GREY / 255).astype(np.float32), {}, np.rint((GREY / 255).astype(np.float32) * 65535)),
        ((GREY / 255).astype(np.float64), {}, np.rint(GREY / 255 * 65535)),
        ((GREY / 255).astype(np.float32), {"compression": "zlib", "predictor": 3},
         np.rint((GREY / 255).astype(np.float32) * 65535)),
        ((GREY / 255).astype(np.float16), {}, np.rint((GREY / 255).astype(np.float16).astype(np.float32) * 65535)),
    ],
    ids=["white is 0", "white is 0, 16 bit", "10 bit in 16", "12 bit in 16", "float32", "float64", "float predictor",
         "float16"],
)  # fmt: skip
def test_grey_levels_however_stored(tmp_path, stored, options, expected):
    tifffile.imwrite(tmp_path / "a.tif", stored, **{**GREYS, **options})
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels[..., 0], expected)


@pytest.mark.parametrize("scale", [1, 256, 257], ids=["8 bit", "16 bit", "16 bit, to the top"])
def test_colour_maps_of_8_and_16_bit(tmp_path, scale):
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="palette", colormap=COLOURS * scale, metadata=None)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, COLOURS.T[GREY])


def turned(pixels, orientation):
    """Store a picture so that the orientation makes it upright again, by Pillow's own table."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    return np.asarray(Image.fromarray(pixels).transpose(undo[orientation]))


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_pictures_are_read_upright_with_a_note(tmp_path, orientation):
    stored = turned(RGB, orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    Image.fromarray(stored).save(tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0)
    tag = [("Orientation", "H", 1, orientation, True)]
    tifffile.imwrite(tmp_path / "a.tif", stored, **PLAIN, extratags=tag)
    for name in ("a.png", "a.tif", "a.jpg"):
        picture = read_picture(tmp_path / name)
        assert np.abs(picture.pixels.astype(int) - RGB).max() <= (12 if name == "a.jpg" else 0)
        assert f"Turned upright, as the file's orientation ({orientation}) says." in picture.notes
        assert picture.axes.startswith("110 × 90 px")
    with open_tiled(tmp_path / "a.tif", None, least=0) as image:
        assert image is None  # read as a whole, and turned there


def test_levels_of_a_pyramid_in_any_order(tmp_path):
    small = np.ascontiguousarray(RGB[::2, ::2])
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(small, **PLAIN)
        tiff.write(RGB, **PLAIN)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, RGB)


def field():
    od = canvas(400, 500)
    for place in ((100, 120), (250, 330), (300, 100)):
        osteoclast(od, place)
    return photograph(od)


def test_bit_depths_give_the_same_count(tmp_path):
    """8 bit, 16 bit to the top, and 12 and 10 bit of a camera in files of 16."""
    pixels = field()
    counts = {}
    for name, stored in {
        "8": pixels, "16": pixels.astype(np.uint16) * 257, "12": pixels.astype(np.uint16) * 16,
        "10": pixels.astype(np.uint16) * 4,
    }.items():  # fmt: skip
        tifffile.imwrite(tmp_path / "a.tif", stored, **PLAIN)
        result = analyse(read_picture(tmp_path / "a.tif", pixel_size_um=1.0), Settings())
        counts[name] = [int(result.cells["is_osteoclast"].sum()), len(result.cells), len(result.nuclei)]
    assert counts["8"][0] == 3
    assert set(map(tuple, counts.values())) == {tuple(counts["8"])}, counts

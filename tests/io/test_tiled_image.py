"""Windows of large pictures are those of the picture read as a whole."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.errors import OsteoCountError
from osteocount.io.read import read_picture
from osteocount.io.tiled_image import InMemoryImage, open_tiled

HEIGHT, WIDTH = 400, 500
REGIONS = [(0, 400, 0, 500), (0, 90, 0, 70), (37, 301, 111, 499), (130, 290, 5, 6), (290, 400, 300, 500)]
LAYOUTS = {
    "tiled": {"tile": (64, 128), "compression": "zlib"},
    "tiled jpeg": {"tile": (64, 64), "compression": "jpeg"},
    "tiled, difference coded, big": {"tile": (128, 128), "compression": "zlib", "predictor": True, "bigtiff": True},
    "strips": {"rowsperstrip": 16, "compression": "zlib"},
    "jpeg strips": {"rowsperstrip": 64, "compression": "jpeg"},
    "plain": {},
    "plain strips, big-endian": {"rowsperstrip": 32, "byteorder": ">"},
}


def pixels(dtype=np.uint8):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([x % 251, y % 241, (x + y) % 256], axis=2).astype(dtype) * (1 if dtype == np.uint8 else 201)


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("bits", [8, 16])
def test_any_region_is_that_of_the_whole(tmp_path, name, bits):
    if bits == 16 and "jpeg" in name:
        pytest.skip("JPEG holds 8 bit")
    path = tmp_path / "a.tif"
    made = pixels(np.uint8 if bits == 8 else np.uint16)
    tifffile.imwrite(
        path, made, photometric="rgb", resolution=(1e4 / 0.5, 1e4 / 0.5), resolutionunit=3, **LAYOUTS[name]
    )
    whole = read_picture(path)
    with open_tiled(path, None, least=1000) as image:
        assert image is not None
        assert (image.shape, image.pixel_size, image.axes) == (made.shape, whole.pixel_size, whole.axes)
        for top, bottom, left, right in REGIONS:
            got = image.read(top, bottom, left, right)
            assert got.dtype == made.dtype
            np.testing.assert_array_equal(got, whole.pixels[top:bottom, left:right])


def test_threads_decode_the_same(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels(), photometric="rgb", tile=(64, 64), compression="zlib")
    with open_tiled(path, None, least=1000, threads=3) as image:
        assert image is not None
        np.testing.assert_array_equal(image.read(37, 301, 111, 499), pixels()[37:301, 111:499])


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("axes", ["yxc", "tczyx"])
def test_any_region_of_an_ome_zarr_is_that_of_the_whole(tmp_path, version, axes):
    zarr = pytest.importorskip("zarr")
    made = pixels() if axes == "yxc" else np.moveaxis(pixels(), 2, 0)[None, :, None]
    root = zarr.open_group(tmp_path / "well.zarr", mode="w", zarr_format=version)
    root.create_array("0", data=made, chunks=tuple(64 if side > 3 else side for side in made.shape))
    colours = [{"color": colour, "label": ""} for colour in ("FF0000", "00FF00", "0000FF")]
    scale = [0.5 if axis in "yx" else 1.0 for axis in axes]
    multiscale = {
        "axes": [{"name": axis, **({"unit": "micrometer"} if axis in "yx" else {})} for axis in axes],
        "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}],
    }
    said = {"multiscales": [multiscale], "omero": {"channels": colours}}
    root.attrs.update({"ome": {"version": "0.5", **said}} if version == 3 else said)
    whole = read_picture(tmp_path / "well.zarr")
    with open_tiled(tmp_path / "well.zarr", None, least=1000) as image:
        assert image is not None
        assert (image.shape, image.pixel_size, image.notes) == (pixels().shape, whole.pixel_size, whole.notes)
        for top, bottom, left, right in REGIONS:
            np.testing.assert_array_equal(image.read(top, bottom, left, right), whole.pixels[top:bottom, left:right])
    with open_tiled(tmp_path / "well.zarr", None, least=10**6) as image:
        assert image is None


def test_of_a_pyramid_the_full_resolution_is_read(tmp_path):
    path = tmp_path / "pyramid.tif"
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(pixels(), photometric="rgb", tile=(64, 64), subifds=1)
        tiff.write(pixels()[::2, ::2], photometric="rgb", tile=(64, 64), subfiletype=1)
    with open_tiled(path, 0.76, least=1000) as image:
        assert image is not None
        assert image.shape == (HEIGHT, WIDTH, 3)
        assert image.pixel_size.um == 0.76
        np.testing.assert_array_equal(image.read(100, 200, 100, 200), pixels()[100:200, 100:200])


@pytest.mark.parametrize(
    ("made", "how"),
    [
        (pixels()[:50, :50], {"photometric": "rgb"}),
        (pixels()[..., 0], {}),
        (pixels(), {"photometric": "rgb", "compression": "zlib", "rowsperstrip": HEIGHT}),
        (np.moveaxis(pixels(), 2, 0), {"photometric": "rgb", "planarconfig": "separate"}),
    ],
    ids=["small", "grey", "one packed strip", "planes"],
)
def test_other_pictures_are_left_to_be_read_as_a_whole(tmp_path, made, how):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, made, **how)
    with open_tiled(path, None, least=100_000) as image:
        assert image is None


def test_what_is_no_tiff_is_left_alone(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with open_tiled(path, None, least=1) as image:
        assert image is None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), min_size=1, max_size=12))
def test_a_damaged_file_is_left_to_be_read_as_a_whole_or_refused(tmp_path_factory, changes):
    path = tmp_path_factory.mktemp("damaged") / "a.tif"
    tifffile.imwrite(path, pixels(), photometric="rgb", tile=(64, 128), compression="zlib")
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[place] = value
    path.write_bytes(content)
    try:
        with open_tiled(path, None, least=1000):
            pass
    except OsteoCountError as error:
        assert path.name in str(error)


def test_a_file_cut_short_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels(), photometric="rgb", tile=(64, 64), compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        end = tiff.pages[0].dataoffsets[-1] + 3
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(OsteoCountError, match=r"a\.tif: the picture is damaged"), open_tiled(path, None, least=1):
        pass


def test_a_picture_in_memory_gives_views(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels(), photometric="rgb")
    picture = read_picture(path)
    image = InMemoryImage(picture)
    assert np.shares_memory(image.read(3, 9, 5, 7), picture.pixels)
    assert image.read(3, 9, 5, 7).shape == (6, 2, 3)

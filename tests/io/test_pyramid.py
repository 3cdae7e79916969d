"""Large pictures as pyramids: what is looked at is the picture, whatever the file holds."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

import osteocount.io.picture
from osteocount.io.pyramid import open_pyramid

SHAPE = (1700, 2300, 3)


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch):
    monkeypatch.setattr(osteocount.io.picture, "LARGE_PIXELS", 10**6)


@pytest.fixture(scope="module")
def picture():
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.stack([y % 251, x % 241, (x + y) % 239], axis=2).astype(np.uint8)


def write(path, picture, *, levels=1, **more):
    placed = {"resolution": (1e4 / 0.5, 1e4 / 0.5), "resolutionunit": "CENTIMETER", "photometric": "rgb"}
    with tifffile.TiffWriter(path) as tiff:
        for n in range(levels):
            inside = {"subifds": levels - 1} if n == 0 and levels > 1 else {"subfiletype": 1} if n else {}
            tiff.write(picture[:: 2**n, :: 2**n], metadata=None, **placed, **inside, **more)
    return path


@pytest.mark.parametrize(
    "how",
    [{"levels": 3, "tile": (256, 256)}, {"tile": (256, 256), "compression": "zlib"}, {"rowsperstrip": 64}, {}],
    ids=["pyramid", "tiled", "striped", "plain"],
)
def test_the_first_level_is_the_picture(tmp_path, picture, how):
    opened = open_pyramid(write(tmp_path / "a.tif", picture, **how))
    assert opened.pixel_size.um == pytest.approx(0.5)
    assert opened.levels[0].shape == SHAPE
    np.testing.assert_array_equal(np.asarray(opened.levels[0][600:900, 700:1500]), picture[600:900, 700:1500])
    assert (opened.unfilled is None) == ("levels" in how)


def test_an_overview_is_grey_at_first_and_then_the_picture(tmp_path, picture):
    opened = open_pyramid(write(tmp_path / "a.tif", picture, tile=(256, 256)))
    small = opened.levels[-1]
    assert small.shape == (SHAPE[0] // 4, SHAPE[1] // 4, 3)
    assert (small == 128).all()
    shares = list(opened.unfilled.fill())
    assert shares == sorted(shares)
    assert shares[-1] == 1
    means = picture[: small.shape[0] * 4, : small.shape[1] * 4].reshape(small.shape[0], 4, small.shape[1], 4, 3)
    assert np.abs(small - means.mean(axis=(1, 3))).max() <= 1


def test_sixteen_bits_are_shown_with_eight(tmp_path, picture):
    opened = open_pyramid(write(tmp_path / "a.tif", picture.astype(np.uint16) << 8, tile=(256, 256)))
    np.testing.assert_array_equal(np.asarray(opened.levels[0][:50, :60]), picture[:50, :60])


def test_an_ome_zarr_of_colours_is_a_pyramid(tmp_path, picture):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    for n in range(2):
        small = np.moveaxis(picture[:: 2**n, :: 2**n], 2, 0)
        group.create_array(str(n), data=small, chunks=(1, 512, 512))
    datasets = [
        {"path": str(n), "coordinateTransformations": [{"type": "scale", "scale": [1, 0.5 * 2**n, 0.5 * 2**n]}]}
        for n in range(2)
    ]
    axes = [{"name": "c", "type": "channel"}, *({"name": a, "type": "space", "unit": "micrometer"} for a in "yx")]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]
    opened = open_pyramid(tmp_path / "a.zarr")
    assert [level.shape for level in opened.levels] == [SHAPE, (SHAPE[0] // 2, SHAPE[1] // 2, 3)]
    np.testing.assert_array_equal(np.asarray(opened.levels[0][100:200, 300:400]), picture[100:200, 300:400])
    assert opened.pixel_size.um == pytest.approx(0.5)


@pytest.mark.parametrize("what", ["small", "grey", "text"])
def test_what_is_read_as_a_whole_is_no_pyramid(tmp_path, picture, what):
    path = tmp_path / "a.tif"
    if what == "text":
        path.write_text("no picture")
    else:
        tifffile.imwrite(path, picture[:100, :100] if what == "small" else picture[:, :, 0])
    assert open_pyramid(path) is None

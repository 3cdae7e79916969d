"""Pictures with damage inside and their end mark in place: refused, never counted."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from osteocount.errors import OsteoCountError
from osteocount.io.read import read_picture
from osteocount.io.tiled_image import open_tiled
from osteocount.pipeline.runner import run
from osteocount.settings import Settings
from support.pictures import canvas, osteoclast
from support.pictures import photograph as photograph_of

zarr = pytest.importorskip("zarr")

RANDOM = np.random.default_rng(5)


def photograph(height=160, width=200):
    smooth = cv2.GaussianBlur(RANDOM.normal(128, 200, (height, width, 3)), (0, 0), 3)
    return np.clip(smooth + 60 + RANDOM.normal(0, 4, smooth.shape), 1, 255).astype(np.uint8)


PICTURE = photograph()
WRITTEN = {
    "baseline": {},
    "progressive": {"progressive": True},
    "full colour": {"subsampling": 0},
    "restart marks": {"restart_marker_rows": 2},
}


def as_jpeg(**options):
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, "JPEG", quality=90, **options)
    return stream.getvalue()


def cut_short(data, at):
    return data[:at] + b"\xff\xd9"


def doubled(data, at):
    return data[:at] + data[at : at + 200] + data[at:]


def zeros_at_the_end(data, at):
    return data[:-102] + bytes(300) + b"\xff\xd9"


DAMAGE = [cut_short, doubled, zeros_at_the_end]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("written", WRITTEN)
def test_damaged_jpeg_with_an_end_mark(tmp_path, written, damage):
    data = as_jpeg(**WRITTEN[written])
    (tmp_path / "a.jpg").write_bytes(data)
    read_picture(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(damage(data, len(data) * 2 // 3))
    with pytest.raises(OsteoCountError, match=r"a\.jpg: the picture is damaged"):
        read_picture(tmp_path / "a.jpg")


def spoil_segment(path, number):
    """Cut a third out of the middle of a compressed tile or strip and fill its end, all in its place in the file."""
    with tifffile.TiffFile(path) as file:
        at, count = file.pages[0].dataoffsets[number], file.pages[0].databytecounts[number]
    data = bytearray(path.read_bytes())
    piece = data[at : at + count]
    kept = piece[: count // 3] + piece[count * 2 // 3 : -2]
    data[at : at + count] = kept + bytes(count - len(kept) - 2) + piece[-2:]
    path.write_bytes(data)


@pytest.mark.parametrize("layout", [{"tile": (64, 64)}, {"rowsperstrip": 32}], ids=["tiles", "strips"])
@pytest.mark.parametrize("compression", ["jpeg", "zlib", "lzw", "zstd"])
def test_damaged_pieces_of_a_tiff(tmp_path, layout, compression):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PICTURE, photometric="rgb", compression=compression, metadata=None, **layout)
    whole = read_picture(path).pixels
    with open_tiled(path, None, least=0) as image:
        np.testing.assert_array_equal(image.read(0, 160, 0, 200), whole)
    spoil_segment(path, 2)
    with pytest.raises(OsteoCountError, match=r"a\.tif: the picture is damaged"):
        read_picture(path)
    # Above 25 megapixels a picture is read piece by piece.
    with (
        open_tiled(path, None, least=0) as image,
        pytest.raises(OsteoCountError, match=r"a\.tif: the picture is damaged"),
    ):
        image.read(0, 160, 0, 200)


def as_zarr(folder, pixels, zarr_format, fill=0):
    group = zarr.open_group(folder, mode="w", zarr_format=zarr_format)
    array = group.create_array("0", shape=pixels.shape, chunks=(1, 32, 32), dtype=pixels.dtype, fill_value=fill)
    array[:] = pixels
    axes = [{"name": "c", "type": "channel"}, *({"name": name, "type": "space"} for name in "yx")]
    image = [{"version": "0.4", "axes": axes, "datasets": [{"path": "0"}]}]
    group.attrs.update(
        {"multiscales": image} if zarr_format == 2 else {"ome": {"version": "0.5", "multiscales": image}}
    )
    return folder / "0"


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_lost_chunks_of_a_zarr_are_named(tmp_path, zarr_format):
    array = as_zarr(tmp_path / "a.zarr", np.moveaxis(PICTURE, 2, 0), zarr_format)
    read_picture(tmp_path / "a.zarr")
    key = "1.2.3" if zarr_format == 2 else "c/1/2/3"
    (array / key).unlink()
    with pytest.raises(OsteoCountError) as said:
        read_picture(tmp_path / "a.zarr")
    assert key in str(said.value) and "1 of its 105 chunks are missing" in str(said.value)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_black_chunks_that_were_never_written_are_said(tmp_path, zarr_format):
    pixels = np.moveaxis(PICTURE, 2, 0).copy()
    pixels[:, :, 150:] = 0
    as_zarr(tmp_path / "a.zarr", pixels, zarr_format)
    picture = read_picture(tmp_path / "a.zarr")
    np.testing.assert_array_equal(np.moveaxis(picture.pixels, 2, 0), pixels)
    assert "30 of 105 chunks are not stored: the picture is taken for black there." in picture.notes


def test_a_chunk_cut_short_or_a_pipe_is_refused(tmp_path):
    array = as_zarr(tmp_path / "a.zarr", np.moveaxis(PICTURE, 2, 0), 3)
    chunk = array / "c/0/0/0"
    chunk.write_bytes(chunk.read_bytes()[:20])
    with pytest.raises(OsteoCountError, match="damaged"):
        read_picture(tmp_path / "a.zarr")
    chunk.unlink()
    chunk.mkdir()
    with pytest.raises(OsteoCountError, match="c/0/0/0 is no regular file"):
        read_picture(tmp_path / "a.zarr")


@pytest.mark.parametrize("compression", ["jpeg", "zlib"])
@pytest.mark.parametrize("segmenter", ["classical", "learned"])
def test_a_large_damaged_tiff_fails_with_a_sentence(tmp_path, monkeypatch, compression, segmenter):
    """As above 25 megapixels, where it was an internal error: the damage is met in the middle of the analysis."""
    monkeypatch.setattr("osteocount.io.picture.LARGE_PIXELS", 1000)
    od = canvas(400, 500)
    for place in ((100, 120), (250, 330), (300, 100)):
        osteoclast(od, place)
    source = tmp_path / "in"
    source.mkdir()
    for name in ("field 1.tif", "field 2.tif"):
        about = {"photometric": "rgb", "metadata": None, "tile": (64, 64), "compression": compression}
        tifffile.imwrite(source / name, photograph_of(od), **about)
    spoil_segment(source / "field 2.tif", 20)
    settings = Settings.model_validate({"picture": {"pixel_size": 1.0}, "segment": {"segmenter": segmenter}})
    first, second = (step.message for step in run(source, tmp_path / "out", settings))
    assert first == "field 1.tif done"
    assert second.startswith("field 2.tif failed: field 2.tif: the picture is damaged or not complete (")

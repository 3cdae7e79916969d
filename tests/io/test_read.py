"""Pictures in every shape come back as the same pixels, and broken ones with a sentence that helps."""

import logging
import struct
import zlib
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from osteocount.errors import OsteoCountError
from osteocount.io.read import read_picture
from osteocount.io.tiled_image import open_tiled

SHARED = Path(__file__).parents[2].parent / "shared"


def noise(shape, dtype=np.uint8):
    top = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    return (np.random.default_rng(1).random(shape) * top).astype(dtype)


RGB, RGB16, RGBA = noise((60, 70, 3)), noise((60, 70, 3), np.uint16), np.maximum(noise((60, 70, 4)), 1)
GREY, GREY16, CHANNELS = noise((60, 70)), noise((60, 70), np.uint16), noise((2, 60, 70))
STAINED = np.full((60, 70, 3), (220, 215, 210), np.uint8)
STAINED[10:30, 20:40] = (150, 90, 140)
PAGES = {"photometric": "minisblack"}
SMALL = {"photometric": "rgb", "metadata": None}
CYX = {"axes": "CYX"}

TIFFS = {
    "rgb": (RGB, {"photometric": "rgb"}, "rgb", RGB),
    "rgb 16 bit": (RGB16, {"photometric": "rgb"}, "rgb", RGB16),
    "rgb tiled": (RGB, {**SMALL, "tile": (16, 16)}, "rgb", RGB),
    "rgb deflate with predictor": (RGB, {**SMALL, "compression": "zlib", "predictor": True}, "rgb", RGB),
    "rgb lzw strips": (RGB, {**SMALL, "compression": "lzw", "rowsperstrip": 7}, "rgb", RGB),
    "rgb big endian": (RGB16, {**SMALL, "byteorder": ">"}, "rgb", RGB16),
    "rgb big tiff": (RGB, {**SMALL, "bigtiff": True}, "rgb", RGB),
    "channel first": (np.moveaxis(RGB, 2, 0), {"photometric": "rgb", "planarconfig": "separate"}, "rgb", RGB),
    "channel first 16 bit": (np.moveaxis(RGB16, 2, 0), {"photometric": "rgb"}, "rgb", RGB16),
    "rgba": (RGBA, {"photometric": "rgb", "extrasamples": ["unassalpha"]}, "rgb", RGBA[..., :3]),
    "ome rgb": (RGB, {"photometric": "rgb", "ome": True}, "rgb", RGB),
    "ome named red green blue": (
        np.moveaxis(RGB, 2, 0),
        {"ome": True, "photometric": "minisblack", "metadata": {**CYX, "Channel": {"Name": ["Red", "Green", "Blue"]}}},
        "rgb",
        RGB,
    ),
    "grey": (GREY, {}, "grey", GREY[..., None]),
    "grey 16 bit": (GREY16, {}, "grey", GREY16[..., None]),
    "white is zero": (GREY, {"photometric": "miniswhite"}, "grey", 255 - GREY[..., None]),
    "one plane of everything": (GREY[None, None, None], {"imagej": True}, "grey", GREY[..., None]),
    "ome channels": (CHANNELS, {"ome": True, "metadata": CYX}, "channels", np.moveaxis(CHANNELS, 0, 2)),
    "imagej channels": (CHANNELS, {"imagej": True, "metadata": CYX}, "channels", np.moveaxis(CHANNELS, 0, 2)),
    "channel last, rows as pages": (
        np.moveaxis(CHANNELS, 0, 2), {"photometric": "minisblack"}, "channels", np.moveaxis(CHANNELS, 0, 2)
    ),
    "two grey pages that say nothing": (CHANNELS, {"metadata": None}, "channels", np.moveaxis(CHANNELS, 0, 2)),
    "red, green and blue as pages": (np.moveaxis(STAINED, 2, 0), {**PAGES, "metadata": None}, "rgb", STAINED),
    "red, green and blue as channels without names": (
        np.moveaxis(STAINED, 2, 0), {**PAGES, "imagej": True, "metadata": CYX}, "rgb", STAINED
    ),
    "blue, green and red by name": (
        np.moveaxis(STAINED[..., ::-1], 2, 0),
        {"ome": True, "photometric": "minisblack", "metadata": {**CYX, "Channel": {"Name": ["Blue", "Green", "Red"]}}},
        "rgb",
        STAINED,
    ),
    "three stains without names": (
        255 - np.moveaxis(STAINED, 2, 0), {**PAGES, "imagej": True, "metadata": CYX}, "channels", 255 - STAINED
    ),
    "pages that say nothing": (noise((5, 60, 70)), {"metadata": None}, "grey", noise((5, 60, 70))[0][..., None]),
    "signed without negatives": (GREY.astype(np.int16), {}, "grey", GREY[..., None].astype(np.uint16)),
    "float in 0..1": (
        np.linspace(0, 1, 4200, dtype=np.float32).reshape(60, 70), {}, "grey",
        np.rint(np.linspace(0, 1, 4200, dtype=np.float32) * 65535).astype(np.uint16).reshape(60, 70, 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TIFFS)
def test_tiff_pixels_come_back(tmp_path, name):
    data, options, kind, expected = TIFFS[name]
    tifffile.imwrite(tmp_path / "a.tif", data, **options)
    picture = read_picture(tmp_path / "a.tif")
    assert picture.kind == kind
    assert picture.pixels.dtype == expected.dtype
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.pixels.flags.c_contiguous and picture.pixels.flags.writeable
    assert len(picture.channel_names) == picture.pixels.shape[2]
    assert picture.axes.startswith("70 × 60 px, ")


@pytest.mark.parametrize("compression", ["jpeg", "deflate", "packbits", "zstd", "lerc"])
def test_compressed_tiff_reads(tmp_path, compression):
    smooth = cv2.GaussianBlur(RGB, (0, 0), 6)
    tifffile.imwrite(tmp_path / "a.tif", smooth, compression=compression, tile=(32, 32), **SMALL)
    assert np.abs(read_picture(tmp_path / "a.tif").pixels.astype(int) - smooth).max() <= (
        12 if compression == "jpeg" else 0
    )


def png16(path, pixels):
    path.write_bytes(cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes())


@pytest.mark.parametrize(
    ("save", "kind", "expected"),
    [
        (lambda path: Image.fromarray(RGB).save(path), "rgb", RGB),
        (lambda path: Image.fromarray(RGBA).save(path), "rgb", RGBA[..., :3]),
        (lambda path: Image.fromarray(GREY).save(path), "grey", GREY[..., None]),
        (lambda path: Image.fromarray(GREY16).save(path), "grey", GREY16[..., None]),
        (lambda path: Image.fromarray(np.dstack([GREY, GREY]), "LA").save(path), "grey", GREY[..., None]),
        (lambda path: png16(path, RGB16), "rgb", RGB16),
        (lambda path: Image.fromarray(np.dstack([GREY] * 3)).save(path), "grey", GREY[..., None]),
    ],
    ids=["rgb", "rgba", "grey", "grey 16 bit", "grey with alpha", "rgb 16 bit", "grey saved as rgb"],
)
@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
def test_png_pixels_come_back(tmp_path, save, kind, expected):
    save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    assert (picture.kind, picture.pixels.dtype) == (kind, expected.dtype)
    np.testing.assert_array_equal(picture.pixels, expected)


def test_palette_png_becomes_rgb(tmp_path):
    image = Image.fromarray(RGB).quantize(16)
    image.save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.pixels, np.asarray(image.convert("RGB")))
    assert picture.notes == ("Palette colours were turned into RGB.",)


def test_palette_tiff_becomes_rgb(tmp_path):
    table = noise((3, 256), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="palette", colormap=table)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, (table >> 8).astype(np.uint8).T[GREY])


def test_jpeg(tmp_path):
    smooth = cv2.GaussianBlur(RGB, (0, 0), 6)
    Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=95)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.axes == "70 × 60 px, RGB, 8 bit"
    assert np.abs(picture.pixels.astype(int) - smooth).max() < 12


def test_suffix_does_not_matter(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, RGB)


def test_pyramid_gives_full_resolution(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(RGB, subifds=1, photometric="rgb", tile=(16, 16))
        tiff.write(np.ascontiguousarray(RGB[::2, ::2]), subfiletype=1, photometric="rgb", tile=(16, 16))
    picture = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(picture.pixels, RGB)
    assert "Pyramid of 2 levels: the full resolution is read." in picture.notes


def test_largest_of_several_pictures_is_read(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(np.ascontiguousarray(RGB[:20, :20]), **SMALL)
        tiff.write(RGB, **SMALL)
    picture = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(picture.pixels, RGB)
    assert picture.notes[0] == "The file holds 2 pictures: the largest is read, the others are ignored."


def test_channel_names(tmp_path):
    names = {"axes": "CYX", "Channel": {"Name": ["TRAP", "DAPI"]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", CHANNELS, ome=True, metadata=names)
    picture = read_picture(tmp_path / "a.ome.tif")
    assert picture.channel_names == ("TRAP", "DAPI")
    assert picture.axes == "70 × 60 px, 2 channels (TRAP, DAPI), 8 bit"


def test_pages_and_alpha_are_noted(tmp_path):
    tifffile.imwrite(tmp_path / "p.tif", noise((5, 60, 70)), metadata=None)
    Image.fromarray(RGBA).save(tmp_path / "a.png")
    assert "5 pages of the same size" in read_picture(tmp_path / "p.tif").notes[0]
    assert read_picture(tmp_path / "a.png").notes == ("The alpha channel was dropped.",)


def test_what_is_transparent_is_black_whatever_colour_lies_under_it(tmp_path):
    pixels = RGBA.copy()
    pixels[10:30, 7:42, 3] = 0
    shown = np.where(pixels[..., 3:] == 0, 0, pixels[..., :3])
    Image.fromarray(pixels).save(tmp_path / "a.png")
    wide = pixels.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "b.tif", pixels, photometric="rgb", extrasamples=["unassalpha"])
    (tmp_path / "c.png").write_bytes(imagecodecs.png_encode(wide))
    for name in ("a.png", "b.tif"):
        picture = read_picture(tmp_path / name)
        np.testing.assert_array_equal(picture.pixels, shown)
        assert "16.7 % of the picture are transparent and were read as black." in picture.notes[0]
    np.testing.assert_array_equal(read_picture(tmp_path / "c.png").pixels, shown.astype(np.uint16) * 257)
    for kind in ({"tile": (32, 32)}, {"rowsperstrip": 16}, {}):
        tifffile.imwrite(tmp_path / "d.tif", pixels, photometric="rgb", extrasamples=["unassalpha"], **kind)
        with open_tiled(tmp_path / "d.tif", None, least=1) as image:
            np.testing.assert_array_equal(image.read(3, 50, 5, 61), shown[3:50, 5:61])


def test_an_alpha_channel_of_zeros_says_nothing(tmp_path):
    pixels = RGBA.copy()
    pixels[..., 3] = 0
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=["unassalpha"], tile=(32, 32))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, pixels[..., :3])
    with open_tiled(tmp_path / "a.tif", None, least=1) as image:
        np.testing.assert_array_equal(image.read(0, 60, 0, 70), pixels[..., :3])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


BOMB = (
    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)) + chunk(b"IEND", b"")
)
LAUGHS = '<!DOCTYPE O [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><OME xmlns="o">&b;</OME>'


def cut(path, data, keep, **options):
    tifffile.imwrite(path, data, **options)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])


def cut_png(path):
    Image.fromarray(RGB).save(path, "PNG")
    path.write_bytes(path.read_bytes()[:3000])


def hurt_png16(path):
    png16(path, RGB16)
    data = bytearray(path.read_bytes())
    data[-40] ^= 255  # inside the last pixels' data
    path.write_bytes(bytes(data))


REFUSED = {
    "hurt png": (hurt_png16, "a checksum inside it is wrong"),
    "missing": (lambda path: None, "there is no such file. Check the name"),
    "folder": (lambda path: path.mkdir(), "is a folder, not a picture"),
    "empty": (lambda path: path.write_bytes(b""), "the file is empty (0 bytes). Copy it again"),
    "text": (
        lambda path: path.write_text("well,count\nA1,3\n" * 9),
        "is a text file, not a picture. OsteoCount reads TIFF",
    ),
    "gif": (lambda path: Image.fromarray(GREY).save(path, "GIF"), "is a GIF picture"),
    "zip": (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(60)), "is a zip or Excel file"),
    "random": (lambda path: path.write_bytes(bytes(range(128, 256))), "is not a picture of a kind known here"),
    "header only": (lambda path: path.write_bytes(b"II*\x00\x08\x00\x00\x00"), "damaged or not complete"),
    "header and noise": (
        lambda path: path.write_bytes(b"II*\x00\x08\x00\x00\x00" + noise(500).tobytes()),
        "damaged or not",
    ),
    "cut strips": (
        lambda path: cut(path, RGB, 0.6, **SMALL, rowsperstrip=5),
        "pieces are missing: the file ends too early",
    ),
    "cut single strip": (lambda path: cut(path, RGB, 0.6, **SMALL), "damaged or not complete"),
    "cut tiles": (
        lambda path: cut(path, RGB, 0.6, **SMALL, tile=(16, 16), compression="zlib"),
        "damaged or not complete",
    ),
    "cut ome": (lambda path: cut(path, CHANNELS, 0.6, ome=True, metadata=CYX), "damaged or not complete"),
    "cut png": (cut_png, "damaged or not complete"),
    "z-stack": (
        lambda path: tifffile.imwrite(path, noise((4, 60, 70)), imagej=True, metadata={"axes": "ZYX"}),
        "is a z-stack of 4 planes; one plane is counted. Save the plane in focus or a projection",
    ),
    "time series": (
        lambda path: tifffile.imwrite(path, noise((4, 60, 70)), ome=True, metadata={"axes": "TYX"}),
        "is a time series of 4 time points",
    ),
    "many channels": (
        lambda path: tifffile.imwrite(path, noise((33, 60, 70)), ome=True, metadata=CYX),
        "has more than 32 channels",
    ),
    "cmyk tiff": (
        lambda path: tifffile.imwrite(path, RGBA, photometric="separated"),
        "CMYK, not RGB. Save the picture as RGB",
    ),
    "cmyk jpeg": (lambda path: Image.fromarray(RGB).convert("CMYK").save(path, "JPEG"), "CMYK, made for printing"),
    "float": (lambda path: tifffile.imwrite(path, GREY.astype(np.float32)), "floating-point pixels from 0 to 2"),
    "not a number": (
        lambda path: tifffile.imwrite(path, np.full((60, 70), np.nan, np.float32)),
        "floating-point pixels",
    ),
    "labels": (lambda path: tifffile.imwrite(path, GREY.astype(np.uint32)), "perhaps labels"),
    "negative": (lambda path: tifffile.imwrite(path, GREY.astype(np.int16) - 9), "signed whole numbers"),
    "mask": (lambda path: tifffile.imwrite(path, GREY > 9), "a mask"),
    "png bomb": (lambda path: path.write_bytes(BOMB), "50000 × 50000 px is more than the 2 gigapixels"),
    "xml bomb": (lambda path: tifffile.imwrite(path, GREY, description=LAUGHS, metadata=None), "not safe to read"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_the_file_and_the_cure(tmp_path, name, capfd, caplog):
    make, message = REFUSED[name]
    path = tmp_path / "well_B03.tif"
    make(path)
    capfd.readouterr()
    with caplog.at_level(logging.DEBUG, "tifffile"), pytest.raises(OsteoCountError) as caught:
        read_picture(path)
    assert message in str(caught.value)
    assert "well_B03.tif" in str(caught.value)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_tiff_larger_than_the_limit_is_refused_by_its_header(tmp_path, monkeypatch):
    monkeypatch.setattr("osteocount.io.raw_image.MAX_PIXELS", 60 * 70 - 1)
    tifffile.imwrite(tmp_path / "a.tif", RGB, **SMALL)
    with pytest.raises(OsteoCountError, match="70 × 60 px is more than"):
        read_picture(tmp_path / "a.tif")


def test_other_files_named_inside_an_ome_tiff_stay_closed(tmp_path):
    """A set of one file per channel: each file is read alone."""
    text = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="70" SizeY="60" SizeC="2" SizeZ="1" SizeT="1">'
        '<TiffData FirstC="0" IFD="0"><UUID FileName="a.ome.tif">urn:uuid:1</UUID></TiffData>'
        '<TiffData FirstC="1" IFD="0"><UUID FileName="b.ome.tif">urn:uuid:2</UUID></TiffData></Pixels></Image></OME>'
    )
    for name, plane in zip("ab", CHANNELS, strict=True):
        tifffile.imwrite(tmp_path / f"{name}.ome.tif", plane, description=text, metadata=None)
    np.testing.assert_array_equal(read_picture(tmp_path / "b.ome.tif").pixels[..., 0], CHANNELS[1])


@pytest.mark.parametrize("keep", np.linspace(0.02, 0.98, 13).round(2))
def test_any_cut_gives_a_sentence(tmp_path, keep):
    cut(tmp_path / "a.tif", CHANNELS, keep, ome=True, compression="zlib", metadata=CYX)
    try:
        picture = read_picture(tmp_path / "a.tif")
    except OsteoCountError:
        return
    np.testing.assert_array_equal(picture.pixels, np.moveaxis(CHANNELS, 0, 2))


@pytest.mark.skipif(not (SHARED / "real").is_dir(), reason="the shared pictures are not here")
@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("brightfield_20x.png", "1920 × 720 px, RGB, 8 bit"),
        ("lowpower_well.png", "594 × 894 px, RGB, 8 bit"),
        ("fluorescence.ome.tif", "527 × 527 px, 2 channels (TRAP, DAPI), 8 bit"),
    ],
)
def test_real_pictures(name, axes):
    assert read_picture(SHARED / "real" / name).axes == axes

"""Who may say how large a pixel is, in which order, and who is not believed."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from osteocount.errors import OsteoCountError
from osteocount.io.read import read_picture

GREY = np.arange(40 * 50, dtype=np.uint16).reshape(40, 50)
GEN5 = (
    "<BTIImageMetaData><ImageReference><PixelWidth>1992</PixelWidth><PixelHeight>1992</PixelHeight>"
    "<ImageWidthMicrons>1389</ImageWidthMicrons><ImageHeightMicrons>1389</ImageHeightMicrons>"
    "</ImageReference></BTIImageMetaData>"
)
METAXPRESS = (
    '<MetaData><prop id="spatial-calibration-state" type="bool" value="on"/><prop id="spatial-calibration-x" '
    'type="float" value="0.656"/><prop id="spatial-calibration-y" type="float" value="0.656"/>'
    '<prop id="spatial-calibration-units" type="string" value="{unit}"/></MetaData>'
)
HARMONY = (
    '<EvaluationInputData xmlns="http://www.perkinelmer.com/PEHH/HarmonyV5"><Images><Image><ImageResolutionX Unit="m">'
    '{size}</ImageResolutionX></Image><Image><ImageResolutionX Unit="m">2.9E-7</ImageResolutionX></Image></Images>'
    "</EvaluationInputData>"
)


def ome(size, unit="µm", **more):
    return {"ome": True, "metadata": {"axes": "YX", "PhysicalSizeX": size, "PhysicalSizeXUnit": unit, **more}}


def cm(um):
    return {"resolution": (1e4 / um, 1e4 / um), "resolutionunit": "CENTIMETER", "metadata": None}


def imagej(um, unit):
    return {"imagej": True, "resolution": (1 / um, 1 / um), "metadata": {"unit": unit}}


def read(folder, options, um=None):
    tifffile.imwrite(folder / "a.tif", GREY, **options)
    return read_picture(folder / "a.tif", pixel_size_um=um)


@pytest.mark.parametrize(
    ("options", "um", "origin"),
    [
        (ome(0.65), 0.65, "OME-XML PhysicalSizeX"),
        (ome(650, "nm"), 0.65, "OME-XML PhysicalSizeX"),
        (ome(0.00065, "mm"), 0.65, "OME-XML PhysicalSizeX"),
        ({"description": GEN5, "metadata": None}, 1389 / 1992, "Gen5 BTIImageMetaData"),
        ({"description": METAXPRESS.format(unit="um"), "metadata": None}, 0.656, "MetaXpress spatial-calibration-x"),
        (imagej(0.5, "micron"), 0.5, "ImageJ calibration"),
        (imagej(0.5, "um"), 0.5, "ImageJ calibration"),
        (imagej(0.5, "\\u00B5m"), 0.5, "ImageJ calibration"),
        (imagej(0.0005, "mm"), 0.5, "ImageJ calibration"),
        (imagej(500, "nm"), 0.5, "ImageJ calibration"),
        (cm(0.76), 0.76, "TIFF resolution per cm"),
        (cm(0.3225), 0.3225, "TIFF resolution per cm"),
        ({**cm(9), "description": GEN5}, 1389 / 1992, "Gen5 BTIImageMetaData"),
    ],
)
def test_file_says_it(tmp_path, options, um, origin):
    found = read(tmp_path, options).pixel_size
    assert found.um == pytest.approx(um, rel=1e-5)
    assert found.origin == origin


@pytest.mark.parametrize("dpi", [72, 96, 300])
def test_printing_resolution_is_refused_with_a_note(tmp_path, dpi):
    picture = read(tmp_path, {"resolution": (dpi, dpi), "resolutionunit": "INCH", "metadata": None})
    assert picture.pixel_size.um is None
    assert picture.pixel_size.origin.startswith(f"unknown: The resolution tag of {dpi} dpi is made for printing")
    assert f"{dpi} dpi" in picture.notes[0]


@pytest.mark.parametrize(
    ("options", "note"),
    [
        (cm(352.8), "TIFF resolution per cm gives 352.8 µm per pixel, not a value from 0.05 to 20 µm: ignored."),
        (cm(0.01), "not a value from 0.05 to 20 µm"),
        (ome(1000), "OME-XML PhysicalSizeX gives 1000 µm per pixel, not a value from 0.01 to 50 µm: ignored."),
        (ome(1, "pixel"), "OME-XML PhysicalSizeX is in 'pixel', which is no length of the specimen"),
        (imagej(0.5, "inch"), "ImageJ's calibration is in 'inch'"),
        ({"description": METAXPRESS.format(unit="pixel"), "metadata": None}, "is in 'pixel'"),
        (
            {"description": "<BTIImageMetaData><a></BTIImageMetaData>", "metadata": None},
            "Gen5 metadata could not be read",
        ),
    ],
)
def test_what_is_not_believed_is_noted(tmp_path, options, note):
    picture = read(tmp_path, options)
    assert picture.pixel_size.um is None
    assert any(note in each for each in picture.notes)


def test_nothing_said_is_unknown_without_a_note(tmp_path):
    Image.fromarray(GREY.astype(np.uint8)).save(tmp_path / "a.png", dpi=(300, 300))
    picture = read_picture(tmp_path / "a.png")
    assert picture.pixel_size.um is None
    assert picture.pixel_size.origin == "unknown: the file does not say"
    assert picture.notes == ()


def test_user_wins_and_a_disagreement_is_noted(tmp_path):
    picture = read(tmp_path, ome(0.65), um=0.76)
    assert (picture.pixel_size.um, picture.pixel_size.origin) == (0.76, "given by the user")
    assert picture.notes == ("The file says 0.65 µm per pixel (OME-XML PhysicalSizeX); the user's 0.76 µm is used.",)
    assert read(tmp_path, ome(0.65), um=0.651).notes == ()


@pytest.mark.parametrize("um", [0.0, -1.0, 0.001, 760.0, float("nan")])
def test_implausible_value_of_the_user_is_refused(tmp_path, um):
    with pytest.raises(
        OsteoCountError, match=r"a\.tif: a pixel size of .* is not plausible\. Give the side of one pixel"
    ):
        read(tmp_path, cm(1), um=um)


def test_oblong_pixels_keep_the_area(tmp_path):
    picture = read(tmp_path, ome(0.5, PhysicalSizeY=2.0, PhysicalSizeYUnit="µm"))
    assert picture.pixel_size.um == pytest.approx(1.0)
    assert "not square (0.5 × 2 µm" in picture.notes[0]


def test_harmony_index_beside(tmp_path):
    (tmp_path / "Index.idx.xml").write_text(HARMONY.format(size="2.9E-7"))
    picture = read(tmp_path, {**cm(9)})
    assert picture.pixel_size.um == pytest.approx(0.29)
    assert picture.pixel_size.origin == "Harmony ImageResolutionX"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (HARMONY.format(size="5.8E-7"), "names several pixel sizes (0.29, 0.58 µm)"),
        ("<a>", "Index.idx.xml could not be read for the pixel size"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "Index.idx.xml could not be read for the pixel size"),
    ],
)
def test_unclear_harmony_index_is_noted(tmp_path, text, note):
    (tmp_path / "Index.idx.xml").write_text(text)
    picture = read(tmp_path, cm(0.76))
    assert picture.pixel_size.um == pytest.approx(0.76)
    assert note in picture.notes[0]

"""Files with many wells inside."""

from __future__ import annotations

import builtins
import sys

import numpy as np
import pytest
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.io.multi_image import is_multi_image, list_scenes, read_scene
from osteocount.io.read import read_picture
from osteocount.plate.index import index_pictures
from support.multi_image_files import (
    binary_only,
    damage,
    ome_xml,
    pictures,
    write_czi,
    write_hcs,
    write_lif,
    write_nd2,
)


def wells_of(source):
    return [(e.plate, e.well, e.field) for e in index_pictures(source).entries]


def test_czi_scenes_are_wells(tmp_path):
    pytest.importorskip("pylibCZIrw")
    planes = pictures(3)
    path = write_czi(tmp_path / "scan.czi", ["B4", "B4", "H12"], planes)
    assert wells_of(path) == [("", "B04", "1"), ("", "B04", "2"), ("", "H12", "3")]
    scenes = list_scenes(path)
    for scene, plane in zip(scenes, planes, strict=True):
        picture = read_picture(path, scene=scene.name)
        assert np.array_equal(picture.pixels, plane)
        assert (picture.kind, picture.pixel_size.um) == ("rgb", pytest.approx(0.76))


def test_nd2_positions_are_wells(tmp_path):
    planes = pictures(3, (2, 40, 50), np.uint16)
    path = write_nd2(tmp_path / "scan.nd2", ["C03_0000", "C03_0001", "D11_0000"], planes)
    assert wells_of(path) == [("", "C03", "1"), ("", "C03", "2"), ("", "D11", "3")]
    for scene, plane in zip(list_scenes(path), planes, strict=True):
        picture = read_picture(path, scene=scene.name)
        assert np.array_equal(picture.pixels, np.moveaxis(plane, 0, 2))
        assert picture.channel_names == ("channel 0", "channel 1")
        assert picture.pixel_size.um == pytest.approx(0.65)


def test_nd2_whose_channels_cannot_be_understood_is_read_all_the_same(tmp_path):
    (plane,) = pictures(1, (1, 40, 50), np.uint16)
    picture = read_picture(write_nd2(tmp_path / "scan.nd2", [""], [plane], dyes=False))
    assert np.array_equal(picture.pixels[:, :, 0], plane[0])
    assert picture.pixel_size.um is None
    assert any("channels cannot be understood" in note for note in picture.notes)


def test_lif_tree_names_wells(tmp_path):
    planes = pictures(3)
    tree = {"TileScan 1": {"A": {"1": {"R1": planes[0]}, "2": {"R1": planes[1]}}}, "B3": planes[2]}
    path = write_lif(tmp_path / "plate.lif", tree)
    assert wells_of(path) == [("", "A01", "1"), ("", "A02", "2"), ("", "B03", "3")]
    for scene, plane in zip(list_scenes(path), planes, strict=True):
        picture = read_picture(path, scene=scene.name)
        assert np.array_equal(picture.pixels, plane)
        assert picture.pixel_size.um == pytest.approx(1.3)
        assert picture.kind == "rgb"


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr_plate(tmp_path, version):
    planes = pictures(3, (3, 40, 50))
    path = write_hcs(tmp_path / "plate.zarr", [("B", "2", "0"), ("B", "2", "1"), ("C", "10", "0")], planes, version)
    assert wells_of(path) == wells_of(tmp_path) == [
        ("TRAP 7", "B02", "1"), ("TRAP 7", "B02", "2"), ("TRAP 7", "C10", "1"),
    ]  # fmt: skip
    picture = read_picture(path, scene="B/2/1")
    assert np.array_equal(picture.pixels, np.moveaxis(planes[1], 0, 2))
    assert picture.pixel_size.um == pytest.approx(0.8)
    assert picture.kind == "rgb"


def test_ome_tiff_plate_in_one_file(tmp_path):
    planes = pictures(3)
    images = [(f"Image:{n}", plane.shape[:2], "") for n, plane in enumerate(planes)]
    xml = ome_xml(images, {(1, 3): ["Image:0", "Image:2"], (7, 11): ["Image:1"]}, own_file="plate.ome.tif")
    path = tmp_path / "plate.ome.tif"
    with tifffile.TiffWriter(path) as tiff:
        for n, plane in enumerate(planes):
            tiff.write(plane, photometric="rgb", description=xml.encode() if n == 0 else None, metadata=None)
    assert wells_of(path) == [("TRAP 7", "B04", "1"), ("TRAP 7", "B04", "2"), ("TRAP 7", "H12", "1")]
    by_place = {(e.well, e.field): e.scene for e in index_pictures(path).entries}
    picture = read_picture(path, scene=by_place["H12", "1"])
    assert np.array_equal(picture.pixels, planes[1])
    assert picture.pixel_size.um == pytest.approx(0.9)


def test_ome_tiff_with_a_companion(tmp_path):
    planes = pictures(2)
    names = ["f_0.ome.tif", "f_1.ome.tif"]
    images = [(f"Image:{n}", planes[n].shape[:2], name) for n, name in enumerate(names)]
    (tmp_path / "p.companion.ome").write_text(ome_xml(images, {(0, 0): ["Image:0"], (2, 1): ["Image:1"]}))
    for name, plane in zip(names, planes, strict=True):
        tifffile.imwrite(
            tmp_path / name, plane, photometric="rgb", description=binary_only("p.companion.ome"), metadata=None
        )
    assert wells_of(tmp_path) == [("TRAP 7", "A01", "1"), ("TRAP 7", "C02", "1")]
    picture = read_picture(tmp_path / names[1])
    assert np.array_equal(picture.pixels, planes[1])
    assert picture.pixel_size.um == pytest.approx(0.9)
    (tmp_path / "p.companion.ome").unlink()
    with pytest.raises(OsteoCountError, match=r"f_1\.ome\.tif.*p\.companion\.ome is not beside it"):
        read_picture(tmp_path / names[1])


def test_an_ome_tiff_named_after_its_well_is_one_picture(tmp_path):
    tifffile.imwrite(tmp_path / "A01_f1.ome.tif", pictures(1)[0], photometric="rgb", metadata={"axes": "YXS"})
    assert wells_of(tmp_path) == [("", "A01", "1")]


def test_stage_points_are_no_wells(tmp_path):
    path = write_nd2(tmp_path / "scan.nd2", ["P1", "P2"], pictures(2, (1, 40, 50), np.uint16))
    assert wells_of(path) == [("", "", "scan P1"), ("", "", "scan P2")]


def test_the_files_name_gives_the_well_where_its_scenes_do_not(tmp_path):
    planes = pictures(2, (1, 40, 50), np.uint16)
    write_nd2(tmp_path / "exp_WellC05.nd2", ["", ""], planes)
    write_nd2(tmp_path / "exp_WellC06.nd2", [""], planes[:1])
    assert [row[1:] for row in wells_of(tmp_path)] == [("C05", "1"), ("C05", "2"), ("C06", "")]


def test_one_row_of_hand_made_names_of_files_is_asked_about(tmp_path):
    planes = pictures(2, (1, 40, 50), np.uint16)
    write_nd2(tmp_path / "exp_C05.nd2", ["", ""], planes)
    write_nd2(tmp_path / "exp_C06.nd2", [""], planes[:1])
    assert {well for _, well, _ in wells_of(tmp_path)} == {""}


def test_the_same_well_in_two_files_makes_two_plates(tmp_path):
    for name in ("one", "two"):
        write_nd2(tmp_path / f"{name}.nd2", ["A01", "A02"], pictures(2, (1, 40, 50), np.uint16))
    assert wells_of(tmp_path) == [("one", "A01", "1"), ("one", "A02", "2"), ("two", "A01", "1"), ("two", "A02", "2")]


def test_a_file_with_many_is_read_with_a_note(tmp_path):
    path = write_nd2(tmp_path / "scan.nd2", ["A01", "A02"], pictures(2, (1, 40, 50), np.uint16))
    assert "The file holds 2 pictures: the first (A01) is read." in read_picture(path).notes
    with pytest.raises(OsteoCountError, match=r"no picture 'A09' in it; it has A01, A02"):
        read_scene(path, "A09")


@pytest.mark.parametrize("name", ["a.czi", "a.nd2", "a.lif"])
@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 5000, b"ZISRAWFILE" + b"\xff" * 3000, b"\xda\xce\xbe\x0a" + b"x" * 9000]
)
def test_damaged_files_give_a_sentence_and_do_not_stop_a_plate(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OsteoCountError, match=name):
        read_picture(tmp_path / name)
    index = index_pictures(tmp_path)
    assert [e.path.name for e in index.entries] == [name]
    assert any(name in note for note in index.notes)


def test_damaged_zarr(tmp_path):
    path = write_hcs(tmp_path / "p.zarr", [("A", "1", "0")], pictures(1, (3, 40, 50)))
    damage(path, "zarr.json")
    with pytest.raises(OsteoCountError, match=r"p\.zarr: the picture is damaged"):
        list_scenes(path)
    (path / "zarr.json").unlink()
    with pytest.raises(OsteoCountError, match=r"is not an OME-Zarr: zarr\.json or \.zgroup is missing"):
        list_scenes(path)


def test_a_path_that_leads_out_of_an_ome_zarr_is_refused(tmp_path):
    path = write_hcs(tmp_path / "p.zarr", [("A", "1", "0")], pictures(1, (3, 40, 50)))
    text = (path / "zarr.json").read_text()
    (path / "zarr.json").write_text(text.replace("A/1", "../x"))
    with pytest.raises(OsteoCountError, match=r"point to '\.\./x', outside of it"):
        list_scenes(path)


@pytest.mark.parametrize(("name", "library"), [("a.czi", "czifile"), ("a.nd2", "nd2"), ("a.lif", "liffile")])
def test_a_missing_extra_is_said_in_one_sentence(tmp_path, monkeypatch, name, library):
    (tmp_path / name).write_bytes(b"1234567890")
    monkeypatch.delitem(sys.modules, library, raising=False)
    real = builtins.__import__

    def without(wanted, *rest, **more):
        if wanted == library:
            raise ImportError(f"No module named {wanted!r}")
        return real(wanted, *rest, **more)

    monkeypatch.setattr("importlib.import_module", lambda wanted: without(wanted))
    with pytest.raises(OsteoCountError, match=rf'{name} needs the formats extra: pip install "osteocount\[formats\]"'):
        list_scenes(tmp_path / name)


def test_z_stacks_are_refused(tmp_path):
    path = write_hcs(tmp_path / "p.zarr", [("A", "1", "0")], pictures(1, (3, 40, 50)))
    meta = path / "A/1/0/zarr.json"
    meta.write_text(meta.read_text().replace('"name": "c"', '"name": "z"'))
    with pytest.raises(OsteoCountError, match=r"is a z-stack of 3 planes; one plane is counted"):
        read_picture(path, scene="A/1/0")


def test_what_can_hold_many(tmp_path):
    assert is_multi_image(tmp_path / "a.CZI") and is_multi_image(tmp_path / "a.ome.tiff")
    assert not is_multi_image(tmp_path / "a.tif") and not is_multi_image(tmp_path)

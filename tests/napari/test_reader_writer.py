"""What the manifest contributes beside the dock: pictures open with their size, cells and nuclei are saved with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.io.label_image import read_labels
from osteocount.io.scenes import Scene
from osteocount.napari import preferences, reader
from osteocount.napari.reader import get_reader, read
from osteocount.napari.writer import write_cells, write_nuclei


def test_a_picture_opens_with_its_pixel_size(picture_file, field):
    assert get_reader(str(picture_file)) is read
    [(pixels, about, kind)] = read(str(picture_file))
    np.testing.assert_array_equal(pixels, field.picture)
    assert kind == "image"
    assert about["rgb"]
    assert about["scale"] == pytest.approx((field.pixel_size, field.pixel_size))


def test_channels_open_as_layers_of_their_own(tmp_path):
    planes = np.arange(2 * 40 * 50, dtype=np.uint16).reshape(2, 40, 50)
    tifffile.imwrite(tmp_path / "a.ome.tif", planes, photometric="minisblack", metadata={"axes": "CYX"})
    layers = read(str(tmp_path / "a.ome.tif"))
    assert [about["name"] for _, about, _ in layers] == ["a.ome", "a.ome channel 2"]
    np.testing.assert_array_equal(layers[1][0], planes[1])


def test_several_files_at_once_are_left_to_others(picture_file):
    assert get_reader([str(picture_file), str(picture_file)]) is None
    assert get_reader([str(picture_file)]) is read


def test_what_is_no_picture_is_said(tmp_path):
    (tmp_path / "a.tif").write_text("no picture")
    with pytest.raises(OsteoCountError, match=r"a\.tif"):
        read(str(tmp_path / "a.tif"))


def test_a_file_of_many_pictures_is_sent_to_the_plate(tmp_path, monkeypatch):
    path = tmp_path / "plate.czi"
    path.write_text("")
    monkeypatch.setattr(reader, "open_pyramid", lambda path: None)
    monkeypatch.setattr(reader, "is_multi_image", lambda path: True)
    monkeypatch.setattr(reader, "list_scenes", lambda path: [Scene(str(n)) for n in range(13)])
    with pytest.raises(OsteoCountError, match=r"holds 13 pictures\. Choose it as the pictures of a plate"):
        read(str(path))


def test_cells_are_saved_with_pixel_size_and_table(tmp_path):
    labels = np.zeros((30, 40), np.uint16)
    labels[5:15, 5:20] = 300
    about = {
        "features": pd.DataFrame({"index": [300], "n_nuclei": [4]}), "scale": [0.5, 0.5],
        "units": ("micrometer", "micrometer"), "multiscale": False,
    }  # fmt: skip
    written = write_cells(str(tmp_path / "a.tif"), labels, about)
    assert written == [str(tmp_path / "a.tif"), str(tmp_path / "a.csv")]
    np.testing.assert_array_equal(read_labels(tmp_path / "a.tif"), labels)
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        pixels, centimetres = tiff.pages[0].tags["XResolution"].value
    assert pixels / centimetres == pytest.approx(1e4 / 0.5)
    assert (tmp_path / "a.csv").read_text().splitlines()[:2] == ["cell_id,n_nuclei", "300,4"]


@pytest.mark.parametrize(
    ("data", "about", "message"),
    [
        (np.zeros((2, 3, 4), int), {}, "stack of 2 × 3 × 4"),
        ([np.zeros((3, 4), int)], {"multiscale": True}, "too large"),
    ],
)
def test_what_cannot_be_saved_is_said(tmp_path, data, about, message):
    with pytest.raises(OsteoCountError, match=message):
        write_cells(str(tmp_path / "a.tif"), data, about)


def test_nuclei_are_saved_as_a_table(tmp_path):
    about = {"features": pd.DataFrame({"cell_id": [7, 8]})}
    write_nuclei(str(tmp_path / "n.csv"), np.array([[1.0, 2.0], [3.5, 4.0]]), about)
    saved = pd.read_csv(tmp_path / "n.csv")
    assert saved.to_dict("list") == {"cell_id": [7, 8], "y_px": [1.0, 3.5], "x_px": [2.0, 4.0]}


@pytest.mark.parametrize(("set_to", "expected"), [("Ann", "Ann"), ("  ", "me"), (None, "me")])
def test_who_signs(monkeypatch, set_to, expected):
    monkeypatch.setattr(preferences, "_general", lambda name: set_to or "")
    monkeypatch.setattr(preferences.getpass, "getuser", lambda: "me")
    assert preferences.reviewer() == expected
    assert (preferences.settings_file() is None) == (not (set_to or "").strip())

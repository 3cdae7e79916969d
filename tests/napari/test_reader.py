"""Pictures open with their pixel size, channel by channel."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.io.raw_image import Scene
from osteocount.napari import reader
from osteocount.napari.reader import get_reader, read


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

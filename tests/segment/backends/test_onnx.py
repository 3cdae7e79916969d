"""ONNX networks of others, with their description."""

import cv2
import numpy as np
import pytest

from osteocount.errors import OsteoCountError
from osteocount.segment import get_segmenter
from support import scenes
from support.pictures import picture
from support.tiny_onnx import tiny_onnx
from support.user_networks import BY_DENSITY, OURS, field_with_two, nuclei_per_cell, with_model


def test_our_own_network_described_gives_what_it_gives_built_in(ours):
    shown = scenes.two_touching_osteoclasts()
    photo = picture(shown.picture, shown.pixel_size)
    found = get_segmenter(with_model(cell_model=ours)).segment(photo)
    assert nuclei_per_cell(found) == nuclei_per_cell(get_segmenter(with_model("learned")).segment(photo)) == [5, 4]
    assert found.record["segmenter"] == found.record["cells_and_nuclei_by"] == "onnx"
    assert found.record["cell_model_sha256"] == found.record["nucleus_model_sha256"]
    assert found.cells.dtype == found.nuclei.dtype == np.uint32
    y, x = (found.nuclei_table[c].astype(int) for c in ("y_px", "x_px"))
    assert found.cells[y, x].tolist() == found.nuclei_table["cell_id"].tolist()
    assert found.nuclei[y, x].tolist() == found.nuclei_table["nucleus_id"].tolist()


def test_cells_of_one_network_and_nuclei_of_another(ours, by_density):
    found = get_segmenter(with_model(cell_model=by_density, nucleus_model=ours)).segment(field_with_two())
    assert found.cell_table["cell_id"].tolist() == [1, 2]
    assert nuclei_per_cell(found) == [4, 3]
    assert found.record["cell_model_sha256"] != found.record["nucleus_model_sha256"]


def test_a_picture_at_another_scale_is_brought_to_that_of_the_network(ours):
    shown = scenes.two_touching_osteoclasts()
    large = cv2.resize(shown.picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    found = get_segmenter(with_model(cell_model=ours)).segment(picture(large, shown.pixel_size / 2))
    assert found.cells.shape == large.shape[:2]
    assert nuclei_per_cell(found) == [5, 4]


def test_tiles_do_not_show(ours, tmp_path):
    tiled = get_segmenter(with_model(cell_model=ours)).segment(field_with_two())
    (tmp_path / "ours.toml").write_text(OURS.replace("256", "1024"))
    whole = get_segmenter(with_model(cell_model=ours)).segment(field_with_two())
    assert np.array_equal(tiled.cells, whole.cells)
    assert np.array_equal(tiled.nuclei, whole.nuclei)


def test_fluorescence_goes_through_the_network_too(tmp_path, ours):
    (tmp_path / "cyto.toml").write_text(BY_DENSITY.replace("density", "cytoplasm"))
    (tmp_path / "dna.toml").write_text(BY_DENSITY.replace("density", "nuclei").replace("foreground", "nucleus"))
    cyto = tiny_onnx(tmp_path / "cyto.onnx", [[100.0]], [-20.0])
    dna = tiny_onnx(tmp_path / "dna.onnx", [[40.0]], [-15.0])
    y, x = np.ogrid[:160, :200]
    pixels = np.full((160, 200, 2), 8, np.uint8)
    pixels[np.hypot(y - 80, x - 70) < 45, 0] = pixels[np.hypot(y - 80, x - 160) < 25, 0] = 160
    for cy, cx in ((60, 60), (80, 85), (100, 60), (100, 90), (80, 160)):
        pixels[np.hypot(y - cy, x - cx) < 5, 1] = 220
    photo = picture(pixels, kind="channels", names=("TRAP", "DAPI"))
    found = get_segmenter(with_model(cell_model=cyto, nucleus_model=dna)).segment(photo)
    assert found.regime == "fluorescence"
    assert nuclei_per_cell(found) == [4, 1]
    with pytest.raises(
        OsteoCountError, match=r"asks for the channels od_red, od_green, od_blue, and this picture has cyto"
    ):
        get_segmenter(with_model(cell_model=ours)).segment(photo)


@pytest.mark.parametrize(
    ("description", "says"),
    [
        (BY_DENSITY.replace("maps", "mask"), "no output is called mask, as its description says; it has maps"),
        (BY_DENSITY.replace('["foreground"]', '["foreground", "core"]'), "has the shape 1 × 1 × .*makes it 1 × 2 ×"),
        (BY_DENSITY.replace('["density"]', '["density", "red"]'), "cannot run on 1 × 2 × .*Compare channels"),
        (BY_DENSITY.replace("foreground", "nucleus"), "names no output foreground, so it cannot outline cells"),
    ],
)
def test_a_description_that_does_not_fit_the_network_is_named(tmp_path, by_density, ours, description, says):
    (tmp_path / "density.toml").write_text(description)
    with pytest.raises(OsteoCountError, match=says):
        get_segmenter(with_model(cell_model=by_density, nucleus_model=ours)).segment(field_with_two())


def test_a_network_that_gives_no_numbers_is_named(tmp_path, by_density, ours):
    tiny_onnx(by_density, [[float("nan")]], [0.0])
    with pytest.raises(OsteoCountError, match="gives numbers that are none"):
        get_segmenter(with_model(cell_model=by_density, nucleus_model=ours)).segment(field_with_two())


def test_what_is_no_onnx_file_is_named(tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    (tmp_path / "broken.toml").write_text(BY_DENSITY)
    with pytest.raises(OsteoCountError, match=r"broken\.onnx: not a network that onnxruntime can read"):
        get_segmenter(with_model(cell_model=tmp_path / "broken.onnx"))

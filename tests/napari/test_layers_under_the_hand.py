"""What people do to layers while OsteoCount works with them: rename, delete, swap, paint, scale."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.io.read import read_picture
from osteocount.napari.dock import OsteoCountDock
from osteocount.napari.layers.read_only import PAINTED
from osteocount.napari.writer import write_cells
from osteocount.pipeline import analyse
from osteocount.settings import Settings
from support.patience import PATIENCE_MS

pytestmark = pytest.mark.window


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer()


@pytest.fixture
def dock(viewer):
    return viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")[1]


def finished(dock, qtbot):
    qtbot.waitUntil(lambda: dock.run.count.isEnabled(), timeout=PATIENCE_MS)


def counted(dock, qtbot):
    dock.count()
    finished(dock, qtbot)


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_a_layer_renamed_while_it_is_counted_keeps_its_result(viewer, dock, qtbot, field, field_scale):
    image = viewer.add_image(field.picture, name="scene", **field_scale)
    dock.count()
    image.name = "mine"
    finished(dock, qtbot)
    assert names(viewer) == ["mine", "mine cells", "mine nuclei"]
    image.name = "other"
    counted(dock, qtbot)
    assert names(viewer) == ["other", "other cells", "other nuclei"]


def test_another_layer_of_the_same_name_gets_no_result(viewer, dock, qtbot, field, field_scale):
    image = viewer.add_image(field.picture, name="scene", **field_scale)
    dock.count()
    viewer.layers.remove(image)
    viewer.add_image(field.picture[::-1].copy(), name="scene", **field_scale)
    finished(dock, qtbot)
    assert names(viewer) == ["scene"]
    assert "scene was closed while it was counted" in dock.message.text()


def test_a_layer_given_another_picture_gets_no_result(viewer, dock, qtbot, field, field_scale):
    image = viewer.add_image(field.picture, name="scene", **field_scale)
    dock.count()
    image.data = field.picture[::-1].copy()
    finished(dock, qtbot)
    assert names(viewer) == ["scene"]
    assert "scene was given another picture while it was counted" in dock.message.text()


def test_a_layer_of_the_person_is_never_taken_for_a_result(viewer, dock, qtbot, field, field_scale):
    own = viewer.add_labels(np.zeros((8, 8), int), name="scene cells")
    viewer.add_image(field.picture, name="scene", **field_scale)
    counted(dock, qtbot)
    assert own in viewer.layers
    assert names(viewer) == ["scene cells", "scene", "scene cells [1]", "scene nuclei"]


@pytest.mark.parametrize("tool", ["paint", "fill", "data_setitem"])
def test_paint_is_taken_back_and_said(viewer, dock, qtbot, field, field_scale, tool, tmp_path):
    viewer.add_image(field.picture, name="scene", **field_scale)
    counted(dock, qtbot)
    cells = viewer.layers["scene cells"]
    before = cells.data.copy()
    cells.editable = True
    assert not cells.editable
    cells.mode = "paint"
    assert cells.mode == "pan_zoom"
    if tool == "data_setitem":
        cells.data_setitem((np.array([3, 4]), np.array([3, 4])), 1)
    else:
        getattr(cells, tool)((5, 5), 1)
    qtbot.waitUntil(lambda: PAINTED in dock.message.text(), timeout=PATIENCE_MS)
    np.testing.assert_array_equal(cells.data, before)
    assert len(write_cells(str(tmp_path / "a.tif"), *cells.as_layer_data_tuple()[:2])) == 2


def test_cells_changed_behind_the_table_are_not_saved_with_it(viewer, dock, qtbot, field, field_scale, tmp_path):
    viewer.add_image(field.picture, name="scene", **field_scale)
    counted(dock, qtbot)
    cells = viewer.layers["scene cells"]
    cells.data[:20, :20] = 1
    with pytest.raises(OsteoCountError, match="changed after they were counted"):
        write_cells(str(tmp_path / "a.tif"), *cells.as_layer_data_tuple()[:2])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("plugin", ["osteocount", "napari"])
def test_every_scene_of_a_file_is_counted_as_itself(viewer, dock, qtbot, field, write_field, tmp_path, plugin):
    path = tmp_path / "two.ome.tif"
    other = np.ascontiguousarray(np.roll(field.picture[::-1], 60, axis=1))
    other[:, :120] = field.picture[0, 0]  # bare plastic: fewer cells
    size = {f"PhysicalSize{axis}": field.pixel_size for axis in "XY"}
    with tifffile.TiffWriter(path, ome=True) as tiff:
        for well, pixels in (("A01", field.picture), ("A02", other)):
            tiff.write(pixels, photometric="rgb", metadata={"axes": "YXS", "Name": well, **size})
    if plugin == "osteocount":
        viewer.open(path, plugin="osteocount")
    else:  # another reader's layer, which says no scene
        viewer.open(path, plugin="osteocount")
        for layer in viewer.layers:
            layer.metadata.clear()
    expected = []
    for layer in list(viewer.layers):
        viewer.layers.selection.active = layer
        counted(dock, qtbot)
        expected.append(dock.numbers.values["n_trap_positive"].text())
    plain = [write_field(tmp_path / "a.tif", field.picture), write_field(tmp_path / "b.tif", other)]
    numbers = [str(analyse(read_picture(file), Settings()).summary["n_trap_positive"]) for file in plain]
    assert numbers[0] != numbers[1]
    assert expected == numbers


def test_a_scale_that_a_person_set_is_the_pixel_size(viewer, dock, qtbot, field, picture_file):
    viewer.open(picture_file, plugin="osteocount")
    layer = viewer.layers[0]
    layer.scale = (2 * field.pixel_size, 2 * field.pixel_size)
    counted(dock, qtbot)
    cells = viewer.layers[1].features
    assert cells["area_um2"].iloc[0] == pytest.approx(cells["area_px"].iloc[0] * 4 * field.pixel_size**2, rel=1e-3)
    assert "The file says" in dock.message.text()


def test_a_scale_without_a_length_is_named(viewer, dock, qtbot, field):
    viewer.add_image(field.picture, name="scene", scale=(0.5, 0.5))
    counted(dock, qtbot)
    assert "says no micrometres per pixel, so it is not used" in dock.message.text()


def test_a_second_dock_ends_the_first_through_napari_too(viewer, dock):
    other = OsteoCountDock(viewer)
    assert not dock.isEnabled()
    other.close()

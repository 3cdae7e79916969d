"""The coordinator in a real window: what is clicked reaches the layers and the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from osteocount.io.read import read_picture
from osteocount.napari import dock as dock_module
from osteocount.napari.dock import MINIMUM_WIDTH, OsteoCountDock
from osteocount.napari.views.count_view import osteoclast_rule
from osteocount.napari.views.widgets import CollapsibleSection
from osteocount.pipeline import analyse
from osteocount.settings import Settings
from support.patience import PATIENCE_MS, PATIENCE_S
from support.ports import listening

pytestmark = pytest.mark.window


@pytest.fixture
def viewer(make_napari_viewer_proxy):
    return make_napari_viewer_proxy()


@pytest.fixture
def dock(viewer):
    _, widget = viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")
    return widget


def counted(dock, qtbot):
    """Count and wait. The dock's own state is waited for: a fast worker may end before a signal could be awaited."""
    dock.count()
    qtbot.waitUntil(lambda: dock.run.count.isEnabled(), timeout=PATIENCE_MS)


def test_a_counted_file_shows_the_numbers_of_the_command(viewer, dock, qtbot, picture_file):
    viewer.open(picture_file)
    counted(dock, qtbot)
    expected = analyse(read_picture(picture_file), Settings())
    assert dock.numbers.values["n_osteoclasts"].text() == str(expected.summary["n_osteoclasts"])
    assert dock.numbers.values["n_trap_positive"].text() == str(expected.summary["n_trap_positive"])
    labels, points = viewer.layers["B02_f1 cells"], viewer.layers["B02_f1 nuclei"]
    np.testing.assert_array_equal(labels.data, expected.segmentation.cells)
    assert list(labels.features["index"]) == list(expected.cells["cell_id"])
    assert len(points.data) == len(points.features) == len(expected.nuclei)


def test_results_lie_on_the_picture_in_micrometres(viewer, dock, qtbot, picture_file, field):
    viewer.open(picture_file)
    counted(dock, qtbot)
    for layer in viewer.layers:
        assert tuple(layer.scale) == pytest.approx((field.pixel_size, field.pixel_size))
        assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]


def test_osteoclasts_and_others_have_their_colours(viewer, dock, qtbot, picture_file):
    viewer.open(picture_file)
    counted(dock, qtbot)
    labels = viewer.layers["B02_f1 cells"]
    cells = labels.features
    kinds = {True: (1, 0.69, 0), False: (0, 0.447, 0.737)}
    assert set(cells.loc[cells["counted"], "is_osteoclast"]) == {True, False}
    for label, is_osteoclast in cells.loc[cells["counted"], ["index", "is_osteoclast"]].itertuples(index=False):
        assert tuple(labels.get_color(label)[:3]) == pytest.approx(kinds[bool(is_osteoclast)], abs=0.01)


def test_counting_again_replaces_the_layers(viewer, dock, qtbot, field, field_scale):
    viewer.add_image(field.picture, name="scene", **field_scale)
    counted(dock, qtbot)
    counted(dock, qtbot)
    assert [layer.name for layer in viewer.layers] == ["scene", "scene cells", "scene nuclei"]


def test_the_choice_follows_the_selection(viewer, dock):
    viewer.add_image(np.zeros((8, 8), np.uint8), name="a")
    viewer.add_image(np.zeros((8, 8), np.uint8), name="b")
    assert dock.source.layer() == "b"
    viewer.layers.selection.active = viewer.layers["a"]
    assert dock.source.layer() == "a"
    viewer.layers["a"].name = "renamed"
    assert dock.source.layer() == "renamed"


def test_a_refusal_is_a_sentence_and_changes_nothing(viewer, dock, qtbot):
    viewer.add_image(np.zeros((3, 8, 8), np.uint8), name="stack")
    counted(dock, qtbot)
    assert "is a stack of 3 × 8 × 8" in dock.message.text()
    assert len(viewer.layers) == 1


def test_a_defect_is_a_sentence_too(viewer, dock, qtbot, monkeypatch):
    def broken(layer, settings, stop):
        raise ZeroDivisionError("division by zero")
        yield

    monkeypatch.setattr(dock_module, "count_layer", broken)
    viewer.add_image(np.zeros((8, 8), np.uint8), name="a")
    counted(dock, qtbot)
    assert "failed unexpectedly (ZeroDivisionError: division by zero)" in dock.message.text()


def test_without_a_picture_the_dock_says_what_to_do(dock):
    dock.count()
    assert "There is no picture to count" in dock.message.text()


def test_a_cancelled_count_changes_nothing(viewer, dock, qtbot, monkeypatch):
    stopped = []

    def endless(layer, settings, stop):
        yield dock_module.Progress(0, 2, "at it")
        stopped.append(stop.wait(PATIENCE_S))

    monkeypatch.setattr(dock_module, "count_layer", endless)
    viewer.add_image(np.zeros((8, 8), np.uint8), name="a")
    dock.numbers.show()
    dock.count()
    assert dock.numbers.isHidden()  # those of an earlier count are not those of this one
    qtbot.waitUntil(lambda: dock.run.step.text() == "at it", timeout=PATIENCE_MS)
    dock.run.cancel.click()
    assert "Cancelled" in dock.run.step.text()
    qtbot.waitUntil(lambda: stopped == [True], timeout=PATIENCE_MS)
    assert len(viewer.layers) == 1


def test_a_layer_closed_meanwhile_is_no_error(viewer, dock, qtbot, field, field_scale):
    viewer.add_image(field.picture, name="scene", **field_scale)
    dock.count()
    viewer.layers.remove("scene")
    qtbot.waitUntil(lambda: dock.run.count.isEnabled(), timeout=PATIENCE_MS)
    assert len(viewer.layers) == 0
    assert dock.message.text() == "✖ scene was closed while it was counted; open it and count again."


def test_a_folder_is_counted_and_its_wells_shown(dock, qtbot, plate_folder, tmp_path):
    dock.source.of_folder.setChecked(True)
    dock.source.pictures.edit.setText(str(plate_folder))
    dock.source.results.edit.setText(str(tmp_path / "out"))
    counted(dock, qtbot)
    assert [dock.wells.table.item(row, 0).text() for row in range(2)] == ["A01", "A02"]
    assert (tmp_path / "out" / "report.html").is_file()
    counted(dock, qtbot)
    assert "already holds a run" in dock.message.text()
    assert listening() == set()


def test_a_broken_picture_of_a_folder_is_named_and_the_others_are_done(dock, qtbot, plate_folder, tmp_path):
    (plate_folder / "A03_f1.tif").write_text("not a picture")
    dock.source.of_folder.setChecked(True)
    dock.source.pictures.edit.setText(str(plate_folder))
    dock.source.results.edit.setText(str(tmp_path / "out"))
    counted(dock, qtbot)
    assert "A03" in dock.message.text()
    assert [dock.wells.table.item(row, 1).text() for row in range(3)] == ["ok", "ok", "failed"]


@pytest.mark.parametrize(
    ("segmenter", "resolved", "rule"),
    [
        ("learned", True, "≥ 3 nuclei"),
        ("learned", False, "by appearance; nuclei not visible"),
        ("classical", False, "by size; nuclei not visible"),
    ],
)
def test_the_rule_is_said_as_it_was_used(segmenter, resolved, rule):
    assert osteoclast_rule(Settings().replace(segment={"segmenter": segmenter}), resolved=resolved) == rule


def test_settings_go_to_the_file_of_the_command_and_back(dock, tmp_path):
    path = tmp_path / "mine.toml"
    dock.settings.editors["count", "min_nuclei"].set_value(4)
    dock.save_settings(path)
    assert Settings.from_file(path).count.min_nuclei == 4
    dock.settings.set_settings(Settings())
    dock.load_settings(path)
    assert dock.settings.settings().count.min_nuclei == 4
    path.write_text("[count]\nmin_nuclei = 1\n")
    dock.load_settings(path)
    assert "min_nuclei" in dock.message.text()
    assert dock.settings.settings().count.min_nuclei == 4
    dock.save_settings(path / "inside_a_file.toml")
    assert "cannot be written" in dock.message.text()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_off_at_the_least_width(viewer, dock, qtbot, theme):
    viewer.theme = theme
    dock.source.of_folder.setChecked(True)
    dock.review.correct.show_selection("A long sentence about the cell that is selected, which has to be broken. " * 2)
    for section in dock.findChildren(CollapsibleSection):
        section.heading.setChecked(True)
    for part in (dock.numbers, dock.legend, dock.wells):
        part.show()
    dock.message.show_notes(("A long sentence that has to be broken into several lines. " * 3,))
    for page in dock.pages:
        bar = page.verticalScrollBar().sizeHint().width()
        assert page.widget().minimumSizeHint().width() + bar <= MINIMUM_WIDTH


def test_the_sample_opens_with_its_pixel_size(viewer, qtbot):
    viewer.open_sample("osteocount", "simulated_field")
    layer = viewer.layers["simulated TRAP field"]
    assert layer.rgb
    assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]


def test_a_closed_dock_leaves_the_viewer_alone(make_napari_viewer):
    viewer = make_napari_viewer()
    dock = OsteoCountDock(viewer)
    dock.close()
    viewer.add_image(np.zeros((8, 8), np.uint8), name="a")
    assert dock.source.layers.count() == 0 or not dock.source.layers.isEnabled()
    dock.deleteLater()

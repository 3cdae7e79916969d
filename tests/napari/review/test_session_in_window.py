"""A whole session in a real window: count, correct, exclude, compare, save, close, reopen; the command agrees."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtWidgets import QDockWidget
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.curate import effective, read_log
from osteocount.io.tables import read_table
from osteocount.napari.dock import COMPARE, OsteoCountDock
from osteocount.napari.review.tools import NOT_SHOWN
from osteocount.napari.views.correct_view import KEYS
from osteocount.settings import Settings
from support.patience import PATIENCE_MS

pytestmark = pytest.mark.window

SAMPLE = Path(__file__).parents[3] / "sample_images"
WELL = "A07"  # of the sample plate: it has cells of three nuclei, of more, and of fewer
# Three treatments of three donors each; A02 stands in for A01, which is excluded. All sixty would take a minute.
PLATE = ("A01", "A02", "A03", WELL, "B03", "B05", "B09", "C01", "C05", "C07")
TABLES = ("cells.csv", "nuclei.csv", "wells.csv", "comparisons.csv")


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """Count two wells of the sample plate as the command does, once for all tests."""
    from osteocount import pipeline

    folder = tmp_path_factory.mktemp("session")
    pictures = folder / "plate"
    pictures.mkdir()
    for well in ("A01", "A03"):
        shutil.copy(SAMPLE / f"{well}_f1.tif", pictures)
    steps = pipeline.run(pictures, folder / "plate_osteocount", Settings(), layout=SAMPLE / "layout.csv")
    for _ in steps:
        pass
    return folder


@pytest.fixture
def results(counted, tmp_path):
    shutil.copytree(counted, tmp_path / "s")
    return tmp_path / "s" / "plate_osteocount"


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer()


def opened(viewer, qtbot, results, pictures=None):
    """Open the results in a dock of their own, through the form of step 1."""
    dock = OsteoCountDock(viewer)
    viewer.window.add_dock_widget(dock, name="OsteoCount", area="right")
    dock.source.of_results.setChecked(True)
    dock.source.earlier.edit.setText(str(results))
    dock.source.earlier_pictures.edit.setText(str(pictures or ""))
    dock.source.open_earlier.click()
    qtbot.waitUntil(lambda: dock.review.correct.buttons["merge"].isEnabled(), timeout=PATIENCE_MS)
    drawn(dock, qtbot)
    return dock


def drawn(dock, qtbot):
    """Wait until plate and comparison have followed."""
    qtbot.waitUntil(lambda: dock.review.figures is not None and dock.review.idle(), timeout=PATIENCE_MS)


def corrected(dock, name="n_osteoclasts"):
    """Return a corrected number as it is shown."""
    return dock.review.correct.values[name][1].text()


def to_well(dock, qtbot, well):
    dock.review.go_to_well(well)
    qtbot.waitUntil(lambda: dock.review.plate.well == well and dock.review.idle(), timeout=PATIENCE_MS)


def number(dock, name="n_trap_positive"):
    """Return a corrected number of the picture."""
    return int(corrected(dock, name))


def of_well(dock, qtbot, well, name):
    """Return a number of a well as plate and comparison have it now."""
    drawn(dock, qtbot)
    return int(dock.review.figures.wells.set_index("well").loc[well, name])


def bytes_of(results):
    return {name: (results / name).read_bytes() for name in TABLES}


@pytest.fixture
def plate(tmp_path):
    """Return a folder of the pictures of some wells of the sample plate, with its layout."""
    folder = tmp_path / "some wells"
    folder.mkdir()
    for well in PLATE:
        shutil.copy(SAMPLE / f"{well}_f1.tif", folder)
    layout = read_table(SAMPLE / "layout.csv")
    layout[layout["well"].isin(PLATE)].to_csv(folder / "layout.csv", index=False)
    return folder


def count_plate(viewer, qtbot, plate, results):
    """Open the plate in step 1, count it in step 2, and wait until it is open for correcting."""
    dock = OsteoCountDock(viewer)
    viewer.window.add_dock_widget(dock, name="OsteoCount", area="right")
    dock.source.of_folder.setChecked(True)
    dock.source.pictures.edit.setText(str(plate))
    dock.source.plate_layout.edit.setText(str(plate / "layout.csv"))
    dock.source.results.edit.setText(str(results))
    dock.run.count.click()
    qtbot.waitUntil(lambda: dock.run.count.isEnabled(), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: dock.review.correct.buttons["merge"].isEnabled(), timeout=PATIENCE_MS)
    drawn(dock, qtbot)
    return dock


@pytest.mark.timeout(1800)
def test_a_session_from_first_click_to_reopening(viewer, qtbot, plate, tmp_path):
    """Open a plate, count, merge, undo, redo, split, remove a nucleus, exclude, compare, save, reopen."""
    results = tmp_path / "results"
    dock = count_plate(viewer, qtbot, plate, results)
    reviewing, actions = dock.review, dock.review.tools
    click = {name: button.click for name, button in reviewing.correct.buttons.items()}

    to_well(dock, qtbot, WELL)
    review = reviewing.session
    cells, field = review.current.cells, review.current.field
    n, n_well = number(dock), of_well(dock, qtbot, WELL, "n_trap_positive")
    first, second = cells.loc[cells["counted"] & ~cells["is_osteoclast"], "cell_id"].astype(int).tolist()[:2]
    actions.select([first, second])
    for step, cells_then in (("merge", n - 1), ("undo", n), ("redo", n - 1)):
        click[step]()
        assert number(dock) == cells_then
        assert of_well(dock, qtbot, WELL, "n_trap_positive") == n_well + cells_then - n
    assert reviewing.correct.values["n_trap_positive"][0].text() == str(n)

    large = int(cells.loc[cells["counted"] & (cells["n_nuclei"] >= 4), "cell_id"].iloc[0])
    actions.select([large])
    click["split_nuclei"]()
    assert number(dock) == n
    assert of_well(dock, qtbot, WELL, "n_trap_positive") == n_well

    now = review.current.cells
    three = now[now["counted"] & (now["n_nuclei"] == 3) & now["is_osteoclast"]]["cell_id"].astype(int).tolist()
    assert three, "the sample picture has a cell with three nuclei"
    before, before_well = number(dock, "n_osteoclasts"), of_well(dock, qtbot, WELL, "n_osteoclasts")
    nucleus = next(iter(field.nuclei_of(three[:1]).values()))
    click["remove_nucleus"]()
    reviewing.layers.clicked.emit(nucleus.y, nucleus.x, False)
    binucleate = review.current.cells.set_index("cell_id").loc[three[0]]
    assert (binucleate["n_nuclei"], binucleate["is_osteoclast"]) == (2, False)
    assert number(dock, "n_osteoclasts") == before - 1
    assert of_well(dock, qtbot, WELL, "n_osteoclasts") == before_well - 1

    compared = reviewing.figures.comparison.table.copy()
    to_well(dock, qtbot, "A01")
    reviewing.exclude("bubble in the middle")
    drawn(dock, qtbot)
    assert reviewing.figures.wells.set_index("well").loc["A01", "status"] == "excluded"
    assert "include" in reviewing.plate.exclude.text().lower()
    assert not reviewing.figures.comparison.table["estimate"].equals(compared["estimate"])
    assert reviewing.compare.words.toPlainText()
    assert reviewing.compare.export.isEnabled()

    dock.saves[1].save.click()
    qtbot.waitUntil(lambda: "Tables and report are in" in dock.state.text(), timeout=PATIENCE_MS)
    written, live = bytes_of(results), reviewing.figures.wells
    saved = read_table(results / "wells.csv")
    assert saved["n_osteoclasts"].fillna(-1).tolist() == live["n_osteoclasts"].fillna(-1).tolist()
    resumed = ["run", str(plate), "--layout", str(plate / "layout.csv"), "--out", str(results), "--resume"]
    for command in (["apply-edits", str(results)], resumed):
        run = CliRunner().invoke(app, command)
        assert run.exit_code == 0, run.output
        assert bytes_of(results) == written
    edits = effective(read_log(results / "edits.jsonl"))
    assert [edit.kind for edit in edits] == ["merge", "split_nuclei", "remove_nucleus", "exclude_well"]

    labels = field.labels.copy()
    dock.close()
    again = opened(viewer, qtbot, results, plate)
    assert "bubble" in again.review.plate.exclude.toolTip()
    to_well(again, qtbot, WELL)
    np.testing.assert_array_equal(again.review.session.current.field.labels, labels)
    assert number(again, "n_osteoclasts") == before - 1
    again.review.correct.buttons["undo"].click()
    assert number(again, "n_osteoclasts") == before
    again.close()


def test_on_a_small_screen_plate_and_comparison_have_room_for_their_letters(viewer, qtbot, results):
    window = viewer.window._qt_window
    window.resize(1280, 800)
    dock = opened(viewer, qtbot, results)
    window.show()
    dock.steps.setCurrentIndex(COMPARE)
    qtbot.waitUntil(dock.review.compare.figure.isVisible, timeout=PATIENCE_MS)
    drawn(dock, qtbot)
    assert (window.width(), window.height()) == (1280, 800)
    for view in (dock.review.plate, dock.review.compare):
        assert view.figure.height() >= 300
        height, width = view.figure.rendered.pixels.shape[:2]
        assert width >= 280  # of a figure made for 330, so that letters of 8 points have 9 pixels or more
        assert height <= view.figure.height()
    tabs = window.tabifiedDockWidgets(window.findChild(QDockWidget, "layer controls"))
    assert [tab.objectName() for tab in tabs] == ["Plate"]


def test_a_blinded_review_tells_nothing_until_it_is_finished(viewer, qtbot, results):
    dock = opened(viewer, qtbot, results)
    plate = dock.review.plate
    plate.blind.click()
    qtbot.waitUntil(lambda: plate.well.startswith("well ") and dock.review.idle(), timeout=PATIENCE_MS)
    drawn(dock, qtbot)
    shown = " ".join([
        dock.review.correct.title.text(), plate.exclude.text(), dock.review.compare.words.toPlainText(),
        dock.review.compare.figure.text, dock.review_message.text(),
        *(layer.name for layer in viewer.layers), *(plate.fields.itemText(n) for n in range(plate.fields.count())),
    ])  # fmt: skip
    assert not [word for word in ("A01", "A03", "RANKL", "vehicle") if word in shown]
    assert plate.figure.rendered is None
    assert "Finish blinded" in dock.review.compare.figure.text
    assert not dock.saves[0].report.isEnabled()
    assert not dock.review.compare.export.isEnabled()
    plate.done.click()  # the work goes on as always
    assert plate.progress.value() == 1

    again = opened(viewer, qtbot, results)
    assert again.review.plate.well.startswith("well ")
    again.review.plate.blind.click()
    qtbot.waitUntil(lambda: again.review.plate.well in ("A01", "A03") and again.review.idle(), timeout=PATIENCE_MS)
    drawn(again, qtbot)
    assert again.review.plate.figure.rendered is not None


def test_a_second_review_is_kept_apart(viewer, qtbot, results):
    dock = opened(viewer, qtbot, results)
    reviewing = dock.review
    reviewing.plate.done.click()
    first = (results / "edits.jsonl").read_bytes()
    reviewing.correct.who.setText("Ann")
    reviewing.correct.second.click()
    qtbot.waitUntil(lambda: not reviewing.plate.done.isChecked() and reviewing.idle(), timeout=PATIENCE_MS)
    reviewing.plate.done.click()
    assert [edit.who for edit in read_log(results / "edits.ann.jsonl")] == ["Ann"]
    assert (results / "edits.jsonl").read_bytes() == first
    shown = CliRunner().invoke(app, ["reviewers", str(results)])
    assert "ann against the first reviewer, 1 wells reviewed by both: bias +0.00" in shown.output


def test_keys_and_strokes_reach_the_cells(viewer, qtbot, results):
    dock = opened(viewer, qtbot, results)
    actions, review = dock.review.tools, dock.review.session
    actions.start("next_doubt", at_mouse=True)
    assert len(actions.selected) == 1
    actions.start("accept")
    assert review.edits[-1].kind == "accept"
    cell = int(review.current.cells.sort_values("area_px")["cell_id"].iloc[-1])
    box = review.current.field.box(cell)
    middle = (box[0].start + box[0].stop) / 2
    actions.select([cell])
    actions.start("split_line")
    assert dock.review.layers.pen
    dock.review.layers.stroked.emit([(middle, box[1].start - 5.0), (middle, box[1].stop + 5.0)])
    assert review.edits[-1].kind == "split_line"
    assert not dock.review.layers.pen
    actions.start("merge")
    assert "Select two cells or more" in dock.review.correct.selection.text()
    dock.review.mark_reviewed(True)
    assert dock.review.plate.progress.value() == 1
    dock.close()


def test_another_picture_is_not_shown_under_the_outlines_of_the_counted_one(viewer, qtbot, results):
    pictures = results.parent / "plate"
    shutil.copy(SAMPLE / "B03_f1.tif", pictures / "A01_f1.tif")
    dock = opened(viewer, qtbot, results)
    assert "A01_f1.tif is not the picture that was counted any more" in dock.review_message.text()
    assert "Picture under review" not in viewer.layers
    to_well(dock, qtbot, "A03")
    assert "Picture under review" in viewer.layers
    assert dock.review_message.text() == ""
    dock.close()


def heard_by(viewer):
    """Return our functions that hear the mouse; napari has one of its own."""
    functions = (*viewer.mouse_drag_callbacks, *viewer.mouse_move_callbacks)
    return [each for each in functions if each.__module__.startswith("osteocount")]


def test_a_dock_that_was_closed_works_on_nothing(viewer, qtbot, results):
    """A click and a key after the dock was closed with its ×, and reopened, reach the new dock's picture alone."""
    first = opened(viewer, qtbot, results)
    old = first.review.session
    outer = first.parentWidget()
    outer.destroyOnClose()  # what napari's × does
    assert not first.isEnabled()
    assert heard_by(viewer) == []
    assert not any(layer.keymap for layer in viewer.layers)
    first.review.tools.start("delete", at_mouse=True)
    plates = [dock for dock in viewer.window._qt_window.findChildren(QDockWidget) if dock.objectName() == "Plate"]
    assert not [dock for dock in plates if dock.widget() is not None]

    again = opened(viewer, qtbot, results)
    to_well(again, qtbot, "A03")
    assert len(heard_by(viewer)) == 2
    cell = int(again.review.session.current.cells["cell_id"].iloc[0])
    again.review.tools.select([cell])
    keys = {str(key): does for key, does in again.review.layers.annotation_layers[0].keymap.items()}
    keys[KEYS["delete"]](None)
    assert [(edit.kind, edit.well) for edit in read_log(results / "edits.jsonl")] == [("delete", "A03")]
    assert old.edits == []
    again.close()
    assert heard_by(viewer) == []


def test_a_new_dock_ends_the_one_before(viewer, qtbot, results):
    first = opened(viewer, qtbot, results)
    second = opened(viewer, qtbot, results)
    assert not first.isEnabled()
    assert "Another OsteoCount dock" in first.state.text()
    assert len(heard_by(viewer)) == 2
    second.close()


def hide(layers):
    for layer in layers:
        layer.visible = False


def put_other_data(layers):
    layers[-2].data = np.zeros_like(layers[-2].data)


@pytest.mark.parametrize(
    "change",
    [
        lambda viewer: viewer.layers.remove("Cells under review"),
        lambda viewer: viewer.layers.remove("Nuclei under review"),
        lambda viewer: viewer.layers.remove("Picture under review"),
        lambda viewer: hide(viewer.layers),
        lambda viewer: put_other_data(viewer.layers),
        lambda viewer: setattr(viewer.layers["Cells under review"], "scale", (3, 3)),
        lambda viewer: setattr(viewer.layers["Picture under review"], "translate", (3, 3)),
    ],
    ids=["no cells", "no nuclei", "no picture", "hidden", "other data", "scaled", "moved"],
)
def test_nothing_is_corrected_on_layers_that_are_not_those_of_the_field(viewer, qtbot, results, change):
    dock = opened(viewer, qtbot, results)
    tools, session = dock.review.tools, dock.review.session
    cells = session.current.cells["cell_id"].astype(int).tolist()[:2]
    tools.select(cells)
    change(viewer)
    for name in KEYS:
        tools.start(name, at_mouse=True)
    for emit in (lambda: dock.review.layers.stroked.emit([(0.0, 0.0), (9.0, 9.0), (20.0, 0.0)]),
                 lambda: dock.review.layers.dragged.emit((5.0, 5.0), (9.0, 9.0))):  # fmt: skip
        emit()
    assert session.edits == []
    assert NOT_SHOWN in dock.review_message.text()
    to_well(dock, qtbot, "A01")  # opening it again mends it
    tools.select(cells)
    tools.start("delete")
    assert [edit.kind for edit in session.edits] == ["delete"]
    dock.close()


def test_layers_under_review_may_be_renamed_and_cannot_be_painted(viewer, qtbot, results):
    dock = opened(viewer, qtbot, results)
    to_well(dock, qtbot, "A03")  # takes the layers of A01 over, whose new data would let napari edit them
    cells, nuclei = dock.review.layers.annotation_layers
    cells.name, nuclei.name = "a", "b"
    for layer in (cells, nuclei):
        assert not layer.editable
        layer.mode = "paint" if layer is cells else "add"
        assert layer.mode == "pan_zoom"
    viewer.dims.ndisplay = 3
    viewer.dims.ndisplay = 2
    assert not cells.editable
    assert not nuclei.editable
    dock.review.tools.select([int(dock.review.session.current.cells["cell_id"].iloc[0])])
    dock.review.tools.start("delete")
    assert [edit.kind for edit in dock.review.session.edits] == ["delete"]
    dock.close()


def test_a_plate_that_was_closed_comes_back(viewer, qtbot, results):
    dock = opened(viewer, qtbot, results)
    dock.review.plate.parentWidget().destroyOnClose()
    dock.show_plate.click()
    assert dock.review.plate.parentWidget() is not None
    dock.close()

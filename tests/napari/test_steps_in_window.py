"""The steps in a real window: drop, say what was done, look ahead, count, keep, correct, look up."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent

from osteocount.napari import dock as dock_module
from osteocount.napari import recent, sample_plate
from osteocount.napari.dock import CORRECT, COUNT, OPEN
from osteocount.napari.guide import HEADINGS, guide_file
from support.patience import PATIENCE_MS, PATIENCE_S

pytestmark = pytest.mark.window


@pytest.fixture(autouse=True)
def _recent_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(recent, "_file", lambda: tmp_path / "recent.json")


@pytest.fixture
def viewer(make_napari_viewer_proxy):
    return make_napari_viewer_proxy()


@pytest.fixture
def dock(viewer):
    _, widget = viewer.window.add_plugin_dock_widget("osteocount", "OsteoCount")
    return widget


def until(qtbot, condition):
    qtbot.waitUntil(condition, timeout=PATIENCE_MS)


def looked(dock, qtbot):
    dock._looking.stop()
    dock._look()
    until(qtbot, lambda: "look" not in dock._jobs.names())


def drop(dock, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    dock.source.drop.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, buttons, keys))


def test_a_folder_is_dropped_and_found_again_among_the_recent_ones(dock, qtbot, plate_folder):
    (plate_folder / "layout.csv").write_text("well,treatment\nA01,vehicle\nB07,RANKL\n")
    drop(dock, plate_folder)
    assert dock.source.wants_folder()
    assert dock.source.plate_layout.path() == plate_folder / "layout.csv"
    looked(dock, qtbot)
    assert "2 pictures of 2 wells, 1 each; 2 treatments, no donors; compared with vehicle." in dock.source.known.text()
    assert "though the layout names them (1): B07" in dock.source.findings.text()
    export = plate_folder.with_name("absorbance.csv")
    export.write_text("Well,OD405\nA01,0.5\nB07,0.7\n")
    dock.source.absorbance.exports["trap_activity"].edit.setText(str(export))
    looked(dock, qtbot)
    assert dock.source.known.text().endswith("compared with vehicle; absorbance of 2 wells.")
    assert recent.recent() == [plate_folder]
    dock.source.pictures.edit.clear()
    dock.source.drop.recent.activated.emit(1)
    assert dock.source.pictures.path() == plate_folder


def test_a_table_is_made_filled_saved_and_counted_with(dock, qtbot, plate_folder, tmp_path):
    drop(dock, plate_folder)
    dock.source.table.click()
    until(qtbot, lambda: dock.treatments.table is not None and dock.treatments.idle())
    assert dock.docks.has(dock.treatments.view)
    lines = dock.treatments.view.lines
    lines.change({(0, 1): "vehicle", (1, 1): "RANKL"})
    dock.source.results.edit.setText(str(tmp_path / "out"))
    dock.count()
    assert "changes that are not saved" in dock.message.text()
    dock.treatments.view.save.click()
    assert dock.source.plate_layout.path() == plate_folder / "layout.csv"
    dock.count()
    until(qtbot, lambda: dock.run.count.isEnabled())
    until(qtbot, lambda: dock.review.figures is not None and dock.review.idle())
    wells = dock.review.figures.wells
    assert list(wells["treatment"]) == ["vehicle", "RANKL"]
    assert recent.recent()[0] == tmp_path / "out"


def test_the_pixel_size_of_step_2_is_that_of_the_settings(viewer, dock, qtbot, picture_file):
    viewer.open(picture_file)
    dock.steps.setCurrentIndex(COUNT)
    looked(dock, qtbot)
    assert dock.dry_run.pixel_size.placeholderText().startswith("0.76")
    assert "nuclei are counted" in dock.dry_run.values["seen as"].text()
    dock.dry_run.pixel_size.setText("0,5")
    dock.dry_run.pixel_size_typed.emit("0,5")
    assert dock.settings.settings().picture.pixel_size == 0.5
    dock.settings.editors["picture", "pixel_size"].set_value(1.5)
    assert dock.dry_run.pixel_size.text() == "1.5"


def test_a_counted_picture_is_kept_corrected_and_opened_again(viewer, dock, qtbot, picture_file):
    viewer.open(picture_file)
    dock.count()
    until(qtbot, lambda: dock.run.count.isEnabled())
    counted = dock.numbers.values["n_osteoclasts"].text()
    dock.keep.click()
    until(qtbot, lambda: dock.review.session is not None and dock.review.session.current is not None)
    until(qtbot, dock.review.idle)
    assert dock.steps.currentIndex() == CORRECT
    assert dock.review.correct.values["n_osteoclasts"][0].text() == counted
    results = picture_file.with_name("B02_f1_osteocount")
    assert (results / "cells.csv").is_file()
    _link_table_and_picture(dock)
    _outline_with_a_click(dock, qtbot)
    edits = [edit.kind for edit in dock.review.session.edits]
    dock.steps.setCurrentIndex(OPEN)
    dock.keep.click()  # what was counted and corrected is opened again, not counted or lost
    until(qtbot, lambda: not dock._is_counting and dock.review.idle())
    assert [edit.kind for edit in dock.review.session.edits] == edits
    assert viewer.canvas.overlays.scale_bar.visible


def _link_table_and_picture(dock):
    dock.show_cells.click()
    view = dock.review.cells
    assert dock.docks.has(view)
    view.table.selectRow(1)
    assert dock.review.tools.selected == [view.model.cell(1)]
    dock.review.tools.select([view.model.cell(3)])
    assert [index.row() for index in view.table.selectionModel().selectedRows()] == [3]


def _outline_with_a_click(dock, qtbot):
    tools, field = dock.review.tools, dock.review.session.current.field
    cell = max(dock.review.session.current.cells.itertuples(), key=lambda row: row.area_px).cell_id
    at = field.reference(cell)
    area = int((field.labels[:, :] == cell).sum())
    tools.select([cell])
    tools.start("delete")
    tools.start("outline")
    tools.click(float(at.y), float(at.x), False)
    assert dock.review.correct.proposal.isVisibleTo(dock.review.correct)
    tools.start("take")
    assert dock.review.session.edits[-1].kind == "draw"
    drawn = field.cell_at(at.y, at.x)
    assert 0.4 < int((field.labels[:, :] == drawn).sum()) / area < 2
    tools.start("undo")
    assert field.cell_at(at.y, at.x) == 0
    tools.start("outline")
    tools.click(float(at.y), float(at.x), False)
    tools.reset()  # Escape
    assert not dock.review.correct.proposal.isVisibleTo(dock.review.correct)
    until(qtbot, dock.review.idle)


def test_a_cancelled_folder_goes_on_where_it_stopped(dock, qtbot, plate_folder, tmp_path, monkeypatch):
    def endless(request, stop):
        yield dock_module.Progress(1, 10, "A01 done")
        stop.wait(PATIENCE_S)

    monkeypatch.setattr(dock_module, "count_folder", endless)
    drop(dock, plate_folder)
    dock.count()
    until(qtbot, lambda: dock.run.step.text().startswith("1 of 10 pictures"))
    dock.run.cancel.click()
    assert dock.source.folder(dock.settings.settings()).if_present == "resume"
    assert "goes on from there" in dock.run.step.text()


def test_the_guide_opens_at_every_step(dock):
    assert guide_file() is not None
    for step, heading in enumerate(HEADINGS):
        dock.steps.setCurrentIndex(step)
        dock.show_guide()
        assert dock._guide.textCursor().block().text().startswith(heading)


def test_the_sample_plate_opens_from_the_menu(viewer, dock, qtbot, monkeypatch, tmp_path, plate_folder):
    monkeypatch.setattr(sample_plate, "sample_folder", lambda: plate_folder)
    (plate_folder / "layout.csv").write_text("well,treatment\nA01,vehicle\nA02,RANKL\n")
    viewer.open_sample("osteocount", "simulated_plate")
    until(qtbot, lambda: dock.source.pictures.path() == plate_folder)
    assert dock.source.wants_folder()

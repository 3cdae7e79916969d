"""The table of treatments under the hand: typed, pasted, filled by dragging, undone, as lines and as a plate."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication

from osteocount.napari.views.sheet_view import SheetView
from osteocount.napari.views.treatments_view import TreatmentsView
from osteocount.plate.treatment_table import TableCheck, TreatmentTable

COLUMNS = ["well", "treatment", "dose", "donor", "role", "exclude"]


@pytest.fixture
def table(tmp_path):
    wells = ("A01", "A02", "A03", "B01", "B02", "B03")
    return TreatmentTable(list(COLUMNS), [[well, *[""] * 5] for well in wells], tmp_path / "layout.csv")


@pytest.fixture
def view(qtbot, table):
    made = TreatmentsView()
    qtbot.addWidget(made)
    made.resize(1000, 400)
    made.show_table(table)
    made.show()
    return made


def choose(view, top, left, bottom=None, right=None):
    view.sheet.clearSelection()
    model, chosen = view.sheet.model(), view.sheet.selectionModel()
    view.sheet.setCurrentIndex(model.index(top, left))
    for row in range(top, (top if bottom is None else bottom) + 1):
        for column in range(left, (left if right is None else right) + 1):
            chosen.select(model.index(row, column), chosen.SelectionFlag.Select)


def test_the_table_is_a_sheet(view):
    assert isinstance(view.sheet, SheetView)
    assert view.sheet.selected() is None


def test_what_is_typed_is_kept_and_undone_by_key(view, table, qtbot):
    with qtbot.waitSignal(view.edited):
        view.sheet.model().setData(view.sheet.model().index(0, 1), " vehicle ")
    assert table.rows[0][1] == "vehicle"
    qtbot.keyClick(view.sheet, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert table.rows[0][1] == ""
    qtbot.keyClick(view.sheet, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert view.state.text() == "Nothing to undo."


def test_cells_of_excel_are_pasted(view, table, qtbot):
    QApplication.clipboard().setText("vehicle\t0\nRANKL\t50 ng/mL\n")
    choose(view, 1, 1)
    qtbot.keyClick(view.sheet, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert [line[1:3] for line in table.rows[:4]] == [["", ""], ["vehicle", "0"], ["RANKL", "50 ng/mL"], ["", ""]]
    QApplication.clipboard().setText("\n".join("abcdefgh"))
    choose(view, 4, 3)
    view.sheet.paste()
    assert [line[3] for line in table.rows] == ["", "", "", "", "a", "b"]
    assert "6 lines did not fit" in view.state.text()


def test_a_table_of_excel_finds_its_wells(view, table):
    QApplication.clipboard().setText("Well\tTreatment\nB2\tRANKL\nA1\tvehicle")
    view.sheet.paste()
    assert [line[1] for line in table.rows] == ["vehicle", "", "", "", "RANKL", ""]
    assert view.state.text() == "2 lines found by their names and filled in."


def test_a_letter_typed_where_nothing_can_be_written_goes_to_the_line_that_begins_with_it(view, qtbot):
    choose(view, 0, 0)
    qtbot.keyClick(view.sheet, Qt.Key.Key_B)  # Qt looks for it by the model's own `match`, which must not be ours
    assert view.sheet.currentIndex().row() == 3


def test_the_corner_of_a_selection_is_dragged_down(view, table, qtbot):
    table.change({(0, 3): "d1", (1, 3): "d2"})
    choose(view, 0, 3, 1, 3)
    handle = view.sheet._handle().center()
    below = view.sheet.visualRect(view.sheet.model().index(5, 3)).center()
    qtbot.mousePress(view.sheet.viewport(), Qt.MouseButton.LeftButton, pos=handle)
    qtbot.mouseMove(view.sheet.viewport(), pos=QPoint(handle.x(), below.y()))
    qtbot.mouseRelease(view.sheet.viewport(), Qt.MouseButton.LeftButton, pos=below)
    assert [line[3] for line in table.rows] == ["d1", "d2", "d1", "d2", "d1", "d2"]
    view.sheet.undo()
    assert [line[3] for line in table.rows] == ["d1", "d2", "", "", "", ""]  # one drag, one step


def test_fill_down_and_delete_and_copy(view, table, qtbot):
    table.change({(0, 1): "vehicle"})
    choose(view, 0, 1)
    qtbot.keyClick(view.sheet, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert {line[1] for line in table.rows} == {"vehicle"}
    choose(view, 0, 1, 2, 1)
    qtbot.keyClick(view.sheet, Qt.Key.Key_Delete)
    assert [line[1] for line in table.rows] == ["", "", "", "vehicle", "vehicle", "vehicle"]
    choose(view, 2, 0, 3, 1)
    qtbot.keyClick(view.sheet, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "A03\t\nB01\tvehicle"


def test_wells_cannot_be_renamed(view, table):
    choose(view, 0, 0, 5, 0)
    view.sheet.clear()
    assert [line[0] for line in table.rows] == ["A01", "A02", "A03", "B01", "B02", "B03"]


def test_a_plate_of_excel_is_pasted_on_the_plate(view, table):
    view.shown.setCurrentIndex(view.shown.findData("treatment"))
    QApplication.clipboard().setText("v\tR\tI\nv\tR\tI")
    choose(view, 0, 0)
    view.sheet.paste()
    assert [line[1] for line in table.rows] == ["v", "R", "I", "v", "R", "I"]
    view.sheet.undo()
    assert {line[1] for line in table.rows} == {""}
    view.shown.setCurrentIndex(0)
    assert view.sheet.model() is view.lines


def test_what_is_wrong_is_said_beside_the_table(view, table):
    view.show_check(TableCheck(("line 2: no dose (--pixel-size)",), ("well A03 has no picture",), (1, 1, 0, 1, 1, 1)))
    said = view.findings.toPlainText()
    assert "✖ line 2: no dose" in said
    assert "--" not in said
    assert "⚠ well A03 has no picture" in said
    last = view.lines.columnCount() - 1
    assert [view.lines.text(row, last) for row in range(3)] == ["1", "1", "0"]
    assert view.lines.data(view.lines.index(2, 1), Qt.ItemDataRole.ForegroundRole) is not None
    view.show_check(TableCheck((), (), (1,) * 6))
    assert view.findings.toPlainText() == "✔ Everything fits the pictures."


def test_roles_and_earlier_words_are_offered(view, table):
    table.change({(0, 1): "rhIL-32", (1, 1): "rhIL-32"})
    assert view.lines.suggestions(2, 1) == ["rhIL-32"]
    assert "vehicle" in view.lines.suggestions(2, 4)


def test_lines_are_taken_away(view, table):
    choose(view, 1, 1, 2, 1)
    view.remove.click()
    assert [line[0] for line in table.rows] == ["A01", "B01", "B02", "B03"]

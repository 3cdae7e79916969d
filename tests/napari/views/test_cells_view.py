"""The table of cells: sorted, selected both ways, copied."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from osteocount.napari.views.cells_view import CellsView


def cells(**columns):
    table = pd.DataFrame({
        "cell_id": [1, 2, 3], "is_osteoclast": [True, False, True], "n_nuclei": pd.array([5, 1, pd.NA], "Int64"),
        "n_nuclei_low": pd.array([4, 1, pd.NA], "Int64"), "n_nuclei_high": pd.array([6, 1, pd.NA], "Int64"),
        "area_um2": [900.4, 150.0, 2000.0], "area_px": [1500, 250, 3400], "feret_um": [40.0, 15.0, 70.0],
        "trap_od_mean": [0.4, 0.2, np.nan], "confidence": [0.9, 0.8, 0.7], "counted": True,
        "flags": ["borderline;opaque", "", ""], "source": "automatic", "by": ["nuclei", "nuclei", "size"],
    })  # fmt: skip
    return table.assign(**columns)


@pytest.fixture
def view(qtbot):
    made = CellsView()
    qtbot.addWidget(made)
    made.show_cells(cells(), ())
    return made


def column(view, name):
    m = view.model.names.index(name)
    return [view.model.text(n, m) for n in range(view.model.rowCount())]


def test_values_are_in_words_and_unknown_ones_a_dash(view):
    assert column(view, "n_nuclei") == ["5", "1", "–"]
    assert column(view, "area_um2") == ["900", "150", "2000"]
    assert column(view, "is_osteoclast") == ["yes", "no", "yes"]
    assert column(view, "flags") == ["borderline, opaque", "", ""]
    assert "area_px" not in view.model.names
    assert column(view, "by") == ["nuclei", "nuclei", "size"]


def test_a_run_that_did_not_record_what_cells_were_called_by_is_shown_without(view):
    view.show_cells(cells().drop(columns="by"), ())
    assert "by" not in view.model.names
    assert column(view, "cell_id") == ["1", "2", "3"]


def test_without_a_scale_the_area_is_in_pixels(view):
    view.show_cells(cells(area_um2=np.nan, feret_um=np.nan), ())
    assert column(view, "area_px") == ["1500", "250", "3400"]
    assert "area_um2" not in view.model.names


def test_a_heading_sorts_and_unknown_values_come_last(view):
    m = view.model.names.index("n_nuclei")
    view.table.sortByColumn(m, Qt.SortOrder.AscendingOrder)
    assert column(view, "cell_id") == ["2", "1", "3"]
    view.table.sortByColumn(m, Qt.SortOrder.DescendingOrder)
    assert column(view, "cell_id") == ["1", "2", "3"]
    view.show_cells(cells(), ())  # after an edit the order stays
    assert column(view, "cell_id") == ["1", "2", "3"]


def test_a_row_says_its_cell_and_a_cell_marks_its_row(view, qtbot):
    view.table.sortByColumn(view.model.names.index("area_um2"), Qt.SortOrder.DescendingOrder)
    with qtbot.waitSignal(view.chosen) as said:
        view.table.selectRow(0)
    assert said.args == [[3]]
    with qtbot.assertNotEmitted(view.chosen):
        view.select([2])
    assert {index.row() for index in view.table.selectionModel().selectedRows()} == {2}
    view.select([])
    assert view.table.selectionModel().selectedRows() == []


def test_rows_are_copied_with_headings_for_excel(view):
    view.select([3])
    view.copy()
    heading, line = QApplication.clipboard().text().split("\n")
    assert heading.split("\t")[:3] == ["Cell", "Osteoclast", "Called by"]
    assert line.split("\t")[:4] == ["3", "yes", "size", ""]
    view.select([])
    view.copy()
    assert len(QApplication.clipboard().text().split("\n")) == 4


def test_no_cells_are_an_empty_table(view):
    view.show_cells(cells().iloc[:0], ())
    assert view.model.rowCount() == 0


def test_a_long_sentence_does_not_widen_the_window(view):
    view.said.setText("A sentence about all the cells of this picture and what can be done with them. " * 3)
    assert view.minimumSizeHint().width() < 450

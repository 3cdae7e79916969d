"""The plate to click through, without a viewer."""

from __future__ import annotations

import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QInputDialog

from osteocount.napari.views.figure_view import FigureSize, render
from osteocount.napari.views.plate_view import PlateView
from osteocount.plate.heatmap import plate_heatmap


@pytest.fixture
def plate(qtbot):
    view = PlateView()
    qtbot.addWidget(view)
    view.show_well("B02", ("1", "2"), 0, None, is_reviewed=False)
    return view


@pytest.mark.parametrize(
    ("key", "well"),
    [(Qt.Key.Key_Left, "B01"), (Qt.Key.Key_Right, "B03"), (Qt.Key.Key_Up, "A02"), (Qt.Key.Key_Down, "C02")],
)
def test_arrow_keys_go_to_the_neighbouring_well(plate, qtbot, key, well):
    with qtbot.waitSignal(plate.well_chosen) as said:
        qtbot.keyClick(plate, key)
    assert said.args == [well]


def test_a_click_on_the_drawn_plate_finds_its_well(plate, qtbot):
    wells = pd.DataFrame({"plate": "p", "well": ["A01", "B02", "D05"], "n_osteoclasts": [1.0, 2.0, 3.0]})
    drawn = render(plate_heatmap(wells, "n_osteoclasts"), FigureSize(600, 300))
    assert drawn.pixels.shape[0] <= 301
    plate.show_plate(drawn)
    with qtbot.waitSignal(plate.well_chosen) as said:
        plate.figure.clicked.emit(*drawn.position_of(4, 5))
    assert said.args == ["D05"]


def test_the_mouse_over_a_well_says_what_is_known_of_it(plate):
    wells = pd.DataFrame({"plate": "p", "well": ["A01", "B02"], "n_osteoclasts": [1.0, 2.0]})
    drawn = render(plate_heatmap(wells, "n_osteoclasts"), FigureSize(600, 300))
    plate.show_plate(drawn)
    plate.hints = {"B02": "B02 · RANKL · donor 1"}
    assert plate.figure.hint_for(*drawn.position_of(2, 2)) == "B02 · RANKL · donor 1"
    assert plate.figure.hint_for(*drawn.position_of(1, 1)) == ""


def test_excluding_asks_for_a_reason_and_including_does_not(plate, qtbot, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("bubble ", True))
    with qtbot.waitSignal(plate.excluded) as said:
        plate.exclude.click()
    assert said.args == ["bubble"]
    plate.show_well("B02", ("1",), 0, "bubble", is_reviewed=True)
    assert plate.exclude.text() == "Include B02 again"
    assert "bubble" in plate.exclude.toolTip()
    with qtbot.waitSignal(plate.excluded) as said:
        plate.exclude.click()
    assert said.args == [""]


def test_samples_that_are_no_wells_are_listed_to_be_gone_to(plate, qtbot):
    plate.set_samples(["A01", "B02"])
    assert not plate.samples.isVisibleTo(plate)  # wells are clicked on the plate
    plate.set_samples(["D1 IL-32", "D1 vehicle"])
    assert plate.samples.isVisibleTo(plate)
    plate.show_well("D1 vehicle", ("",), 0, None, is_reviewed=False)
    assert not plate.figure.isVisibleTo(plate)  # there is no plate to draw
    with qtbot.waitSignal(plate.well_chosen) as said:
        qtbot.keyClick(plate.samples, Qt.Key.Key_Up)
    assert said.args == ["D1 IL-32"]
    plate.show_blinded(is_blinded=True)
    assert not plate.samples.isVisibleTo(plate)
    assert plate.figure.isVisibleTo(plate)  # it says why

"""The views of steps 3 and 4, without a viewer; and outlines and figures, without a window."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QInputDialog

from osteocount.napari.layers import outline_image
from osteocount.napari.review.tools import describe_selection
from osteocount.napari.views import plate_view
from osteocount.napari.views.compare_view import CompareView
from osteocount.napari.views.correct_view import KEYS, CorrectView
from osteocount.napari.views.figure_view import FigureView
from osteocount.napari.views.plate_view import PlateView
from osteocount.napari.views.rendered_figure import RenderedFigure, Room, draw
from osteocount.plate.heatmap import plate_heatmap

ROOM = Path(plate_view.__file__).parent
VIEWS = sorted(path.name for path in ROOM.glob("*_view.py"))
CELLS = pd.DataFrame({
    "cell_id": [1, 2], "is_osteoclast": [True, False], "counted": [True, True], "n_nuclei": [3, 1],
    "n_nuclei_low": [2, 1], "n_nuclei_high": [4, 1], "area_um2": [900.4, np.nan], "flags": ["borderline", None],
    "source": ["automatic", "edited"],
})  # fmt: skip


@pytest.fixture
def plate(qtbot):
    view = PlateView()
    qtbot.addWidget(view)
    view.show_well("B02", ("1", "2"), 0, None, is_reviewed=False)
    return view


@pytest.mark.parametrize("name", VIEWS)
def test_no_view_imports_napari(name):
    imported = [node.module or "" for node in ast.walk(ast.parse((ROOM / name).read_text()))
                if isinstance(node, ast.ImportFrom)]  # fmt: skip
    assert not [module for module in imported if module.split(".")[0] == "napari"]


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_tested_without_a_viewer(name):
    module = f"osteocount.napari.views.{name.removesuffix('.py')}"
    texts = [path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py")]
    viewer = "make_" + "napari_viewer"
    assert any(f"from {module} import" in text and viewer not in text for text in texts)


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.name)
def test_every_file_is_short(path):
    assert len(path.read_text().splitlines()) < 300


@pytest.mark.parametrize("name", sorted(KEYS))
def test_every_action_has_a_button_that_names_its_key(qtbot, name):
    view = CorrectView()
    qtbot.addWidget(view)
    assert not view.buttons[name].isEnabled()
    view.set_open(True)
    assert f"Key: {KEYS[name]}" in view.buttons[name].toolTip()
    with qtbot.waitSignal(view.action) as said:
        view.buttons[name].click()
    assert said.args == [name]


def test_keys_are_told_apart():
    assert len(set(KEYS.values())) == len(KEYS)


def test_both_counts_are_shown_and_a_difference_stands_out(qtbot):
    view = CorrectView()
    qtbot.addWidget(view)
    view.show_numbers({"n_osteoclasts": 4, "n_trap_positive": 9}, {"n_osteoclasts": 3, "n_trap_positive": 9})
    assert [label.text() for label in view.values["n_osteoclasts"]] == ["4", "3"]
    assert view.values["n_osteoclasts"][1].font().bold()
    assert not view.values["n_trap_positive"][1].font().bold()
    assert view.values["fusion_index"][1].text() == "–"


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
    drawn = draw(plate_heatmap(wells, "n_osteoclasts"), Room(600, 300))
    assert drawn.pixels.shape[0] <= 301
    plate.show_plate(drawn)
    with qtbot.waitSignal(plate.well_chosen) as said:
        plate.figure.clicked.emit(*drawn.point(4, 5))
    assert said.args == ["D05"]


@pytest.mark.parametrize(
    ("room", "inches"), [(Room(330, 300), 330 / 96), (Room(660, 600, 2.0), 330 / 96), (Room(900, 300), None)]
)
def test_a_narrow_place_is_one_where_letters_would_shrink(room, inches):
    assert room.narrow == inches


def test_a_figure_made_for_its_place_is_drawn_as_large_as_that(plate):
    wells = pd.DataFrame({"plate": "p", "well": ["A01", "B02", "D05"], "n_osteoclasts": [1.0, 2.0, 3.0]})
    room = Room(330, 400)
    drawn = draw(plate_heatmap(wells, "n_osteoclasts", width=room.narrow), room)
    assert drawn.pixels.shape[1] == 330
    assert drawn.step[0] > 35  # pixels from well to well


def test_the_mouse_over_a_well_says_what_is_known_of_it(plate):
    wells = pd.DataFrame({"plate": "p", "well": ["A01", "B02"], "n_osteoclasts": [1.0, 2.0]})
    drawn = draw(plate_heatmap(wells, "n_osteoclasts"), Room(600, 300))
    plate.show_plate(drawn)
    plate.hints = {"B02": "B02 · RANKL · donor 1"}
    assert plate.figure.hint_for(*drawn.point(2, 2)) == "B02 · RANKL · donor 1"
    assert plate.figure.hint_for(*drawn.point(1, 1)) == ""


def test_a_view_of_a_figure_says_where_it_was_clicked(qtbot):
    view = FigureView("nothing yet")
    qtbot.addWidget(view)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 5))  # no figure, so no place
    view.show_figure(RenderedFigure(np.zeros((40, 60, 4), np.uint8), (0, 0), (1, 1)))
    with qtbot.waitSignal(view.clicked) as said:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 5))
    assert [round(at / view.devicePixelRatioF()) for at in said.args] == [3, 5]


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


def test_the_comparison_keeps_its_choice_when_it_is_made_anew(qtbot):
    view = CompareView()
    qtbot.addWidget(view)
    view.set_choices(["osteoclast_count", "fusion_index"], ["RANKL", "EV"])
    view.endpoint.setCurrentIndex(1)
    view.contrast.setCurrentIndex(2)
    view.set_choices(["osteoclast_count", "fusion_index"], ["RANKL", "EV"])
    assert view.chosen() == ("fusion_index", "EV", "superplot")
    view.show_comparison(None, "No layout, so there is nothing to compare.")
    assert not view.export.isEnabled()
    view.show_comparison(RenderedFigure(np.zeros((4, 4, 4), np.uint8), (0, 0), (1, 1)), "words")
    assert view.export.isEnabled()


@pytest.mark.parametrize(
    ("selected", "text"),
    [
        ([], "Nothing selected. Click a cell; Shift-click adds."),
        ([1, 2], "2 cells selected."),
        ([1], "Cell 1: 3 nuclei (2 to 4), 900 µm², osteoclast; borderline. Automatic."),
        ([2], "Cell 2: 1 nucleus, no osteoclast. Edited."),
    ],
)
def test_the_selection_in_words(selected, text):
    assert describe_selection(CELLS, selected) == text


def test_outlines_tell_touching_cells_of_one_kind_apart():
    labels = np.zeros((9, 14), np.uint32)
    labels[1:8, 1:7], labels[1:8, 7:13] = 1, 2
    kinds = outline_image.outline_classes(CELLS.assign(is_osteoclast=False), 2, selected=[2])
    drawn = outline_image.outlines(labels, kinds, 1)
    assert drawn[4, 6] == outline_image.OTHER
    assert drawn[4, 7] == outline_image.SELECTED
    assert drawn[4, 3] == outline_image.NONE
    assert drawn[0, 0] == outline_image.NONE

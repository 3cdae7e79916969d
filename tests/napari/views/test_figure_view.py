"""Figures are rendered for the size of their place, and say where they were clicked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from qtpy.QtCore import QPoint, Qt

from osteocount.napari.views.figure_view import FigureSize, FigureView, RenderedFigure, fitted, render
from osteocount.plate.heatmap import plate_heatmap


@pytest.mark.parametrize(
    ("size", "inches"),
    [(FigureSize(330, 300), 330 / 96), (FigureSize(660, 600, 2.0), 330 / 96), (FigureSize(900, 300), None)],
)
def test_a_narrow_place_is_one_where_letters_would_shrink(size, inches):
    assert size.narrow_inches == inches


def test_a_figure_made_for_its_place_is_drawn_as_large_as_that():
    wells = pd.DataFrame({"plate": "p", "well": ["A01", "B02", "D05"], "n_osteoclasts": [1.0, 2.0, 3.0]})
    room = FigureSize(330, 400)
    drawn = render(plate_heatmap(wells, "n_osteoclasts", width=room.narrow_inches), room)
    assert drawn.pixels.shape[1] == 330
    assert drawn.step[0] > 35  # pixels from well to well


@pytest.mark.parametrize(("height", "inches"), [(330, 3.0), (400, 400 / 110), (100, 2.8), (900, 6.0)])
def test_a_figure_fills_its_place_as_far_as_its_letters_bear(height, inches):
    figure = Figure(figsize=(3.0, 4.0))
    assert fitted(figure, FigureSize(330, height)).get_size_inches() == pytest.approx((3.0, inches))


def test_a_view_of_a_figure_says_where_it_was_clicked(qtbot):
    view = FigureView("nothing yet")
    qtbot.addWidget(view)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 5))  # no figure, so no place
    view.show_figure(RenderedFigure(np.zeros((40, 60, 4), np.uint8), (0, 0), (1, 1)))
    with qtbot.waitSignal(view.clicked) as said:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 5))
    assert [round(at / view.devicePixelRatioF()) for at in said.args] == [3, 5]


def test_an_enlarged_figure_is_drawn_for_its_own_window_until_that_is_closed(qtbot):
    view = FigureView("nothing yet")
    qtbot.addWidget(view)
    view.resize(300, 300)
    view.show()
    with qtbot.waitSignal(view.resized):
        view.enlarge("figure")
    assert view.figure_size().width > 900
    drawn = RenderedFigure(np.zeros((40, 60, 4), np.uint8), (0, 0), (1, 1))
    view.show_figure(drawn)
    assert view.rendered is drawn  # a click in the large one is a place of it
    assert view.text.startswith("This figure is in a window of its own")
    with qtbot.waitSignal(view.clicked):
        qtbot.mouseClick(view._large, Qt.MouseButton.LeftButton, pos=QPoint(3, 5))
    with qtbot.waitSignal(view.resized):
        view.close_large()
    assert view.figure_size().width < 900


def test_long_names_leave_room_for_a_plate_of_96_wells():
    wells = [f"{row}{column:02d}" for row in "ABCDEFGH" for column in range(1, 13)]
    arms = [f"EV of myeloma cells U266, clone {n % 12}, with IL-32 knock-out, batch of 2026" for n in range(96)]
    table = pd.DataFrame({"plate": "p" * 60, "well": wells, "treatment": arms, "n_osteoclasts": 1.0})
    room = FigureSize(330, 380)  # of the dock in a window of 1280 × 800
    figure = plate_heatmap(table, "n_osteoclasts", width=room.narrow_inches)
    drawn = render(figure, room)
    assert drawn.step[0] > 18  # pixels from well to well: two digits can be read in it
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend[0] == "…clone 0,…"
    assert legend[-1] == "and 4 more"

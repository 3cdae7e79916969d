"""Figures are rendered for the size of their place, and say where they were clicked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QPoint, Qt

from osteocount.napari.views.figure_view import FigureSize, FigureView, RenderedFigure, render
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


def test_a_view_of_a_figure_says_where_it_was_clicked(qtbot):
    view = FigureView("nothing yet")
    qtbot.addWidget(view)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 5))  # no figure, so no place
    view.show_figure(RenderedFigure(np.zeros((40, 60, 4), np.uint8), (0, 0), (1, 1)))
    with qtbot.waitSignal(view.clicked) as said:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 5))
    assert [round(at / view.devicePixelRatioF()) for at in said.args] == [3, 5]

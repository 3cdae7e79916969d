"""The comparison, without a viewer."""

from __future__ import annotations

import numpy as np

from osteocount.napari.views.compare_view import CompareView
from osteocount.napari.views.figure_view import RenderedFigure


def test_the_comparison_keeps_its_choice_when_it_is_made_anew(qtbot):
    view = CompareView()
    qtbot.addWidget(view)
    view.set_choices(["osteoclast_count", "fusion_index"], ["RANKL", "EV"])
    assert [view.endpoint.itemText(n) for n in range(2)] == ["Osteoclast count", "Fusion index"]
    view.endpoint.setCurrentIndex(1)
    view.contrast.setCurrentIndex(2)
    view.set_choices(["osteoclast_count", "fusion_index"], ["RANKL", "EV"])
    assert view.chosen() == ("fusion_index", "EV", "superplot")
    view.show_comparison(None, "No layout, so there is nothing to compare.")
    assert (view.figure.text, view.words.toPlainText()) == ("No layout, so there is nothing to compare.", "")
    assert not view.export.isEnabled()
    view.show_comparison(RenderedFigure(np.zeros((4, 4, 4), np.uint8), (0, 0), (1, 1)), "words")
    assert view.export.isEnabled()

"""Samples on no plate, without a viewer."""

from __future__ import annotations

import pytest

from osteocount.napari.views.samples_view import SamplesView


@pytest.fixture
def view(qtbot):
    made = SamplesView()
    qtbot.addWidget(made)
    made.show_samples(["D1 vehicle", "D1 RANKL"], "Dish")
    return made


def test_a_click_goes_to_a_sample_and_marking_one_goes_nowhere(view, qtbot):
    with qtbot.assertNotEmitted(view.chosen):
        view.mark("D1 vehicle")
    with qtbot.waitSignal(view.chosen) as said:
        view.setCurrentCell(1, 0)
    assert said.args == ["D1 RANKL"]


def test_values_stand_beside_names_and_stay_with_them(view):
    view.show_values("Osteoclasts", {"D1 RANKL": "12"})
    view.show_samples(["D1 vehicle", "D1 RANKL"], "Dish")
    assert [view.item(row, 1).text() for row in range(2)] == ["", "12"]
    assert view.horizontalHeaderItem(1).text() == "Osteoclasts"

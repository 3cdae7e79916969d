"""The view of step 3 that learns, without a viewer."""

from __future__ import annotations

import pandas as pd
import pytest

from osteocount.napari.views.train_view import BUTTONS, TrainView


@pytest.fixture
def view(qtbot):
    view = TrainView()
    qtbot.addWidget(view)
    return view


@pytest.mark.parametrize("name", [name for name, _, _ in BUTTONS])
def test_every_button_asks_for_its_own(view, qtbot, name):
    view.show_state(is_open=True, may_adopt=True, is_adopted=True)
    with qtbot.waitSignal(view.requested) as said:
        view.buttons[name].click()
    assert said.args == [name]


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ((False, False, False), set()),
        ((True, False, False), {"train"}),
        ((True, True, False), {"train", "adopt", "dismiss"}),
        ((True, False, True), {"train", "dismiss"}),
    ],
)
def test_only_what_can_be_done_is_offered(view, state, offered):
    view.show_state(is_open=state[0], may_adopt=state[1], is_adopted=state[2])
    assert {name for name, button in view.buttons.items() if button.isEnabled()} == offered


def test_wells_left_out_are_in_the_tool_tip(view):
    view.show_words("It helps.", {"cells": pd.DataFrame({"well": ["p B02"], "wrong": [10]})})
    assert view.words.text() == "It helps."
    assert view.words.toolTip().splitlines()[0] == "cells"
    assert "p B02" in view.words.toolTip()

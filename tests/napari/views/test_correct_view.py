"""The buttons that correct and those that train, without a viewer."""

from __future__ import annotations

import pandas as pd
import pytest

from osteocount.napari.views.correct_view import KEYS, TRAINING_ACTIONS, CorrectView, TrainView


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


def test_a_longer_hint_moves_nothing(qtbot):
    view = CorrectView()
    qtbot.addWidget(view)
    view.resize(330, 600)
    view.show()
    places = []
    for text in ("Short.", "A sentence that takes two lines in a dock that is as wide as this one is."):
        view.show_selection(text)
        qtbot.wait(1)
        places.append(view.buttons["merge"].mapTo(view, view.rect().topLeft()).y())
    assert places[0] == places[1]


@pytest.fixture
def training(qtbot):
    view = TrainView()
    qtbot.addWidget(view)
    return view


@pytest.mark.parametrize("name", [name for name, _, _ in TRAINING_ACTIONS])
def test_every_button_asks_for_its_own(training, qtbot, name):
    training.show_state(is_open=True, may_adopt=True, is_adopted=True)
    with qtbot.waitSignal(training.requested) as said:
        training.buttons[name].click()
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
def test_only_what_can_be_done_is_offered(training, state, offered):
    training.show_state(is_open=state[0], may_adopt=state[1], is_adopted=state[2])
    assert {name for name, button in training.buttons.items() if button.isEnabled()} == offered


def test_wells_left_out_are_in_the_tool_tip(training):
    training.show_words("It helps.", {"cells": pd.DataFrame({"well": ["p B02"], "wrong": [10]})})
    assert training.words.text() == "It helps."
    assert training.words.toolTip().splitlines()[0] == "cells"
    assert "p B02" in training.words.toolTip()

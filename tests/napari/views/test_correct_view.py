"""The buttons that correct, without a viewer."""

from __future__ import annotations

import pytest

from osteocount.napari.views.correct_view import KEYS, CorrectView


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

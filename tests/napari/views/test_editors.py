"""Every kind of setting has a widget that gives back exactly what it was given."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, Field
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QSpinBox

from osteocount.napari.views.editors import WheelGuard, editor_for


class Kinds(BaseModel):
    """One setting of every kind, and one without a widget."""

    word: Literal["auto", "low_power"] = "auto"
    switch: bool = False
    whole: int = Field(3, ge=2, le=20)
    number: float = Field(0.5, ge=0, le=1)
    open_number: float | None = Field(None, gt=0)
    name: str = "x"
    open_name: str | None = None
    names: tuple[str, ...] = ()
    mapping: dict[str, int] = {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("word", "low_power"),
        ("switch", True),
        ("whole", 20),
        ("number", 0.1234567891),
        ("number", 0.0),
        ("open_number", None),
        ("open_number", 0.3225),
        ("open_number", 1e-05),
        ("name", "osteoclast_area"),
        ("open_name", None),
        ("open_name", "rhIL-32, 25 ng/mL"),
        ("names", ()),
        ("names", ("EV_WT / EV_KO", "(A/B)/(C/D)")),
    ],
)
def test_an_editor_gives_back_what_it_shows(qtbot, name, value):
    editor = editor_for(Kinds.model_fields[name])
    qtbot.addWidget(editor.widget)
    editor.set_value(value)
    assert editor.value() == value


def test_a_kind_without_a_widget_is_refused(qtbot):
    with pytest.raises(TypeError, match="no widget for a setting of type dict"):
        editor_for(Kinds.model_fields["mapping"])


def test_the_range_of_the_model_is_the_range_of_the_widget(qtbot):
    editor = editor_for(Kinds.model_fields["whole"])
    qtbot.addWidget(editor.widget)
    assert isinstance(editor.widget, QSpinBox)
    assert (editor.widget.minimum(), editor.widget.maximum()) == (2, 20)


@pytest.mark.parametrize("typed", ["0.65", "0,65", " 0.65 "])
def test_a_decimal_comma_is_understood(qtbot, typed):
    editor = editor_for(Kinds.model_fields["open_number"])
    qtbot.addWidget(editor.widget)
    editor.widget.setText(typed)
    assert editor.value() == 0.65


def test_what_is_no_number_is_left_for_the_model_to_refuse(qtbot):
    editor = editor_for(Kinds.model_fields["open_number"])
    qtbot.addWidget(editor.widget)
    editor.widget.setText("about 1")
    assert editor.value() == "about 1"


def test_typing_a_number_with_a_comma(qtbot):
    editor = editor_for(Kinds.model_fields["number"])
    qtbot.addWidget(editor.widget)
    editor.widget.clear()
    qtbot.keyClicks(editor.widget, "0,25")
    assert editor.value() == 0.25


def test_the_wheel_changes_nothing_before_a_click(qtbot):
    guard, editor = WheelGuard(), editor_for(Kinds.model_fields["whole"])
    qtbot.addWidget(editor.widget)
    editor.set_value(5)
    guard.guard(editor.widget)
    here = QPointF(1, 1)
    turn = QWheelEvent(
        here, here, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(editor.widget, turn)
    assert editor.value() == 5

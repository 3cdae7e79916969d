"""One small widget per kind of setting, and how to read and set what it shows.

magicgui's widgets do not serve here: with ten decimals its numbers read "0.5000000000", and an empty line "None".
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from osteocount.napari.views.widgets import set_entries

SEPARATOR = "; "
WIDEST = 1e9


@dataclass(frozen=True)
class Editor:
    """The widget of one setting.

    Attributes
    ----------
    widget
        What is shown.
    value
        Returns the setting as the settings file has it.
    set_value
        Shows another one.
    changed
        Qt's signal of an edit.
    """

    widget: QWidget
    value: Callable[[], Any]
    set_value: Callable[[Any], object]
    changed: Any


class NumberBox(QDoubleSpinBox):
    """A number within its range, shown and kept to ten decimals: what a file says is never rounded by looking at it."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.setDecimals(10)
        self.setRange(low, high)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:  # noqa: N802  Qt's name
        """Return the shortest text of ``value``, with a point whatever the locale."""
        return f"{value:.10g}"

    def valueFromText(self, text: str) -> float:  # noqa: N802  Qt's name
        """Read a number with a point or a comma."""
        return float(text.replace(",", "."))

    def validate(self, text: str, position: int) -> tuple[Any, str, int]:
        """Accept a number with a point or a comma."""
        try:
            inside = self.minimum() <= self.valueFromText(text) <= self.maximum()
        except ValueError:
            inside = False
        state = QValidator.State.Acceptable if inside else QValidator.State.Intermediate
        return state, text, position


def editor_for(info: FieldInfo) -> Editor:
    """Return the editor of a setting.

    Raises
    ------
    TypeError
        The setting is of a kind no widget exists for; add one here.
    """
    kind, optional = _without_none(info.annotation)
    if get_origin(kind) is Literal:
        return _choice(get_args(kind))
    if kind is bool:
        switch = QCheckBox()
        return Editor(switch, switch.isChecked, switch.setChecked, switch.toggled)
    if kind is int and not optional:
        low, high = bounds(info)
        whole = QSpinBox()
        whole.setRange(int(low), int(high))
        return Editor(whole, whole.value, whole.setValue, whole.valueChanged)
    if kind is float and not optional:
        number = NumberBox(*bounds(info))
        return Editor(number, number.value, number.setValue, number.valueChanged)
    if kind is float:
        return _line("automatic", _number_or_text, lambda value: "" if value is None else repr(float(value)))
    if kind is str and optional:
        return _line("not set", lambda text: text or None, lambda value: value or "")
    if kind is str:
        return _line("", str, str)
    if kind == tuple[str, ...]:
        return _line("none (separate by ;)", _names, SEPARATOR.join)
    raise TypeError(f"no widget for a setting of type {info.annotation}")


def _choice(words: tuple[str, ...]) -> Editor:
    """Return a list of a few words, shown without their underscores."""
    box = QComboBox()
    set_entries(box, {word: word.replace("_", " ") for word in words})
    return Editor(box, box.currentData, lambda word: box.setCurrentIndex(box.findData(word)), box.currentIndexChanged)


def _line(hint: str, read: Callable[[str], Any], write: Callable[[Any], str]) -> Editor:
    """Return a line of text; ``read`` makes a setting of it, without spaces around it, ``write`` a text again."""
    line = QLineEdit()
    line.setPlaceholderText(hint)
    return Editor(line, lambda: read(line.text().strip()), lambda value: line.setText(write(value)), line.textChanged)


def _number_or_text(text: str) -> float | str | None:
    """Return a number with a point or a comma, None when empty; other text is left for the model to refuse."""
    text = text.replace(",", ".")
    try:
        return float(text) if text else None
    except ValueError:
        return text


def _names(text: str) -> tuple[str, ...]:
    """Return the names of a list, without empty ones."""
    return tuple(name.strip() for name in text.split(SEPARATOR.strip()) if name.strip())


def bounds(info: FieldInfo) -> tuple[float, float]:
    """Lowest and highest value of a numeric setting. An exclusive bound is left to the settings model to refuse."""
    low, high = -WIDEST, WIDEST
    for bound in info.metadata:
        low = next((float(getattr(bound, name)) for name in ("ge", "gt") if hasattr(bound, name)), low)
        high = next((float(getattr(bound, name)) for name in ("le", "lt") if hasattr(bound, name)), high)
    return low, high


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (types.UnionType, Union):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        if len(kinds) == 1:
            return kinds[0], True
    return annotation, False


class WheelGuard(QObject):
    """Scrolling the panel must not change the setting the mouse happens to be over."""

    def guard(self, widget: QWidget) -> None:
        """Let ``widget`` take the wheel only after it was clicked."""
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802  Qt's name
        """Hand the wheel on to the panel."""
        if event is not None and event.type() == QEvent.Type.Wheel and not watched.hasFocus():  # type: ignore[union-attr]
            event.ignore()
            return True
        return False

"""One small widget per kind of setting; each has ``value``, ``set_value`` and a ``changed`` signal."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

SEPARATOR = "; "
WIDEST = 1e9


class Choice(QComboBox):
    """One of a few words."""

    changed = Signal()

    def __init__(self, words: tuple[str, ...]) -> None:
        super().__init__()
        for word in words:
            self.addItem(word.replace("_", " "), word)
        self.currentIndexChanged.connect(self.changed)

    def value(self) -> str:
        """Return the chosen word as the settings file spells it."""
        return str(self.currentData())

    def set_value(self, value: str) -> None:
        """Choose ``value``."""
        self.setCurrentIndex(self.findData(value))


class Switch(QCheckBox):
    """Yes or no."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.toggled.connect(self.changed)

    def value(self) -> bool:
        """Return True when ticked."""
        return bool(self.isChecked())

    def set_value(self, value: bool) -> None:
        """Tick or untick."""
        self.setChecked(value)


class WholeNumber(QSpinBox):
    """An integer within its range."""

    changed = Signal()

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.setRange(int(low), int(high))
        self.valueChanged.connect(self.changed)

    def set_value(self, value: int) -> None:
        """Show ``value``."""
        self.setValue(value)


class Number(QDoubleSpinBox):
    """A number within its range, shown and kept to ten decimals: what a file says is never rounded by looking at it."""

    changed = Signal()

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.setDecimals(10)
        self.setRange(low, high)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.valueChanged.connect(self.changed)

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

    def set_value(self, value: float) -> None:
        """Show ``value``."""
        self.setValue(value)


class Text(QLineEdit):
    """A word or a name; an empty one is None where the setting may be left open."""

    changed = Signal()

    def __init__(self, *, optional: bool) -> None:
        super().__init__()
        self._optional = optional
        self.setPlaceholderText("not set" if optional else "")
        self.textChanged.connect(self.changed)

    def value(self) -> str | None:
        """Return the text, or None."""
        return self.text().strip() or (None if self._optional else "")

    def set_value(self, value: str | None) -> None:
        """Show ``value``."""
        self.setText(value or "")


class OptionalNumber(Text):
    """A number that may be left open. What is no number stays as typed, for the settings model to refuse."""

    def __init__(self) -> None:
        super().__init__(optional=True)
        self.setPlaceholderText("automatic")

    def value(self) -> float | str | None:  # type: ignore[override]
        """Return the number, None when empty, or the text that is not a number."""
        text = str(self.text()).strip().replace(",", ".")
        try:
            return float(text) if text else None
        except ValueError:
            return text

    def set_value(self, value: float | None) -> None:  # type: ignore[override]
        """Show ``value``."""
        self.setText("" if value is None else repr(float(value)))


class Names(QLineEdit):
    """Several names, separated by semicolons."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("none (separate by ;)")
        self.textChanged.connect(self.changed)

    def value(self) -> tuple[str, ...]:
        """Return the names without empty ones."""
        return tuple(name.strip() for name in self.text().split(SEPARATOR.strip()) if name.strip())

    def set_value(self, value: tuple[str, ...]) -> None:
        """Show ``value``."""
        self.setText(SEPARATOR.join(value))


Editor = Choice | Switch | WholeNumber | Number | OptionalNumber | Text | Names


def editor_for(info: FieldInfo) -> Editor:
    """Return the widget for a setting.

    Raises
    ------
    TypeError
        The setting is of a kind no widget exists for; add one here.
    """
    kind, optional = _without_none(info.annotation)
    if get_origin(kind) is Literal:
        return Choice(get_args(kind))
    if kind is bool:
        return Switch()
    if kind is int and not optional:
        return WholeNumber(*bounds(info))
    if kind is float:
        return OptionalNumber() if optional else Number(*bounds(info))
    if kind is str:
        return Text(optional=optional)
    if kind == tuple[str, ...]:
        return Names()
    raise TypeError(f"no widget for a setting of type {info.annotation}")


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

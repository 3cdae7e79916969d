"""What several views are made of: buttons, columns, lists, messages, a legend, a part that can be collapsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from qtpy.QtCore import Qt, SignalInstance
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from osteocount.columns import UNKNOWN
from osteocount.napari.messages import in_window_terms


def button(
    text: str, tip: str, on_click: Callable[..., object] | SignalInstance, *, takes_focus: bool = True
) -> QPushButton:
    """Return a button; without ``takes_focus`` keys stay with the picture when it is pressed."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.clicked.connect(on_click)
    if not takes_focus:
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made


def column(owner: QWidget, *parts: QWidget | QLayout, spacing: int = -1) -> QVBoxLayout:
    """Lay the parts of ``owner`` under each other, with no margin; a spacing of -1 is that of the style."""
    layout = QVBoxLayout(owner)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for part in parts:
        if isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part)
    return layout


def row(*parts: QWidget) -> QHBoxLayout:
    """Lay widgets beside each other."""
    layout = QHBoxLayout()
    for part in parts:
        layout.addWidget(part)
    return layout


def scrolling(*parts: QWidget, stretches: bool = False) -> QScrollArea:
    """Lay widgets under each other on ground that scrolls up and down; ``stretches``: the first takes what is left."""
    panel = QWidget()
    layout = QVBoxLayout(panel)
    layout.setSpacing(6)
    for part in parts:
        layout.addWidget(part, stretch=int(stretches and part is parts[0]))
    if not stretches:
        layout.addStretch()
    scroll = QScrollArea()
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidget(panel)
    return scroll


def plain_label(text: str = "") -> QLabel:
    """Return a label that breaks its lines; file names come from others and are never markup."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def set_bold(label: QLabel, is_bold: bool) -> None:
    """Make the text of a label bold, or no longer."""
    font = label.font()
    font.setBold(is_bold)
    label.setFont(font)


def set_entries(box: QComboBox, entries: Mapping[str, str]) -> None:
    """List ``entries`` (value: text) without a signal; the value chosen before stays chosen where it can."""
    chosen = box.currentData()
    box.blockSignals(True)
    box.clear()
    for value, text in entries.items():
        box.addItem(text, value)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    box.blockSignals(False)


def format_number(value: Any, pattern: str) -> str:
    """Return ``value`` as text, a dash when it is unknown."""
    return UNKNOWN if value is None or pd.isna(value) else pattern.format(value).replace("_", " ")


def warning_lines(notes: tuple[str, ...]) -> str:
    """Return each note as a paragraph with its sign."""
    return "\n".join(f"⚠ {in_window_terms(note)}" for note in notes)


class CollapsibleSection(QWidget):
    """A heading that shows or hides what is under it.

    superqt's `QCollapsible` does not serve here: it fixes the height of its content when it is expanded, so that
    sections inside sections and messages that grow are cut off, and napari's theme fills its heading as a pressed
    button.
    """

    def __init__(self, title: str, body: QWidget) -> None:
        super().__init__()
        self.heading = QToolButton()
        self.heading.setText(title)
        self.heading.setCheckable(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.toggled.connect(self._show)
        self._body = body
        column(self, self.heading, body, spacing=2)
        self._show(is_expanded=False)

    def _show(self, is_expanded: bool) -> None:
        self.heading.setArrowType(Qt.ArrowType.DownArrow if is_expanded else Qt.ArrowType.RightArrow)
        self._body.setVisible(is_expanded)


class MessageView(QLabel):
    """Sentences for the user, to be read and copied."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)  # file names come from others and are never markup
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hide()

    def show_problem(self, text: str) -> None:
        """Say what went wrong and what would mend it."""
        self.setText(f"✖ {in_window_terms(text)}")
        self.show()

    def show_notes(self, notes: tuple[str, ...]) -> None:
        """Say what to know about the numbers; nothing is shown when there is nothing to say."""
        self.setText(warning_lines(notes))
        self.setVisible(bool(notes))


class LegendView(QWidget):
    """What the outline colours mean."""

    def __init__(self) -> None:
        super().__init__()
        self._column = column(self, spacing=2)
        self.rows: list[tuple[QFrame, QLabel]] = []

    def show_entries(self, *entries: tuple[str, str]) -> None:
        """Show a dot and its meaning for each (colour, text)."""
        while len(self.rows) < len(entries):
            self._add_row()
        for (dot, label), (colour, text) in zip(self.rows, entries, strict=True):
            dot.setStyleSheet(f"background: {colour}; border: 1px solid black; border-radius: 7px;")
            label.setText(text)

    def _add_row(self) -> None:
        dot, label = QFrame(), QLabel()
        dot.setFixedSize(14, 14)
        label.setWordWrap(True)
        entry = row(dot, label)
        entry.setStretchFactor(label, 1)
        self._column.addLayout(entry)
        self.rows.append((dot, label))

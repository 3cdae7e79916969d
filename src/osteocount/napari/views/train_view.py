"""Step 3: train a classifier with the corrections; the gain is shown before anything changes."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

# name: (text, what it does)
BUTTONS = (
    ("train", "Train", "Learn from your corrections which cells and nuclei are none; shows the gain, changes nothing"),
    ("adopt", "Adopt", "Let it judge all cells of this folder; corrected cells stay as they are"),
    ("dismiss", "Dismiss", "Take the classifier back; your corrections stay"),
)
IDLE = "Train learns from cells accepted [A] and deleted [D], removed nuclei [X] and reviewed wells."


class TrainView(QWidget):
    """Train, look at the gain, adopt or dismiss.

    Signals
    -------
    requested
        ``train``, ``adopt`` or ``dismiss``.
    """

    requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        self.words = QLabel(IDLE)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        row = QHBoxLayout()
        for name, text, tip in BUTTONS:
            button = QPushButton(text)
            button.setToolTip(tip)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys stay with the picture
            button.clicked.connect(lambda _=False, name=name: self.requested.emit(name))
            self.buttons[name] = button
            row.addWidget(button)
        column.addLayout(row)
        column.addWidget(self.words)
        self.show_state(is_open=False, may_adopt=False, is_adopted=False)

    def show_state(self, *, is_open: bool, may_adopt: bool, is_adopted: bool) -> None:
        """Offer what can be done now."""
        for name, can in (("train", is_open), ("adopt", may_adopt), ("dismiss", is_adopted or may_adopt)):
            self.buttons[name].setEnabled(can)

    def show_words(self, text: str, by_well: Mapping[str, pd.DataFrame] | None = None) -> None:
        """Say what was learned; the wells left out one by one are in the tool tip."""
        self.words.setText(text)
        tables = [f"{name}\n{table.to_string(index=False)}" for name, table in (by_well or {}).items()]
        self.words.setToolTip("\n\n".join(tables))

"""Step 3: correct cells and nuclei, by button or key, with the numbers before and after; and learn from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QGroupBox,
    QInputDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from osteocount.columns import UNKNOWN, WELLS, WINDOW_CORRECTION
from osteocount.napari.views.widgets import button, column, format_number, plain_label, row, set_bold

# action: (text, key, what it does)
CELL_ACTIONS = (
    ("merge", "Merge", "M", "Make the selected cells one. Click a cell to select it, Shift-click to add others."),
    ("split_line", "Split by line", "S", "Draw a line across the selected cell; it is cut there."),
    ("split_nuclei", "Split by nuclei", "K", "Cut the cell between its two groups of nuclei."),
    ("delete", "Delete", "D", "The selected cells are no cells. Their nuclei stay."),
    ("draw", "Draw cell", "O", "Draw the outline of a cell the program missed."),
    (
        "outline",
        "Click outline",
        "W",
        "Click a cell that was missed; its outline is proposed, to grow, shrink or take.",
    ),
    ("smooth", "Smooth", "G", "Even out the outline and fill holes."),
    ("accept", "Accept", "A", "The cell is right as it is; go to the next one in doubt."),
    ("set_class", "Osteoclast yes/no", "C", "Say by hand whether it is an osteoclast, with a reason."),
)
NUCLEUS_ACTIONS = (
    ("add_nucleus", "Add nucleus", "N", "Key: at the mouse. Button: then click on the picture."),
    ("remove_nucleus", "Remove nucleus", "X",
     "Key: the one at the mouse. Button: then click on it. Drag one to move it."),
)  # fmt: skip
STEP_ACTIONS = (
    ("undo", "Undo", "Ctrl+Z", "Take back the last correction of this picture."),
    ("redo", "Redo", "Ctrl+Shift+Z", "Make it again."),
    ("previous_doubt", "◀ Doubt", "B", "The cell before in order of doubt."),
    ("next_doubt", "Doubt ▶", "Space", "The next cell in order of doubt, borderline ones first."),
)
PROPOSAL_ACTIONS = (
    ("take", "Take it", "Return", "Make a cell of the proposed outline. A click inside it does the same."),
    ("grow", "Grow", "+", "A larger outline"),
    ("shrink", "Shrink", "-", "A smaller outline"),
    ("let_be", "Let it be", "Escape", "Take the proposal away"),
)
KEYS = {name: key for name, _, key, _ in (*CELL_ACTIONS, *NUCLEUS_ACTIONS, *STEP_ACTIONS)}
NOTHING = {
    "split_line": "The line did not cut the cell in two; draw it from outside to outside.",
    "split_nuclei": "The cell needs two nuclei at least to be split between them.",
    "draw": "There is no free ground inside the outline.",
    "outline": "Nothing stands out here to outline; draw it with [O].",
    "remove_nucleus": "There is no nucleus at this place.",
    "smooth": "The outline is smooth already.",
    "undo": "Nothing to undo in this picture.",
    "redo": "Nothing to redo.",
}
"""What is said where an action had nothing to change."""
TRAINING_ACTIONS = (
    ("train", "Train", "Learn from your corrections which cells and nuclei are none; shows the gain, changes nothing"),
    ("adopt", "Adopt", "Let it judge all cells of this folder; corrected cells stay as they are"),
    ("dismiss", "Dismiss", "Take the classifier back; your corrections stay"),
)
IDLE = "Train learns from cells accepted [A] and deleted [D], removed nuclei [X] and reviewed wells."


class CorrectView(QWidget):
    """Corrections of the picture at hand.

    Signals
    -------
    action
        Name of the action whose button was pressed.
    second_review_toggled
        The log of a second reviewer is wanted, or the first one's again.
    """

    action = Signal(str)
    second_review_toggled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.buttons: dict[str, QPushButton] = {}
        self.title = plain_label("Open results in step 1, or count a folder in step 2; then click a well of the plate.")
        self.who = QLineEdit()
        self.who.setToolTip("Who corrects; every correction is signed with it")
        self.second = QCheckBox("Second review")
        self.second.setToolTip(
            "Keep your corrections in a log of their own, without those of the first reviewer. `osteocount reviewers` "
            "says how far you agree. Tables and report are always made of the first review."
        )
        self.second.clicked.connect(self.second_review_toggled)
        self.selection = _Hint("Nothing selected")
        self.values: dict[str, tuple[QLabel, QLabel]] = {}
        self.proposal = self._proposal()
        groups = (("Cells", CELL_ACTIONS), ("Nuclei", NUCLEUS_ACTIONS), ("Steps", STEP_ACTIONS))
        column(
            self, self.title, self._numbers(), self.selection, self.proposal,
            *(self._group(*group) for group in groups), row(QLabel("Reviewer"), self.who, self.second), spacing=4,
        )  # fmt: skip
        self.set_open(False)

    def show_proposal(self, is_there: bool) -> None:
        """Offer what can be done with a proposed outline."""
        self.proposal.setVisible(is_there)

    def set_open(self, is_open: bool) -> None:
        """Offer the actions when there is a picture to correct."""
        for each in self.buttons.values():
            each.setEnabled(is_open)

    def show_title(self, text: str) -> None:
        """Say which picture is open."""
        self.title.setText(text)

    def ask_reason(self, title: str) -> str:
        """Ask why a cell's class is set by hand; empty: it is not set."""
        reason, is_given = QInputDialog.getText(self, title, "Why, against the rule?")
        return reason.strip() if is_given else ""

    def show_selection(self, text: str) -> None:
        """Describe the selected cells, or what to do next."""
        self.selection.setText(text)

    def show_numbers(self, automatic: Mapping[str, Any], corrected: Mapping[str, Any]) -> None:
        """Show both counts side by side; a corrected one that differs is bold."""
        for name in WINDOW_CORRECTION:
            texts = [
                format_number(numbers.get(name), WELLS.by_name[name].window_pattern)
                for numbers in (automatic, corrected)
            ]
            for label, text in zip(self.values[name], texts, strict=True):
                label.setText(text)
            set_bold(self.values[name][1], texts[0] != texts[1])

    def _proposal(self) -> QWidget:
        body = QWidget()
        layout = row(
            *(button(text, f"{tip} Key: {key}", lambda _=False, name=name: self.action.emit(name), takes_focus=False)
              for name, text, key, tip in PROPOSAL_ACTIONS)
        )  # fmt: skip
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        body.setLayout(layout)
        body.hide()
        return body

    def _numbers(self) -> QWidget:
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(1)
        for m, title in ((1, "automatic"), (2, "corrected")):
            grid.addWidget(_right(QLabel(title)), 0, m)
        for n, (name, title) in enumerate(WINDOW_CORRECTION.items(), start=1):
            grid.addWidget(QLabel(title), n, 0)
            self.values[name] = (_right(QLabel(UNKNOWN)), _right(QLabel(UNKNOWN)))
            for m, label in enumerate(self.values[name], start=1):
                grid.addWidget(label, n, m)
        return body

    def _group(self, title: str, actions: tuple[tuple[str, str, str, str], ...]) -> QGroupBox:
        box = QGroupBox(title)
        grid = QGridLayout(box)
        grid.setContentsMargins(6, 4, 6, 6)
        grid.setSpacing(3)
        for n, (name, text, key, tip) in enumerate(actions):
            self.buttons[name] = button(
                f"{text}  [{key}]", f"{tip} Key: {key}",
                lambda _=False, name=name: self.action.emit(name), takes_focus=False,
            )  # fmt: skip
            grid.addWidget(self.buttons[name], n // 2, n % 2)
        return box


class _Hint(QLabel):
    """A sentence that always has room for two lines, so that what lies below it keeps its place."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)

    def heightForWidth(self, width: int) -> int:  # noqa: N802  Qt's name
        """Return the height of two lines at least."""
        margins = self.contentsMargins()
        lines = 2 * self.fontMetrics().lineSpacing() + margins.top() + margins.bottom()
        return max(int(super().heightForWidth(width)), int(lines))


class TrainView(QWidget):
    """Train, look at the gain, adopt or dismiss.

    Signals
    -------
    requested
        ``train``, ``adopt`` or ``dismiss``.
    """

    requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.words = plain_label(IDLE)
        self.buttons = {
            name: button(text, tip, lambda _=False, name=name: self.requested.emit(name), takes_focus=False)
            for name, text, tip in TRAINING_ACTIONS
        }
        column(self, row(*self.buttons.values()), self.words, spacing=3)
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


def _right(label: QLabel) -> QLabel:
    label.setAlignment(Qt.AlignmentFlag.AlignRight)
    return label

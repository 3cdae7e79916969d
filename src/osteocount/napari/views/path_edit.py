"""A line for a path, with a button to choose it."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QToolButton, QWidget


class PathEdit(QWidget):
    """A path to type, or to choose with the button."""

    changed = Signal()

    def __init__(self, title: str, hint: str = "", *, file_filter: str | None = None) -> None:
        super().__init__()
        self._title = title
        self._filter = file_filter
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(hint)
        self.edit.textChanged.connect(self.changed)
        ask = QToolButton()
        ask.setText("…")
        ask.setToolTip(title)
        ask.clicked.connect(self._ask)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.edit)
        layout.addWidget(ask)

    def path(self) -> Path | None:
        """Return the path, or None when empty."""
        text = self.edit.text().strip().replace("\0", "")
        try:
            return Path(text).expanduser() if text else None
        except RuntimeError:  # "~somebody", who is not known here
            return Path(text)

    def _ask(self) -> None:
        if self._filter is None:
            path = QFileDialog.getExistingDirectory(self, self._title)
        else:
            path, _ = QFileDialog.getOpenFileName(self, self._title, "", self._filter)
        if path:
            self.edit.setText(path)

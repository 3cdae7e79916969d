"""Start, progress and stop."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget


class RunView(QWidget):
    """The count button, and while a count runs its progress and a stop button.

    Signals
    -------
    count_requested, cancel_requested
        The buttons.
    """

    count_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.count = QPushButton("Count")
        self.count.setToolTip("Find, outline and count the osteoclasts, with the settings above")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop; pictures of a folder that are finished stay finished")
        self.bar = QProgressBar()
        self.step = QLabel()
        self.step.setWordWrap(True)
        self.count.clicked.connect(self.count_requested)
        self.cancel.clicked.connect(self.cancel_requested)
        buttons = QHBoxLayout()
        buttons.addWidget(self.count, stretch=2)
        buttons.addWidget(self.cancel, stretch=1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(buttons)
        layout.addWidget(self.bar)
        layout.addWidget(self.step)
        self.show_idle()

    def show_running(self) -> None:
        """Offer to cancel instead of to count."""
        self.count.setEnabled(False)
        self.cancel.setEnabled(True)
        self.bar.setRange(0, 0)
        self.bar.show()

    def show_step(self, done: int, total: int, message: str) -> None:
        """Move the bar; while the total is unknown it just keeps moving."""
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.step.setText(message)

    def show_idle(self, message: str = "") -> None:
        """Offer to count again."""
        self.count.setEnabled(True)
        self.cancel.setEnabled(False)
        self.bar.hide()
        self.step.setText(message)

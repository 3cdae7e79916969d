"""Fine-tune the network for low power on annotated pictures: choose them, watch, look at the gain, use it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QProgressBar, QWidget

from osteocount.napari.views.widgets import button, column, plain_label, row

IDLE = (
    "Fine-tune teaches the network for low power your outlines: a folder of pictures with annotations beside them, or "
    "results with reviewed wells."
)
NETWORK_FILTER = "Network of a lab (*.onnx)"


class FineTuneView(QWidget):
    """The buttons of fine-tuning and what came of it.

    Signals
    -------
    folder_chosen
        Learn from what is in this folder.
    stop_requested
        Give it up.
    file_chosen
        Save the network that was learned in this file, and count with it from now on.
    """

    folder_chosen = Signal(Path)
    stop_requested = Signal()
    file_chosen = Signal(Path)

    def __init__(self) -> None:
        super().__init__()
        self.start = button(
            "Fine-tune…",
            "Choose annotated pictures; shows the gain on wells left out, changes nothing",
            self._ask_folder,
        )  # fmt: skip
        self.use = button(
            "Use it…", "Save the network in a file, and count pictures at low power with it from now on", self._ask_file
        )
        self.stop = button("Stop", "Give it up", self.stop_requested)
        self.bar = QProgressBar()
        self.words = plain_label(IDLE)
        column(self, row(self.start, self.use, self.stop), self.bar, self.words, spacing=3)
        self.show_idle()

    def show_running(self) -> None:
        """Offer to stop."""
        for each in (self.start, self.use):
            each.setEnabled(False)
        self.stop.setEnabled(True)
        self.bar.setRange(0, 0)
        self.bar.show()

    def show_step(self, done: int, total: int, message: str) -> None:
        """Move the bar; while the total is unknown it just keeps moving."""
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.words.setText(message)

    def show_idle(self, words: str = IDLE, by_well: pd.DataFrame | None = None, *, may_use: bool = False) -> None:
        """Say what came out; the wells left out one by one are in the tool tip."""
        self.start.setEnabled(True)
        self.use.setEnabled(may_use)
        self.stop.setEnabled(False)
        self.bar.hide()
        self.words.setText(words)
        self.words.setToolTip("" if by_well is None else by_well.to_string(index=False))

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Annotated pictures, or results with reviewed wells")
        if folder:
            self.folder_chosen.emit(Path(folder))

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the network of your lab", "our_lab.onnx", NETWORK_FILTER)
        if path:
            self.file_chosen.emit(Path(path if path.endswith(".onnx") else f"{path}.onnx"))

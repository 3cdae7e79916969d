"""Save the results with the corrections, and open their report."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QWidget

from osteocount.io.result_folder import REPORT
from osteocount.napari.views.widgets import button, row


class SaveView(QWidget):
    """Two buttons, for results that are open.

    Signals
    -------
    save_requested
        Tables and report are to be written anew.
    """

    save_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.save = button(
            "Save tables and report",
            "Corrections are saved one by one as you make them. This writes tables, label images and report anew with "
            "all of them.", self.save_requested,
        )  # fmt: skip
        self.report = button(
            "Open report", "The page with figures, comparison and warnings, as it was saved last", self._open_report
        )
        self._folder = Path()
        layout = row(self.save, self.report)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.setEnabled(False)

    def show_folder(self, folder: Path, *, is_blinded: bool = False) -> None:
        """Offer both for the results of a folder; a blinded review ends before its report is looked at."""
        self._folder = folder
        self.setEnabled(True)
        self.report.setEnabled((folder / REPORT).is_file() and not is_blinded)

    def _open_report(self) -> None:
        open_report(self._folder)


def open_report(folder: Path) -> None:
    """Show the report of a result folder in the browser."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str((folder / REPORT).absolute())))

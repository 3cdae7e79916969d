"""Step 4: what the treatments did, in a figure and in words, following every correction."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from osteocount.napari.views.figure_view import FigureView, RenderedFigure

PLOTS = (("superplot", "Wells and donors (SuperPlot)"), ("effects", "Effects with intervals"))
ALL = "all contrasts"


class CompareView(QWidget):
    """The comparison of arms.

    Signals
    -------
    shown_changed
        Another endpoint, contrast or figure is to be shown.
    export_requested
        A folder for figure and tables.
    """

    shown_changed = Signal()
    export_requested = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figure = FigureView("The comparison appears here once a plate with a layout is open.")
        self.figure.resized.connect(self.shown_changed)
        self.endpoint, self.contrast, self.plot = QComboBox(), QComboBox(), QComboBox()
        for value, text in PLOTS:
            self.plot.addItem(text, value)
        for box, tip in (
            (self.endpoint, "Endpoint"), (self.contrast, "Contrast: which arm against which"), (self.plot, "Figure"),
        ):  # fmt: skip
            box.setToolTip(tip)
            box.setMinimumContentsLength(8)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.currentIndexChanged.connect(self.shown_changed)
        self.words = QPlainTextEdit()
        self.words.setReadOnly(True)
        self.words.setMinimumHeight(100)
        self.export = QPushButton("Export figure and tables…")
        self.export.setToolTip("SVG and PNG of both figures, comparisons.csv and wells.csv, as they are now")
        self.export.clicked.connect(self._ask_folder)
        self.export.setEnabled(False)
        what = QHBoxLayout()
        what.addWidget(self.endpoint)
        what.addWidget(self.contrast)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(what)
        layout.addWidget(self.plot)
        layout.addWidget(self.figure, stretch=7)
        layout.addWidget(self.words, stretch=3)
        layout.addWidget(self.export)

    def set_choices(self, endpoints: list[str], contrasts: list[str]) -> None:
        """Offer what there is; the choice stays where it can."""
        for box, names in ((self.endpoint, endpoints), (self.contrast, [ALL, *contrasts])):
            chosen = box.currentData()
            box.blockSignals(True)
            box.clear()
            for name in names:
                box.addItem(name.replace("_", " "), name)
            box.setCurrentIndex(max(0, box.findData(chosen)))
            box.blockSignals(False)

    def show_comparison(self, rendered: RenderedFigure | None, words: str) -> None:
        """Show the figure and what it means, or why there is no comparison."""
        self.figure.show_figure(rendered, words if rendered is None else "")
        self.words.setPlainText(words)
        self.words.moveCursor(self.words.textCursor().MoveOperation.Start)
        self.export.setEnabled(rendered is not None)

    def chosen(self) -> tuple[str, str, str]:
        """Return endpoint, contrast ("" for all) and figure."""
        contrast = self.contrast.currentData() or ALL
        return self.endpoint.currentData() or "", "" if contrast == ALL else contrast, self.plot.currentData()

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for figures and tables")
        if folder:
            self.export_requested.emit(Path(folder))

"""Step 4: what the treatments did, in a figure and in words, following every correction."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QPlainTextEdit, QWidget

from osteocount.napari.views.figure_view import FigureView, RenderedFigure
from osteocount.napari.views.widgets import button, column, row, set_entries
from osteocount.stats.plain_words import capitalised, contrast_name, endpoint_name

PLOTS = {
    "superplot": "Wells and donors (SuperPlot)",
    "effects": "Effects with intervals",
    "estimation": "Donors and effects (estimation)",
}
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

    def __init__(self) -> None:
        super().__init__()
        self.figure = FigureView("The comparison appears here once a plate with a layout is open.")
        self.figure.resized.connect(self.shown_changed)
        self.endpoint, self.contrast, self.plot = QComboBox(), QComboBox(), QComboBox()
        set_entries(self.plot, PLOTS)
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
        self.export = button(
            "Export figures and tables…",
            "Every figure of this endpoint as SVG, PNG and PDF, comparisons.csv, donor_values.csv (for Prism) and "
            "wells.csv, as they are now", self._ask_folder,
        )  # fmt: skip
        self.export.setEnabled(False)
        self.enlarge = button(
            "Enlarge", "The figure in a window of its own, with whole names",
            lambda: self.figure.enlarge("OsteoCount: comparison"),
        )  # fmt: skip
        what = row(self.endpoint, self.contrast)
        which = row(self.plot, self.enlarge)
        which.setStretch(0, 1)
        layout = column(self, what, which, self.figure, self.words, self.export, spacing=3)
        layout.setStretchFactor(self.figure, 7)
        layout.setStretchFactor(self.words, 3)

    def set_choices(self, endpoints: list[str], contrasts: list[str]) -> None:
        """Offer what there is; the choice stays where it can."""
        set_entries(self.endpoint, {name: capitalised(endpoint_name(name)) for name in endpoints})
        set_entries(self.contrast, {ALL: capitalised(ALL)} | {name: contrast_name(name) for name in contrasts})

    def show_comparison(self, rendered: RenderedFigure | None, words: str) -> None:
        """Show the figure and what it means, or why there is no comparison."""
        self.figure.show_figure(rendered, words if rendered is None else "")
        self.words.setPlainText("" if rendered is None else words)
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

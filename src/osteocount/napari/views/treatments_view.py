"""Who got what: the table of treatments, its tools, and what is still wrong with it."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QComboBox, QHeaderView, QPlainTextEdit, QSplitter, QVBoxLayout, QWidget

from osteocount.napari.messages import in_window_terms
from osteocount.napari.views.sheet_models import LinesModel, PlateModel
from osteocount.napari.views.sheet_view import SheetView
from osteocount.napari.views.widgets import button, column, plain_label, row, set_entries
from osteocount.plate.treatment_table import TableCheck, TreatmentTable

LINES = "list"
HELP = "Type, paste from Excel, or drag the blue corner of a selection to repeat it."
LONG_HELP = "A pasted table with the headings well (or file), treatment, donor … finds its lines by itself."
TOOLS = (
    ("undo", "Undo", "Take back the last change. Key: Ctrl+Z"),
    ("redo", "Redo", "Make it again. Key: Ctrl+Shift+Z"),
    ("copy", "Copy", "Copy the selected cells, for Excel. Key: Ctrl+C"),
    ("paste", "Paste", "Paste cells from Excel. Key: Ctrl+V"),
    ("fill_down", "Fill down", "Repeat the first selected cell in those below it. Key: Ctrl+D"),
)


class TreatmentsView(QWidget):
    """The table of treatments.

    Signals
    -------
    edited
        The table has changed.
    save_requested
        It is to be written, and used for the count.
    """

    edited = Signal()
    save_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.lines: LinesModel | None = None
        self.sheet = SheetView()
        self.sheet.said.connect(self.say)
        self.title = plain_label()
        self.shown, self.plate = QComboBox(), QComboBox()
        self.shown.setToolTip("A line for each well, or one column of the table in the shape of the plate")
        self.plate.setToolTip("Plate")
        for box in (self.shown, self.plate):
            box.currentIndexChanged.connect(self._show)
        tools = row(
            *(button(text, tip, lambda _=False, name=name: getattr(self.sheet, name)(), takes_focus=False)
              for name, text, tip in TOOLS)
        )  # fmt: skip
        self.remove = button("Remove lines", "Take the selected lines away", self._remove, takes_focus=False)
        tools.addWidget(self.remove)
        self.findings = QPlainTextEdit()
        self.findings.setReadOnly(True)
        self.save = button("Save and use", "Write the table to its file, and count with it", self.save_requested)
        self.state = plain_label(HELP)
        self.state.setToolTip(LONG_HELP)
        left, right = QWidget(), QWidget()
        column(left, row(self.shown, self.plate), self.sheet, tools, spacing=3).setStretch(1, 1)
        column(right, self.title, self.findings, self.state, self.save, spacing=3).setStretch(1, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        for part, stretch in ((left, 3), (right, 1)):
            split.addWidget(part)
            split.setStretchFactor(split.count() - 1, stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addWidget(split)

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """Ask for room for some ten lines."""
        return QSize(900, 330)

    def show_table(self, table: TreatmentTable) -> None:
        """Show a table."""
        if self.lines is not None:
            self.lines.edited.disconnect(self.edited)
        self.lines = LinesModel(table)
        self.lines.edited.connect(self.edited)
        entries = {LINES: "A line per picture" if table.names_pictures else "A line per well"}
        if not table.names_pictures:
            wanted = [name for name in table.columns if name not in ("plate", "well")]
            entries |= {name: f"{name.replace('_', ' ').capitalize()} on the plate" for name in wanted}
        set_entries(self.shown, entries)
        self.shown.setCurrentIndex(0)
        plates = [line[table.columns.index("plate")] for line in table.rows] if "plate" in table.columns else [""]
        set_entries(self.plate, {name: name for name in dict.fromkeys(plates)})
        self.title.setText(table.path.name)
        self.title.setToolTip(str(table.path))
        self.findings.setPlainText("Looking at the pictures …")
        self.say(HELP)
        self._show()

    def show_check(self, check: TableCheck) -> None:
        """Say what is wrong with the table as it is now."""
        if self.lines is not None:
            self.lines.show_pictures(check.pictures)
        said = [f"✖ {text}" for text in check.problems] + [f"⚠ {text}" for text in check.warnings]
        self.findings.setPlainText(in_window_terms("\n".join(said)) or "✔ Everything fits the pictures.")

    def say(self, text: str) -> None:
        """Say what was done."""
        self.state.setText(text)

    def _show(self) -> None:
        if self.lines is None:
            return
        shown = self.shown.currentData() or LINES
        is_list = shown == LINES
        names = self.lines.table.columns
        model = self.lines if is_list else PlateModel(self.lines, names.index(shown), self.plate.currentData() or "")
        before = self.sheet.model()
        self.sheet.setModel(model)
        if isinstance(before, PlateModel):
            before.deleteLater()
        self.plate.setVisible(not is_list and self.plate.count() > 1)
        self.remove.setVisible(is_list)
        header = self.sheet.horizontalHeader()
        if is_list:
            header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
            self.sheet.resizeColumnsToContents()
            for n, name in enumerate(names):
                least = 140 if name in ("treatment", "file") else 80
                self.sheet.setColumnWidth(n, min(320, max(least, self.sheet.columnWidth(n))))
        else:
            header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
            header.setMinimumSectionSize(36)

    def _remove(self) -> None:
        block = self.sheet.selected()
        if self.lines is None or block is None:
            self.say("Select the lines to take away.")
            return
        self.lines.remove(range(block.top, block.bottom + 1))
        self.say(f"{block.height} lines taken away.")

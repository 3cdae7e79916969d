"""Step 1: what to count, a layer of the viewer or a folder with its layout, or results to go on with."""

from __future__ import annotations

import os
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QLabel,
    QRadioButton,
    QSizePolicy,
    QWidget,
)

from osteocount.errors import OsteoCountError
from osteocount.io.result_folder import RUN_RECORD
from osteocount.napari.views.absorbance_view import AbsorbanceView
from osteocount.napari.views.path_edit import PathEdit
from osteocount.napari.views.widgets import (
    CollapsibleSection,
    MessageView,
    button,
    column,
    plain_label,
    row,
    set_entries,
)
from osteocount.pipeline import RunRequest
from osteocount.plate.picture_files import PICTURE_SUFFIXES
from osteocount.plate.treatment_table import layout_in
from osteocount.settings import Settings

LAYOUT_FILTER = "Layouts and sample sheets (*.csv *.xlsx *.xlsm *.toml *.tsv *.txt);;All files (*)"
PICTURE_FILTER = f"Pictures ({' '.join(f'*{suffix}' for suffix in PICTURE_SUFFIXES)});;All files (*)"
RESULTS_SUFFIX = "_osteocount"  # of the folder beside the pictures that results go to unless another is chosen
IF_PRESENT = {
    "refuse": "stop and tell me",
    "resume": "finish the earlier run",
    "overwrite": "replace the earlier run",
}
RECENT = "Recent…"
MOST_NOTES = 4  # that fit below the table; step 2 and the report have them all
DROP = "Drop a folder of pictures here, or a picture, or results"


class DropView(QFrame):
    """A place to drop a folder or a file on, with buttons for those who look for them, and what was opened last.

    Signals
    -------
    dropped
        A folder or a file that was dropped or chosen.
    sample_requested
        A plate to try everything on is wanted.
    """

    dropped = Signal(Path)
    sample_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setObjectName("drop")
        self.setStyleSheet("#drop { border: 1px dashed gray; border-radius: 4px; }")
        hint = QLabel(DROP)
        hint.setWordWrap(True)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.recent = QComboBox()
        self.recent.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.recent.setToolTip("What you opened last")
        self.recent.activated.connect(self._on_recent)
        buttons = row(
            button("Folder…", "Open a folder of pictures, or of results", self._ask_folder),
            button("Picture…", "Whole wells of any size open at once; only what you look at is read", self._ask_file),
            button("Sample", "A simulated plate to try everything on", self.sample_requested),
        )
        column(self, hint, buttons, self.recent, spacing=4).setContentsMargins(8, 6, 8, 6)
        self.show_recent([])

    def show_recent(self, paths: list[Path]) -> None:
        """Offer what was opened last."""
        names = {str(path): f"{path.name}   ({path.parent})" for path in paths}
        set_entries(self.recent, {"": RECENT, **names})
        self.recent.setCurrentIndex(0)
        self.recent.setEnabled(bool(paths))

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802  Qt's name
        """Take files and folders."""
        if event is not None and _first_path(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802  Qt's name
        """Open the first of what was dropped."""
        path = None if event is None else _first_path(event)
        if event is not None and path is not None:
            event.acceptProposedAction()
            self.dropped.emit(path)

    def _on_recent(self, n: int) -> None:
        if n > 0:
            self.dropped.emit(Path(self.recent.itemData(n)))
            self.recent.setCurrentIndex(0)

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "A folder of pictures, or of results")
        if path:
            self.dropped.emit(Path(path))

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a picture", "", PICTURE_FILTER)
        if path:
            self.dropped.emit(Path(path))


class SourceView(QWidget):
    """Layer or folder.

    Signals
    -------
    dropped
        A folder or a file that was dropped or chosen.
    sample_requested
        A plate to try everything on is wanted.
    layer_chosen
        Name of the image layer picked in the list.
    results_requested
        The results of an earlier count are to be opened.
    count_requested
        What to count is chosen; on to the next step.
    changed
        Something else would be counted now.
    table_requested
        The table of treatments is to be made or edited.
    """

    dropped = Signal(Path)
    sample_requested = Signal()
    layer_chosen = Signal(str)
    results_requested = Signal()
    count_requested = Signal()
    changed = Signal()
    table_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.drop = DropView()
        self.drop.dropped.connect(self.dropped)
        self.drop.sample_requested.connect(self.sample_requested)
        self.of_layer = QRadioButton("Picture in the viewer")
        self.of_folder = QRadioButton("Folder of pictures (a plate, dishes, slides)")
        self.of_results = QRadioButton("Results of an earlier count")
        self.layers = QComboBox()
        self.layers.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.layers.setToolTip("The image layer to count. Files are read again at full depth, as the command does.")
        self.layers.textActivated.connect(self.layer_chosen)
        self._folder_form = self._make_folder_form()
        self._results_form = self._make_results_form()
        self.go_on = button("Go on to 2 Count", "", self.count_requested)
        column(
            self, self.drop, self.of_layer, self.layers, self.of_folder, self._folder_form, self.of_results,
            self._results_form, self.go_on, spacing=4,
        )  # fmt: skip
        for choice in (self.of_folder, self.of_results):
            choice.toggled.connect(self._show_forms)
            choice.toggled.connect(self.changed)
        self.of_layer.setChecked(True)
        self._show_forms()

    def set_layers(self, names: list[str], current: str) -> None:
        """List the image layers and mark ``current``; without one the earlier choice stays."""
        current = current or self.layers.currentText()
        self.layers.clear()
        self.layers.addItems(names or ["open or drop a picture first"])
        self.layers.setEnabled(bool(names))
        if current in names:
            self.layers.setCurrentText(current)
        self.changed.emit()

    def wants_folder(self) -> bool:
        """Return True when a folder is to be counted."""
        return bool(self.of_folder.isChecked())

    def layer(self) -> str:
        """Name of the layer to count.

        Raises
        ------
        OsteoCountError
            There is no picture in the viewer.
        """
        if not self.layers.isEnabled():
            raise OsteoCountError(
                "There is no picture to count. Open one (File > Open), or try File > Open Sample > OsteoCount."
            )
        return str(self.layers.currentText())

    def folder(self, settings: Settings) -> RunRequest:
        """Folder to count, with these settings.

        Raises
        ------
        OsteoCountError
            No folder was given, or it does not exist.
        """
        source = self.pictures.path()
        if source is None or not os.path.exists(source):  # noqa: PTH110  of any text, also one too long for a path
            raise OsteoCountError(f"{source or 'Folder of pictures'}: there is no such folder. Choose one with '…'.")
        if (source / RUN_RECORD).is_file():
            raise OsteoCountError(f"{source} holds results, no pictures. Open it as “Results of an earlier count”.")
        if source.resolve().parent == source.resolve():
            raise OsteoCountError(f"{source} is a whole disk. Choose the folder of the pictures with '…'.")
        out = self.results.path() or beside(source)
        return RunRequest(
            source, out, settings, self.plate_layout.path(), if_present=self.if_present.currentData(),
            readers=self.absorbance.inputs(),
        )  # fmt: skip

    def show_path(self, path: Path) -> None:
        """Choose a folder: of results, or of pictures to count, with the layout that lies in it."""
        is_result = (path / RUN_RECORD).is_file()
        (self.of_results if is_result else self.of_folder).setChecked(True)
        if is_result:
            self.earlier.edit.setText(str(path))
            return
        self.pictures.edit.setText(str(path))
        self.results.edit.clear()
        layout = layout_in(path)
        self.plate_layout.edit.setText(str(layout) if layout else "")

    def show_findings(self, known: str, notes: tuple[str, ...] = ()) -> None:
        """Say what is known of the folder and its table before it is counted."""
        self.known.setText(known)
        self.known.setVisible(bool(known))
        self.findings.show_notes(notes[:MOST_NOTES])

    def show_problem(self, text: str) -> None:
        """Say why the folder cannot be counted like this."""
        self.show_findings("")
        self.findings.show_problem(text)

    def earlier_results(self) -> tuple[Path, Path | None]:
        """Results of an earlier count, and the folder of its pictures where it was given.

        Raises
        ------
        OsteoCountError
            No folder was given, or it does not exist.
        """
        results = self.earlier.path()
        if results is None or not os.path.isdir(results):  # noqa: PTH112  of any text
            raise OsteoCountError(f"{results or 'Result folder'}: there is no such folder. Choose one with '…'.")
        return results, self.earlier_pictures.path()

    def _make_folder_form(self) -> QWidget:
        self.pictures = PathEdit("Folder of pictures")
        self.plate_layout = PathEdit("Layout or sample sheet", "none: nothing is compared", file_filter=LAYOUT_FILTER)
        self.table = button(
            "", "Say what was done to each well or picture: treatment, dose, donor. Paste it from Excel, or fill it in",
            self.table_requested,
        )  # fmt: skip
        self.results = PathEdit("Result folder")
        self.known, self.findings = plain_label(), MessageView()
        self.pictures.changed.connect(self._suggest_results)
        self.plate_layout.changed.connect(self._name_table)
        self.absorbance = AbsorbanceView()
        for field in (self.pictures, self.plate_layout, self.absorbance):
            field.changed.connect(self.changed)
        self.if_present = QComboBox()
        set_entries(self.if_present, IF_PRESENT)
        self.if_present.setToolTip("What to do when the result folder already holds a run")
        self._name_table()
        return _form(
            ("Pictures", self.pictures), ("Treatments", self.plate_layout), ("", self.table),
            (CollapsibleSection("Absorbance of the same plate", self.absorbance),),
            (self.known,), (self.findings,), ("Results", self.results), ("If present", self.if_present),
        )  # fmt: skip

    def _name_table(self) -> None:
        self.table.setText("Look at and edit the table…" if self.plate_layout.path() else "Make a table…")

    def _suggest_results(self) -> None:
        source = self.pictures.path()
        has_name = source is not None and source.name not in ("", "..")
        self.results.edit.setPlaceholderText(str(beside(source)) if source is not None and has_name else "")

    def _make_results_form(self) -> QWidget:
        self.earlier = PathEdit("Result folder")
        self.earlier_pictures = PathEdit("Folder of its pictures", "found by itself beside")
        self.open_earlier = button(
            "Open and correct", "Open the plate with its corrections and go on correcting", self.results_requested
        )
        return _form(("Results", self.earlier), ("Pictures", self.earlier_pictures), (self.open_earlier,))

    def _show_forms(self) -> None:
        self._folder_form.setVisible(self.of_folder.isChecked())
        self._results_form.setVisible(self.of_results.isChecked())
        self.layers.setVisible(self.of_layer.isChecked())
        self.go_on.setVisible(not self.of_results.isChecked())


def beside(source: Path) -> Path:
    """Return where the results of ``source`` go: beside the pictures.

    Never among them, where a next run would take them for pictures.
    """
    source = source if source.name not in ("", "..") else source.resolve()
    is_folder = os.path.isdir(source)  # noqa: PTH112  of any text that is being typed
    return source.with_name((source.name if is_folder else source.stem) + RESULTS_SUFFIX)


def _form(*rows: tuple[str, QWidget] | tuple[QWidget]) -> QWidget:
    """Return widgets under each other, each with its title or across the whole width."""
    body = QWidget()
    form = QFormLayout(body)
    form.setContentsMargins(12, 0, 0, 0)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for row_ in rows:
        form.addRow(*row_)
    return body


def _first_path(event: QDragEnterEvent | QDropEvent) -> Path | None:
    """Return the first file or folder of what is dragged."""
    data = event.mimeData()
    files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data is not None else []
    return Path(files[0]) if files else None

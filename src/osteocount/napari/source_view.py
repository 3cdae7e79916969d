"""What to count: a layer of the viewer, or a folder with its layout."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from osteocount.errors import OsteoCountError
from osteocount.napari.jobs import FolderRequest

LAYOUT_FILTER = "Layouts (*.csv *.xlsx *.xlsm *.toml *.tsv *.txt);;All files (*)"
IF_PRESENT = (
    ("refuse", "stop and tell me"),
    ("resume", "finish the earlier run"),
    ("overwrite", "replace the earlier run"),
)


class PathEdit(QWidget):
    """A path to type, or to choose with the button."""

    changed = Signal()

    def __init__(self, title: str, *, file_filter: str | None = None) -> None:
        super().__init__()
        self._title = title
        self._filter = file_filter
        self.edit = QLineEdit()
        self.edit.textChanged.connect(self.changed)
        button = QToolButton()
        button.setText("…")
        button.setToolTip(title)
        button.clicked.connect(self._ask)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.edit)
        layout.addWidget(button)

    def path(self) -> Path | None:
        """Return the path, or None when empty."""
        text = self.edit.text().strip()
        return Path(text).expanduser() if text else None

    def _ask(self) -> None:
        if self._filter is None:
            path = QFileDialog.getExistingDirectory(self, self._title)
        else:
            path, _ = QFileDialog.getOpenFileName(self, self._title, "", self._filter)
        if path:
            self.edit.setText(path)


class SourceView(QWidget):
    """Layer or folder.

    Signals
    -------
    layer_chosen
        Name of the image layer picked in the list.
    """

    layer_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.of_layer = QRadioButton("Picture in the viewer")
        self.of_folder = QRadioButton("Folder of pictures")
        self.layers = QComboBox()
        self.layers.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.layers.setToolTip("The image layer to count. Files are read again at full depth, as the command does.")
        self.layers.textActivated.connect(self.layer_chosen)
        self._folder_form = self._make_folder_form()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.of_layer, self.layers, self.of_folder, self._folder_form):
            layout.addWidget(widget)
        self.of_folder.toggled.connect(self._show_folder)
        self.of_layer.setChecked(True)
        self._show_folder(False)

    def set_layers(self, names: list[str], current: str) -> None:
        """List the image layers and mark ``current``; without one the earlier choice stays."""
        current = current or self.layers.currentText()
        self.layers.clear()
        self.layers.addItems(names or ["open or drop a picture first"])
        self.layers.setEnabled(bool(names))
        if current in names:
            self.layers.setCurrentText(current)

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

    def folder(self) -> FolderRequest:
        """Folder to count.

        Raises
        ------
        OsteoCountError
            No folder was given, or it does not exist.
        """
        source = self.pictures.path()
        if source is None or not source.is_dir():
            raise OsteoCountError(f"{source or 'Folder of pictures'}: there is no such folder. Choose one with '…'.")
        out = self.results.path() or _beside(source)
        return FolderRequest(source, out, self.plate_layout.path(), self.if_present.currentData())

    def _make_folder_form(self) -> QWidget:
        self.pictures = PathEdit("Folder of pictures")
        self.plate_layout = PathEdit("Plate layout", file_filter=LAYOUT_FILTER)
        self.plate_layout.edit.setPlaceholderText("optional: csv, xlsx")
        self.results = PathEdit("Result folder")
        self.pictures.changed.connect(self._suggest_results)
        self.if_present = QComboBox()
        for value, text in IF_PRESENT:
            self.if_present.addItem(text, value)
        self.if_present.setToolTip("What to do when the result folder already holds a run")
        body = QWidget()
        form = QFormLayout(body)
        form.setContentsMargins(12, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, widget in (
            ("Pictures", self.pictures),
            ("Layout", self.plate_layout),
            ("Results", self.results),
            ("If present", self.if_present),
        ):
            form.addRow(QLabel(text), widget)
        return body

    def _suggest_results(self) -> None:
        source = self.pictures.path()
        self.results.edit.setPlaceholderText("" if source is None else str(_beside(source)))

    def _show_folder(self, shown: bool) -> None:
        self._folder_form.setVisible(shown)
        self.layers.setVisible(not shown)


def _beside(source: Path) -> Path:
    """Results go beside the pictures, never among them, where a next run would take them for pictures."""
    return source.with_name(f"{source.name}_osteocount")

"""The settings panel: made from the settings model, so that a new setting appears here by itself."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from osteocount.errors import OsteoCountError
from osteocount.napari.views.editors import Editor, WheelGuard, editor_for
from osteocount.napari.views.widgets import CollapsibleSection, button, row
from osteocount.settings import Settings, describe_invalid, help_text, unit_of

FILE_FILTER = "Settings (*.toml)"


class SettingsView(QWidget):
    """All settings, with reset, load and save.

    Signals
    -------
    changed
        A setting was edited.
    load_requested, save_requested
        The path of a settings file.
    """

    changed = Signal()
    load_requested = Signal(Path)
    save_requested = Signal(Path)

    def __init__(self) -> None:
        super().__init__()
        self.editors: dict[tuple[str, str], Editor] = {}
        self._guard = WheelGuard(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 0, 0, 0)
        layout.setSpacing(4)
        for section, about in Settings.model_fields.items():
            layout.addWidget(CollapsibleSection(str(about.title), self._form(section)))
        layout.addLayout(self._buttons())
        self.set_settings(Settings())

    def settings(self) -> Settings:
        """Return what the panel shows.

        Raises
        ------
        OsteoCountError
            A value is not allowed; all of them are named.
        """
        values: dict[str, dict[str, Any]] = {}
        for (section, name), editor in self.editors.items():
            values.setdefault(section, {})[name] = editor.value()
        try:
            return Settings.model_validate(values)
        except ValidationError as error:
            raise OsteoCountError(describe_invalid(error)) from error

    def set_settings(self, settings: Settings) -> None:
        """Show ``settings``."""
        for (section, name), editor in self.editors.items():
            editor.set_value(getattr(getattr(settings, section), name))

    def pixel_size_text(self) -> str:
        """Return the pixel size as it stands in its field."""
        return str(self._pixel_size().text())

    def type_pixel_size(self, text: str) -> None:
        """Put another pixel size into its field."""
        if self._pixel_size().text() != text:
            self._pixel_size().setText(text)

    def use_model(self, path: Path) -> None:
        """Put a network of the lab into its field."""
        self.editors["segment", "model"].set_value(str(path))
        self.changed.emit()

    def _pixel_size(self) -> QLineEdit:
        line = self.editors["picture", "pixel_size"].widget
        assert isinstance(line, QLineEdit)  # noqa: S101  as numbers that may be missing are
        return line

    def _form(self, section: str) -> QWidget:
        body = QWidget()
        form = QFormLayout(body)
        form.setContentsMargins(12, 2, 0, 6)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        model = Settings.model_fields[section].annotation
        for name, info in model.model_fields.items():  # type: ignore[union-attr]
            editor = editor_for(info)
            unit = unit_of(info)
            label = QLabel(f"{info.title} ({unit})" if unit else str(info.title))
            for widget in (label, editor.widget):
                widget.setToolTip(wrapped(help_text(info)))
            editor.widget.setAccessibleName(str(info.title))
            editor.changed.connect(self.changed)
            self._guard.guard(editor.widget)
            self.editors[section, name] = editor
            form.addRow(label, editor.widget)
        return body

    def _buttons(self) -> QHBoxLayout:
        return row(
            button("Reset", "All settings back to their defaults", lambda: self.set_settings(Settings())),
            button("Load…", "Read a settings file, as `osteocount run --settings` takes it", self._ask_load),
            button("Save…", "Write a settings file for the command and for other computers", self._ask_save),
        )

    def _ask_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load settings", "", FILE_FILTER)
        if path:
            self.load_requested.emit(Path(path))

    def _ask_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save settings", "osteocount.toml", FILE_FILTER)
        if path:
            self.save_requested.emit(Path(path))


def wrapped(text: str) -> str:
    """Make Qt break a long tooltip into lines, which it does for rich text only."""
    return f"<qt>{escape(text, quote=False)}</qt>"

"""Exports of a plate reader for the plate that is counted."""

from __future__ import annotations

import os

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QLineEdit, QWidget

from osteocount.errors import OsteoCountError
from osteocount.napari.views.path_edit import PathEdit
from osteocount.pipeline import AbsorbanceInput
from osteocount.pipeline.absorbance import ABSORBANCE_ROLES

EXPORT_FILTER = "Exports of plate readers (*.txt *.csv *.tsv *.xlsx *.xls *.xpt *.asc);;All files (*)"
TITLES = {"trap_activity": "TRAP activity", "viability": "Viability"}
"""What may have been measured, and how it is called here."""


class AbsorbanceView(QWidget):
    """An export for each thing that can be measured.

    Signals
    -------
    changed
        Another export, or another block of it.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        form = QFormLayout(self)
        form.setContentsMargins(12, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.exports = {
            role: PathEdit(f"{TITLES[role]}: export of the plate reader", "none", file_filter=EXPORT_FILTER)
            for role in ABSORBANCE_ROLES
        }
        for role, edit in self.exports.items():
            form.addRow(TITLES[role], edit)
            edit.changed.connect(self.changed)
        self.block = QLineEdit()
        self.block.setPlaceholderText("only where a file holds several")
        self.block.setToolTip("Name or number of the reading in the export; what there is, is said where it is needed")
        self.block.textChanged.connect(self.changed)
        form.addRow("Reading", self.block)

    def inputs(self) -> tuple[AbsorbanceInput, ...]:
        """Return the exports that were chosen.

        Raises
        ------
        OsteoCountError
            One of them is not there.
        """
        chosen = {role: path for role, edit in self.exports.items() if (path := edit.path()) is not None}
        missing = [path for path in chosen.values() if not os.path.isfile(path)]  # noqa: PTH113  of any text
        if missing:
            raise OsteoCountError(f"{missing[0]}: there is no such export of a plate reader. Choose one with '…'.")
        block = self.block.text().strip() or None
        return tuple(AbsorbanceInput(path, role, block) for role, path in chosen.items())

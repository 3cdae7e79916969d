"""The table of treatments of a folder: made, edited, checked in a worker while it is edited, saved and used."""

from __future__ import annotations

from collections.abc import Callable, Generator
from copy import deepcopy
from functools import partial
from pathlib import Path
from threading import Event

from qtpy.QtCore import QObject, QTimer, Signal

from osteocount.errors import OsteoCountError
from osteocount.napari.messages import error_message
from osteocount.napari.views.treatments_view import TreatmentsView
from osteocount.napari.worker import Jobs
from osteocount.pipeline import Progress
from osteocount.plate.treatment_table import TableCheck, TreatmentTable, check_table, open_table, start_table

CHECK_MS = 500
"""A table is checked this long after the last edit."""


class TreatmentsController(QObject):
    """Tables of treatments; those with changes that are not saved are kept until napari ends.

    Signals
    -------
    opened
        A table is shown.
    saved
        The file of a table, which is to be counted with.
    problem
        A sentence for the person.
    """

    opened = Signal()
    saved = Signal(Path)
    problem = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view = TreatmentsView()
        self.table: TreatmentTable | None = None
        self._source = Path()
        self._kept: dict[tuple[Path, Path | None], TreatmentTable] = {}
        self._jobs = Jobs(self)
        self._jobs.failed.connect(self.problem)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(CHECK_MS)
        self._timer.timeout.connect(self._check)
        self.view.edited.connect(self._timer.start)
        self.view.save_requested.connect(self.save)

    def open(self, source: Path, file: Path | None) -> None:
        """Show the table of a folder: that of ``file``, or a new one."""
        kept = self._kept.get((source, file))
        if kept is not None and kept.is_touched:
            self._show(source, file, kept)
            return
        self._jobs.start("open", partial(_open, source, file), partial(self._show, source, file))

    def save(self) -> None:
        """Write the table at hand."""
        if self.table is None:
            return
        try:
            self.table.save()
        except (OsteoCountError, OSError) as error:
            self.problem.emit(error_message(error))
            return
        self.view.say(f"Saved in {self.table.path.name}, and counted with.")
        self._kept[self._source, self.table.path] = self.table
        self.saved.emit(self.table.path)

    def is_unsaved(self, source: Path) -> bool:
        """Tell whether the table at hand is that of ``source`` and has changes that a count would not know."""
        table = self.table
        return table is not None and source == self._source and table.is_touched

    def idle(self) -> bool:
        """Return True when everything shown is up to date."""
        return not self._jobs.names() and not self._timer.isActive()

    def stop(self) -> None:
        """Leave nothing running."""
        self._timer.stop()
        self._jobs.cancel()

    def _show(self, source: Path, file: Path | None, table: TreatmentTable) -> None:
        self.table, self._source = table, source
        self._kept[source, file] = table
        self.view.show_table(table)
        self.opened.emit()
        self._check()

    def _check(self) -> None:
        if self.table is not None:
            job: Callable[[Event], Generator[Progress, None, TableCheck]] = partial(
                _check, deepcopy(self.table), self._source
            )
            self._jobs.start("check", job, self.view.show_check, quiet=True)


def _open(source: Path, file: Path | None, stop: Event) -> Generator[Progress, None, TreatmentTable]:
    yield Progress(0, 0, f"Looking into {source.name}")
    return start_table(source) if file is None else open_table(file, source)


def _check(table: TreatmentTable, source: Path, stop: Event) -> Generator[Progress, None, TableCheck]:
    yield Progress(0, 0, "Checking the table")
    return check_table(table, source)

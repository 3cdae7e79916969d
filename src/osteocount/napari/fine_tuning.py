"""Fine-tuning in the window: in a worker, and used only when the person saved it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from osteocount.errors import OsteoCountError
from osteocount.napari.messages import error_message
from osteocount.napari.views.fine_tune_view import IDLE, FineTuneView
from osteocount.napari.worker import Jobs
from osteocount.pipeline import Progress
from osteocount.settings import Settings

if TYPE_CHECKING:
    from osteocount.finetune.fine_tune import FineTuned

_JOB = "fine-tune"


class FineTuningController(QObject):
    """What the buttons of `FineTuneView` do.

    Parameters
    ----------
    jobs
        Run it in a thread.
    settings
        Gives the settings at hand, by which pictures are read.

    Signals
    -------
    used
        The file of a network that is to count from now on.
    """

    used = Signal(Path)

    def __init__(self, jobs: Jobs, settings: Callable[[], Settings], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view = FineTuneView()
        self._jobs, self._settings = jobs, settings
        self._tuned: FineTuned | None = None
        self.view.folder_chosen.connect(self.start)
        self.view.stop_requested.connect(self.stop)
        self.view.file_chosen.connect(self.use)

    def start(self, folder: Path) -> None:
        """Learn from the annotated pictures of a folder."""
        try:
            settings = self._settings()
        except OsteoCountError as error:
            self.view.show_idle(error_message(error))
            return
        self._tuned = None
        self.view.show_running()

        def job(stop: Event) -> Generator[Progress, None, FineTuned]:
            return _until(stop, folder, settings)

        self._jobs.start(_JOB, job, self._on_tuned, self._on_step, quiet=True, failed=self.view.show_idle)

    def stop(self) -> None:
        """Give it up; nothing was changed."""
        self._jobs.end(_JOB)
        self.view.show_idle(IDLE)

    def use(self, path: Path) -> None:
        """Save the network that was learned, and count with it from now on."""
        if self._tuned is None:
            return
        from osteocount.finetune.fine_tune import save

        try:
            save(self._tuned, path)
        except (OsteoCountError, OSError) as error:
            self.view.show_idle(error_message(error), may_use=True)
            return
        self.view.show_idle(f"Saved in {path}; it is the lab's network in Settings now.")
        self.used.emit(path)

    def _on_step(self, step: Progress) -> None:
        self.view.show_step(step.done, step.total, step.message)

    def _on_tuned(self, tuned: FineTuned) -> None:
        self._tuned = tuned if tuned.is_useful else None
        self.view.show_idle("\n".join([tuned.sentence(), *tuned.notes]), tuned.by_well, may_use=tuned.is_useful)


def _until(stop: Event, folder: Path, settings: Settings) -> Generator[Progress, None, FineTuned]:
    """Fine-tune, step by step; after ``stop`` the next step is the last."""
    from osteocount.finetune.fine_tune import fine_tune

    steps = fine_tune([folder], None, settings)
    while True:
        try:
            at = next(steps)
        except StopIteration as end:
            tuned: FineTuned = end.value
            return tuned
        if stop.is_set():
            steps.close()
            raise OsteoCountError("Stopped.")
        yield at

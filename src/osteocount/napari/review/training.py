"""Training a classifier with the corrections: in a worker, and adopted only when the person agreed to it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from qtpy.QtCore import QObject, Signal

from osteocount.curate.training import TrainedClassifier
from osteocount.errors import OsteoCountError
from osteocount.napari.messages import error_message
from osteocount.napari.views.correct_view import IDLE, TrainView
from osteocount.napari.worker import JobFunction
from osteocount.pipeline import Progress
from osteocount.pipeline.corrections import CLASSIFIER, adopt, dismiss
from osteocount.pipeline.train_classifier import describe_training, train_classifier

Start = Callable[[str, JobFunction, Callable[[Any], None]], None]


class TrainingController(QObject):
    """What the buttons of `TrainView` do.

    Parameters
    ----------
    start
        Runs a job under a name and gives its result to a function, as `Jobs.start` does.

    Signals
    -------
    changed
        Which cells count has changed.
    problem
        A sentence for the person.
    """

    changed = Signal()
    problem = Signal(str)

    def __init__(self, start: Start, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view = TrainView()
        self._start, self._root = start, Path()
        self._trained: TrainedClassifier | None = None
        self.view.requested.connect(self.act)

    def open(self, root: Path) -> None:
        """Learn from the result folder ``root`` from now on."""
        self._root, self._trained = root, None
        self.view.show_words("A classifier of yours judges the cells of this folder." if self._adopted() else IDLE)
        self._show()

    def act(self, what: str) -> None:
        """Train, adopt or dismiss."""
        try:
            if what == "train":
                self._start("train", partial(_train, self._root), self._on_trained)
            elif what == "adopt" and self._trained is not None:
                adopt(self._root, self._trained.classifier)
                self._end("Adopted: it judges the cells of this folder. Save writes the tables with it.")
            elif what == "dismiss":
                dismiss(self._root)
                self._end(IDLE)
        except (OsteoCountError, OSError) as error:
            self.problem.emit(error_message(error))

    def _on_trained(self, trained: TrainedClassifier) -> None:
        self._trained = trained if trained.useful else None
        tables = {name: part.by_well for name, part in trained.parts().items()}
        self.view.show_words(describe_training(trained) + (" Adopt it?" if trained.useful else ""), tables)
        self._show()

    def _end(self, words: str) -> None:
        self._trained = None
        self.view.show_words(words)
        self._show()
        self.changed.emit()

    def _adopted(self) -> bool:
        return (self._root / CLASSIFIER).is_file()

    def _show(self) -> None:
        self.view.show_state(is_open=True, may_adopt=self._trained is not None, is_adopted=self._adopted())


def _train(root: Path, stop: Event) -> Generator[Progress, None, TrainedClassifier]:
    yield Progress(0, 0, "Learning from the corrections")
    return train_classifier(root)

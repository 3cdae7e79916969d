"""Jobs in worker threads, with progress, a result or an error, and a way to stop; and steps of the event loop."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from threading import Event
from typing import Any

from napari.qt.threading import create_worker
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from osteocount.napari.messages import error_message

JobFunction = Callable[[Event], Generator[Any, None, Any]]


class Job(QObject):
    """One function in a worker thread, which napari lists among its tasks.

    Parameters
    ----------
    function
        What to do; it ends early when the event it is given is set.
    on_step, on_result, on_error
        Called in the thread of the window with each `Progress`, with what the function returns, and with an error in
        words. Not called after `cancel`.
    """

    def __init__(
        self,
        function: JobFunction,
        on_step: Callable[[Any], object],
        on_result: Callable[[Any], object],
        on_error: Callable[[str], object],
    ) -> None:
        super().__init__()
        self._function = function
        self._on_step, self._on_result, self._on_error = on_step, on_result, on_error
        self._stop = Event()

    def start(self) -> None:
        """Run in a thread; signals arrive in the thread of the window."""
        worker = create_worker(self._run, _ignore_errors=True, _start_thread=False)
        worker.yielded.connect(self._on_yielded)
        worker.returned.connect(self._on_returned)
        worker.errored.connect(self._on_errored)
        worker.finished.connect(self.deleteLater)
        worker.start()

    def cancel(self) -> None:
        """Forget this job: nothing more is heard of it, and its thread ends when the function looks at the event."""
        self._stop.set()

    def _run(self) -> Generator[Any, None, Any]:
        return (yield from self._function(self._stop))

    def _on_yielded(self, step: object) -> None:
        if not self._stop.is_set():
            self._on_step(step)

    def _on_returned(self, result: object) -> None:
        if not self._stop.is_set():
            self._on_result(result)

    def _on_errored(self, error: Exception) -> None:
        if not self._stop.is_set():
            self._on_error(error_message(error))


class StepQueue(QObject):
    """Steps that need the GUI thread, as all that touches layers does: one in each turn of the event loop.

    Between two of them the window paints and hears the mouse, so that none holds it up for long.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[Callable[[], object]] = []

    def start(self, steps: Iterable[Callable[[], object]]) -> None:
        """Do ``steps`` in order, in place of what is still waiting of an earlier start."""
        busy = bool(self._waiting)
        self._waiting = list(steps)
        if not busy:
            QTimer.singleShot(0, self._next)

    def running(self) -> bool:
        """Return True while steps are waiting."""
        return bool(self._waiting)

    def stop(self) -> None:
        """Forget what is waiting."""
        self._waiting = []

    def _next(self) -> None:
        if isalive(self) and self._waiting:
            step = self._waiting.pop(0)
            if self._waiting:
                QTimer.singleShot(0, self._next)
            step()


class Jobs(QObject):
    """Jobs by name: starting one cancels the earlier one of its name.

    Signals
    -------
    busy
        What is going on; empty: nothing.
    failed
        An error in words.
    """

    busy = Signal(str)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: dict[str, Job] = {}

    def start(
        self,
        name: str,
        function: JobFunction,
        then: Callable[[Any], object],
        step: Callable[[Any], object] | None = None,
        *,
        quiet: bool = False,
        failed: Callable[[str], object] | None = None,
    ) -> None:
        """Run ``function``; ``then`` gets its result, ``step`` its progress; of a ``quiet`` one nothing is said.

        An error in words goes to ``failed``, by default the signal.
        """
        self.end(name)

        def end(hear: Callable[[Any], object], result: Any) -> None:
            if not isalive(self):  # Qt deleted this with the window, and the thread ended after it
                return
            self._running.pop(name, None)
            if not quiet:
                self.busy.emit("")
            hear(result)

        def go_on(at: Any) -> None:
            if isalive(self) and not quiet:
                self.busy.emit(at.message)
            if isalive(self) and step is not None:
                step(at)

        self._running[name] = Job(function, go_on, partial(end, then), partial(end, failed or self.failed.emit))
        self._running[name].start()

    def end(self, name: str) -> None:
        """Forget one job, if it is running."""
        if name in self._running:
            self._running.pop(name).cancel()

    def names(self) -> tuple[str, ...]:
        """Names of what is running."""
        return tuple(self._running)

    def cancel(self) -> None:
        """Forget everything that is running."""
        for job in self._running.values():
            job.cancel()
        self._running.clear()

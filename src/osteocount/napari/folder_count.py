"""Counting a folder in a process of its own, so that it can be ended at any moment and napari stays quick."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Generator
from dataclasses import replace
from queue import Empty, Queue
from threading import Event
from typing import IO, Any

from osteocount.errors import OsteoCountError
from osteocount.pipeline import Outcome, Progress, RunRequest, run_steps
from osteocount.pipeline.analysis import cores
from osteocount.pipeline.limits import Limits

POLL_S = 0.1
"""How often it is looked whether somebody has pressed Cancel."""
MOST_WORKERS = 4  # each needs up to a gigabyte for a large picture
_STEP, _END, _ERROR, _GONE = range(4)


def count_folder(request: RunRequest, stop: Event) -> Generator[Progress, None, Outcome | None]:
    """Count a folder as the command does; None when ``stop`` was set, finished pictures stay for a resumed run.

    Raises
    ------
    OsteoCountError
        Nothing could be done, or the process that counted was ended by the system.
    """
    yield Progress(0, 0, f"Counting {request.source.name}; the first picture takes longest")
    said: Queue[tuple[int, Any]] = Queue()
    # A picture that fills the memory would take the window with it, and what is not saved there.
    limits = replace(Limits.given(None, None), even_alone=True)
    process = _start(replace(request, workers=_workers(), limits=limits))
    threading.Thread(target=_listen, args=(process, said), daemon=True).start()
    try:
        while not stop.is_set():
            try:
                kind, what = said.get(timeout=POLL_S)
            except Empty:
                continue
            if kind == _STEP:
                yield what
            elif kind == _END:
                outcome: Outcome = what
                return outcome
            else:
                raise _ended(process.wait()) if kind == _GONE else what
    finally:
        process.kill()
        process.wait()
        for end in (process.stdin, process.stdout):
            if end is not None:
                end.close()
    return None


def serve() -> None:
    """Count what stdin asks for and send every step, the outcome or the error to stdout; for `count_folder`."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between
    request = pickle.load(sys.stdin.buffer)  # noqa: S301  from our own parent
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        message: tuple[int, Any] = _END, _steps(request, out)
    except Exception as error:  # the window tells the person, whatever it is
        message = _ERROR, error if isinstance(error, (OsteoCountError, OSError, MemoryError)) else _plain(error)
    _send(message, out)


def _start(request: RunRequest) -> subprocess.Popen[bytes]:
    """Start a fresh interpreter. multiprocessing would run the script anew that napari was started from."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()"
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # of Windows
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, creationflags=flags
    )
    assert process.stdin is not None  # noqa: S101  a pipe was asked for
    pickle.dump(request, process.stdin)
    process.stdin.flush()
    return process


def _listen(process: subprocess.Popen[bytes], said: Queue[tuple[int, Any]]) -> None:
    assert process.stdout is not None  # noqa: S101  a pipe was asked for
    try:
        while True:
            said.put(pickle.load(process.stdout))  # noqa: S301  from our own child
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):  # it has ended, or was ended in the middle
        said.put((_GONE, None))


def _workers() -> int:
    """Return how many pictures are counted at a time; what is found does not depend on it."""
    return max(1, min(MOST_WORKERS, cores() // 2))


def _ended(code: int) -> OsteoCountError:
    return OsteoCountError(
        f"The count was ended by the system (code {code}), most often for lack of memory. What is finished stays; "
        "close other programs and count again with “finish the earlier run”."
    )


def _end_with_parent() -> None:
    """End at once when napari does; workers end with this process."""
    while sys.stdin.buffer.read(1):
        pass
    os._exit(1)


def _steps(request: RunRequest, out: IO[bytes]) -> Outcome:
    steps = run_steps(request)
    while True:
        try:
            _send((_STEP, next(steps)), out)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome


def _send(message: tuple[int, Any], out: IO[bytes]) -> None:
    pickle.dump(message, out)
    out.flush()


def _plain(error: Exception) -> Exception:
    """Return an error that another process can be sent, whatever the first one carries."""
    return RuntimeError(f"{type(error).__name__}: {error}")

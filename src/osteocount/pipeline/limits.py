"""What one picture may take, and all at work together: a picture that takes more is named, the others are done."""

from __future__ import annotations

import math
import os
import signal
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

_MINUTES = 120.0
_SHARE = 0.8
"""Of the machine's memory; both defaults are judgements: a gigapixel well takes half an hour on two busy cores."""


@dataclass(frozen=True)
class Limits:
    """Bounds for one picture in a process of its own.

    Attributes
    ----------
    minutes
        Of wall-clock time.
    memory_gb
        Of memory that its process holds, in 10⁹ bytes.
    together_gb
        Of memory that all processes hold; what was at work when they took more is done anew, one by one.
    even_alone
        Whether they hold for a picture that is alone, too: its process of its own takes a second to start.
    """

    minutes: float
    memory_gb: float
    together_gb: float = math.inf
    even_alone: bool = False

    @classmethod
    def given(cls, minutes: float | None, memory_gb: float | None) -> Limits:
        """Return the limits a person asked for; what was left out is two hours, four fifths of the machine's memory."""
        import psutil

        most = _SHARE * psutil.virtual_memory().total / 1e9
        is_asked = minutes is not None or memory_gb is not None
        return cls(minutes or _MINUTES, memory_gb or most, most, even_alone=is_asked)

    def exceeded(self, seconds: float, held_bytes: float) -> str:
        """Say what a picture took too much of, "" when it did not."""
        if held_bytes > self.memory_gb * 1e9:
            return (
                f"more than {self.memory_gb:.3g} GB of memory, and was given up; other pictures are done. Go on with "
                "--resume and a larger --picture-memory, where this machine has no more on another one."
            )
        if seconds > self.minutes * 60:
            return (
                f"more than {self.minutes:.3g} minutes, and was given up; other pictures are done. Go on with --resume "
                "and a larger --picture-minutes."
            )
        return ""


class Watchdog:
    """Looks at the processes that work on pictures, and ends one whose picture takes too much.

    Parameters
    ----------
    limits
        What one picture may take; None: whatever it likes.
    begun
        Here every process says its own number and that of the picture it begins.
    """

    def __init__(self, limits: Limits | None, begun: Connection) -> None:
        self._limits, self._begun = limits, begun
        self._at_work: dict[int, tuple[int, float]] = {}

    def check(self) -> tuple[int, str] | None:
        """End the first process that takes too much; give the number of its picture, and what it took.

        Where none does, but all together do, the largest is ended without a word: its picture may be done alone.
        """
        while self._begun.poll():
            process, number = self._begun.recv()
            self._at_work[process] = number, time.monotonic()
        if self._limits is None:
            return None
        held = {process: _held(process) for process in self._at_work}
        for process, (number, since) in self._at_work.items():
            if said := self._limits.exceeded(time.monotonic() - since, held[process]):
                _end(process)
                return number, said
        if len(held) > 1 and sum(held.values()) > self._limits.together_gb * 1e9:
            _end(max(held, key=lambda process: held[process]))
        return None

    def done(self, number: int) -> None:
        """Take note that a picture is done."""
        self._at_work = {process: at for process, at in self._at_work.items() if at[0] != number}


def _end(process: int) -> None:
    os.kill(process, getattr(signal, "SIGKILL", signal.SIGTERM))


def _held(process: int) -> float:
    """Bytes of memory that a process holds for itself alone where the system tells; 0 for one that has ended."""
    import psutil

    try:
        memory = psutil.Process(process).memory_info()
    except psutil.Error:
        return 0.0
    return float(memory.rss - getattr(memory, "shared", 0))

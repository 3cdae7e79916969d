"""How long the rest of a count will take, by how long its last steps took."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

QUICK_S = 0.2
"""A picture that takes less was finished by an earlier run, and says nothing of the others."""
STEPS = 8  # that the pace is taken from


class RemainingTime:
    """A clock that is told every step.

    Parameters
    ----------
    now
        Seconds since some moment.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._steps: deque[tuple[float, int]] = deque(maxlen=STEPS)
        self.start()

    def start(self) -> None:
        """Begin with a count."""
        self._steps.clear()
        self._steps.append((self._now(), 0))

    def after(self, done: int, total: int) -> str:
        """Say how long the rest takes, "" while nobody can know."""
        before, had = self._steps[-1]
        if done > had:
            now = self._now()
            if len(self._steps) == 1 and (now - before) / (done - had) < QUICK_S:
                self._steps.clear()
            self._steps.append((now, done))
        (first, start), (last, end) = self._steps[0], self._steps[-1]
        return "" if end == start or done >= total else in_words((last - first) / (end - start) * (total - done))


def in_words(seconds: float) -> str:
    """Say a duration as people would."""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} s left"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.0f} h left"

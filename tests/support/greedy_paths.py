"""Paths that take for ever, or all the memory, in the process that works on them."""

from __future__ import annotations

import time
from pathlib import Path


class Endless(type(Path())):
    """Looking at it never ends, as a picture that nobody foresaw."""

    def is_dir(self, **_):
        time.sleep(3600)


class Greedy(type(Path())):
    """Looking at it takes 0.8 GB and never ends."""

    def is_dir(self, **_):
        held = b"\1" * 800_000_000
        time.sleep(3600)
        return bool(held)

"""Natural order: 2 before 10."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=100_000)  # a plate is sorted by the same few names again and again
def natural_key(text: str) -> tuple[tuple[int, str], ...]:
    """Sort key in which field 2 comes before field 10: texts and whole numbers in turn."""
    return tuple((int(run), "") if run.isdecimal() else (-1, run) for run in re.split(r"(\d+)", text))


def natural_name_key(name: str) -> tuple[tuple[float, str], ...]:
    """Sort key of names given by people: case does not matter, and 0.5 is one number."""
    runs = re.split(r"(\d+(?:\.\d+)?)", name.casefold())
    return tuple((float(run), "") if n % 2 else (-1.0, run) for n, run in enumerate(runs) if run)

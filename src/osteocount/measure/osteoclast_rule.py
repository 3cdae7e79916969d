"""What makes a cell an osteoclast where its nuclei are seen, and when that is borderline."""

from __future__ import annotations

from typing import Any

BORDERLINE = "borderline"
"""Flag of a cell whose class flips inside the interval of its number of nuclei."""


def is_osteoclast(n_nuclei: Any, min_nuclei: int) -> Any:
    """Tell whether cells with so many nuclei are osteoclasts; a number, or a column (missing stays missing).

    At least three nuclei is the convention of the field (the setting's default); at low power, where no nucleus is
    seen, cells are called by size (`osteocount.segment.regimes.low_power`).
    """
    return n_nuclei >= min_nuclei


def is_borderline(low: Any, high: Any, min_nuclei: int) -> Any:
    """Tell whether the class flips inside the interval ``low`` to ``high`` of the number of nuclei."""
    return is_osteoclast(low, min_nuclei) != is_osteoclast(high, min_nuclei)


def with_borderline(flags: str, *, borderline: bool) -> str:
    """Return the ";"-joined ``flags`` of a cell with the flag ``borderline`` at their end, or without it."""
    words = [word for word in flags.split(";") if word not in ("", BORDERLINE)]
    return ";".join([*words, *([BORDERLINE] if borderline else [])])

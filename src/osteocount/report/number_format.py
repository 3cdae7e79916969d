"""Numbers as a reader wants them: few digits, units outside, and a dash for what is not known."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, isinf, log10
from typing import Any

import pandas as pd

from osteocount.columns import UNKNOWN, Style
from osteocount.stats.sentences import p_relation


def is_known(value: Any) -> bool:
    """Whether ``value`` is there (not None, NaN, pd.NA or empty)."""
    return not (value is None or value is pd.NA or (isinstance(value, float) and value != value) or value == "")


def whole_number(value: Any) -> str:
    """Whole number with a thin space between thousands."""
    return f"{round(float(value)):,}".replace(",", "\u202f") if is_known(value) else UNKNOWN


def rounded(value: Any, digits: int = 3) -> str:
    """Round to ``digits`` significant figures, never in scientific notation."""
    if not is_known(value):
        return UNKNOWN
    number = float(value)
    if isinf(number):
        return "∞" if number > 0 else "−∞"
    if not number:
        return "0"
    decimals = digits - 1 - floor(log10(abs(number)))
    text = f"{round(number, decimals):.{max(decimals, 0)}f}"
    return text.replace("-", "−")


def p_value(value: Any) -> str:
    """Write a p value with its sign, as every sentence of the statistics does."""
    return p_relation(float(value)) if is_known(value) else UNKNOWN


def plain(value: Any) -> str:
    """Write text as it is and a number with four digits."""
    if not is_known(value):
        return UNKNOWN
    return f"{value:.4g}" if isinstance(value, float) else str(value)


WRITERS: dict[Style, Callable[[Any], str]] = {
    "plain": plain,
    "words": lambda value: plain(value).replace("_", " ").replace(";", ", "),
    "count": whole_number,
    "figure": rounded,
    "general": lambda value: f"{value:g}" if is_known(value) else UNKNOWN,
    "p": lambda value: p_value(value).removeprefix("= "),
}
"""How the values of a column are written, by its style."""


def plural(number: int, noun: str) -> str:
    """Return "1 well", "3 wells"."""
    return f"{whole_number(number)} {noun if number == 1 else noun + 's'}"


def listed(items: list[str], most: int = 12) -> str:
    """Join "A1, A2 and A3"; past ``most`` the rest is a number."""
    if len(items) > most:
        return ", ".join(items[:most]) + f" and {len(items) - most} more"
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1]])) if items else ""

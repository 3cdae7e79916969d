"""Numbers as people and programs write them: which mark is the decimal one, and what the number then is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

DecimalMark = Literal[".", ",", ""]
"""Point, comma, or "" where either would do for every number seen."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_GROUPS = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+") for mark in ".,"}
_BLANKS = re.compile(r"(?<=\d)[\u0020\u00a0\u2009\u202f'\u2019](?=\d{3}(?:\D|$))")
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-", "\ufe63": "-", "\uff0d": "-"})


def plain(text: str) -> str:
    """Return a number's text with an ASCII minus and without blanks, also those between thousands (``12 345``)."""
    text = text.strip().translate(_MINUS)
    return _BLANKS.sub("", text).replace("\u00a0", "")


def parse_number(text: str, decimal: DecimalMark = "") -> float | None:
    """Return a number written with decimal point or comma (``0,073``, ``1.234,5``, ``1,234.5``), else None.

    Parameters
    ----------
    text
        A cell.
    decimal
        The decimal mark of the column it stands in. Without it a single mark is decimal.
    """
    text = plain(text)
    for mark, other in ((".", ","), (",", ".")):
        if decimal == other:
            continue
        whole, point, fraction = text.partition(mark)
        grouped = _GROUPS[other].fullmatch(whole) and (point or decimal or whole.count(other) > 1)
        if grouped and re.fullmatch(r"\d*(?:[eE][+-]?\d+)?", fraction):
            text = whole.replace(other, "") + point + fraction
            break
    if not _NUMBER.fullmatch(text) or (decimal and {".": ",", ",": "."}[decimal] in text):
        return None
    return float(text.replace(",", "."))


def decimal_mark(texts: Iterable[str]) -> tuple[DecimalMark, str]:
    """Decide by all numbers of a column which mark is the decimal one.

    Returns
    -------
    The mark, and "" or a number that could be meant either way (``1,000``) where none of them decides.
    """
    evidence: set[str] = set()
    either = ""
    for text in map(plain, texts):
        marks = {mark for mark in ".," if mark in text}
        if not marks or not re.fullmatch(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?", text):
            continue
        last = max(marks, key=text.rfind)
        other = "," if last == "." else "."
        if len(marks) == 2 or not _GROUPS[last].fullmatch(text):
            evidence.add(last)  # 1.234,5 · 0,073 · 12,5
        elif text.count(last) > 1:
            evidence.add(other)  # 1,234,567
        else:
            either = either or text
    if len(evidence) == 1:
        return (".", "") if evidence == {"."} else (",", "")
    return "", either

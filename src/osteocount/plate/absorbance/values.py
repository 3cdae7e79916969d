"""What single cells and headings of a plate-reader export mean."""

from __future__ import annotations

import re

from osteocount.plate.numbers import parse_number

HIGH_OD = 3.0
"""Above this optical density less than 0.1 % of the light is left to measure."""

_WORDS = {
    "overflow": (
        "ovrflw",
        "over",
        "overflow",
        "ovr",
        "ovrng",
        "overrange",
        "over range",
        "saturated",
        "sat",
        "#sat",
        "inf",
    ),
    "underflow": ("under", "underflow", "undrflw", "low"),
    "missed": ("missed", "miss", "skipped"),
    "out_of_range": ("range?", "range", "out of range"),
    "masked": ("masked", "mask"),
    "invalid": ("?????", "error", "err", "#n/a", "n/a", "na", "invalid", "failed", "nd"),
    "empty": ("nan", "empty"),
}
_FLAG_OF = {word: flag for flag, words in _WORDS.items() for word in words}
_WAVELENGTHS = (
    re.compile(r"(?i)\b(\d{3,4})(?:\.0)?\s*nm\b"),
    re.compile(r"(?i)raw data\s*\([^)]*?(?<!\d)(\d{3,4})(?!\d)"),
    re.compile(r"\S:(\d{3,4})\b"),
    re.compile(r"(?i)\b(?:absorbance|abs|od|a)[ _@-]*(\d{3,4})(?!\d)"),
    re.compile(r"(?i)wavelengths?[^,\d]*?(\d{3,4})(?:\.0)?(?!\d)(?!\s*,\s*\d)"),
    re.compile(r"^\(?(\d{3,4})(?:\.0)?\)?$"),
)
_COMPUTED = re.compile(
    r"(?i)blank|subtract|correct|conc|dilution|factor|mean|average|\bavg|std|\bsd\b|\bcv\b|%|ratio|pathlength|delta|"
    r"normali[sz]|calc|formula|curve|\[test\]|\[ref\]|result value|\bgroup|standard|interpol|reduced|statistic|max v|"
    r"r-squared|lagtime|slope|t at "
)


def read_value(text: str) -> tuple[float | None, str] | None:
    """Return (value, flag) of a cell of readings; None when the cell holds some other text.

    The value is None where there is none to use; the flag then says why: ``empty``, ``overflow``, ``underflow``,
    ``missed``, ``out_of_range``, ``invalid``. ``*0.356*`` is how Gen5 prints a masked well: value and flag ``masked``.
    """
    text = text.strip()
    if not text:
        return None, "empty"
    number = parse_number(text)
    if number is not None:
        return number, ""
    if re.fullmatch(r"\*[^*]+\*", text) and (number := parse_number(text[1:-1])) is not None:
        return number, "masked"
    if re.fullmatch(r"[*#+]{2,}", text):
        return None, "overflow"
    if re.fullmatch(r"\?{2,}", text):
        return None, "invalid"
    if text[0] in "<>" and parse_number(text[1:]) is not None:
        return None, "overflow" if text[0] == ">" else "underflow"
    flag = _FLAG_OF.get(text.lower())
    return (None, flag) if flag else None


def wavelength_of(text: str) -> float | None:
    """Return the wavelength in nm that a heading names (``450 nm``, ``Raw Data (450 1)``, ``A450``, ``abs450:450``)."""
    for pattern in _WAVELENGTHS:
        found = [float(number) for number in pattern.findall(text)]
        found = [number for number in found if 190 <= number <= 1100]
        if found:
            return found[0]
    return None


def is_computed(text: str) -> bool:
    """Say whether a heading announces something computed from the readings rather than the readings themselves."""
    return bool(_COMPUTED.search(text))

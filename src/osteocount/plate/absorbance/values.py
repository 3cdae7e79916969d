"""What single cells and headings of a plate-reader export mean."""

from __future__ import annotations

import re

from osteocount.plate.absorbance.model import BlockKind, Signal
from osteocount.plate.numbers import parse_number

HIGH_OD = 3.0
"""Above this optical density less than 0.1 % of the light is left to measure."""

MOST_OD = 10.0
"""No reader measures such an optical density: larger values are counts of light."""

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
    r"r-squared|lagtime|slope|t at |integral|\blog(?:10|2)?\b|polari[sz]ation|anisotropy|purity|quotient|onset|"
    r"area under|\bauc\b|inhibition|\bfold\b|minus|difference|\bmin/max\b|threshold"
)
_BLANKED = re.compile(r"(?i)\bblank(?:ed|s)?\b|blank[- ]?(?:subtract|correct)|background[- ]?(?:subtract|correct)")
_REFERENCE = re.compile(r"(?i)\[ref\]|\breference\b")
_FLUORESCENCE = re.compile(
    r"(?i)\brfu\b|fluoresc|\bfluo?\b|alamar|resazurin|presto ?blue|calcein|\bex(?:citation)?\b.*\bem(?:ission)?\b"
)
_LUMINESCENCE = re.compile(r"(?i)\brlu\b|luminesc|\blum\b|titer[- ]?glo|\bctg\b|luciferase|\bcps\b")
_PAIR = re.compile(
    r"(?<![\d.])(?P<ex>[2-9]\d\d)(?:/\d{1,3})?\s*(?:nm)?\s*(?:[,/;:-]|em\w*\W*|\s)+\s*(?:em\w*\W*)?"
    r"(?P<em>[2-9]\d\d)(?:/\d{1,3})?(?!\d)",
    re.IGNORECASE,
)


def read_value(text: str) -> tuple[float | None, str] | None:
    """Return (value, flag) of a cell of readings; None when the cell holds some other text.

    The value is None where there is none to use; the flag then says why: ``empty``, ``overflow``, ``underflow``,
    ``missed``, ``out_of_range``, ``invalid``. ``*0.356*`` is how Gen5 prints a masked well: value and flag ``masked``.
    """
    text = text.strip()
    if not text:
        return None, "empty"
    number = parse_number(text.removesuffix("%"))
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


def kind_of(*texts: str, formula: bool = False) -> BlockKind:
    """Return what the headings of a block announce: readings, or something computed from them."""
    said = [text for text in texts if text]
    if any(_BLANKED.search(text) for text in said):
        return "blank-subtracted"
    if any(_REFERENCE.search(text) for text in said):
        return "reference"
    return "computed" if formula or any(map(is_computed, said)) else "raw"


def excitation_emission(*texts: str) -> tuple[float, float] | None:
    """Return both wavelengths of fluorescence that a heading names (``485,528``, ``Ex 560 nm / Em 590 nm``)."""
    for text in texts:
        if match := _PAIR.search(text):
            excitation, emission = float(match["ex"]), float(match["em"])
            if excitation + 5 <= emission <= excitation + 350:
                return excitation, emission
    return None


def signal_of(texts: list[str], values: list[float]) -> Signal:
    """Return what was measured, from the nearest heading that says it, else from the size of the values."""
    for text in texts:
        if _LUMINESCENCE.search(text):
            return "luminescence"
        if _FLUORESCENCE.search(text):
            return "fluorescence"
        if re.search(r"(?i)absorb|\bod\b|\bod\d|optical density|\babs\b", text):
            return "absorbance"
    return "" if values and max(values) > MOST_OD else "absorbance"

"""What single cells and headings of a plate-reader export mean."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
    re.compile(r"(?i)\bfilter\s*:?\s*(\d{3,4})(?![\d/])"),
    re.compile(r"^\(?(\d{3,4})(?:\.0)?\)?$"),
)
_COMPUTED = re.compile(
    r"(?i)subtract|correct|conc|dilution|factor|mean|average|\bavg|std|\bsd\b|\bcv\b|%|ratio|pathlength|delta|"
    r"\bnorm|calc|formula|curve|\[test\]|\[ref\]|result value|\bgroup|standard|interpol|reduced|statistic|max v|"
    r"r-squared|lagtime|slope|t at |integral|\b(?:log(?:10|2)?|ln)\b|polari[sz]ation|anisotropy|purity|quotient|onset|"
    r"area under|\bauc\b|inhibition|\bfold\b|minus|difference|\bmin/max\b|threshold|percent|z[- ]?score|"
    r"\brelative(?! (?:fluor|light|lumin))|"
    r"(?:/ ?|\bper )(?:dna|protein|cells?|nucle\w+)\b|"
    # German, French, Spanish and Japanese programs, and people
    r"mittelwert|durchschnitt|standardabw|stdabw|konz|prozent|verh[\u00e4a]ltnis|"
    r"moyenne|[\u00e9e]cart[- ]type|pour ?cent|promedio|desviaci|por ?ciento|"
    r"\u5e73\u5747|\u504f\u5dee|\u6fc3\u5ea6|\u5272\u5408|\u6bd4\u7387"
)
_BLANKED = re.compile(
    r"(?i)\b(?:blank|background)[- ]?(?:subtract|correct)\w*|\bblank(?:ed|s)?\b|\bnet\b|"
    r"\b(?:less|minus|net of) blanks?\b|"
    r"(?:leer|blind|null)wert\w*[- ]*(?:abgezogen|korrigiert|bereinigt)|"
    r"\bblanc (?:soustrait|d\u00e9duit)|\bblanco restado"
)
_AMOUNT = re.compile(
    r"(?i)\b(?:[pnµ\u03bcum]?(?:g|mol|iu|u)|[pnµ\u03bcum]m)\s*(?:[a-z]+\s*)?(?:/|per\s)\s*(?:m?l|[µ\u03bcu]l|min|h|mg|well)\b|"
    r"\b[pnµ\u03bcum]mol\b|^dos(?:e|is)\b|"
    # What stands beside readings in a report, numbered by MARS (4. Temperature, 3. Volume 1). A temperature or a gain
    # with its number is a setting above readings.
    r"^(?:\d+\.\s*)?(?:well\s*)?(?:temp(?:eratur)?e?|gain|path ?length|weight|sample id|replicate|group|passage|"
    r"focal height|layout|content|volume(?:\s*\d+)?)s?\W*(?:[°cµ\u03bcm]*l?\W*)$"
)
_REFERENCE = re.compile(r"(?i)\[ref\]|\breference\b")
_SUBTRACTED = re.compile(
    r"(?i)^ref(?:eren[cz]e?|\.)?\W*(?:filter|wave ?length|wellenl\u00e4nge|wl\b).*?(?<!\d)[2-9]\d\d(?!\d)"
)
_SETTING = re.compile(r"(?i)^(?:measurement |mess)?(?:wave ?length|wellenl\u00e4nge)\W")
_SETTINGS = (
    re.compile(r"(?i)^(?:excitation|anregungs?)[ -]?(?:wave|wellen|filter)\w*\W*(?P<nm>[2-9]\d\d)\b"),
    re.compile(r"(?i)^(?:emission|emissions)[ -]?(?:wave|wellen|filter)\w*\W*(?P<nm>[2-9]\d\d)\b"),
)
_NM = r"(?:OD|Abs|A)?\s*[2-9]\d\d\s*(?:nm)?"
_TWO_WAVELENGTHS = re.compile(rf"(?i)(?<![\d.]){_NM}\s*[-\u2013\u2212/]\s*{_NM}(?![\d/])")
_PAIR_OF_FILTERS = re.compile(r"[2-9]\d\d(?:/\d{1,3})?\s*,\s*[2-9]\d\d")
_RANGE = re.compile(r"(?i)spectr|\bscan|\brange|\bfrom\b|date|serial")
_FLUORESCENCE = re.compile(
    r"(?i)\brfu\b|fluores[cz]|\bfluo?\b|time[- ]resolved|\bh?trf\b|\bex(?:citation)?\b.*\bem(?:ission)?\b"
)
_FLUORESCENT = re.compile(r"(?i)alamar|resazurin|presto ?blue|calcein")  # dyes whose absorbance is read too
_LUMINESCENCE = re.compile(r"(?i)\brlu\b|lumines[cz]|\blum\b|titer[- ]?glo|\bctg\b|luciferase|\bcps\b")
_ABSORBANCE = re.compile(r"(?i)absor[bp]|extinktion|\bod\b|\bod\d|optical density|\babs\b|\babs\d")
_ENVISION = re.compile(r"\bEx=(?P<ex>\S+) Em=(?P<em>\S+)")
_PAIR = re.compile(
    r"(?<![\d.])(?P<ex>[2-9]\d\d)(?:/\d{1,3})?\s*(?:nm)?\s*(?P<between>(?:[,/;-]|em\w*\W*|\s)+)\s*(?:em\w*\W*)?"
    r"(?P<em>[2-9]\d\d)(?:/\d{1,3})?(?!\d)",
    re.IGNORECASE,
)
_MOST_SMALL = 5.0  # values below it that are no whole numbers are optical densities rather than counts of light


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
    """Return the wavelength in nm that a heading names (``450 nm``, ``Raw Data (450 1)``, ``A450``, ``abs450:450``).

    One that was measured to be subtracted (``Ref. Filter: 655 nm``) is not that of the readings.
    """
    if _SUBTRACTED.match(text):
        return None
    for pattern in _WAVELENGTHS:
        found = [float(number) for number in pattern.findall(text)]
        found = [number for number in found if 190 <= number <= 1100]
        if found:
            return found[0]
    return None


def is_computed(text: str) -> bool:
    """Say whether a heading announces something computed from the readings rather than the readings themselves.

    The difference and the ratio of two wavelengths (``450-570``, ``A260/A280``) are computed too.
    """
    text = _BLANKED.sub("", text)
    return bool(_COMPUTED.search(text))


def is_amount(title: str) -> bool:
    """Say whether a title names an amount (``nmol/min``, ``mU/mL``), a dose or a temperature rather than a reading."""
    return bool(_AMOUNT.search(title))


def of_two_wavelengths(text: str) -> bool:
    """Say whether a heading names the difference or the ratio of two wavelengths (``450-570``, ``A260/A280``)."""
    if _RANGE.search(text) or _FLUORESCENCE.search(text):
        return False
    return bool(_TWO_WAVELENGTHS.search(text)) and not _PAIR_OF_FILTERS.search(text)


def kind_of(*texts: str, formula: bool = False) -> BlockKind:
    """Return what the headings of a block announce: readings, or something computed from them."""
    said = [text for text in texts if text]
    if formula or any(is_computed(text) or of_two_wavelengths(text) or _SUBTRACTED.match(text) for text in said):
        return "reference" if any("[ref]" in text.lower() for text in said) else "computed"
    if any(_BLANKED.search(text) for text in said):
        return "blank-subtracted"
    return "reference" if any(_REFERENCE.search(text) for text in said) else "raw"


def excitation_emission(*texts: str, values: Sequence[float] = ()) -> tuple[float, float] | None:
    """Return both wavelengths of fluorescence that a heading names (``485,528``, ``Ex 560 nm / Em 590 nm``).

    Two wavelengths with another mark than Gen5's comma are a difference or a ratio of absorbances, unless the heading
    speaks of fluorescence; so are any two above readings as small as optical densities.
    """
    small = bool(values) and max(values) < _MOST_SMALL and any(not value.is_integer() for value in values)
    for text in texts:
        spoken = bool(_FLUORESCENCE.search(text) or (_FLUORESCENT.search(text) and not _ABSORBANCE.search(text)))
        match = _PAIR.search(text)
        if match is None or (not spoken and (small or _ABSORBANCE.search(text) or "avelength" in text)):
            continue
        excitation, emission = float(match["ex"]), float(match["em"])
        if excitation + 5 <= emission <= excitation + 350 and (spoken or match["between"].strip() == ","):
            return excitation, emission
    return None


def signal_of(texts: Sequence[str], values: Sequence[float]) -> Signal:
    """Return what was measured, from the nearest heading that says it, else from the size of the values."""
    for text in texts:
        if match := _ENVISION.search(text):
            excited, emitted = (match[name] not in ("N/A", "NA", "-") for name in ("ex", "em"))
            return "absorbance" if not emitted else "fluorescence" if excited else "luminescence"
        if _LUMINESCENCE.search(text):
            return "luminescence"
        if _FLUORESCENCE.search(text):
            return "fluorescence"
        if _ABSORBANCE.search(text):
            return "absorbance"
        if _FLUORESCENT.search(text):
            return "fluorescence"
    return "" if values and max(values) > MOST_OD else "absorbance"


def set_wavelengths(headings: Sequence[str]) -> tuple[float, float] | None:
    """Return excitation and emission that lines of settings name (``Excitation Wavelength 485 nm``), nearest first."""
    found = [next((float(m["nm"]) for text in headings if (m := pattern.match(text))), None) for pattern in _SETTINGS]
    return (found[0], found[1]) if found[0] and found[1] else None


def set_wavelength(headings: Sequence[str]) -> float | None:
    """Return the wavelength that the nearest line of settings names (``Measurement wavelength 600 nm``)."""
    return next((wavelength_of(text) for text in headings if _SETTING.match(text)), None)


def names_what_was_measured(label: str) -> bool:
    """Say whether a label of Gen5 names the light that was measured (``405``, ``DAPI:360,460``, ``LUM:Lum``)."""
    light = wavelength_of(label) or excitation_emission(label) or re.fullmatch(r"(?:.*:)?Lum\w*", label)
    return bool(light) and kind_of(label) == "raw"

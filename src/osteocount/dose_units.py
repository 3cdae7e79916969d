"""Doses as people write them: a number with a known unit, and what it is in another unit of its kind."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

_PREFIXES = {"": 1.0, "m": 1e-3, "\u00b5": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
_WELLS = ("well", "cell", "dish")
_WORDS = {  # spelling without blanks, in lower case → the one that is used
    "molar": "M", "u": "U", "units": "U", "unit": "U", "iu": "IU", "i.u.": "IU", "gy": "Gy", "mgy": "mGy", "moi": "MOI",
    "%": "%", "percent": "%", "pct": "%", "vol%": "% (v/v)", "wt%": "% (w/v)", "%v/v": "% (v/v)", "%(v/v)": "% (v/v)",
    "%w/v": "% (w/v)", "%(w/v)": "% (w/v)", "v/v%": "% (v/v)", "w/v%": "% (w/v)", "\u2030": "\u2030", "ppm": "ppm",
    "x": "x", "\u00d7": "x", "fold": "x", "-fold": "x", "times": "x",
}  # fmt: skip
_SPELLED = {
    r"\bnano(?=gram|molar|mol|lit)": "n",
    r"\bmicro(?=gram|molar|mol|lit)": "\u00b5",
    r"\bpico(?=gram|molar|mol|lit)": "p",
    r"\bmilli(?=gram|molar|mol|lit)": "m",
    r"(?<=[npm\u00b5])grams?\b": "g",
    r"(?<=[npm\u00b5])molar\b": "M",
    r"(?<=[npm\u00b5])moles?\b": "mol",
    r"(?:\b|(?<=[npm\u00b5]))lit(?:er|re)s?\b": "L",
}
"""Units written out, as regular expressions, and their signs."""

_PARTICLES = ("particles", "particle", "parts", "part", "p", "evs", "ev", "exosomes", "vesicles", "beads")
DILUTION = "dilution"
"""Unit of a ratio such as 1:1000, whose dose is the share 0.001."""

_KINDS: dict[str, tuple[str, float]] = {}
"""Unit → (what it measures, how much of that kind's first unit it is)."""


def _fill() -> None:
    mass = {f"{p}g": factor for p, factor in _PREFIXES.items()} | {"kg": 1e3}
    volume = {f"{p}L": factor for p, factor in _PREFIXES.items()} | {"dL": 0.1}
    moles = {f"{p}mol": factor for p, factor in _PREFIXES.items()}
    _KINDS.update({unit: ("mass", factor) for unit, factor in mass.items()})
    _KINDS.update({unit: ("volume", factor) for unit, factor in volume.items()})
    _KINDS.update({unit: ("amount", factor) for unit, factor in moles.items()})
    _KINDS.update({f"{p}M": ("molar", factor) for p, factor in _PREFIXES.items()})
    activity = {f"{p}{unit}": (unit, factor) for unit in ("U", "IU") for p, factor in {**_PREFIXES, "k": 1e3}.items()}
    _KINDS.update({unit: (kind, factor) for unit, (kind, factor) in activity.items()})
    for (top, a), (bottom, b) in product(mass.items(), volume.items()):
        _KINDS[f"{top}/{bottom}"] = ("mass per volume", a / b)
    for (top, a), (bottom, b) in product(volume.items(), volume.items()):
        _KINDS[f"{top}/{bottom}"] = ("volume per volume", a / b)
    for (top, a), (bottom, b) in product(moles.items(), volume.items()):
        _KINDS[f"{top}/{bottom}"] = ("molar", a / b)
    for (top, a), (bottom, b) in product(mass.items(), mass.items()):
        _KINDS[f"{top}/{bottom}"] = ("mass per mass", a / b)
    for (top, (kind, a)), (bottom, b) in product(activity.items(), volume.items()):
        _KINDS[f"{top}/{bottom}"] = (f"{kind} per volume", a / b)
    for bottom in _WELLS:
        _KINDS.update({f"{top}/{bottom}": (f"mass per {bottom}", a) for top, a in mass.items()})
        _KINDS.update({f"{top}/{bottom}": (f"volume per {bottom}", a) for top, a in volume.items()})
        _KINDS.update({f"{top}/{bottom}": (f"amount per {bottom}", a) for top, a in moles.items()})
        _KINDS.update({f"{top}/{bottom}": (f"{kind} per {bottom}", a) for top, (kind, a) in activity.items()})
        _KINDS[f"particles/{bottom}"] = (f"particles per {bottom}", 1.0)
        _KINDS[f"cells/{bottom}"] = (f"cells per {bottom}", 1.0)
    for bottom, b in volume.items():
        _KINDS[f"particles/{bottom}"] = ("particles per volume", 1 / b)
        _KINDS[f"cells/{bottom}"] = ("cells per volume", 1 / b)
    _KINDS.update({"%": ("percent", 1.0), "\u2030": ("percent", 0.1), "ppm": ("percent", 1e-4), "MOI": ("MOI", 1.0)})
    _KINDS.update({"% (v/v)": ("volume per volume", 0.01), "% (w/v)": ("mass per volume", 10.0)})
    _KINDS.update({"particles": ("particles", 1.0), "cells": ("cells", 1.0), "x": ("fold", 1.0)})
    _KINDS.update({"Gy": ("radiation", 1.0), "mGy": ("radiation", 1e-3), DILUTION: ("dilution", 1.0)})


_fill()
_LOWER: dict[str, list[str]] = {}
for _unit in _KINDS:
    _LOWER.setdefault(_unit.lower(), []).append(_unit)

KNOWN_UNITS = "ng/mL, µg/mL, nM, µM, µL, µL/mL, %, U/mL, MOI, particles/mL, ng/well …"

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER = re.compile(r"(?:(?P<factor>[\d.,]+)\s*[x×*·]\s*)?10\s*(?:\^|\*\*)\s*\(?(?P<power>[+-]?\d{1,3})\)?(?P<rest>.*)")
_PLAIN = re.compile(r"(?P<number>[+-]?(?:\d[\d.,']*|[.,]\d+)(?:[eE][+-]?\d+)?)\s*(?P<rest>.*)", re.DOTALL)
_RATIO = re.compile(r"1\s*(?::|in|/)\s*(?P<parts>[\d.,' ]+)")
_RANGE = re.compile(r"[+-]?[\d.,]+\s*[^\d\s]*\s*(?:-|to|bis|\.\.+|\u2026)\s*[\d.,]+.*")


@dataclass(frozen=True)
class WrittenDose:
    """A dose split into its parts, its number still text.

    Attributes
    ----------
    number
        As written, decimal mark included; ``power`` tenfold more or less.
    power
        Of ten.
    unit
        As written, "" without one.
    """

    number: str
    power: int = 0
    unit: str = ""


def split_dose(text: str) -> WrittenDose | None:
    """Split ``25 ng/mL``, ``2 x 10^9/mL``, ``10⁻⁸ M`` or ``1:1000`` into number and unit; None where it is no one dose.

    A range (``25-50``), a limit (``<5``) and a sum are no dose.
    """
    superscripts = re.sub(r"10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "10^" + m[1].translate(_SUPERSCRIPTS), text)
    text = unicodedata.normalize("NFKC", superscripts).replace("\u2212", "-").strip()
    text = re.sub(r"(?<=\d)[\u2009\u202f ](?=\d{3}(?:\D|$))", "", text)
    text = re.sub("[\u2010-\u2015]", "-", text)
    text = re.sub(r"[\s\u00b7*.]*\b([A-Za-z\u00b5\u03bc]+)\^?-1\b", r"/\1", text)  # ng mL-1
    if match := _RATIO.fullmatch(text):
        return WrittenDose(match["parts"].replace(" ", "").replace("'", ""), 0, DILUTION)
    if match := _POWER.fullmatch(text):
        return WrittenDose(match["factor"] or "1", int(match["power"]), match["rest"].strip())
    if _RANGE.fullmatch(text) and not re.fullmatch(r"[+-]?[\d.,]+[eE]-?\d+.*", text):
        return None
    if match := _PLAIN.fullmatch(text):
        return WrittenDose(match["number"].replace("'", ""), 0, match["rest"].strip())
    return None


def canonical_unit(text: str) -> str | None:
    """Spell a unit one way (``ug/ml``, ``μg per mL`` → ``µg/mL``; ``/mL`` → ``particles/mL``), None if unknown."""
    text = unicodedata.normalize("NFKC", text).replace("\u03bc", "\u00b5").replace("\u2212", "-").strip().strip(".")
    if text == DILUTION:
        return text
    text = re.sub(r"[\s\u00b7*.]*\b([A-Za-z\u00b5]+)\^?-1\b", r"/\1", text)  # ng mL-1
    text = re.sub(r"\s*(?:/|\bper\b)\s*", "/", text)
    text = re.sub(r"(?<=[a-zA-Z])\s+(?:\w+\s+)?protein(?=/|$)|(?<=part)\.(?=/)", "", text)  # µg EV protein/mL
    for word, sign in _SPELLED.items():
        text = re.sub(rf"(?i){word}", sign, text)
    text = re.sub(r"\s+", "", text)
    if not text:
        return ""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    top, slash, bottom = text.partition("/")
    if top.lower() in _PARTICLES or (slash and not top):
        top = "particles"
    top = "cells" if top.lower() == "cell" else _WORDS.get(top.lower(), top)
    text = re.sub(r"^(?:[uU]|mc|micro)(?=[gGLlMm])", "\u00b5", top) + slash + re.sub(r"^u(?=[lL])", "\u00b5", bottom)
    text = text if text in _KINDS else re.sub(r"/wells?$", "/well", text)
    if text in _KINDS:
        return text
    fits = _LOWER.get(text.lower(), [])
    fits = [unit for unit in fits if _KINDS[unit][0] != "molar"]  # nm and mm are lengths, not concentrations
    return fits[0] if len(fits) == 1 else None


_BARE_WORDS = ("particles", "cells", "x", "g", "L", "U")
_BRACKETED = re.compile(r"^(.*?)[\s_]*[(\[]([^)\]]*)[)\]]\W*$")


def unit_in_words(text: str) -> str:
    """Return the unit that the end of a heading names, "" where it names none or is a word too (``n cells``)."""
    unit = canonical_unit(text) or ""
    return "" if unit in _BARE_WORDS else unit


def split_heading(heading: str, unit_of: Callable[[str], str] = unit_in_words) -> tuple[str, str]:
    """Split a heading into its name and its unit: ``Dose (ng/mL)``, ``Dose ng/mL`` and ``dose_ng_ml`` alike.

    Parameters
    ----------
    heading
        As written.
    unit_of
        Returns the unit that a text is, "" where it is none.
    """
    text = heading.strip()
    bracketed = _BRACKETED.match(text)
    if bracketed and bracketed[1]:
        return bracketed[1].strip(), unit_of(bracketed[2])
    parts = re.split(r"[\s_]+", text)
    for start in (n for n in range(1, len(parts)) if parts[n] != "per"):
        unit = unit_of(" ".join(parts[start:])) or (unit_of("/".join(parts[start:])) if len(parts) - start == 2 else "")
        if unit:
            return " ".join(parts[:start]), unit
    return text, ""


def convert(value: float, unit: str, to: str) -> float | None:
    """Return a value in another unit, both spelled canonically; None where they measure different things."""
    if unit == to:
        return value
    (kind, factor), (other, divisor) = _KINDS.get(unit, ("", 1.0)), _KINDS.get(to, ("?", 1.0))
    return float(f"{value * factor / divisor:.12g}") if kind == other else None


def common_unit(units: Iterable[str]) -> str | None:
    """Return the most frequent unit if all others can be converted to it, None if not."""
    counts = Counter(units)
    if not counts:
        return ""
    best = counts.most_common(1)[0][0]
    return best if all(convert(1.0, unit, best) is not None for unit in counts) else None

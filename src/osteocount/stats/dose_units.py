"""Units of doses and areas as labs write them, and doses of one treatment in one unit."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

# Unit as it is compared: (what it measures, its size).
UNITS: dict[str, tuple[str, float]] = {
    **{f"{mass}/{volume}": ("mass per volume", m / v)
       for mass, m in {"pg": 1e-12, "ng": 1e-9, "µg": 1e-6, "mg": 1e-3, "g": 1.0}.items()
       for volume, v in {"µl": 1e-6, "ml": 1e-3, "dl": 1e-1, "l": 1.0}.items()},
    **{unit: ("molar", size) for unit, size in {"fm": 1e-15, "pm": 1e-12, "nm": 1e-9, "µm": 1e-6, "mm": 1e-3,
                                                "m": 1.0}.items()},
    **{f"{unit}mol/l": ("molar", size) for unit, size in {"f": 1e-15, "p": 1e-12, "n": 1e-9, "µ": 1e-6, "m": 1e-3,
                                                          "": 1.0}.items()},
    **{f"{what}/{volume}": (f"{what} per volume", 1 / v)
       for what in ("particles", "units", "iu", "cells") for volume, v in {"µl": 1e-6, "ml": 1e-3, "l": 1.0}.items()},
    **{f"{what}/{per}": (f"{what} per {per}", 1.0) for what in ("particles", "ev", "evs") for per in ("cell", "well")},
    **{unit: ("volume", size) for unit, size in {"nl": 1e-9, "µl": 1e-6, "ml": 1e-3}.items()},
    **{unit: ("mass", size) for unit, size in {"pg": 1e-12, "ng": 1e-9, "µg": 1e-6, "mg": 1e-3}.items()},
    "%": ("percent", 1.0), "mm2": ("area", 1.0), "µm2": ("area", 1e-6), "cm2": ("area", 100.0), "px": ("pixels", 1.0),
}  # fmt: skip
SPELLINGS = {
    "particle": "particles", "part": "particles", "p": "particles", "u": "units", "unit": "units", "percent": "%",
    "pct": "%", "pixel": "px", "pixels": "px", "px2": "px", "microg": "µg", "mcg": "µg", "ug": "µg", "ul": "µl",
    "um": "µm", "um2": "µm2", "umol": "µmol",
}  # fmt: skip


def plain_unit(text: str) -> str:
    """Return a unit in one spelling (``µg/ml`` for ``ug per mL``), or "" where it is none that is known.

    ``mm`` is millimolar and ``µm`` micromolar here: a dose, or the unit at the end of a heading.
    """
    unit = text.strip().casefold().replace("μ", "µ").replace("²", "2").replace("^2", "2")
    unit = re.sub(r"[\s_]*(?:/|\bper\b)[\s_]*", "/", unit)
    unit = re.sub(r"[\s_·*]*(µl|ul|ml|dl|l)(?:\^?-1|⁻¹)$", r"/\1", unit)
    unit = re.sub(r"\s+", "", unit)
    unit = "/".join(SPELLINGS.get(part, part) for part in unit.split("/"))
    return unit if unit in UNITS else ""


def amount_with_unit(text: str) -> tuple[float, str] | None:
    """Read ``25 ng/mL`` or ``35 %``: the number and its unit; None for anything else."""
    match = re.match(r"^([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*(\D.*)$", text.strip(), re.I)
    if match is None or not plain_unit(match[2]):
        return None
    return float(match[1]), match[2].strip()


def in_one_unit(treatment: pd.Series, dose: pd.Series, unit: pd.Series) -> tuple[pd.Series, pd.Series, list[str]]:
    """Convert the doses of every treatment to the unit most of its wells have, where all its units convert.

    Parameters
    ----------
    treatment, unit : Series of str
    dose : Series of float
        NaN where unknown.

    Returns
    -------
    (Series, Series, list of str)
        Doses, units, and the treatments whose units do not convert into each other.
    """
    dose, unit = dose.copy(), unit.copy()
    apart = []
    for name in sorted(set(treatment)):
        own = (treatment == name) & (dose > 0) & (unit != "")
        spellings = sorted(set(unit[own]))
        if len(spellings) < 2:
            continue
        plain = {spelling: plain_unit(spelling) for spelling in spellings}
        if not all(plain.values()) or len({UNITS[one][0] for one in plain.values()}) > 1:
            if len({one or spelling.casefold() for spelling, one in plain.items()}) > 1:
                apart.append(name)
            continue
        counts = unit[own].value_counts()
        kept = min(spellings, key=lambda spelling: (-int(counts[spelling]), spelling))
        factor = unit[own].map({spelling: UNITS[plain[spelling]][1] / UNITS[plain[kept]][1] for spelling in spellings})
        # Twelve digits: 1 µg/mL and 1000 ng/mL are one dose, whatever the rounding of the factor.
        dose[own] = [float(f"{value:.12g}") for value in np.asarray(dose[own] * factor, dtype=np.float64)]
        unit[own] = kept
    return dose, unit, apart

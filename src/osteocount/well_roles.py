"""What people write about what a well is for, and that it is to be left out, in several languages."""

from __future__ import annotations

import re

from osteocount.names import fold, is_missing

ROLES = {
    "negative control": (
        "negative control", "negative", "neg", "neg control", "neg ctrl", "nc", "control", "ctrl", "ctl", "untreated",
        "kontrolle", "negativkontrolle", "unbehandelt", "t\u00e9moin", "contr\u00f4le", "contr\u00f4le n\u00e9gatif",
        "control negativo", "controllo", "controllo negativo", "controle",
    ),
    "positive control": (
        "positive control", "positive", "pos", "pos control", "pos ctrl", "pos ctl", "positive ctrl", "positive ctl",
        "pc",
        "positivkontrolle", "contr\u00f4le positif", "control positivo", "controllo positivo",
    ),
    "vehicle": (
        "vehicle", "veh", "vehicle control", "vehicle ctrl", "vehicle ctl", "solvent", "solvent control", "mock",
        "vehikel", "vehikelkontrolle", "l\u00f6semittel", "v\u00e9hicule", "veh\u00edculo", "vehiculo", "veicolo",
    ),
    "treatment": ("treatment", "treated", "sample", "test", "compound", "unknown", "test article", "sam", "behandlung",
                  "behandelt", "probe", "traitement", "tratamiento", "muestra"),
    "blank": ("blank", "blank control", "blank well", "no cells", "no cell", "background", "empty", "leer", "leerwert",
              "blanc", "blanco", "bianco"),
    "excluded": ("excluded", "exclude", "excl", "omit", "omitted", "ausgeschlossen", "exclu", "excluido", "escluso"),
}  # fmt: skip
"""Role \u2192 the words for it."""

_ROLE_OF = {fold(word): role for role, words in ROLES.items() for word in words}
_IMPLIED = ("negative control", "positive control", "vehicle", "blank")
_NO = frozenset(map(fold, (
    "no", "n", "false", "0", "nein", "non", "n\u00e3o", "nao", "nej", "falsch", "faux", "falso", "none", "nicht",
    "keine", "nee", "nope", "0.0", "0,0", "aucun", "not", "never", "f",
)))  # fmt: skip
_KEPT = frozenset(map(fold, (
    "ok", "okay", "good", "keep", "kept", "include", "included", "in", "used", "use", "pass", "passed", "fine", "valid",
    "not excluded", "nicht ausgeschlossen", "behalten", "garder", "incluir", "gut", "bon",
)))  # fmt: skip
_YES = frozenset(map(fold, ("yes", "y", "true", "1", "x", "ja", "j", "oui", "si", "s\u00ed", "sim", "wahr", "vrai")))
_LEFT_OUT = frozenset(map(fold, ("exclude", "excluded", "out")))


def role_of(text: str) -> str:
    """Return the role that a word names, "" where it names none."""
    return _ROLE_OF.get(fold(re.sub(r"[\s_-]+", " ", text)), "")


def implied_role(treatment: str) -> str:
    """Return the role that the name of a treatment implies (``vehicle``, ``untreated``), else ``treatment``."""
    role = role_of(treatment)
    return role if role in _IMPLIED else "treatment"


def leaves_out(mark: str) -> bool:
    """Say whether what stands in a column ``exclude`` leaves a well out: anything but nothing and a no."""
    return not (is_missing(mark) or fold(mark) in _NO | _KEPT)


def takes_in(mark: str) -> bool | None:
    """Say whether what stands in a column ``include`` takes a well in; None where it says neither."""
    folded = fold(mark)
    if is_missing(mark) or folded in _YES | _KEPT:
        return True
    return False if folded in _NO | _LEFT_OUT else None


def is_a_reason(mark: str) -> bool:
    """Say whether a mark that leaves a well out also says why (``edge effect``), and not only ``yes``."""
    return fold(mark) not in _YES | _LEFT_OUT

"""When two names are one: donors, arms, plates and columns as they are typed, by several people, in Excel.

The number of donors is the n of every test, so that ``D1`` and ``d1 `` must not be two. Names that differ only in what
nobody sees or means (case, blanks, dashes, invisible characters, Unicode forms, ``1``, ``01`` and ``1.0``) are one, and
that is said. Names that differ only in letters or digits that look alike (a Cyrillic А, ß for β, l for 1) may be one or
two: nobody but the person who typed them knows, so they are refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

MISSING = frozenset({
    "", "na", "n/a", "#n/a", "nan", "n.a.", "n.a", "#nv", "null", "nil", "-", "--", "---", ".", "..", "...",
    "\u2026", "?", "nd", "n.d.",
    "n/d", "k.a.", "#value!", "#wert!", "#ref!", "#bezug!", "#div/0!", "#name?", "#num!", "#zahl!", "#null!", "<na>",
    "missing", "unknown value", "not available", "no data", "keine angabe", "ohne angabe", "nicht bekannt", "k. a.",
    "n. a.", "n.v.", "fehlt", "leer", "vide", "vac\u00edo", "vacio", "n.r.", "s/d", "#n/v", "#nom?", "#valeur!",
    "#campo!",
})  # fmt: skip
"""What stands for an empty cell, folded: in R, Python, Excel (also German), and by hand."""

UNKNOWN = frozenset({"unknown", "unbekannt", "inconnu", "desconocido", "sconosciuto", "blank", "empty", "none"})
"""What says of a donor or a plate that nobody knows it, or that there is none, folded."""

DITTO = frozenset({
    "dito", "ditto", "idem", "id.", "do.", "same", "same as above", "as above", "see above", "siehe oben", "s.o.",
    "wie oben", "gleich", "idem que arriba", "como arriba", "igual", "id",
})  # fmt: skip
"""What says that a cell holds what the one above it does, folded; so do quotes and arrows."""

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
_QUOTES = dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b\u2032\u00b4\u0060"), "'")
# Letters of other scripts that print like Latin ones, and letters and digits that are taken for each other.
_LOOK_ALIKES = str.maketrans(
    "АВСЕНІЈКМОРЅТХУЗавсеніјкморѕтхуһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγικνορτυχßβ",
    "ABCEHIJKMOPSTXY3abcehijkmopstxyhdqwABEZHIKMNOPTYXayiknoptuxbb",
)
_CONFUSED = str.maketrans({"i": "1", "l": "1", "|": "1", "!": "1", "o": "0"})
_CONFUSED_CODES = str.maketrans({"s": "5", "b": "8", "z": "2", "g": "6"})


def fold(name: str) -> str:
    """Return the form in which spellings of one name agree."""
    folded = _fold_once(name)
    # A blank that goes may bring a letter and an accent together (an acute of its own is a blank with an accent).
    return folded if folded == name else fold(folded)


def _fold_once(name: str) -> str:
    text = "".join(c for c in unicodedata.normalize("NFKC", name.translate(_DASHES)) if not _invisible(c))
    text = text.translate(_DASHES).translate(_QUOTES).casefold()
    text = re.sub(r"[\s_]+", " ", text).strip()
    text = re.sub(r" (?!\d)|(?<!\d) ", "", text)  # but plate 1_11 is not plate 11_1
    text = re.sub(r"(?<![\d.,])0+(?=\d)", "", text)
    return re.sub(r"(?<![\d.,])(\d+)[.,]0+(?![\d.,])", r"\1", text)


def skeleton(name: str, *, dashes: bool = True, codes: bool = False) -> str:
    """Return the skeleton of a name: the form in which names agree that look alike, though they may differ.

    As for confusable characters in Unicode Technical Standard 39, with what people confuse in labs.

    ``dashes``: also those that differ in a dash, a point or a blank beside a letter (``D-1``, ``D1``; ``IL-32``,
    ``IL32``). ``codes``: also in digits that look like letters (``S1``, ``51``), as in numbers of donors; not in names
    of substances, where IL-1B is not IL-18.
    """
    text = fold(unicodedata.normalize("NFKC", name).translate(_LOOK_ALIKES)).translate(_LOOK_ALIKES)
    text = re.sub(r"(?<=\w)[\s)]*[*?\u2020\u2021\u00a7#]+$", "", text)  # marks of footnotes and of doubt: D1*, D1?
    # Müller is also written Mueller and Muller.
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = re.sub(r"(?<=[aou])e", "", text)
    if dashes:
        text = re.sub(r"(?<=[^\W\d_])[-.' ]+(?=\w)|(?<=\w)[-.' ]+(?=[^\W\d_])|\.+$", "", text)
    text = text.translate(_CONFUSED).translate(_CONFUSED_CODES if codes else {})
    return re.sub(r"(?<![\d.,])0+(?=\d)", "", text)


def shortened(name: str, letters: int) -> str:
    """Return a name cut in its middle to so many letters: what tells names apart is at their ends, as doses are."""
    if len(name) <= letters:
        return name
    end = (letters - 1) // 2
    return f"{name[: letters - 1 - end].rstrip()}…{name[len(name) - end :].lstrip()}"


def all_shortened(names: Iterable[str], letters: int) -> dict[str, str]:
    """Return every name with its short form, from which words are left out first that long ones share.

    Words at the start are shared by those with the same first word, so that a control of another name hinders nothing.
    Names that would be one keep a number to tell them apart.
    """
    known = list(dict.fromkeys(names))
    long = [name.split() for name in known if len(name) > letters]
    _, shared_by_all = _shared_words(long)
    short: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for name in known:
        words = name.split()
        before, after = _shared_words([other for other in long if other[:1] == words[:1]])
        told = name if len(name) <= letters else _told_apart(words, before, max(after, shared_by_all))
        cut = shortened(told, letters)
        taken[cut] += 1
        short[name] = cut if taken[cut] == 1 else f"{shortened(told, letters - 4)} ({taken[cut]})"
    return short


def _shared_words(long: list[list[str]]) -> tuple[int, int]:
    """Return how many words all names begin with, and how many all end with; the last one before they differ stays."""
    if len(long) < 2:
        return 0, 0
    first, room = long[0], min(map(len, long))
    before = next((n for n in range(room) if any(words[n] != first[n] for words in long)), room)
    after = next((n for n in range(room - before) if any(words[-1 - n] != first[-1 - n] for words in long)), 0)
    return max(0, before - 1), after


def _told_apart(words: list[str], before: int, after: int) -> str:
    kept = " ".join(words[before : len(words) - after])
    return f"{'…' if before else ''}{kept}{'…' if after else ''}"


def is_missing(text: str) -> bool:
    """Say whether a cell holds nothing, or a word for nothing (``NA``, ``nan``, ``#N/A``, ``-`` …)."""
    return fold(text) in _MISSING


def names_nothing(text: str) -> bool:
    """Say whether a cell that should hold a name refers to another (``ditto``, ``"``, an arrow) or has no letter."""
    folded = fold(text)
    return folded in _DITTO or not any(map(str.isalnum, folded))


def visible(name: str) -> str:
    """Return a name in quotes, with what cannot be seen in it written as its code."""
    shown = "".join(
        f"\\u{ord(c):04x}" if _invisible(c) or (c.isspace() and c != " ") or _foreign(c) else c for c in name
    )
    return f"'{shown}'"


@dataclass(frozen=True)
class UnifiedNames:
    """Names with their spellings brought together.

    Attributes
    ----------
    of
        Every spelling → the one that is used: the most frequent, of equals the first.
    merged
        Groups of spellings that were taken for one name, the used one first.
    confused
        Pairs of different names that look alike.
    """

    of: dict[str, str]
    merged: tuple[tuple[str, ...], ...]
    confused: tuple[tuple[str, str], ...]

    def notes(self, what: str) -> list[str]:
        """Say which spellings are taken for one, in sentences; ``what`` is "donor", "treatment" and so on."""
        return [
            f"The {what} {visible(group[0])} is also written {', '.join(visible(name) for name in group[1:])}; they "
            "are taken for one."
            for group in self.merged
        ]

    def problems(self, what: str) -> list[str]:
        """Say which names cannot be told from each other, in sentences with their cure."""
        return [
            f"The {what}s {visible(first)} and {visible(second)} look alike: are they one or two? Write them alike if "
            "they are one, and more differently if they are two."
            for first, second in self.confused
        ]


def unify(names: Iterable[str], *, dashes: bool = True, codes: bool = False) -> UnifiedNames:
    """Bring the spellings of names together (see the module); missing ones are left out.

    ``dashes``, ``codes``: what is confused too, as in `look`.
    """
    counts = Counter(name for name in names if not is_missing(name))
    groups: dict[str, list[str]] = {}
    for name in counts:
        groups.setdefault(fold(name), []).append(name)
    ordered = [sorted(group, key=lambda name: -counts[name]) for group in groups.values()]
    of = {name: group[0].strip() for group in ordered for name in group}
    first_of: dict[str, str] = {}
    confused = []
    for group in ordered:
        other = first_of.setdefault(skeleton(group[0], dashes=dashes, codes=codes), group[0])
        if other != group[0]:
            confused.append((other, group[0]))
    merged = tuple(tuple(group) for group in ordered if len(group) > 1)
    return UnifiedNames(of, merged, tuple(confused))


def _invisible(character: str) -> bool:
    """Say whether a character leaves no mark: zero-width blanks, soft hyphens, direction marks, variation selectors."""
    hidden = unicodedata.category(character) in ("Cf", "Cc") and not character.isspace()
    return hidden or "\ufe00" <= character <= "\ufe0f"


def _foreign(character: str) -> bool:
    """Say whether a letter is of another script and prints like a Latin one."""
    return ord(character) in _LOOK_ALIKES and character not in "ßβαγικνυχτ"


_MISSING = frozenset(map(fold, MISSING))
_DITTO = frozenset(map(fold, DITTO))

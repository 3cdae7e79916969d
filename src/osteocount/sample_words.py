"""What one sample is called: a well of a plate, or a dish, a slide, a coverslip where there is no plate."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from osteocount.wells import parse_well

WELL = "well"
PLURALS = {WELL: "wells", "dish": "dishes", "slide": "slides", "coverslip": "coverslips", "chamber": "chambers",
           "sample": "samples"}  # fmt: skip
"""What a sample may be called → several of them."""

_IN_NAMES = {
    word: re.compile(rf"(?i)(?<![a-z]){pattern}(?![a-z])")
    for word, pattern in {
        "dish": "(?:petri)?(?:dish(?:es)?|schale)",
        "coverslip": "(?:cover ?(?:slip|glass)|deckglas)(?:e?s)?",
        "chamber": "chambers?",
        "slide": "(?:bone |dentine? )?slides?|slices?",
    }.items()
}
# The noun, in no name of a file or a column; "less well" and "as well" are none.
_NOUN = re.compile(r"(?<![\w/.\-])(?<!less )(?<!as )(?P<noun>[Ww]ells?)(?![\w/\-]|\.\w)")


def sample_word(names: Iterable[str]) -> str:
    """Return what samples of these names are called: "well" where all of them are wells, or none has a name."""
    said = [name for name in names if name]
    if all(map(parse_well, said)):
        return WELL
    found = Counter(word for name in said for word, pattern in _IN_NAMES.items() if pattern.search(name))
    word, count = found.most_common(1)[0] if found else ("sample", 0)
    return word if 2 * count > len(said) else "sample"


def in_words_of(word: str, text: str) -> str:
    """Return a sentence that speaks of wells as one that speaks of dishes, slides, samples."""
    if word == WELL:
        return text

    def noun(match: re.Match[str]) -> str:
        said = PLURALS[word] if match["noun"].endswith("s") else word
        return said.capitalize() if match["noun"][0].isupper() else said

    return _NOUN.sub(noun, text)

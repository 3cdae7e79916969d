"""Names of endpoints, columns and contrasts as a reader says them: files and the program call them otherwise."""

from __future__ import annotations

import re

from osteocount.columns import COMPARISONS, WELL_NUMBERS, WELLS
from osteocount.stats.contrasts import contrast_title
from osteocount.stats.endpoints import TITLES

_RATIOS = {"dependence": "wild type ÷ knock-out", "rescue": "rescue ÷ knock-out"}
_WORDS = {
    **{column.name: column.name.replace("_", " ") for column in COMPARISONS.columns if "_" in column.name},
    **{column.name: column.heading.lower() for column in WELL_NUMBERS if "_" in column.name},
    **{name: title.quantity for name, title in TITLES.items() if "_" in name},
}
_INTERNAL = re.compile(rf"(?P<quote>['`]?)\b(?P<name>{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b(?P=quote)")


def endpoint_name(endpoint: str) -> str:
    """Name an endpoint as a reader says it: ``osteoclast_count`` is "osteoclast count"."""
    if endpoint in TITLES:
        return TITLES[endpoint].quantity
    return WELLS.by_name[endpoint].heading if endpoint in WELLS.by_name else endpoint.replace("_", " ")


def contrast_name(contrast: str) -> str:
    """Name a contrast as a reader says it: ``cd81_dependence`` is "CD81 dependence (wild type ÷ knock-out)"."""
    what = re.match(r"[a-z0-9]+_(dependence|rescue)\b", contrast)
    return f"{contrast_title(contrast)} ({_RATIOS[what[1]]})" if what else contrast_title(contrast)


def in_words(text: str) -> str:
    """Write out the names that endpoints and columns have in files; who reads a sentence has not seen those."""
    return _INTERNAL.sub(_written_out, text)


def capitalised(text: str) -> str:
    """Begin with a capital, whatever follows."""
    return text[:1].upper() + text[1:]


def _written_out(match: re.Match[str]) -> str:
    words = _WORDS[match["name"]]
    begins = not match.string[: match.start()].strip() or match.string[: match.start()].endswith(". ")
    return capitalised(words) if begins else words

"""Sentences that differ in their numbers alone become one, with the range of each number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

# Not part of a name, as in A01_f1.tif or IL-32.
_NUMBER = re.compile(r"(?<![\w.,/-])\d+(?:\.\d+)?(?![\w/]|\.\w)")


def grouped(said: Iterable[tuple[str, str]]) -> list[tuple[str, tuple[str, ...]]]:
    """Join sentences of one kind.

    Parameters
    ----------
    said
        Sentence and what it is about, a picture or a well.

    Returns
    -------
    list
        Each kind of sentence once, in the order they came, with "51 to 57" where its numbers differ, and what it is
        about.
    """
    kinds: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for text, about in said:
        kinds[_NUMBER.sub("#", text)].append((text, about))
    return [
        (_with_ranges([text for text, _ in own]), tuple(dict.fromkeys(about for _, about in own)))
        for own in kinds.values()
    ]


def _with_ranges(texts: list[str]) -> str:
    slots = list(zip(*(_NUMBER.findall(text) for text in texts), strict=True))
    ranges = iter([_range(numbers) for numbers in slots])
    return _NUMBER.sub(lambda _: next(ranges), texts[0])


def _range(numbers: tuple[str, ...]) -> str:
    low, high = min(numbers, key=float), max(numbers, key=float)
    return low if float(low) == float(high) else f"{low} to {high}"

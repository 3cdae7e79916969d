"""Blinded review: pictures in a random order under no name but a number, until the person has finished.

The state is a file in the result folder, so that closing the window does not lift it.
"""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from osteocount.io.files import atomic_write

BLINDED = "blinded.json"
LOCKED = "Blinded review: treatments and wells are hidden until you press “Finish blinded”."

Place = TypeVar("Place")


def is_blinded(root: Path) -> bool:
    """Tell whether the result folder ``root`` is under blinded review."""
    return (root / BLINDED).is_file()


def blind(root: Path) -> None:
    """Begin a blinded review of the result folder ``root``, in an order of its own."""
    with atomic_write(root / BLINDED) as draft:
        draft.write_text(json.dumps({"seed": secrets.randbits(32)}) + "\n", encoding="utf-8")


def reveal(root: Path) -> None:
    """End it."""
    (root / BLINDED).unlink(missing_ok=True)


def in_review_order(root: Path, places: Iterable[Place]) -> list[Place]:
    """Return ``places`` as they are, or shuffled, always alike, while the review is blinded."""
    ordered = list(places)
    if is_blinded(root):
        try:
            seed = int(json.loads((root / BLINDED).read_text(encoding="utf-8"))["seed"])
        except (ValueError, KeyError, TypeError):
            seed = 0  # a damaged file must not reveal anything
        random.Random(seed).shuffle(ordered)  # noqa: S311  nothing secret depends on it
    return ordered

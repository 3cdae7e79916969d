"""The order of a review: pictures at random where it is blinded, and cells by how uncertain they are.

A blinded review shows pictures under no name but a number until the person has finished. Its state is a file in the
result folder, so that closing the window does not lift it. Uncertain cells come first (uncertainty sampling).
"""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import pandas as pd

from osteocount.input_files import read_text
from osteocount.io.files import atomic_write
from osteocount.measure.cells import BORDERLINE

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
            seed = int(json.loads(read_text(root / BLINDED))["seed"])
        except (OSError, ValueError, KeyError, TypeError):
            seed = 0  # a damaged file must not reveal anything
        random.Random(seed).shuffle(ordered)  # noqa: S311  nothing secret depends on it
    return ordered


def most_uncertain_first(cells: pd.DataFrame) -> list[int]:
    """Return the cells nobody has touched yet, most uncertain first.

    Borderline cells come first, then those with another flag, then the others; within each by the program's
    confidence, lowest first.

    Parameters
    ----------
    cells
        Rows of ``cells.csv`` of one picture.
    """
    waiting = cells[(cells["source"] == "automatic") & cells["counted"].astype(bool)]
    flags = waiting["flags"].fillna("").astype(str)
    rank = flags.map(lambda text: 0 if BORDERLINE in text.split(";") else 1 if text else 2)
    confidence = pd.to_numeric(waiting["confidence"]).fillna(0.5)
    order = pd.DataFrame({"rank": rank, "confidence": confidence, "cell_id": waiting["cell_id"].astype(int)})
    return [int(cell) for cell in order.sort_values(["rank", "confidence", "cell_id"])["cell_id"]]

"""Replay the edit log on automatic labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteocount.curate.log import Edit


@dataclass(frozen=True)
class Replayed:
    """Labels after all edits, and the edits that found no cell to act on."""

    cells: NDArray[np.uint32]
    unapplied: tuple[Edit, ...]


def replay(cells: NDArray[np.uint32], edits: Iterable[Edit]) -> Replayed:
    """Apply ``edits`` of one picture in order.

    Parameters
    ----------
    cells
        (height, width) automatic labels; not changed.
    edits
        Edits of this picture. One that names a cell which is not there (any more) is left out and listed.
    """
    target = np.arange(int(cells.max(initial=0)) + 1, dtype=np.uint32)
    present = set(np.unique(cells).tolist()) - {0}
    unapplied = []
    for edit in edits:
        if not present.issuperset(edit.cells):
            unapplied.append(edit)
            continue
        first, *others = edit.cells
        gone = others if edit.action == "merge" else edit.cells
        target[np.isin(target, gone)] = first if edit.action == "merge" else 0
        present.difference_update(set(gone) - ({first} if edit.action == "merge" else set()))
    return Replayed(target[cells], tuple(unapplied))

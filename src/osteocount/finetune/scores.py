"""How well a network does on annotated pictures, and whether another one does better beyond chance.

The test is a paired randomisation test (Noreen 1989, Computer-intensive Methods for Testing Hypotheses; for F1: Yeh
2000, COLING, 947): if the two networks were alike, a coin could say which of them made the figures of a unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.finetune.scenes import AnnotatedScene, cut_by_border
from osteocount.measure.matching import outline_pairs

FEWEST_UNITS = 6
"""Units the test needs: with six, all better by the same is .016 by chance; with four it would be .06."""
SURE = 0.05
"""One-sided p up to which a gain is believed."""
_EXACT = 12  # units up to which every way of tossing the coins is gone through
_TOSSES = 9999
_BLOCK_UM = 1000.0  # side of the parts of a picture that are units where there are too few pictures


class Tally(NamedTuple):
    """Osteoclasts of some part of the pictures: annotated ones, those found, those called. Sums where added."""

    true: int
    found: int
    called: int

    @property
    def recall(self) -> float:
        """Share of the annotated osteoclasts that are outlined and called."""
        return self.found / max(self.true, 1)

    @property
    def precision(self) -> float:
        """Share of the calls that are annotated osteoclasts."""
        return self.found / max(self.called, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.found / max(self.true + self.called, 1)

    @property
    def bias(self) -> float:
        """Error of the count, relative."""
        return self.called / max(self.true, 1) - 1


@dataclass(frozen=True)
class JudgedCells:
    """Our cells of an annotated picture.

    Attributes
    ----------
    labels
        (height, width) 0..n.
    hit
        (n + 1,) whether one covers an annotated osteoclast at an IoU of 0.5 or more.
    judged
        (n + 1,) whether it may be called right or wrong: the border does not cut it, and the annotator was sure.
    """

    labels: NDArray[np.int32]
    hit: NDArray[np.bool_]
    judged: NDArray[np.bool_]


def judge_cells(scene: AnnotatedScene, ours: NDArray[np.int32]) -> JudgedCells:
    """Compare our cells with the annotated ones."""
    size = int(ours.max(initial=0)) + 1
    pairs = outline_pairs(scene.cells, ours)
    true, own = pairs["true_id"].to_numpy(int), pairs["our_id"].to_numpy(int)
    spared = scene.unsure | scene.cut
    hit, judged = np.zeros(size, bool), np.ones(size, bool)
    hit[own] = scene.countable[true]
    judged[own[spared[true]]] = False
    # One the annotator was unsure of need not be outlined alike to be spared.
    on_spared = np.bincount(ours.ravel(), spared[scene.cells].ravel(), size)
    judged &= on_spared <= 0.5 * np.bincount(ours.ravel(), minlength=size)
    judged &= hit | ~cut_by_border(ours, size)
    judged[0] = False
    return JudgedCells(ours, hit, judged)


def tally_blocks(scene: AnnotatedScene, cells: JudgedCells, called: NDArray[np.bool_]) -> list[Tally]:
    """Count by square millimetres of the picture, each cell where its middle lies."""
    shape = scene.cells.shape
    across = max(1, round(shape[1] * scene.scale.um / _BLOCK_UM))
    n = across * max(1, round(shape[0] * scene.scale.um / _BLOCK_UM))
    true = scene.countable
    at_true, at_ours = _blocks(scene.cells, true.size, n, across), _blocks(cells.labels, cells.judged.size, n, across)
    calls = called & cells.judged
    sums = [
        np.bincount(at[which], minlength=n)
        for at, which in ((at_true, true), (at_ours, calls & cells.hit), (at_ours, calls))
    ]
    return [Tally(*(int(each) for each in block)) for block in zip(*sums, strict=True)]


def total(tallies: Sequence[Tally]) -> Tally:
    """Add tallies up."""
    return Tally(*(int(each) for each in np.array(tallies, int).reshape(-1, 3).sum(axis=0)))


def chance_of_gain(before: Sequence[Tally], after: Sequence[Tally]) -> float:
    """Return the one-sided p of the gain in F1 over all units, by tossing a coin for each which of both is which."""
    pairs = np.array([before, after], float)
    seen = total(after).f1 - total(before).f1
    n = len(before)
    if n <= _EXACT:
        tosses = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    else:
        tosses = np.random.default_rng(0).integers(2, size=(_TOSSES, n))
    first = np.tensordot(1 - tosses, pairs[0], 1) + np.tensordot(tosses, pairs[1], 1)
    second = pairs.sum(axis=(0, 1)) - first
    gain = _f1(second) - _f1(first)
    as_large = int((gain >= seen - 1e-12).sum())
    return as_large / len(tosses) if n <= _EXACT else (as_large + 1) / (len(tosses) + 1)


def _f1(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(2 * sums[:, 1] / np.maximum(sums[:, 0] + sums[:, 2], 1))


def units(by_block: pd.DataFrame) -> pd.DataFrame | None:
    """Return sums over the coarsest units of which there are enough: wells, pictures, square millimetres.

    Parameters
    ----------
    by_block
        ``well, picture, block`` and numbers.

    Returns
    -------
    The sums, their index named after the unit; None where even blocks are too few.
    """
    for keys in (["well"], ["well", "picture"], ["well", "picture", "block"]):
        sums = by_block.groupby(keys, sort=True).sum(numeric_only=True)
        if len(sums) >= FEWEST_UNITS:
            return sums
    return None


def _blocks(labels: NDArray[np.int32], size: int, n: int, across: int) -> NDArray[np.intp]:
    """Return (size,) the block in which the middle of each label lies."""
    down = n // across
    area = np.maximum(np.bincount(labels.ravel(), minlength=size), 1)
    rows, columns = (np.arange(side) for side in labels.shape)
    y = np.bincount(labels.ravel(), np.repeat(rows, labels.shape[1]), size) / area
    x = np.bincount(labels.ravel(), np.tile(columns, labels.shape[0]), size) / area
    at_y, at_x = (y * down / labels.shape[0]).astype(np.intp), (x * across / labels.shape[1]).astype(np.intp)
    return np.asarray(np.minimum(at_y, down - 1) * across + np.minimum(at_x, across - 1))

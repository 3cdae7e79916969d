"""How a network does on annotated pictures, and whether a gain may be chance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteocount.finetune.scores import Tally, chance_of_gain, judge_cells, tally_blocks, total, units
from support.annotated_scenes import annotated, labels

OSTEOCLAST, OTHER, GHOST, CUT, FAR = (100, 160, 100, 160), (100, 160, 300, 360), (300, 360, 100, 160), (0, 40, 0, 40), (
    500, 560, 500, 560,
)  # fmt: skip
SCENE = annotated(labels(OSTEOCLAST, OTHER, GHOST, CUT, FAR), osteoclasts=[1, 4, 5], unsure=[3])


@pytest.mark.parametrize(
    ("ours", "called", "expected"),
    [
        ([OSTEOCLAST, FAR], [1, 2], Tally(2, 2, 2)),
        ([OSTEOCLAST, FAR], [1], Tally(2, 1, 1)),
        ([OSTEOCLAST, OTHER], [1, 2], Tally(2, 1, 2)),
        ([(100, 160, 100, 131), FAR], [1, 2], Tally(2, 2, 2)),  # a little more than half of it
        ([(100, 160, 100, 129), FAR], [1, 2], Tally(2, 1, 2)),
        ([GHOST], [1], Tally(2, 0, 0)),  # may be called either way
        ([(300, 320, 100, 120)], [1], Tally(2, 0, 0)),  # a part of it too
        ([CUT], [1], Tally(2, 0, 0)),
        ([(560, 600, 200, 240)], [1], Tally(2, 0, 0)),  # cut by the border, and nothing is annotated there
        ([(200, 240, 200, 240)], [1], Tally(2, 0, 1)),
        ([], [], Tally(2, 0, 0)),
    ],
)
def test_what_is_found_and_called(ours, called, expected):
    made = labels(*ours)
    cells = judge_cells(SCENE, made)
    blocks = tally_blocks(SCENE, cells, np.isin(np.arange(made.max() + 1), called))
    assert len(blocks) == 1  # 1.2 mm
    assert total(blocks) == expected


def test_cells_belong_to_the_square_millimetre_of_their_middle():
    cells = labels((100, 160, 100, 160), (900, 960, 900, 960), (480, 540, 100, 160), side=1000)
    scene = annotated(cells, osteoclasts=[1, 2, 3])
    found = tally_blocks(scene, judge_cells(scene, cells), np.array([False, True, False, True]))
    assert found == [Tally(1, 1, 1), Tally(0, 0, 0), Tally(1, 1, 1), Tally(1, 0, 0)]


def test_a_gain_in_every_unit_is_as_likely_by_chance_as_all_coins_alike():
    before, after = [Tally(10, 5, 10)] * 6, [Tally(10, 8, 10)] * 6
    assert chance_of_gain(before, after) == 1 / 64
    assert chance_of_gain(after, before) == 1
    assert chance_of_gain(before, before) == 1
    assert chance_of_gain(before * 4, after * 4) == 1 / 10_000


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=6, max_size=9))
def test_one_of_both_directions_is_no_gain(found):
    before, after = ([Tally(10, pair[at], 10) for pair in found] for at in (0, 1))
    assert chance_of_gain(before, after) + chance_of_gain(after, before) >= 1


def test_chance_alone_is_rarely_believed():
    rng = np.random.default_rng(0)
    believed = 0
    for _ in range(200):
        one, two = ([Tally(20, int(n), 20) for n in rng.binomial(20, 0.7, 8)] for _ in range(2))
        believed += chance_of_gain(one, two) <= 0.05
    assert believed <= 18  # 10 expected, SD 3


@pytest.mark.parametrize(
    ("wells", "pictures", "blocks", "unit"),
    [(6, 1, 1, "well"), (3, 2, 4, "picture"), (2, 2, 2, "block"), (2, 1, 2, None)],
)
def test_units_are_as_coarse_as_there_are_enough_of(wells, pictures, blocks, unit):
    rows = [(w, f"{w}-{p}", b, 1) for w in range(wells) for p in range(pictures) for b in range(blocks)]
    sums = units(pd.DataFrame(rows, columns=["well", "picture", "block", "true"]))
    assert (None if sums is None else sums.index.names[-1]) == unit
    assert sums is None or sums["true"].sum() == len(rows)

"""The network over a picture of any size: each part of it once, and the same maps in every window."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.segment.detectors import map_cache
from osteocount.segment.detectors.map_cache import MapCache
from osteocount.segment.tiling.tiles import Box, Tiling, tiles

SHAPE = 900, 1100
REACH = 60


class Brightness:
    """A stand-in for the network that says how dense each pixel is, and counts the pixels it was asked for."""

    def __init__(self) -> None:
        self.pixels = 0

    def fill(self, logits, density, rows, columns):
        assert rows.start % 16 == columns.start % 16 == 0
        self.pixels += logits[0].size
        logits[:] = density[rows, columns, 0]


def a_picture():
    values = np.random.default_rng(0).uniform(0, 1, (*SHAPE, 3)).astype(np.float32)
    read = SimpleNamespace(
        view=SimpleNamespace(shape=SHAPE), read=lambda box: values[box.top : box.bottom, box.left : box.right]
    )
    return values, read


def looked_at(core, offset):
    """Look at all windows of a picture in tiles; return the stand-in, and whether every window was seen as it is."""
    (values, read), model, tiling = a_picture(), Brightness(), Tiling(SHAPE, REACH)
    picture = MapCache(model, read)
    right = []
    for tile in tiles(SHAPE, core, offset):
        window = tiling.window(tile)
        density, maps = picture.read(window, tiling.later(tile))
        inside = values[window.top : window.bottom, window.left : window.right]
        right += [np.array_equal(density, inside), *(np.array_equal(each, inside[..., 0]) for each in maps)]
    return model, all(right)


@settings(max_examples=25, deadline=None)
@given(core=st.integers(200, 1200), down=st.integers(0, 900), along=st.integers(0, 900))
def test_every_window_is_seen_as_it_is(core, down, along):
    assert looked_at(core, (down, along))[1]


@pytest.mark.parametrize("core", [256, 320, 512, 2000])
def test_no_part_is_worked_out_twice(core):
    model, right = looked_at(core, (0, 0))
    assert right
    assert model.pixels <= 1.08 * SHAPE[0] * SHAPE[1]  # a window may end within a step of 16 pixels


def test_what_finds_no_room_is_worked_out_again(monkeypatch):
    monkeypatch.setattr(map_cache, "_MOST_BYTES", 100_000)
    model, right = looked_at(256, (0, 0))
    assert right
    assert model.pixels > 1.5 * SHAPE[0] * SHAPE[1]


def test_a_look_out_of_turn_keeps_what_others_will_want():
    (_, read), model, tiling = a_picture(), Brightness(), Tiling(SHAPE, REACH)
    picture = MapCache(model, read)
    first, second = tiles(SHAPE, 512)[:2]
    picture.read(tiling.window(first), tiling.later(first))
    picture.read(Box(0, 64, 0, 64), None)
    before = model.pixels
    window = tiling.window(second)
    picture.read(window, tiling.later(second))
    assert model.pixels - before < 0.8 * (window.bottom - window.top) * (window.right - window.left)


@settings(max_examples=40)
@given(st.integers(300, 3000), st.integers(300, 3000), st.integers(200, 1200))
def test_later_windows_lie_where_it_is_said_and_these_places_do_not_overlap(height, width, core):
    tiling, todo = Tiling((height, width), REACH), tiles((height, width), core)
    for n, tile in enumerate(todo):
        later = tiling.later(tile)
        assert all(one.shared(other) is None for one in later for other in later if one is not other)
        for following in todo[n + 1 :]:
            both = tiling.window(following).shared(tiling.window(tile))
            assert both is None or area(both) == sum(area(part) for part in map(both.shared, later) if part)


def area(box):
    return (box.bottom - box.top) * (box.right - box.left)

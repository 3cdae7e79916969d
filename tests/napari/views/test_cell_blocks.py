"""Blocks of cells from and to Excel, and repeated by dragging."""

from __future__ import annotations

import pytest

from osteocount.napari.views.cell_blocks import Block, around, compose, fill, parse, paste


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\tb\r\nc\td\r\n", [["a", "b"], ["c", "d"]]),
        ('"two\nlines"\tx', [["two lines", "x"]]),
        ("a\t\n\t\n", [["a", ""]]),
        ("", []),
    ],
)
def test_what_excel_puts_on_the_clipboard_is_read(text, lines):
    assert parse(text) == lines


def test_what_is_composed_is_read_back():
    lines = [["a", 'say "b"'], ["", "c"]]
    assert parse(compose(lines)) == lines


def test_a_fill_repeats_its_source():
    source = Block(0, 0, 1, 0)
    grown = source.reaching(4, 0)
    assert grown == Block(0, 0, 4, 0)
    assert fill(source, grown, lambda row, column: "ab"[row]) == {(2, 0): "a", (3, 0): "b", (4, 0): "a"}
    assert source.reaching(1, 2) == Block(0, 0, 1, 2)  # across, as the mouse went further that way


def test_a_paste_goes_down_from_the_selection_and_says_what_fell_off():
    changes, lost = paste([["a"], ["b"], ["c"]], Block(1, 1, 1, 1), rows=3, columns=2)
    assert changes == {(1, 1): "a", (2, 1): "b"}
    assert lost == 1


def test_one_cell_fills_the_whole_selection():
    changes, lost = paste([["x"]], Block(0, 0, 2, 1), rows=5, columns=5)
    assert set(changes.values()) == {"x"}
    assert len(changes) == 6
    assert lost == 0


def test_the_block_around_cells():
    assert around([(3, 1), (1, 2)]) == Block(1, 1, 3, 2)
    assert around([]) is None

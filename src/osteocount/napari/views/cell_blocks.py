"""Blocks of cells of a table: from and to the clipboard as Excel writes it, and repeated over a larger block."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Cell = tuple[int, int]
Lines = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Block:
    """A rectangle of cells; the last row and column belong to it."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left + 1

    def cells(self) -> list[Cell]:
        """Return every (row, column) of it."""
        return [
            (row, column) for row in range(self.top, self.bottom + 1) for column in range(self.left, self.right + 1)
        ]

    def reaching(self, row: int, column: int) -> Block:
        """Return this block grown to a cell along the direction in which that lies further away."""
        down = max(row - self.bottom, self.top - row, 0)
        across = max(column - self.right, self.left - column, 0)
        if down >= across:
            return Block(min(self.top, row), self.left, max(self.bottom, row), self.right)
        return Block(self.top, min(self.left, column), self.bottom, max(self.right, column))


def around(cells: Sequence[Cell]) -> Block | None:
    """Return the smallest block that holds all ``cells``; None when there are none."""
    if not cells:
        return None
    rows, columns = zip(*cells, strict=True)
    return Block(min(rows), min(columns), max(rows), max(columns))


def parse(text: str) -> list[list[str]]:
    """Read what Excel puts on the clipboard: rows, tabs between cells, quotes around those with line ends."""
    lines = list(csv.reader(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")), delimiter="\t"))
    while lines and not any(lines[-1]):
        lines.pop()
    return [[" ".join(cell.split()) for cell in line] for line in lines]


def compose(lines: Lines) -> str:
    """Return cells as Excel takes them from the clipboard."""
    written = io.StringIO()
    csv.writer(written, delimiter="\t", lineterminator="\n").writerows(lines)
    return written.getvalue().removesuffix("\n")


def fill(source: Block, target: Block, text: Callable[[int, int], str]) -> dict[Cell, str]:
    """Repeat the texts of ``source`` over what ``target`` has more."""
    own = set(source.cells())
    return {
        (row, column): text(
            source.top + (row - source.top) % source.height, source.left + (column - source.left) % source.width
        )
        for row, column in target.cells()
        if (row, column) not in own
    }


def paste(lines: Lines, at: Block, rows: int, columns: int) -> tuple[dict[Cell, str], int]:
    """Say which cells get which texts, and how many of ``lines`` fell off a table of ``rows`` by ``columns``.

    A selection larger than what is pasted is filled with repeats of it, where it is so many times as large.
    """
    if not lines:
        return {}, 0
    height, width = len(lines), max(map(len, lines))
    times = (at.height // height if at.height % height == 0 else 1, at.width // width if at.width % width == 0 else 1)
    changes: dict[Cell, str] = {}
    lost = 0
    for row in range(height * max(1, times[0])):
        if at.top + row >= rows:
            lost += 1
            continue
        line = lines[row % height]
        for column in range(width * max(1, times[1])):
            if at.left + column < columns:
                changes[at.top + row, at.left + column] = line[column % width] if column % width < len(line) else ""
    return changes, lost

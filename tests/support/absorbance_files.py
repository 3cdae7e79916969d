"""Made-up exports whose every value tells its place."""

from __future__ import annotations

import pytest

from osteocount.plate.absorbance.read import read_export
from osteocount.wells import row_letters


def value(row, column, scale=1000.0):
    """Return a value that tells its place."""
    return round(row + column / scale, 3)


def grid(rows=8, columns=12, *, sep="\t", corner="", labels=True, behind="", add=0.0):
    header = sep.join([corner, *map(str, range(1, columns + 1))])
    lines = [
        sep.join([row_letters(r) if labels else ""] + [f"{value(r, c) + add:.3f}" for c in range(1, columns + 1)])
        + (sep + behind if behind else "")
        for r in range(1, rows + 1)
    ]
    return "\n".join([header, *lines])


def read_text(tmp_path, text, name="export.txt", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return read_export(path)


def at(block, row, column):
    return next(r for r in block.readings if (r.row, r.column) == (row, column))


def check_values(block, rows=8, columns=12, add=0.0):
    assert len(block.readings) == rows * columns
    for r in block.readings:
        assert r.value == pytest.approx(value(r.row, r.column) + add)

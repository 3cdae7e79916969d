"""Figures of matplotlib as files, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osteocount.io.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figure(figure: Figure, path: Path) -> None:
    """Write ``figure`` as its ending says, ``.svg`` or ``.png``; an SVG holds no date.

    Raises
    ------
    NotWritableError
        As `atomic_write`.
    """
    kind = path.suffix.removeprefix(".")
    with atomic_write(path) as part:
        figure.savefig(part, format=kind, metadata={"Date": None} if kind == "svg" else None)

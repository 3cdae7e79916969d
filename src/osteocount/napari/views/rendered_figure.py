"""Figures as pictures, drawn in a worker so that the window never waits for matplotlib."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_DOTS_PER_INCH = 96  # of a screen whose pixels are not finer than those of the window
_WIDE = 6.5  # inches from which a figure is laid out as in the report


@dataclass(frozen=True)
class Room:
    """How much room there is for a figure.

    Attributes
    ----------
    width, height
        Pixels of the screen.
    ratio
        Pixels of the screen for each of the window.
    """

    width: int
    height: int
    ratio: float = 1.0

    @property
    def narrow(self) -> float | None:
        """Inches across, where letters stay readable only in a figure that is made for them; else None."""
        inches = self.width / (_DOTS_PER_INCH * self.ratio)
        return inches if inches < _WIDE else None


@dataclass(frozen=True)
class RenderedFigure:
    """A figure as it is seen.

    Attributes
    ----------
    pixels
        (height, width, 4) uint8 RGBA.
    origin, step
        Where (1, 1) of the first axes lies, and how far (2, 2) is from it, in pixels from the top left: this turns a
        click on a plate into a well.
    """

    pixels: NDArray[np.uint8]
    origin: tuple[float, float]
    step: tuple[float, float]

    def place(self, x: float, y: float) -> tuple[int, int]:
        """Return the (row, column) of a plate under a point."""
        column = 1 + (x - self.origin[0]) / self.step[0]
        row = 1 + (y - self.origin[1]) / self.step[1]
        return round(row), round(column)

    def point(self, row: int, column: int) -> tuple[float, float]:
        """Return where a well is seen, as x and y."""
        return self.origin[0] + (column - 1) * self.step[0], self.origin[1] + (row - 1) * self.step[1]


def draw(figure: Figure, room: Room) -> RenderedFigure:
    """Draw ``figure`` as large as there is room; its proportions stay."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    inches = figure.get_size_inches()
    figure.set_dpi(max(30.0, min(room.width / inches[0], room.height / inches[1], 200.0)))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba(), np.uint8).copy()  # type: ignore[no-untyped-call]
    first, second = (figure.axes[0].transData.transform((n, n)) for n in (1, 2))
    origin = (float(first[0]), pixels.shape[0] - float(first[1]))
    return RenderedFigure(pixels, origin, (float(second[0] - first[0]), float(first[1] - second[1])))

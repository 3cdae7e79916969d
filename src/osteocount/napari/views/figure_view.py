"""A figure, rendered in a worker so that the window never waits for matplotlib, and the widget that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QPointF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QHelpEvent, QHideEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 96  # of a screen whose pixels are not finer than those of the window
LARGE_PX = 1000, 680
ELSEWHERE = "This figure is in a window of its own. Close that to see it here."
_FLATTEST, _TALLEST = 0.7, 1.5  # of its own height, that a figure is given in a place of other proportions
_WIDE = 6.5  # inches from which a figure is laid out as in the report


@dataclass(frozen=True)
class FigureSize:
    """How large a figure may be.

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
    def narrow_inches(self) -> float | None:
        """Inches across where that is so narrow that a figure must be laid out for it to be readable; else None."""
        inches = self.width / (_DOTS_PER_INCH * self.ratio)
        return inches if inches < _WIDE else None


@dataclass(frozen=True)
class RenderedFigure:
    """A figure as pixels.

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

    def well_at(self, x: float, y: float) -> tuple[int, int]:
        """Return the (row, column) of a plate at a position, from 1; outside the plate they are others."""
        column = 1 + (x - self.origin[0]) / self.step[0]
        row = 1 + (y - self.origin[1]) / self.step[1]
        return round(row), round(column)

    def position_of(self, row: int, column: int) -> tuple[float, float]:
        """Return the x and y of a well."""
        return self.origin[0] + (column - 1) * self.step[0], self.origin[1] + (row - 1) * self.step[1]


def fitted(figure: Figure, size: FigureSize) -> Figure:
    """Give a figure the proportions of its place, within what its letters bear; its layout has to follow its size."""
    wide, high = figure.get_size_inches()
    wanted = wide * size.height / max(size.width, 1)
    figure.set_size_inches(wide, min(max(wanted, _FLATTEST * high), _TALLEST * high))
    return figure


def render(figure: Figure, size: FigureSize) -> RenderedFigure:
    """Render ``figure`` as large as ``size`` allows, with its proportions. For a worker: matplotlib is slow."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    inches = figure.get_size_inches()
    figure.set_dpi(max(30.0, min(size.width / inches[0], size.height / inches[1], 200.0)))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba(), np.uint8).copy()  # type: ignore[no-untyped-call]
    first, second = (figure.axes[0].transData.transform((n, n)) for n in (1, 2))
    origin = (float(first[0]), pixels.shape[0] - float(first[1]))
    return RenderedFigure(pixels, origin, (float(second[0] - first[0]), float(first[1] - second[1])))


class FigureView(QWidget):
    """A picture of a figure at its own size, top left.

    Signals
    -------
    clicked
        (x, y) in pixels of the figure.
    resized
        Figures may have another size now; whoever renders may do it anew.
    hidden
        It is not on the screen any more.
    """

    clicked = Signal(float, float)
    resized = Signal()
    hidden = Signal()

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.text = text
        self.hint_for: Callable[[float, float], str] = lambda x, y: ""
        self.rendered: RenderedFigure | None = None
        self._image: QImage | None = None
        self._ring: tuple[float, float, float] | None = None
        self._large: FigureView | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 200)

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """Ask for room enough to read the figure."""
        return QSize(330, 340)

    def figure_size(self) -> FigureSize:
        """Return how large a figure may be, in a window of its own where it is shown there."""
        if self._large is not None and self._large.isVisible():
            return self._large.figure_size()
        ratio = self.devicePixelRatioF()
        return FigureSize(int(self.width() * ratio), int(self.height() * ratio), ratio)

    def show_figure(self, rendered: RenderedFigure | None, text: str = "") -> None:
        """Show a figure, or a sentence when there is none."""
        if self._large is not None and self._large.isVisible():
            self._large.show_figure(rendered, text)
            rendered_here, text = None, ELSEWHERE
        else:
            rendered_here = rendered
        self.text, self._image, self._ring = text, None, None
        self.rendered = rendered  # also where it is shown elsewhere: what is clicked there is a place of it
        self._draw(rendered_here)

    def enlarge(self, title: str) -> None:
        """Show the figure in a window of its own, with whole names, until that is closed."""
        if self._large is None:
            self._large = large = FigureView()
            large.setWindowTitle(title)
            large.resize(*LARGE_PX)
            large.hint_for = lambda x, y: self.hint_for(x, y)
            large.clicked.connect(self.clicked)
            large.resized.connect(self.resized)
            large.hidden.connect(self.resized)
        self._large.show()
        self._large.raise_()
        self.resized.emit()

    def close_large(self) -> None:
        """Close the window of its own."""
        if self._large is not None:
            self._large.close()

    def _draw(self, rendered: RenderedFigure | None) -> None:
        if rendered is not None:
            height, width = rendered.pixels.shape[:2]
            image = QImage(rendered.pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
            image.setDevicePixelRatio(self.devicePixelRatioF())
            self._image = image
        self.update()

    def show_ring(self, x: float, y: float, radius: float) -> None:
        """Mark a place of the figure."""
        if self._large is not None and self._large.isVisible():
            self._large.show_ring(x, y, radius)
            return
        self._ring = (x, y, radius)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802  Qt's name
        """Paint the figure or the sentence."""
        painter = QPainter(self)
        if self._image is None:
            painter.drawText(self.rect().adjusted(8, 8, -8, -8), Qt.TextFlag.TextWordWrap, self.text)
            return
        painter.drawImage(0, 0, self._image)
        if self._ring is not None:
            ratio = self.devicePixelRatioF()
            x, y, radius = (value / ratio for value in self._ring)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor("#FF00AA"), 3))
            painter.drawEllipse(QPointF(x, y), radius, radius)

    def event(self, event: QEvent | None) -> bool:
        """Say what is under the mouse."""
        if isinstance(event, QHelpEvent) and self._image is not None:
            position, ratio = event.pos(), self.devicePixelRatioF()
            hint = self.hint_for(position.x() * ratio, position.y() * ratio)
            if hint:
                QToolTip.showText(event.globalPos(), hint, self)
                return True
        return bool(super().event(event))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802  Qt's name
        """Tell where the figure was clicked."""
        if event is not None and self._image is not None:
            position, ratio = event.position(), self.devicePixelRatioF()
            self.clicked.emit(position.x() * ratio, position.y() * ratio)

    def hideEvent(self, event: QHideEvent | None) -> None:  # noqa: N802  Qt's name
        """Say so."""
        super().hideEvent(event)
        self.hidden.emit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802  Qt's name
        """Ask for a figure of another size."""
        super().resizeEvent(event)
        self.resized.emit()

"""A drawn figure on the screen."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QPointF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from osteocount.napari.views.rendered_figure import RenderedFigure, Room


class FigureView(QWidget):
    """A picture of a figure at its own size, top left.

    Signals
    -------
    clicked
        (x, y) in pixels of the figure.
    resized
        There is another amount of room; whoever draws may draw anew.
    """

    clicked = Signal(float, float)
    resized = Signal()

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = text
        self.hint_for: Callable[[float, float], str] = lambda x, y: ""
        self.drawn: RenderedFigure | None = None
        self._image: QImage | None = None
        self._ring: tuple[float, float, float] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 200)

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """Ask for room enough to read the figure."""
        return QSize(330, 340)

    def room(self) -> Room:
        """Return how much room there is."""
        ratio = self.devicePixelRatioF()
        return Room(int(self.width() * ratio), int(self.height() * ratio), ratio)

    def show_figure(self, drawn: RenderedFigure | None, text: str = "") -> None:
        """Show a figure, or a sentence when there is none."""
        self.drawn, self.text, self._ring = drawn, text, None
        if drawn is not None:
            height, width = drawn.pixels.shape[:2]
            image = QImage(drawn.pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
            image.setDevicePixelRatio(self.devicePixelRatioF())
            self._image = image
        else:
            self._image = None
        self.update()

    def show_ring(self, x: float, y: float, radius: float) -> None:
        """Mark a place of the figure."""
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
            at, ratio = event.pos(), self.devicePixelRatioF()
            hint = self.hint_for(at.x() * ratio, at.y() * ratio)
            if hint:
                QToolTip.showText(event.globalPos(), hint, self)
                return True
        return bool(super().event(event))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802  Qt's name
        """Tell where the figure was clicked."""
        if event is not None and self._image is not None:
            at, ratio = event.position(), self.devicePixelRatioF()
            self.clicked.emit(at.x() * ratio, at.y() * ratio)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802  Qt's name
        """Ask to be drawn anew."""
        super().resizeEvent(event)
        self.resized.emit()

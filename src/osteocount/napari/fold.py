"""Room for the parts of a panel: what can be folded away, and how high a panel is."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QToolButton, QVBoxLayout, QWidget


class Fold(QWidget):
    """A heading that shows or hides what is under it."""

    def __init__(self, title: str, body: QWidget, *, opened: bool = False) -> None:
        super().__init__()
        self.heading = QToolButton()
        self.heading.setText(title)
        self.heading.setCheckable(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.toggled.connect(self._show)
        self._body = body
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.heading)
        layout.addWidget(body)
        self.heading.setChecked(opened)
        self._show(opened)

    def _show(self, opened: bool) -> None:
        self.heading.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self._body.setVisible(opened)


def give_height(widget: QWidget, height: int) -> None:
    """Make the panel of the window that holds ``widget`` as high as ``height`` pixels, where the window has room."""
    panel = widget
    while panel is not None and not isinstance(panel, QDockWidget):
        panel = panel.parentWidget()
    window = None if panel is None else panel.parentWidget()
    if isinstance(window, QMainWindow):  # it heeds this only once the panel has been laid out
        QTimer.singleShot(0, lambda: window.resizeDocks([panel], [height], Qt.Orientation.Vertical))

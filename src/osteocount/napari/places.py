"""Where panels lie in the window."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow

_HEIGHTS = (520, 180)  # of the plate and of what lies below it; Qt keeps the proportion


def before_layer_controls(panel: QDockWidget) -> None:
    """Lay a panel over the controls of layers, which a review does not need; a tab brings them back."""
    window = panel.parent()
    if not isinstance(window, QMainWindow):
        return
    left = [
        dock
        for dock in window.findChildren(QDockWidget)
        if dock is not panel and window.dockWidgetArea(dock) == Qt.DockWidgetArea.LeftDockWidgetArea
    ]
    controls = [dock for dock in left if dock.objectName() == "layer controls"]
    if controls:
        window.tabifyDockWidget(controls[0], panel)
        others = [dock for dock in left if dock is not controls[0]]
        window.resizeDocks([panel, *others], [_HEIGHTS[0], *[_HEIGHTS[1]] * len(others)], Qt.Orientation.Vertical)

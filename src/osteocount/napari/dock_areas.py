"""Where panels lie in the window."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

_HEIGHTS = (520, 180)  # of the panel and of what lies below it; Qt keeps the proportion


def tabify_with_layer_controls(widget: QWidget) -> None:
    """Lay the panel of a widget over the controls of layers, which a review does not need; a tab brings them back."""
    panel, window = _around(widget, QDockWidget), _around(widget, QMainWindow)
    left = [] if window is None else _on_the_left(window)
    controls = [dock for dock in left if dock.objectName() == "layer controls"]
    if panel is None or window is None or not controls:
        return
    window.tabifyDockWidget(controls[0], panel)
    below = [dock for dock in left if dock not in (controls[0], panel)]
    window.resizeDocks([panel, *below], [_HEIGHTS[0], *[_HEIGHTS[1]] * len(below)], Qt.Orientation.Vertical)


def _around(widget: QWidget, kind: type) -> Any:
    """Return the nearest widget of a kind that this one lies in."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, kind):
        parent = parent.parentWidget()
    return parent


def _on_the_left(window: QMainWindow) -> list[QDockWidget]:
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    return [dock for dock in window.findChildren(QDockWidget) if window.dockWidgetArea(dock) == left]

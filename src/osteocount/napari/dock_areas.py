"""Where dock widgets lie in napari's window."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

_HEIGHTS = (520, 180)  # of the dock and of what lies below it; Qt keeps the proportion.
# With it a plate has the 300 pixels that its letters need in a window of 1280 × 800 (tests hold that).


def tabify_with_layer_controls(widget: QWidget) -> None:
    """Lay the dock of a widget over the layer controls, which a review does not need; a tab brings them back."""
    own, window = _ancestor(widget, QDockWidget), _ancestor(widget, QMainWindow)
    left = [] if window is None else _left_docks(window)
    controls = [dock for dock in left if dock.objectName() == "layer controls"]
    if own is None or window is None or not controls:
        return
    window.tabifyDockWidget(controls[0], own)
    below = [dock for dock in left if dock not in (controls[0], own)]
    window.resizeDocks([own, *below], [_HEIGHTS[0], *[_HEIGHTS[1]] * len(below)], Qt.Orientation.Vertical)


def _ancestor(widget: QWidget, of_type: type) -> Any:
    """Return the nearest widget of a type that this one lies in; napari gives no other way to its docks."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, of_type):
        parent = parent.parentWidget()
    return parent


def _left_docks(window: QMainWindow) -> list[QDockWidget]:
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    return [dock for dock in window.findChildren(QDockWidget) if window.dockWidgetArea(dock) == left]

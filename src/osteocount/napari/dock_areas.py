"""Further docks of napari's window beside our own: the plate, the cells, the table of treatments."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

_HEIGHTS = (520, 180)  # of the plate's dock and of what lies below it; Qt keeps the proportion.
# With it a plate has the 300 pixels that its letters need in a window of 1280 × 800 (tests hold that).
_BOTTOM_PX = 300  # of a table below the picture, in that window: some eight lines, and the picture above is still seen


class DockAreas:
    """The docks of one viewer's window; none where the viewer has no window.

    Parameters
    ----------
    window
        Of the viewer, or None.
    """

    def __init__(self, window: Any) -> None:
        self._window = window
        self._docks: dict[QWidget, Any] = {}

    def show(self, widget: QWidget, name: str, area: str, *, is_wide: bool = False) -> None:
        """Bring a widget to the front, in a dock that is made when it has none: its × takes it out of it.

        At the bottom a wide one also takes the ground below our own dock, which is short of room otherwise.
        """
        if self._window is None:
            return
        if not self.has(widget):
            self._docks[widget] = self._window.add_dock_widget(widget, name=name, area=area)
            if area == "left":
                _tabify_with_layer_controls(widget)
            else:
                others = [each for each in self._docks if each is not widget and self.has(each)]
                _tabify_at_the_bottom(widget, others, is_wide=is_wide)
        self._docks[widget].show()
        self._docks[widget].raise_()

    def has(self, widget: QWidget) -> bool:
        """Tell whether a widget has a dock."""
        return self._window is not None and widget.parentWidget() is not None

    def remove(self, *widgets: QWidget) -> None:
        """Take widgets out of their docks."""
        for widget in widgets:
            if self.has(widget):
                self._window.remove_dock_widget(widget)


def _tabify_with_layer_controls(widget: QWidget) -> None:
    """Lay the dock of a widget over the layer controls, which a review does not need; a tab brings them back."""
    own, window = _ancestor(widget, QDockWidget), _ancestor(widget, QMainWindow)
    left = [] if window is None else _docks_in(window, Qt.DockWidgetArea.LeftDockWidgetArea)
    controls = [dock for dock in left if dock.objectName() == "layer controls"]
    if own is None or window is None or not controls:
        return
    window.tabifyDockWidget(controls[0], own)
    below = [dock for dock in left if dock not in (controls[0], own)]
    window.resizeDocks([own, *below], [_HEIGHTS[0], *[_HEIGHTS[1]] * len(below)], Qt.Orientation.Vertical)


def _tabify_at_the_bottom(widget: QWidget, others: list[QWidget], *, is_wide: bool) -> None:
    """Lay tables over each other rather than beside, below the picture, and leave the picture its room."""
    own, window = _ancestor(widget, QDockWidget), _ancestor(widget, QMainWindow)
    if own is None or window is None:
        return
    window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)  # the plate keeps its height
    area, right = Qt.DockWidgetArea.BottomDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
    window.setCorner(Qt.Corner.BottomRightCorner, area if is_wide else right)
    earlier = [
        dock for each in others if (dock := _ancestor(each, QDockWidget)) and window.dockWidgetArea(dock) == area
    ]
    if earlier:
        window.tabifyDockWidget(earlier[0], own)
    else:
        window.resizeDocks([own], [_BOTTOM_PX], Qt.Orientation.Vertical)


def _ancestor(widget: QWidget, of_type: type) -> Any:
    """Return the nearest widget of a type that this one lies in; napari gives no other way to its docks."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, of_type):
        parent = parent.parentWidget()
    return parent


def _docks_in(window: QMainWindow, area: Qt.DockWidgetArea) -> list[QDockWidget]:
    return [dock for dock in window.findChildren(QDockWidget) if window.dockWidgetArea(dock) == area]

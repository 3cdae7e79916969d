"""A part of a panel that can be collapsed.

superqt's `QCollapsible` does not serve here: it fixes the height of its content when it is expanded, so that sections
inside sections and messages that grow are cut off, and napari's theme fills its heading as a pressed button.
"""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QToolButton, QVBoxLayout, QWidget


class CollapsibleSection(QWidget):
    """A heading that shows or hides what is under it."""

    def __init__(self, title: str, body: QWidget, *, is_expanded: bool = False) -> None:
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
        self.heading.setChecked(is_expanded)
        self._show(is_expanded)

    def _show(self, is_expanded: bool) -> None:
        self.heading.setArrowType(Qt.ArrowType.DownArrow if is_expanded else Qt.ArrowType.RightArrow)
        self._body.setVisible(is_expanded)

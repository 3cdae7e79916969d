"""Layers that show what was counted, and that napari's own tools must not change: the tables would not follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer

PAINTED = (
    "Painting changes no count, so it was taken back. Count the folder of the picture in step 1, then correct its "
    "cells in step 3: there tables and numbers follow every edit."
)


def lock(layer: Any, help_text: str = "") -> None:
    """Keep ``layer`` from being edited; napari itself would allow it again whenever the data or the view changes.

    ``help_text`` stands in the status bar in place of keys for tools that are locked.
    """

    def keep(event: object = None) -> None:
        if layer.editable:
            layer.editable = False

    def help_with(event: object = None) -> None:
        layer.help = help_text

    layer.events.editable.connect(keep)
    layer.events.help.connect(help_with)
    keep()
    help_with()


def take_back_paint(layer: Any, tell: Callable[[str], object]) -> None:
    """Undo what any tool of napari paints on a labels layer, and say so.

    The layer says that it is painted before it is, so this happens in the next turn of the window's loop.
    """

    def undo() -> None:
        layer.undo()
        tell(PAINTED)

    layer.events.paint.connect(lambda event: QTimer.singleShot(0, undo))

"""What is done once, as the dock opens, so that the window stands still for less later."""

from __future__ import annotations

import gc
from typing import Any


def precompute_line_dashes() -> None:
    """Let vispy work out the dashes of lines, which it keeps; else the first labels layer waits for them."""
    from vispy.visuals.line.dash_atlas import DashAtlas

    DashAtlas()


class HeapFreeze:
    """Sets aside all objects there are, until `release` or until a layer among them is removed.

    A full collection goes through every object of napari, Qt and pandas. That takes a fifth of a second, in which the
    window stands still, and napari asks for one whenever a layer is removed. What is made from now on, and so every
    picture that is opened, is collected as ever.

    Parameters
    ----------
    layers
        Of the viewer.
    """

    def __init__(self, layers: Any) -> None:
        self._layers = layers
        self._present = {id(layer) for layer in layers}
        layers.events.removed.connect(self._on_removed)
        gc.freeze()

    def release(self) -> None:
        """Let the collector see everything again."""
        self._layers.events.removed.disconnect(self._on_removed)
        gc.unfreeze()

    def _on_removed(self, event: Any) -> None:
        if id(event.value) in self._present:  # its pixels must not stay in memory
            self._present = set()
            gc.unfreeze()

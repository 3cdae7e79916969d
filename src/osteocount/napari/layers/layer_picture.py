"""An image layer as the counting sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LayerSnapshot:
    """An image layer as the viewer holds it.

    Attributes
    ----------
    name
        Of the layer.
    path
        The file it was opened from, None for a picture that lives in memory only.
    data
        Array-like of the full resolution; read in the worker only, since it may be lazy.
    rgb
        True when the last axis is colour.
    pixel_um
        Micrometres per pixel when the layer has a length unit, None otherwise.
    """

    name: str
    path: Path | None
    data: Any
    rgb: bool
    pixel_um: float | None

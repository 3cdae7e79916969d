"""The scale a picture is analysed at, so that every length in the code is in micrometres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

#: Micrometres per pixel at which nuclei are looked for: a nucleus of 8 µm is then 10 to 11 pixels across.
WORKING_UM = 0.76


@dataclass(frozen=True)
class Scale:
    """How the picture relates to the grid it is analysed on.

    Attributes
    ----------
    um
        Micrometres per pixel of the analysed grid.
    zoom
        Analysed pixels per pixel of the file; 1 when the picture is analysed as it is.
    origin
        Where the micrometres come from, in words.
    """

    um: float
    zoom: float
    origin: str

    def px(self, um: float) -> float:
        """Return the length of ``um`` micrometres in analysed pixels."""
        return um / self.um

    def radius(self, um: float) -> int:
        """Return ``um`` micrometres as a whole number of analysed pixels, at least 1."""
        return max(1, round(self.px(um)))


def working_scale(um_per_px: float, origin: str) -> Scale:
    """Choose the grid: the file's own when it lies within a tenth of `WORKING_UM`, else one resampled to it."""
    zoom = um_per_px / WORKING_UM
    if abs(zoom - 1) <= 0.1:
        return Scale(um_per_px, 1.0, origin)
    return Scale(WORKING_UM, zoom, origin)


@overload
def resample(pixels: Pixels, zoom: float) -> Pixels: ...
@overload
def resample(pixels: NDArray[np.float32], zoom: float) -> NDArray[np.float32]: ...
def resample(pixels: Pixels | NDArray[np.float32], zoom: float) -> Pixels | NDArray[np.float32]:
    """Resample (h, w, c) grey levels; areas are averaged when shrinking, so noise falls and nothing aliases."""
    if zoom == 1:
        return pixels
    height, width = pixels.shape[:2]
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    out = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC)
    return np.asarray(out).reshape(*out.shape[:2], pixels.shape[2])


def labels_to_size(labels: NDArray[np.int32], shape: tuple[int, int]) -> NDArray[np.uint32]:
    """Bring a label image back to the picture's own (height, width)."""
    if labels.shape == shape:
        return labels.astype(np.uint32)
    rows = nearest(shape[0], labels.shape[0])
    columns = nearest(shape[1], labels.shape[1])
    return labels[rows[:, None], columns[None, :]].astype(np.uint32)


def values_to_size(values: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Bring a map of values back to the picture's own (height, width)."""
    if values.shape == shape:
        return values
    return np.asarray(cv2.resize(values, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR))


def nearest(wanted: int, have: int) -> NDArray[np.intp]:
    """Return which of ``have`` pixels each of ``wanted`` pixels along the same side shows."""
    return np.minimum(((np.arange(wanted) + 0.5) * have / wanted).astype(np.intp), have - 1)

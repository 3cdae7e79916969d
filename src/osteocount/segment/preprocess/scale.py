"""The scale a picture is analysed at, so that every length in the code is in micrometres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, overload

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Pixels

#: Micrometres per pixel at which nuclei are looked for: a nucleus of 8 µm is then 10 to 11 pixels across. The scale of
#: the annotated field, and the one the network was trained at.
WORKING_UM = 0.76
#: Diameter of compact mononuclear TRAP-positive cells, by which a picture without a pixel size is scaled, and against
#: which a cell whose nuclei cannot be seen is large. On which pictures it was measured is not recorded.
MONONUCLEAR_UM = 10.5
#: Side in pixels of the file of the blocks that are resampled together.
BLOCK = 512
_PARTS = 64  # zooms are a multiple of 1/64
_AS_IT_IS = 0.1  # a scale this near the wanted one, relative, is not resampled


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


def working_scale(um_per_px: float, origin: str, wanted_um: float = WORKING_UM) -> Scale:
    """Choose the grid: the file's own when it lies within a tenth of ``wanted_um``, else one resampled to it."""
    zoom = um_per_px / wanted_um
    if abs(zoom - 1) <= _AS_IT_IS:
        return Scale(um_per_px, 1.0, origin)
    zoom = max(1, round(zoom * _PARTS)) / _PARTS  # so that whole blocks of the file become whole analysed pixels
    return Scale(um_per_px / zoom, zoom, origin)


@overload
def resample(pixels: Pixels, zoom: float) -> Pixels: ...
@overload
def resample(pixels: NDArray[np.float32], zoom: float) -> NDArray[np.float32]: ...
def resample(pixels: Pixels | NDArray[np.float32], zoom: float) -> Pixels | NDArray[np.float32]:
    """Resample (h, w, c) grey levels; areas are averaged when shrinking, so noise falls and nothing aliases.

    It is done block by block (`BLOCK` pixels of the file), so that any part of a picture made of whole blocks gives
    what the whole picture gives there.
    """
    if zoom == 1:
        return pixels
    height, width = pixels.shape[:2]
    rows, columns = resampled_size(height, zoom), resampled_size(width, zoom)
    if not (zoom * _PARTS).is_integer():
        return _resized(pixels, rows, columns)
    out = np.empty((rows, columns, pixels.shape[2]), pixels.dtype)
    step, around = int(BLOCK * zoom), _PARTS if zoom > 1 else 0  # enlarging looks at pixels around the block
    for top in range(0, rows, step):
        for left in range(0, columns, step):
            y, x = (at // step * BLOCK for at in (top, left))
            up, before = min(y, around), min(x, around)
            down, right = min(y + BLOCK + around, height), min(x + BLOCK + around, width)
            above, beside = int(up * zoom), int(before * zoom)
            below = rows if down == height else int(down * zoom)
            behind = columns if right == width else int(right * zoom)
            large = _resized(pixels[y - up : down, x - before : right], below - top + above, behind - left + beside)
            out[top : top + step, left : left + step] = large[above : above + step, beside : beside + step]
    return out


def resampled_size(side: int, zoom: float) -> int:
    """Return the analysed pixels along a side of a picture."""
    return max(1, round(side * zoom))


def _resized(pixels: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    shrinks = height * width < pixels.shape[0] * pixels.shape[1]
    out = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return np.asarray(out).reshape(height, width, pixels.shape[2])


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

"""A picture of any size, reduced and in part: all that is needed to decide how it is analysed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Picture, Pixels, PixelSize
from osteocount.io.tiled_image import TiledImage
from osteocount.segment.preprocess.well_mask import Circle, find_well

_OVERVIEW = 1600  # longest side of the reduced picture is between this and twice this
_CENTRE = 2048  # longest side of the part in the middle that is kept in full
_STRIP = 512  # rows read together: a picture too large for the memory is never read at once


@dataclass(frozen=True)
class Overview:
    """A picture seen small and in part.

    Attributes
    ----------
    reduced
        Every ``step``-th pixel of it; the picture itself when ``step`` is 1.
    step
        Pixels of the picture from one pixel of the reduced one to the next.
    centre
        Its middle at full resolution.
    top, left
        Where that lies.
    """

    reduced: Picture
    step: int
    centre: Picture
    top: int
    left: int

    def well(self) -> Circle | None:
        """Find the rim of the well, in pixels of the picture."""
        circle = find_well(self.reduced.pixels)
        return circle and Circle(circle.x * self.step, circle.y * self.step, circle.radius * self.step)

    def centre_inside(self, well: Circle | None) -> NDArray[np.bool_]:
        """Return (height, width) of the centre, False outside the well."""
        height, width = self.centre.pixels.shape[:2]
        if well is None:
            return np.ones((height, width), bool)
        return well.contains(np.arange(self.top, self.top + height), np.arange(self.left, self.left + width))


def read_overview(image: TiledImage) -> Overview:
    """Read a picture small and in part; one in memory that is not large is not copied."""
    height, width = image.shape[:2]
    step = max(1, max(height, width) // _OVERVIEW)
    rows = _STRIP if step > 1 else height
    strips = [_thinned(image.read(top, min(top + rows, height), 0, width), top, step) for top in range(0, height, rows)]
    top, left = max(0, (height - _CENTRE) // 2), max(0, (width - _CENTRE) // 2)
    centre = image.read(top, min(top + _CENTRE, height), left, min(left + _CENTRE, width))
    size = image.pixel_size
    small = PixelSize(None if size.um is None else size.um * step, size.origin)
    overview = np.asarray(strips[0] if len(strips) == 1 else np.concatenate(strips))
    kind: Literal["rgb", "grey"] = "rgb" if image.shape[2] == 3 else "grey"
    pictures = (
        Picture(image.path, pixels, kind, ("",) * pixels.shape[2], scale, image.axes, image.notes)
        for pixels, scale in ((overview, small), (centre, size))
    )
    return Overview(next(pictures), step, next(pictures), top, left)


def _thinned(strip: Pixels, top: int, step: int) -> Pixels:
    """Return every ``step``-th pixel of a strip that begins at row ``top``, without holding on to the rest."""
    return strip if step == 1 else strip[-top % step :: step, ::step].copy()

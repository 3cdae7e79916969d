"""What finds the cells of a low power picture, and calls the osteoclasts among them."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Pixels
from osteocount.segment.doubt import Doubts
from osteocount.segment.object_tables import CalledBy
from osteocount.segment.preprocess.scale import Scale

#: Times the threshold of TRAP-positive: pixel density from which a body is stained, 0.21 at the default. Well above
#: what a pale cell needs on average.
STAINED = 2.6


class LowPowerCells(NamedTuple):
    """The cells of a picture; entry 0 of the arrays stands for the background.

    Attributes
    ----------
    labels
        (height, width) int32, 1..n.
    is_osteoclast
        (n + 1,) whether a cell is called an osteoclast.
    confidence
        (n + 1,) probability that the call is right.
    is_pale
        (n + 1,) whether it is a pale giant.
    record
        What a reader must know of how they were called.
    doubts
        See `Segmentation.doubts`.
    """

    labels: NDArray[np.int32]
    is_osteoclast: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    is_pale: NDArray[np.bool_]
    record: dict[str, Any]
    doubts: Doubts = Doubts()


class LowPowerDetector(Protocol):
    """A way to find and call the cells of a picture in which most nuclei are not resolved.

    Attributes
    ----------
    working_um
        µm per pixel at which it works.
    light_blocks
        How many times larger than usual the blocks are in which the light of bare plastic is looked for.
    by
        What it calls cells by.
    caution
        What a reader must know of its calls, with figures.
    """

    working_um: float
    light_blocks: float
    by: CalledBy
    caution: str

    def find(
        self, density: NDArray[np.float32], inside: NDArray[np.bool_], scale: Scale, mononuclear_um: float
    ) -> LowPowerCells:
        """Outline the cells and call the osteoclasts.

        Parameters
        ----------
        density
            (height, width, 3) optical density; 0 outside the well.
        inside
            (height, width), False outside the well.
        scale
            Of the density.
        mononuclear_um
            Typical diameter of the mononuclear cells of this picture.
        """
        ...

    def estimate_um(self, pixels: Pixels, inside: NDArray[np.bool_]) -> float | None:
        """Estimate the µm per pixel of a picture (height, width, 3) from how its cells look; None: it cannot."""
        ...

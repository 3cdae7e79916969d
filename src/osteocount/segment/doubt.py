"""How unsure a network is of a picture, told by a second look at a small part of it: where most is stained.

A network that knows what it sees says the same of a picture and of its mirror image. Where the picture is unlike what
it learned (another scale, another tissue, what compression made up) the two looks differ.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.morphology import gaussian
from osteocount.segment.preprocess.stains import DENSITY_WEIGHTS

_SHARE = 0.06  # of a picture that is looked at: two looks at it cost as much of the network's time
_GRID = 64  # px; sides and corners of windows are multiples of it, as networks and light are worked out in such steps
_LEAST_SIDE, _MOST_SIDE = 128, 512
_STAINED_OD = 0.12  # clearly darker than bare plastic; as in `regimes.out_of_domain`
_FEWEST = 500  # stained pixels, of every second row and column, from which their mean says something


def window_to_doubt(
    density: NDArray[np.float32], inside: NDArray[np.bool_] | None = None
) -> tuple[slice, slice] | None:
    """Return the rows and columns of the window in which most is stained; None: the picture is too small.

    Parameters
    ----------
    density
        (height, width, 3) optical density.
    inside
        (height, width), False outside the well; None: all inside.
    """
    height, width = density.shape[:2]
    side = min(max(int(np.sqrt(_SHARE * height * width)), _LEAST_SIDE), _MOST_SIDE) // _GRID * _GRID
    if min(height, width) < side:
        return None
    stained = stained_pixels(density)
    if inside is not None:
        stained &= inside
    steps = height // _GRID, width // _GRID
    blocks = stained[: steps[0] * _GRID, : steps[1] * _GRID].reshape(steps[0], _GRID, steps[1], _GRID).sum(axis=(1, 3))
    sums = np.lib.stride_tricks.sliding_window_view(blocks, (side // _GRID,) * 2).sum(axis=(2, 3))
    top, left = (int(at) * _GRID for at in np.unravel_index(int(sums.argmax()), sums.shape))
    return slice(top, top + side), slice(left, left + side)


def stained_pixels(density: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which pixels (height, width) are clearly stained."""
    return np.asarray(gaussian(np.asarray(cv2.transform(density, DENSITY_WEIGHTS[None])), 1.0) > _STAINED_OD)


def mean_disagreement(differ: NDArray[np.float32], density: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Return the mean (maps,) over stained pixels of what two looks at a window differ; None: hardly any is stained.

    Parameters
    ----------
    differ
        (maps, height / 2, width / 2) from `CellModel.disagreement`.
    density
        (height, width, 3) of the window.
    """
    stained = stained_pixels(density)[::2, ::2]
    return differ[:, stained].mean(axis=1, dtype=np.float64) if np.count_nonzero(stained) >= _FEWEST else None

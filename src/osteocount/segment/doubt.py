"""What speaks against the answer of a network, measured; `osteocount.measure.familiarity` has the bounds.

A network that knows what it sees says the same of a picture and of its mirror image: it looks twice at a small part,
where most is stained. Where a picture is unlike what it learned (another scale, another tissue, what compression made
up) the two looks differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

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
_BARE_OD = 0.08  # mean density up to which what is outlined is not stained
_SEEN = 0.3  # probability from which a peak is looked at as the centre of a nucleus
_APART = 2  # px from such a peak to what surrounds it, a quarter of a nucleus at low power
_FEWEST_NUCLEI = 5  # from which their median says something


@dataclass(frozen=True)
class Doubts:
    """What speaks against the answer of a network; NaN: not known.

    Attributes
    ----------
    cells_differ, nuclei_differ
        Mean difference of two looks, as probabilities, at cells (where nuclei are resolved: at their cores) and nuclei.
    seam
        Pixels of doubt for each pixel along the border of a cell: how wide the seam is in which nobody knows where the
        cell ends.
    contrast
        By how much the logit of a typical centre of a nucleus exceeds those around it: nuclei that are seen too large
        or too small, or hardly, stand out less.
    unstained
        Share of the outlined area that is not stained.
    noise
        SD of the optical density of what is not stained, from pixel to pixel on the analysed grid.
    """

    cells_differ: float = float("nan")
    nuclei_differ: float = float("nan")
    seam: float = float("nan")
    contrast: float = float("nan")
    unstained: float = float("nan")
    noise: float = float("nan")


def mean_doubts(parts: Sequence[Doubts]) -> Doubts:
    """Return the means over parts of a picture, of what is known of each."""
    known = ([value for value in column if np.isfinite(value)] for column in zip(*map(astuple, parts), strict=True))
    return Doubts(*(float(np.mean(values)) if values else float("nan") for values in known))


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


def noise(density: NDArray[np.float32], inside: NDArray[np.bool_] | None = None) -> float:
    """Return the SD, from pixel to pixel, of the density (height, width, 3) of what is not stained; NaN: all is."""
    total = np.asarray(cv2.transform(density, DENSITY_WEIGHTS[None]))
    smooth = gaussian(total, 1.0)
    bare = smooth <= _STAINED_OD
    if inside is not None:
        bare &= inside
    if np.count_nonzero(bare) < _FEWEST:
        return float("nan")
    return 1.4826 * float(np.median(np.abs(total - smooth)[bare]))  # the median of noise; dust has no say in it


def unstained_share(labels: NDArray[np.int32], density: NDArray[np.float32]) -> float:
    """Return the share of the outlined area that is not stained; NaN: nothing is outlined."""
    outlined = labels > 0
    if not outlined.any():
        return float("nan")
    return float(np.mean(cv2.transform(density, DENSITY_WEIGHTS[None])[outlined] < _BARE_OD))


def nuclear_contrast(centre: NDArray[np.float32], labels: NDArray[np.int32]) -> float:
    """Return by how much typical centres of nuclei stand out; NaN: hardly any is seen.

    Parameters
    ----------
    centre
        (height, width) logits of being the centre of a nucleus.
    labels
        (height, width) cells, in which nuclei are looked for.
    """
    peaks = (centre >= cv2.dilate(centre, np.ones((3, 3), np.uint8))) & (labels > 0)
    peaks &= centre > np.log(_SEEN / (1 - _SEEN))
    for edge in (np.s_[:_APART], np.s_[-_APART:], np.s_[:, :_APART], np.s_[:, -_APART:]):
        peaks[edge] = False
    y, x = np.nonzero(peaks)
    if y.size < _FEWEST_NUCLEI:
        return float("nan")
    steps = ((_APART, 0), (-_APART, 0), (0, _APART), (0, -_APART))
    around = np.mean([centre[y + down, x + right] for down, right in steps], axis=0)
    return float(np.median(centre[y, x] - around))

"""Nuclei of a TRAP-stained brightfield picture, as blobs of a colour contrast.

TRAP is a cytoplasmic enzyme: a nucleus is a disc where the counterstain rises (red light is absorbed at least as much
as around it) while TRAP falls (green is absorbed less). A vacuole absorbs less of everything, a granule more. Blobs are
told by the difference of two Gaussians at the size of a nucleus (Lindeberg 1998, Int J Comput Vis 30:79), each a mean
over pixels of cells alone (normalised convolution: Knutsson and Westin 1993, CVPR).

The size of a nucleus is a setting; on the annotated field it was measured as 8 to 14 px at 0.76 µm. The other values
are those of the first classical segmenter; what chose them is not recorded. How many nuclei they miss is in
docs/accuracy.md, in the columns of the classical segmenter.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.candidate_nuclei import CandidateNuclei, draw_candidates, interiors
from osteocount.segment.morphology import disk, gaussian, wide_gaussian
from osteocount.segment.preprocess.scale import Scale

_SPOT, _AROUND = 0.19, 0.76  # σ of a nucleus and of what is around it, in diameters of a nucleus
_REACH = 5.0  # diameters: 4 σ of what is around, and what OpenCV rounds otherwise at the end of a row
_RED_LOSS = 0.4  # share of a loss in red density that is taken off the contrast
_HALF = 0.04  # contrast in OD at which a spot is as likely a nucleus as not
_STEEPNESS = 0.012  # OD over which the score goes from 0.5 to 0.73
_LEAST_CONTRAST = 0.4  # of `_HALF`, that is, a score of 0.12: weaker peaks are no candidates
_APART = 0.75  # radii of a nucleus within which there is one peak
_DEEP = 0.6  # diameters of a nucleus from the edge of its cell at which a peak counts in full
#: Score below which a peak is no candidate either, once its depth in its cell has lowered it.
FAINTEST = 0.05


def contrast_reach(diameter_um: float, scale: Scale) -> float:
    """Return how many pixels away anything can change a `nuclear_contrast`: its Gaussians are cut at 4 σ."""
    return _REACH * scale.px(diameter_um)


def nuclear_contrast(
    density: NDArray[np.float32], inside: NDArray[np.bool_], red_to_green: float, diameter_um: float, scale: Scale
) -> NDArray[np.float32]:
    """Return how much bluer than its surroundings each pixel is at the size of a nucleus, in OD.

    Means are taken over pixels of cells only, so that the edge of a cell does not look like a nucleus. The blueness is
    red − k·green density, with k the ratio in cytoplasm; a loss of red density (vacuoles, thin places) is subtracted.

    Parameters
    ----------
    density
        (height, width, 3) optical density.
    inside
        (height, width), True inside cells, their blurred edge excluded.
    """
    weight = inside.astype(np.float32)
    diameter = scale.px(diameter_um)
    # Blueness with its loss of red taken off is one weighted sum, so one map is blurred and not two.
    bluer = np.array([[1 + _RED_LOSS, -red_to_green, 0]], np.float32)
    blue = cv2.multiply(cv2.transform(density, bluer), weight)
    spot, around = _SPOT * diameter, _AROUND * diameter
    near = _mean(gaussian(blue, spot), gaussian(weight, spot))
    far = _mean(wide_gaussian(blue, around), wide_gaussian(weight, around))
    return np.asarray(cv2.multiply(cv2.subtract(near, far, dst=near), weight, dst=near))


def _mean(total: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide a blurred map by its blurred weight, in place: windows of large pictures hold many of these maps."""
    return np.asarray(cv2.divide(total, cv2.max(weight, 1e-3, dst=weight), dst=total))


@dataclass(frozen=True)
class ContrastPeaks:
    """Where a nuclear contrast is highest: centres in analysed pixels, and the contrast there."""

    y: NDArray[np.intp]
    x: NDArray[np.intp]
    contrast: NDArray[np.float32]


def find_peaks(contrast: NDArray[np.float32], diameter_um: float, scale: Scale) -> ContrastPeaks:
    """Find what may be nuclei: peaks of ``contrast`` (height, width), a nucleus apart from others."""
    apart = disk(max(1, round(_APART * scale.px(diameter_um) / 2)))
    y, x = np.nonzero((contrast >= cv2.dilate(contrast, apart)) & (contrast > _LEAST_CONTRAST * _HALF))
    return ContrastPeaks(y, x, contrast[y, x])


def score_peaks(
    peaks: ContrastPeaks, cells: NDArray[np.int32], diameter_um: float, scale: Scale
) -> NDArray[np.float32]:
    """Return how likely each peak is a nucleus of one of ``cells`` (height, width): it must be deep enough inside."""
    depth = cv2.distanceTransform(interiors(cells), cv2.DIST_L2, 5)[peaks.y, peaks.x]
    strength = peaks.contrast * np.minimum(depth / (_DEEP * scale.px(diameter_um)), 1)
    score = (1 / (1 + np.exp((_HALF - strength) / _STEEPNESS))).astype(np.float32)
    return np.where(cells[peaks.y, peaks.x] > 0, score, np.float32(0))


def find_candidates(
    peaks: ContrastPeaks, contrast: NDArray[np.float32], cells: NDArray[np.int32], diameter_um: float, scale: Scale
) -> CandidateNuclei:
    """Draw the candidate nuclei of ``cells``.

    Parameters
    ----------
    peaks
        Of ``contrast``, from `find_peaks`.
    contrast
        (height, width) from `nuclear_contrast`.
    cells
        (height, width) int32 labels.
    """
    score = score_peaks(peaks, cells, diameter_um, scale)
    keep = score >= FAINTEST
    return draw_candidates(contrast, cells, peaks.y[keep], peaks.x[keep], score[keep], scale.px(diameter_um) / 2)

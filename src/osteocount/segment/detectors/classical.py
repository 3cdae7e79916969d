"""Cells by density and shape, nuclei by contrast: the windows of a brightfield picture, with nothing learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.candidate_nuclei import CandidateNuclei
from osteocount.segment.detectors.classical_cells import cell_mask, join_fragments, split_into_fragments
from osteocount.segment.detectors.classical_low_power import ClassicalLowPowerDetector
from osteocount.segment.detectors.classical_nuclei import (
    FAINTEST,
    contrast_reach,
    find_candidates,
    find_peaks,
    nuclear_contrast,
    score_peaks,
)
from osteocount.segment.detectors.detector import DetectionMethod, WindowFeatures
from osteocount.segment.doubt import Doubts
from osteocount.segment.morphology import ByteMask, disk, gaussian
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.preprocess.stains import DENSITY_WEIGHTS, Stains, stain_sample, stains_from_pixels
from osteocount.segment.tiling.packing import Bodies, pack_bodies
from osteocount.segment.tiling.tile_result import TileResult, gather_found
from osteocount.segment.tiling.tiles import Box, Density
from osteocount.settings import Settings

# What lies further from a body than this has no say in it: the sum of the radii of all filters between a pixel and the
# cells. The tests of tiles hold that it is enough: seams anywhere change no cell.
_RECEPTIVE_UM = 92.0
_SMOOTHING_UM = 0.76  # σ of the smoothing before anything is outlined: a pixel at the working scale
_EDGE_UM = 1.5  # blurred edge of a cell, where colours fringe


@dataclass(frozen=True)
class ClassicalFeatures(WindowFeatures):
    """A window with the density (height, width) that outlines cells."""

    total: NDArray[np.float32]


@dataclass(frozen=True)
class _Part:
    """What was found on a part of a packing: labels of cells, which of them are opaque (n + 1,), and spots."""

    cells: NDArray[np.int32]
    opaque: NDArray[np.bool_]
    spots: CandidateNuclei


class ClassicalDetector:
    """Cells and nuclei by optical density and shape; see `Detector`.

    Parameters
    ----------
    scale
        The grid of the analysis.
    settings
        All settings of the run.
    threads
        How many of them share the bodies of a window; what is found does not depend on it.
    """

    # Two tiles are worked on at once, each by a thread: two more for each took a tenth more of the processor's time.
    # 1536 took 60 MB more for 60 megapixels, in the same time.
    tile_side = 1280
    interval_tail = 0.05
    no_cells = "no cell is denser than the cell threshold: an empty field, or no stain."

    def __init__(self, scale: Scale, settings: Settings, threads: int = 1) -> None:
        self._threads = threads
        self._scale, self._wanted = scale, settings.segment
        self.receptive_radius = int(np.ceil(scale.px(_RECEPTIVE_UM)))
        self.record: dict[str, Any] = {"cell_threshold_od": self._wanted.cell_threshold}

    def prepare(
        self, box: Box, density: Density, inside: NDArray[np.bool_] | None, later: Sequence[Box] | None = None
    ) -> ClassicalFeatures:
        """Outline everything denser than bare plastic."""
        smooth = gaussian(density.read(box), self._scale.px(_SMOOTHING_UM))
        total = np.asarray(cv2.transform(smooth, DENSITY_WEIGHTS[None]))
        mask = cell_mask(total, inside, self._wanted.cell_threshold, self._scale)
        return ClassicalFeatures(box, smooth, mask, total)

    def look_ahead(self, box: Box, density: Density) -> None:
        """Do nothing: outlining takes little time."""

    def doubts(self, density: NDArray[np.float32]) -> Doubts:
        """Know no doubt: nothing was learned."""
        return Doubts()

    def sample(self, features: ClassicalFeatures) -> tuple[NDArray[np.float32]]:
        """Return the densities of pixels inside cells."""
        return (stain_sample(features.density, features.mask > 0),)

    def stains(self, *samples: NDArray[np.float32]) -> Stains:
        """Estimate the stains from pixels inside cells."""
        return stains_from_pixels(samples[0])

    def detect(self, features: ClassicalFeatures, bodies: Bodies, stains: Stains) -> TileResult:
        """Cut bodies of a window into cells and find their nuclei."""
        with ThreadPoolExecutor(1) as beside:
            work = partial(_contrast, features, bodies, stains, self._wanted.nucleus_diameter, self._scale)
            contrasted = beside.submit(work).result if self._threads > 1 else work
            packed = pack_bodies(bodies)
            total, density = packed.lay(features.total, beyond=True), packed.lay(features.density, beyond=False)
            contrast = packed.lay(contrasted(), beyond=False)

        def on(rows: slice) -> _Part:
            return self._part(
                total[rows], contrast[rows], packed.mask[rows], None if packed.real is None else packed.real[rows]
            )

        strips = packed.strips(self._threads)
        if len(strips) == 1:
            found = on(strips[0])
        else:
            with ThreadPoolExecutor(len(strips)) as threads:
                found = _side_by_side(list(threads.map(on, strips)), strips)
        corner = features.box.top, features.box.left
        score = self._wanted.nucleus_score
        return gather_found(packed, corner, found.cells, found.opaque, density, stains, found.spots, score)

    def _part(
        self, total: NDArray[np.float32], contrast: NDArray[np.float32], mask: ByteMask, real: ByteMask | None
    ) -> _Part:
        """Find the cells and nuclei of a part of a packing."""
        wanted, scale = self._wanted, self._scale
        fragments = split_into_fragments(total, mask, scale)
        peaks = find_peaks(contrast, wanted.nucleus_diameter, scale)
        sure = score_peaks(peaks, fragments.labels, wanted.nucleus_diameter, scale) >= max(
            wanted.nucleus_score, FAINTEST
        )
        has_nucleus = np.zeros(int(fragments.labels.max(initial=0)) + 1, bool)
        has_nucleus[fragments.labels[peaks.y[sure], peaks.x[sure]]] = True
        cells, opaque = join_fragments(fragments, has_nucleus, wanted.min_cell_diameter, scale, real)
        spots = find_candidates(peaks, contrast, cells, wanted.nucleus_diameter, scale)
        return _Part(cells, opaque, _one_in_opaque(spots, cells, opaque))


def classical_method(settings: Settings) -> DetectionMethod:
    """Return the method in which nothing is learned: optical density, thresholds in physical units, shape."""
    return DetectionMethod(
        "classical",
        lambda scale, threads: ClassicalDetector(scale, settings, threads),
        lambda: ClassicalLowPowerDetector(settings),
    )


def _contrast(
    features: ClassicalFeatures, bodies: Bodies, stains: Stains, diameter_um: float, scale: Scale
) -> NDArray[np.float32]:
    """Return the nuclear contrast inside cells; their blurred edge, where colours fringe, says nothing.

    It is 0 far from ``bodies``: about a third of a tile's window is only halo.
    """
    contrast = np.zeros(features.mask.shape, np.float32)
    near = bodies.around(math.ceil(contrast_reach(diameter_um, scale)) + scale.radius(_EDGE_UM))
    sure = cv2.erode(features.mask[near], disk(scale.radius(_EDGE_UM)), borderValue=1) > 0
    contrast[near] = nuclear_contrast(features.density[near], sure, stains.red_to_green, diameter_um, scale)
    return contrast


def _side_by_side(parts: list[_Part], strips: list[slice]) -> _Part:
    """Put the strips of a packing together, numbered on from one to the next."""
    n_cells = n_spots = 0
    laid: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.intp]]] = []
    for part, rows in zip(parts, strips, strict=True):
        cells, spots = part.cells, part.spots.labels
        laid.append((
            np.where(cells > 0, cells + n_cells, 0), np.where(spots > 0, spots + n_spots, 0), part.spots.y + rows.start
        ))  # fmt: skip
        n_cells, n_spots = n_cells + part.opaque.size - 1, n_spots + part.spots.y.size
    of_cells, of_spots, y = (np.concatenate(each) for each in zip(*laid, strict=True))
    x, score = (np.concatenate([getattr(part.spots, name) for part in parts]) for name in ("x", "score"))
    opaque = np.concatenate([np.zeros(1, bool), *(part.opaque[1:] for part in parts)])
    return _Part(of_cells, opaque, CandidateNuclei(y, x, score, of_spots))


def _one_in_opaque(spots: CandidateNuclei, cells: NDArray[np.int32], opaque: NDArray[np.bool_]) -> CandidateNuclei:
    """Keep only the best spot of an opaque cell, since its inside cannot be seen."""
    if not opaque.any():
        return spots
    cell = cells[spots.y, spots.x]
    keep = ~opaque[cell]
    best = np.lexsort((spots.score, cell))
    last = np.append(np.diff(cell[best]) != 0, True) if best.size else np.zeros(0, bool)
    keep[best[last]] = True
    return spots.only(keep)

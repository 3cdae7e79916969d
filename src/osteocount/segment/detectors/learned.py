"""The learned method: a network trained on simulated pictures finds cells and nuclei in brightfield pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.backends.lab_model import low_power_model
from osteocount.segment.backends.shipped import MARGIN, STEP, CellModel, LogitMaps, shipped_model, sigmoid
from osteocount.segment.candidate_nuclei import draw_candidates
from osteocount.segment.detectors.detector import DetectionMethod, WindowFeatures
from osteocount.segment.detectors.learned_cells import cell_mask, merge_fragments, oversegment
from osteocount.segment.detectors.learned_low_power import LearnedLowPowerDetector
from osteocount.segment.detectors.learned_nuclei import LEAST_SCORE, candidate_features, rescore_fused_cells
from osteocount.segment.doubt import Doubts, mean_disagreement, noise
from osteocount.segment.morphology import gaussian
from osteocount.segment.object_tables import opaque_cells
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.preprocess.stains import COUNTERSTAIN_PRESETS, DENSITY_WEIGHTS, Stains, stains_from_pixels
from osteocount.segment.tiling.packing import Bodies, bodies_in_place
from osteocount.segment.tiling.tile_result import TileResult, gather_found
from osteocount.segment.tiling.tiles import Box, Density
from osteocount.settings import Settings

# How far from a body its cells and nuclei still depend on the maps of the network (how far the maps depend on the
# picture is `backends.shipped.MARGIN`). The tests of tiles hold that it is enough.
_RECEPTIVE_UM = 55.0
_SMOOTHING_UM = 0.76  # σ of the smoothing of densities that are measured: a pixel at the working scale
_STAINED_OD = 0.2  # length of an optical density vector from which it has a colour; what chose it is not recorded
_NO = -30.0  # logit of what is surely not there
_LEAST_CYTOPLASM = 50  # pixels; fewer say nothing of the TRAP colour
# Of maps that are kept: all those of a picture of 25 megapixels, or those along the seams of a row of tiles 30,000
# pixels wide with those of the windows that were looked at ahead.
_MOST_BYTES = 384 * 2**20
_ELSEWHERE = "classical: the networks were trained on brightfield pictures"


def learned_method(settings: Settings, threads: int = 1) -> DetectionMethod:
    """Return the method in which a network trained on simulated pictures finds cells and nuclei.

    Parameters
    ----------
    settings
        All settings of the run.
    threads
        How many of them run the network.

    Raises
    ------
    OsteoCountError
        The settings ask for a graphics card or a network of the lab that is not there: said before the first picture.
    """
    device = settings.segment.device
    if settings.segment.model is not None:
        low_power_model(settings.segment, threads)
    model = shipped_model(device, threads) if device == "cuda" else None

    def detector(scale: Scale, _: int) -> LearnedDetector:
        return LearnedDetector(shipped_model(device, threads) if model is None else model, scale, settings)

    return DetectionMethod(
        "learned",
        detector,
        lambda: LearnedLowPowerDetector(low_power_model(settings.segment, threads)),
        elsewhere={"fluorescence": _ELSEWHERE},
        tiles_at_once=1,
        release=shipped_model.cache_clear,  # the memory the network worked in is free for the label images
    )


@dataclass(frozen=True)
class LearnedFeatures(WindowFeatures):
    """A window with what the network sees there.

    Attributes
    ----------
    raw
        (height, width, 3) optical density, not smoothed.
    maps
        From the network.
    """

    raw: NDArray[np.float32]
    maps: LogitMaps


class LearnedDetector:
    """Cells and nuclei by a network; see `Detector`.

    Parameters
    ----------
    model
        The network with its calibration.
    scale
        The grid of the analysis.
    settings
        All settings of the run.
    """

    tile_side = 1280  # the network takes such a tile with all around it at once
    no_cells = "the network sees no cell: an empty field, or no stain."

    def __init__(self, model: CellModel, scale: Scale, settings: Settings) -> None:
        self._model, self._scale = model, scale
        self._wanted, self._min_nuclei = settings.segment, settings.count.min_nuclei
        self.receptive_radius = int(np.ceil(scale.px(_RECEPTIVE_UM)))
        self.interval_tail = float(model.facts["interval_tail"])
        self.record: dict[str, Any] = {"model_sha256": model.sha256, "model_arithmetic": model.arithmetic}
        self._map_cache: MapCache | None = None

    def prepare(
        self, box: Box, density: Density, inside: NDArray[np.bool_] | None, later: Sequence[Box] | None = None
    ) -> LearnedFeatures:
        """Run the network, and outline what may be cells."""
        if inside is not None and not inside.any():  # a seventh of a whole well's tiles lie outside its rim
            nothing = np.full((len(LogitMaps._fields), *inside.shape), _NO, np.float32)
            shown, maps = density.read(box), LogitMaps(*nothing)
        else:
            shown, maps = self._maps_of(density).read(box, later)
        mask = cell_mask(maps, inside, float(self._model.facts["cell_logit"]), self._scale)
        return LearnedFeatures(box, gaussian(shown, self._scale.px(_SMOOTHING_UM)), mask, shown, maps)

    def look_ahead(self, box: Box, density: Density) -> None:
        """Run the network over a window."""
        height, width = density.view.shape
        self._maps_of(density).read(box, (Box(0, height, 0, width),))

    def doubts(self, density: NDArray[np.float32]) -> Doubts:
        """Compare two looks at cores of cells and at nuclei, and measure the noise."""
        differ = mean_disagreement(self._model.disagreement(density), density)
        if differ is None:
            return Doubts(noise=noise(density))
        maps = LogitMaps(*differ)
        return Doubts(cells_differ=float(maps.core), nuclei_differ=float(maps.nucleus), noise=noise(density))

    def sample(self, features: LearnedFeatures) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the densities of pixels inside cells, and of those that are surely cytoplasm."""
        few = np.s_[::2, ::2]
        density, maps = features.density[few], features.maps
        inside = features.mask[few] > 0
        cytoplasm = density[inside & (maps.core[few] > 0) & (maps.nucleus[few] < -1)]
        return density[inside], cytoplasm[np.linalg.norm(cytoplasm, axis=1) > _STAINED_OD]

    def stains(self, *samples: NDArray[np.float32]) -> Stains:
        """Estimate the stains, the TRAP colour from what the network calls cytoplasm.

        The counterstain of thin nuclei under TRAP is too mixed to be estimated; the preset that is furthest from TRAP
        is used, so that a pale cell does not lose its TRAP to it.
        """
        inside, cytoplasm = samples
        stains = stains_from_pixels(inside)
        if len(cytoplasm) < _LEAST_CYTOPLASM:
            return stains
        trap = np.median(cytoplasm / np.linalg.norm(cytoplasm, axis=1)[:, None], axis=0)
        counterstain = np.asarray(COUNTERSTAIN_PRESETS["methyl green"])
        return replace(
            stains,
            trap=(trap / np.linalg.norm(trap)).astype(np.float32),
            counterstain=(counterstain / np.linalg.norm(counterstain)).astype(np.float32),
        )

    def detect(self, features: LearnedFeatures, bodies: Bodies, stains: Stains) -> TileResult:
        """Cut bodies of a window into cells and give them their nuclei."""
        wanted, scale, maps = self._wanted, self._scale, features.maps
        packed = bodies_in_place(bodies)
        mask = packed.mask
        y, x, score = self._scored_candidates(features, mask)
        sure = score >= wanted.nucleus_score
        total = np.asarray(cv2.transform(features.density, DENSITY_WEIGHTS[None]))
        parts = oversegment(maps, mask, total, (y[sure], x[sure]), scale)
        cells = merge_fragments(
            parts, np.asarray(self._model.facts["seam_weights"], np.float64), wanted.min_cell_diameter
        )
        score = rescore_fused_cells(
            score, cells[y, x], wanted.nucleus_score, self._min_nuclei, float(self._model.facts["company_odds"])
        )
        kept = (score >= LEAST_SCORE) & (cells[y, x] > 0)
        radius = scale.px(wanted.nucleus_diameter) / 2
        spots = draw_candidates(sigmoid(maps.nucleus), cells, y[kept], x[kept], score[kept], radius)
        opaque = opaque_cells(cells, total)
        corner = features.box.top, features.box.left
        return gather_found(packed, corner, cells, opaque, features.density, stains, spots, wanted.nucleus_score)

    def _scored_candidates(
        self, features: LearnedFeatures, mask: NDArray[np.uint8]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
        """Return the centres (y, x) of all in ``mask`` that may be a nucleus, and how sure each is."""
        y, x, weighed = candidate_features(features.maps, features.raw, features.mask > 0, self._scale)
        # Feature by feature: a matrix product may round differently from one place of the picture to another.
        score = sigmoid((weighed * np.asarray(self._model.facts["nucleus_weights"], np.float64)).sum(axis=1))
        own = mask[y, x] > 0
        return y[own], x[own], score[own]

    def _maps_of(self, density: Density) -> MapCache:
        if self._map_cache is None or self._map_cache.density is not density:
            self._map_cache = MapCache(self._model, density)
        return self._map_cache


class MapCache:
    """The maps of the network, window by window.

    Windows overlap, and the network is most of the work. So what a later window shows again is kept for it; of a
    picture that is not too large, all.

    Parameters
    ----------
    model
        The network.
    density
        Of the picture.
    """

    def __init__(self, model: CellModel, density: Density) -> None:
        self.density = density
        height, width = density.view.shape
        self._all = (Box(0, height, 0, width),) if 4 * len(LogitMaps._fields) * height * width <= _MOST_BYTES else None
        self._model = model
        self._kept: list[tuple[Box, NDArray[np.float32]]] = []

    def read(self, box: Box, later: Sequence[Box] | None) -> tuple[NDArray[np.float32], LogitMaps]:
        """Return the optical density (height, width, 3) and the maps of a window.

        Parameters
        ----------
        box
            The window.
        later
            Where later windows lie, and no two of these boxes overlap; None: of this window nothing is kept, and all
            that was kept stays.
        """
        logits = np.empty((len(LogitMaps._fields), box.bottom - box.top, box.right - box.left), np.float32)
        missing, fresh = self._fill(logits, box), []
        around = box if missing is None else box.grown(MARGIN, self.density.view.shape)
        density = self.density.read(around)
        if missing is not None:
            part = logits[:, *missing.within(box)]
            self._model.fill(part, density, *missing.within(around))
            fresh = [(missing, part if missing == box else part.copy())]
        if later is not None:
            pieces = [*self._kept, *fresh]
            self._kept = []
            self._keep(pieces, self._all or later)
        return density[box.within(around)], LogitMaps(*logits)

    def _fill(self, logits: NDArray[np.float32], box: Box) -> Box | None:
        """Fill in what is kept of a window, and return a box that holds the rest."""
        height, width = logits.shape[1:]
        known = np.zeros((-(-height // STEP), -(-width // STEP)), bool)
        for where, maps in self._kept:
            both = where.shared(box)
            if both is not None:
                logits[:, *both.within(box)] = maps[:, *both.within(where)]
                rows, columns = both.within(box)
                known[_steps(rows, height), _steps(columns, width)] = True
        y, x = (np.flatnonzero(~known.all(axis=axis)) * STEP for axis in (1, 0))
        if not y.size:
            return None
        return Box(
            box.top + int(y[0]),
            min(box.top + int(y[-1]) + STEP, box.bottom),
            box.left + int(x[0]),
            min(box.left + int(x[-1]) + STEP, box.right),
        )

    def _keep(self, pieces: Sequence[tuple[Box, NDArray[np.float32]]], later: Sequence[Box]) -> None:
        """Keep what ``later`` windows show of the pieces, as far as there is room."""
        size = 0
        for region in later:
            for where, maps in pieces:
                both = where.shared(region)
                if both is None:
                    continue
                part = maps if both == where else maps[:, *both.within(where)].copy()
                size += part.nbytes
                if size <= _MOST_BYTES:
                    self._kept.append((both, part))


def _steps(part: slice, length: int) -> slice:
    """Return the steps that lie wholly in a part of a window."""
    return slice(-(-part.start // STEP), -(-length // STEP) if part.stop == length else part.stop // STEP)

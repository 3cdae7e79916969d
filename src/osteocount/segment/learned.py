"""The learned segmenter: a network trained on simulated pictures finds cells and nuclei in brightfield pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture
from osteocount.io.regions import Regions
from osteocount.segment.classical import ClassicalSegmenter
from osteocount.segment.illumination import optical_density
from osteocount.segment.learned_cells import cell_mask, cell_parts, joined_cells
from osteocount.segment.learned_nuclei import LEAST_SCORE, candidates, count_by_scores
from osteocount.segment.models.network import CellModel, Maps, shipped_model, sigmoid
from osteocount.segment.morphology import gaussian
from osteocount.segment.nuclei import spots_at
from osteocount.segment.scale import Scale, labels_to_size, resample, values_to_size
from osteocount.segment.segmentation import Segmentation
from osteocount.segment.stains import COUNTERSTAIN_PRESETS, DENSITY_WEIGHTS, Stains, estimate_stains, trap_density
from osteocount.segment.tables import cell_table, nuclei_table, opaque_cells, stain_flags
from osteocount.segment.tiles_sparse import Sparse
from osteocount.settings import Settings

_WHOLE_PIXELS = 50 * 10**6  # of larger pictures the maps of the network would take more than 5 GB
_TOO_LARGE = "classical: the network takes pictures of up to 50 megapixels, this one was counted without it"
_OTHER_REGIMES = "classical: the network was trained on brightfield pictures that show nuclei"


class LearnedSegmenter(ClassicalSegmenter):
    """Cells and nuclei by the network where a brightfield picture shows nuclei; by the classical way elsewhere.

    Parameters
    ----------
    settings
        All settings of the run.
    model
        None is the model that ships.
    """

    name = "learned"

    def __init__(self, settings: Settings, model: CellModel | None = None) -> None:
        super().__init__(settings)
        if model is None and settings.segment.device == "cuda":
            model = shipped_model("cuda")  # that there is no card is said before the first picture
        self._model = model

    def segment(self, picture: Picture) -> Segmentation:
        """Find the cells and nuclei of ``picture``; see `Segmenter.segment`."""
        found = super().segment(picture)
        if found.regime == "brightfield":
            return found
        return replace(found, record={**found.record, "cells_and_nuclei_by": _OTHER_REGIMES})

    def segment_regions(self, regions: Regions, scratch: Path | None = None) -> Sparse | None:
        """Leave a picture that the memory cannot hold with all its maps to the classical way, and say so."""
        height, width = regions.shape[:2]
        if height * width <= _WHOLE_PIXELS:
            return None
        found = ClassicalSegmenter(self._settings).segment_regions(regions, scratch)
        if found is None:
            return None
        record = {**found.record, "cells_and_nuclei_by": _TOO_LARGE}
        warning = f"{height * width / 1e6:.0f} megapixels: {_TOO_LARGE}; do not compare its counts with learned ones."
        return replace(found, record=record, warnings=(*found.warnings, warning))

    def _with_nuclei(
        self, picture: Picture, analysed: NDArray[np.bool_], scale: Scale, record: dict[str, Any]
    ) -> Segmentation:
        model = shipped_model(self._settings.segment.device) if self._model is None else self._model
        return segment_by_network(model, picture, analysed, scale, self._settings, record)


def segment_by_network(
    model: CellModel,
    picture: Picture,
    analysed: NDArray[np.bool_],
    scale: Scale,
    settings: Settings,
    record: dict[str, Any],
) -> Segmentation:
    """Find cells and nuclei of a TRAP-stained brightfield field.

    Parameters
    ----------
    model
        The network with its calibration.
    picture
        RGB, 8 or 16 bit.
    analysed
        (height, width) of the picture, False outside the well.
    scale
        The grid to work on.
    settings
        All settings of the run.
    record
        What is already known about the analysis; it is copied and completed.

    Raises
    ------
    OsteoCountError
        What is stained does not have the colour of TRAP.
    """
    wanted, shape = settings.segment, analysed.shape
    pixels = resample(picture.pixels, scale.zoom)
    inside = labels_to_size(analysed.astype(np.int32), pixels.shape[:2]) > 0
    density, white = optical_density(pixels, inside, scale.um)
    maps = model.maps(density)
    mask = cell_mask(maps, inside, scale)
    y, x, features = candidates(maps, density, mask > 0, scale)
    score = sigmoid(features @ np.asarray(model.facts["nucleus_weights"], np.float64))
    sure = score >= wanted.nucleus_score
    parts = cell_parts(maps, mask, density, (y[sure], x[sure]), scale)
    cells = joined_cells(parts, np.asarray(model.facts["seam_weights"], np.float64), wanted.min_cell_diameter)
    smooth = gaussian(density, scale.px(0.76))
    stains = _stains(smooth, cells > 0, maps)
    if not stains.is_trap:
        raise OsteoCountError(
            f"{picture.path.name}: what is stained does not have the colour of TRAP (purple to red). "
            "Check that the picture shows a TRAP stain and that its white balance is right."
        )
    kept = (score >= LEAST_SCORE) & (cells[y, x] > 0)
    radius = scale.px(wanted.nucleus_diameter) / 2
    spots = spots_at(sigmoid(maps.nucleus), cells, y[kept], x[kept], score[kept], radius)
    count = count_by_scores(
        int(cells.max()),
        cells[spots.y, spots.x],
        spots.score,
        wanted.nucleus_score,
        settings.count.min_nuclei,
        float(model.facts["interval_tail"]),
    )
    counted = spots.only(spots.score >= wanted.nucleus_score)
    trap = trap_density(smooth, stains)
    opaque = opaque_cells(cells, smooth @ DENSITY_WEIGHTS)
    count.high[1:] = np.maximum(count.high[1:], opaque[1:])
    warnings = stains.warnings
    if not cells.any():
        warnings = (*warnings, "the network sees no cell: an empty field, or no stain.")
    return Segmentation(
        cells=labels_to_size(cells, shape),
        nuclei=labels_to_size(counted.labels, shape),
        nuclei_table=nuclei_table(
            (counted.y + 0.5) / scale.zoom - 0.5,
            (counted.x + 0.5) / scale.zoom - 0.5,
            counted.score,
            cells[counted.y, counted.x],
        ),
        trap_od=values_to_size(trap, shape),
        analysed=analysed,
        regime="brightfield",
        nuclei_resolved=True,
        cell_table=cell_table(
            count.confidence[1:], stain_flags(cells, opaque, trap, wanted.trap_threshold, scale.um), count
        ),
        record={
            **record,
            "model_sha256": model.sha256,
            "white_point": white,
            "trap_vector": [round(float(v), 4) for v in stains.trap],
            "counterstain_vector": [round(float(v), 4) for v in stains.counterstain],
            "nucleus_score": wanted.nucleus_score,
        },
        warnings=warnings,
    )


def _stains(density: NDArray[np.float32], inside: NDArray[np.bool_], maps: Maps) -> Stains:
    """Estimate the stains, the TRAP colour from what the network calls cytoplasm.

    The counterstain of thin nuclei under TRAP is too mixed to be estimated; the preset that is furthest from TRAP is
    used, so that a pale cell does not lose its TRAP to it.
    """
    stains = estimate_stains(density, inside)
    norm = np.linalg.norm(density, axis=2)
    cytoplasm = density[inside & (maps.core > 0) & (maps.nucleus < -1) & (norm > 0.2)]
    if len(cytoplasm) < 50:
        return stains
    trap = np.median(cytoplasm / np.linalg.norm(cytoplasm, axis=1)[:, None], axis=0)
    counterstain = np.asarray(COUNTERSTAIN_PRESETS["methyl green"])
    return replace(
        stains,
        trap=(trap / np.linalg.norm(trap)).astype(np.float32),
        counterstain=(counterstain / np.linalg.norm(counterstain)).astype(np.float32),
    )

"""Brightfield with nuclei: from optical density to cells, nuclei and their counts."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture
from osteocount.segment.cells import find_pieces, join_pieces
from osteocount.segment.illumination import optical_density
from osteocount.segment.morphology import disk, gaussian
from osteocount.segment.nuclei import Spots, find_spots, nuclear_contrast
from osteocount.segment.scale import Scale, labels_to_size, resample, values_to_size
from osteocount.segment.segmentation import Segmentation
from osteocount.segment.stains import DENSITY_WEIGHTS, Stains, estimate_stains, trap_density
from osteocount.segment.tables import cell_table, count_nuclei, nuclei_table
from osteocount.settings import Settings

_GIANT_UM2 = 2000.0  # area from which a weakly stained cell is called a pale giant
_EDGE_UM = 1.5  # blurred edge of a cell, where colours fringe


def segment_brightfield(
    picture: Picture, analysed: NDArray[np.bool_], scale: Scale, settings: Settings, record: dict[str, Any]
) -> Segmentation:
    """Find cells and nuclei of a TRAP-stained brightfield field.

    Parameters
    ----------
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
    wanted = settings.segment
    pixels = resample(picture.pixels, scale.zoom)
    inside = labels_to_size(analysed.astype(np.int32), pixels.shape[:2]) > 0
    density, white = optical_density(pixels, inside, scale.um)
    density = gaussian(density, scale.px(0.76))
    total = density @ DENSITY_WEIGHTS
    pieces = find_pieces(total, inside, wanted.cell_threshold, scale)
    stains = estimate_stains(density, pieces.labels > 0)
    if not stains.is_trap:
        raise OsteoCountError(
            f"{picture.path.name}: what is stained does not have the colour of TRAP (purple to red). "
            "Check that the picture shows a TRAP stain and that its white balance is right."
        )
    contrast = _contrast(density, pieces.labels, stains, wanted.nucleus_diameter, scale)
    candidates = find_spots(contrast, (pieces.labels > 0).astype(np.int32), wanted.nucleus_diameter, scale)
    has_nucleus = np.zeros(int(pieces.labels.max()) + 1, bool)
    has_nucleus[pieces.labels[candidates.y, candidates.x][candidates.score >= wanted.nucleus_score]] = True
    cells, opaque = join_pieces(pieces, has_nucleus, wanted.min_cell_diameter, scale)
    spots = _one_in_opaque(find_spots(contrast, cells, wanted.nucleus_diameter, scale), cells, opaque)
    trap = trap_density(density, stains)
    record = {
        **record,
        "white_point": white,
        "cell_threshold_od": wanted.cell_threshold,
        "trap_vector": [round(float(v), 4) for v in stains.trap],
        "counterstain_vector": [round(float(v), 4) for v in stains.counterstain],
        "red_to_green": round(stains.red_to_green, 4),
        "nucleus_score": wanted.nucleus_score,
    }
    return _assembled(picture, analysed, scale, settings, cells, opaque, spots, trap, record, stains.warnings)


def _contrast(
    density: NDArray[np.float32], pieces: NDArray[np.int32], stains: Stains, diameter_um: float, scale: Scale
) -> NDArray[np.float32]:
    """Return the nuclear contrast inside cells; their blurred edge, where colours fringe, says nothing."""
    sure = cv2.erode((pieces > 0).astype(np.uint8), disk(scale.radius(_EDGE_UM)), borderValue=1) > 0
    return nuclear_contrast(density, sure, stains.red_to_green, diameter_um, scale)


def _one_in_opaque(spots: Spots, cells: NDArray[np.int32], opaque: NDArray[np.bool_]) -> Spots:
    """Keep only the best spot of an opaque cell, since its inside cannot be seen."""
    cell = cells[spots.y, spots.x]
    keep = ~opaque[cell]
    best = np.lexsort((spots.score, cell))
    last = np.append(np.diff(cell[best]) != 0, True) if best.size else np.zeros(0, bool)
    keep[best[last]] = True
    return spots.only(keep)


def _assembled(
    picture: Picture,
    analysed: NDArray[np.bool_],
    scale: Scale,
    settings: Settings,
    cells: NDArray[np.int32],
    opaque: NDArray[np.bool_],
    spots: Spots,
    trap: NDArray[np.float32],
    record: dict[str, Any],
    warnings: tuple[str, ...],
) -> Segmentation:
    """Count nuclei and bring everything back to the picture's own pixels."""
    shape = analysed.shape
    threshold = settings.segment.nucleus_score
    n_cells = int(cells.max())
    count = count_nuclei(n_cells, cells[spots.y, spots.x], spots.score, threshold, settings.count.min_nuclei)
    count.high[1:] = np.maximum(count.high[1:], opaque[1:])
    counted = spots.only(spots.score >= threshold)
    if n_cells == 0:
        warnings = (*warnings, "no cell is denser than the cell threshold: an empty field, or no stain.")
    flags = _flags(cells, opaque, trap, settings.segment.trap_threshold, scale)
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
        cell_table=cell_table(count.confidence[1:], flags, count),
        record=record,
        warnings=warnings,
    )


def _flags(
    cells: NDArray[np.int32],
    opaque: NDArray[np.bool_],
    trap: NDArray[np.float32],
    trap_threshold: float,
    scale: Scale,
) -> list[str]:
    """Return the ";"-joined flags of cells 1..n."""
    area = np.bincount(cells.ravel(), minlength=opaque.size)
    mean = np.bincount(cells.ravel(), weights=trap.ravel(), minlength=opaque.size) / np.maximum(area, 1)
    pale = (area * scale.um**2 >= _GIANT_UM2) & (mean < 2 * trap_threshold)
    named = (("opaque", opaque), ("pale_giant", pale))
    return [";".join(word for word, has in named if has[i]) for i in range(1, opaque.size)]

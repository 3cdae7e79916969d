"""Brightfield with nuclei: from optical density to cells, nuclei and their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture
from osteocount.segment.atlas import Bodies, all_bodies, lay_out
from osteocount.segment.cells import cell_mask, find_pieces, join_pieces
from osteocount.segment.found import Found, found_on, numbered, paint
from osteocount.segment.illumination import Light, LightMeter
from osteocount.segment.morphology import Mask, disk, gaussian
from osteocount.segment.nuclei import Spots, find_spots, nuclear_contrast
from osteocount.segment.scale import Pixels, Scale, labels_to_size, nearest, resample, values_to_size
from osteocount.segment.segmentation import Segmentation
from osteocount.segment.stains import DENSITY_WEIGHTS, Stains, estimate_stains, trap_density
from osteocount.segment.tables import cell_table, count_nuclei, nuclei_table
from osteocount.settings import SegmentSettings, Settings

_GIANT_UM2 = 2000.0  # area from which a weakly stained cell is called a pale giant
_EDGE_UM = 1.5  # blurred edge of a cell, where colours fringe


@dataclass(frozen=True)
class Window:
    """One part of a picture, as far as it can be worked out without its stains.

    Attributes
    ----------
    top, left
        Where its corner lies in the analysed picture.
    density
        (height, width, 3) lightly smoothed optical density.
    total
        (height, width) the density that outlines cells.
    mask
        (height, width) 1 inside cells.
    """

    top: int
    left: int
    density: NDArray[np.float32]
    total: NDArray[np.float32]
    mask: Mask


def see_window(
    pixels: Pixels, inside: NDArray[np.bool_] | None, light: Light, scale: Scale, threshold: float, at: tuple[int, int]
) -> Window:
    """Work out the density and the cell mask of a window.

    Parameters
    ----------
    pixels
        (height, width, 3) grey levels at the scale of the analysis.
    inside
        (height, width) False outside the well; None is all inside.
    light
        Of the whole picture.
    threshold
        Density above which a pixel belongs to a cell.
    at
        Top and left of the window in the analysed picture.
    """
    density = gaussian(light.density(pixels, *at), scale.px(0.76))
    total = np.asarray(cv2.transform(density, DENSITY_WEIGHTS[None]))
    return Window(*at, density, total, cell_mask(total, inside, threshold, scale))


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
    pixels = resample(picture.pixels, scale.zoom)
    inside = _resampled(analysed, pixels.shape[:2])
    meter = LightMeter(pixels.shape[:2], scale.um)
    meter.show(pixels, 0, inside)
    light = meter.light()
    window = see_window(pixels, inside, light, scale, settings.segment.cell_threshold, (0, 0))
    stains = estimate_stains(window.density, window.mask > 0)
    if not stains.is_trap:
        raise OsteoCountError(
            f"{picture.path.name}: what is stained does not have the colour of TRAP (purple to red). "
            "Check that the picture shows a TRAP stain and that its white balance is right."
        )
    found = segment_bodies(window, all_bodies(window.mask), stains, scale, settings.segment)
    record = {**record, "white_point": light.white, **recorded(stains, settings.segment)}
    return _assembled(found, window, analysed, stains, scale, settings, record)


def recorded(stains: Stains, wanted: SegmentSettings) -> dict[str, Any]:
    """Return what the record says of the stains and thresholds."""
    return {
        "cell_threshold_od": wanted.cell_threshold,
        "trap_vector": [round(float(v), 4) for v in stains.trap],
        "counterstain_vector": [round(float(v), 4) for v in stains.counterstain],
        "red_to_green": round(stains.red_to_green, 4),
        "nucleus_score": wanted.nucleus_score,
    }


def segment_bodies(window: Window, chosen: Bodies, stains: Stains, scale: Scale, wanted: SegmentSettings) -> Found:
    """Cut bodies of a window into cells and find their nuclei."""
    atlas = lay_out(chosen)
    contrast = atlas.lay(_contrast(window, stains, wanted.nucleus_diameter, scale), beyond=False)
    pieces = find_pieces(atlas.lay(window.total, beyond=True), atlas.mask, scale)
    spots = find_spots(contrast, pieces.labels, wanted.nucleus_diameter, scale)
    has_nucleus = np.zeros(int(pieces.labels.max(initial=0)) + 1, bool)
    has_nucleus[pieces.labels[spots.y, spots.x][spots.score >= wanted.nucleus_score]] = True
    cells, opaque = join_pieces(pieces, has_nucleus, wanted.min_cell_diameter, scale, atlas.real)
    spots = _one_in_opaque(find_spots(contrast, cells, wanted.nucleus_diameter, scale), cells, opaque)
    trap = trap_density(atlas.lay(window.density, beyond=False), stains)
    return found_on(atlas, (window.top, window.left), cells, opaque, trap, spots, wanted.nucleus_score)


def _resampled(analysed: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Bring the analysed area to the grid of the analysis; None when it is everything."""
    if analysed.all():
        return None
    rows, columns = nearest(shape[0], analysed.shape[0]), nearest(shape[1], analysed.shape[1])
    return analysed[rows[:, None], columns[None, :]]


def _contrast(window: Window, stains: Stains, diameter_um: float, scale: Scale) -> NDArray[np.float32]:
    """Return the nuclear contrast inside cells; their blurred edge, where colours fringe, says nothing."""
    sure = cv2.erode(window.mask, disk(scale.radius(_EDGE_UM)), borderValue=1) > 0
    return nuclear_contrast(window.density, sure, stains.red_to_green, diameter_um, scale)


def _one_in_opaque(spots: Spots, cells: NDArray[np.int32], opaque: NDArray[np.bool_]) -> Spots:
    """Keep only the best spot of an opaque cell, since its inside cannot be seen."""
    if not opaque.any():
        return spots
    cell = cells[spots.y, spots.x]
    keep = ~opaque[cell]
    best = np.lexsort((spots.score, cell))
    last = np.append(np.diff(cell[best]) != 0, True) if best.size else np.zeros(0, bool)
    keep[best[last]] = True
    return spots.only(keep)


def _assembled(
    found: Found,
    window: Window,
    analysed: NDArray[np.bool_],
    stains: Stains,
    scale: Scale,
    settings: Settings,
    record: dict[str, Any],
) -> Segmentation:
    """Count nuclei and bring everything back to the picture's own pixels."""
    cells, nuclei = numbered([found.cells])[0], numbered([found.nuclei])[0]
    images = np.zeros((2, *window.mask.shape), np.int32)
    paint(found, cells[found.cells.labels], images[0])
    paint(found, nuclei[found.nuclei.labels], images[1])
    cell_rows, nuclei_rows = tables_of([found], [cells], [nuclei], scale, settings)
    warnings = stains.warnings
    if not len(cell_rows):
        warnings = (*warnings, "no cell is denser than the cell threshold: an empty field, or no stain.")
    return Segmentation(
        cells=labels_to_size(images[0], analysed.shape),
        nuclei=labels_to_size(images[1], analysed.shape),
        nuclei_table=nuclei_rows,
        trap_od=values_to_size(trap_density(window.density, stains), analysed.shape),
        analysed=analysed,
        regime="brightfield",
        nuclei_resolved=True,
        cell_table=cell_rows,
        record=record,
        warnings=warnings,
    )


def tables_of(
    found: Sequence[Found],
    cells: Sequence[NDArray[np.int32]],
    nuclei: Sequence[NDArray[np.int32]],
    scale: Scale,
    settings: Settings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of cells and nuclei of all windows, under the final numbers of their labels."""
    wanted = settings.segment
    n_cells = sum(each.size - 1 for each in cells)
    opaque, area, trap = np.zeros(n_cells + 1, bool), np.zeros(n_cells + 1), np.zeros(n_cells + 1)
    for part, number in zip(found, cells, strict=True):
        opaque[number[1:]], area[number[1:]], trap[number[1:]] = part.opaque[1:], part.area[1:], part.trap[1:]
    owner = _joined([number[part.cell] for part, number in zip(found, cells, strict=True)], np.int32)
    own_number = _joined([number[part.nucleus] for part, number in zip(found, nuclei, strict=True)], np.int32)
    y, x = _joined([part.y for part in found], np.intp), _joined([part.x for part in found], np.intp)
    score = _joined([part.score for part in found], np.float32)
    count = count_nuclei(n_cells, owner, score, wanted.nucleus_score, settings.count.min_nuclei)
    count.high[1:] = np.maximum(count.high[1:], opaque[1:])
    pale = (area * scale.um**2 >= _GIANT_UM2) & (trap < 2 * wanted.trap_threshold)
    named = (("opaque", opaque), ("pale_giant", pale))
    flags = [";".join(word for word, has in named if has[i]) for i in range(1, n_cells + 1)]
    at = np.flatnonzero(own_number)[np.argsort(own_number[own_number > 0])]
    nuclei_rows = nuclei_table((y[at] + 0.5) / scale.zoom - 0.5, (x[at] + 0.5) / scale.zoom - 0.5, score[at], owner[at])
    return cell_table(count.confidence[1:], flags, count), nuclei_rows


def _joined(parts: Sequence[NDArray[Any]], kind: type) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, kind), *parts])

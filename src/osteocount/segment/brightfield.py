"""Brightfield with nuclei: from optical density to cells, nuclei and their counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture
from osteocount.io.regions import PictureRegions, Regions
from osteocount.segment.atlas import Bodies, lay_out
from osteocount.segment.cells import cell_mask, find_pieces, join_pieces
from osteocount.segment.found import Found, found_on, numbered, paint
from osteocount.segment.illumination import Inside, LightMeter
from osteocount.segment.morphology import Mask, disk, gaussian
from osteocount.segment.nuclei import Spots, find_spots, nuclear_contrast
from osteocount.segment.scale import Scale, labels_to_size, values_to_size
from osteocount.segment.segmentation import Segmentation
from osteocount.segment.stains import DENSITY_WEIGHTS, Stains, stain_sample, stains_of, trap_density
from osteocount.segment.tables import cell_table, count_nuclei, nuclei_table
from osteocount.segment.tiles import CORE, Box, Tiling, View, samples, strips, tiles
from osteocount.segment.tiles_kept import KeptTiles
from osteocount.settings import SegmentSettings, Settings

_GIANT_UM2 = 2000.0  # area from which a weakly stained cell is called a pale giant
_EDGE_UM = 1.5  # blurred edge of a cell, where colours fringe


@dataclass(frozen=True)
class Window:
    """One part of a picture, as far as it can be worked out without its stains.

    Attributes
    ----------
    box
        Where it lies in the analysed picture.
    density
        (height, width, 3) lightly smoothed optical density.
    total
        (height, width) the density that outlines cells.
    mask
        (height, width) 1 inside cells.
    """

    box: Box
    density: NDArray[np.float32]
    total: NDArray[np.float32]
    mask: Mask


class Brightfield:
    """A brightfield picture of any size: its light and stains, and from them its cells and nuclei, tile by tile.

    Parameters
    ----------
    regions
        RGB, 8 or 16 bit.
    in_well
        Tells which pixels of the file lie inside the well; None: all.
    scale
        The grid to work on.
    wanted
        How cells and nuclei are found.

    Attributes
    ----------
    light, stains
        Of the whole picture.
    shape
        (height, width) in analysed pixels.

    Raises
    ------
    OsteoCountError
        What is stained does not have the colour of TRAP.
    """

    def __init__(self, regions: Regions, in_well: Inside | None, scale: Scale, wanted: SegmentSettings) -> None:
        self._view, self.scale, self._wanted = View(regions, scale.zoom), scale, wanted
        self.shape = self._view.shape
        self._inside = self._view.inside(in_well)
        self._seen: Window | None = None
        meter = LightMeter(self.shape, scale.um)
        for top, pixels in strips(self._view):
            meter.show(pixels, top)
        self.light = meter.light(self._inside)
        parts = [self._sample(box) for box in samples(self.shape)]
        self.stains = stains_of(np.concatenate(parts))
        if not self.stains.is_trap:
            raise OsteoCountError(
                f"{regions.path.name}: what is stained does not have the colour of TRAP (purple to red). "
                "Check that the picture shows a TRAP stain and that its white balance is right."
            )

    def found(
        self, core: int = CORE, offset: tuple[int, int] = (0, 0), kept: KeptTiles | None = None
    ) -> Iterator[tuple[Box | None, Found]]:
        """Yield every tile with its cells and nuclei, then None with those of each body that lies across tiles.

        What is found depends neither on ``core``, the side of a tile, nor on the ``offset`` of the seams. Tiles that
        are ``kept`` from a run that was killed are not worked on again; the others are added there.
        """
        tiling = Tiling(self.shape, self.scale)
        for tile in tiles(self.shape, core, offset):
            part = None if kept is None else kept.read(tile, tiling)
            if part is None:
                part = self._of_tile(tiling, tile)
                if kept is not None:
                    kept.write(tile, tiling, part)
            yield tile, part
        for pixel, box in tiling.waiting():
            body = self._of_body(tiling, pixel, box)
            if body is not None:
                yield None, body

    def trap(self, tile: Box) -> NDArray[np.float32]:
        """Return the TRAP optical density (height, width) of a tile; it costs little while that was the last one."""
        seen = (
            self._seen if self._seen is not None and self._seen.box.holds(tile, 0, self.shape) else self._window(tile)
        )
        return trap_density(seen.density[tile.within(seen.box)], self.stains)

    def _of_tile(self, tiling: Tiling, tile: Box) -> Found:
        window = self._window(tiling.window(tile))
        return self._segmented(window, tiling.choose(window.box, tile, window.mask))

    def _of_body(self, tiling: Tiling, pixel: tuple[int, int], box: Box) -> Found | None:
        """Segment the body at ``pixel`` in a window as large as it needs; None when it has been done already."""
        while True:
            window = self._window(tiling.grown(box))
            bodies, box = tiling.complete(window.box, pixel, window.mask)
            if bodies is not None:
                return self._segmented(window, bodies) if bodies.places else None

    def _sample(self, box: Box) -> NDArray[np.float32]:
        window = self._window(box)
        return stain_sample(window.density, window.mask > 0)

    def _window(self, box: Box) -> Window:
        """Work out the density and the cell mask of a window; the last one is kept."""
        if self._seen is None or self._seen.box != box:
            self._seen = None  # its memory is free before the next is worked out
            density = gaussian(self.light.density(self._view.read(box), box.top, box.left), self.scale.px(0.76))
            total = np.asarray(cv2.transform(density, DENSITY_WEIGHTS[None]))
            inside = self._inside and self._inside(np.arange(box.top, box.bottom), np.arange(box.left, box.right))
            mask = cell_mask(total, inside, self._wanted.cell_threshold, self.scale)
            self._seen = Window(box, density, total, mask)
        return self._seen

    def _segmented(self, window: Window, bodies: Bodies) -> Found:
        """Cut bodies of a window into cells and find their nuclei."""
        wanted, scale = self._wanted, self.scale
        atlas = lay_out(bodies)
        contrast = atlas.lay(_contrast(window, self.stains, wanted.nucleus_diameter, scale), beyond=False)
        pieces = find_pieces(atlas.lay(window.total, beyond=True), atlas.mask, scale)
        spots = find_spots(contrast, pieces.labels, wanted.nucleus_diameter, scale)
        has_nucleus = np.zeros(int(pieces.labels.max(initial=0)) + 1, bool)
        has_nucleus[pieces.labels[spots.y, spots.x][spots.score >= wanted.nucleus_score]] = True
        cells, opaque = join_pieces(pieces, has_nucleus, wanted.min_cell_diameter, scale, atlas.real)
        spots = _one_in_opaque(find_spots(contrast, cells, wanted.nucleus_diameter, scale), cells, opaque)
        trap = trap_density(atlas.lay(window.density, beyond=False), self.stains)
        corner = window.box.top, window.box.left
        return found_on(atlas, corner, cells, opaque, trap, spots, wanted.nucleus_score)


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
    in_well = None if analysed.all() else lambda y, x: analysed[y[:, None], x[None, :]]
    field = Brightfield(PictureRegions(picture), in_well, scale, settings.segment)
    trap = np.zeros(field.shape, np.float32)
    found = []
    for tile, part in field.found():
        found.append(part)
        if tile is not None:
            trap[tile.top : tile.bottom, tile.left : tile.right] = field.trap(tile)
    cells, nuclei = numbered([part.cells for part in found]), numbered([part.nuclei for part in found])
    images = np.zeros((2, *field.shape), np.int32)
    for part, cell, nucleus in zip(found, cells, nuclei, strict=True):
        paint(part, cell[part.cells.labels], images[0])
        paint(part, nucleus[part.nuclei.labels], images[1])
    cell_rows, nuclei_rows = tables_of(found, cells, nuclei, scale, settings)
    return Segmentation(
        cells=labels_to_size(images[0], analysed.shape),
        nuclei=labels_to_size(images[1], analysed.shape),
        nuclei_table=nuclei_rows,
        trap_od=values_to_size(trap, analysed.shape),
        analysed=analysed,
        regime="brightfield",
        nuclei_resolved=True,
        cell_table=cell_rows,
        record={**record, **recorded(field, settings.segment)},
        warnings=warned(field, len(cell_rows)),
    )


def recorded(field: Brightfield, wanted: SegmentSettings) -> dict[str, Any]:
    """Return what the record says of light, stains and thresholds."""
    return {
        "white_point": field.light.white,
        "cell_threshold_od": wanted.cell_threshold,
        "trap_vector": [round(float(v), 4) for v in field.stains.trap],
        "counterstain_vector": [round(float(v), 4) for v in field.stains.counterstain],
        "red_to_green": round(field.stains.red_to_green, 4),
        "nucleus_score": wanted.nucleus_score,
    }


def warned(field: Brightfield, n_cells: int) -> tuple[str, ...]:
    """Return what a reader must know of the stains, and that there are no cells."""
    empty = () if n_cells else ("no cell is denser than the cell threshold: an empty field, or no stain.",)
    return (*field.stains.warnings, *empty)


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
    pale = (area * scale.um**2 >= _GIANT_UM2) & (trap < 3 * wanted.trap_threshold)
    named = (("opaque", opaque), ("pale_giant", pale))
    flags = [";".join(word for word, has in named if has[i]) for i in range(1, n_cells + 1)]
    at = np.flatnonzero(own_number)[np.argsort(own_number[own_number > 0])]
    nuclei_rows = nuclei_table((y[at] + 0.5) / scale.zoom - 0.5, (x[at] + 0.5) / scale.zoom - 0.5, score[at], owner[at])
    return cell_table(count.confidence[1:], flags, count, trap=trap[1:]), nuclei_rows


def _joined(parts: Sequence[NDArray[Any]], kind: type) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, kind), *parts])

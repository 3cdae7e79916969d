"""Brightfield with nuclei: from optical density to cells, nuclei and their counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture
from osteocount.io.tiled_image import InMemoryImage, TiledImage
from osteocount.segment.detectors.detector import Detector, Features
from osteocount.segment.object_tables import STAIN_COLUMNS, cell_table, nuclei_table
from osteocount.segment.preprocess.illumination import InsideWell, WhitePointEstimator
from osteocount.segment.preprocess.scale import Scale, labels_to_size, values_to_size
from osteocount.segment.preprocess.stains import trap_density
from osteocount.segment.segmentation import Segmentation
from osteocount.segment.tiling.checkpoint import TileCheckpoint
from osteocount.segment.tiling.tile_result import TileResult, draw_tile, number_objects
from osteocount.segment.tiling.tiles import (
    CORE,
    Box,
    Density,
    ResampledImage,
    TileShare,
    Tiling,
    samples,
    strips,
    tiles,
)
from osteocount.settings import SegmentSettings, Settings

_GIANT_UM2 = 2000.0  # area from which a weakly stained cell is called a pale giant


class Brightfield(Generic[Features]):
    """A brightfield picture of any size: its light and stains, and from them its cells and nuclei, tile by tile.

    Parameters
    ----------
    regions
        RGB, 8 or 16 bit.
    in_well
        Tells which pixels of the file lie inside the well; None: all.
    scale
        The grid to work on.
    detector
        How cells and nuclei are found.
    read_ahead
        Whether a thread looks at the next tile while cells are found in one.

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

    def __init__(
        self,
        regions: TiledImage,
        in_well: InsideWell | None,
        scale: Scale,
        detector: Detector[Features],
        *,
        read_ahead: bool = False,
    ) -> None:
        view, self.detector = ResampledImage(regions, scale.zoom), detector
        self.shape = view.shape
        self._inside = view.inside(in_well)
        self._features: Features | None = None
        self._coming: Future[Features] | None = None
        self._read_ahead = read_ahead
        estimator = WhitePointEstimator(self.shape, scale.um)
        for top, pixels in strips(view):
            estimator.add_strip(pixels, top)
        self.light = estimator.white_point(self._inside)
        self._density = Density(view, self.light)
        parts = [detector.sample(self._window(box)) for box in samples(self.shape)]
        self.stains = detector.stains(*(np.concatenate(kind) for kind in zip(*parts, strict=True)))
        if not self.stains.is_trap:
            raise OsteoCountError(
                f"{regions.path.name}: what is stained does not have the colour of TRAP (purple to red). "
                "Check that the picture shows a TRAP stain and that its white balance is right."
            )

    def found(
        self, tile_side: int = CORE, offset: tuple[int, int] = (0, 0), kept: TileCheckpoint | None = None
    ) -> Iterator[tuple[Box | None, TileResult]]:
        """Yield every tile with its cells and nuclei, then None with those of each body that lies across tiles.

        What is found depends neither on ``tile_side`` nor on the ``offset`` of the seams. Tiles that are ``kept`` from
        a run that was killed are not worked on again; the others are added there.
        """
        tiling = Tiling(self.shape, self.detector.receptive_radius)
        todo = tiles(self.shape, tile_side, offset)
        with ThreadPoolExecutor(1) as ahead:
            for n, tile in enumerate(todo):
                part = None if kept is None else kept.read(tile, tiling)
                if part is None:
                    following = todo[n + 1] if self._read_ahead and n + 1 < len(todo) else None
                    part = self._of_tile(tiling, tile, following, ahead)
                    if kept is not None:
                        kept.write(tile, tiling, part)
                yield tile, part
        for pixel, box in tiling.waiting():
            body = self._of_body(tiling, pixel, box)
            if body is not None:
                yield None, body

    def keep(self, tile_side: int, share: TileShare, kept: TileCheckpoint) -> None:
        """Work on a share of the tiles, and keep them for a run that goes on from there."""
        tiling = Tiling(self.shape, self.detector.receptive_radius)
        for tile in share.of(tiles(self.shape, tile_side)):
            if kept.read(tile, tiling) is None:
                kept.write(tile, tiling, self._of_tile(tiling, tile))

    def trap(self, tile: Box) -> NDArray[np.float32]:
        """Return the TRAP optical density (height, width) of a tile; it costs little while that was the last one."""
        features = (
            self._features
            if self._features is not None and self._features.box.holds(tile, 0, self.shape)
            else self._window(tile)
        )
        return trap_density(features.density[tile.within(features.box)], self.stains)

    def _of_tile(
        self, tiling: Tiling, tile: Box, following: Box | None = None, ahead: ThreadPoolExecutor | None = None
    ) -> TileResult:
        window = self._window(tiling.window(tile), tiling.later(tile))
        if following is not None and ahead is not None:
            self._coming = ahead.submit(self._prepare, tiling.window(following), tiling.later(following))
        return self.detector.detect(window, tiling.choose(window.box, tile, window.mask), self.stains)

    def _of_body(self, tiling: Tiling, pixel: tuple[int, int], box: Box) -> TileResult | None:
        """Segment the body at ``pixel`` in a window as large as it needs; None when it has been done already."""
        while True:
            window = self._window(tiling.grown(box))
            bodies, box = tiling.complete(window.box, pixel, window.mask)
            if bodies is not None:
                return self.detector.detect(window, bodies, self.stains) if bodies.crops else None

    def _window(self, box: Box, later: Sequence[Box] | None = None) -> Features:
        """Work out the density and the cell mask of a window; the last one is kept, the next may be under way."""
        if self._features is None or self._features.box != box:
            self._features = None  # its memory is free before the next is worked out
            coming = None if self._coming is None else self._coming.result()
            self._coming = None
            self._features = coming if coming is not None and coming.box == box else self._prepare(box, later)
        return self._features

    def _prepare(self, box: Box, later: Sequence[Box] | None) -> Features:
        inside = self._inside and self._inside(np.arange(box.top, box.bottom), np.arange(box.left, box.right))
        return self.detector.prepare(box, self._density, inside, later)


def segment_brightfield(
    picture: Picture,
    analysed: NDArray[np.bool_],
    scale: Scale,
    detector: Detector[Any],
    settings: Settings,
    record: dict[str, Any],
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
    detector
        How cells and nuclei are found.
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
    field = Brightfield(InMemoryImage(picture), in_well, scale, detector)
    trap = np.zeros(field.shape, np.float32)
    found = []
    for tile, part in field.found():
        found.append(part)
        if tile is not None:
            trap[tile.top : tile.bottom, tile.left : tile.right] = field.trap(tile)
    cells, nuclei = number_objects([part.cells for part in found]), number_objects([part.nuclei for part in found])
    images = np.zeros((2, *field.shape), np.int32)
    rows, columns = (np.arange(side) for side in field.shape)
    for part, cell, nucleus in zip(found, cells, nuclei, strict=True):
        draw_tile(part, part.cells.labels, cell, images[0], rows, columns)
        draw_tile(part, part.nuclei.labels, nucleus, images[1], rows, columns)
    cell_rows, nuclei_rows = tables_of(found, cells, nuclei, scale, detector, settings)
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


def recorded(field: Brightfield[Any], wanted: SegmentSettings) -> dict[str, Any]:
    """Return what the record says of light, stains and thresholds."""
    return {
        **field.detector.record,
        "white_point": field.light.median_levels,
        "trap_vector": [round(float(v), 4) for v in field.stains.trap],
        "counterstain_vector": [round(float(v), 4) for v in field.stains.counterstain],
        "red_to_green": round(field.stains.red_to_green, 4),
        "nucleus_score": wanted.nucleus_score,
    }


def warned(field: Brightfield[Any], n_cells: int) -> tuple[str, ...]:
    """Return what a reader must know of the stains, and that there are no cells."""
    return (*field.stains.warnings, *(() if n_cells else (field.detector.no_cells,)))


def tables_of(
    found: Sequence[TileResult],
    cells: Sequence[NDArray[np.int32]],
    nuclei: Sequence[NDArray[np.int32]],
    scale: Scale,
    detector: Detector[Any],
    settings: Settings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of cells and nuclei of all windows, under the final numbers of their labels."""
    wanted = settings.segment
    n_cells = sum(each.size - 1 for each in cells)
    opaque, area = np.zeros(n_cells + 1, bool), np.zeros(n_cells + 1)
    stain = np.zeros((n_cells + 1, len(STAIN_COLUMNS)))
    for part, number in zip(found, cells, strict=True):
        opaque[number[1:]], area[number[1:]], stain[number[1:]] = part.opaque[1:], part.area[1:], part.stain[1:]
    owner = _joined([number[part.cell] for part, number in zip(found, cells, strict=True)], np.int32)
    own_number = _joined([number[part.nucleus] for part, number in zip(found, nuclei, strict=True)], np.int32)
    y, x = _joined([part.y for part in found], np.intp), _joined([part.x for part in found], np.intp)
    score = _joined([part.score for part in found], np.float32)
    count = detector.count(n_cells, owner, score)
    count.high[1:] = np.maximum(count.high[1:], opaque[1:])
    pale = (area * scale.um**2 >= _GIANT_UM2) & (stain[:, 0] < 3.75 * wanted.trap_threshold)
    named = (("opaque", opaque), ("pale_giant", pale))
    flags = [";".join(word for word, has in named if has[i]) for i in range(1, n_cells + 1)]
    at = np.flatnonzero(own_number)[np.argsort(own_number[own_number > 0])]
    nuclei_rows = nuclei_table((y[at] + 0.5) / scale.zoom - 0.5, (x[at] + 0.5) / scale.zoom - 0.5, score[at], owner[at])
    return cell_table(count.confidence[1:], flags, count, stain=stain[1:]), nuclei_rows


def _joined(parts: Sequence[NDArray[Any]], kind: type) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, kind), *parts])

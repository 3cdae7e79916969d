"""Brightfield with nuclei: from optical density to cells, nuclei and their counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.io.tiled_image import TiledImage
from osteocount.segment.detectors.detector import Detector, Features
from osteocount.segment.doubt import Doubts, mean_doubts, window_to_doubt
from osteocount.segment.object_tables import (
    STAIN_COLUMNS,
    cell_table,
    count_nuclei,
    nuclei_table,
    stain_flags,
    with_hidden_nuclei,
)
from osteocount.segment.preprocess.analysed_area import AnalysedArea
from osteocount.segment.preprocess.illumination import WhitePointEstimator
from osteocount.segment.preprocess.scale import MONONUCLEAR_UM, Scale, values_to_size
from osteocount.segment.preprocess.stains import trap_density
from osteocount.segment.segmentation import ArrayLabels, LabelSource, Segmentation
from osteocount.segment.tiling.checkpoint import TileCheckpoint
from osteocount.segment.tiling.tile_result import TileLabels, TileResult, number_tiles
from osteocount.segment.tiling.tiles import (
    Box,
    Density,
    ResampledImage,
    TileShare,
    Tiling,
    samples,
    strips,
    tiles,
)
from osteocount.settings import Settings


class BrightfieldImage(Generic[Features]):
    """A brightfield picture of any size: its light and stains, and from them its cells and nuclei, tile by tile.

    Parameters
    ----------
    image
        RGB, 8 or 16 bit.
    area
        The analysed part, in pixels of the file.
    scale
        The grid to work on.
    detector
        How cells and nuclei are found.
    tile_side, offset
        Side of a tile, None for what suits the detector in a large picture, and shift of the seams; what is found does
        not depend on them.
    share
        Which of the tiles are to be worked on; None: all.
    at_once
        How many tiles are worked on at once, each by a thread.

    Attributes
    ----------
    area, scale, detector
        As given.
    light, stains
        Of the whole picture.
    file_shape, shape
        (height, width) in pixels of the file, and in analysed ones.
    doubts
        See `Segmentation.doubts`.

    Raises
    ------
    OsteoCountError
        What is stained does not have the colour of TRAP.
    """

    def __init__(
        self,
        image: TiledImage,
        area: AnalysedArea,
        scale: Scale,
        detector: Detector[Features],
        *,
        tile_side: int | None = None,
        offset: tuple[int, int] = (0, 0),
        share: TileShare | None = None,
        at_once: int = 1,
    ) -> None:
        view, self.area, self.scale, self.detector = ResampledImage(image, scale.zoom), area, scale, detector
        self.file_shape, self.shape = (image.shape[0], image.shape[1]), view.shape
        self._inside = view.inside(None if area.is_everything else area.contains)
        self._features: Features | None = None
        self._at_once = at_once
        all_tiles = tiles(self.shape, tile_side or detector.tile_side, offset)
        self._tiles = all_tiles if share is None else share.of(all_tiles)
        estimator = WhitePointEstimator(self.shape, scale.um)
        for top, pixels in strips(view):
            estimator.add_strip(pixels, top)
        self.light = estimator.white_point(self._inside)
        self._density = Density(view, self.light)
        sampled, whole = samples(self.shape), Box(0, self.shape[0], 0, self.shape[1])
        if sampled != [whole]:
            self._look_ahead(sampled)
        parts, doubts = [], []
        for box in sampled:
            features = self._window(box, (whole,))
            parts.append(detector.sample(features))
            doubts.append(self._doubts(features))
        self.stains = detector.stains(*(np.concatenate(kind) for kind in zip(*parts, strict=True)))
        self.doubts = mean_doubts(doubts)
        self.stains.refuse_other_colours(image.path.name)

    def tile_results(self, checkpoint: TileCheckpoint | None = None) -> Iterator[tuple[Box | None, TileResult]]:
        """Yield every tile with its cells and nuclei, then None with those of each body that lies across tiles.

        Tiles of a ``checkpoint`` are not worked on again; the others are added there.
        """
        tiling = Tiling(self.shape, self.detector.receptive_radius)

        def work(tile: Box) -> TileResult:
            part = None if checkpoint is None else checkpoint.read(tile, tiling)
            if part is None:
                part = self._of_tile(tiling, tile)
                if checkpoint is not None:
                    checkpoint.write(tile, tiling, part)
            return part

        parts = map(work, self._tiles) if self._at_once == 1 else _at_once(self._at_once, work, self._tiles)
        yield from zip(self._tiles, parts, strict=True)
        for pixel, box in tiling.waiting():
            body = self._of_body(tiling, pixel, box)
            if body is not None:
                yield None, body

    def precompute(self, checkpoint: TileCheckpoint) -> None:
        """Work on the tiles, and keep them for a run that goes on from there."""
        tiling = Tiling(self.shape, self.detector.receptive_radius)
        for tile in self._tiles:
            if checkpoint.read(tile, tiling) is None:
                checkpoint.write(tile, tiling, self._of_tile(tiling, tile))

    def stained_tiles(self) -> Iterator[tuple[Box, NDArray[np.float32], bool]]:
        """Yield every tile with its TRAP optical density (height, width), and whether anything in it may be a cell."""
        tiling = Tiling(self.shape, self.detector.receptive_radius)
        for tile in self._tiles:
            features = self._window(tiling.window(tile))
            yield tile, self.trap(tile), bool(features.mask[tile.within(features.box)].any())

    def trap(self, tile: Box) -> NDArray[np.float32]:
        """Return the TRAP optical density (height, width) of the tile that was worked on last."""
        features = self._features
        if features is None or not features.box.holds(tile, 0, self.shape):
            raise ValueError(f"{tile} is not the tile that was worked on last")
        return trap_density(features.density[tile.within(features.box)], self.stains)

    def _of_tile(self, tiling: Tiling, tile: Box) -> TileResult:
        prepare = self._window if self._at_once == 1 else self._prepare  # of several tiles, none is the last
        window = prepare(tiling.window(tile), tiling.later(tile))
        return self.detector.detect(window, tiling.choose(window.box, tile, window.mask), self.stains)

    def _of_body(self, tiling: Tiling, pixel: tuple[int, int], box: Box) -> TileResult | None:
        """Segment the body at ``pixel`` in a window as large as it needs; None when it has been done already."""
        while True:
            window = self._window(tiling.grown(box))
            bodies, box = tiling.complete(window.box, pixel, window.mask)
            if bodies is not None:
                return self.detector.detect(window, bodies, self.stains) if bodies.crops else None

    def _look_ahead(self, sampled: Sequence[Box]) -> None:
        """Work out the windows of tiles by which the stains are told, so that nothing is worked out there twice."""
        tiling = Tiling(self.shape, self.detector.receptive_radius)
        for tile in self._tiles:
            if any(tile.shared(box.middle) for box in sampled):
                self.detector.look_ahead(tiling.window(tile), self._density)

    def _doubts(self, features: Features) -> Doubts:
        """Let the method look twice where most of a sampled window is stained."""
        where = window_to_doubt(features.density, self._inside_of(features.box))
        return Doubts() if where is None else self.detector.doubts(self._density.read(features.box)[where])

    def _window(self, box: Box, later: Sequence[Box] | None = None) -> Features:
        """Work out the density and the cell mask of a window; the last one is kept."""
        if self._features is None or self._features.box != box:
            self._features = None  # its memory is free before the next is worked out
            self._features = self._prepare(box, later)
        return self._features

    def _prepare(self, box: Box, later: Sequence[Box] | None = None) -> Features:
        return self.detector.prepare(box, self._density, self._inside_of(box), later)

    def _inside_of(self, box: Box) -> NDArray[np.bool_] | None:
        return self._inside and self._inside(np.arange(box.top, box.bottom), np.arange(box.left, box.right))


def _at_once(count: int, work: Callable[[Box], TileResult], todo: Sequence[Box]) -> Iterator[TileResult]:
    """Yield the work on each tile in order, with ``count`` of them under way."""
    with ThreadPoolExecutor(count) as pool:
        under_way: deque[Future[TileResult]] = deque()
        for tile in todo:
            under_way.append(pool.submit(work, tile))
            if len(under_way) > count:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def segment_brightfield(
    field: BrightfieldImage[Any],
    settings: Settings,
    record: dict[str, Any],
    *,
    whole: bool = False,
    scratch: Path | None = None,
) -> Segmentation:
    """Find cells and nuclei of a TRAP-stained brightfield picture of any size, tile by tile.

    Parameters
    ----------
    field
        The picture.
    settings
        All settings of the run.
    record
        What is already known about the analysis; it is copied and completed.
    whole
        Whether label images and TRAP density are held in memory.
    scratch
        Folder for finished tiles, of this picture and these settings alone; tiles in it are not worked on again.
    """
    trap = np.zeros(field.shape if whole else (0, 0), np.float32)
    checkpoint = None if scratch is None else TileCheckpoint(scratch)
    results = []
    for tile, result in field.tile_results(checkpoint):
        results.append(result)
        if whole and tile is not None:
            trap[tile.top : tile.bottom, tile.left : tile.right] = field.trap(tile)
    tiled = number_tiles(results, field.file_shape, field.shape)
    cells, nuclei = tables_of(tiled, field.scale, field.detector, settings)
    labels = ArrayLabels(tiled.draw_cells(), tiled.draw_nuclei()) if whole else tiled
    found = _segmentation(field, labels, cells, nuclei, settings, record, any_cells=len(cells) > 0)
    return replace(found, trap_od=values_to_size(trap, field.file_shape)) if whole else found


def stain_brightfield(field: BrightfieldImage[Any], settings: Settings, record: dict[str, Any]) -> Segmentation:
    """Return what `segment_brightfield` does of a picture in memory, with its TRAP density but without any cells.

    That there are no cells is said when the detector outlines nothing at all.
    """
    trap, outlined = np.zeros(field.shape, np.float32), False
    for tile, values, may_be_cells in field.stained_tiles():
        trap[tile.top : tile.bottom, tile.left : tile.right] = values
        outlined |= may_be_cells
    labels = ArrayLabels(*np.zeros((2, *field.file_shape), np.uint32))
    cells, nuclei = cell_table(np.zeros(0), [], "nuclei"), nuclei_table(*np.zeros((4, 0)))
    found = _segmentation(field, labels, cells, nuclei, settings, record, any_cells=outlined)
    return replace(found, trap_od=values_to_size(trap, field.file_shape))


def _segmentation(
    field: BrightfieldImage[Any],
    labels: LabelSource,
    cells: pd.DataFrame,
    nuclei: pd.DataFrame,
    settings: Settings,
    record: dict[str, Any],
    *,
    any_cells: bool,
) -> Segmentation:
    """Return labels and tables with what a reader must know of light, stains and thresholds, without a TRAP density."""
    return Segmentation(
        labels=labels,
        nuclei_table=nuclei,
        regime="brightfield",
        nuclei_resolved=True,
        cell_table=cells,
        area=field.area,
        doubts=field.doubts,
        record={
            **record,
            **field.detector.record,
            "white_point": field.light.median_levels,
            **field.stains.record,
            "red_to_green": round(field.stains.red_to_green, 4),
            "nucleus_score": settings.segment.nucleus_score,
        },
        warnings=(*field.stains.warnings, *(() if any_cells else (field.detector.no_cells,))),
    )


def tables_of(
    labels: TileLabels, scale: Scale, detector: Detector[Any], settings: Settings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of cells and nuclei of all tiles, under the final numbers of their labels."""
    results, cells, nuclei = labels.results, labels.cell_numbers, labels.nucleus_numbers
    n_cells = sum(each.size - 1 for each in cells)
    opaque, area = np.zeros(n_cells + 1, bool), np.zeros(n_cells + 1)
    stain = np.zeros((n_cells + 1, len(STAIN_COLUMNS)))
    for result, number in zip(results, cells, strict=True):
        own = number[1:]
        opaque[own], area[own], stain[own] = result.opaque[1:], result.area[1:], result.stain[1:]
    owner = np.concatenate([number[result.cell] for result, number in zip(results, cells, strict=True)])
    own_number = np.concatenate([number[result.nucleus] for result, number in zip(results, nuclei, strict=True)])
    y, x, score = (np.concatenate([getattr(result, name) for result in results]) for name in ("y", "x", "score"))
    least, rule = settings.segment.nucleus_score, settings.count.min_nuclei
    count = count_nuclei(n_cells, owner, score, least, rule, detector.interval_tail)
    flags = stain_flags(opaque, area * scale.um**2, stain[:, 0], settings.segment.trap_threshold)
    at = np.flatnonzero(own_number)[np.argsort(own_number[own_number > 0])]
    nuclei_rows = nuclei_table((y[at] + 0.5) / scale.zoom - 0.5, (x[at] + 0.5) / scale.zoom - 0.5, score[at], owner[at])
    table = cell_table(count.confidence[1:], flags, "nuclei", count, stain=stain[1:])
    hidden = (opaque & (count.counted == 0))[1:]
    large_um = settings.segment.large_cell_ratio * MONONUCLEAR_UM
    return with_hidden_nuclei(table, hidden, area[1:] * scale.um**2, large_um), nuclei_rows

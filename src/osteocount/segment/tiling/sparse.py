"""A segmentation without whole images: what was found in each tile, drawn where it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.io.tiled_image import TiledImage
from osteocount.segment.detectors.detector import Detector
from osteocount.segment.preprocess.scale import Scale, nearest
from osteocount.segment.preprocess.well_mask import Circle
from osteocount.segment.regimes.brightfield import Brightfield, recorded, tables_of, warned
from osteocount.segment.tiling.checkpoint import TileCheckpoint
from osteocount.segment.tiling.tile_result import PackedLabels, TileResult, draw_tile, number_objects
from osteocount.segment.tiling.tiles import TileShare
from osteocount.settings import Settings

_ROWS = 2048  # rows looked at together when the analysed area is counted


@dataclass(frozen=True)
class Sparse:
    """Cells and nuclei of a large brightfield picture.

    Attributes
    ----------
    found
        What was found, window by window.
    cells, nuclei
        The final numbers (n + 1,) of each window's own labels; 0 is not drawn.
    shape, grid
        (height, width) of the picture in its own and in analysed pixels.
    well
        What lies outside is not analysed.
    cell_table, nuclei_table, nuclei_resolved, record, warnings
        As of a `Segmentation`.
    """

    found: tuple[TileResult, ...]
    cells: tuple[NDArray[np.int32], ...]
    nuclei: tuple[NDArray[np.int32], ...]
    shape: tuple[int, int]
    grid: tuple[int, int]
    well: Circle | None
    cell_table: pd.DataFrame
    nuclei_table: pd.DataFrame
    nuclei_resolved: bool = True
    record: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def draw_cells(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint32]:
        """Return the cell labels (rows, columns) that these rows and columns of the picture show."""
        return self._drawn(rows, columns, [part.cells for part in self.found], self.cells)

    def draw_nuclei(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint32]:
        """Return the labels of nuclei (rows, columns) that these rows and columns of the picture show."""
        return self._drawn(rows, columns, [part.nuclei for part in self.found], self.nuclei)

    def parts(self) -> Iterator[tuple[NDArray[np.uint32], tuple[int, int]]]:
        """Yield label images that together hold every cell once and whole, each with its top and left."""
        height, width = (nearest(side, have) for side, have in zip(self.shape, self.grid, strict=True))
        for part, number in zip(self.found, self.cells, strict=True):
            if not part.crops:
                continue
            top, left = (
                min(getattr(p, name) for p in part.crops) + at for name, at in zip("yx", part.corner, strict=True)
            )
            bottom = max(p.y + p.height for p in part.crops) + part.corner[0]
            right = max(p.x + p.width for p in part.crops) + part.corner[1]
            rows, columns = (
                np.arange(*np.searchsorted(shown, ends))
                for shown, ends in ((height, (top, bottom)), (width, (left, right)))
            )
            image = np.zeros((rows.size, columns.size), np.int32)
            draw_tile(part, part.cells.labels, number, image, height[rows], width[columns])
            yield image.view(np.uint32), (int(rows[0]), int(columns[0]))

    def inside(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Tell which pixels (rows, columns) of the picture were analysed."""
        return np.ones((rows.size, columns.size), bool) if self.well is None else self.well.contains(rows, columns)

    def analysed_pixels(self) -> int:
        """Return how many pixels of the picture were analysed."""
        columns = np.arange(self.shape[1])
        return sum(
            int(self.inside(np.arange(top, min(top + _ROWS, self.shape[0])), columns).sum())
            for top in range(0, self.shape[0], _ROWS)
        )

    def _drawn(
        self,
        rows: NDArray[np.intp],
        columns: NDArray[np.intp],
        objects: list[PackedLabels],
        numbers: tuple[NDArray[np.int32], ...],
    ) -> NDArray[np.uint32]:
        y, x = nearest(self.shape[0], self.grid[0])[rows], nearest(self.shape[1], self.grid[1])[columns]
        image = np.zeros((rows.size, columns.size), np.int32)
        for part, own, number in zip(self.found, objects, numbers, strict=True):
            bottom = max((p.y + p.height for p in part.crops), default=0) + part.corner[0]
            if part.corner[0] <= y[-1] and y[0] < bottom:
                draw_tile(part, own.labels, number, image, y, x)
        return image.view(np.uint32)


def precompute_tiles(
    regions: TiledImage, well: Circle | None, scale: Scale, detector: Detector[Any], scratch: Path, share: TileShare
) -> None:
    """Work on a share of the tiles that `segment_sparsely` will ask for, and keep them in ``scratch``.

    Raises
    ------
    OsteoCountError
        As for `segment_sparsely`.
    """
    picture = Brightfield(regions, None if well is None else well.contains, scale, detector)
    picture.keep(detector.tile_side, share, TileCheckpoint(scratch))


def segment_sparsely(
    regions: TiledImage,
    well: Circle | None,
    scale: Scale,
    detector: Detector[Any],
    settings: Settings,
    record: dict[str, Any],
    tile_side: int | None = None,
    offset: tuple[int, int] = (0, 0),
    scratch: Path | None = None,
    *,
    read_ahead: bool = False,
) -> Sparse:
    """Find cells and nuclei of a brightfield picture of any size, tile by tile.

    Parameters
    ----------
    regions
        RGB, 8 or 16 bit.
    well
        Its rim in pixels of the file.
    scale
        The grid to work on.
    detector
        How cells and nuclei are found.
    settings, record
        As for `segment_brightfield`.
    tile_side, offset
        Side of a tile, None for the detector's own, and shift of the seams; what is found does not depend on them.
    scratch
        Folder for finished tiles, of this picture and these settings alone; tiles in it are not worked on again.
    read_ahead
        Whether a thread looks at the next tile while cells are found in one.

    Raises
    ------
    OsteoCountError
        What is stained does not have the colour of TRAP.
    """
    picture = Brightfield(regions, None if well is None else well.contains, scale, detector, read_ahead=read_ahead)
    kept = None if scratch is None else TileCheckpoint(scratch)
    side = tile_side or detector.tile_side
    found = tuple(part for _, part in picture.found(side, offset, kept))
    cells, nuclei = number_objects([part.cells for part in found]), number_objects([part.nuclei for part in found])
    cell_rows, nuclei_rows = tables_of(found, cells, nuclei, scale, detector, settings)
    return Sparse(
        found=found,
        cells=tuple(cells),
        nuclei=tuple(nuclei),
        shape=regions.shape[:2],
        grid=picture.shape,
        well=well,
        cell_table=cell_rows,
        nuclei_table=nuclei_rows,
        record={**record, **recorded(picture, settings.segment)},
        warnings=warned(picture, len(cell_rows)),
    )

"""Label images that are not held: the results of tiles, drawn where they are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from osteocount.segment.preprocess.scale import nearest
from osteocount.segment.tiling.tile_result import PackedLabels, TileResult, draw_tile, number_objects

Labels = NDArray[np.uint32]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class TileLabels:
    """Cells and nuclei of a picture worked through in tiles; see `LabelSource`.

    Attributes
    ----------
    results
        Those of the tiles, and of the bodies that lie across them.
    cell_numbers, nucleus_numbers
        The final numbers (n + 1,) of each result's own labels; 0 is not drawn.
    shape, grid
        (height, width) of the picture in its own and in analysed pixels.
    """

    results: tuple[TileResult, ...]
    cell_numbers: tuple[NDArray[np.int32], ...]
    nucleus_numbers: tuple[NDArray[np.int32], ...]
    shape: tuple[int, int]
    grid: tuple[int, int]
    in_memory: ClassVar[bool] = False

    def draw_cells(self, rows: Indices | None = None, columns: Indices | None = None) -> Labels:
        """Return the cell labels (rows, columns) that these rows and columns of the picture show; None: all."""
        return self._drawn(rows, columns, [result.cells for result in self.results], self.cell_numbers)

    def draw_nuclei(self, rows: Indices | None = None, columns: Indices | None = None) -> Labels:
        """Return the labels of nuclei (rows, columns) that these rows and columns of the picture show; None: all."""
        return self._drawn(rows, columns, [result.nuclei for result in self.results], self.nucleus_numbers)

    def crops(self) -> Iterator[tuple[Labels, tuple[int, int]]]:
        """Yield label images that together hold every cell once and whole, each with its top and left."""
        height, width = (nearest(side, have) for side, have in zip(self.shape, self.grid, strict=True))
        for result, number in zip(self.results, self.cell_numbers, strict=True):
            if not result.crops:
                continue
            top, left = (
                min(getattr(crop, name) for crop in result.crops) + at
                for name, at in zip("yx", result.corner, strict=True)
            )
            bottom = max(crop.y + crop.height for crop in result.crops) + result.corner[0]
            right = max(crop.x + crop.width for crop in result.crops) + result.corner[1]
            rows, columns = (
                np.arange(*np.searchsorted(shown, ends))
                for shown, ends in ((height, (top, bottom)), (width, (left, right)))
            )
            image = np.zeros((rows.size, columns.size), np.int32)
            draw_tile(result, result.cells.labels, number, image, height[rows], width[columns])
            yield image.view(np.uint32), (int(rows[0]), int(columns[0]))

    def only_cells(self, cell_ids: NDArray[np.int64]) -> Self:
        """Return the same without the cells that are not among ``cell_ids``."""
        keep = np.zeros(sum(number.size - 1 for number in self.cell_numbers) + 1, np.int32)
        keep[cell_ids] = cell_ids
        return replace(self, cell_numbers=tuple(keep[number] for number in self.cell_numbers))

    def _drawn(
        self,
        rows: Indices | None,
        columns: Indices | None,
        objects: Sequence[PackedLabels],
        numbers: Sequence[NDArray[np.int32]],
    ) -> Labels:
        y, x = (
            nearest(side, have) if wanted is None else nearest(side, have)[wanted]
            for side, have, wanted in zip(self.shape, self.grid, (rows, columns), strict=True)
        )
        image = np.zeros((y.size, x.size), np.int32)
        for result, own, number in zip(self.results, objects, numbers, strict=True):
            bottom = max((crop.y + crop.height for crop in result.crops), default=0) + result.corner[0]
            if result.corner[0] <= y[-1] and y[0] < bottom:
                draw_tile(result, own.labels, number, image, y, x)
        return image.view(np.uint32)


def number_tiles(results: Sequence[TileResult], shape: tuple[int, int], grid: tuple[int, int]) -> TileLabels:
    """Return the labels of all tiles, numbered in raster order over the whole picture."""
    cells, nuclei = (number_objects([getattr(each, name) for each in results]) for name in ("cells", "nuclei"))
    return TileLabels(tuple(results), tuple(cells), tuple(nuclei), shape, grid)

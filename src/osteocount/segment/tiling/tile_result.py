"""The cells and nuclei of one window of a picture, and the label images of all of it.

These are not held: the results of the windows are numbered together and drawn where they are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.candidate_nuclei import CandidateNuclei
from osteocount.segment.morphology import first_pixels
from osteocount.segment.preprocess.scale import nearest
from osteocount.segment.preprocess.stains import Stains, trap_density
from osteocount.segment.tiling.packing import Crop, PackedBodies

Labels = NDArray[np.uint32]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class PackedLabels:
    """Labelled objects on a packing, and where they lie in the picture.

    Attributes
    ----------
    first
        (n, 2) y, x in the analysed picture of each object's first pixel in raster order.
    packed
        The (height, width) int32 labels 1..n on the packing, packed, since a large picture has many windows.
    shape
        Of the packing.
    """

    first: NDArray[np.intp]
    packed: bytes
    shape: tuple[int, int]

    @property
    def labels(self) -> NDArray[np.int32]:
        """(height, width) int32 on the packing, 1..n."""
        return np.frombuffer(imagecodecs.zstd_decode(self.packed), np.int32).reshape(self.shape)


@dataclass(frozen=True)
class TileResult:
    """Cells and nuclei found in one window: that of a tile, or of a body too large for one.

    Attributes
    ----------
    crops
        Where the bodies lie in the window and on the packing.
    corner
        Top and left of the window in the analysed picture.
    cells, nuclei
        On the packing; ``nuclei`` are the counted ones.
    opaque, area
        (n + 1,) for each cell: that its inside cannot be seen, its pixels.
    stain
        (n + 1, 5) of each cell, in the order of `object_tables.STAIN_COLUMNS`.
    y, x
        Centres of all candidate nuclei in the analysed picture.
    cell, score
        The cell of each of them, and how sure it is.
    nucleus
        Its label among the counted nuclei; 0: not counted.
    """

    crops: tuple[Crop, ...]
    corner: tuple[int, int]
    cells: PackedLabels
    nuclei: PackedLabels
    opaque: NDArray[np.bool_]
    area: NDArray[np.int64]
    stain: NDArray[np.float64]
    y: NDArray[np.intp]
    x: NDArray[np.intp]
    cell: NDArray[np.int32]
    score: NDArray[np.float32]
    nucleus: NDArray[np.int32]

    @cached_property
    def ends(self) -> NDArray[np.intp]:
        """(n, 4) top, bottom, left and right of each crop in the analysed picture."""
        in_window = [(p.y, p.y + p.height, p.x, p.x + p.width) for p in self.crops]
        return np.asarray(np.array(in_window, np.intp).reshape(-1, 4) + np.repeat(self.corner, 2))


def gather_found(
    packed: PackedBodies,
    corner: tuple[int, int],
    cells: NDArray[np.int32],
    opaque: NDArray[np.bool_],
    density: NDArray[np.float32],
    stains: Stains,
    spots: CandidateNuclei,
    threshold: float,
) -> TileResult:
    """Gather what was found on packed bodies.

    Parameters
    ----------
    packed, corner
        Where its bodies lie, and top and left of its window in the analysed picture.
    cells
        (height, width) int32 labels 1..n on the packing.
    opaque
        (n + 1,) True for cells whose inside cannot be seen.
    density
        (height, width, 3) optical density on the packing.
    stains
        Of the picture.
    spots
        Candidate nuclei on the packing; those with a score of at least ``threshold`` are counted.
    """
    real = packed.within(cells)
    at = np.flatnonzero(real > 0)
    own = np.take(real, at)
    area = np.bincount(own, minlength=opaque.size)
    trap = trap_density(density, stains)
    stain = _stain_of(own, np.take(trap, at), np.take(density.reshape(-1, 3), at, axis=0), opaque.size)
    nucleus = np.zeros(spots.y.size, np.int32)
    counted = spots.score >= threshold
    nucleus[counted] = np.arange(1, int(counted.sum()) + 1)
    nuclei = packed.within(np.take(np.concatenate([np.zeros(1, np.int32), nucleus]), spots.labels))
    y, x = packed.in_window(spots.y, spots.x)
    return TileResult(
        packed.crops, corner, _objects(packed, corner, real), _objects(packed, corner, nuclei), opaque, area, stain,
        y + corner[0], x + corner[1], cells[spots.y, spots.x], spots.score, nucleus,
    )  # fmt: skip


def number_objects(objects: Sequence[PackedLabels]) -> list[NDArray[np.int32]]:
    """Return, for each window, the final numbers (n + 1,) of its own labels: 1..n in raster order of first pixels."""
    y, x = np.concatenate([each.first for each in objects]).T
    order = np.lexsort((x, y))
    number = np.empty(order.size, np.int32)
    number[order] = np.arange(1, order.size + 1)
    ends = np.cumsum([len(each.first) for each in objects], dtype=np.intp)
    zero = np.zeros(1, np.int32)
    return [np.concatenate([zero, number[end - len(own.first) : end]]) for own, end in zip(objects, ends, strict=True)]


def draw_tile(
    found: TileResult,
    labels: NDArray[np.int32],
    number: NDArray[np.int32],
    image: NDArray[np.int32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> None:
    """Draw the ``labels`` of a packing on a part of the picture.

    Parameters
    ----------
    found, labels
        What lies where, and its labels on the packing.
    number
        (n + 1,) what is drawn for each label; 0 is not drawn.
    image
        (height, width), drawn on.
    rows, columns
        Which row and column of the analysed picture each of the image shows, ascending.
    """
    y0, y1 = np.searchsorted(rows, found.ends[:, :2].T)
    x0, x1 = np.searchsorted(columns, found.ends[:, 2:].T)
    every_row, every_column = _step(rows), _step(columns)
    for n in np.flatnonzero((y1 > y0) & (x1 > x0)).tolist():
        crop = found.crops[n]
        down = _picked(rows[y0[n] : y1[n]] - (found.corner[0] + crop.y - crop.row), every_row)
        along = _picked(columns[x0[n] : x1[n]] - (found.corner[1] + crop.x - crop.column), every_column)
        own = number[labels[down][:, along]]
        np.copyto(image[y0[n] : y1[n], x0[n] : x1[n]], own, where=own > 0)


def _step(at: NDArray[np.intp]) -> int:
    """Return the distance between ascending positions, 0 where it differs from one to the next."""
    steps = np.diff(at)
    return 1 if not steps.size else int(steps[0]) if steps[0] > 0 and (steps == steps[0]).all() else 0


def _picked(at: NDArray[np.intp], step: int) -> slice | NDArray[np.intp]:
    """Return evenly spaced positions as a slice, which is much faster."""
    return slice(int(at[0]), int(at[-1]) + 1, step) if step else at


def _stain_of(
    own: NDArray[np.int32], trap: NDArray[np.float32], colours: NDArray[np.float32], n: int
) -> NDArray[np.float64]:
    """Return ``stain`` (n, 5) of cells from the densities (m,) and (m, 3) of pixels that lie in cell ``own``."""
    pixels = np.maximum(np.bincount(own, minlength=n), 1)
    level, square, *colour = (
        np.bincount(own, each, n) / pixels for each in (trap, trap.astype(float) ** 2, *colours.T)
    )
    return np.stack([level, np.sqrt(np.maximum(square - level**2, 0)), *colour], axis=1)


def _objects(packed: PackedBodies, corner: tuple[int, int], labels: NDArray[np.int32]) -> PackedLabels:
    first = first_pixels(labels, int(labels.max(initial=0)) + 1)
    y, x = packed.in_window(*np.divmod(first[1:], labels.shape[1]))
    return PackedLabels(
        np.stack([y + corner[0], x + corner[1]], axis=1),
        bytes(imagecodecs.zstd_encode(labels.tobytes(), level=1)),
        (labels.shape[0], labels.shape[1]),
    )


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
            first, last = result.ends.min(axis=0), result.ends.max(axis=0)
            rows = np.arange(*np.searchsorted(height, (first[0], last[1])))
            columns = np.arange(*np.searchsorted(width, (first[2], last[3])))
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
            if result.corner[0] <= y[-1] and y[0] < result.ends[:, 1].max(initial=0):
                draw_tile(result, own.labels, number, image, y, x)
        return image.view(np.uint32)


def number_tiles(results: Sequence[TileResult], shape: tuple[int, int], grid: tuple[int, int]) -> TileLabels:
    """Return the labels of all tiles, numbered in raster order over the whole picture."""
    cells, nuclei = (number_objects([getattr(each, name) for each in results]) for name in ("cells", "nuclei"))
    return TileLabels(tuple(results), tuple(cells), tuple(nuclei), shape, grid)

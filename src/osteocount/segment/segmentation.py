"""What every segmenter gives, whatever is inside it: cells and nuclei, any window of which can be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.segment.doubt import Doubts
from osteocount.segment.preprocess.analysed_area import EVERYTHING, AnalysedArea

Regime = Literal["brightfield", "low_power", "fluorescence"]
Labels = NDArray[np.uint32]
Indices = NDArray[np.intp]


class WholePictureNeeded(Exception):  # noqa: N818  no error: the caller reads the picture whole and asks again
    """A tiled image is of a regime, or for a method, that has to see it as a whole."""


class LabelSource(Protocol):
    """The label images of cells and nuclei of a picture, held in whichever way suits its size.

    Labels are 1..n in raster order of each object's first pixel; 0 is background.

    Attributes
    ----------
    shape
        (height, width) of the picture.
    in_memory
        Whether the whole images are held.
    """

    in_memory: ClassVar[bool]

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the picture."""
        ...

    def draw_cells(self, rows: Indices | None = None, columns: Indices | None = None) -> Labels:
        """Return the cell labels (rows, columns) that these ascending rows and columns show; None: all of them."""
        ...

    def draw_nuclei(self, rows: Indices | None = None, columns: Indices | None = None) -> Labels:
        """Return the labels of counted nuclei, as `draw_cells` does those of cells."""
        ...

    def crops(self) -> Iterator[tuple[Labels, tuple[int, int]]]:
        """Yield label images that together hold every cell once and whole, each with its top and left."""
        ...

    def only_cells(self, cell_ids: NDArray[np.int64]) -> Self:
        """Return the same without the cells that are not among ``cell_ids``."""
        ...


@dataclass(frozen=True)
class ArrayLabels:
    """Label images (height, width) uint32 in memory; see `LabelSource`."""

    cells: Labels
    nuclei: Labels
    in_memory: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the picture."""
        height, width = self.cells.shape
        return height, width

    def draw_cells(self, rows: Indices | None = None, columns: Indices | None = None) -> Labels:
        """Return a window of the cells; all of them without a copy."""
        return _window(self.cells, rows, columns)

    def draw_nuclei(self, rows: Indices | None = None, columns: Indices | None = None) -> Labels:
        """Return a window of the nuclei; all of them without a copy."""
        return _window(self.nuclei, rows, columns)

    def crops(self) -> Iterator[tuple[Labels, tuple[int, int]]]:
        """Yield the whole image of cells."""
        yield self.cells, (0, 0)

    def only_cells(self, cell_ids: NDArray[np.int64]) -> Self:
        """Return the same without the cells that are not among ``cell_ids``."""
        keep = np.zeros(int(self.cells.max(initial=0)) + 1, np.uint32)
        keep[cell_ids] = cell_ids
        return replace(self, cells=keep[self.cells])


@dataclass(frozen=True)
class Segmentation:
    """Cells and nuclei of one picture.

    Attributes
    ----------
    labels
        Where cells and nuclei lie. There are no nuclei when nuclei are not resolved.
    nuclei_table
        One row per nucleus: ``nucleus_id``, ``cell_id`` (0: in no cell), ``y_px``, ``x_px``, ``score`` (0..1).
    regime
        How the picture was analysed.
    nuclei_resolved
        False at low power: nuclei columns stay empty, osteoclasts are called by size and TRAP.
    cell_table
        One row per cell: ``cell_id``, ``confidence`` (0..1), ``flags`` (";"-joined words such as ``pale_giant``,
        ``opaque``), ``by`` (`object_tables.CalledBy`), ``n_nuclei_low``, ``n_nuclei_high`` (pd.NA unless called by
        nuclei), and ``is_large`` (the cell is an osteoclast by size or appearance; pd.NA where it is called by nuclei).
        Where it holds ``trap_od_mean``, that is the mean TRAP density of each cell, and the other columns of
        `object_tables.STAIN_COLUMNS` are there too.
    trap_od
        (height, width) float32, TRAP optical density (fluorescence: cytoplasm signal, 0..1); None for a picture that
        was worked through in tiles.
    area
        The part of the picture that was analysed.
    doubts
        What speaks against a network's answer, measured; nothing is known where no network looked.
    record
        Everything used that a reader must know to repeat it: thresholds, stain vectors, white point, scale. Plain
        JSON values.
    warnings
        Sentences for the log and the report.
    """

    labels: LabelSource
    nuclei_table: pd.DataFrame
    regime: Regime
    nuclei_resolved: bool
    cell_table: pd.DataFrame
    trap_od: NDArray[np.float32] | None = None
    area: AnalysedArea = EVERYTHING
    doubts: Doubts = field(default_factory=Doubts)
    record: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the picture."""
        return self.labels.shape

    @property
    def cells(self) -> Labels:
        """(height, width) cell labels: the drawing of the whole picture."""
        return self.labels.draw_cells()

    @property
    def nuclei(self) -> Labels:
        """(height, width) labels of nuclei: the drawing of the whole picture."""
        return self.labels.draw_nuclei()

    @cached_property
    def analysed(self) -> NDArray[np.bool_]:
        """(height, width), False outside the analysed area."""
        return self.analysed_at(*(np.arange(side) for side in self.shape))

    def analysed_at(self, rows: Indices, columns: Indices) -> NDArray[np.bool_]:
        """Tell which pixels (rows, columns) of the picture were analysed."""
        return self.area.contains(rows, columns)

    def only_cells(self, cell_ids: NDArray[np.int64]) -> Segmentation:
        """Return the same with label images that show no other cells."""
        return replace(self, labels=self.labels.only_cells(cell_ids))


def _window(labels: Labels, rows: Indices | None, columns: Indices | None) -> Labels:
    if rows is None and columns is None:
        return labels
    height, width = labels.shape
    return labels[np.ix_(np.arange(height) if rows is None else rows, np.arange(width) if columns is None else columns)]

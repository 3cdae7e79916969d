"""What every segmenter gives, whatever is inside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.io.picture import Picture

if TYPE_CHECKING:
    from pathlib import Path

    from osteocount.io.tiled_image import TiledImage
    from osteocount.segment.tiling.sparse import Sparse
    from osteocount.segment.tiling.tiles import TileShare

Regime = Literal["brightfield", "low_power", "fluorescence"]


@dataclass(frozen=True)
class Segmentation:
    """Cells and nuclei of one picture.

    Attributes
    ----------
    cells, nuclei
        (height, width) uint32 label images, 0 is background. Labels are 1..n in raster order of each object's first
        pixel. ``nuclei`` is all zero when nuclei are not resolved.
    nuclei_table
        One row per nucleus: ``nucleus_id``, ``cell_id`` (0: in no cell), ``y_px``, ``x_px``, ``score`` (0..1).
    trap_od
        (height, width) float32, TRAP optical density (fluorescence: cytoplasm signal, 0..1).
    analysed
        (height, width) bool, False outside the well. Its sum is the imaged area.
    nuclei_resolved
        False at low power: nuclei columns stay empty, osteoclasts are called by size and TRAP.
    cell_table
        One row per cell: ``cell_id``, ``confidence`` (0..1), ``flags`` (";"-joined words such as ``pale_giant``,
        ``opaque``), ``n_nuclei_low``, ``n_nuclei_high`` (pd.NA when not resolved), and ``is_large`` (low power: the
        cell is an osteoclast by the size rule; pd.NA otherwise). Where it holds ``trap_od_mean``, that is the mean of
        ``trap_od`` over each cell, and the other columns of `tables.STAIN_COLUMNS` are there too.
    record
        Everything used that a reader must know to repeat it: thresholds, stain vectors, white point, scale. Plain
        JSON values.
    warnings
        Sentences for the log and the report.
    """

    cells: NDArray[np.uint32]
    nuclei: NDArray[np.uint32]
    nuclei_table: pd.DataFrame
    trap_od: NDArray[np.float32]
    analysed: NDArray[np.bool_]
    regime: Regime
    nuclei_resolved: bool
    cell_table: pd.DataFrame
    record: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Segmenter(Protocol):
    """A way to find cells and nuclei in a picture."""

    name: str

    def segment(self, picture: Picture) -> Segmentation:
        """Find the cells and nuclei of ``picture``.

        Raises
        ------
        OsteoCountError
            The picture is not one this method can read (phase contrast, empty, wrong stain); the text says why.
        """
        ...

    def segment_regions(self, regions: TiledImage, scratch: Path | None = None) -> Sparse | None:
        """Find the same in a picture too large for the memory; None when it has to be seen as a whole.

        Parameters
        ----------
        regions
            The picture.
        scratch
            Folder for what is finished of it, by which a run that was killed goes on.

        Raises
        ------
        OsteoCountError
            As for `segment`.
        """
        ...

    def precompute_tiles(self, regions: TiledImage, scratch: Path, share: TileShare) -> None:
        """Work on a share of the tiles of a large picture, for a `segment_regions` with the same ``scratch``.

        Raises
        ------
        OsteoCountError
            As for `segment`.
        """
        ...

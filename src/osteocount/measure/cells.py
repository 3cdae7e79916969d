"""One row per TRAP-positive cell, one row per nucleus; what makes a cell an osteoclast, and when that is borderline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.columns import CELLS, NUCLEI
from osteocount.measure.counting_frame import CountingFrame
from osteocount.measure.shape import Shape, measure_shapes
from osteocount.segment.object_tables import STAIN_COLUMNS, mean_per_label
from osteocount.segment.segmentation import Segmentation
from osteocount.settings import Settings

BORDERLINE = "borderline"
"""Flag of a cell whose class flips inside the interval of its number of nuclei."""

GEOMETRY_COLUMNS = (
    "cell_id", "y_px", "x_px", "area_px", "area_um2", "perimeter_um", "feret_um", "solidity", "eccentricity",
    "touches_edge", "counted",
)  # fmt: skip


def measure_cells(
    segmentation: Segmentation, pixel_size_um: float | None, settings: Settings, frame: CountingFrame
) -> pd.DataFrame:
    """Measure the TRAP-positive cells of one picture and say which are osteoclasts.

    Parameters
    ----------
    segmentation
        Cells and nuclei of the picture.
    pixel_size_um
        Micrometres per pixel; without it the µm columns stay empty.
    settings
        ``segment.trap_threshold`` decides what is TRAP-positive, ``count.min_nuclei`` what is an osteoclast.
    frame
        Decides which cells are counted, and which are cut.

    Returns
    -------
    DataFrame
        The columns of ``cells.csv`` from ``cell_id`` on, one row per TRAP-positive cell, by ``cell_id``.
    """
    rows = [
        geometry(shape, pixel_size_um, frame, _window(crop, shape, origin) == shape.label)
        for crop, origin in segmentation.labels.crops()
        for shape in measure_shapes(crop, origin)
    ]
    cells = pd.DataFrame(rows, columns=list(GEOMETRY_COLUMNS)).astype({"counted": bool, "touches_edge": bool})
    cells = cells.sort_values("cell_id", ignore_index=True)
    if segmentation.trap_od is not None and "trap_od_mean" not in segmentation.cell_table:
        trap = mean_per_label(segmentation.cells, segmentation.trap_od)
        cells["trap_od_mean"] = trap[cells["cell_id"].to_numpy(np.int64)]
    cells = cells.merge(segmentation.cell_table, on="cell_id", how="left", validate="one_to_one")
    cells = cells[cells["trap_od_mean"] > settings.segment.trap_threshold].reset_index(drop=True)
    cells["n_nuclei"] = _nuclei_per_cell(cells, segmentation)
    _classify(cells, settings.count.min_nuclei)
    cells["source"] = "automatic"
    known = cells.reindex(columns=CELLS.names[CELLS.names.index("cell_id") :])
    return known.astype(dict.fromkeys(STAIN_COLUMNS, float))


def measure_nuclei(segmentation: Segmentation, cells: pd.DataFrame) -> pd.DataFrame:
    """Nuclei of one picture: the columns of ``nuclei.csv`` after ``image``.

    ``cell_id`` is empty for a nucleus that lies in none of ``cells``.
    """
    nuclei = segmentation.nuclei_table.sort_values("nucleus_id", ignore_index=True)
    inside = nuclei["cell_id"].isin(cells["cell_id"])
    nuclei["cell_id"] = nuclei["cell_id"].astype("Int64").where(inside)
    return nuclei[list(NUCLEI.names[1:])]


def geometry(shape: Shape, um: float | None, frame: CountingFrame, mask: NDArray[np.bool_]) -> list[object]:
    """Return the values of ``GEOMETRY_COLUMNS`` for one cell; ``mask``, in the rectangle around it, is True inside."""
    scale = np.nan if um is None else um
    cut_first, cut_last = frame.cut_by(shape, mask)
    counted = frame.counts(shape, cut_first=cut_first)
    return [
        shape.label, shape.y_px, shape.x_px, shape.area_px, shape.area_px * scale**2, shape.perimeter_px * scale,
        shape.feret_px * scale, shape.solidity, shape.eccentricity, cut_first or cut_last, counted,
    ]  # fmt: skip


def _window(labels: NDArray[np.uint32], shape: Shape, origin: tuple[int, int]) -> NDArray[np.uint32]:
    """Return the rectangle around a cell of labels that begin at ``origin`` in the picture."""
    top, left = origin
    return labels[shape.top - top : shape.bottom - top, shape.left - left : shape.right - left]


def _nuclei_per_cell(cells: pd.DataFrame, segmentation: Segmentation) -> pd.Series[int]:
    """Nuclei of each cell; empty, never 0, where nuclei cannot be seen in that cell."""
    counts = segmentation.nuclei_table["cell_id"].value_counts()
    return cells["cell_id"].map(counts).fillna(0).astype("Int64").where(cells["by"] == "nuclei")


def _classify(cells: pd.DataFrame, min_nuclei: int) -> None:
    """Add ``is_osteoclast`` and the flag ``borderline`` in place.

    Where nuclei are seen in other cells of the picture, one that is large and hides them is borderline.
    """
    by_nuclei = cells["by"] == "nuclei"
    called = is_osteoclast(cells["n_nuclei"], min_nuclei).astype("boolean").where(by_nuclei, cells["is_large"])
    cells["is_osteoclast"] = called.astype(bool)
    if not by_nuclei.any():
        return
    flips = is_borderline(cells["n_nuclei_low"], cells["n_nuclei_high"], min_nuclei).astype("boolean")
    flips = flips.where(by_nuclei, cells["is_osteoclast"])
    cells["flags"] = [
        with_borderline(flags, borderline=bool(flip)) for flags, flip in zip(cells["flags"], flips, strict=True)
    ]


def is_osteoclast(n_nuclei: Any, min_nuclei: int) -> Any:
    """Tell whether cells with so many nuclei are osteoclasts; a number, or a column (missing stays missing).

    At least three nuclei is the convention of the field (the setting's default); cells in which no nucleus can be seen
    are called by size or appearance (`osteocount.segment.object_tables.CalledBy`).
    """
    return n_nuclei >= min_nuclei


def is_borderline(low: Any, high: Any, min_nuclei: int) -> Any:
    """Tell whether the class flips inside the interval ``low`` to ``high`` of the number of nuclei."""
    return is_osteoclast(low, min_nuclei) != is_osteoclast(high, min_nuclei)


def with_borderline(flags: str, *, borderline: bool) -> str:
    """Return the ";"-joined ``flags`` of a cell with the flag ``borderline`` at their end, or without it."""
    words = [word for word in flags.split(";") if word not in ("", BORDERLINE)]
    return ";".join([*words, *([BORDERLINE] if borderline else [])])

"""Layers to files: cells as a label image that keeps its pixel size, with a table beside; nuclei as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.label_image import write_labels
from osteocount.io.tables import write_table
from osteocount.napari.layers.layer_data import pixel_um


def write_cells(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a labels layer as ``labels`` of a result folder are written, and what is known of each cell beside it.

    Raises
    ------
    OsteoCountError
        The layer is not one plane in memory, or its cells are not those of its table.
    """
    if attributes.get("multiscale"):
        raise OsteoCountError(
            "This picture is too large to be saved from the viewer. Count it as a folder in step 1: its label images "
            "are in the result folder."
        )
    labels = np.asarray(data)
    if labels.ndim != 2:
        raise OsteoCountError(f"The layer is a stack of {' × '.join(map(str, labels.shape))}; save one plane of it.")
    file = Path(path)
    table = pd.DataFrame(attributes.get("features", {}))
    if {"index", "area_px"} <= set(table.columns) and not _agree(labels, table):
        raise OsteoCountError(
            f"{file.name}: cells of this layer were changed after they were counted, and its table knows it not. "
            "Count again, or correct the cells in step 3, where the tables follow."
        )
    write_labels(labels.astype(np.uint32), file, _pixel_um(attributes))
    if len(table.columns) == 0:
        return [str(file)]
    beside = file.with_suffix(".csv")
    write_table(table.rename(columns={"index": "cell_id"}), beside)
    return [str(file), str(beside)]


def _agree(labels: NDArray[np.integer[Any]], table: pd.DataFrame) -> bool:
    """Tell whether a table has the cells of a label image, each of its size; background is nobody's."""
    cells, sizes = np.unique(labels[labels > 0], return_counts=True)
    known = table.set_index("index")["area_px"].sort_index()
    return np.array_equal(cells, known.index) and np.array_equal(sizes, known.to_numpy(np.int64))


def write_nuclei(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a points layer as ``nuclei.csv`` is written: what is known of each, and its place in pixels."""
    places = np.asarray(data, float).reshape(len(data), -1)[:, -2:]
    table = pd.DataFrame(attributes.get("features", {}), index=range(len(places)))
    write_table(table.assign(y_px=places[:, 0], x_px=places[:, 1]), Path(path))
    return [path]


def _pixel_um(attributes: dict[str, Any]) -> float | None:
    """Micrometres per pixel of what napari hands to a writer; None when it says nothing of lengths."""
    units, scale = attributes.get("units"), attributes.get("scale")
    return None if units is None or scale is None else pixel_um(scale, units)

"""One large field: read, segmented, measured and written piece by piece, with the same cells as at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.io.image_quality import ImageQuality, measure_quality
from osteocount.io.label_image import write_tiled_labels
from osteocount.io.overlay import LONGEST, write_overlay
from osteocount.io.picture import Picture, PixelSize
from osteocount.io.tiled_image import TiledImage
from osteocount.measure import cells_of_shapes, measure_nuclei, measure_shapes
from osteocount.segment.tiling.sparse import Sparse
from osteocount.settings import QcSettings, Settings

_BLOCK = 256  # side of the blocks whose quality stands for the picture
_BLOCKS = 6  # along each side; as many as the light is compared between
_STRIP = 512


@dataclass(frozen=True)
class LargeField:
    """What is known of a large picture; see `FieldResult`."""

    cells: pd.DataFrame
    nuclei: pd.DataFrame
    found: Sparse
    quality: ImageQuality


def measure_large(regions: TiledImage, found: Sparse, settings: Settings) -> LargeField:
    """Measure the cells of a large picture, and its quality on blocks spread over it."""
    shapes = [shape for image, origin in found.parts() for shape in measure_shapes(image, origin)]
    shapes.sort(key=lambda shape: shape.label)
    cells = cells_of_shapes(shapes, found.shape, found, regions.pixel_size.um, settings)
    nuclei = measure_nuclei(found, cells)
    return LargeField(cells, nuclei, found, _quality(regions, found, settings.qc))


def write_labels_of(field: LargeField, cells: Path, nuclei: Path, um: float | None, threads: int) -> None:
    """Write both label images; that of the cells holds the cells of the table only."""
    found = field.found
    keep = np.zeros(len(found.cell_table) + 1, np.uint32)
    ids = field.cells["cell_id"].to_numpy(np.int64)
    keep[ids] = ids
    write_tiled_labels(lambda rows, columns: keep[found.draw_cells(rows, columns)], found.shape, cells, um, threads)
    write_tiled_labels(found.draw_nuclei, found.shape, nuclei, um, threads)


def write_overlay_of(regions: TiledImage, field: LargeField, path: Path) -> None:
    """Write the overlay on a picture reduced to a few times the size of a screen."""
    height, width, _ = regions.shape
    step = max(1, max(height, width) // LONGEST)
    strip = max(step, _STRIP // step * step)
    small = [
        cv2.resize(pixels, (width // step, pixels.shape[0] // step), interpolation=cv2.INTER_AREA)
        for top in range(0, height // step * step, strip)
        for pixels in [regions.read(top, min(top + strip, height // step * step), 0, width // step * step)]
    ]
    um = regions.pixel_size.um
    size = PixelSize(None if um is None else um * step, regions.pixel_size.origin)
    reduced = Picture(regions.path, np.concatenate(small), "rgb", ("", "", ""), size, regions.axes)
    rows, columns = (np.arange(side // step) * step + step // 2 for side in (height, width))
    nuclei = field.nuclei.assign(
        y_px=(field.nuclei["y_px"] + 0.5) / step - 0.5, x_px=(field.nuclei["x_px"] + 0.5) / step - 0.5
    )
    write_overlay(reduced, field.found.draw_cells(rows, columns), nuclei, field.cells, path)


def _quality(regions: TiledImage, found: Sparse, settings: QcSettings) -> ImageQuality:
    """Judge the picture by blocks at full resolution, put side by side."""
    rows, columns = (_spread(side) for side in regions.shape[:2])
    pixels, inside, covered = [], [], []
    for y in rows:
        parts = [regions.read(int(y[0]), int(y[-1]) + 1, int(x[0]), int(x[-1]) + 1) for x in columns]
        pixels.append(np.concatenate(parts, axis=1))
        across = np.concatenate(columns)
        inside.append(found.inside(y, across))
        covered.append(found.draw_cells(y, across) > 0)
    return measure_quality(
        np.concatenate(pixels), settings, analysed=np.concatenate(inside), foreground=np.concatenate(covered)
    )


def _spread(side: int) -> list[NDArray[np.intp]]:
    """Return the pixels of blocks spread evenly along a side."""
    room = side - _BLOCK
    return [int(room * (n + 0.5) / _BLOCKS) + np.arange(_BLOCK) for n in range(_BLOCKS)]

"""Counting a large picture beside the window, tile by tile: what was found is seen while it runs; it can be stopped."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from threading import Event
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.io.label_image import TiledLabels
from osteocount.io.picture import PixelSize, is_large_size
from osteocount.io.tiled_image import TiledImage, open_tiled
from osteocount.napari.layers.layer_picture import LayerSnapshot
from osteocount.pipeline import Progress
from osteocount.pipeline.field import LargeResult, analyse_regions
from osteocount.pipeline.large_field import write_labels_of
from osteocount.segment.preprocess.scale import nearest
from osteocount.segment.tiling.checkpoint import FinishedTile, read_tile
from osteocount.segment.tiling.tile_result import draw_tile
from osteocount.segment.tiling.tiles import tiles
from osteocount.settings import Settings

POLL_S = 0.3
"""How often the worker looks what has been finished."""
PREVIEW_PIXELS = 4 * 10**6
"""What is found meanwhile is shown on a reduced picture of at most so many pixels."""


@dataclass(frozen=True)
class CountPreview:
    """Cells found so far, on a reduced picture: (height, width) uint8, 1 in a cell; ``step`` its pixels' side."""

    layer: str
    cells: NDArray[np.uint8]
    step: int
    done: int
    total: int
    message: str


@dataclass(frozen=True)
class LargeCount:
    """A counted large layer; its label image lies in ``folder`` as long as somebody holds this."""

    layer: str
    pixel_um: float | None
    cells: pd.DataFrame
    nuclei: pd.DataFrame
    labels: TiledLabels
    summary: dict[str, int | float | None]
    warnings: tuple[str, ...]
    folder: Scratch
    nuclei_resolved: bool = True
    regime: str = "brightfield"


class Scratch:
    """A folder that is there as long as somebody holds this."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="osteocount_"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class Cancelled(Exception):  # noqa: N818  no error: somebody pressed Cancel
    """The count was cancelled."""


class CancellableImage:
    """A picture that stops whoever reads it once ``stop`` is set; see `TiledImage`."""

    def __init__(self, regions: TiledImage, stop: Event) -> None:
        self._regions, self._stop = regions, stop
        self.path, self.pixel_size, self.axes = regions.path, regions.pixel_size, regions.axes
        self.notes, self.shape = regions.notes, regions.shape

    def read(self, top: int, bottom: int, left: int, right: int) -> Any:
        """Return a region."""
        if self._stop.is_set():
            raise Cancelled
        return self._regions.read(top, bottom, left, right)


class LayerImage:
    """The lazy RGB array of a layer without a file; see `TiledImage`."""

    def __init__(self, layer: LayerSnapshot, pixel_size: PixelSize) -> None:
        height, width = layer.data.shape[-3:-1]
        self.path, self.pixel_size, self.notes = Path(layer.name), pixel_size, ()
        self.shape = (height, width, 3)
        self.axes = f"{width} × {height} px, RGB, {layer.data.dtype.itemsize * 8} bit"
        self._data = layer.data

    def read(self, top: int, bottom: int, left: int, right: int) -> Any:
        """Compute a region."""
        return np.ascontiguousarray(np.asarray(self._data[..., top:bottom, left:right, :3]))


def is_large(layer: LayerSnapshot) -> bool:
    """Tell whether a layer is counted tile by tile where the segmenter can."""
    shape = layer.data.shape
    flat = all(length == 1 for length in shape[:-3]) and layer.rgb
    return flat and layer.data.dtype in (np.uint8, np.uint16) and is_large_size(shape[-3], shape[-2])


def count_large(
    layer: LayerSnapshot, pixel_size: PixelSize, settings: Settings, stop: Event
) -> Generator[Progress | CountPreview, None, LargeCount | None]:
    """Count a large layer; None when ``stop`` was set, or when the segmenter has to see the picture as a whole."""
    folder = Scratch()
    scratch = folder.path / "tiles"
    scratch.mkdir()
    yield Progress(0, 0, f"Looking at the light of {layer.name}")
    with _regions(layer, pixel_size, settings) as regions, ThreadPoolExecutor(1) as pool:
        work = pool.submit(analyse_regions, CancellableImage(regions, stop), settings, scratch)
        yield from _watch(work, layer, scratch)
        try:
            result = work.result()
        except Cancelled:
            return None
        if result is None or stop.is_set():
            return None
        yield Progress(0, 0, "Drawing the cells")
        return _kept(layer, regions.pixel_size.um, result, folder)


def _watch(work: Future[Any], layer: LayerSnapshot, scratch: Path) -> Generator[Progress | CountPreview, None, None]:
    """Show every tile as it is finished."""
    height, width = layer.data.shape[-3:-1]
    step = max(1, int(np.ceil((height * width / PREVIEW_PIXELS) ** 0.5)))
    cells = np.zeros((-(-height // step), -(-width // step)), np.uint8)
    known: set[Path] = set()
    while not work.done():
        wait([work], timeout=POLL_S)
        fresh = [(path, tile) for path in sorted(set(scratch.glob("*.npz")) - known) if (tile := read_tile(path))]
        for path, tile in fresh:
            known.add(path)
            _paint(tile, cells, (height, width), step)
        if fresh:
            total = len(tiles(fresh[0][1].grid))
            yield CountPreview(layer.name, cells.copy(), step, len(known), total, f"Tile {len(known)} of {total}")


def _paint(tile: FinishedTile, cells: NDArray[np.uint8], shape: tuple[int, int], step: int) -> None:
    rows, columns = (nearest(side, have)[np.arange(0, side, step)] for side, have in zip(shape, tile.grid, strict=True))
    image = np.zeros(cells.shape, np.int32)
    labels = tile.found.cells.labels
    draw_tile(tile.found, labels, np.arange(labels.max(initial=0) + 1, dtype=np.int32), image, rows, columns)
    cells[image > 0] = 1


def _kept(layer: LayerSnapshot, um: float | None, result: LargeResult, folder: Scratch) -> LargeCount:
    path = folder.path / "cells.tif"
    write_labels_of(result.field, path, folder.path / "nuclei.tif", um, threads=1)
    return LargeCount(
        layer.name, um, result.field.cells, result.field.nuclei, TiledLabels(path), result.summary, result.warnings,
        folder,
    )  # fmt: skip


def _regions(layer: LayerSnapshot, size: PixelSize, settings: Settings) -> AbstractContextManager[Any]:
    """Return the file of a layer where it can be read by regions and is what is shown, else the layer itself."""
    if layer.path is not None and layer.path.exists():
        with open_tiled(layer.path, settings.picture.pixel_size) as regions:
            same = regions is not None and regions.shape[:2] == layer.data.shape[-3:-1]
        if same:
            return open_tiled(layer.path, settings.picture.pixel_size)
    return nullcontext(LayerImage(layer, size))

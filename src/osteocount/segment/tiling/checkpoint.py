"""Checkpoints: finished tiles kept in a folder, from which the count of a large picture goes on when it was killed."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteocount.io.files import atomic_write
from osteocount.segment.tiling.packing import Crop
from osteocount.segment.tiling.tile_result import PackedLabels, TileResult
from osteocount.segment.tiling.tiles import Box, Tiling

_ARRAYS = ("opaque", "area", "stain", "y", "x", "cell", "score", "nucleus")


class TileCheckpoint:
    """What was found in finished tiles, one file a tile, each written whole or not at all.

    Parameters
    ----------
    folder
        For this picture, these settings and this version alone: what it holds is believed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, tile: Box, tiling: Tiling) -> TileResult | None:
        """Return what was found in a tile and tell ``tiling`` of its bodies; None when it is not finished."""
        finished = read_tile(self._path(tile))
        if finished is None:
            return None
        tiling.restore(finished.done, finished.waiting)
        return finished.result

    def write(self, tile: Box, tiling: Tiling, found: TileResult) -> None:
        """Keep what was found in a tile."""
        done, waiting = tiling.bodies_of(tile)
        grid = np.array(tiling.shape, np.int64)
        with atomic_write(self._path(tile), durable=False) as draft, draft.open("wb") as file:
            np.savez(file, allow_pickle=False, grid=grid, done=done, waiting=waiting, **_packed(found))

    def _path(self, tile: Box) -> Path:
        return self._folder / f"{'_'.join(str(side) for side in astuple(tile))}.npz"


@dataclass(frozen=True)
class FinishedTile:
    """A finished tile, as its file tells.

    Attributes
    ----------
    tile
        Where it lies.
    result
        What was found in it.
    grid
        (height, width) of the picture in analysed pixels.
    done, waiting
        Its bodies; see `Tiling.bodies_of`.
    """

    tile: Box
    result: TileResult
    grid: tuple[int, int]
    done: NDArray[np.int64]
    waiting: NDArray[np.int64]


def read_tile(path: Path) -> FinishedTile | None:
    """Read a file of `TileCheckpoint`; None when it is absent or none, as after a disk that failed."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            kept = {name: file[name] for name in file.files}
        top, bottom, left, right = (int(side) for side in path.stem.split("_"))
        height, width = kept["grid"].tolist()
        tile = Box(top, bottom, left, right)
        return FinishedTile(tile, _unpacked(kept), (height, width), kept["done"], kept["waiting"])
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return None


def _packed(found: TileResult) -> dict[str, NDArray[Any]]:
    crops = [(p.label, p.y, p.x, p.height, p.width, *p.beyond, p.row, p.column) for p in found.crops]
    arrays = {name: getattr(found, name) for name in _ARRAYS}
    arrays |= {"crops": np.array(crops, np.int64).reshape(-1, 11), "corner": np.array(found.corner, np.int64)}
    for name, objects in (("cells", found.cells), ("nuclei", found.nuclei)):
        arrays[f"{name}_first"] = objects.first
        arrays[f"{name}_packed"] = np.frombuffer(objects.packed, np.uint8)
        arrays[f"{name}_shape"] = np.array(objects.shape, np.int64)
    return arrays


def _unpacked(kept: dict[str, NDArray[Any]]) -> TileResult:
    crops = tuple(
        Crop(label, y, x, height, width, (above, below, left, right), row, column)
        for label, y, x, height, width, above, below, left, right, row, column in kept["crops"].tolist()
    )
    corner_y, corner_x = kept["corner"].tolist()
    cells, nuclei = (_objects(kept, name) for name in ("cells", "nuclei"))
    return TileResult(crops, (corner_y, corner_x), cells, nuclei, **{name: kept[name] for name in _ARRAYS})


def _objects(kept: dict[str, NDArray[Any]], name: str) -> PackedLabels:
    height, width = kept[f"{name}_shape"].tolist()
    return PackedLabels(kept[f"{name}_first"], kept[f"{name}_packed"].tobytes(), (height, width))

"""Counting a layer in a worker thread, as generators that know neither Qt nor napari."""

from __future__ import annotations

import gc
import shutil
import weakref
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.label_image import TiledLabels
from osteocount.io.multi_image import is_multi_image, is_zarr, list_scenes
from osteocount.io.picture import Picture, Pixels, PixelSize, is_large_size
from osteocount.io.read import read_picture
from osteocount.io.tiled_image import TiledImage, open_tiled
from osteocount.pipeline import FieldResult, Progress, analyse
from osteocount.pipeline.field import write_label_images
from osteocount.segment.preprocess.scale import nearest
from osteocount.segment.segmentation import WholePictureNeeded
from osteocount.segment.tiling.checkpoint import FinishedTile, read_tile
from osteocount.segment.tiling.tile_result import draw_tile
from osteocount.segment.tiling.tiles import tiles
from osteocount.settings import Settings

POLL_S = 0.3
"""How often the worker looks which tiles have been finished."""
SAME_SIZE = 1e-3
"""Pixel sizes that differ by less are one: napari's scale and a resolution tag round differently."""
PREVIEW_PIXELS = 4 * 10**6
"""Cells found so far are shown on a reduced picture of at most so many pixels."""


@dataclass(frozen=True)
class LayerSnapshot:
    """An image layer as the viewer held it when the count was asked for.

    Attributes
    ----------
    name
        Of the layer.
    path
        The file it was opened from, None for a picture that lives in memory only.
    data
        Array-like of the full resolution; read in the worker only, since it may be lazy.
    rgb
        True when the last axis is colour.
    pixel_um
        Micrometres per pixel when the layer has a length unit, None otherwise.
    scene
        Which picture of its file it shows, where that holds many and our reader opened it.
    is_scaled
        True when the layer has a scale of its own that says no micrometres per pixel.
    """

    name: str
    path: Path | None
    data: Any
    rgb: bool
    pixel_um: float | None
    scene: str = ""
    is_scaled: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Its axes but for the colours; height and width are the last."""
        return tuple(self.data.shape[:-1] if self.rgb else self.data.shape)

    def pixel_size(self, settings: Settings) -> PixelSize:
        """Return the pixel size given in the settings, else that of the layer."""
        if settings.picture.pixel_size is not None:
            return PixelSize(settings.picture.pixel_size, "given by the user")
        if self.pixel_um is not None:
            return PixelSize(self.pixel_um, "scale of the napari layer")
        return PixelSize(None, "the layer has no length unit; give the pixel size in the settings")

    def own_pixel_um(self, settings: Settings, of_file: float | None) -> float | None:
        """Return the pixel size to use in place of the file's, in µm; None: there is none, or it is the same."""
        if settings.picture.pixel_size is not None:
            return settings.picture.pixel_size
        is_same = of_file is not None and self.pixel_um is not None and abs(self.pixel_um / of_file - 1) < SAME_SIZE
        return None if is_same else self.pixel_um

    def is_its_file(self) -> bool:
        """Tell whether the file can be counted in place of the layer: it holds one picture, or it is known which."""
        if self.path is None or not (self.path.is_file() or is_zarr(self.path)):
            return False
        return bool(self.scene) or not is_multi_image(self.path) or len(list_scenes(self.path)) == 1

    def notes(self) -> tuple[str, ...]:
        """Say what of the layer is not used."""
        if not self.is_scaled:
            return ()
        return (
            f"Layer '{self.name}' has a scale that says no micrometres per pixel, so it is not used; give the "
            "pixel size in Settings.",
        )

    def scale_notes(self, settings: Settings, of_file: float | None) -> tuple[str, ...]:
        """Say which scale is used where the layer and its file, with ``of_file`` µm per pixel, differ."""
        if settings.picture.pixel_size is not None or self.own_pixel_um(settings, of_file) is None:
            return self.notes()
        if of_file is None:
            return ()
        return (f"The file says {of_file:g} µm per pixel; the layer's {self.pixel_um:g} µm is used.",)

    def axes(self, bits: int) -> str:
        """Say what is counted, as pictures read from files do."""
        height, width = self.shape[-2:]
        return f"{width} × {height} px, {'RGB' if self.rgb else 'grey'}, {bits} bit"


@dataclass(frozen=True)
class CountPreview:
    """Cells found so far, on a reduced picture: (height, width) uint8, 1 in a cell; ``step`` its pixels' side."""

    layer: str
    cells: NDArray[np.uint8]
    step: int
    done: int
    total: int
    message: str


class TemporaryFolder:
    """A folder that is there as long as somebody holds this."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="osteocount_"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True)
class LayerCount:
    """A counted layer.

    Attributes
    ----------
    layer
        Its name.
    pixel_um
        Micrometres per pixel it was counted with.
    result
        Its cells, nuclei and numbers.
    labels
        Its cells as they are shown: an array of as few bits as hold them, which napari draws several times faster,
        or the label image of a large picture, of which only what is on the screen is read.
    folder
        Where that label image lies; there as long as somebody holds this.
    file
        The file that was counted in place of the layer; None: what the layer shows was counted.
    """

    layer: str
    pixel_um: float | None
    result: FieldResult
    labels: NDArray[np.generic] | TiledLabels
    folder: TemporaryFolder | None = None
    file: Path | None = None


class Cancelled(Exception):  # noqa: N818  no error: somebody pressed Cancel
    """The count was cancelled."""


class CancellableImage:
    """A tiled image that stops whoever reads it once ``stop`` is set; see `TiledImage`."""

    def __init__(self, image: TiledImage, stop: Event) -> None:
        self._image, self._stop = image, stop
        self.path, self.pixel_size, self.axes = image.path, image.pixel_size, image.axes
        self.notes, self.shape = image.notes, image.shape

    def read(self, top: int, bottom: int, left: int, right: int) -> Any:
        """Return a region."""
        if self._stop.is_set():
            raise Cancelled
        return self._image.read(top, bottom, left, right)


class LayerImage:
    """The lazy RGB array of a layer without a file; see `TiledImage`."""

    def __init__(self, layer: LayerSnapshot, pixel_size: PixelSize) -> None:
        self.path, self.pixel_size, self.notes = Path(layer.name), pixel_size, ()
        self.shape = (*layer.shape[-2:], 3)
        self.axes = layer.axes(layer.data.dtype.itemsize * 8)
        self._data = layer.data

    def read(self, top: int, bottom: int, left: int, right: int) -> Any:
        """Compute a region."""
        return np.ascontiguousarray(np.asarray(self._data[..., top:bottom, left:right, :3]))


def count_layer(
    layer: LayerSnapshot, settings: Settings, stop: Event
) -> Generator[Progress | CountPreview, None, LayerCount | None]:
    """Count the picture of one layer, a large one tile by tile; None when ``stop`` was set meanwhile."""
    if is_large(layer):
        try:
            return (yield from _count_tiles(layer, settings, stop))
        except Cancelled:
            return None
        except WholePictureNeeded:
            pass  # its regime, or the segmenter chosen, does not work tile by tile
    yield Progress(0, 2, f"Reading {layer.name}")
    picture = picture_of(layer, settings)
    if stop.is_set():
        return None
    yield Progress(1, 2, f"Counting {picture.axes}")
    result = analyse(picture, settings)
    cells = result.segmentation.cells
    fits = cells.max(initial=0) <= np.iinfo(np.uint16).max
    labels = cells.astype(np.uint16) if fits else cells
    gc.collect()  # now, while the person waits anyway, and not while the result is looked at
    file = picture.path if picture.path == layer.path else None
    return None if stop.is_set() else LayerCount(layer.name, picture.pixel_size.um, result, labels, file=file)


def is_large(layer: LayerSnapshot) -> bool:
    """Tell whether a layer is counted tile by tile where the segmenter can."""
    *stack, height, width = layer.shape
    is_flat = layer.rgb and all(length == 1 for length in stack)
    return is_flat and layer.data.dtype in (np.uint8, np.uint16) and is_large_size(height, width)


def _count_tiles(
    layer: LayerSnapshot, settings: Settings, stop: Event
) -> Generator[Progress | CountPreview, None, LayerCount | None]:
    folder = TemporaryFolder()
    tile_folder, path = folder.path / "tiles", folder.path / "cells.tif"
    tile_folder.mkdir()
    yield Progress(0, 0, f"Looking at the light of {layer.name}")
    opened, notes = _open(layer, settings)
    with opened as image, ThreadPoolExecutor(1) as pool:
        work = pool.submit(analyse, CancellableImage(image, stop), settings, 1, tile_folder)
        yield from _previews(work, layer, tile_folder)
        result, um, file = work.result(), image.pixel_size.um, image.path if image.path == layer.path else None
    result = replace(result, warnings=(*notes, *result.warnings))
    if stop.is_set():
        return None
    yield Progress(0, 0, "Drawing the cells")
    write_label_images(result.segmentation, path, folder.path / "nuclei.tif", um)
    return LayerCount(layer.name, um, result, TiledLabels(path), folder, file)


def _previews(work: Future[Any], layer: LayerSnapshot, tile_folder: Path) -> Generator[CountPreview, None, None]:
    """Show every tile as it is finished."""
    height, width = layer.shape[-2:]
    step = max(1, int(np.ceil((height * width / PREVIEW_PIXELS) ** 0.5)))
    cells = np.zeros((-(-height // step), -(-width // step)), np.uint8)
    known: set[Path] = set()
    side = 1  # of the largest tile so far: the first ones are whole
    while not work.done():
        wait([work], timeout=POLL_S)
        fresh = [(path, tile) for path in sorted(set(tile_folder.glob("*.npz")) - known) if (tile := read_tile(path))]
        for path, tile in fresh:
            known.add(path)
            side = max(side, tile.tile.bottom - tile.tile.top, tile.tile.right - tile.tile.left)
            _paint(tile, cells, (height, width), step)
        if fresh:
            total = len(tiles(fresh[0][1].grid, side))
            yield CountPreview(layer.name, cells.copy(), step, len(known), total, "The cells found so far are shown")


def _paint(tile: FinishedTile, cells: NDArray[np.uint8], shape: tuple[int, int], step: int) -> None:
    rows, columns = (nearest(side, have)[np.arange(0, side, step)] for side, have in zip(shape, tile.grid, strict=True))
    image = np.zeros(cells.shape, np.int32)
    labels = tile.result.cells.labels
    draw_tile(tile.result, labels, np.arange(labels.max(initial=0) + 1, dtype=np.int32), image, rows, columns)
    cells[image > 0] = 1


def _open(layer: LayerSnapshot, settings: Settings) -> tuple[AbstractContextManager[Any], tuple[str, ...]]:
    """Return the file of a layer where it can be read by regions and is what is shown, else the layer itself.

    And what to say about the scale it is counted with.
    """
    if layer.path is not None and layer.is_its_file():
        with open_tiled(layer.path, settings.picture.pixel_size, layer.scene) as image:
            is_same = image is not None and image.shape[:2] == layer.shape[-2:]
            of_file = None if image is None else image.pixel_size.um
        if is_same:
            own = layer.own_pixel_um(settings, of_file)
            return open_tiled(layer.path, own, layer.scene), layer.scale_notes(settings, of_file)
    return nullcontext(LayerImage(layer, layer.pixel_size(settings))), layer.notes()


def picture_of(layer: LayerSnapshot, settings: Settings) -> Picture:
    """Return the picture behind a layer: its file when it has one, so that the command gives the same numbers.

    A layer whose size differs from its file (cropped, binned) is taken as it is shown.

    Raises
    ------
    OsteoCountError
        The layer is a stack, or of a type that is not a camera's; the text says what to do.
    """
    if layer.path is not None and layer.is_its_file():
        picture = read_picture(layer.path, pixel_size_um=settings.picture.pixel_size, scene=layer.scene)
        if picture.pixels.shape[:2] == layer.shape[-2:]:
            return _with_own_scale(picture, layer, settings)
    pixels, notes = _camera_values(_plane(layer), layer)
    return Picture(
        path=Path(layer.name),
        pixels=pixels,
        kind="rgb" if layer.rgb else "grey",
        channel_names=("red", "green", "blue") if layer.rgb else ("",) * pixels.shape[2],
        pixel_size=layer.pixel_size(settings),
        axes=layer.axes(pixels.dtype.itemsize * 8),
        notes=(*notes, *layer.notes()),
    )


def _with_own_scale(picture: Picture, layer: LayerSnapshot, settings: Settings) -> Picture:
    """Give a picture from a file the scale of its layer, where a person set another than the file has."""
    of_file = picture.pixel_size.um
    picture = replace(picture, notes=(*picture.notes, *layer.scale_notes(settings, of_file)))
    if settings.picture.pixel_size is not None or layer.own_pixel_um(settings, of_file) is None:
        return picture
    return replace(picture, pixel_size=layer.pixel_size(settings))


def _plane(layer: LayerSnapshot) -> NDArray[np.generic]:
    """Return (height, width, channels); alpha is left out."""
    if any(length > 1 for length in layer.shape[:-2]):
        raise OsteoCountError(
            f"Layer '{layer.name}' is a stack of {' × '.join(map(str, layer.shape))}; OsteoCount counts single "
            "pictures. Split the stack (right-click on the layer), or open the file of one field."
        )
    return np.asarray(layer.data).reshape(*layer.shape[-2:], -1)[..., :3]


def _camera_values(pixels: NDArray[Any], layer: LayerSnapshot) -> tuple[Pixels, tuple[str, ...]]:
    if pixels.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(pixels), ()
    if np.issubdtype(pixels.dtype, np.floating) and pixels.size and pixels.min() >= 0 and pixels.max() <= 1:
        scaled = np.round(pixels * np.float64(65535)).astype(np.uint16)
        return scaled, (f"Layer '{layer.name}' holds numbers from 0 to 1; they were scaled to 16 bit.",)
    raise OsteoCountError(
        f"Layer '{layer.name}' holds {pixels.dtype} values, which are not those of a camera. "
        "Convert it to 8 or 16 bit (right-click on the layer, Convert data type)."
    )

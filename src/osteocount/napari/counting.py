"""What runs beside the window: counting a layer or a folder, as generators without Qt and without napari."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture, Pixels, PixelSize
from osteocount.io.read import read_picture
from osteocount.napari.large_counting import CountPreview, LargeCount, count_large, is_large
from osteocount.napari.layers.layer_picture import LayerSnapshot
from osteocount.pipeline import FieldResult, Outcome, Progress, analyse, run
from osteocount.settings import Settings


@dataclass(frozen=True)
class FolderRequest:
    """A folder of pictures to count, and where its results go."""

    source: Path
    out: Path
    layout: Path | None = None
    if_present: Literal["refuse", "resume", "overwrite"] = "refuse"


@dataclass(frozen=True)
class LayerCount:
    """A counted layer."""

    layer: str
    pixel_um: float | None
    result: FieldResult
    labels: NDArray[np.generic]
    """Its cells, in as few bits as hold them: napari draws those several times faster."""

    @property
    def summary(self) -> dict[str, int | float | None]:
        """Its numbers."""
        return self.result.summary

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the person."""
        return self.result.warnings

    @property
    def nuclei_resolved(self) -> bool:
        """False at low power."""
        return self.result.segmentation.nuclei_resolved

    @property
    def regime(self) -> str:
        """How the picture was analysed."""
        return self.result.segmentation.regime


def count_layer(
    layer: LayerSnapshot, settings: Settings, stop: Event
) -> Generator[Progress | CountPreview, None, LayerCount | LargeCount | None]:
    """Count the picture of one layer, a large one tile by tile; None when ``stop`` was set meanwhile."""
    if is_large(layer):
        size = _pixel_size(settings.picture.pixel_size, layer.pixel_um)
        large = yield from count_large(layer, size, settings, stop)
        if large is not None or stop.is_set():
            return large
    yield Progress(0, 2, f"Reading {layer.name}")
    picture = picture_of(layer, settings)
    if stop.is_set():
        return None
    yield Progress(1, 2, f"Counting {picture.axes}")
    result = analyse(picture, settings)
    labels = _compact(result.segmentation.cells)
    gc.collect()  # now, while the person waits anyway, and not while the result is looked at
    return None if stop.is_set() else LayerCount(layer.name, picture.pixel_size.um, result, labels)


def _compact(labels: NDArray[np.uint32]) -> NDArray[np.generic]:
    return labels.astype(np.uint16) if labels.max(initial=0) <= np.iinfo(np.uint16).max else labels


def count_folder(request: FolderRequest, settings: Settings, stop: Event) -> Generator[Progress, None, Outcome | None]:
    """Count a folder as the command does; None when ``stop`` was set, finished pictures stay for a resumed run."""
    yield Progress(0, 0, f"Looking into {request.source.name}")
    steps = run(request.source, request.out, settings, layout=request.layout, if_present=request.if_present)
    with closing(steps):
        while not stop.is_set():
            try:
                step = next(steps)
            except StopIteration as end:
                outcome: Outcome = end.value
                return outcome
            yield step
    return None


def picture_of(layer: LayerSnapshot, settings: Settings) -> Picture:
    """Return the picture behind a layer: its file when it has one, so that the command gives the same numbers.

    A layer whose size differs from its file (cropped, binned) is taken as it is shown.

    Raises
    ------
    OsteoCountError
        The layer is a stack, or of a type that is not a camera's; the text says what to do.
    """
    given = settings.picture.pixel_size
    if layer.path is not None and layer.path.is_file():
        picture = read_picture(layer.path, pixel_size_um=given)
        if picture.pixels.shape[:2] == _plane_shape(layer):
            return picture
    pixels, notes = _camera_values(_plane(layer), layer)
    kind: Literal["rgb", "grey"] = "rgb" if layer.rgb else "grey"
    height, width, channels = pixels.shape
    return Picture(
        path=Path(layer.name),
        pixels=pixels,
        kind=kind,
        channel_names=("red", "green", "blue") if layer.rgb else ("",) * channels,
        pixel_size=_pixel_size(given, layer.pixel_um),
        axes=f"{width} × {height} px, {'RGB' if layer.rgb else 'grey'}, {pixels.dtype.itemsize * 8} bit",
        notes=notes,
    )


def _pixel_size(given: float | None, of_layer: float | None) -> PixelSize:
    if given is not None:
        return PixelSize(given, "given by the user")
    if of_layer is not None:
        return PixelSize(of_layer, "scale of the napari layer")
    return PixelSize(None, "the layer has no length unit; give the pixel size in the settings")


def _plane_shape(layer: LayerSnapshot) -> tuple[int, ...]:
    shape = layer.data.shape[:-1] if layer.rgb else layer.data.shape
    return tuple(shape[-2:])


def _plane(layer: LayerSnapshot) -> NDArray[np.generic]:
    shape = layer.data.shape[:-1] if layer.rgb else layer.data.shape
    if any(length > 1 for length in shape[:-2]):
        raise OsteoCountError(
            f"Layer '{layer.name}' is a stack of {' × '.join(map(str, shape))}; OsteoCount counts single pictures. "
            "Split the stack (right-click on the layer), or open the file of one field."
        )
    data = np.asarray(layer.data)
    return data.reshape(*shape[-2:], -1)[..., :3]


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

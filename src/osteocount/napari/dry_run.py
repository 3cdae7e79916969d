"""What would be counted, looked up in a worker while a person is still choosing."""

from __future__ import annotations

from collections.abc import Generator
from threading import Event

from osteocount.errors import OsteoCountError
from osteocount.napari.counting import LayerSnapshot, is_large, picture_of
from osteocount.pipeline import Progress, RunRequest
from osteocount.pipeline.dry_run import DryRun, PictureDryRun, dry_run_of, look_ahead
from osteocount.settings import Settings


def look_at_folder(request: RunRequest, stop: Event) -> Generator[Progress, None, DryRun]:
    """Say what a run would count."""
    yield Progress(0, 0, f"Looking into {request.source.name}")
    return look_ahead(request)


def look_at_layer(layer: LayerSnapshot, settings: Settings, stop: Event) -> Generator[Progress, None, PictureDryRun]:
    """Say how a layer would be counted."""
    yield Progress(0, 0, f"Looking at {layer.name}")
    if is_large(layer):
        size = layer.pixel_size(settings)
        return PictureDryRun(layer.name, layer.axes(layer.data.dtype.itemsize * 8), size.um, size.origin)
    try:
        return dry_run_of(picture_of(layer, settings), layer.name, settings)
    except OsteoCountError as error:
        return PictureDryRun(layer.name, "", None, "", refusal=str(error))

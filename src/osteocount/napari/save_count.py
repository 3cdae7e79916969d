"""A picture that was counted in the viewer, as a result folder: to keep, to correct and to export."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np
import tifffile

from osteocount.io.files import atomic_write
from osteocount.io.read import read_picture
from osteocount.io.result_folder import RUN_RECORD
from osteocount.io.tiled_image import open_tiled
from osteocount.napari.counting import LayerSnapshot, picture_of
from osteocount.napari.folder_count import count_folder
from osteocount.napari.views.source_view import beside
from osteocount.pipeline import Outcome, Progress, RunRequest
from osteocount.settings import Settings


@dataclass(frozen=True)
class SavedCount:
    """The results of one picture, and the file it is in."""

    outcome: Outcome
    picture: Path


def save_count(
    layer: LayerSnapshot, settings: Settings, picture: Path, stop: Event
) -> Generator[Progress, None, SavedCount | None]:
    """Count a picture as the command does, into a result folder beside its file; None when ``stop`` was set.

    What an earlier count of it left is used, and its corrections stay.

    Parameters
    ----------
    layer
        What was counted in the viewer.
    settings
        With which it was counted.
    picture
        Its file. Where it is not there, the layer is written to it first.
    """
    yield Progress(0, 0, f"Saving {layer.name}")
    if layer.path != picture:
        _write(layer, settings, picture)
    request = RunRequest(picture, result_folder(picture), _with_scale(layer, settings, picture), if_present="resume")
    outcome = yield from count_folder(request, stop)
    return None if outcome is None else SavedCount(outcome, picture)


def result_folder(picture: Path) -> Path:
    """Return where the results of a picture go; never into those of something else."""
    first = beside(picture)
    names = (first, *(first.with_name(f"{first.name}_{n}") for n in range(2, 1000)))
    return next(folder for folder in names if _source_of(folder) in ("", picture.name))


def _source_of(folder: Path) -> str:
    """Return what the results of a folder were counted from; "": it holds none."""
    try:
        about = json.loads((folder / RUN_RECORD).read_text(encoding="utf-8"))
        return str(about["source"])
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, TypeError):
        return "?"  # something that is not ours to write over


def _with_scale(layer: LayerSnapshot, settings: Settings, picture: Path) -> Settings:
    """Return settings with which the file is counted on the scale of the layer."""
    if settings.picture.pixel_size is not None or layer.pixel_um is None:
        return settings
    with open_tiled(picture, None) as image:
        of_file = None if image is None else image.pixel_size.um
    of_file = of_file or read_picture(picture).pixel_size.um
    own = layer.own_pixel_um(settings, of_file)
    return settings if own is None else _with_pixel_size(settings, own)


def _with_pixel_size(settings: Settings, um: float) -> Settings:
    picture = settings.picture.model_copy(update={"pixel_size": um})
    return settings.model_copy(update={"picture": picture})


def _write(layer: LayerSnapshot, settings: Settings, path: Path) -> None:
    """Write what a layer shows as TIFF, with its pixel size."""
    picture = picture_of(layer, settings)
    um = picture.pixel_size.um
    size = {} if um is None else {"resolution": (1e4 / um, 1e4 / um), "resolutionunit": "CENTIMETER"}
    kind = "rgb" if picture.kind == "rgb" else "minisblack"
    pixels = picture.pixels if kind == "rgb" else np.moveaxis(picture.pixels, 2, 0)
    with atomic_write(path) as draft:
        tifffile.imwrite(draft, pixels, photometric=kind, compression="zlib", **size)

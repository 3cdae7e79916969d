"""A large field in shares, worked on before the field itself, so that several processes can work on one well."""

from __future__ import annotations

import cv2

from osteocount.errors import OsteoCountError
from osteocount.io.result_folder import ResultFolder
from osteocount.io.tiled_image import open_tiled
from osteocount.pipeline.field import fingerprint
from osteocount.pipeline.field_task import FieldTask
from osteocount.segment import get_segmenter
from osteocount.segment.tiling.tiles import TileShare
from osteocount.settings import Settings


def is_large(task: FieldTask, settings: Settings) -> bool:
    """Tell whether a field is worked on tile by tile; one that cannot be read is not."""
    if len(task.paths) != 1:
        return False
    try:
        with open_tiled(task.paths[0], settings.picture.pixel_size, task.scene) as image:
            return image is not None
    except OsteoCountError:
        return False


def precompute_tiles(task: FieldTask, folder: ResultFolder, settings: Settings, share: TileShare) -> None:
    """Work on a share of the tiles of a large field; `process` with the same settings then finds them done.

    Raises
    ------
    OsteoCountError
        As `process` will say in the record.
    """
    cv2.setNumThreads(1)
    with open_tiled(task.paths[0], settings.picture.pixel_size, task.scene) as image:
        if image is not None:
            scratch = folder.tiles(task.key) / fingerprint(task, settings)
            get_segmenter(settings).precompute_tiles(image, scratch, share)

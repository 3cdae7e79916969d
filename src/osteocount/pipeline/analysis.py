"""One picture of any size: its cells, their measures and numbers, and how good the picture is."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.io.image_quality import ImageQuality, QualityMetric, block_edges, debris_mask, measure_quality
from osteocount.io.picture import Picture
from osteocount.io.tiled_image import TiledImage
from osteocount.measure import CountingFrame, choose_frame, measure_cells, measure_nuclei, summarise
from osteocount.measure.familiarity import unfamiliarity
from osteocount.segment import get_segmenter
from osteocount.segment.preprocess.unimaged import ImagedOnly, painted
from osteocount.segment.segmentation import Segmentation
from osteocount.settings import QcSettings, Settings

_BLOCK = 256  # side of the blocks whose quality stands for a large picture
# Times the threshold of TRAP-positive: a pixel of debris is denser than the palest cell is on average. That is 0.15 at
# the default, and stayed so when the threshold fell from 0.10 to 0.08.
_DEBRIS = 1.9
_BLOCKS = 6  # along each side; as many as the light is compared between


@dataclass(frozen=True)
class FieldResult:
    """Everything known about one picture.

    Attributes
    ----------
    cells, nuclei
        The columns of ``cells.csv`` from ``cell_id`` on, and of ``nuclei.csv`` from ``nucleus_id`` on.
    segmentation
        Its label images show the cells of the table only, the TRAP-positive ones.
    summary
        The numbers of ``wells.csv`` for this picture alone; None where unknown.
    frame
        How its cells are counted.
    quality
        Focus, saturation, illumination and the like, with flags.
    warnings
        Sentences for the person at the screen.
    """

    cells: pd.DataFrame
    nuclei: pd.DataFrame
    segmentation: Segmentation
    summary: dict[str, int | float | None]
    frame: CountingFrame
    analysed_px: int
    quality: ImageQuality
    warnings: tuple[str, ...]


def analyse(
    image: Picture | TiledImage, settings: Settings, threads: int | None = None, scratch: Path | None = None
) -> FieldResult:
    """Count one picture.

    Parameters
    ----------
    image
        A picture in memory, or one too large for it, which is worked through in tiles.
    settings
        All settings.
    threads
        The result does not depend on it; None: one per core.
    scratch
        Folder for finished tiles; see `Segmenter.segment`.

    Raises
    ------
    OsteoCountError
        The picture shows nothing that can be counted; the text says why.
    WholePictureNeeded
        A tiled ``image`` has to be seen as a whole: read it, and call again with the `Picture`.
    """
    threads = threads or cores()
    found = get_segmenter(settings, threads).segment(image, scratch)
    judge = partial(_judge, image, found, settings)
    um = image.pixel_size.um
    with ThreadPoolExecutor(1) as beside:  # a free core judges the picture while the cells are measured
        judged = beside.submit(judge).result if threads > 1 else judge
        frame, on_frame = choose_frame(found, um, settings.picture)
        cells = measure_cells(found, um, settings, frame)
        nuclei = measure_nuclei(found, cells)
        analysed_px, counted_px = frame.pixels()
        facts = {
            "area_px": counted_px, "analysed_px": analysed_px, "pixel_size_um": um,
            "nuclei_resolved": found.nuclei_resolved, "guarded": frame.rule == "guard zone",
        }  # fmt: skip
        summary = summarise(cells, pd.DataFrame([facts]), settings.count.min_nuclei)
        shown = found.only_cells(cells["cell_id"].to_numpy(np.int64))  # so that label = cell_id holds both ways
        blocks = block_edges(image.pixels) if isinstance(image, Picture) else float("nan")
        quality = _with_familiarity(judged(), unfamiliarity(found, cells, blocks), settings.qc)
    warnings = _warnings(image, (*found.warnings, *on_frame), quality)
    return FieldResult(cells, nuclei, shown, summary, frame, analysed_px, quality, warnings)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _judge(image: Picture | TiledImage, found: Segmentation, settings: Settings) -> ImageQuality:
    """Measure the quality of a picture, of a large one on blocks spread over it."""
    unimaged = found.area.unimaged
    if not isinstance(image, Picture):
        return _quality_of_blocks(image if unimaged is None else ImagedOnly(image, unimaged), found, settings.qc)
    return measure_quality(
        image.pixels if unimaged is None else painted(image.pixels, unimaged),
        settings.qc,
        analysed=found.analysed,
        foreground=found.cells > 0,
        debris=_debris(found, settings),
        bright_background=found.regime != "fluorescence",
    )


def _with_familiarity(quality: ImageQuality, told: tuple[float, str], settings: QcSettings) -> ImageQuality:
    """Add how unlike what was learned the picture is, where that is known."""
    value, why = told
    if np.isnan(value):
        return quality
    flagged = value >= settings.max_unfamiliar
    number = QualityMetric("unfamiliar", value, *(("unfamiliar", why) if flagged else ()))
    return ImageQuality((*quality.numbers, number))


def _debris(found: Segmentation, settings: Settings) -> NDArray[np.bool_] | None:
    """Find what is stained and in no cell; in fluorescence the signal has no threshold that says so."""
    if found.regime == "fluorescence" or found.trap_od is None:
        return None
    return debris_mask(found.trap_od, found.cells, found.analysed, _DEBRIS * settings.segment.trap_threshold)


def _quality_of_blocks(image: TiledImage, found: Segmentation, settings: QcSettings) -> ImageQuality:
    """Judge a large picture by blocks at full resolution, put side by side."""
    rows, columns = (_spread(side) for side in image.shape[:2])
    pixels, inside, covered = [], [], []
    across = np.concatenate(columns)
    for y in rows:
        parts = [image.read(int(y[0]), int(y[-1]) + 1, int(x[0]), int(x[-1]) + 1) for x in columns]
        pixels.append(np.concatenate(parts, axis=1))
        inside.append(found.analysed_at(y, across))
        covered.append(found.labels.draw_cells(y, across) > 0)
    return measure_quality(
        np.concatenate(pixels), settings, analysed=np.concatenate(inside), foreground=np.concatenate(covered)
    )


def _spread(side: int) -> list[NDArray[np.intp]]:
    """Return the pixels of blocks spread evenly along a side."""
    room = side - _BLOCK
    return [int(room * (n + 0.5) / _BLOCKS) + np.arange(_BLOCK) for n in range(_BLOCKS)]


def _warnings(image: Picture | TiledImage, found: tuple[str, ...], quality: ImageQuality) -> tuple[str, ...]:
    warnings = (*image.notes, *found, *quality.reasons)
    if image.pixel_size.um is None:
        why = image.pixel_size.origin.removeprefix("unknown: ")
        warnings += (f"The pixel size is unknown ({why}); the µm columns are empty.",)
    return warnings

"""One field: read, segment, measure, write."""

from __future__ import annotations

import os
import shutil
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.columns import CELLS, NUCLEI
from osteocount.errors import OsteoCountError
from osteocount.io.hashing import input_hash, text_hash
from osteocount.io.image_quality import ImageQuality, debris_mask, measure_quality
from osteocount.io.label_image import write_labels
from osteocount.io.overlay import write_overlay
from osteocount.io.picture import Picture
from osteocount.io.read import read_picture
from osteocount.io.result_folder import ResultFolder
from osteocount.io.run_record import FieldRecord
from osteocount.io.tables import write_table
from osteocount.io.tiled_image import TiledImage, open_tiled
from osteocount.measure import measure_cells, measure_nuclei, summarise
from osteocount.pipeline.field_task import FieldTask
from osteocount.pipeline.large_field import LargeField, measure_large, write_labels_of, write_overlay_of
from osteocount.segment import get_segmenter
from osteocount.segment.model_hash import weights_hash
from osteocount.segment.segmentation import Segmentation
from osteocount.settings import Settings
from osteocount.version import __version__


@dataclass(frozen=True)
class FieldResult:
    """Everything known about one picture.

    Attributes
    ----------
    cells, nuclei
        The columns of ``cells.csv`` from ``cell_id`` on, and of ``nuclei.csv`` from ``nucleus_id`` on.
    segmentation
        Label images; ``cells`` holds the TRAP-positive cells only.
    summary
        The numbers of ``wells.csv`` for this picture alone; None where unknown.
    quality
        Focus, saturation, illumination and the like, with flags.
    warnings
        Sentences for the person at the screen.
    """

    cells: pd.DataFrame
    nuclei: pd.DataFrame
    segmentation: Segmentation
    summary: dict[str, int | float | None]
    quality: ImageQuality
    warnings: tuple[str, ...]


def analyse(picture: Picture, settings: Settings, threads: int | None = None) -> FieldResult:
    """Count one picture in memory; the result does not depend on the number of ``threads``, None: one per core.

    Raises
    ------
    OsteoCountError
        The picture shows nothing that can be counted; the text says why.
    """
    threads = threads or cores()
    found = get_segmenter(settings, threads).segment(picture)
    judge = partial(
        measure_quality,
        picture.pixels,
        settings.qc,
        analysed=found.analysed,
        foreground=found.cells > 0,
        debris=_debris(found, settings),
        bright_background=found.regime != "fluorescence",
    )
    um = picture.pixel_size.um
    with ThreadPoolExecutor(1) as beside:  # a free core judges the picture while the cells are measured
        judged = beside.submit(judge).result if threads > 1 else judge
        cells = measure_cells(found, um, settings)
        nuclei = measure_nuclei(found, cells)
        fields = pd.DataFrame([_field_numbers(found, um)])
        quality = judged()
    warnings = _warnings(picture, found.warnings, quality)
    return FieldResult(cells, nuclei, _trap_positive(found, cells), summarise(cells, fields), quality, warnings)


@dataclass(frozen=True)
class LargeResult:
    """Everything known about a large picture; see `FieldResult`."""

    field: LargeField
    summary: dict[str, int | float | None]
    warnings: tuple[str, ...]


def analyse_regions(regions: TiledImage, settings: Settings, scratch: Path | None = None) -> LargeResult | None:
    """Count one large picture region by region; None where the segmenter has to see it as a whole.

    Parameters
    ----------
    regions
        The picture.
    settings
        All settings.
    scratch
        Folder for finished tiles; see `Segmenter.segment_regions`.

    Raises
    ------
    OsteoCountError
        As for `analyse`.
    """
    sparse = get_segmenter(settings).segment_regions(regions, scratch)
    if sparse is None:
        return None
    field = measure_large(regions, sparse, settings)
    facts = {
        "area_px": sparse.analysed_pixels(), "pixel_size_um": regions.pixel_size.um,
        "nuclei_resolved": sparse.nuclei_resolved,
    }  # fmt: skip
    summary = summarise(field.cells, pd.DataFrame([facts]))
    return LargeResult(field, summary, _warnings(regions, sparse.warnings, field.quality))


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def process(
    task: FieldTask, folder: ResultFolder, settings: Settings, threads: int = 1, threads_if_large: int = 1
) -> FieldRecord:
    """Do one field from its files to its finished part, and return its record.

    A field that cannot be done gives a record with status ``failed`` and the reason; nothing of it stays behind. What
    is found does not depend on the number of ``threads``, nor on that for a picture too large for the memory.
    """
    cv2.setNumThreads(1)
    started = time.perf_counter()
    facts: dict[str, Any] = {}
    try:
        facts["fingerprint"] = fingerprint(task, settings)
        scratch = folder.tiles(task.key) / facts["fingerprint"]
        facts |= _count_and_write(task, folder, settings, scratch, threads, threads_if_large)
    except OsteoCountError as error:
        facts |= {"status": "failed", "reason": str(error)}
    except Exception as error:  # one broken field must not cost the others; what broke is kept for a bug report
        facts |= {
            "status": "failed",
            "reason": f"{task.image}: internal error ({type(error).__name__}: {error}); please report it.",
            "traceback": traceback.format_exc(),
        }
    record = task.record(**facts, seconds=round(time.perf_counter() - started, 3))
    folder.write_field(record)
    shutil.rmtree(folder.tiles(task.key), ignore_errors=True)
    return record


def fingerprint(task: FieldTask, settings: Settings) -> str:
    """Hash what a finished part was made from: its pictures, the settings that touch it, weights they name, version."""
    parts = [__version__, *(input_hash(path, task.scene) for path in task.paths)]
    parts += [
        section.model_dump_json() for section in (settings.picture, settings.segment, settings.count, settings.qc)
    ]
    parts += [task.plate, task.well, task.field, task.image, weights_hash(settings.segment)]
    return text_hash(parts)


def read_channels(paths: tuple[Path, ...], pixel_size_um: float | None, scene: str = "") -> Picture:
    """Read one field; several files are its channels, stacked in the order given."""
    pictures = [read_picture(path, pixel_size_um=pixel_size_um, scene=scene) for path in paths]
    first = pictures[0]
    if len(pictures) == 1:
        return first
    if any(p.pixels.shape[:2] != first.pixels.shape[:2] or p.pixels.dtype != first.pixels.dtype for p in pictures):
        names = ", ".join(path.name for path in paths)
        raise OsteoCountError(f"{names}: the channels of one field differ in size or bit depth; export them alike.")
    pixels = np.concatenate([p.pixels for p in pictures], axis=2)
    names_of_channels = tuple(name for p in pictures for name in p.channel_names)
    notes = tuple(dict.fromkeys(note for p in pictures for note in p.notes))
    axes = f"{len(paths)} files as channels, each {first.axes}"
    return Picture(first.path, pixels, "channels", names_of_channels, first.pixel_size, axes, notes)


def _debris(found: Segmentation, settings: Settings) -> NDArray[np.bool_] | None:
    """Find what is stained and in no cell; in fluorescence the signal has no threshold that says so."""
    if found.regime == "fluorescence":
        return None
    # A pixel of debris is denser than the palest cell is on average.
    return debris_mask(found.trap_od, found.cells, found.analysed, 1.9 * settings.segment.trap_threshold)


def _field_numbers(found: Segmentation, um: float | None) -> dict[str, Any]:
    return {
        "area_px": int(np.count_nonzero(found.analysed)),
        "pixel_size_um": um,
        "nuclei_resolved": found.nuclei_resolved,
    }


def _trap_positive(found: Segmentation, cells: pd.DataFrame) -> Segmentation:
    """Keep only the cells of the table in the label image, so that label = ``cell_id`` holds both ways."""
    keep = np.zeros(int(found.cells.max(initial=0)) + 1, np.uint32)
    ids = cells["cell_id"].to_numpy(np.int64)
    keep[ids] = ids
    return Segmentation(**{**found.__dict__, "cells": keep[found.cells]})


def _count_and_write(
    task: FieldTask, folder: ResultFolder, settings: Settings, scratch: Path, threads: int, threads_if_large: int
) -> dict[str, Any]:
    if len(task.paths) == 1:
        many = threads_if_large
        with open_tiled(task.paths[0], settings.picture.pixel_size, task.scene, many) as regions:
            sparse = None if regions is None else get_segmenter(settings, many).segment_regions(regions, scratch)
            if regions is not None and sparse is not None:
                return _large(task, folder, regions, measure_large(regions, sparse, settings), many)
    picture = read_channels(task.paths, settings.picture.pixel_size, task.scene)
    result = analyse(picture, settings, threads)
    found, um = result.segmentation, picture.pixel_size.um
    write_labels(found.cells, folder.cells_image(task.key), um)
    write_labels(found.nuclei, folder.nuclei_image(task.key), um)
    write_overlay(picture, found.cells, result.nuclei, result.cells, folder.overlay(task.key))
    _write_tables(task, folder, result.cells, result.nuclei)
    facts = {**_field_numbers(found, um), "regime": found.regime, "record": found.record}
    return _facts(task, picture, result.quality, facts, result.warnings)


def _large(
    task: FieldTask, folder: ResultFolder, regions: TiledImage, field: LargeField, threads: int
) -> dict[str, Any]:
    """Write what was found in a large picture, and return what its record holds."""
    found, um = field.found, regions.pixel_size.um
    write_labels_of(field, folder.cells_image(task.key), folder.nuclei_image(task.key), um, threads)
    write_overlay_of(regions, field, folder.overlay(task.key))
    _write_tables(task, folder, field.cells, field.nuclei)
    facts = {
        "area_px": found.analysed_pixels(), "pixel_size_um": um, "nuclei_resolved": found.nuclei_resolved,
        "regime": "brightfield", "record": found.record,
    }  # fmt: skip
    return _facts(task, regions, field.quality, facts, _warnings(regions, found.warnings, field.quality))


def _write_tables(task: FieldTask, folder: ResultFolder, cells: pd.DataFrame, nuclei: pd.DataFrame) -> None:
    names = {"plate": task.plate, "well": task.well, "field": task.field, "image": task.image}
    write_table(cells.assign(**names)[list(CELLS.names)], folder.part(task.key, "cells.csv"))
    write_table(nuclei.assign(image=task.image)[list(NUCLEI.names)], folder.part(task.key, "nuclei.csv"))


def _facts(
    task: FieldTask,
    picture: Picture | TiledImage,
    quality: ImageQuality,
    facts: dict[str, Any],
    warnings: tuple[str, ...],
) -> dict[str, Any]:
    """Say of a field that was counted what its record holds beside its names."""
    return {
        "status": "ok",
        "reason": "",
        **facts,
        "pixel_size_origin": picture.pixel_size.origin,
        "axes": picture.axes,
        "sha256": [input_hash(path, task.scene) for path in task.paths],
        "qc": {name: None if np.isnan(value) else round(value, 6) for name, value in quality.row().items()},
        "qc_flags": list(quality.flags),
        "qc_reasons": list(quality.reasons),
        "warnings": list(warnings),
    }


def _warnings(picture: Picture | TiledImage, found: tuple[str, ...], quality: ImageQuality) -> tuple[str, ...]:
    warnings = (*picture.notes, *found, *quality.reasons)
    if picture.pixel_size.um is None:
        why = picture.pixel_size.origin.removeprefix("unknown: ")
        warnings += (f"The pixel size is unknown ({why}); the µm columns are empty.",)
    return warnings

"""The fields of a run: which pictures make one, and each from its files to its part of the result folder.

A large field can be worked on in shares of its tiles before it is done itself, so that several processes can work on
one well.
"""

from __future__ import annotations

import shutil
import time
import traceback
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from osteocount.columns import CELLS, NUCLEI
from osteocount.errors import NO_MEMORY, OsteoCountError, out_of_memory
from osteocount.io.colour_planes import compose
from osteocount.io.files import NotWritableError, input_hash, safe_stem, text_hash
from osteocount.io.label_image import write_labels, write_tiled_labels
from osteocount.io.overlay import LONGEST, write_overlay
from osteocount.io.picture import Picture, PixelSize
from osteocount.io.read import read_picture
from osteocount.io.result_folder import ResultFolder
from osteocount.io.run_record import FieldRecord, identity_of
from osteocount.io.tables import write_table
from osteocount.io.tiled_image import TiledImage, open_tiled
from osteocount.pipeline.analysis import FieldResult, analyse
from osteocount.pipeline.duplicates import pixels_hash
from osteocount.pipeline.run_scale import SharedScale, with_scale
from osteocount.plate.index import PlateIndex
from osteocount.plate.picture_files import PictureFile, picture_stem, root_of
from osteocount.segment import get_segmenter
from osteocount.segment.backends.description import weights_hash
from osteocount.segment.segmentation import Labels, Segmentation, WholePictureNeeded
from osteocount.segment.tiling.tiles import TileShare
from osteocount.settings import Settings
from osteocount.version import __version__

_STRIP_ROWS = 512  # rows of a large picture that are reduced together for its overlay


@dataclass(frozen=True)
class FieldTask:
    """One field to do: where its files are and what it is called in the tables.

    ``scene`` is its name inside the file, ``scales`` what pictures of a run have in common that do not say theirs.
    """

    key: str
    plate: str
    well: str
    field: str
    image: str
    paths: tuple[Path, ...]
    scene: str = ""
    scales: tuple[SharedScale, ...] = ()

    def record(self, **facts: Any) -> FieldRecord:
        """Return the record of this field with what became of it."""
        return FieldRecord(**identity_of(self), **facts)


def field_tasks(index: PlateIndex, source: Path) -> list[FieldTask]:
    """Group the channels of a field and give every field a name of its own.

    Raises
    ------
    OsteoCountError
        A field has several focal planes or time points.
    """
    root = root_of(source)
    groups: dict[tuple[str, str, str], list[PictureFile]] = {}
    for entry in index.entries:
        groups.setdefault((entry.plate, entry.well, entry.field), []).append(entry)
    stems = Counter(_stem(entries[0]) for entries in groups.values())
    tasks = []
    for (plate, well, field), entries in groups.items():
        planes = {(entry.z, entry.time) for entry in entries}
        if len(planes) > 1:
            raise OsteoCountError(
                f"{entries[0].path.name}: {len(planes)} focal planes or time points of one field. "
                "Export one plane (or a projection) per field and time point into a folder of its own."
            )
        stem = _stem(entries[0])
        key = stem if stems[stem] == 1 else safe_stem("_".join(filter(None, [plate, well, field, stem])))
        image = "/".join(filter(None, [entries[0].path.relative_to(root).as_posix(), entries[0].scene]))
        paths = tuple(entry.path for entry in sorted(entries, key=lambda entry: entry.channel))
        tasks.append(FieldTask(key, plate, well, field, image, paths, entries[0].scene))
    # Names that differ only in case, or in signs that no file name may hold, are one file on some systems or on all.
    same = Counter(_file_name(task.key) for task in tasks)
    return [task if same[_file_name(task.key)] == 1 else replace(task, key=_distinct(task)) for task in tasks]


def single_files(tasks: Iterable[FieldTask]) -> list[tuple[Path, str]]:
    """Return file and scene of the fields that are one file each, in the order of the pictures' names."""
    ordered = sorted(tasks, key=lambda task: (task.image, task.key))
    return [(task.paths[0], task.scene) for task in ordered if len(task.paths) == 1]


def _file_name(key: str) -> str:
    """Return the form in which keys name one file on any system."""
    return unicodedata.normalize("NFC", key).casefold()


def _distinct(task: FieldTask) -> str:
    """Return a key that no other picture of the run has: with digits of the hash of the picture's own name."""
    return f"{task.key}-{text_hash([task.image])[:8]}"


def write_failed(task: FieldTask, folder: ResultFolder, reason: str) -> FieldRecord:
    """Write and return the record of a field that nobody lived to write it for."""
    record = task.record(status="failed", reason=reason, seconds=None)
    folder.write_field(record)
    return record


def unmatched_record(path: Path, source: Path) -> FieldRecord:
    """Return the record of a picture whose name says no well where those of the others do."""
    image = path.relative_to(root_of(source)).as_posix()
    reason = f"{image}: the file name does not fit the naming of the other pictures, so its well is unknown."
    return FieldRecord(key="", plate="", well="", field="", image=image, status="failed", reason=reason)


def process(
    task: FieldTask, folder: ResultFolder, settings: Settings, threads: int = 1, threads_if_large: int = 1
) -> FieldRecord:
    """Do one field from its files to its finished part, and return its record.

    A field that cannot be done gives a record with status ``failed`` and the reason; nothing of it stays behind. What
    is found does not depend on the number of ``threads``, nor on that for a picture too large for the memory.

    Raises
    ------
    NotWritableError
        The result folder takes nothing more.
    """
    cv2.setNumThreads(1)
    started = time.perf_counter()
    facts: dict[str, Any] = {}
    try:
        facts["fingerprint"] = fingerprint(task, settings)
        scratch = folder.tiles(task.key) / facts["fingerprint"]
        facts |= _count_and_write(task, folder, settings, scratch, threads, threads_if_large)
    except NotWritableError:  # would fail all others too
        raise
    except OsteoCountError as error:
        facts |= {"status": "failed", "reason": str(error)}
    except Exception as error:  # one broken field must not cost the others; what broke is kept for a bug report
        facts |= (
            {"status": "failed", "reason": f"{task.image}: {NO_MEMORY}"}
            if out_of_memory(error)
            else {
                "status": "failed",
                "reason": f"{task.image}: internal error ({type(error).__name__}: {error}); please report it.",
                "traceback": traceback.format_exc(),
            }
        )
    record = task.record(**facts, seconds=round(time.perf_counter() - started, 3))
    folder.write_field(record)
    shutil.rmtree(folder.tiles(task.key), ignore_errors=True)
    return record


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
            image.pixel_size = with_scale(image.pixel_size, image.shape, task.scales)
            scratch = folder.tiles(task.key) / fingerprint(task, settings)
            get_segmenter(settings).precompute_tiles(image, scratch, share)


def fingerprint(task: FieldTask, settings: Settings) -> str:
    """Hash what a finished part was made from: its pictures, the settings that touch it, weights they name, version."""
    parts = [__version__, *(input_hash(path, task.scene) for path in task.paths)]
    parts += [
        section.model_dump_json() for section in (settings.picture, settings.segment, settings.count, settings.qc)
    ]
    parts += [repr(scale) for scale in task.scales]
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
    colours = compose(pixels, names_of_channels)
    if colours is None:
        return Picture(first.path, pixels, "channels", names_of_channels, first.pixel_size, axes, notes)
    return Picture(first.path, colours.pixels, "rgb", colours.names, first.pixel_size, axes, (*notes, *colours.notes))


def write_label_images(
    segmentation: Segmentation, cells: Path, nuclei: Path, pixel_size_um: float | None, threads: int = 1
) -> None:
    """Write the label images of cells and nuclei, those of a large picture piece by piece with smaller copies inside.

    Parameters
    ----------
    segmentation
        What is written; see `only_cells` for showing the cells of a table alone.
    cells, nuclei
        The files.
    pixel_size_um
        Side of a pixel in µm, None when unknown.
    threads
        That work on them.
    """
    labels = segmentation.labels

    def write(draw: Callable[..., Labels], path: Path) -> None:
        if labels.in_memory:
            write_labels(draw(), path, pixel_size_um)
        else:
            write_tiled_labels(draw, labels.shape, path, pixel_size_um)

    with ThreadPoolExecutor(threads) as pool:
        for each in [pool.submit(write, labels.draw_cells, cells), pool.submit(write, labels.draw_nuclei, nuclei)]:
            each.result()


def _stem(entry: PictureFile) -> str:
    return safe_stem(" ".join(filter(None, [picture_stem(entry.path), entry.scene])))


def _count_and_write(
    task: FieldTask, folder: ResultFolder, settings: Settings, scratch: Path, threads: int, threads_if_large: int
) -> dict[str, Any]:
    if len(task.paths) == 1:
        with open_tiled(task.paths[0], settings.picture.pixel_size, task.scene, threads_if_large) as image:
            if image is not None:
                image.pixel_size = with_scale(image.pixel_size, image.shape, task.scales)
                try:
                    result = analyse(image, settings, threads_if_large, scratch)
                except WholePictureNeeded:
                    pass
                else:
                    return _write(task, folder, image, result, threads_if_large)
    picture = read_channels(task.paths, settings.picture.pixel_size, task.scene)
    picture = replace(picture, pixel_size=with_scale(picture.pixel_size, picture.pixels.shape, task.scales))
    return _write(task, folder, picture, analyse(picture, settings, threads), threads)


def _write(
    task: FieldTask, folder: ResultFolder, image: Picture | TiledImage, result: FieldResult, threads: int
) -> dict[str, Any]:
    """Write what was found in a field, and return what its record holds beside its names."""
    found, quality, um = result.segmentation, result.quality, image.pixel_size.um
    draw = partial(write_label_images, found, folder.cells_image(task.key), folder.nuclei_image(task.key), um, threads)
    with ThreadPoolExecutor(1) as beside:  # a free core draws and packs the label images meanwhile
        drawn = beside.submit(draw).result if threads > 1 else draw
        _write_overlay(image, result, folder.overlay(task.key), folder.thumbnail(task.key))
        _write_tables(task, folder, result.cells, result.nuclei)
        drawn()
    return {
        "status": "ok",
        "reason": "",
        "area_px": result.summary["imaged_area_px"],
        "analysed_px": result.analysed_px,
        "counting_frame": result.frame.record(),
        "pixel_size_um": um,
        "nuclei_resolved": found.nuclei_resolved,
        "regime": found.regime,
        "record": found.record,
        "pixel_size_origin": image.pixel_size.origin,
        "axes": image.axes,
        "sha256": [input_hash(path, task.scene) for path in task.paths],
        "pixels_hash": pixels_hash(image.pixels) if isinstance(image, Picture) else "",
        "results": folder.hashes_of(task.key),
        "qc": {name: None if np.isnan(value) else round(value, 6) for name, value in quality.row().items()},
        "qc_flags": list(quality.flags),
        "qc_reasons": list(quality.reasons),
        "warnings": list(result.warnings),
    }


def _write_overlay(image: Picture | TiledImage, result: FieldResult, path: Path, small: Path) -> None:
    """Write the overlay, of a large picture on one reduced to a few times the size of a screen."""
    if isinstance(image, Picture):
        write_overlay(image, result.segmentation.cells, result.nuclei, result.cells, path, small)
        return
    height, width, _ = image.shape
    step = max(1, max(height, width) // LONGEST)
    rows, columns = (np.arange(side // step) * step + step // 2 for side in (height, width))
    nuclei = result.nuclei.assign(
        y_px=(result.nuclei["y_px"] + 0.5) / step - 0.5, x_px=(result.nuclei["x_px"] + 0.5) / step - 0.5
    )
    cells = result.segmentation.labels.draw_cells(rows, columns)
    write_overlay(_reduced(image, step), cells, nuclei, result.cells, path, small)


def _reduced(image: TiledImage, step: int) -> Picture:
    """Return a picture whose pixels are the means of ``step`` × ``step`` of a large one, read in strips."""
    height, width, _ = image.shape
    strip = max(step, _STRIP_ROWS // step * step)
    small = [
        cv2.resize(pixels, (width // step, pixels.shape[0] // step), interpolation=cv2.INTER_AREA)
        for top in range(0, height // step * step, strip)
        for pixels in [image.read(top, min(top + strip, height // step * step), 0, width // step * step)]
    ]
    um = image.pixel_size.um
    size = PixelSize(None if um is None else um * step, image.pixel_size.origin)
    return Picture(image.path, np.concatenate(small), "rgb", ("", "", ""), size, image.axes)


def _write_tables(task: FieldTask, folder: ResultFolder, cells: pd.DataFrame, nuclei: pd.DataFrame) -> None:
    names = {"plate": task.plate, "well": task.well, "field": task.field, "image": task.image}
    write_table(cells.assign(**names)[list(CELLS.names)], folder.part(task.key, "cells.csv"))
    write_table(nuclei.assign(image=task.image)[list(NUCLEI.names)], folder.part(task.key, "nuclei.csv"))

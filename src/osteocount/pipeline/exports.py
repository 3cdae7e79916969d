"""A finished run in the forms of other programs: an OME-Zarr plate, tables as CellProfiler names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd

from osteocount.columns import CELLPROFILER_CELLS, CELLPROFILER_WELLS
from osteocount.errors import OsteoCountError
from osteocount.io.label_image import read_labels
from osteocount.io.result_folder import ResultFolder
from osteocount.io.run_record import FieldRecord
from osteocount.io.tables import read_table, write_table
from osteocount.pipeline.field import FieldTask, read_channels
from osteocount.settings import Settings
from osteocount.wells import parse_well, row_letters

Export = Literal["ome-zarr", "cellprofiler"]


def check_exports(exports: Sequence[Export]) -> None:
    """Refuse an export whose library is missing before an hour of counting, not after it."""
    if "ome-zarr" in exports:
        try:
            import zarr  # noqa: F401 - only whether it is there
        except ImportError as error:
            raise OsteoCountError('--ome-zarr needs the formats extra: pip install "osteocount[formats]".') from error


def write_exports(
    exports: Sequence[Export],
    folder: ResultFolder,
    tasks: Sequence[FieldTask],
    records: Sequence[FieldRecord],
    wells: pd.DataFrame,
    settings: Settings,
) -> tuple[str, ...]:
    """Write the exports that were asked for into the result folder.

    Parameters
    ----------
    exports
        ``ome-zarr`` writes ``ome_zarr/<plate>.zarr``, ``cellprofiler`` writes ``cellprofiler/Image.csv`` and
        ``cellprofiler/Cells.csv``.
    folder
        The finished result folder.
    tasks, records
        The fields and what came of them.
    wells
        The table of ``wells.csv``.
    settings
        The settings of the run.

    Returns
    -------
    Sentences on what could not be exported.
    """
    done = {record.key: record for record in records if record.is_done}
    counted = [task for task in tasks if task.key in done]
    notes: tuple[str, ...] = ()
    if "cellprofiler" in exports:
        _write_cellprofiler(folder, counted, done, wells)
    if "ome-zarr" in exports:
        notes = _write_ome_zarr(folder, counted, wells, settings)
    return notes


def _write_ome_zarr(
    folder: ResultFolder, tasks: Sequence[FieldTask], wells: pd.DataFrame, settings: Settings
) -> tuple[str, ...]:
    from osteocount.io.ome_zarr_write import WellPosition, new_plate

    placed: dict[str, dict[WellPosition, list[FieldTask]]] = {}
    for task in tasks:
        if at := parse_well(task.well):
            placed.setdefault(task.plate, {}).setdefault((row_letters(at[0]), at[1]), []).append(task)
    for plate, fields in placed.items():
        path = folder.ome_zarr(plate)
        with new_plate(path, plate or "plate", {place: len(own) for place, own in fields.items()}) as writer:
            for place, own in fields.items():
                for number, task in enumerate(own):
                    picture = read_channels(task.paths, settings.picture.pixel_size, task.scene)
                    labels = {
                        "osteoclasts": read_labels(folder.cells_image(task.key)),
                        "nuclei": read_labels(folder.nuclei_image(task.key)),
                    }
                    writer.add_field(place, number, picture, labels, _label_tables(folder, task))
            writer.add_conditions(_conditions(wells[wells["plate"] == plate]))
    without = sum(not parse_well(task.well) for task in tasks)
    return (f"{without} pictures without a well are not in the OME-Zarr plate.",) if without else ()


def _label_tables(folder: ResultFolder, task: FieldTask) -> dict[str, pd.DataFrame]:
    """Cells and nuclei of one field, their number as ``label``."""
    cells = read_table(folder.part(task.key, "cells.csv")).rename(columns={"cell_id": "label"})
    nuclei = read_table(folder.part(task.key, "nuclei.csv")).rename(columns={"nucleus_id": "label"})
    tables = {"osteoclasts": cells, "nuclei": nuclei}
    return {name: table[["label", *(c for c in table.columns if c != "label")]] for name, table in tables.items()}


def _conditions(wells: pd.DataFrame) -> pd.DataFrame:
    places = [parse_well(str(well)) for well in wells["well"]]
    named = wells[[place is not None for place in places]]
    rows = [row_letters(place[0]) for place in places if place]
    columns = [place[1] for place in places if place]
    return named.assign(row=rows, column=columns)[["row", "column", *named.columns]]


def _write_cellprofiler(
    folder: ResultFolder, tasks: Sequence[FieldTask], done: dict[str, FieldRecord], wells: pd.DataFrame
) -> None:
    known = {name: title for name, title in CELLPROFILER_WELLS.items() if name in wells}
    layout = {(row["plate"], row["well"]): row for row in wells.to_dict("records")}
    images, objects = [], []
    for number, task in enumerate(tasks, start=1):
        described = layout.get((task.plate, task.well), {})
        metadata: dict[str, Any] = {
            "Metadata_Plate": task.plate,
            "Metadata_Well": task.well,
            "Metadata_Site": task.field,
        }
        metadata |= {title: described.get(name) for name, title in known.items()}
        cells = read_table(folder.part(task.key, "cells.csv"))
        counted = cells[cells["counted"].astype(bool)]
        counts = {"Count_Cells": len(counted), "Count_Osteoclasts": int(counted["is_osteoclast"].astype(bool).sum())}
        quality = {f"ImageQuality_{name.removeprefix('qc_')}": value for name, value in done[task.key].qc.items()}
        images.append({"ImageNumber": number, **metadata, "FileName_Original": task.image, **counts, **quality})
        named = cells[[name for name in CELLPROFILER_CELLS if name in cells]].rename(columns=dict(CELLPROFILER_CELLS))
        objects.append(pd.DataFrame({"ImageNumber": number, **metadata}, index=named.index).join(named))
    write_table(pd.DataFrame(images), folder.root / "cellprofiler" / "Image.csv")
    write_table(pd.concat(objects) if objects else pd.DataFrame(), folder.root / "cellprofiler" / "Cells.csv")

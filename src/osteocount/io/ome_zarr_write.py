"""OME-Zarr 0.5: a plate with its pictures, labels and tables, as napari, Fiji and ngio open it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.io.files import not_writable, sync_folder
from osteocount.io.picture import Picture
from osteocount.io.raw_image import formats_library
from osteocount.io.tables import write_table

VERSION = "0.5"
# yaozarrs writes such plates too (tried with 0.3.4), but a well at once with all its fields, which it keeps in memory,
# and picture and labels in chunks of one shape; halving levels and the tables of ngio would stay ours.
_CHUNK = 1024  # px; a chunk of 8 bit is a megabyte
_SMALLEST = 256  # px; levels are halved while the longer side stays at least this
_RED_GREEN_BLUE = (("red", "FF0000"), ("green", "00FF00"), ("blue", "0000FF"))
# White for a single channel, then colours far apart.
_OTHERS = ("FFFFFF", "00FFFF", "FF00FF", "FFFF00", "FF0000", "00FF00", "0000FF")

WellPosition = tuple[str, int]
"""Letters of the row, and column counted from 1."""


@contextmanager
def new_plate(path: Path, name: str, fields: Mapping[WellPosition, int]) -> Iterator[PlateWriter]:
    """Write an OME-Zarr plate that takes the place of ``path`` once the block has ended well.

    Parameters
    ----------
    path
        The folder of the plate.
    name
        Its name in the metadata.
    fields
        How many fields each well has.

    Raises
    ------
    OsteoCountError
        The ``formats`` extra is missing, or the plate cannot be written.
    """
    draft = path.with_name(f".{path.name}.part")
    zarr = formats_library(path, "zarr")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        yield PlateWriter(zarr.open_group(draft, mode="w", zarr_format=3), draft, name, fields)
        shutil.rmtree(path, ignore_errors=True)
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise not_writable(path, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


class PlateWriter:
    """An OME-Zarr plate that is being written, one field after the other."""

    def __init__(self, root: Any, folder: Path, name: str, fields: Mapping[WellPosition, int]) -> None:
        self._root = root
        self._folder = folder
        rows = sorted({row for row, _ in fields}, key=lambda row: (len(row), row))
        columns = sorted({column for _, column in fields})
        plate = {
            "name": name,
            "field_count": max(fields.values()),
            "rows": [{"name": row} for row in rows],
            "columns": [{"name": str(column)} for column in columns],
            "wells": [
                {"path": f"{row}/{column}", "rowIndex": rows.index(row), "columnIndex": columns.index(column)}
                for row, column in fields
            ],
        }
        _describe(root, {"plate": plate})
        for (row, column), count in fields.items():
            well = root.create_group(f"{row}/{column}")
            _describe(well, {"well": {"images": [{"path": str(number)} for number in range(count)]}})

    def add_field(
        self,
        position: WellPosition,
        number: int,
        picture: Picture,
        labels: Mapping[str, NDArray[np.uint32]],
        tables: Mapping[str, pd.DataFrame],
    ) -> None:
        """Write a picture with its label images and their tables.

        Parameters
        ----------
        position, number
            The well, and which of its fields, counted from 0.
        picture
            The pixels, written as channels, height, width at their own depth.
        labels
            (height, width) per name.
        tables
            One row per label and name; the column ``label`` says which.
        """
        where = f"{position[0]}/{position[1]}/{number}"
        image = self._root.create_group(where)
        um = picture.pixel_size.um
        _write_levels(image, np.moveaxis(picture.pixels, 2, 0), um, {"omero": {"channels": _channels(picture)}})
        group = image.create_group("labels")
        _describe(group, {"labels": list(labels)})
        for name, mask in labels.items():
            _write_levels(group.create_group(name), mask, um, {"image-label": {"source": {"image": "../../"}}})
        for name, table in tables.items():
            about = {
                "type": "feature_table", "region": {"path": f"../labels/{name}"}, "instance_key": "label",
                "index_key": "label", "index_type": "int",
            }  # fmt: skip
            self._write_table(where, name, table, about, list(tables))

    def add_conditions(self, wells: pd.DataFrame) -> None:
        """Write what every well got and gave as a table of the plate."""
        self._write_table("", "condition_table", wells, {"type": "condition_table"}, ["condition_table"])

    def _write_table(self, where: str, name: str, table: pd.DataFrame, about: dict[str, Any], names: list[str]) -> None:
        """Write a table in the form of ngio: a group with its description and one CSV file."""
        prefix = f"{where}/" if where else ""
        self._root.require_group(f"{prefix}tables").attrs["tables"] = names
        group = self._root.create_group(f"{prefix}tables/{name}")
        group.attrs.update({**about, "table_version": "1", "backend": "csv"})
        write_table(table, self._folder / where / "tables" / name / "table.csv")


def _describe(group: Any, about: dict[str, Any]) -> None:
    group.attrs["ome"] = {"version": VERSION, **about}


def _write_levels(group: Any, pixels: NDArray[Any], um: float | None, about: dict[str, Any]) -> None:
    """Write the full picture and halves of it until the longer side is small; labels are thinned, pictures averaged."""
    names = "cyx"[3 - pixels.ndim :]
    axes: list[dict[str, str]] = [{"name": "c", "type": "channel"}] if "c" in names else []
    axes += [{"name": name, "type": "space", **({"unit": "micrometer"} if um else {})} for name in "yx"]
    datasets: list[dict[str, Any]] = []
    level, step = pixels, 1
    while True:
        chunks = (*(1 for _ in names[:-2]), *(min(_CHUNK, side) for side in level.shape[-2:]))
        group.create_array(str(len(datasets)), data=np.ascontiguousarray(level), chunks=chunks, dimension_names=names)
        scale = [1.0] * (len(names) - 2) + [step * (um or 1.0)] * 2
        transform = {"type": "scale", "scale": scale}
        datasets.append({"path": str(len(datasets)), "coordinateTransformations": [transform]})
        if max(level.shape[-2:]) // 2 < _SMALLEST or min(level.shape[-2:]) < 4:
            break
        level, step = _half(level), 2 * step
    _describe(group, {"multiscales": [{"name": group.basename, "axes": axes, "datasets": datasets}], **about})


def _half(level: NDArray[Any]) -> NDArray[Any]:
    if level.ndim == 2:
        return level[::2, ::2]
    height, width = (side // 2 * 2 for side in level.shape[1:])
    blocks = level[:, :height, :width].reshape(level.shape[0], height // 2, 2, width // 2, 2)
    halved: NDArray[Any] = np.rint(blocks.mean(axis=(2, 4), dtype=np.float32)).astype(level.dtype)
    return halved


def _channels(picture: Picture) -> list[dict[str, Any]]:
    """How a viewer shows the channels: camera colours mixed as they were, others one colour each."""
    if picture.kind == "rgb":
        named = list(_RED_GREEN_BLUE)
        top = int(np.iinfo(picture.pixels.dtype).max) if picture.pixels.dtype == np.uint8 else int(picture.pixels.max())
        tops = [top] * 3
    else:
        count = picture.pixels.shape[2]
        labels = [name or f"channel {n + 1}" for n, name in enumerate(picture.channel_names)]
        named = [(label, _OTHERS[n % len(_OTHERS)]) for n, label in enumerate(labels)]
        tops = [int(picture.pixels[:, :, n].max()) for n in range(count)]
    end = int(np.iinfo(picture.pixels.dtype).max)
    return [
        {
            "label": label,
            "color": colour,
            "active": True,
            "window": {"min": 0, "start": 0, "end": max(top, 1), "max": end},
        }
        for (label, colour), top in zip(named, tops, strict=True)
    ]

"""The fields of a run: which pictures make one field, and what it is called in the tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osteocount.errors import OsteoCountError
from osteocount.io.files import safe_stem
from osteocount.io.result_folder import ResultFolder
from osteocount.io.run_record import FieldRecord
from osteocount.plate.index import PlateIndex
from osteocount.plate.picture_files import PictureFile, picture_stem, root_of


@dataclass(frozen=True)
class FieldTask:
    """One field to do: where its files are and what it is called in the tables; ``scene``: its name inside the file."""

    key: str
    plate: str
    well: str
    field: str
    image: str
    paths: tuple[Path, ...]
    scene: str = ""

    def record(self, **facts: Any) -> FieldRecord:
        """Return the record of this field with what became of it."""
        return FieldRecord(
            key=self.key, plate=self.plate, well=self.well, field=self.field, image=self.image, **facts
        )  # fmt: skip


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
    return tasks


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


def _stem(entry: PictureFile) -> str:
    return safe_stem(" ".join(filter(None, [picture_stem(entry.path), entry.scene])))

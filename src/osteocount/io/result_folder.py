"""The result folder: who may write into it, where things go, and the finished parts a restart can use."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from osteocount.errors import OsteoCountError
from osteocount.input_files import read_bytes
from osteocount.io.files import file_hash, safe_stem, write_json
from osteocount.io.run_record import FieldRecord, RunRecord, read_run_record

IfPresent = Literal["refuse", "resume", "overwrite"]
"""What to do with a result folder that already holds a run."""

RUN_RECORD = "run.json"
INPUTS = "plan.json"  # its name since the first version
REPORT = "report.html"
REPORT_PDF = "report.pdf"
TABLES = (
    "cells.csv",
    "nuclei.csv",
    "wells.csv",
    "comparisons.csv",
    "donor_values.csv",
    "results.xlsx",
    REPORT,
    REPORT_PDF,
    RUN_RECORD,
)
OWN_NAMES = (*TABLES, "labels", "overlays", "figures", "ome_zarr", "cellprofiler", ".parts")
FIELD = ".field.json"
PART_ENDINGS = (FIELD, ".cells.csv", ".nuclei.csv", ".thumbnail.jpg", ".tiles")


@dataclass(frozen=True)
class ResultFolder:
    """Paths inside one result folder.

    A picture's key names its label images, its overlay and its part; it is unique within the run.
    """

    root: Path

    def check(self, if_present: IfPresent) -> None:
        """Say before anything is written whether this folder may be written into.

        Raises
        ------
        OsteoCountError
            It is a file, holds another run and ``if_present`` is ``refuse``, or holds files that are of no run and
            would be overwritten.
        """
        if self.root.exists() and not self.root.is_dir():
            raise OsteoCountError(f"{self.root} is a file; --out needs a folder.")
        taken = [name for name in OWN_NAMES if (self.root / name).exists() and not self._is_only_locked(name)]
        named = f"{', '.join(taken[:3])}{' …' if len(taken) > 3 else ''}"
        if taken and not self.parts.is_dir() and self.run_record() is None:
            raise OsteoCountError(
                f"{self.root} already holds {named}, which no run record here names: they may be yours. "
                "Give another --out, or move them away; OsteoCount replaces only what it wrote itself."
            )
        if taken and if_present == "refuse":
            raise OsteoCountError(
                f"{self.root} already holds a run ({named}). "
                "Give another --out, or --overwrite to replace it, or --resume to finish it."
            )

    def claim(self, if_present: IfPresent) -> None:
        """Make the folder ours to write into; of a run that is overwritten only what it wrote is deleted.

        Raises
        ------
        OsteoCountError
            As `check`; or it cannot be made.
        """
        self.check(if_present)
        try:
            if if_present == "overwrite":
                self._delete_run()
            for folder in (self.labels, self.overlays, self.parts):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OsteoCountError(f"{self.root} cannot be written ({error.strerror}). Give another --out.") from error

    def _is_only_locked(self, name: str) -> bool:
        """Tell whether there is nothing but the lock of a run that is about to begin."""
        if name != self.parts.name or not self.parts.is_dir():
            return False
        return [path.name for path in self.parts.iterdir()] == [self.lock.name]

    def run_record(self) -> RunRecord | None:
        """Return the record of the run, None where there is none of ours."""
        try:
            return read_run_record(self.root / RUN_RECORD)
        except OsteoCountError:
            return None

    def _delete_run(self) -> None:
        """Delete what the records here name, and the tables; folders only when nothing else is in them."""
        record = self.run_record()
        fields = [] if record is None else [field for field in record.fields if field.key]
        finished = [self.read_field(path.name.removesuffix(FIELD)) for path in self.parts.glob(f"*{FIELD}")]
        fields += [field for field in finished if field is not None]
        keys = {field.key for field in fields} | {
            path.name.removesuffix(ending) for ending in PART_ENDINGS for path in self.parts.glob(f"*{ending}")
        }
        for key in keys:
            shutil.rmtree(self.tiles(key), ignore_errors=True)
            others = self.corrected_image(key), self.thumbnail(key), self.part(key, "field.json")
            for path in (*self.files_of(key), *others):
                path.unlink(missing_ok=True)
        for name in (*TABLES, "cellprofiler/Image.csv", "cellprofiler/Cells.csv", f".parts/{INPUTS}"):
            (self.root / name).unlink(missing_ok=True)
        for plate in {field.plate for field in fields}:
            shutil.rmtree(self.ome_zarr(plate), ignore_errors=True)
        self.remove_drafts()
        for folder in (self.labels, self.overlays, self.root / "ome_zarr", self.root / "cellprofiler"):
            with suppress(OSError):  # it holds something of somebody else, or is not there
                folder.rmdir()

    @property
    def lock(self) -> Path:
        """File that whoever writes here holds locked."""
        return self.parts / "run.lock"

    def ome_zarr(self, plate: str) -> Path:
        """OME-Zarr of one plate."""
        return self.root / "ome_zarr" / f"{safe_stem(plate or 'plate')}.zarr"

    @property
    def labels(self) -> Path:
        """Folder of the label images."""
        return self.root / "labels"

    @property
    def overlays(self) -> Path:
        """Folder of the overlays."""
        return self.root / "overlays"

    @property
    def parts(self) -> Path:
        """Folder of the finished pictures, from which the tables are put together."""
        return self.root / ".parts"

    def cells_image(self, key: str) -> Path:
        """Label image of the cells of one picture."""
        return self.labels / f"{key}_cells.tif"

    def nuclei_image(self, key: str) -> Path:
        """Label image of the nuclei of one picture."""
        return self.labels / f"{key}_nuclei.tif"

    def corrected_image(self, key: str) -> Path:
        """Label image of the cells of one picture after corrections; the automatic one stays beside it."""
        return self.labels / f"{key}_cells_corrected.tif"

    def overlay(self, key: str) -> Path:
        """Overlay of one picture."""
        return self.overlays / f"{key}.png"

    def thumbnail(self, key: str) -> Path:
        """Small copy of an overlay for the report; folders of older versions have none."""
        return self.part(key, "thumbnail.jpg")

    def part(self, key: str, suffix: str) -> Path:
        """File of one finished picture: ``cells.csv``, ``nuclei.csv`` or ``field.json``."""
        return self.parts / f"{key}.{suffix}"

    def tiles(self, key: str) -> Path:
        """Folder of the finished tiles of a large picture while it is under way."""
        return self.part(key, "tiles")

    def files_of(self, key: str) -> tuple[Path, ...]:
        """All files that a finished picture has."""
        images = (self.cells_image(key), self.nuclei_image(key), self.overlay(key))
        return (*images, self.part(key, "cells.csv"), self.part(key, "nuclei.csv"))

    def hashes_of(self, key: str) -> dict[str, str]:
        """Hash all files of a finished picture, for `FieldRecord.results`."""
        return {self._name(path): file_hash(path) for path in self.files_of(key)}

    def unchanged(self, record: FieldRecord, path: Path) -> Path:
        """Return ``path``, a file of a finished picture, which still is what was written then.

        Raises
        ------
        OsteoCountError
            It is missing, or another one.
        """
        known = record.results.get(self._name(path))
        if known is not None and file_hash(path) != known:
            raise OsteoCountError(
                f"{path}: not as the run wrote it for {record.image}: swapped, renamed or changed by another program. "
                "Count again with --resume, which does this picture anew."
            )
        return path

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def remove_drafts(self) -> None:
        """Remove the drafts of processes that were killed while writing; none may be writing now."""
        for folder in (self.root, self.labels, self.overlays, self.parts, self.root / "figures"):
            for draft in folder.glob(".*.part"):
                draft.unlink(missing_ok=True)

    def read_field(self, key: str) -> FieldRecord | None:
        """Record of a finished field; None when it is absent, was cut short, is none, or is that of another field."""
        try:
            record = FieldRecord.model_validate_json(read_bytes(self.part(key, "field.json")))
        except (OSError, ValueError):
            return None
        return record if record.key == key else None

    def write_field(self, record: FieldRecord) -> None:
        """Write the record of a field that was counted or failed."""
        write_json(record.model_dump(), self.part(record.key, "field.json"))

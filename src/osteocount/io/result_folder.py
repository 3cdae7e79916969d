"""The result folder: who may write into it, where things go, and the finished parts a restart can use."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from osteocount.errors import OsteoCountError
from osteocount.input_files import read_bytes
from osteocount.io.files import atomic_write
from osteocount.io.run_record import FieldRecord

IfPresent = Literal["refuse", "resume", "overwrite"]
"""What to do with a result folder that already holds a run."""

RUN_RECORD = "run.json"
OWN_NAMES = (
    "cells.csv", "nuclei.csv", "wells.csv", "comparisons.csv", "results.xlsx", "report.html", RUN_RECORD, "labels",
    "overlays", "ome_zarr", "cellprofiler", ".parts",
)  # fmt: skip


@dataclass(frozen=True)
class ResultFolder:
    """Paths inside one result folder.

    A picture's key names its label images, its overlay and its part; it is unique within the run.
    """

    root: Path

    def claim(self, if_present: IfPresent) -> None:
        """Make the folder ours to write into.

        Raises
        ------
        OsteoCountError
            It holds another run and ``if_present`` is ``refuse``, holds files that are not ours and would be
            overwritten, or cannot be made.
        """
        if self.root.exists() and not self.root.is_dir():
            raise OsteoCountError(f"{self.root} is a file; --out needs a folder.")
        taken = [name for name in OWN_NAMES if (self.root / name).exists()]
        if taken and if_present == "refuse":
            raise OsteoCountError(
                f"{self.root} already holds a run ({', '.join(taken[:3])}{' …' if len(taken) > 3 else ''}). "
                "Give another --out, or --overwrite to replace it, or --resume to finish it."
            )
        if if_present == "overwrite":
            for name in taken:
                path = self.root / name
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        try:
            for folder in (self.labels, self.overlays, self.parts):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OsteoCountError(f"{self.root} cannot be written ({error.strerror}). Give another --out.") from error

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

    def overlay(self, key: str) -> Path:
        """Overlay of one picture."""
        return self.overlays / f"{key}.png"

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

    def remove_drafts(self) -> None:
        """Remove the drafts of processes that were killed while writing; none may be writing now."""
        for folder in (self.root, self.labels, self.overlays, self.parts):
            for draft in folder.glob(".*.part"):
                draft.unlink(missing_ok=True)

    def read_field(self, key: str) -> FieldRecord | None:
        """Record of a finished field; None when it is absent, was cut short, or is none."""
        try:
            return FieldRecord.model_validate_json(read_bytes(self.part(key, "field.json")))
        except (OSError, ValueError):
            return None

    def write_field(self, record: FieldRecord) -> None:
        """Write the record of a field that was counted or failed."""
        write_json(record.model_dump(), self.part(record.key, "field.json"))


def write_json(value: Any, path: Path) -> None:
    """Write ``value`` as JSON, whole or not at all."""
    with atomic_write(path) as draft:
        draft.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")

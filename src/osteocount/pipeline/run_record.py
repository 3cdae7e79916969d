"""The record of a run: what another person needs to know to get the same numbers."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from osteocount.io.result_folder import RUN_RECORD, ResultFolder, write_json
from osteocount.io.run_record import FieldRecord, RunRecord
from osteocount.pipeline.corrections import classifier_record
from osteocount.settings import Settings
from osteocount.version import __version__

LIBRARIES = ("numpy", "scipy", "pandas", "scikit-image", "opencv-python-headless", "tifffile", "imagecodecs")


def write_record(
    folder: ResultFolder,
    records: list[FieldRecord],
    settings: Settings,
    about: dict[str, Any],
    warnings: tuple[str, ...],
) -> None:
    """Write ``run.json``: what was counted, with which settings, classifier and libraries, and what was said."""
    run = RunRecord(
        osteocount=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        **about,
        settings=settings.model_dump(mode="json"),
        classifier=classifier_record(folder.root),
        inputs=tuple(record for record in records if record.is_done),
        failed=tuple(record for record in records if not record.is_done),
        libraries={name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
        warnings=warnings,
        seed=0,
    )
    write_json(run.model_dump(), folder.root / RUN_RECORD)

"""The record of a run: what another person needs to know to get the same numbers."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from osteocount.io.result_folder import RUN_RECORD, ResultFolder, write_json
from osteocount.pipeline.corrections import classifier_record
from osteocount.settings import Settings
from osteocount.version import __version__

LIBRARIES = ("numpy", "scipy", "pandas", "scikit-image", "opencv-python-headless", "tifffile", "imagecodecs")


def write_record(
    folder: ResultFolder,
    records: list[dict[str, Any]],
    settings: Settings,
    about: dict[str, Any],
    warnings: tuple[str, ...],
) -> None:
    """Write ``run.json``: what was counted, with which settings, classifier and libraries, and what was said."""
    failed = [record for record in records if record["status"] != "ok"]
    write_json(
        {
            "osteocount": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **about,
            "settings": settings.model_dump(mode="json"),
            "classifier": classifier_record(folder.root),
            "inputs": [record for record in records if record["status"] == "ok"],
            "failed": failed,
            "libraries": {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()},
            "warnings": list(warnings),
            "seed": 0,
        },
        folder.root / RUN_RECORD,
    )

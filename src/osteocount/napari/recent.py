"""Folders and pictures that were opened last, remembered between sessions beside napari's own settings."""

from __future__ import annotations

import json
from pathlib import Path

from napari.settings import get_settings

FILE = "osteocount_recent.json"
MOST = 10
_LARGEST = 100_000  # bytes; a longer file is none of ours


def recent() -> list[Path]:
    """Return what was opened last, the latest first.

    It is not looked whether it is still there: a share that is away would hold the window up for half a minute.
    """
    file = _file()
    try:
        if file is None or file.stat().st_size > _LARGEST:
            return []
        names = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # never written, or damaged: it is only a convenience
        return []
    texts = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return [Path(name) for name in texts[:MOST]]


def remember(path: Path) -> None:
    """Put ``path`` first; where the file cannot be written, nothing is remembered."""
    file = _file()
    if file is None:
        return
    kept = [each for each in recent() if each != path]
    try:
        file.write_text(json.dumps([str(each) for each in [path, *kept][:MOST]]), encoding="utf-8")
    except OSError:  # it is only a convenience
        return


def _file() -> Path | None:
    """Return where it is kept; napari has no folder of settings in tests and in scripts that say so."""
    config = get_settings().config_path
    return None if config is None else Path(config).with_name(FILE)

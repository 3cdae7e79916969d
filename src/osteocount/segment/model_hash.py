"""Which weights a run used: their content, hashed."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from osteocount.segment.backends.description import description_file
from osteocount.settings import SegmentSettings


def weights_hash(wanted: SegmentSettings) -> str:
    """Return what changes when the models that the settings name, or their descriptions, do; "" without any."""
    named = [Path(name).expanduser() for name in (wanted.cell_model, wanted.nucleus_model) if name is not None]
    files = [file for path in named for file in (path, description_file(path)) if file.exists()]
    return " ".join(content_hash(file) for file in files)


def content_hash(path: Path) -> str:
    """Return the sha256 of a file, or of all files of a folder in order of their names."""
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    hashes = [_file_hash(file, file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    return hashes[0] if not path.is_dir() else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


@lru_cache(maxsize=32)
def _file_hash(path: Path, changed_ns: int, size: int) -> str:
    """Hash a file once while it stays as it is: weights may be a gigabyte, and every picture asks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

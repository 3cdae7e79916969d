"""SHA-256 of files and folders: which inputs and models a result came from."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from osteocount.errors import OsteoCountError


def file_hash(path: Path) -> str:
    """SHA-256 of the file's content as 64 hexadecimal digits, read piece by piece."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be read ({error.strerror or error}).") from error


def input_hash(path: Path, scene: str = "") -> str:
    """SHA-256 of a file, or of all files below the scene's folder in an OME-Zarr, names included.

    A file with many scenes is read once; its hash is kept while its size and date stay.
    """
    if not path.is_dir():
        try:
            stat = path.stat()
        except OSError:
            return file_hash(path)
        return _kept_hash(path, stat.st_size, stat.st_mtime_ns)
    folder = path / scene if scene else path
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    lines = [f"{file.relative_to(folder).as_posix()} {file_hash(file)}" for file in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@lru_cache(maxsize=64)
def _kept_hash(path: Path, size: int, changed: int) -> str:
    return file_hash(path)

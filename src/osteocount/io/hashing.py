"""SHA-256 of files, folders and texts: which inputs, models and settings a result came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from osteocount.errors import OsteoCountError


def text_hash(lines: Iterable[str]) -> str:
    """SHA-256 of lines of text as 64 hexadecimal digits."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content as 64 hexadecimal digits, read piece by piece.

    It is remembered while the file's size and date stay: a file with many scenes and weights of a gigabyte are asked
    for with every picture.

    Raises
    ------
    OsteoCountError
        The file is missing or cannot be read.
    """
    try:
        stat = path.stat()
    except OSError:
        return _hash(path)  # which says what is wrong
    return _remembered_hash(path, stat.st_size, stat.st_mtime_ns)


def input_hash(path: Path, scene: str = "") -> str:
    """SHA-256 of a file, or of all files below the scene's folder in an OME-Zarr, names included.

    Raises
    ------
    OsteoCountError
        As `file_hash`.
    """
    if not path.is_dir():
        return file_hash(path)
    folder = path / scene if scene else path
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return text_hash(f"{file.relative_to(folder).as_posix()} {_hash(file)}" for file in files)


def model_hash(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder in the order of their names.

    Raises
    ------
    OsteoCountError
        As `file_hash`.
    """
    if not path.is_dir():
        return file_hash(path)
    return text_hash(file_hash(file) for file in sorted(path.iterdir()) if file.is_file())


@lru_cache(maxsize=64)
def _remembered_hash(path: Path, size: int, changed_ns: int) -> str:
    return _hash(path)


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be read ({error.strerror or error}).") from error

"""Files as such: written whole or not at all, safely named, and hashed.

Hashes say which inputs, models and settings a result came from.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular

# Names Windows keeps for devices, whatever the suffix.
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_LONGEST_STEM = 120  # bytes; its origin is not recorded


class NotWritableError(OsteoCountError):
    """The disk or the folder takes nothing more: no picture's fault, so it ends a run instead of failing a field."""


_CURES = {
    errno.ENOSPC: "Free some space on this disk or write elsewhere",
    errno.EDQUOT: "Free some of your space on this disk or write elsewhere",
    errno.EACCES: "Open the folder for writing or choose another one",
    errno.EPERM: "Open the folder for writing or choose another one",
    errno.EROFS: "Choose a folder on a disk that may be written to",
    errno.ENOENT: "It was removed meanwhile or lies on a disk that was: make it again or choose another one",
}


def not_writable(path: Path, error: OSError) -> NotWritableError:
    """Say that ``path`` cannot be written, why, and what would mend it."""
    cure = _CURES.get(error.errno or 0, "Choose a folder you may write to, with free space")
    return NotWritableError(
        f"{path}: cannot be written ({error.strerror or error}). {cure}; nothing half-written is left."
    )


@dataclass
class _Together:
    """What `written_together` has put off: drafts by the name they will take, and files that will go."""

    drafts: dict[Path, Path] = field(default_factory=dict)
    gone: set[Path] = field(default_factory=set)


_waiting: ContextVar[_Together | None] = ContextVar("waiting", default=None)


@contextmanager
def atomic_write(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Give a temporary path beside ``path`` which takes its name once the block has ended well.

    A reader never sees half a file, and a failed write leaves what was there before. Within `written_together` the
    name is taken later.

    Parameters
    ----------
    path
        The file.
    durable
        Wait until the disk has it, so that it also outlives a loss of power. False for what is only a convenience and
        recognised when it is damaged.

    Raises
    ------
    NotWritableError
        The folder cannot be written to, or the disk is full.
    """
    part = path.with_name(f".{secrets.token_hex(6)}.part")
    together = _waiting.get()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        if durable:
            _sync(part)
        if together is None:
            part.replace(path)
            if durable:
                sync_folder(path.parent)
        else:
            together.drafts[path] = part
            together.gone.discard(path)
    except OSError as error:
        raise not_writable(path, error) from error
    finally:
        if together is None or together.drafts.get(path) != part:
            with suppress(OSError):
                part.unlink(missing_ok=True)


@contextmanager
def written_together() -> Iterator[Mapping[Path, Path]]:
    """Let all files written in the block take their names at its end, and none of them if it fails.

    Files given to `remove` go then too: what was there before stays until all that replaces it is on the disk.

    Yields
    ------
    Mapping
        Every file and the draft that will become it.

    Raises
    ------
    NotWritableError
        One cannot be given its name.
    """
    together = _Together()
    drafts = together.drafts
    token = _waiting.set(together)
    try:
        yield drafts
        for path, part in drafts.items():
            try:
                part.replace(path)
            except OSError as error:
                raise not_writable(path, error) from error
        for path in together.gone:
            path.unlink(missing_ok=True)
        for folder in {path.parent for path in drafts}:
            sync_folder(folder)
    finally:
        _waiting.reset(token)
        for part in drafts.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)


def write_json(value: Any, path: Path) -> None:
    """Write ``value`` as JSON, whole or not at all."""
    with atomic_write(path) as draft:
        draft.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def remove(path: Path) -> None:
    """Delete a file that may be there; within `written_together` at its end, unless it is written anew meanwhile."""
    together = _waiting.get()
    if together is None:
        path.unlink(missing_ok=True)
    else:
        together.gone.add(path)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as durable as the files' content, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network disks have no such thing
            raise
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def safe_stem(text: str) -> str:
    """Turn any text into a file name without suffix that is safe on every system.

    Letters, digits, ``-``, ``_``, ``.`` and inner spaces stay; everything else becomes ``_``. The result never is
    empty, hidden, a path, a device name, or longer than 120 UTF-8 bytes. A shortened name ends in eight
    digits of the hash of the whole text, so that different long names stay different.
    """
    clean = re.sub(r"[^\w\-. ]", "_", unicodedata.normalize("NFC", text)).strip(" .")
    if len(clean.encode()) > _LONGEST_STEM:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        clean = clean.encode()[: _LONGEST_STEM - 9].decode(errors="ignore").rstrip(" .") + "-" + digest
    if not clean or clean.split(".")[0].strip().lower() in _RESERVED:
        clean = f"_{clean}"
    return clean


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
        check_regular(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be read ({error.strerror or error}).") from error

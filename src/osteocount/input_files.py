"""Reading files that people name: regular ones only, since a pipe or a device would keep a run waiting for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def check_regular(path: Path) -> os.stat_result:
    """Look at what ``path`` is without opening it, and return its size and dates.

    Raises
    ------
    OSError
        There is nothing, or something that is no regular file; ``strerror`` says what.
    """
    about = path.stat()
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    for is_kind, name in _KINDS:
        if is_kind(about.st_mode):
            raise OSError(errno.EINVAL, f"it is {name}, not a regular file", str(path))
    return about


def read_bytes(path: Path) -> bytes:
    """Read a regular file.

    Raises
    ------
    OSError
        As `check_regular`; it cannot be read.
    """
    check_regular(path)
    return path.read_bytes()


def read_text(path: Path) -> str:
    """Read a regular file of UTF-8 text.

    Raises
    ------
    OSError, UnicodeDecodeError
        As `read_bytes`; it is no UTF-8 text.
    """
    return read_bytes(path).decode("utf-8")

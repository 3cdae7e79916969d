"""One writer at a time in a result folder: a lock of the system, which ends with the process that holds it."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from osteocount.errors import OsteoCountError
from osteocount.io.files import not_writable

_FAR = 2**30  # Windows lets nobody read locked bytes: the lock lies far behind the text
_POLL_S = 0.1
_OWN_S = 10.0
"""So long a run waits for one of the same process, which was stopped in the window and ends after its picture."""
_held: set[Path] = set()


@contextmanager
def only_writer(lock: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold ``lock`` for the block; nobody else does meanwhile, neither in this process nor in another one.

    The file stays and says who writes or wrote last; that it is there means nothing. Where the disk knows no locks, as
    some shared ones, there is none.

    Parameters
    ----------
    lock
        The file, in the folder that is written to.
    wait_s
        How long to wait for another one to end.

    Raises
    ------
    OsteoCountError
        Another run writes into the folder; or the file cannot be made.
    """
    folder = lock.parent.parent
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("ab+")
    except OSError as error:
        raise not_writable(folder, error) from error
    with file:
        place = lock.resolve()
        until = time.monotonic() + max(wait_s, _OWN_S if place in _held else 0)
        while not _taken(file):
            if time.monotonic() >= until:
                raise OsteoCountError(
                    f"{folder}: {_owner(file)} is writing into this folder. Wait until it has ended, or give another "
                    "--out."
                )
            time.sleep(_POLL_S)
        _held.add(place)
        try:
            with suppress(OSError):  # a full disk: the lock holds without the text
                _sign(file)
            yield
        finally:
            _held.discard(place)
            _release(file)


def _owner(file: BinaryIO) -> str:
    file.seek(0)
    said = file.read(300).decode(errors="replace").strip()
    return f"another run ({said})" if said else "another run"


def _sign(file: BinaryIO) -> None:
    file.truncate(0)
    now = datetime.now().astimezone().isoformat(sep=" ", timespec="minutes")
    file.write(f"process {os.getpid()} on {socket.gethostname()}, since {now}\n".encode())
    file.flush()


if sys.platform == "win32":
    import msvcrt

    def _taken(file: BinaryIO) -> bool:
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            return error.errno not in (errno.EACCES, errno.EDEADLK)
        return True

    def _release(file: BinaryIO) -> None:
        file.seek(_FAR)
        with suppress(OSError):
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _taken(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR)
        return True

    def _release(file: BinaryIO) -> None:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)

"""Files as such: written whole or not at all, and safely named."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from osteocount.errors import OsteoCountError

# Names Windows keeps for devices, whatever the suffix.
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` which takes its name once the block has ended well.

    A reader never sees half a file, and a failed write leaves what was there before.

    Raises
    ------
    OsteoCountError
        The folder cannot be written to, or the disk is full.
    """
    part = path.with_name(f".{secrets.token_hex(6)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        raise OsteoCountError(
            f"{path}: cannot be written ({error.strerror or error}). Choose a folder you may write to, with free space."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def safe_stem(text: str, longest: int = 120) -> str:
    """Turn any text into a file name without suffix that is safe on every system.

    Letters, digits, ``-``, ``_``, ``.`` and inner spaces stay; everything else becomes ``_``. The result never is
    empty, hidden, a path, a device name, or longer than ``longest`` UTF-8 bytes. A shortened name ends in eight
    digits of the hash of the whole text, so that different long names stay different.
    """
    clean = re.sub(r"[^\w\-. ]", "_", unicodedata.normalize("NFC", text)).strip(" .")
    if len(clean.encode()) > longest:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        clean = clean.encode()[: longest - 9].decode(errors="ignore").rstrip(" .") + "-" + digest
    if not clean or clean.split(".")[0].strip().lower() in _RESERVED:
        clean = f"_{clean}"
    return clean

"""Text as programs and people save it: whatever its encoding, and whatever stands before it."""

from __future__ import annotations

import re
from pathlib import Path

from osteocount.errors import OsteoCountError
from osteocount.input_files import read_bytes

SEPARATOR_LINE = re.compile(r"\s*\"?sep=(?P<separator>.)\"?[\s;,]*", re.IGNORECASE)
"""First line with which Excel is told the separator of a CSV."""


def read_text(path: Path) -> str:
    """Return the text of a file, whatever its encoding (see :func:`decode`).

    Raises
    ------
    OsteoCountError
        The file cannot be read, or holds no text.
    """
    try:
        return decode(path, read_bytes(path))
    except OSError as error:
        raise OsteoCountError(f"{path}: cannot be read ({error.strerror}).") from error


def decode(path: Path, data: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 (with or without a byte order mark) or Windows-1252.

    PowerShell, SoftMax Pro and Excel's "Unicode text" write UTF-16; older programs on Windows write Windows-1252.

    Raises
    ------
    OsteoCountError
        The bytes are no text.
    """
    if not _utf16_of(data) and b"\x00" in data:
        raise OsteoCountError(f"{path}: not a text table (it holds binary data).")
    try:
        return decode_unicode(data)
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def decode_unicode(data: bytes) -> str:
    """Return text in UTF-8 or UTF-16, without its byte order mark.

    Raises
    ------
    UnicodeDecodeError
        It is neither.
    """
    utf16 = _utf16_of(data)
    return data.decode(utf16, errors="replace") if utf16 else data.decode("utf-8-sig")


def _utf16_of(data: bytes) -> str:
    """Name the UTF-16 that text is in, "" when it is in none: by its mark, or by zeros in every other byte."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    sample = data[:4000]
    if sample[1::2].count(0) > len(sample) / 4:
        return "utf-16-le"
    return "utf-16-be" if sample[0::2].count(0) > len(sample) / 4 else ""


def without_separator_line(lines: list[str]) -> tuple[list[str], str]:
    """Return the lines without a first line ``sep=;``, and the separator it names ("" without one).

    The line is kept as an empty one, so that line numbers stay those of the file.
    """
    match = SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    return (["", *lines[1:]], match["separator"]) if match else (lines, "")

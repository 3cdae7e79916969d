"""Cellomics (ArrayScan, CellInsight): ``.C01``, one channel of a field as a compressed bitmap without a file header.

The layout is that on which two public readers agree, Bio-Formats and one in C: four bytes 16, 0, 0, 0; then a zlib
stream with a bitmap header, little-endian, and the rows of the picture from byte 52 on, the upper one first.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from osteocount.io.pixel_size import PixelSizeEvidence
from osteocount.io.raw_image import RawImage, check_bytes, check_file, check_size, damaged, decoding

_HEADER = struct.Struct("<4xiihhi4xii")  # width, height, planes, bits, compression, pixels per metre along x and y
_STREAM_AT, _PIXELS_AT = 4, 52
_MOST_BEHIND = 65536  # bytes that may follow the picture in the stream


def read_c01(path: Path) -> RawImage:
    """Decode a file, its size checked first.

    Raises
    ------
    OsteoCountError
        It is damaged, holds a stack, or is compressed within its stream too.
    """
    check_file(path)
    with decoding(path), path.open("rb") as file:
        file.seek(_STREAM_AT)
        stream = zlib.decompressobj()
        head = stream.decompress(file.read(), _PIXELS_AT)
        if len(head) < _PIXELS_AT:
            raise damaged(path, "the file ends too early")
        width, height, planes, bits, compression, across, down = _HEADER.unpack_from(head)
        if planes != 1 or bits not in (8, 16) or compression != 0:
            raise damaged(path, f"{planes} planes of {bits} bits, compression {compression}, which are not read")
        check_size(path, height, width)
        check_bytes(path, (height, width), bits // 8)
        need = height * width * bits // 8
        pixels = stream.decompress(stream.unconsumed_tail, need)
        stream.decompress(stream.unconsumed_tail, _MOST_BEHIND)
        if len(pixels) < need or not stream.eof:  # its checksum is at the end
            raise damaged(path, "the file ends too early")
    stated = (1e6 / across, 1e6 / down) if across > 0 and down > 0 else None
    evidence = PixelSizeEvidence(path, stated_um=stated, stated_by="Cellomics" if stated else "")
    rows = np.frombuffer(pixels, dtype="<u2" if bits == 16 else "u1").reshape(height, width, 1)
    return RawImage(rows.astype(rows.dtype.newbyteorder("=")), colour=False, channel_names=("",), evidence=evidence)

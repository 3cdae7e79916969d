"""A network of one 1 × 1 convolution as an ONNX file, written byte by byte: no further package is needed."""

from __future__ import annotations

import struct
from pathlib import Path


def tiny_onnx(path: Path, weights, bias, fixed_side=None) -> Path:
    """Write ``maps = weights · image + bias`` for every pixel; ``weights`` has a row per output channel."""
    rows, columns = len(weights), len(weights[0])
    node = _text(1, "image") + _text(1, "w") + _text(1, "b") + _text(2, "maps") + _text(4, "Conv")
    graph = _block(1, node) + _text(2, "tiny")
    graph += _block(5, _tensor("w", (rows, columns, 1, 1), [value for row in weights for value in row]))
    graph += _block(5, _tensor("b", (rows,), bias))
    graph += _block(11, _value("image", columns, fixed_side)) + _block(12, _value("maps", rows, fixed_side))
    path.write_bytes(_number(1, 8) + _block(7, graph) + _block(8, _text(1, "") + _number(2, 17)))
    return path


def with_last_step(content: bytes) -> bytes:
    """Return our own network with the step added that puts odd and even pixels in their places; its output is ``maps``.

    Two messages one after the other are one message, so nothing of the network has to be read.
    """
    size = _text(1, "blocksize") + _number(3, 2) + _number(20, 2)
    order = _text(1, "mode") + _text(4, "CRD") + _number(20, 3)
    node = _text(1, "quarters") + _text(2, "maps") + _text(4, "DepthToSpace") + _block(5, size) + _block(5, order)
    return content + _block(7, _block(1, node) + _block(12, _value("maps", 4, None)))


def _tensor(name, shape, values) -> bytes:
    dims = b"".join(_number(1, side) for side in shape)
    return dims + _number(2, 1) + _text(8, name) + _block(9, struct.pack(f"<{len(values)}f", *values))


def _value(name, channels, side) -> bytes:
    free = [_number(1, side)] * 2 if side else [_text(2, "h"), _text(2, "w")]
    shape = b"".join(_block(1, dim) for dim in (_number(1, 1), _number(1, channels), *free))
    return _text(1, name) + _block(2, _block(1, _number(1, 1) + _block(2, shape)))


def _varint(value) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _number(field, value) -> bytes:
    return _varint(field << 3) + _varint(value)


def _block(field, content) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field, text) -> bytes:
    return _block(field, text.encode())

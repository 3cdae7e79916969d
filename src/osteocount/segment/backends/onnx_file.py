"""The content of an ONNX file: its nodes, its weights, and the words it carries; read without running anything.

An ONNX file is a protocol buffer (https://protobuf.dev/programming-guides/encoding; the numbers of its fields:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Only what our own networks use is understood, so that a file
from elsewhere is refused before onnxruntime sees it, and other weights can be put into a file of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_GRAPH, _PROPERTIES = 7, 14  # of a model
_NODE, _INITIALIZER = 1, 5  # of a graph
_INPUT, _OUTPUT, _OPERATOR, _ATTRIBUTE = 1, 2, 4, 5  # of a node
_NAME, _NUMBERS = 1, 8  # of an attribute
_DIMS, _TYPE, _TENSOR_NAME, _RAW = 1, 2, 8, 9  # of a tensor
_KEY, _VALUE = 1, 2  # of a property
_FLOAT32 = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_LONGEST_VARINT = 10  # bytes

Weights = Mapping[str, NDArray[np.float32]]
_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class OnnxNode:
    """One operation: its name in ONNX, the tensors it reads and writes, and its attributes that are whole numbers."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class OnnxFile:
    """A network in one piece.

    Attributes
    ----------
    nodes
        In the order in which they run.
    weights
        Tensors of float32 by name.
    properties
        Words that travel in the file.
    skeleton
        All the rest of the file: two files with the same one are the same network but for its weights.
    """

    nodes: tuple[OnnxNode, ...]
    weights: dict[str, NDArray[np.float32]]
    properties: dict[str, str]
    skeleton: tuple[bytes, ...]


def read_onnx(content: bytes) -> OnnxFile:
    """Read a network.

    Raises
    ------
    ValueError
        No ONNX file, or one with weights that are not float32 inside the file, or with two of one name.
    """
    nodes: list[OnnxNode] = []
    weights: dict[str, NDArray[np.float32]] = {}
    properties: dict[str, str] = {}
    skeleton: list[bytes] = []
    for number, value in _fields(content):
        if number == _PROPERTIES:
            said = dict(_fields(_bytes(value)))
            _add(properties, _text(said.get(_KEY, b"")), _text(said.get(_VALUE, b"")))
        elif number == _GRAPH:
            for inner, part in _fields(_bytes(value)):
                if inner == _INITIALIZER:
                    _add(weights, *_tensor(_bytes(part)))
                    continue
                if inner == _NODE:
                    nodes.append(_node(_bytes(part)))
                skeleton.append(_field(inner, part))
        else:
            skeleton.append(_field(number, value))
    return OnnxFile(tuple(nodes), weights, properties, tuple(skeleton))


def _add(things: dict[str, _Thing], name: str, thing: _Thing) -> None:
    """Add one by name; of two of one name nobody can tell which another reader would take."""
    if name in things:
        raise ValueError(f"two of the name {name[:80]!r}")
    things[name] = thing


def with_weights(content: bytes, weights: Weights, properties: Mapping[str, str]) -> bytes:
    """Return the network in ``content`` with other weights, of the same names and shapes, and other words in it."""
    parts = []
    for number, value in _fields(content):
        if number == _GRAPH:
            inner = (
                _field(at, _with_values(_bytes(part), weights) if at == _INITIALIZER else part)
                for at, part in _fields(_bytes(value))
            )
            parts.append(_field(number, b"".join(inner)))
        elif number != _PROPERTIES:
            parts.append(_field(number, value))
    for key, text in properties.items():
        parts.append(_field(_PROPERTIES, _field(_KEY, key.encode()) + _field(_VALUE, text.encode())))
    return b"".join(parts)


def _with_values(tensor: bytes, weights: Weights) -> bytes:
    name, before = _tensor(tensor)
    values = np.asarray(weights[name], "<f4")
    if values.shape != before.shape:
        raise ValueError(f"{name}: {values.shape} in place of {before.shape}")
    return b"".join(_field(number, values.tobytes() if number == _RAW else value) for number, value in _fields(tensor))


def _node(content: bytes) -> OnnxNode:
    inputs, outputs, operator, attributes = [], [], "", {}
    for number, value in _fields(content):
        if number == _INPUT:
            inputs.append(_text(value))
        elif number == _OUTPUT:
            outputs.append(_text(value))
        elif number == _OPERATOR:
            operator = _text(value)
        elif number == _ATTRIBUTE:
            said = list(_fields(_bytes(value)))
            name = next((_text(part) for at, part in said if at == _NAME), "")
            attributes[name] = tuple(each for at, part in said if at == _NUMBERS for each in _numbers(part))
    return OnnxNode(operator, tuple(inputs), tuple(outputs), attributes)


def _tensor(content: bytes) -> tuple[str, NDArray[np.float32]]:
    """Read a tensor; one whose values lie in another file, or in another form than bytes, is refused."""
    dims: list[int] = []
    name, kind, raw = "", 0, None
    for number, value in _fields(content):
        if number == _DIMS:
            dims += _numbers(value)
        elif number == _TYPE and isinstance(value, int):
            kind = value
        elif number == _TENSOR_NAME:
            name = _text(value)
        elif number == _RAW:
            raw = _bytes(value)
        else:
            raise ValueError("weights in a form that is not ours")
    if kind != _FLOAT32 or raw is None or 4 * int(np.prod(dims, dtype=object)) != len(raw):
        raise ValueError("weights that are not float32, or not as many as said")
    return name, np.frombuffer(raw, "<f4").reshape(dims)


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (number, value) of each field of a message."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        number, wire = key >> 3, key & 7
        value: int | bytes
        if wire == _VARINT:
            value, at = _varint(content, at)
        else:
            length, at = _varint(content, at) if wire == _BYTES else ({_FIXED64: 8, _FIXED32: 4}.get(wire, -1), at)
            if length < 0 or at + length > len(content):
                raise ValueError("no ONNX file, or one that was cut off")
            value, at = content[at : at + length], at + length
        yield number, value


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for n, byte in enumerate(content[at : at + _LONGEST_VARINT]):
        value |= (byte & 127) << (7 * n)
        if byte < 128:
            return value, at + n + 1
    raise ValueError("no ONNX file, or one that was cut off")


def _field(number: int, value: int | bytes) -> bytes:
    """Write a field; floats of our files never lie outside a tensor's bytes, so two wire types are enough."""
    if isinstance(value, int):
        return _written(number << 3) + _written(value)
    return _written(number << 3 | _BYTES) + _written(len(value)) + value


def _written(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _numbers(value: int | bytes) -> list[int]:
    """Read a number, or several packed into one field."""
    if isinstance(value, int):
        return [value]
    numbers, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        numbers.append(number)
    return numbers


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("no ONNX file")
    return value


def _text(value: int | bytes) -> str:
    return _bytes(value).decode("utf-8")

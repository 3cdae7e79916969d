"""Any ONNX network whose input and output are described in a TOML file beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.segment.backends.description import OnnxDescription, description_file, read_description
from osteocount.segment.backends.network import (
    InputPlanes,
    Instances,
    OutputMaps,
    OutputMeaning,
    Target,
    cells_from_maps,
    nuclei_from_maps,
)
from osteocount.segment.backends.session import Device, open_session
from osteocount.segment.backends.shipped import sigmoid

_MOST_BYTES = 2 * 10**9
_NO_PROBABILITY = ("flow_y", "flow_x", "distance")


WEIGHTS = "an .onnx file"


def is_model(path: Path) -> bool:
    """Whether ``path`` is a model of this kind, by its name."""
    return path.suffix == ".onnx" and not path.is_dir()


def load(path: Path, nucleus_um: float, device: Device) -> OnnxNetwork:
    """Load a network; see `OnnxNetwork`."""
    return OnnxNetwork(path, nucleus_um, device)


class OnnxNetwork:
    """An ONNX network and its description.

    Parameters
    ----------
    path
        The ``.onnx`` file; its description has the same name with ``.toml``.
    nucleus_um
        Diameter of a nucleus.
    device
        What it runs on.

    Raises
    ------
    OsteoCountError
        The file is no ONNX network, or its description is missing, wrong or does not fit it.
    """

    def __init__(self, path: Path, nucleus_um: float, device: Device) -> None:
        self.description = read_description(description_file(path), OnnxDescription)
        if path.stat().st_size > _MOST_BYTES:
            raise OsteoCountError(f"{path.name}: more than 2 GB, too large for an ONNX file in one piece.")
        content = path.read_bytes()
        self._path, self._nucleus_um = path, nucleus_um
        try:
            self._session = open_session(content, device)
        except OsteoCountError:
            raise
        except Exception as error:  # onnxruntime's own errors share no public base
            raise OsteoCountError(f"{path.name}: not a network that onnxruntime can read ({_brief(error)}).") from error
        self._check_names()

    @property
    def marks(self) -> tuple[Target, ...]:
        """What it can outline."""
        cells: tuple[Target, ...] = ("cells",) if "foreground" in self.description.meanings else ()
        return (*cells, "nuclei") if self.description.marks_nuclei else cells

    def segment(self, inputs: InputPlanes, target: Target) -> Instances:
        """Outline the cells or the nuclei; see `Network.segment`.

        Raises
        ------
        OsteoCountError
            The network fails on the picture, gives another shape than described, or numbers that are none.
        """
        scale = inputs.scale(self.description.um_per_px)
        maps: OutputMaps = inputs.cached(
            self, lambda: self._maps(_scaled(inputs.stack(self.description.channels, scale), self.description))
        )
        return cells_from_maps(maps, scale) if target == "cells" else nuclei_from_maps(maps, self._nucleus_um, scale)

    def _check_names(self) -> None:
        inputs = [each.name for each in self._session.get_inputs()]
        have = [each.name for each in self._session.get_outputs()]
        wrong = [name for name in self.description.outputs if name not in have]
        if len(inputs) != 1:
            raise OsteoCountError(f"{self._path.name}: {len(inputs)} inputs ({', '.join(inputs)}); one is supported.")
        if wrong:
            raise OsteoCountError(
                f"{self._path.name}: no output is called {', '.join(wrong)}, as its description says; "
                f"it has {', '.join(have)}."
            )

    def _maps(self, planes: NDArray[np.float32]) -> OutputMaps:
        """Run the network over (height, width, channels), tile by tile, with context around each tile."""
        wanted = self.description
        height, width = planes.shape[:2]
        rows, columns = (-(-side // wanted.multiple_of) * wanted.multiple_of for side in (height, width))
        around = wanted.margin
        pad = ((around, around + rows - height), (around, around + columns - width), (0, 0))
        padded = np.pad(planes, pad, mode="symmetric")
        out = np.empty((len(wanted.meanings), rows, columns), np.float32)
        for top in range(0, rows, wanted.tile):
            for left in range(0, columns, wanted.tile):
                bottom, right = min(top + wanted.tile, rows), min(left + wanted.tile, columns)
                piece = self._run(padded[top : bottom + 2 * around, left : right + 2 * around])
                out[:, top:bottom, left:right] = piece[
                    :, around : around + bottom - top, around : around + right - left
                ]
        if not np.isfinite(out).all():
            raise OsteoCountError(f"{self._path.name}: the network gives numbers that are none (NaN or infinite).")
        maps: dict[OutputMeaning, NDArray[np.float32]] = {}
        for meaning, plane in zip(wanted.meanings, out[:, :height, :width], strict=True):
            if meaning != "ignore":
                maps[meaning] = sigmoid(plane) if wanted.logits and meaning not in _NO_PROBABILITY else plane
        return maps

    def _run(self, piece: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (meanings, height, width) for one piece (height, width, channels)."""
        wanted = self.description
        first = wanted.layout == "NCHW"
        given = np.ascontiguousarray(np.moveaxis(piece, 2, 0) if first else piece)[None]
        try:
            outputs = self._session.run(list(wanted.outputs), {self._session.get_inputs()[0].name: given})
        except Exception as error:
            raise OsteoCountError(
                f"{self._path.name}: the network cannot run on {' × '.join(map(str, given.shape))} ({wanted.layout}): "
                f"{_brief(error)}. Compare channels, layout, tile, margin and multiple_of of its description."
            ) from error
        planes = []
        for (name, meanings), output in zip(wanted.outputs.items(), outputs, strict=True):
            shape = (1, len(meanings), *piece.shape[:2]) if first else (1, *piece.shape[:2], len(meanings))
            if output.shape != shape:
                raise OsteoCountError(
                    f"{self._path.name}: output {name} has the shape {' × '.join(map(str, output.shape))}, and its "
                    f"description makes it {' × '.join(map(str, shape))}."
                )
            planes.append(output[0] if first else np.moveaxis(output[0], 2, 0))
        return np.concatenate(planes).astype(np.float32)


def _scaled(planes: NDArray[np.float32], wanted: OnnxDescription) -> NDArray[np.float32]:
    """Bring the planes to the range the network was trained on."""
    if wanted.scaling == "percentiles":
        planes = to_percentiles(planes)
    mean = np.asarray(wanted.mean or (0.0,), np.float32)
    std = np.asarray(wanted.std or (1.0,), np.float32)
    return (planes - mean) / std


def to_percentiles(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stretch each plane so that its 1st percentile is 0 and its 99.8th is 1."""
    low, high = np.percentile(planes, [1, 99.8], axis=(0, 1))
    return np.asarray((planes - low) / np.maximum(high - low, 1e-6), np.float32)


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

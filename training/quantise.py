"""The network in 8-bit numbers: a third of the time and of the size.

Activations get 8 bits, weights 7 and a scale for each channel. With 8, the sums of two products overflow on processors
that multiply without VNNI, and the result depends on the machine; with 7 they cannot (Jacob et al. 2018, CVPR, for the
scheme). The first two convolutions and the last stay in floats.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from data import SceneArrays
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_static

from osteocount.segment.backends.shipped import HIGHEST, LOWEST, STEP

# A range that holds all but one of 100,000 values: the few beyond it would make the steps of all others coarse.
_PERCENTILE = 99.999
# The densities of pale cells differ by little: in 8 bits after one convolution logits are off by .10, after two by .06
# (RMS, inside cells of the annotated real picture).
_FIRST_IN_FLOATS = 2
_AT_ONCE = 1  # scenes are of different sizes


class CalibrationScenes(CalibrationDataReader):  # type: ignore[misc]
    """The scenes by which the ranges of activations are set, as the network is given them."""

    def __init__(self, scenes: Sequence[SceneArrays]) -> None:
        self._scenes = scenes
        self._left: Iterator[SceneArrays] = iter(scenes)

    def __len__(self) -> int:
        return len(self._scenes)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Go on from one scene to another."""
        self._left = iter(self._scenes[start_index:end_index])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next scene; None after the last."""
        scene = next(self._left, None)
        if scene is None:
            return None
        density = scene["density"].astype(np.float32)
        height, width = (side // STEP * STEP for side in density.shape[:2])
        planes = np.clip(np.moveaxis(density[:height, :width], 2, 0), LOWEST, HIGHEST)
        return {"density": np.ascontiguousarray(planes)[None]}


def in_8_bits(model: onnx.ModelProto, scenes: CalibrationScenes) -> onnx.ModelProto:
    """Return the network with the convolutions in 8-bit integers, but the first two and the last."""
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        quantize_static(
            model, path, scenes, per_channel=True, reduce_range=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            nodes_to_exclude=[*convolutions[:_FIRST_IN_FLOATS], convolutions[-1]],
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": _PERCENTILE, "CalibStridedMinMax": _AT_ONCE},
        )  # fmt: skip
        quantised = onnx.load(path)
    onnx.checker.check_model(quantised)
    return quantised

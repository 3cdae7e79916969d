"""A network of ours as PyTorch sees it: the operations of its ONNX file, its weights to be learned further.

What was normalised while it was learned is part of the weights of an ONNX file, so nothing depends on the batch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from osteocount.errors import OsteoCountError
from osteocount.segment.backends.onnx_file import OnnxFile, OnnxNode

_KNOWN = frozenset({"Conv", "Relu", "MaxPool", "Resize", "Add", "Constant"})


class TorchNetwork(torch.nn.Module):
    """Optical density (n, 3, h, w), h and w multiples of the least resolution → logits (n, outputs, h, w).

    Parameters
    ----------
    file
        The network; the only constants in it are the factors of enlargement, which are 2.

    Raises
    ------
    OsteoCountError
        It has operations that cannot be learned here, as one of 8-bit numbers has.
    """

    def __init__(self, file: OnnxFile) -> None:
        super().__init__()
        unknown = sorted({node.operator for node in file.nodes} - _KNOWN)
        if unknown:
            raise OsteoCountError(f"This network cannot be learned further: it has {', '.join(unknown)} in it.")
        self._nodes = tuple(node for node in file.nodes if node.operator != "Constant")
        self._place = {name: n for n, name in enumerate(file.weights)}
        self.tensors = torch.nn.ParameterList(torch.from_numpy(each.copy()) for each in file.weights.values())

    def forward(self, density: torch.Tensor) -> torch.Tensor:
        """Return the logits of the maps."""
        made: dict[str, torch.Tensor] = {"density": density}
        for node in self._nodes:
            made[node.outputs[0]] = self._run(node, made)
        return functional.pixel_shuffle(made[self._nodes[-1].outputs[0]], 2)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return the weights by the names they have in the file."""
        return {name: self.tensors[n].detach().cpu().numpy() for name, n in self._place.items()}

    def _run(self, node: OnnxNode, made: Mapping[str, torch.Tensor]) -> torch.Tensor:
        given = made[node.inputs[0]]
        if node.operator == "Conv":
            weight, *bias = (self.tensors[self._place[name]] for name in node.inputs[1:])
            stride, around = node.attributes["strides"], node.attributes["pads"][:2]
            return functional.conv2d(given, weight, bias[0] if bias else None, stride, around)
        if node.operator == "MaxPool":
            return functional.max_pool2d(given, 2)
        if node.operator == "Resize":
            return functional.interpolate(given, scale_factor=2.0, mode="nearest")
        return given + made[node.inputs[1]] if node.operator == "Add" else functional.relu(given)

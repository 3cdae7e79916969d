"""Cellpose, with weights from the user's machine (Stringer et al. 2021, Nat Methods 18:100; extra ``cellpose``)."""

from __future__ import annotations

import logging
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from osteocount.errors import OsteoCountError
from osteocount.segment.backends.description import InputDescription, described_inputs
from osteocount.segment.backends.network import InputPlanes, Instances, Target
from osteocount.segment.backends.session import Device, cannot_import
from osteocount.segment.backends.shipped import sigmoid
from osteocount.segment.object_tables import mean_per_label
from osteocount.segment.preprocess.scale import WORKING_UM

WEIGHTS = "a file of Cellpose weights"


def is_model(path: Path) -> bool:
    """Whether ``path`` can be a model of this kind: any file but an ONNX one, since such weights have no ending."""
    return path.suffix != ".onnx" and not path.is_dir()


def load(path: Path, nucleus_um: float, device: Device) -> CellposeNetwork:
    """Load a network; it knows how large its nuclei are."""
    return CellposeNetwork(path, described_inputs(path), device)


class CellposeNetwork:
    """A Cellpose network of version 3 or 4.

    Its weights are a pickle of PyTorch. They are read with ``weights_only``, which builds tensors and nothing else, so
    that a hostile file cannot run anything; a file that needs more is refused.

    Parameters
    ----------
    path
        The file of weights.
    description
        Scale and channels it was trained on.
    device
        What it runs on.

    Raises
    ------
    OsteoCountError
        cellpose is not installed, CUDA is not there, or the file does not hold plain weights of such a network.
    """

    def __init__(self, path: Path, description: InputDescription, device: Device) -> None:
        try:
            import torch
            from cellpose import models
        except ImportError as error:
            raise cannot_import("cellpose", ("cellpose", "torch"), error) from error
        if device == "cuda" and not torch.cuda.is_available():
            raise OsteoCountError("device = cuda, but PyTorch finds no CUDA here; use --device cpu.")
        logging.getLogger("cellpose").setLevel(logging.ERROR)
        where = torch.device("cpu" if device == "cpu" or not torch.cuda.is_available() else "cuda")
        _check_weights(path, torch)
        try:
            self._model = models.CellposeModel(pretrained_model=str(path), device=where)
        except Exception as error:  # whatever a state of another network leads to
            raise OsteoCountError(
                f"{path.name}: these weights do not fit the installed cellpose {version('cellpose')} "
                f"({type(error).__name__}); weights of version 3 and 4 need that version."
            ) from error
        self._description = description
        # Version 3 has to be told that the picture is grey; version 4 looks for itself.
        self._options: dict[str, Any] = {"channels": [0, 0]} if version("cellpose").startswith("3.") else {}

    def segment(self, inputs: InputPlanes, target: Target) -> Instances:
        """Outline the cells or the nuclei; see `Network.segment`."""
        scale = inputs.scale(self._description.um_per_px or WORKING_UM)
        planes = inputs.stack(self._description.channels or inputs.usual(target), scale)
        grey = planes.shape[2] == 1
        options = self._options if grey else {"channel_axis": -1}
        masks, flows, _ = self._model.eval(planes[..., 0] if grey else planes, diameter=None, **options)
        labels = np.asarray(masks).astype(np.int32).reshape(planes.shape[:2])
        likely = sigmoid(np.asarray(flows[2], np.float32).reshape(planes.shape[:2]))
        return Instances(labels, mean_per_label(labels, likely)[1:].astype(np.float32))


def _check_weights(path: Path, torch: Any) -> None:
    """Refuse a file that holds anything but named tensors."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken archive and a forbidden pickle raise many kinds
        raise OsteoCountError(
            f"{path.name}: not a file of plain weights, so it is not opened: such a file could run a program. "
            "Save the weights again with Cellpose 2 or newer."
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise OsteoCountError(f"{path.name}: not the weights of one network; choose the file that Cellpose trained.")

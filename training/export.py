"""Turn a network into 8-bit numbers, calibrate its scores, and write the model that ships.

``python training/export.py NETWORK CALIBRATION OUT.onnx``: NETWORK is what ``train.py`` wrote; the same in ONNX and
floats is kept beside it (``cells.pt``, ``cells.onnx``), and can be given in its place. CALIBRATION is a folder that
``data.py`` wrote, with a seed of its own.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from calibrate import calibrate
from data import SceneArrays
from network import CELLS, CellNet, Shape
from optimise_onnx import enlarged_by_pixels, enlarged_last, without_concatenations
from quantise import CalibrationScenes, in_8_bits

from osteocount.segment.backends.shipped import CellModel


def to_onnx(checkpoint: Path, path: Path, facts: dict[str, object], shape: Shape = CELLS) -> None:
    """Write a checkpoint as ONNX with ``facts`` inside."""
    network = CellNet(shape)
    network.load_state_dict(torch.load(checkpoint, weights_only=True))
    network.forward = network.quarters  # type: ignore[method-assign]
    axes = [{0: "n", 2: f"h{part}", 3: f"w{part}"} for part in ("", "_half")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the newer exporter needs a package more
        torch.onnx.export(
            network.eval(), (torch.zeros(1, 3, 64, 64),), str(path), input_names=["density"], output_names=["quarters"],
            dynamic_axes={"density": axes[0], "quarters": axes[1]}, opset_version=17, dynamo=False,
        )  # fmt: skip
    save(without_concatenations(onnx.load(path)), path, facts)


def save(model: onnx.ModelProto, path: Path, facts: dict[str, object]) -> None:
    """Write a network with ``facts`` inside."""
    onnx.helper.set_model_props(model, {"osteocount": json.dumps(facts, sort_keys=True)})
    onnx.save(model, path)


def scenes_of(folder: Path) -> list[SceneArrays]:
    """Load the scenes of ``folder``."""
    return [dict(np.load(path)) for path in sorted(folder.glob("*.npz"))]


def main() -> None:
    """Turn the network into 8-bit numbers, calibrate it, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("calibration", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    in_floats, scenes = asked.network.with_suffix(".onnx"), scenes_of(asked.calibration)
    if asked.network != in_floats:
        to_onnx(asked.network, in_floats, {})
    model = enlarged_by_pixels(in_8_bits(enlarged_last(onnx.load(in_floats)), CalibrationScenes(scenes)))
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "model.onnx"
        save(model, plain, {})
        facts, figures = calibrate(CellModel(plain, None, asked.threads), scenes)
    save(model, asked.out, facts)
    print("calibration", {name: round(value, 3) for name, value in figures.items()}, facts)
    print("sha256", CellModel(asked.out, None).sha256)


if __name__ == "__main__":
    main()

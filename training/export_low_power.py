"""Calibrate the call of the network for low power, and write the model that ships.

``python training/export_low_power.py NETWORK.pt CALIBRATION OUT.onnx``: CALIBRATION is a folder that
``low_power_data.py`` wrote, with a seed of its own.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from calibrate import logistic
from export import to_onnx
from network import LOW_POWER
from numpy.typing import NDArray
from scipy.optimize import brentq

from osteocount.segment.backends.low_power_model import LowPowerModel
from osteocount.segment.detectors.learned_low_power import CELL_FEATURES, cell_features, outline_cells
from osteocount.segment.preprocess.scale import Scale

# How sure a call must be on simulated crops, where three nuclei decide: labs call fewer of the middling cells. Chosen
# on the annotated tiles of four wells, where recall and precision are then alike (docs/model_card.md).
_SURE = 0.76


class JudgedCells(NamedTuple):
    """Our cells of one crop that can be judged.

    Attributes
    ----------
    features
        (n, 6) see `cell_features`.
    is_osteoclast
        (n,) whether one covers a true osteoclast with an IoU of .5.
    n_true
        True osteoclasts of the crop that its border does not cut.
    whole
        (n,) whether the border of the crop does not cut it.
    """

    features: NDArray[np.float64]
    is_osteoclast: NDArray[np.bool_]
    n_true: int
    whole: NDArray[np.bool_]


def judge(model: LowPowerModel, path: Path) -> JudgedCells:
    """Outline the cells of a crop and compare them with its truth."""
    made = dict(np.load(path))
    true, scale = made["cells"].astype(np.int64), Scale(float(made["um"]), 1.0, "simulated")
    maps = model.low_power_maps(made["density"].astype(np.float32))
    ours = outline_cells(maps, np.ones(true.shape, bool), scale)
    n, k = int(ours.max()) + 1, made["osteoclast"].size
    shared = np.bincount(ours.ravel().astype(np.int64) * k + true.ravel(), minlength=n * k).reshape(n, k)
    overlap = shared / np.maximum(shared.sum(1, keepdims=True) + shared.sum(0) - shared, 1)
    overlap[:, 0] = 0
    hit = (overlap[:, made["osteoclast"]] >= 0.5).any(axis=1)
    ghostly = shared[:, made["unsure"]].sum(axis=1) > 0.5 * shared.sum(axis=1)
    kept = ~ghostly
    kept[0] = False
    whole_true = np.setdiff1d(np.flatnonzero(made["osteoclast"] & (shared.sum(axis=0) > 0)), _on_border(true))
    whole = ~np.isin(np.arange(n), _on_border(ours))
    return JudgedCells(cell_features(ours, maps, scale)[kept], hit[kept], whole_true.size, whole[kept])


def _on_border(labels: NDArray[np.integer]) -> NDArray[np.integer]:
    return np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))


def fit_call(judged: list[JudgedCells]) -> NDArray[np.float64]:
    """Fit the call, shift it until as many osteoclasts are called as there are, then be as strict as `_SURE`."""
    features = np.concatenate([each.features for each in judged])
    weights = logistic(features, np.concatenate([each.is_osteoclast for each in judged]))
    logit = (features @ weights)[np.concatenate([each.whole for each in judged])]
    there = sum(each.n_true for each in judged)
    shift = brentq(lambda more: int((logit + more > 0).sum()) - there, -4.0, 4.0, xtol=1e-3)
    weights[0] += shift - np.log(_SURE / (1 - _SURE))
    return weights


def figures_of_merit(judged: list[JudgedCells], weights: NDArray[np.float64]) -> dict[str, float]:
    """Return recall and precision of whole osteoclasts; optimistic, since the call was fitted there."""
    called = [(each.features @ weights > 0) & each.whole for each in judged]
    right = sum(int((c & each.is_osteoclast).sum()) for c, each in zip(called, judged, strict=True))
    return {
        "recall": right / max(sum(each.n_true for each in judged), 1),
        "precision": right / max(sum(int(c.sum()) for c in called), 1),
    }


def main() -> None:
    """Calibrate and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("calibration", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "model.onnx"
        to_onnx(asked.network, plain, {}, LOW_POWER)
        model = LowPowerModel(plain, None, asked.threads)
        judged = [judge(model, path) for path in sorted(asked.calibration.glob("*.npz"))]
    weights = fit_call(judged)
    facts = {"features": list(CELL_FEATURES), "call_weights": [round(float(w), 5) for w in weights]}
    to_onnx(asked.network, asked.out, facts, LOW_POWER)
    print("calibration", {k: round(v, 3) for k, v in figures_of_merit(judged, weights).items()}, facts)
    print("sha256", LowPowerModel(asked.out, None).sha256)


if __name__ == "__main__":
    main()

"""StarDist, with a model folder from the user's machine (Schmidt et al. 2018, MICCAI; extra ``stardist``)."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from osteocount.errors import OsteoCountError
from osteocount.input_files import read_text
from osteocount.segment.backends.description import InputDescription, described_inputs
from osteocount.segment.backends.network import LEAST_SCORE, Channel, InputPlanes, Instances, Target
from osteocount.segment.backends.onnx import to_percentiles
from osteocount.segment.backends.session import Device, cannot_import
from osteocount.segment.backends.shipped import sigmoid
from osteocount.segment.preprocess.scale import WORKING_UM

_TILE = 1024
_MOST_BYTES = 1_000_000


WEIGHTS = "a StarDist folder"


def is_model(path: Path) -> bool:
    """Whether ``path`` is a model of this kind: no other kind is a folder."""
    return path.is_dir()


def load(path: Path, nucleus_um: float, device: Device) -> StardistNetwork:
    """Load a network; it knows how large its nuclei are."""
    return StardistNetwork(path, described_inputs(path), device)


class StardistNetwork:
    """A StarDist network: ``config.json``, weights in HDF5 and ``thresholds.json`` in one folder.

    Only numbers are read from these files: the network is built by StarDist from its configuration, and its weights
    are arrays by name.

    Parameters
    ----------
    folder
        The model folder.
    description
        Scale and channels it was trained on.
    device
        What it runs on.

    Raises
    ------
    OsteoCountError
        stardist is not installed, CUDA is not there, or the folder does not hold such a network.
    """

    def __init__(self, folder: Path, description: InputDescription, device: Device) -> None:
        weights = _check_folder(folder)
        try:
            import tensorflow
            from stardist.models import StarDist2D
        except ImportError as error:
            raise cannot_import("stardist", ("stardist", "tensorflow"), error) from error
        cards = tensorflow.config.list_physical_devices("GPU")
        if device == "cuda" and not cards:
            raise OsteoCountError("device = cuda, but TensorFlow finds no CUDA here; use --device cpu.")
        self._where = "/GPU:0" if cards and device != "cpu" else "/CPU:0"
        self._tensorflow = tensorflow
        try:
            with _quietly(), tensorflow.device(self._where):
                self._model = StarDist2D(None, name=folder.name, basedir=str(folder.parent))
                self._model.load_weights(weights.name)
        except Exception as error:  # whatever a configuration of another network leads to
            raise OsteoCountError(
                f"{folder.name}: StarDist cannot load this folder ({type(error).__name__}: {str(error)[:150]})."
            ) from error
        self._description, self._inputs = description, int(self._model.config.n_channel_in)

    def segment(self, inputs: InputPlanes, target: Target) -> Instances:
        """Outline the cells or the nuclei; see `Network.segment`.

        Raises
        ------
        OsteoCountError
            The network takes another number of channels.
        """
        scale = inputs.scale(self._description.um_per_px or WORKING_UM)
        channels = self._description.channels or self._usual(inputs, target)
        if len(channels) != self._inputs:
            raise OsteoCountError(
                f"{self._model.name}: this network takes {self._inputs} channels, and {len(channels)} are described "
                f"({', '.join(channels)}); name its channels in osteocount.toml in its folder."
            )
        planes = to_percentiles(inputs.stack(channels, scale))
        one = self._inputs == 1
        line = _logit(float(self._model.thresholds.prob))
        tiles = tuple(-(-side // _TILE) for side in planes.shape[:2])
        with _quietly(), self._tensorflow.device(self._where):
            labels, details = self._model.predict_instances(
                planes[..., 0] if one else planes,
                axes="YX" if one else "YXC",
                # Those below the network's own threshold are candidates, which make the interval of the nuclei.
                prob_thresh=float(sigmoid(np.array(line + _logit(LEAST_SCORE)))),
                n_tiles=tiles if one else (*tiles, 1),
                show_tile_progress=False,
            )
        score = sigmoid(_logit(np.clip(np.asarray(details["prob"], float), 1e-6, 1 - 1e-6)) - line)
        return _numbered(np.asarray(labels, np.int32), score)

    def _usual(self, inputs: InputPlanes, target: Target) -> tuple[Channel, ...]:
        in_colour = self._inputs == 3 and "red" in inputs.channels
        return ("red", "green", "blue") if in_colour else inputs.usual(target)


def _numbered(labels: Any, score: Any) -> Instances:
    """Leave out objects that lie wholly under others, which StarDist numbers but does not draw."""
    drawn, numbers = np.unique(labels, return_inverse=True)
    has_background = int(drawn[0] == 0) if drawn.size else 1
    new = numbers.reshape(labels.shape).astype(np.int32) + (1 - has_background)
    return Instances(new, np.asarray(score[drawn[drawn > 0] - 1], np.float32))


def _logit(chance: Any) -> Any:
    return np.log(chance / (1 - chance))


def _check_folder(folder: Path) -> Path:
    """Return the weights in ``folder``; the best ones, as StarDist itself chooses."""
    config = folder / "config.json"
    named = (path for path in (*folder.glob("*.h5"), *folder.glob("*.hdf5")) if path.is_file())
    weights = sorted(named, key=lambda path: ("best" not in path.name, path))
    if not config.is_file() or not weights:
        raise OsteoCountError(f"{folder}: not a StarDist model: config.json and weights (*.h5) are needed in a folder.")
    try:
        facts = json.loads(read_text(config)) if config.stat().st_size < _MOST_BYTES else None
    except (OSError, ValueError):
        facts = None
    if not isinstance(facts, dict) or facts.get("n_dim") != 2:
        raise OsteoCountError(f"{folder.name}: its config.json is not that of a two-dimensional StarDist model.")
    return weights[0]


@contextlib.contextmanager
def _quietly() -> Any:
    """StarDist prints what it loads; standard output is for results."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield

"""A lab's own network for low power: the one that ships, with its call or its weights taught by the lab's annotations.

Such a file comes from elsewhere, so nothing in it is run before it is known to be our network with other weights.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from osteocount.errors import OsteoCountError
from osteocount.input_files import read_bytes
from osteocount.segment.backends.low_power_call import Finite, LabTrees, LowPowerCall
from osteocount.segment.backends.low_power_model import LowPowerMaps, LowPowerModel, shipped_low_power_model
from osteocount.segment.backends.onnx_file import OnnxFile, read_onnx
from osteocount.segment.backends.session import Device
from osteocount.settings import FrozenModel, SegmentSettings

FORMAT = "osteocount-low-power-1"
PROPERTY = "osteocount"
_MOST_BYTES = 64 * 2**20  # a network of ours has 4 MB
_MOST_WORDS = 500_000  # 100 trees take some 33,000
_OTHER_VERSION = "of another version of OsteoCount: fine-tune again with this one"

Share = Annotated[float, Field(ge=0, le=1)]


class Figures(FrozenModel):
    """Recall, precision and bias of the count on pictures that were left out."""

    recall: Share
    precision: Share
    bias: Finite


class LabFacts(FrozenModel):
    """What travels in the file of a lab's network.

    Attributes
    ----------
    features, call_weights
        As in the network that ships.
    trees
        What the lab's call adds to them; None: the lab's network has other weights instead.
    based_on
        sha256 of the network it was taught from.
    n_pictures, n_wells, n_osteoclasts
        What it was taught.
    before, after
        On wells left out, the network that ships and the lab's.
    p
        Of the gain by chance.
    """

    format: Literal["osteocount-low-power-1"]
    features: tuple[str, ...] = Field(max_length=100)
    call_weights: tuple[Finite, ...] = Field(max_length=100)
    trees: LabTrees | None = None
    based_on: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    n_pictures: int = Field(ge=1)
    n_wells: int = Field(ge=1)
    n_osteoclasts: int = Field(ge=1)
    before: Figures
    after: Figures
    p: Share

    @model_validator(mode="after")
    def _fits(self) -> LabFacts:
        if len(self.features) != len(self.call_weights):
            raise ValueError("the numbers of features and weights differ")
        return self

    def record(self) -> dict[str, Any]:
        """Return what a run says of it."""
        return self.model_dump(mode="json", include={"based_on", "n_pictures", "n_wells", "n_osteoclasts", "after"})


class LabModel(LowPowerModel):
    """A lab's network.

    Parameters
    ----------
    path
        The file, as `osteocount finetune` writes it.
    threads, device
        As for `CellModel`.

    Raises
    ------
    OsteoCountError
        It is not there, or not such a file.
    """

    def __init__(self, path: Path, threads: int = 1, device: Device = "cpu") -> None:
        content = _content(path)
        self.lab, self._path = _lab_facts(path, content), path
        super().__init__(path, hashlib.sha256(content).hexdigest(), threads, device)

    @property
    def call(self) -> LowPowerCall:
        """What calls the cells that are outlined by its maps."""
        return LowPowerCall(np.array(self.lab.call_weights), self.lab.trees)

    def low_power_maps(self, density: NDArray[np.float32]) -> LowPowerMaps:
        """Run the network over a picture; see `LowPowerModel.low_power_maps`.

        Raises
        ------
        OsteoCountError
            It gives numbers that are none: its weights are finite, and too large.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            maps = super().low_power_maps(density)
        if not all(np.isfinite(each).all() for each in maps):
            raise OsteoCountError(
                f"{self._path}: the network gives numbers that are none (NaN or infinite). Fine-tune again, or count "
                "without --model."
            )
        return maps


def low_power_model(wanted: SegmentSettings, threads: int = 1) -> LowPowerModel:
    """Return the network for low power that the settings ask for: the lab's, else the one that ships.

    Raises
    ------
    OsteoCountError
        As `LabModel`.
    """
    if wanted.model is None:
        return shipped_low_power_model(wanted.device, threads)
    path = Path(wanted.model).expanduser()
    return _loaded(path, wanted.device, threads, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=2)
def _loaded(path: Path, device: Device, threads: int, stamp: int) -> LabModel:
    """Load a lab's network once while its ``stamp``, the date of the file, stays."""
    return LabModel(path, threads, device)


def shipped_content() -> bytes:
    """Return the file of the network for low power that ships."""
    return (files("osteocount.segment.backends") / LowPowerModel.file).read_bytes()


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise OsteoCountError(f"{path}: larger than 64 MB; this is no network of `osteocount finetune`.")
        return read_bytes(path)
    except OSError as error:
        raise OsteoCountError(f"{path}: the network of the lab cannot be read ({error.strerror or error}).") from error


def _lab_facts(path: Path, content: bytes) -> LabFacts:
    try:
        file = read_onnx(content)
        words = file.properties.get(PROPERTY, "")
        if len(words) > _MOST_WORDS:
            raise ValueError("too many words in it")
        facts = LabFacts.model_validate_json(words)
        _check_network(file)
    except ValidationError as error:
        raise OsteoCountError(f"{path}: not a network of `osteocount finetune` ({_why(error)}).") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise OsteoCountError(f"{path}: not a network of `osteocount finetune` ({error}).") from error
    return facts


def _check_network(file: OnnxFile) -> None:
    """Refuse operations, sizes or numbers that ours has not."""
    ours = read_onnx(shipped_content())
    if json.loads(file.properties[PROPERTY])["features"] != json.loads(ours.properties[PROPERTY])["features"]:
        raise ValueError(_OTHER_VERSION)
    shapes = [{name: each.shape for name, each in one.weights.items()} for one in (file, ours)]
    if file.skeleton != ours.skeleton or shapes[0] != shapes[1]:
        raise ValueError(_OTHER_VERSION)
    if not all(np.isfinite(each).all() for each in file.weights.values()):
        raise ValueError("it holds numbers that are none")


def _why(error: ValidationError) -> str:
    return str(error.errors()[0]["msg"]).removeprefix("Value error, ")

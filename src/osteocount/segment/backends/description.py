"""The description of a model: a TOML file beside its weights that says what goes in and what comes out.

It is part of what a run is known by, as the weights are: see `weights_hash`.
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular
from osteocount.io.files import model_hash
from osteocount.segment.backends.network import Channel, OutputMeaning
from osteocount.settings import FrozenModel, SegmentSettings, describe_invalid

_MOST_BYTES = 100_000
_HELP = "see “Networks of your own” in the guide"


class InputDescription(FrozenModel):
    """What goes into a network.

    Attributes
    ----------
    um_per_px
        Micrometres per pixel of the pictures it was trained on; None: those of the shipped model.
    channels
        The planes it takes, in this order; empty: what fits the number of its inputs.
    """

    um_per_px: float | None = Field(None, ge=0.05, le=20)
    channels: tuple[Channel, ...] = Field((), max_length=16)


class OnnxDescription(InputDescription):
    """What goes into an ONNX network, and what comes out.

    Attributes
    ----------
    scaling
        ``none``: the planes as they are; ``percentiles``: the 1st becomes 0 and the 99.8th 1, for each plane.
    mean, std
        One number per channel, subtracted and divided by after the scaling; empty: 0 and 1.
    layout
        Order of the axes, for the input and every output.
    tile, margin, multiple_of
        Side in pixels of the parts the picture is run in, how much around a part is shown for context, and what the
        sides of the input must be a multiple of.
    outputs
        For each output by its name, what its channels mean.
    logits
        Whether outputs other than flows and distance still have to go through a sigmoid.
    """

    um_per_px: float = Field(ge=0.05, le=20)
    channels: tuple[Channel, ...] = Field(min_length=1, max_length=16)
    scaling: Literal["none", "percentiles"] = "none"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    tile: int = Field(512, ge=16, le=8192)
    margin: int = Field(64, ge=0, le=1024)
    multiple_of: int = Field(16, ge=1, le=256)
    outputs: dict[str, tuple[OutputMeaning, ...]] = Field(min_length=1, max_length=16)
    logits: bool = False

    @property
    def meanings(self) -> tuple[OutputMeaning, ...]:
        """All that the outputs mean, in order."""
        return tuple(meaning for channels in self.outputs.values() for meaning in channels)

    @property
    def marks_nuclei(self) -> bool:
        """Whether nuclei can be found in the outputs."""
        return "nucleus" in self.meanings or "nucleus_centre" in self.meanings

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        used = [meaning for meaning in self.meanings if meaning != "ignore"]
        twice = sorted({meaning for meaning in used if used.count(meaning) > 1})
        problems = [f"outputs name {', '.join(twice)} twice"] if twice else []
        if "foreground" not in used and not self.marks_nuclei:
            problems.append("no output is 'foreground', 'nucleus' or 'nucleus_centre'")
        if ("flow_y" in used) != ("flow_x" in used):
            problems.append("flow_y and flow_x go together")
        for name, given in (("mean", self.mean), ("std", self.std)):
            if given and len(given) != len(self.channels):
                problems.append(f"{name} has {len(given)} numbers for {len(self.channels)} channels")
        if not all(math.isfinite(value) for value in (*self.mean, *self.std)) or 0 in self.std:
            problems.append("mean and std must be finite, std not 0")
        if self.tile % self.multiple_of or self.margin % self.multiple_of:
            problems.append(f"tile and margin must be multiples of multiple_of = {self.multiple_of}")
        if problems:
            raise ValueError("; ".join(problems))
        return self


_D = TypeVar("_D", bound=InputDescription)


def description_file(weights: Path) -> Path:
    """Return where the description of ``weights`` is: inside a folder, or beside a file."""
    if weights.is_dir():
        return weights / "osteocount.toml"
    return weights.with_suffix(".toml") if weights.suffix == ".onnx" else weights.with_name(weights.name + ".toml")


def described_inputs(weights: Path) -> InputDescription:
    """Return what the description of ``weights`` says of their input; one that leaves all open where there is none."""
    path = description_file(weights)
    return read_description(path, InputDescription) if path.is_file() else InputDescription()


def read_description(path: Path, kind: type[_D]) -> _D:
    """Read a description.

    Raises
    ------
    OsteoCountError
        The file cannot be read, is not TOML, or says something impossible; every problem is named.
    """
    try:
        check_regular(path)
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise OsteoCountError(f"{path.name}: too long for the description of a model; {_HELP}.")
        return kind.model_validate(tomllib.loads(content.decode()))
    except OSError as error:
        raise OsteoCountError(f"{path}: the description of the model cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OsteoCountError(f"{path.name}: not a description of a model ({error}); {_HELP}.") from error
    except ValidationError as error:
        raise OsteoCountError(f"{path.name}: {describe_invalid(error)}; {_HELP}.") from error


def weights_hash(wanted: SegmentSettings) -> str:
    """Return what changes when the models that the settings name, or their descriptions, do; "" without any."""
    named = [Path(name).expanduser() for name in (wanted.cell_model, wanted.nucleus_model) if name is not None]
    files = [file for path in named for file in (path, description_file(path)) if file.exists()]
    if wanted.model is not None:  # it describes itself
        files += [path for path in (Path(wanted.model).expanduser(),) if path.exists()]
    return " ".join(model_hash(file) for file in files)

"""The shipped network for low power: cells, and which of them are osteoclasts by their appearance as a whole."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from osteocount.segment.backends.low_power_call import LowPowerCall
from osteocount.segment.backends.session import Device
from osteocount.segment.backends.shipped import CellModel

#: sha256 of the shipped file; another file under its name is refused.
LOW_POWER_SHA256 = "07ebd186d966c5a67a7e024f842f7530ef1e3f9e8314d1b0793c06658aab31fd"
#: µm per pixel at which the network was trained (with a spread of 15 %). Nuclei are then 4 to 6 pixels across.
NETWORK_UM = 2.0


class LowPowerMaps(NamedTuple):
    """The maps of the network: logits, each (height, width) float16.

    Attributes
    ----------
    cell, core
        Of lying in a cell, of lying in one further than 2 px from its border.
    osteoclast
        Of lying in an osteoclast; it means something inside cells only.
    centre
        Of being the centre of a nucleus; it helped the network to learn, and tells the scale of a picture.
    """

    cell: NDArray[np.float16]
    core: NDArray[np.float16]
    osteoclast: NDArray[np.float16]
    centre: NDArray[np.float16]


class LowPowerModel(CellModel):
    """The network for low power; see `CellModel`. It halves its input five times and sees further."""

    file: ClassVar[str] = "low_power.onnx"
    step: ClassVar[int] = 32
    margin: ClassVar[int] = 192
    mirrored: ClassVar[int] = 64
    looks_at_once: ClassVar[int] = 1  # in floats, two would take much memory
    n_maps: ClassVar[int] = len(LowPowerMaps._fields)

    def __init__(
        self,
        path: Path | None = None,
        sha256: str | None = LOW_POWER_SHA256,
        threads: int = 1,
        device: Device = "cpu",
    ) -> None:
        super().__init__(path, sha256, threads, device)

    @property
    def call(self) -> LowPowerCall:
        """What calls the cells that are outlined by its maps."""
        return LowPowerCall(np.array(self.facts["call_weights"], float))

    def low_power_maps(self, density: NDArray[np.float32]) -> LowPowerMaps:
        """Run the network over a picture (height, width, 3): OD of R, G, B at `NETWORK_UM`."""
        logits = np.empty((self.n_maps, *density.shape[:2]), np.float16)  # half the memory; a logit to 0.004 is plenty
        self.fill(logits, density)
        return LowPowerMaps(*logits)


@cache
def shipped_low_power_model(device: Device = "cpu", threads: int = 1) -> LowPowerModel:
    """Return the shipped model, loaded once."""
    return LowPowerModel(threads=threads, device=device)

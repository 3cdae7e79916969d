"""What finds the cells and nuclei of a brightfield picture, one window after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Picture
from osteocount.segment.detectors.low_power import LowPowerDetector
from osteocount.segment.doubt import Doubts
from osteocount.segment.morphology import ByteMask
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.preprocess.stains import Stains
from osteocount.segment.segmentation import Regime, Segmentation
from osteocount.segment.tiling.packing import Bodies
from osteocount.segment.tiling.tile_result import TileResult
from osteocount.segment.tiling.tiles import Box, Density


@dataclass(frozen=True)
class WindowFeatures:
    """One part of a picture, as far as it can be worked out without its stains.

    Attributes
    ----------
    box
        Where it lies in the analysed picture.
    density
        (height, width, 3) lightly smoothed optical density.
    mask
        (height, width) 1 inside cells.
    """

    box: Box
    density: NDArray[np.float32]
    mask: ByteMask


Features = TypeVar("Features", bound=WindowFeatures)


class Detector(Protocol[Features]):
    """A way to find cells and nuclei in windows of a picture at one scale.

    What it says of a body of cells depends on nothing that lies further than ``receptive_radius`` from it, nor on
    where the window lies, as long as that begins on multiples of 64 pixels.

    Attributes
    ----------
    receptive_radius
        In analysed pixels.
    tile_side
        Analysed pixels along a tile of a large picture, a compromise of time and memory.
    interval_tail
        The ``tail`` by which `count_nuclei` makes an interval of the scores that hold the truth nine times of ten.
    no_cells
        What a reader is told of a picture without cells.
    record
        What a reader must know of the method.
    """

    receptive_radius: int
    tile_side: int
    interval_tail: float
    no_cells: str
    record: dict[str, Any]

    def prepare(
        self, box: Box, density: Density, inside: NDArray[np.bool_] | None, later: Sequence[Box] | None = None
    ) -> Features:
        """Outline what may be cells.

        Parameters
        ----------
        box
            The window.
        density
            Of the picture.
        inside
            (height, width), False outside the well; None: all inside.
        later
            Where the windows lie that are still to be looked at; None where that is not known.
        """
        ...

    def look_ahead(self, box: Box, density: Density) -> None:
        """Work out what takes longest for the window ``box``, and keep it until that is prepared."""
        ...

    def sample(self, features: Features) -> tuple[NDArray[np.float32], ...]:
        """Return the optical densities (n, 3) by which the stains are told, in as many kinds as `stains` takes."""
        ...

    def doubts(self, density: NDArray[np.float32]) -> Doubts:
        """Measure what speaks against the method's answer in a small window (height, width, 3)."""
        ...

    def stains(self, *samples: NDArray[np.float32]) -> Stains:
        """Estimate the stains from the samples of the whole picture."""
        ...

    def detect(self, features: Features, bodies: Bodies, stains: Stains) -> TileResult:
        """Cut bodies of a window into cells and find their nuclei."""
        ...


@dataclass(frozen=True)
class DetectionMethod:
    """What finds cells and nuclei, as the front end (`osteocount.segment.segmenter.Segmenter`) holds it.

    Attributes
    ----------
    name
        As the settings call it.
    detector
        Makes the detector for a brightfield picture that shows nuclei, at a scale, with threads for each window.
    low_power
        Makes what finds and calls the cells of a low power picture.
    outline
        Gives a segmentation of a whole picture other cells and nuclei; its regime, well and TRAP density stay. None
        where the detector finds them.
    elsewhere
        Regimes in which the method does not work, each with what the record says of who found the cells instead.
    tiles_at_once
        How many tiles of a large picture may be worked on at once. Where preparing one takes all cores, more than one
        only cost memory.
    release
        Frees what the method holds in memory, after a large picture.
    """

    name: str
    detector: Callable[[Scale, int], Detector[Any]]
    low_power: Callable[[], LowPowerDetector]
    outline: Callable[[Picture, Segmentation], Segmentation] | None = None
    elsewhere: Mapping[Regime, str] = field(default_factory=dict)
    tiles_at_once: int = 2
    release: Callable[[], None] | None = None

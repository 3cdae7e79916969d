"""An annotated picture as a network sees it: which of its cells are annotated, and what they are called by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteocount.finetune.scenes import AnnotatedScene
from osteocount.finetune.scores import JudgedCells, Tally, judge_cells, tally_blocks
from osteocount.segment.backends.low_power_call import LowPowerCall
from osteocount.segment.backends.low_power_model import LowPowerModel
from osteocount.segment.detectors.cell_appearance import cell_appearance
from osteocount.segment.detectors.learned_low_power import LARGEST_UM, cell_features, outline_cells


@dataclass(frozen=True)
class SeenPicture:
    """The cells of a network in an annotated picture.

    Attributes
    ----------
    scene, cells
        The picture, and the cells that the network outlines in it.
    features, appearance
        (n + 1, k) what they are called by, see `cell_features` and `cell_appearance`.
    """

    scene: AnnotatedScene
    cells: JudgedCells
    features: NDArray[np.float64]
    appearance: NDArray[np.float32]

    def logit(self, call: LowPowerCall) -> NDArray[np.float64]:
        """Return the logit (n + 1,) of each cell."""
        return call.logit(self.features, lambda: self.appearance)

    def tallies(self, call: LowPowerCall) -> list[Tally]:
        """Count by square millimetres."""
        return tally_blocks(self.scene, self.cells, self.logit(call) > 0)


def see(scene: AnnotatedScene, model: LowPowerModel) -> SeenPicture:
    """Outline the cells of an annotated picture, and measure them."""
    density = scene.density.astype(np.float32)
    maps = model.low_power_maps(density)
    labels = outline_cells(maps, scene.inside, scene.scale)
    features = cell_features(labels, maps, scene.scale, LARGEST_UM)
    appearance = cell_appearance(labels, maps, density, scene.scale)
    return SeenPicture(scene, judge_cells(scene, labels), features, appearance)


def n_annotated(pictures: Sequence[SeenPicture]) -> int:
    """Return how many osteoclasts are to be called in some pictures."""
    return sum(int(each.scene.countable.sum()) for each in pictures)

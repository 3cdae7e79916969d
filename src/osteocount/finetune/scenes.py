"""Annotated pictures as the network for low power is given them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.evaluation.ground_truth import GroundTruth
from osteocount.io.picture import Picture
from osteocount.segment.backends.low_power_model import shipped_low_power_model
from osteocount.segment.detectors.detector import DetectionMethod
from osteocount.segment.detectors.learned_low_power import LearnedLowPowerDetector
from osteocount.segment.detectors.low_power import LowPowerCells
from osteocount.segment.preprocess.scale import Scale, nearest
from osteocount.segment.segmenter import Segmenter
from osteocount.settings import Settings

_ONLY_LOW_POWER = (
    "Only the network for low power (pixels coarser than 1.25 µm) can be fine-tuned; where nuclei are seen, "
    "`osteocount train` learns from corrections."
)


@dataclass(frozen=True)
class AnnotatedScene:
    """An annotated picture at the scale of the network.

    Attributes
    ----------
    name, well
        The picture, and what is left out together with it.
    density
        (h, w, 3) float16 optical density; 0 outside the well.
    inside
        (h, w), False outside the well.
    scale
        Of the density.
    cells
        (h, w) int32 annotated cells 1..n.
    osteoclast, unsure
        (n + 1,) what the annotator said of each; an unsure one may be called either way.
    cut
        (n + 1,) whether the border of the picture cuts it.
    """

    name: str
    well: str
    density: NDArray[np.float16]
    inside: NDArray[np.bool_]
    scale: Scale
    cells: NDArray[np.int32]
    osteoclast: NDArray[np.bool_]
    unsure: NDArray[np.bool_]
    cut: NDArray[np.bool_]

    @property
    def countable(self) -> NDArray[np.bool_]:
        """(n + 1,) osteoclasts that can be counted: the annotator was sure, and the border does not cut them."""
        return np.asarray(self.osteoclast & ~self.unsure & ~self.cut)


def annotated_scene(picture: Picture, truth: GroundTruth, settings: Settings, well: str) -> AnnotatedScene:
    """Bring a picture and its annotation to the scale of the network, by the way every picture goes that is counted.

    Raises
    ------
    OsteoCountError
        It is no picture at low power, or not annotated by outlines.
    """
    name = picture.path.name
    if truth.labels is None:
        raise OsteoCountError(f"{name}: annotated by points. A network learns from outlines.")
    looker = _Looker()

    def refuse(_: Scale, __: int) -> NoReturn:
        raise OsteoCountError(f"{name}: {_ONLY_LOW_POWER}")

    found = Segmenter(settings, DetectionMethod("learned", refuse, lambda: looker)).segment(picture)
    if looker.density is None or looker.scale is None:
        raise OsteoCountError(f"{name}: a picture of {found.regime}. {_ONLY_LOW_POWER}")
    rows, columns = (
        nearest(have, wanted) for have, wanted in zip(looker.density.shape, truth.labels.shape, strict=False)
    )
    at_scale = truth.labels[rows[:, None], columns[None, :]]
    ids, cells = np.unique(at_scale, return_inverse=True)
    if ids[0] != 0:
        ids, cells = np.append(0, ids), cells + 1
    said = truth.table.set_index("cell_id")["is_osteoclast"].reindex(ids[1:])
    osteoclast, unsure = said.fillna(False).to_numpy(bool), said.isna().to_numpy(bool)
    labels = cells.reshape(at_scale.shape).astype(np.int32)
    return AnnotatedScene(
        name, well, looker.density.astype(np.float16), looker.inside, looker.scale, labels,
        np.append(False, osteoclast), np.append(False, unsure), cut_by_border(labels, ids.size),
    )  # fmt: skip


def cut_by_border(labels: NDArray[np.int32], size: int) -> NDArray[np.bool_]:
    """Return (size,) which labels the border of the picture cuts."""
    cut = np.zeros(size, bool)
    cut[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = True
    cut[0] = False
    return cut


class _Looker(LearnedLowPowerDetector):
    """Takes down what the detector for low power is given."""

    def __init__(self) -> None:
        super().__init__(shipped_low_power_model())
        self.density: NDArray[np.float32] | None = None
        self.inside = np.zeros((0, 0), bool)
        self.scale: Scale | None = None

    def find(
        self, density: NDArray[np.float32], inside: NDArray[np.bool_], scale: Scale, mononuclear_um: float
    ) -> LowPowerCells:
        self.density, self.inside, self.scale = density, inside, scale
        nothing = np.zeros(1)
        return LowPowerCells(np.zeros(inside.shape, np.int32), nothing > 0, nothing, nothing > 0, {})

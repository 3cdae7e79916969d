"""Cells at low power by a network: outlined, parted where they touch, and called by their appearance as a whole.

The network was trained on simulated crops of whole wells. Cores of cells are markers of a watershed (Meyer and Beucher
1990, J Vis Commun Image Represent 1:21); a cell is called by a logistic regression on what the network says of its
pixels and on its size, fitted on simulated crops too (training/export_low_power.py).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Pixels
from osteocount.segment.backends.lab_model import LabModel
from osteocount.segment.backends.low_power_model import NETWORK_UM, LowPowerMaps, LowPowerModel
from osteocount.segment.backends.shipped import sigmoid
from osteocount.segment.detectors.cell_appearance import cell_appearance
from osteocount.segment.detectors.low_power import LowPowerCells
from osteocount.segment.doubt import (
    Doubts,
    mean_disagreement,
    noise,
    nuclear_contrast,
    unstained_share,
    window_to_doubt,
)
from osteocount.segment.morphology import disc_area, disk, gaussian, holes_filled, large_enough
from osteocount.segment.object_tables import CalledBy, mean_per_label
from osteocount.segment.preprocess.illumination import optical_density
from osteocount.segment.preprocess.scale import Scale, labels_to_size, resample
from osteocount.segment.preprocess.stains import DENSITY_WEIGHTS

# Chosen on the annotated tiles of whole wells and on simulated crops, where both agree (docs/model_card.md).
_CELL_LOGIT = 1.0  # from which a pixel lies in a cell: the network draws cells a little wide where they fade out
_CORE_LOGIT = -0.25  # from which it lies in the core of one
_REACH_UM = 12.0  # how far from its core a cell reaches: what lies further, as chains of small cells do, is not its own
_SMALLEST_UM = 12.0  # diameter of the smallest body that is told as a cell
_HOLE_UM = 25.0  # a gap in a cell up to this diameter is a vacuole
_PALE_OD = 0.12  # mean density below which a large cell is a pale giant: a ghost, as annotators call it
# A picture of unknown scale is tried at these; the network was trained at 2 µm with a spread of 15 %, so steps of a
# third are fine enough. From 1.3 µm on nuclei are not resolved; coarser than 7 µm an osteoclast is ten pixels across.
_SCALE_STEP = 4 / 3
_SCALES_UM = tuple(1.3 * _SCALE_STEP**n for n in range(7))
# What is sharper is seen more clearly, and a picture is the sharper the finer it is taken for. So all are brought to
# the sharpness of one at this scale. With it, and nuclei counted twice, annotated tiles of whole wells are taken for
# 1.10 of their scale, at half their size for .97 of it (medians of eight tiles; without, 1.01 and .83).
_AS_SHARP_AS_UM = 4.1
_NUCLEI_TELL = 2.0
_CLEAREST_NUCLEI = 20  # by which it is judged how clearly nuclei are seen: a picture with a few osteoclasts has them
_SAMPLE_PX = 480  # of the file along a side of what is tried: at 7 µm that is 1,700 pixels for the network
_FEWEST = 10  # cells from which the scale can be told
# A cell is called by a parabola of its diameter that was fitted on simulated crops and has its summit at 100 µm. What
# is larger is no less of an osteoclast, yet one of 700 µm would fall far down the other side. A judgement.
LARGEST_UM = 200.0
#: What a cell is called by, in this order; see `cell_features`.
CELL_FEATURES = ("one", "osteoclast", "surest", "cell", "log_diameter", "log_diameter_squared")


class LearnedLowPowerDetector:
    """Cells by the network for low power; see `LowPowerDetector`.

    Parameters
    ----------
    model
        The network.
    """

    working_um = NETWORK_UM
    light_blocks = 2.0
    by: CalledBy = "appearance"

    def __init__(self, model: LowPowerModel) -> None:
        self._model = model
        self.caution = f"nuclei are not resolved, so osteoclasts are called by how cells look. {_known_of(model)}"

    def find(
        self, density: NDArray[np.float32], inside: NDArray[np.bool_], scale: Scale, mononuclear_um: float
    ) -> LowPowerCells:
        """Outline the cells and call those that look like osteoclasts."""
        maps = self._model.low_power_maps(density)
        labels = outline_cells(maps, inside, scale)
        features = cell_features(labels, maps, scale, LARGEST_UM)
        appearance = partial(cell_appearance, labels, maps, density, scale)
        chance = sigmoid(self._model.call.logit(features, appearance)).astype(float)
        total = mean_per_label(labels, cv2.transform(density, DENSITY_WEIGHTS[None]))
        called = chance >= 0.5
        called[0] = False
        record: dict[str, Any] = {"low_power_model_sha256": self._model.sha256}
        if isinstance(self._model, LabModel):
            record["low_power_lab"] = self._model.lab.record()
        confidence, pale = np.where(called, chance, 1 - chance), called & (total < _PALE_OD)
        return LowPowerCells(labels, called, confidence, pale, record, self._doubts(density, maps, labels, inside))

    def _doubts(
        self, density: NDArray[np.float32], maps: LowPowerMaps, labels: NDArray[np.int32], inside: NDArray[np.bool_]
    ) -> Doubts:
        """Measure what speaks against the cells that were found."""
        where = window_to_doubt(density)
        differ = where and mean_disagreement(self._model.disagreement(density[where]), density[where])
        cell = sigmoid(maps.cell.astype(np.float32) - _CELL_LOGIT)
        unsure = float(np.minimum(cell, 1 - cell)[inside].sum())
        border = int(cv2.countNonZero(cv2.morphologyEx((labels > 0).astype(np.uint8), cv2.MORPH_GRADIENT, disk(1))))
        return Doubts(
            cells_differ=float("nan") if differ is None else float(differ[0]),
            seam=unsure / max(border, 1),
            contrast=nuclear_contrast(gaussian(maps.centre.astype(np.float32), 0.6), labels),
            unstained=unstained_share(labels, density),
            noise=noise(density, inside),
        )

    def estimate_um(self, pixels: Pixels, inside: NDArray[np.bool_]) -> float | None:
        """Return the scale, of a series, at which the network sees the middle of a picture most clearly."""
        y, x = (slice(max(0, (side - _SAMPLE_PX) // 2), (side + _SAMPLE_PX) // 2) for side in pixels.shape[:2])
        sample, within = pixels[y, x], inside[y, x]
        cells, nuclei = np.array([self._clearness(sample, within, um) for um in _SCALES_UM]).T
        if not np.isfinite(cells).any():
            return None
        # Nuclei that are seen best at an end of the series are none: grain, or cells taken for nuclei.
        clear = cells + _NUCLEI_TELL * nuclei if 0 < int(np.nanargmax(nuclei)) < nuclei.size - 1 else cells
        best = int(np.nanargmax(clear))
        around = clear[max(0, best - 1) : best + 2]
        if around.size < 3 or not np.isfinite(around).all():
            return _SCALES_UM[best]
        below, top, above = around  # the summit of the parabola through three points at equal steps of log µm
        shift = 0.5 * (below - above) / min(below - 2 * top + above, -1e-9)
        return float(_SCALES_UM[best] * _SCALE_STEP ** np.clip(shift, -0.5, 0.5))

    def _clearness(self, pixels: Pixels, inside: NDArray[np.bool_], um: float) -> tuple[float, float]:
        """Return how clearly cells and nuclei are seen if a pixel has a side of ``um``, each from 0 to 1.

        Cells: how sure the calls are, over the area of all; it tells the scale where nuclei are too small to be seen.
        Nuclei: how sure the surest are; at another scale they are too large or too small.
        """
        zoom = um / NETWORK_UM
        resampled = resample(pixels, zoom)
        within = labels_to_size(inside.astype(np.int32), (resampled.shape[0], resampled.shape[1])) > 0
        density, _ = optical_density(resampled, within, NETWORK_UM / self.light_blocks)
        density[~within] = 0
        maps, scale = self._model.low_power_maps(_as_sharp(density, zoom)), Scale(NETWORK_UM, zoom, "tried")
        labels = outline_cells(maps, within, scale)
        area = np.bincount(labels.ravel())[1:]
        if area.size < _FEWEST:
            return np.nan, np.nan
        logit = cell_features(labels, maps, scale)[1:] @ np.array(self._model.facts["call_weights"])
        sure = np.average(np.abs(2 * sigmoid(logit) - 1), weights=area)
        centre = gaussian(maps.centre.astype(np.float32), 0.6)
        peaks = centre[(centre >= cv2.dilate(centre, np.ones((3, 3), np.uint8))) & (labels > 0)]
        nuclei = np.sort(sigmoid(peaks))[-_CLEAREST_NUCLEI:]
        return float(sure), float(nuclei.sum() / _CLEAREST_NUCLEI)


def _as_sharp(density: NDArray[np.float32], zoom: float) -> NDArray[np.float32]:
    """Blur what was taken for a picture finer than `_AS_SHARP_AS_UM`; a pixel blurs by half its side."""
    lacks = (_AS_SHARP_AS_UM / NETWORK_UM) ** 2 - max(zoom, 1.0) ** 2
    return gaussian(density, 0.5 * lacks**0.5) if lacks > 0 else density


def _known_of(model: LowPowerModel) -> str:
    """Say how good the calls of a network are known to be."""
    if not isinstance(model, LabModel):
        return (
            "On whole wells of another lab (1,725 annotated osteoclasts, 2.03 µm per pixel) three of four were found, "
            "and one of four calls was wrong: count some wells by hand to know how it is on yours."
        )
    lab = model.lab
    return (
        f"The network was fine-tuned on {lab.n_pictures} annotated pictures of the lab; of wells left out meanwhile it "
        f"found {lab.after.recall:.0%} of the annotated osteoclasts, and {lab.after.precision:.0%} of its calls were "
        f"right (before: {lab.before.recall:.0%} and {lab.before.precision:.0%}). On pictures of another kind that "
        "does not hold."
    )


def outline_cells(maps: LowPowerMaps, inside: NDArray[np.bool_], scale: Scale) -> NDArray[np.int32]:
    """Return (height, width) labels 1..n of the cells, in raster order: cores grown to the edge of the cells."""
    from skimage.segmentation import watershed

    mask = holes_filled(((maps.cell > _CELL_LOGIT) & inside).astype(np.uint8), disc_area(scale.px(_HOLE_UM))) > 0
    core = gaussian(maps.core.astype(np.float32), 0.7)
    in_core = (core > _CORE_LOGIT) & mask
    _, seeds = cv2.connectedComponents(in_core.astype(np.uint8), connectivity=4)
    far = cv2.distanceTransform((~in_core).astype(np.uint8), cv2.DIST_L2, 5) > scale.px(_REACH_UM)
    labels = watershed(-core, seeds, mask=mask & ~far)
    _, others = cv2.connectedComponents((mask & (labels == 0)).astype(np.uint8), connectivity=4)  # cells without a core
    return large_enough(np.where(others > 0, others + labels.max(), labels), disc_area(scale.px(_SMALLEST_UM)))


def cell_features(
    labels: NDArray[np.int32], maps: LowPowerMaps, scale: Scale, largest_um: float = np.inf
) -> NDArray[np.float64]:
    """Return the features (n + 1, 6) of each cell in the order of `CELL_FEATURES`.

    ``osteoclast`` is the mean logit of lying in an osteoclast; ``surest``, the mean over the pixels of the core;
    ``cell``, the mean logit of lying in a cell; ``log_diameter``, of a disc of its area, over 50 µm; larger cells than
    ``largest_um`` are taken as of that.
    """
    size = int(labels.max(initial=0)) + 1
    area = np.bincount(labels.ravel(), minlength=size)
    osteoclast = np.clip(maps.osteoclast.astype(np.float32), -6, 6)
    core = np.where(maps.core > _CORE_LOGIT, labels, 0)
    n_core = np.bincount(core.ravel(), minlength=size)
    mean = mean_per_label(labels, osteoclast)
    in_core = np.bincount(core.ravel(), osteoclast.ravel(), size)
    diameter = np.log(np.minimum(np.sqrt(np.maximum(area, 1) * 4 / np.pi) * scale.um, largest_um) / 50)
    cell = mean_per_label(labels, np.clip(maps.cell.astype(np.float32), -6, 6))
    sure = np.where(n_core > 0, in_core / np.maximum(n_core, 1), mean)
    return np.stack([np.ones(size), mean, sure, cell, diameter, diameter**2], axis=1)

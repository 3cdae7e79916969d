"""How cells at low power look: what a lab's own call is fitted on, beside what calls them in the network that ships.

Which measures there are was chosen on the annotated wells of one lab (docs/finetune.md): fewer did as well as many.
"""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.segment.backends.low_power_call import CELL_APPEARANCE
from osteocount.segment.backends.low_power_model import LowPowerMaps
from osteocount.segment.morphology import disk, gaussian
from osteocount.segment.object_tables import mean_per_label
from osteocount.segment.preprocess.scale import Scale

_Kind = TypeVar("_Kind", bound=np.generic)

_SURE = 6.0  # beyond this logit the network is sure, and by how much says nothing
_NUCLEUS = 0.3  # chance from which a peak is taken as a nucleus that is seen
_AROUND_UM = 10.0  # how far the surroundings of a cell reach
_RELATIVE = {
    "log_area": "log_area",
    "darkness": "mean_darkness",
    "redness": "mean_redness",
    "osteoclast": "mean_osteoclast",
    "nuclei": "nuclei",
}


def cell_appearance(
    labels: NDArray[np.int32], maps: LowPowerMaps, density: NDArray[np.float32], scale: Scale
) -> NDArray[np.float32]:
    """Measure how each cell looks.

    Parameters
    ----------
    labels
        (height, width) cells 1..n.
    maps
        What the network says of each pixel.
    density
        (height, width, 3) optical density of R, G, B.
    scale
        Of all of them.

    Returns
    -------
    (n + 1, 27) in the order of `CELL_APPEARANCE`; the row of the background means nothing. Of ``osteoclast``, ``cell``,
    ``core`` and ``centre`` (logits), ``darkness`` (sum of the densities), ``redness`` (green − red) and ``blueness``
    (blue − green) the mean and SD over a cell; then

    - ``nuclei``: sum of the chances of the peaks of ``centre``; ``nuclei_seen``: peaks with a fair chance;
    - ``log_area``: of µm²; ``compactness``: squared length of its border over its area, least for a square;
    - ``touching``: share of its border that touches other cells; ``core``: share of it that is core;
    - ``rim``: how much darker its border is than all of it; ``around``: darkness of what lies within 10 µm of it;
    - ``relative_…``: the same minus the median over all cells of the picture.
    """
    values = _values(maps, density)
    mean = {name: mean_per_label(labels, each) for name, each in values.items()}
    square = {name: mean_per_label(labels, each * each) for name, each in values.items()}
    looks = {f"mean_{name}": each for name, each in mean.items()}
    looks |= {f"sd_{name}": np.sqrt(np.maximum(square[name] - mean[name] ** 2, 0)) for name in values}
    looks |= _nuclei(labels, maps.centre) | _shape(labels, scale.um)
    darkness, size = values["darkness"], mean["darkness"].size
    near = cv2.dilate(labels.astype(np.float32), disk(round(scale.px(_AROUND_UM)))).astype(np.int32)
    looks["core"] = mean_per_label(labels, (maps.core > 0).astype(np.float32))
    looks["rim"] = mean_per_label(np.where(_rim(labels), labels, 0), darkness, size) - mean["darkness"]
    looks["around"] = mean_per_label(np.where(labels == 0, near, 0), darkness, size)
    for name, of in _RELATIVE.items():
        looks[f"relative_{name}"] = looks[of] - (np.median(looks[of][1:]) if labels.any() else 0)
    return np.stack([looks[name] for name in CELL_APPEARANCE], axis=1).astype(np.float32)


def _values(maps: LowPowerMaps, density: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return (height, width) for each pixel: what the network says of it, and its stain."""
    logits = {name: np.clip(each.astype(np.float32), -_SURE, _SURE) for name, each in maps._asdict().items()}
    red, green, blue = np.moveaxis(density, 2, 0)
    return logits | {"darkness": red + green + blue, "redness": green - red, "blueness": blue - green}


def _nuclei(labels: NDArray[np.int32], centre: NDArray[np.float16]) -> dict[str, NDArray[np.float64]]:
    smooth = gaussian(centre.astype(np.float32), 0.6)
    peaks = (smooth >= cv2.dilate(smooth, np.ones((3, 3), np.uint8))) & (labels > 0)
    chance, cell, size = 1 / (1 + np.exp(-smooth[peaks].astype(float))), labels[peaks], int(labels.max(initial=0)) + 1
    return {
        "nuclei": np.bincount(cell, chance, size),
        "nuclei_seen": np.bincount(cell[chance > _NUCLEUS], minlength=size).astype(float),
    }


def _shape(labels: NDArray[np.int32], um: float) -> dict[str, NDArray[np.float64]]:
    area = np.maximum(np.bincount(labels.ravel()), 1)
    border, shared = np.zeros(area.size), np.zeros(area.size)
    for one, other in _neighbours(labels):
        apart = one != other
        both = apart & (one > 0) & (other > 0)
        for side in (one, other):
            border += np.bincount(side[apart], minlength=area.size)
            shared += np.bincount(side[both], minlength=area.size)
    return {
        "log_area": np.log(area * um**2),
        "compactness": border**2 / area,
        "touching": shared / np.maximum(border, 1),
    }


def _rim(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell which pixels lie at the border of their cell."""
    rim = np.zeros(labels.shape, bool)
    for (one, other), (at_one, at_other) in zip(_neighbours(labels), _neighbours(rim), strict=True):
        at_one |= one != other
        at_other |= one != other
    return rim


def _neighbours(pixels: NDArray[_Kind]) -> tuple[tuple[NDArray[_Kind], NDArray[_Kind]], ...]:
    """Return views of a picture on all pairs of pixels that share an edge: side by side, then above each other."""
    return (pixels[:, :-1], pixels[:, 1:]), (pixels[:-1], pixels[1:])

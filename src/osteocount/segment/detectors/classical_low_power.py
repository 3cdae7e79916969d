"""Cells at low power by density and size: osteoclasts are TRAP-positive bodies far larger than mononuclear cells."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Pixels
from osteocount.segment.detectors.low_power import STAINED, LowPowerCells
from osteocount.segment.morphology import (
    ByteMask,
    Region,
    disc_area,
    disk,
    gaussian,
    holes_filled,
    large_enough,
    opened,
    regions,
)
from osteocount.segment.object_tables import CalledBy, size_confidence
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.preprocess.stains import DENSITY_WEIGHTS
from osteocount.segment.split import split_touching
from osteocount.settings import Settings

# Shares and diameters below were set with the size rule; what chose their values is not recorded. The rule itself
# (`segment.large_cell_ratio`, 50 µm) is the middle of what an annotator of whole wells was unsure about.
_WAIST = 0.75  # giants in a heap are convex, so a slight waist parts them
_OPENING = 0.9  # radius, in mononuclear diameters, that no mononuclear cell survives
_DENSE = 0.5  # share of the density of well stained bodies above which giants in a heap are still apart
_SOLID = 0.93  # share of its convex hull that a giant fills at least
_GAP = 0.65  # share of the density of the paler of two giants above which no gap lies between them
_LEANING = 0.6  # share of its depth below which a part of a body is another cell
_PALE_TEXTURE = 0.05  # OD spread inside a pale giant; haze over many cells varies more


class ClassicalLowPowerDetector:
    """Cells by optical density, called by their size; see `LowPowerDetector`.

    A cell is large when the diameter of a disc of its area is at least ``settings.segment.large_cell_ratio`` times
    that of the mononuclear cells of the same picture.

    Parameters
    ----------
    settings
        All settings of the run.
    """

    #: At 5 µm, outlines were too coarse to tell a group of small cells from a large one.
    working_um = 1.5
    light_blocks = 1.0
    by: CalledBy = "size"
    caution = (
        "nuclei are not resolved, so large cells are called osteoclasts. On whole wells of another lab (1,725 "
        "annotated osteoclasts, 2.03 µm per pixel) one in six was found that way: count some wells by hand before you "
        "trust the count."
    )

    def __init__(self, settings: Settings) -> None:
        self._wanted = settings.segment

    def find(
        self, density: NDArray[np.float32], inside: NDArray[np.bool_], scale: Scale, mononuclear_um: float
    ) -> LowPowerCells:
        """Outline the cells and call the large ones."""
        wanted, small = self._wanted, scale.px(mononuclear_um)
        total = density @ DENSITY_WEIGHTS
        dark = (total > STAINED * wanted.trap_threshold).astype(np.uint8)
        labels, pale, small_one = _cells(total, inside, dark, small, scale, wanted.cell_threshold)
        diameters = _diameters(labels)
        large = wanted.large_cell_ratio * small
        is_large = (diameters >= large) & ~small_one & _convex(labels)
        record = {"large_cell_diameter_um": round(mononuclear_um * wanted.large_cell_ratio, 2)}
        return LowPowerCells(labels, is_large, size_confidence(diameters, large), pale, record)

    def estimate_um(self, pixels: Pixels, inside: NDArray[np.bool_]) -> float | None:
        """Cannot tell; the scale is that of the mononuclear cells."""
        return None


def _cells(
    total: NDArray[np.float32],
    inside: NDArray[np.bool_],
    dark: ByteMask,
    small: float,
    scale: Scale,
    pale_threshold: float,
) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Label large bodies, then pale giants, then small cells; also tell which labels are pale and which small."""
    bodies = _bodies(total, dark, small, scale)
    taken = cv2.dilate((bodies > 0).astype(np.uint8), disk(1))
    pale = _pale_giants(total, inside, dark, small, pale_threshold) & (1 - taken)
    _, pale_labels = cv2.connectedComponents(pale, ltype=cv2.CV_32S)
    rest = split_touching(opened(dark & (1 - taken), 1), scale, _WAIST)
    first_pale = int(bodies.max())
    first_rest = first_pale + int(pale_labels.max())
    labels = np.where(bodies > 0, bodies, np.where(pale_labels > 0, pale_labels + first_pale, 0))
    labels = np.where((labels == 0) & (rest > 0), rest + first_rest, labels).astype(np.int32)
    labels = large_enough(labels, disc_area(0.5 * small))
    is_pale, is_small = np.zeros((2, int(labels.max()) + 1), bool)
    is_pale[labels[pale_labels > 0]] = True
    is_small[labels[rest > 0]] = True
    is_pale[0] = is_small[0] = False
    return labels, is_pale, is_small


def _bodies(total: NDArray[np.float32], dark: ByteMask, small: float, scale: Scale) -> NDArray[np.int32]:
    """Label the bodies that stay when everything as narrow as a mononuclear cell is opened away.

    Bodies are parted where they are densest, which keeps heaps of giants apart, and then grow to their full outline.
    """
    from skimage.segmentation import watershed

    radius = max(2, round(_OPENING * small))
    whole = opened(dark, radius)
    dense = holes_filled((total > _DENSE * _stained_level(total, dark)).astype(np.uint8), disc_area(2 * small))
    dense = opened(dense & whole, radius)
    seeds = split_touching(dense, scale, _WAIST)
    _, alone = cv2.connectedComponents(whole, connectivity=4, ltype=cv2.CV_32S)
    seeded = np.zeros(int(alone.max()) + 1, bool)
    seeded[alone[seeds > 0]] = True
    extra = split_touching(whole * (~seeded[alone]).astype(np.uint8), scale, _WAIST)
    seeds = np.where(extra > 0, extra + seeds.max(), seeds)
    return _trimmed(_made_whole(watershed(-total, seeds, mask=whole > 0).astype(np.int32), total))


def _made_whole(bodies: NDArray[np.int32], total: NDArray[np.float32]) -> NDArray[np.int32]:
    """Join the parts of one giant that is paler in its middle: together more convex than either, without a gap."""
    first = np.arange(int(bodies.max(initial=0)) + 1, dtype=np.int32)
    found = {body.label: body for body in regions(bodies)}
    for body in found.values():
        around = body.window(1)
        inside = bodies[around] == body.label
        beside = (cv2.dilate(inside.astype(np.uint8), disk(1)) > 0) & ~inside
        for other in np.unique(bodies[around][beside]).tolist():
            if other > body.label:
                window = _holding(body, found[other])
                if _are_one(bodies[window] == body.label, bodies[window] == other, total[window]):
                    first[first == first[other]] = first[body.label]
    return first[bodies]


def _holding(one: Region, two: Region) -> tuple[slice, slice]:
    """Return the slices of the box that holds both."""
    return (
        slice(min(one.top, two.top), max(one.top + one.height, two.top + two.height)),
        slice(min(one.left, two.left), max(one.left + one.width, two.left + two.width)),
    )


def _are_one(one: NDArray[np.bool_], two: NDArray[np.bool_], total: NDArray[np.float32]) -> bool:
    """Tell halves of one giant from two giants that touch."""
    if _solidity(one | two) < max(_solidity(one), _solidity(two)):
        return False
    near_one, near_two = (cv2.dilate(part.astype(np.uint8), disk(1)) > 0 for part in (one, two))
    border = total[(near_one & two) | (near_two & one)]
    paler = min(float(np.median(total[one])), float(np.median(total[two])))
    return bool(np.percentile(border, 10) > _GAP * paler)


def _trimmed(bodies: NDArray[np.int32]) -> NDArray[np.int32]:
    """Cut off small cells that lean on a body: what is narrower than a fixed share of it."""
    result = np.zeros_like(bodies)
    for body in regions(bodies):
        window = body.window(1)
        inside = (bodies[window] == body.label).astype(np.uint8)
        wide = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        depth = float(cv2.distanceTransform(wide, cv2.DIST_L2, 5).max())
        result[window][opened(inside, max(1, round(_LEANING * depth))) > 0] = body.label
    return result


def _convex(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell which labels are convex bodies, not heaps, crescents or debris; entry 0 is the background."""
    result = np.zeros(int(labels.max()) + 1, bool)
    for body in regions(labels):
        result[body.label] = _solidity(labels[body.window()] == body.label) >= _SOLID
    return result


def _solidity(body: NDArray[np.bool_]) -> float:
    """Return the share of its convex hull that a body fills."""
    outline, _ = cv2.findContours(body.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = np.zeros(body.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outline)), 1)
    return float(np.count_nonzero(body) / np.count_nonzero(hull))


def _diameters(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the diameter in pixels of each label: that of a disc of its area.

    Of a round cell of which the frame leaves at least a half, more than half as deep as long, it is the length.
    """
    diameters = np.sqrt(np.bincount(labels.ravel()) * 4 / np.pi)
    cut = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    for label in cut[cut > 0].tolist():
        rows, columns = np.nonzero(labels == label)
        shorter, longer = sorted((np.ptp(rows) + 1, np.ptp(columns) + 1))
        if shorter > longer / 2:
            diameters[label] = max(diameters[label], longer)
    return diameters


def _stained_level(total: NDArray[np.float32], dark: ByteMask) -> float:
    """Return the density of well stained bodies: the 90th percentile of what is stained."""
    values = total[dark > 0]
    return float(np.percentile(values, 90)) if values.size else 1.0


def _pale_giants(
    total: NDArray[np.float32], inside: NDArray[np.bool_], dark: ByteMask, small: float, threshold: float
) -> ByteMask:
    """Return the smooth, weakly stained areas wider than three mononuclear cells."""
    sigma = small / 2
    mean = gaussian(total, sigma)
    spread = np.sqrt(np.maximum(gaussian(total * total, sigma) - mean * mean, 0))
    weak = ((mean > threshold) & (spread < _PALE_TEXTURE) & inside).astype(np.uint8) & (1 - dark)
    return opened(weak, max(2, round(1.5 * small)))

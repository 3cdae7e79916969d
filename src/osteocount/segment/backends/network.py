"""Networks of others: the planes they are given, and cells and nuclei as instances, from the maps they give.

Planes are asked for by name, at the scale the network was trained on. Cells are told apart by flows that end in one
place (Stringer et al. 2021, Nat Methods 18:100), by a watershed from markers (Meyer and Beucher 1990, J Vis Commun
Image Represent 1:21) in cores, between borders or at the h-maxima of a distance map (Soille 2003, Morphological Image
Analysis), or else by their waists.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture
from osteocount.segment.candidate_nuclei import draw_candidates
from osteocount.segment.morphology import disc_area, disk, gaussian, holes_filled
from osteocount.segment.object_tables import mean_per_label
from osteocount.segment.preprocess.channels import find_channels
from osteocount.segment.preprocess.illumination import optical_density
from osteocount.segment.preprocess.scale import Scale, resample, working_scale
from osteocount.segment.preprocess.stains import DENSITY_WEIGHTS
from osteocount.segment.split import split_touching

Channel = Literal["red", "green", "blue", "od_red", "od_green", "od_blue", "density", "cytoplasm", "nuclei"]
_BRIGHTFIELD: tuple[Channel, ...] = get_args(Channel)[:7]
_FLUORESCENCE: tuple[Channel, ...] = get_args(Channel)[7:]
Target = Literal["cells", "nuclei"]
#: What one channel of a network's output may mean.
OutputMeaning = Literal[
    "foreground", "border", "core", "distance", "flow_y", "flow_x", "nucleus", "nucleus_centre", "ignore"
]
OutputMaps = Mapping[OutputMeaning, NDArray[np.float32]]

# What chose the values below, but for the steps, is not recorded.
#: Objects less likely than this are not even candidates.
LEAST_SCORE = 0.1
_HOLE_UM = 12.0  # a gap in a cell up to this diameter is a vacuole
_FLOW_STEPS = 200  # as many as Cellpose makes
_APART = 0.35  # diameters of a nucleus between the centres of two
_RIPPLE = 0.1  # of the largest distance: lower summits of a distance map are ripples


class InputPlanes:
    """The planes of one picture.

    Parameters
    ----------
    picture
        RGB brightfield, or fluorescence with a cytoplasm and a nuclei channel.
    analysed
        (height, width), False outside the well.
    um
        Micrometres per pixel of the file.
    origin
        Where they come from, in words.
    fluorescence
        Whether the picture is one of fluorescence.
    """

    def __init__(
        self, picture: Picture, analysed: NDArray[np.bool_], um: float, origin: str, fluorescence: bool
    ) -> None:
        self._picture, self._analysed, self._um, self._origin = picture, analysed, um, origin
        self.channels = _FLUORESCENCE if fluorescence else _BRIGHTFIELD
        self._cache: dict[Hashable, Any] = {}

    def scale(self, um: float) -> Scale:
        """Return the grid on which a network trained at ``um`` micrometres per pixel takes the picture."""
        return working_scale(self._um, self._origin, um)

    def stack(self, channels: Sequence[Channel], scale: Scale) -> NDArray[np.float32]:
        """Return (height, width, channels) float32 on the grid of ``scale``.

        ``red``, ``green``, ``blue``, ``cytoplasm`` and ``nuclei`` are shares of the highest grey level, the others
        optical densities; ``density`` is the weighted mean of them that outlines cells.

        Raises
        ------
        OsteoCountError
            The picture has no such channel.
        """
        missing = [name for name in channels if name not in self.channels]
        if missing:
            raise OsteoCountError(
                f"{self._picture.path.name}: the model asks for the channels {', '.join(missing)}, and this picture "
                f"has {', '.join(self.channels)}. Use a model made for this kind of picture."
            )
        planes = self.cached(scale, lambda: self._planes(scale))
        return np.stack([planes[name] for name in channels], axis=2)

    def usual(self, target: Target) -> tuple[Channel]:
        """Return the plane that shows a target best, for a network that takes one and is not described."""
        if self.channels == _BRIGHTFIELD:
            return ("density",)
        return ("cytoplasm",) if target == "cells" else ("nuclei",)

    def cached(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what ``make`` gave for this ``key`` the first time."""
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    def _planes(self, scale: Scale) -> dict[Channel, NDArray[np.float32]]:
        top = float(np.iinfo(self._picture.pixels.dtype).max)
        if self.channels == _FLUORESCENCE:
            channels = find_channels(self._picture)
            grey = resample(np.stack([channels.cytoplasm, channels.nuclei], axis=2), scale.zoom) / top
            return dict(zip(_FLUORESCENCE, np.moveaxis(grey.astype(np.float32), 2, 0), strict=True))
        pixels = resample(self._picture.pixels, scale.zoom)
        inside = resample(self._analysed.astype(np.float32)[..., None], scale.zoom)[..., 0] > 0.5
        density, _ = optical_density(pixels, inside, scale.um)
        planes = [*np.moveaxis(pixels / np.float32(top), 2, 0), *np.moveaxis(density, 2, 0), density @ DENSITY_WEIGHTS]
        return dict(zip(_BRIGHTFIELD, planes, strict=True))


@dataclass(frozen=True)
class Instances:
    """Objects that a network outlines.

    Attributes
    ----------
    labels
        (height, width) int32 at the scale of the network, 1..n.
    score
        (n,) 0..1; 0.5 is where the network itself draws the line.
    """

    labels: NDArray[np.int32]
    score: NDArray[np.float32]


class Network(Protocol):
    """A network made by others, with its weights from the user's machine."""

    def segment(self, inputs: InputPlanes, target: Target) -> Instances:
        """Outline the cells or the nuclei of a picture."""
        ...


def cells_from_maps(maps: OutputMaps, scale: Scale) -> Instances:
    """Make cells of a ``foreground`` map (0..1) and of whatever tells touching cells apart.

    In this order: flows, the core of each cell, its border, the distance to its border; with none of them, the waists
    where cells touch.
    """
    foreground = maps["foreground"]
    mask = holes_filled((foreground > 0.5).astype(np.uint8), disc_area(scale.px(_HOLE_UM)))
    inside = mask > 0
    if "flow_y" in maps:
        labels = _where_flows_end(maps["flow_y"], maps["flow_x"], inside)
    elif "core" in maps:
        labels = _grown(inside & (maps["core"] > 0.5), maps["core"], inside)
    elif "border" in maps:
        labels = _grown(inside & (maps["border"] < 0.5), 1 - maps["border"], inside)
    elif "distance" in maps:
        labels = _grown(_summits(maps["distance"], inside), maps["distance"], inside)
    else:
        labels = split_touching(mask, scale)
    return Instances(labels, mean_per_label(labels, foreground)[1:].astype(np.float32))


def nuclei_from_maps(maps: OutputMaps, nucleus_um: float, scale: Scale) -> Instances:
    """Make nuclei of a heat map of their centres, or of where nuclei lie (0..1): one at each peak."""
    extent = maps.get("nucleus", maps.get("nucleus_centre"))
    assert extent is not None  # noqa: S101 - the description of the model promises one of them
    diameter = scale.px(nucleus_um)
    heat = maps.get("nucleus_centre", gaussian(extent, 0.19 * diameter))
    smooth = gaussian(heat, 0.08 * diameter)
    peaks = (smooth >= cv2.dilate(smooth, disk(max(1, round(_APART * diameter))))) & (heat >= LEAST_SCORE)
    y, x = np.nonzero(peaks)
    score = np.clip(heat[y, x], 0, 1).astype(np.float32)
    everywhere = np.zeros(heat.shape, np.int32)
    return Instances(draw_candidates(extent, everywhere, y, x, score, diameter / 2).labels, score)


def _grown(seeds: NDArray[np.bool_], level: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Grow seeds to the edge of the cells, the highest level first; what has no seed is a cell of its own."""
    from skimage.segmentation import watershed

    count, labels = cv2.connectedComponents(seeds.astype(np.uint8), connectivity=4)
    grown = np.asarray(watershed(-level, labels, mask=inside), np.int32)
    _, rest = cv2.connectedComponents((inside & (grown == 0)).astype(np.uint8), connectivity=4)
    return np.asarray(np.where(rest > 0, rest + (count - 1), grown), np.int32)


def _summits(distance: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where the distance to the border is highest, ripples ignored."""
    from skimage.morphology import h_maxima

    within = np.where(inside, distance, 0).astype(np.float32)
    height = _RIPPLE * float(within.max(initial=0))
    return np.asarray(h_maxima(within, height) > 0) & inside if height > 0 else np.zeros(inside.shape, bool)


def _where_flows_end(
    flow_y: NDArray[np.float32], flow_x: NDArray[np.float32], inside: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Follow the flow from every pixel; those that end at the same place are one cell."""
    y, x = (at.astype(np.float32) for at in np.nonzero(inside))
    length = np.maximum(np.hypot(flow_y, flow_x), 1e-6)
    step_y, step_x = (np.where(inside, flow / length, 0).astype(np.float32) for flow in (flow_y, flow_x))
    bottom, right = (side - 1 for side in inside.shape)
    for _ in range(_FLOW_STEPS):
        at = np.rint(y).astype(np.intp), np.rint(x).astype(np.intp)
        y, x = np.clip(y + step_y[at], 0, bottom), np.clip(x + step_x[at], 0, right)
    end = np.rint(y).astype(np.intp), np.rint(x).astype(np.intp)
    reached = np.zeros(inside.shape, np.uint8)
    reached[end] = 1
    _, sinks = cv2.connectedComponents(cv2.dilate(reached, disk(2)), connectivity=8)
    labels = np.zeros(inside.shape, np.int32)
    labels[inside] = np.unique(sinks[end], return_inverse=True)[1].ravel() + 1 if y.size else 0
    return labels

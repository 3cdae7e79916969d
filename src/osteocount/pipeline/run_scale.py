"""One scale for pictures of a run that were taken alike and do not say how large their pixels are.

Each picture alone gives another estimate, and with it another count or even another regime. Before anything is counted
some pictures of the run are looked at; pictures of one size in pixels are of one camera, and sizes whose estimates lie
close together are of one magnification, as the tiles of scans that were cut to several sizes are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from osteocount.errors import OsteoCountError
from osteocount.io.picture import PixelSize
from osteocount.io.read import read_picture
from osteocount.io.tiled_image import InMemoryImage, open_tiled
from osteocount.pipeline.analysis import cores
from osteocount.segment import get_segmenter
from osteocount.segment.regimes.recognise import SEEMS_LOW_POWER_UM, ScaleEvidence, scale_evidence
from osteocount.settings import Settings

Source = tuple[Path, str]
"""File of a picture, and the scene in it; "" where it holds one alone."""

WELL_MM = {"6": 34.8, "12": 22.1, "24": 15.6, "48": 11.05, "96": 6.4}
"""Wells of a plate → inner diameter of a well at its bottom, where the cells lie."""

_MOST = 48  # pictures that are looked at, spread over the run: an estimate of a few dozen no longer moves
_ALIKE = 1.4  # ratio of estimates up to which pictures are of one magnification; objectives differ by 1.6 and more
_SPREAD = 1.6  # ratio between single pictures from which a person is told
_SAMPLED = 8  # pictures at low power whose cells are looked at: a second each, and their median moves by a tenth
_MOST_CELLS = 300  # of a picture that weigh in, so that one confluent picture does not speak for all


@dataclass(frozen=True)
class SharedScale:
    """The scale of the pictures of one size.

    Attributes
    ----------
    height, width
        Of the pictures, in pixels.
    um
        Micrometres per pixel.
    measured
        True when that is a measure, of the rim of a well; False when it is an estimate, by which pictures are analysed
        and which fills no µm column.
    origin
        Where a measure comes from.
    """

    height: int
    width: int
    um: float
    measured: bool
    origin: str = ""


@dataclass(frozen=True)
class RunScale:
    """What was found: the scales, and sentences for the person at the screen."""

    scales: tuple[SharedScale, ...] = ()
    notes: tuple[str, ...] = ()

    def record(self) -> tuple[dict[str, Any], ...]:
        """Return the scales as plain JSON values."""
        return tuple(asdict(scale) for scale in self.scales)


def with_scale(size: PixelSize, shape: tuple[int, ...], scales: Sequence[SharedScale]) -> PixelSize:
    """Return the pixel size of a picture; where it is unknown, with the scale of the pictures it was taken alike."""
    own = next((each for each in scales if (each.height, each.width) == tuple(shape[:2])), None)
    if own is None or size.um is not None:
        return size
    return PixelSize(own.um, own.origin) if own.measured else PixelSize(None, size.origin, own.um)


def estimate_run_scale(sources: Sequence[Source], settings: Settings) -> RunScale:
    """Look at pictures of a run whose pixel size nobody says, and agree on their scale.

    The answer depends on the pictures, their order and the settings alone. A picture that cannot be read is passed over
    here; whoever counts it says what is wrong.
    """
    if settings.picture.pixel_size is not None or settings.picture.regime == "fluorescence":
        return RunScale()
    some = _spread(sources, _MOST)
    with ThreadPoolExecutor(cores()) as pool:
        seen = [(at, each) for at, each in zip(some, pool.map(_evidence, some), strict=True) if each is not None]

    def by_appearance(sizes: Sequence[tuple[int, int]]) -> list[float]:
        return _by_appearance([at for at, each in seen if each.shape in sizes], settings)

    return common_scale([each for _, each in seen], WELL_MM.get(settings.picture.plate_format), by_appearance)


def _spread(sources: Sequence[Source], most: int) -> Sequence[Source]:
    """Return at most so many pictures, spread over the run."""
    if len(sources) <= most:
        return sources
    return [sources[i] for i in np.linspace(0, len(sources) - 1, most).round().astype(int)]


def common_scale(
    seen: Sequence[ScaleEvidence],
    well_mm: float | None,
    by_appearance: Callable[[Sequence[tuple[int, int]]], Sequence[float]],
) -> RunScale:
    """Agree on one scale for pictures taken alike.

    Parameters
    ----------
    seen
        What single pictures say.
    well_mm
        Inner diameter of a well; without it rims say nothing.
    by_appearance
        Gives estimates of some pictures of these sizes by how their cells look, which at low power is the better way.
    """
    by_size: dict[tuple[int, int], list[ScaleEvidence]] = {}
    for each in seen:
        by_size.setdefault(each.shape, []).append(each)
    scales: list[SharedScale] = []
    notes: list[str] = []
    left = {}
    for size, of_size in sorted(by_size.items()):
        um = None if well_mm is None else _by_rim(of_size, well_mm)
        if um is None:
            left[size] = of_size
            continue
        scales.append(SharedScale(*size, um, measured=True, origin=f"rim of the well, {well_mm:g} mm across"))
        notes.append(
            f"The pixel size of pictures of {size[1]} × {size[0]} px is taken from the rim of the well, {well_mm:g} mm "
            f"across: {um:.3f} µm."
        )
    for sizes in _of_one_magnification(left):
        alike = [each for size in sizes for each in left[size]]
        if len(alike) > 1 and any(each.cells_um is not None for each in alike):
            um, note = _agreed(alike, partial(by_appearance, sizes))
            scales += [SharedScale(*size, um, measured=False) for size in sizes]
            notes.append(note)
    return RunScale(tuple(sorted(scales, key=lambda scale: (scale.height, scale.width))), tuple(notes))


def _agreed(alike: Sequence[ScaleEvidence], by_appearance: Callable[[], Sequence[float]]) -> tuple[float, str]:
    """Return micrometres per pixel of pictures of one magnification, and a sentence on them."""
    members = [each for each in alike if each.cells_um is not None]
    estimates = np.array([each.cells_um for each in members], float)
    um = _weighted_median(estimates, np.array([min(each.n_cells, _MOST_CELLS) for each in members], float))
    by = "mononuclear cells"
    if um > SEEMS_LOW_POWER_UM and len(told := by_appearance()):
        um, by, estimates = float(np.median(told)), "looks of the cells", np.array(told)
    low, high = float(estimates.min()), float(estimates.max())
    return um, (
        f"The pictures do not say how large their pixels are: all taken alike are analysed at about {um:.2f} µm "
        f"per pixel, estimated from the {by} of {estimates.size} of them (single pictures say {low:.2f} "
        f"to {high:.2f})."
        + (" They may be of several magnifications: count those apart." if high > _SPREAD * low else "")
        + " Give --pixel-size to be exact."
    )


def _by_appearance(sources: Sequence[Source], settings: Settings) -> list[float]:
    """Return the scales of some low power pictures by how their cells look; what cannot be read says nothing."""
    segmenter, told = get_segmenter(settings, cores()), []
    for path, scene in _spread(sources, _SAMPLED):
        try:
            with open_tiled(path, None, scene, least=1) as image:
                tiled = InMemoryImage(read_picture(path, scene=scene)) if image is None else image
                told.append(segmenter.estimate_low_power_um(tiled))
        except OsteoCountError:  # whoever counts it says what is wrong with it
            continue
    return [um for um in told if um is not None]


def _evidence(source: Source) -> ScaleEvidence | None:
    """Return what one picture says; nothing where its pixel size is known, or it cannot be read."""
    path, scene = source
    try:
        with open_tiled(path, None, scene, least=1) as image:
            if image is not None:
                return scale_evidence(image) if image.pixel_size.um is None else None
        picture = read_picture(path, scene=scene)
        known = picture.pixel_size.um is not None
        return None if known or picture.kind != "rgb" else scale_evidence(InMemoryImage(picture))
    except Exception:  # whoever counts it says what is wrong with it
        return None


def _by_rim(seen: Sequence[ScaleEvidence], well_mm: float) -> float | None:
    """Return micrometres per pixel by the rims of pictures of one size; None where few show one and cells disagree."""
    radii = [each.rim_px for each in seen if each.rim_px is not None]
    if not radii:
        return None
    um = well_mm * 1000 / 2 / float(np.median(radii))
    cells = [each.cells_um for each in seen if each.cells_um is not None]
    agreed = not cells or 1 / _ALIKE < float(np.median(cells)) / um < _ALIKE
    return um if 2 * len(radii) > len(seen) or agreed else None


def _of_one_magnification(
    by_size: dict[tuple[int, int], list[ScaleEvidence]],
) -> list[list[tuple[int, int]]]:
    """Group sizes whose estimates lie close together; one without an estimate joins where there is one group only."""
    known = {
        size: float(np.median([each.cells_um for each in seen if each.cells_um is not None]))
        for size, seen in by_size.items()
        if any(each.cells_um is not None for each in seen)
    }
    groups: list[list[tuple[int, int]]] = []
    last = 0.0
    for size in sorted(known, key=lambda each: (known[each], each)):
        if groups and known[size] < _ALIKE * last:
            groups[-1].append(size)
        else:
            groups.append([size])
        last = known[size]
    if len(groups) == 1:
        groups[0] += sorted(set(by_size) - set(known))
    return groups


def _weighted_median(values: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> float:
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])

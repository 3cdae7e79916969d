"""Whether a colour picture can be a TRAP-stained culture at all; what cannot is refused, with the reason.

The bounds lie between what simulated TRAP pictures of all stains and what pictures of other things show, far from both
(``benchmarks/domain.py`` measures how far).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.errors import OsteoCountError
from osteocount.io.image_quality import focus_ratio
from osteocount.io.picture import Picture
from osteocount.segment.morphology import disk, gaussian
from osteocount.segment.preprocess.illumination import white_point
from osteocount.segment.preprocess.stains import COUNTERSTAIN_PRESETS, DENSITY_WEIGHTS, TRAP_PRESETS

_SIDE = 768  # px of the middle that are measured
_STAINED_OD = 0.12  # clearly darker than the background
_BRIGHT_OD = -0.06  # clearly brighter: light that phase contrast adds beside what is dark, and a stain never does
_THINNEST_UM = 5.0  # nothing of a cell's body is thinner
_FAR_DEGREES = 20.0  # from every stain that is known: another dye
_NEARLY_ALL = 0.95  # share of stained pixels above which there is no background
_FEW = 0.002  # share of stained pixels below which their colour says nothing


@dataclass(frozen=True)
class DomainMeasures:
    """What is measured of a picture; the colours are of its stained pixels, and NaN when there are hardly any.

    Attributes
    ----------
    detail
        Optical density that one pixel of ten thousand exceeds, above or below the background.
    stained, bright
        Shares of pixels clearly darker, and clearly brighter, than the background; where nearly all of the middle is
        stained, that of the whole picture.
    focus
        See `osteocount.io.image_quality.focus_ratio`.
    colour
        Median spread between the channels of unit vectors of optical density; grey is 0.
    foreign
        Share further than 20° from every TRAP product and counterstain.
    green_over_red
        How much more of green than of red the reddest of them absorb, as parts of a unit vector.
    solid
        Share that is part of something at least 5 µm wide.
    """

    detail: float
    stained: float
    bright: float
    focus: float
    colour: float
    unknown_colours: float
    green_over_red: float
    solid: float


def refuse_out_of_domain(picture: Picture, analysed: NDArray[np.bool_], um: float) -> None:
    """Refuse a picture that does not look like a TRAP-stained culture.

    A well without TRAP-positive cells is no reason: what is hardly stained is judged by its detail alone.

    Parameters
    ----------
    picture
        RGB; its middle is looked at.
    analysed
        (height, width), False outside the well.
    um
        Micrometres per pixel, known or estimated.

    Raises
    ------
    OsteoCountError
        With what it looks like instead.
    """
    reason = rejection_reason(measure_domain(picture, analysed, um))
    if reason:
        raise OsteoCountError(
            f"{picture.path.name}: {reason}. OsteoCount counts TRAP-stained cultures; nothing was counted here. "
            "Check that it is the right file."
        )


def measure_domain(picture: Picture, analysed: NDArray[np.bool_], um: float) -> DomainMeasures:
    """Measure the middle of ``picture``; see `refuse_out_of_domain`."""
    height, width = analysed.shape
    top, left = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    window = np.s_[top : top + _SIDE, left : left + _SIDE]
    pixels, inside = picture.pixels[window].copy(), analysed[window]
    light = white_point(picture.pixels, analysed, um)  # of all of it: one giant may fill the middle
    density = gaussian(light.density(pixels, top, left), 1.0)
    total = np.asarray(cv2.transform(density, DENSITY_WEIGHTS[None]))
    dark = (total > _STAINED_OD) & inside
    detail = float(np.percentile(np.abs(total[inside]), 99.99)) if inside.any() else 0.0
    within = int(np.count_nonzero(inside)) or 1
    stained, bright = (np.count_nonzero(each) / within for each in (dark, (total < _BRIGHT_OD) & inside))
    if stained > _NEARLY_ALL:
        whole = cv2.transform(gaussian(light.density(picture.pixels), 1.0), DENSITY_WEIGHTS[None])
        stained = np.count_nonzero((whole > _STAINED_OD) & analysed) / np.count_nonzero(analysed)
    if stained < _FEW:
        return DomainMeasures(detail, stained, bright, *[float("nan")] * 5)
    found = density[::2, ::2][dark[::2, ::2]]  # a quarter of the pixels has the same colours
    unit = found / np.maximum(np.linalg.norm(found, axis=1), 1e-6)[:, None]
    known = np.array([*TRAP_PRESETS.values(), *COUNTERSTAIN_PRESETS.values()], np.float32)
    nearest = (unit @ (known / np.linalg.norm(known, axis=1)[:, None]).T).max(axis=1)
    body = disk(max(1, round(_THINNEST_UM / 2 / um)))
    solid = cv2.morphologyEx(dark.astype(np.uint8), cv2.MORPH_OPEN, body)
    return DomainMeasures(
        detail,
        stained,
        bright,
        focus_ratio(np.asarray(cv2.transform(pixels.astype(np.float32), np.full((1, 3), 1 / 3, np.float32))), inside),
        float(np.median(np.ptp(unit, axis=1))),
        float((nearest < np.cos(np.radians(_FAR_DEGREES))).mean()),
        float(np.percentile(unit[:, 1] - unit[:, 0], 85)),
        float(solid.sum() / dark.sum()),
    )


def rejection_reason(measured: DomainMeasures) -> str:
    """Return what a picture looks like when it cannot be a TRAP-stained culture, else an empty text.

    Each bound lies between its kind of made-up picture and simulated TRAP pictures of all stains (see the module). The
    first sign that holds is said: those of the whole picture before those of its colours.
    """
    signs = (
        (
            measured.detail < 0.05,
            "nothing can be seen in it, neither cells nor debris: bare plastic or a closed shutter",
        ),
        (measured.stained > _NEARLY_ALL, "it has no background: noise, or an exposure far too short"),
        (
            measured.bright > max(0.01, 0.5 * measured.stained),
            "bright halos lie around what is dark, as in phase contrast",
        ),
        (measured.focus < 0.09, "it is blurred beyond use: no cell has an outline"),
        (measured.solid < 0.5, "what is dark is thinner than any cell, like print or scratches"),
        (measured.colour < 0.06, "what is dark is grey: there is no stain (phase contrast, a scan, a text page)"),
        (measured.green_over_red < 0.0, "what is stained is not purple to red, as TRAP is, but blue, green or yellow"),
        (
            measured.unknown_colours > 0.1,
            "it has colours that neither TRAP nor a counterstain has, like a photograph or a chart",
        ),
        (measured.green_over_red > 0.72, "what is stained is as pink as eosin, like a tissue section (H&E)"),
    )
    return next((words for holds, words in signs if holds), "")

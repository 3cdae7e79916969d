"""An outline for a cell the program missed, from one click: the stain around the click, level by level.

The levels are nested, so that a person can grow and shrink what is proposed; the first shown is the one whose border is
steepest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.curate.edit_log import Point

REACH_UM = 200.0
"""How far from the click an outline may go; half the side of the window that is looked at."""
UNKNOWN_UM = 0.76  # per pixel, where it is not known: the scale that pictures without one are taken for
LONGEST_PX = 450  # of the window that is worked on; a finer picture is reduced
SMOOTHING_UM, OPENING_UM, SEED_UM = 0.8, 1.2, 2.0
"""Blur before the levels are cut; bridges thinner than twice the opening are cut; ground that stands for the click."""
LEVELS = np.linspace(0.9, 0.12, 18)
"""Share of the way from the ground to the click's density at which a level is cut."""
LEAST_CONTRAST = 0.03
"""Optical density by which the click must differ from the ground; of fluorescence the share of the brightest."""
LEAST_UM2 = 25.0
"""A smaller outline is no cell."""
LEAST_GROWTH = 1.02
"""A level whose area differs by less from the one before is the same to a person."""


@dataclass(frozen=True)
class OutlineProposal:
    """Nested outlines, from the smallest, and which of them is proposed."""

    outlines: tuple[tuple[Point, ...], ...]
    chosen: int

    @property
    def outline(self) -> tuple[Point, ...]:
        """The outline that is proposed."""
        return self.outlines[self.chosen]

    def moved(self, down: float, right: float) -> OutlineProposal:
        """Return the proposal in a larger picture, in which this one's corner lies at (down, right)."""
        outlines = tuple(tuple((y + down, x + right) for y, x in outline) for outline in self.outlines)
        return replace(self, outlines=outlines)

    def grown(self, by: int) -> OutlineProposal:
        """Return the proposal with an outline larger by some levels, smaller where ``by`` is negative."""
        return replace(self, chosen=int(np.clip(self.chosen + by, 0, len(self.outlines) - 1)))


def window_around(y: float, x: float, um: float | None, size: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the part of a picture of ``size`` that `propose_outline` looks at."""
    reach = round(REACH_UM / (um or UNKNOWN_UM))
    rows, columns = (slice(max(0, round(at) - reach), min(side, round(at) + reach + 1)) for at, side in
                     ((y, size[0]), (x, size[1])))  # fmt: skip
    return rows, columns


def propose_outline(
    pixels: NDArray[Any],
    taken: NDArray[np.bool_],
    click: Point,
    um: float | None,
    *,
    on_dark: bool,
    open_sides: tuple[bool, bool, bool, bool] = (True, True, True, True),
) -> OutlineProposal | None:
    """Propose the outline of the cell at a click.

    Parameters
    ----------
    pixels
        (height, width) or (height, width, channels): the picture around the click.
    taken
        (height, width), True in other cells.
    click
        (y, x) in ``pixels``.
    um
        Micrometres per pixel, None when unknown.
    on_dark
        Whether cells are brighter than the ground, as in fluorescence.
    open_sides
        Whether the picture goes on beyond the top, bottom, left and right; an outline that reaches such a side has
        run away.

    Returns
    -------
    Outlines in pixels of ``pixels``; None where nothing stands out at the click.
    """
    um = um or UNKNOWN_UM
    step = max(1, -(-max(taken.shape) // LONGEST_PX))
    um *= step
    signal = _signal(pixels[::step, ::step], on_dark=on_dark)
    signal = cv2.GaussianBlur(signal, (0, 0), max(0.7, SMOOTHING_UM / um))
    taken = taken[::step, ::step]
    seed = (min(round(click[0] / step), signal.shape[0] - 1), min(round(click[1] / step), signal.shape[1] - 1))
    near = _disk_at(seed, max(1, round(SEED_UM / um)), signal.shape) & ~taken
    if not near.any():
        return None
    level, ground = float(np.median(signal[near])), float(np.percentile(signal[~taken], 20))
    if level - ground < LEAST_CONTRAST:
        return None
    steepness = np.hypot(cv2.Sobel(signal, cv2.CV_32F, 1, 0), cv2.Sobel(signal, cv2.CV_32F, 0, 1))
    outlines: list[tuple[Point, ...]] = []
    scores: list[float] = []
    for body in _bodies(signal, taken, near, (ground, level), um, open_sides):
        outline = _contour(body)
        outlines.append(tuple((float(y) * step, float(x) * step) for y, x in outline))
        scores.append(float(steepness[outline[:, 0], outline[:, 1]].mean()))
    return OutlineProposal(tuple(outlines), int(np.argmax(scores))) if outlines else None


def _bodies(
    signal: NDArray[np.float32],
    taken: NDArray[np.bool_],
    near: NDArray[np.bool_],
    ends: tuple[float, float],
    um: float,
    open_sides: tuple[bool, bool, bool, bool],
) -> Iterator[NDArray[np.bool_]]:
    """Yield what is connected with the click at falling levels between ground and click, until it runs away."""
    ground, level = ends
    kernel = _disk(max(1, round(OPENING_UM / um)))
    area = 0
    for share in LEVELS:
        body = _body(signal > ground + share * (level - ground), taken, near, kernel)
        if body is None:
            continue
        if _reaches(body, open_sides):
            return
        size = int(body.sum())
        if size * um**2 >= LEAST_UM2 and size >= LEAST_GROWTH * area:
            area = size
            yield body


def _signal(pixels: NDArray[Any], *, on_dark: bool) -> NDArray[np.float32]:
    """Return what is high in cells: optical density against the lightest around, or brightness."""
    values = np.atleast_3d(pixels).astype(np.float32)
    if on_dark:
        first = values[..., 0]
        return np.asarray(first / max(1.0, float(np.percentile(first, 99.8))), np.float32)
    white = np.percentile(values.reshape(-1, values.shape[2]), 98, axis=0)
    return np.asarray(-np.log10((values + 1) / (white + 1)).mean(axis=2), np.float32)


def _body(
    dense: NDArray[np.bool_], taken: NDArray[np.bool_], near: NDArray[np.bool_], kernel: NDArray[np.uint8]
) -> NDArray[np.bool_] | None:
    """Return the connected part at the click, without thin bridges and holes; None where there is none."""
    free = cv2.morphologyEx((dense & ~taken).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    _, parts = cv2.connectedComponents(free, connectivity=4)
    here = parts[near & (parts > 0)]
    if not here.size:
        return None
    own = (parts == np.bincount(here).argmax()).astype(np.uint8)
    contours, _ = cv2.findContours(own, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(own), contours, -1, 1, cv2.FILLED) > 0) & ~taken


def _contour(body: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the (row, column) of every pixel along the outer border of a body, which is one part."""
    contours, _ = cv2.findContours(body.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(contours[0][:, 0, ::-1], np.intp)


def _reaches(body: NDArray[np.bool_], open_sides: tuple[bool, bool, bool, bool]) -> bool:
    edges = body[0], body[-1], body[:, 0], body[:, -1]
    return any(is_open and bool(edge.any()) for is_open, edge in zip(open_sides, edges, strict=True))


def _disk(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def _disk_at(at: tuple[int, int], radius: int, size: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(size, np.uint8)
    return np.asarray(cv2.circle(mask, (at[1], at[0]), radius, 1, cv2.FILLED) > 0)

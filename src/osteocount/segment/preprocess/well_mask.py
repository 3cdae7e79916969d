"""The dark rim of the well, found as a circle; what lies outside is not analysed.

The circle is found by random sample consensus (RANSAC: Fischler and Bolles 1981, Commun ACM 24:381) with Kåsa's least
squares (1976, IEEE Trans Instrum Meas 25:8), and then fitted to the half level of the light along its radii, with a
Cauchy loss, so that cells that lie against the rim hardly move it.

Why not `skimage.measure.ransac`: its `CircleModel` knows no direction, and that the bright side of an edge faces the
centre is what tells the inner edge of the rim from the outer one; without it the rim was missed in 11 of 47 pictures.
With a model of our own it takes as long and gives the same circle in 44 of them; in 3 it breaks a tie between samples
another way and ends up to 0.17 px off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.io.picture import Pixels
from osteocount.segment.morphology import brightest

# Pixels below are those of a picture shrunk to `_SIDE`. The radius is off by 0.1 % (median) on simulated wells and by
# 0.6 to 1 % on changes of the annotated one (docs/accuracy.md); what chose each of the values is not recorded.
_SIDE = 800  # longest side the rim is searched at
_DARK = 0.35  # share of the bright level below which the rim lies
_LONG = 0.3  # of the picture's diagonal: shorter dark bodies are cells
_EDGE_SLOPE = 0.1  # of the bright level per pixel: flatter edges have no direction
_TRIALS = 400  # circles tried through three random edge points
_RADII = 0.25, 3.0  # shortest and longest radius that is tried, in diagonals of the picture
# Diagonals of the picture above which a circle is a straight edge, such as a gap of the stitching or a black strip. The
# largest rim in use, of a 6-well plate (35 mm) in a field of 20x (0.8 mm across), has a radius of 22 diagonals; circles
# fitted to painted straight edges grew to 100 to 9,000.
_STRAIGHT = 25.0
_FACING = 0.8  # cosine between the bright side of an edge and the centre
_ON_CIRCLE = 2.5  # pixels from the circle within which an edge supports it
_ARC = 0.6  # share of the circle's arc inside the picture along which the light must fall
_ROUNDS = 4  # of measuring where the light falls off and fitting the circle again
_NEAR = 2.0  # pixels from the circle within which the light has to fall
_WHOLE = 0.01  # of its radius by which a rim may reach out of the picture and still be whole
_FALL = 0.6  # the rim is darker than this share of the light just inside it


@dataclass(frozen=True)
class Circle:
    """The inner edge of the well rim, in pixels of the picture."""

    x: float
    y: float
    radius: float

    def contains(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return (rows, columns) bool, True for the pixels inside the circle."""
        return np.asarray((rows[:, None] - self.y) ** 2 + (columns[None, :] - self.x) ** 2 <= self.radius**2)

    def is_within(self, shape: tuple[int, ...]) -> bool:
        """Tell whether the rim lies all around in a picture of this (height, width), but for a hundredth of it."""
        radius = self.radius * (1 - _WHOLE)
        return min(self.x, self.y) >= radius and self.x + radius <= shape[1] and self.y + radius <= shape[0]


def find_well(pixels: Pixels) -> Circle | None:
    """Find the inner edge of the dark rim of a well; None when the picture shows none.

    Circles are tried through three random points (seeded, so the answer is always the same) of the edges of large
    dark bodies whose bright side faces the centre. The best supported one is refined on where the light falls by half,
    measured along its radii to a part of a pixel, so that a short arc of the rim is enough; cells that lie against the
    rim move that place inwards and are discounted by a robust fit.

    Parameters
    ----------
    pixels
        (height, width, channels) brightfield grey levels.
    """
    zoom = min(1.0, _SIDE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * zoom)), max(1, round(pixels.shape[0] * zoom)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], -1)
    grey = brightest(small).astype(np.float32)
    grey = cv2.GaussianBlur(grey, (5, 5), 1)
    points, inward = _rim_edges(grey)
    if len(points) < 50:
        return None
    diagonal = float(np.hypot(*size))
    circle = _best_circle(points, inward, diagonal)
    if circle is None:
        return None
    circle = _refined(circle, grey, _STRAIGHT * diagonal)
    if circle is None or not _is_rim(circle, grey):
        return None
    x, y, radius = (float(v) for v in circle)
    return Circle((x + 0.5) / zoom - 0.5, (y + 0.5) / zoom - 0.5, radius / zoom)


def _rim_edges(grey: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return edge points (n, 2) as x, y of long dark bodies, and unit vectors to their bright side."""
    dark = (grey < _DARK * np.percentile(grey, 90)).astype(np.uint8)
    dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    extent = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    long = extent > _LONG * np.hypot(*grey.shape)
    long[0] = False
    rim = long[labels].astype(np.uint8)
    edge = (cv2.dilate(rim, np.ones((3, 3), np.uint8)) - rim) > 0
    edge[[0, -1]] = False
    edge[:, [0, -1]] = False
    gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    y, x = np.nonzero(edge)
    direction = np.stack([gx[y, x], gy[y, x]], axis=1).astype(float)
    length = np.linalg.norm(direction, axis=1)
    steep = length > _EDGE_SLOPE * float(np.percentile(grey, 90))
    return np.stack([x, y], axis=1)[steep].astype(float), direction[steep] / length[steep, None]


def _best_circle(
    points: NDArray[np.float64], inward: NDArray[np.float64], diagonal: float
) -> NDArray[np.float64] | None:
    random = np.random.default_rng(0)
    best, support = None, 0
    for _ in range(_TRIALS):
        circle = _kasa_fit(points[random.choice(len(points), 3, replace=False)])
        if circle is None or not _RADII[0] * diagonal < circle[2] < _RADII[1] * diagonal:
            continue
        votes = int(_supports(circle, points, inward).sum())
        if votes > support:
            best, support = circle, votes
    for _ in range(5):
        if best is None:
            break
        use = _supports(best, points, inward)
        best = _kasa_fit(points[use]) if use.sum() >= 20 else None
    return best


def _kasa_fit(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return x, y, radius of the circle that fits the points best (Kåsa 1976)."""
    middle = points.mean(axis=0)
    x, y = (points - middle).T
    terms = np.stack([x, y, np.ones_like(x)], axis=1)
    (a, b, c), _, rank, _ = np.linalg.lstsq(terms, x * x + y * y, rcond=None)
    if rank < 3:
        return None
    return np.array([a / 2 + middle[0], b / 2 + middle[1], np.sqrt(max(0.0, c + (a * a + b * b) / 4))])


def _supports(
    circle: NDArray[np.float64], points: NDArray[np.float64], inward: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which edge points lie on the circle with their bright side to its centre."""
    to_centre = circle[:2] - points
    distance = np.linalg.norm(to_centre, axis=1)
    facing = (to_centre * inward).sum(axis=1) > _FACING * distance
    return np.asarray(facing & (np.abs(distance - circle[2]) < _ON_CIRCLE))


def _refined(circle: NDArray[np.float64], grey: NDArray[np.float32], most: float) -> NDArray[np.float64] | None:
    """Fit x, y, radius again to where the light falls off near the circle, within ever fewer pixels of it.

    None when the radius is or becomes larger than ``most``, or no number.
    """
    from scipy.optimize import least_squares

    for closer in range(_ROUNDS):
        if not circle[2] <= most:
            return None
        angles, off, _ = _light_falls(circle, grey, float(np.clip(0.03 * circle[2], 6, 20)) / (1 + closer / 2))
        if len(angles) < 30:
            break
        x, y = circle[0] + (circle[2] + off) * np.cos(angles), circle[1] + (circle[2] + off) * np.sin(angles)

        def miss(c: NDArray[np.float64], x: NDArray[np.float64] = x, y: NDArray[np.float64] = y) -> NDArray[np.float64]:
            return np.asarray(np.hypot(x - c[0], y - c[1]) - c[2])

        circle = least_squares(miss, circle, loss="cauchy").x
    return circle if circle[2] <= most else None


def _light_falls(
    circle: NDArray[np.float64], grey: NDArray[np.float32], within: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Find where bright turns to dark along the radii of a circle, at most ``within`` pixels from it.

    Returns
    -------
    angles, off
        (n,) of the radii along which it does, and how far outside the circle.
    visible
        The angles of all radii that lie within the picture.
    """
    angles, along = _angles_near(circle, grey.shape, within), np.arange(-within, within + 0.01, 0.5)
    x = circle[0] + np.outer(np.cos(angles), circle[2] + along)
    y = circle[1] + np.outer(np.sin(angles), circle[2] + along)
    inside = ((x > 1) & (x < grey.shape[1] - 2) & (y > 1) & (y < grey.shape[0] - 2)).all(axis=1)
    angles = angles[inside]
    if not angles.size:
        return angles, angles, angles
    light = cv2.remap(grey, x[inside].astype(np.float32), y[inside].astype(np.float32), cv2.INTER_LINEAR)
    dark, bright = _level(light[:, -5:], 50), _level(light[:, : len(along) // 3], 80)
    half = ((dark + bright) / 2)[:, None]
    falls = (light[:, :-1] >= half) & (light[:, 1:] < half)
    at = along[:-1] + 0.5 * (light[:, :-1] - half) / np.maximum(light[:, :-1] - light[:, 1:], 1e-6)
    away = np.where(falls, np.abs(at), np.inf)
    each, nearest = np.arange(len(away)), away.argmin(axis=1)
    falls_there = np.isfinite(away[each, nearest]) & (dark < _FALL * bright)
    return angles[falls_there], at[each, nearest][falls_there], angles


def _angles_near(circle: NDArray[np.float64], shape: tuple[int, ...], within: float) -> NDArray[np.float64]:
    """Return the angles, a pixel of the arc apart, of the radii that may end in the picture.

    Of a circle much larger than the picture only the arc near it is laid out: all of it would take memory in proportion
    to the radius.
    """
    step = 1 / float(circle[2])
    count = math.ceil(2 * np.pi / step)
    middle, reach = np.array([shape[1], shape[0]]) / 2, math.hypot(*shape[:2]) / 2 + within + 2
    x, y = middle - circle[:2]
    distance = math.hypot(x, y)
    half = math.asin(reach / distance) if distance > reach else np.pi
    near = []
    for towards in (math.atan2(y, x), math.atan2(y, x) + 2 * np.pi):
        first, last = math.floor((towards - half) / step), math.ceil((towards + half) / step)
        near.append(np.arange(max(0, first), min(count, last + 1)))
    return np.asarray(np.unique(np.concatenate(near)) * step)


def _level(light: NDArray[np.float32], percent: float) -> NDArray[np.float64]:
    """Return a percentile of the light, (n,) for each of the radii, of eight stretches and in between."""
    parts = np.array_split(light, min(8, len(light)))
    ends = np.cumsum([len(part) for part in parts])
    middles = ends - np.array([len(part) for part in parts]) / 2
    return np.interp(np.arange(len(light)), middles, [float(np.percentile(part, percent)) for part in parts])


def _is_rim(circle: NDArray[np.float64], grey: NDArray[np.float32]) -> bool:
    """Check that the light falls along most of the circle's visible arc, and that this is a sizeable piece of it."""
    angles, off, visible = _light_falls(circle, grey, 8.0)
    fallen, arc = (np.unique((a / (2 * np.pi) * 180).astype(int)) for a in (angles[np.abs(off) < _NEAR], visible))
    return bool(arc.size >= 10 and np.isin(arc, fallen).mean() >= _ARC)

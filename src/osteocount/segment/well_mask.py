"""The dark rim of the well, found as a circle; what lies outside is not analysed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE = 800  # longest side the rim is searched at, in pixels
_DARK = 0.35  # share of the bright level below which the rim lies
_TRIALS = 400  # circles tried through three random edge points
_ARC = 0.6  # share of the circle's arc inside the picture that must be seen as an edge


@dataclass(frozen=True)
class Circle:
    """The inner edge of the well rim, in pixels of the picture."""

    x: float
    y: float
    radius: float

    def holds(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return (rows, columns) bool, True for the pixels inside the circle."""
        return np.asarray((rows[:, None] - self.y) ** 2 + (columns[None, :] - self.x) ** 2 <= self.radius**2)


def find_well(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> Circle | None:
    """Find the inner edge of the dark rim of a well; None when the picture shows none.

    Circles are tried through three random points (seeded, so the answer is always the same) of the edges of large
    dark bodies whose bright side faces the centre; the best supported one is refined by least squares.

    Parameters
    ----------
    pixels
        (height, width, channels) brightfield grey levels.
    """
    zoom = min(1.0, _SIDE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * zoom)), max(1, round(pixels.shape[0] * zoom)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], -1)
    grey = small.max(axis=2).astype(np.float32)
    grey = cv2.GaussianBlur(grey, (5, 5), 1)
    points, inward = _rim_edges(grey)
    if len(points) < 50:
        return None
    circle = _best_circle(points, inward, float(np.hypot(*size)))
    if circle is None or not _is_rim(circle, points, inward, grey):
        return None
    x, y, radius = (float(v) for v in circle)
    return Circle((x + 0.5) / zoom - 0.5, (y + 0.5) / zoom - 0.5, radius / zoom)


def inside_circle(shape: tuple[int, int], circle: Circle | None) -> NDArray[np.bool_]:
    """Return (height, width) bool, True inside the circle; all True without one."""
    if circle is None:
        return np.ones(shape, bool)
    return circle.holds(np.arange(shape[0]), np.arange(shape[1]))


def _rim_edges(grey: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return edge points (n, 2) as x, y of long dark bodies, and unit vectors to their bright side."""
    dark = (grey < _DARK * np.percentile(grey, 90)).astype(np.uint8)
    dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    reach = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    long = reach > 0.3 * np.hypot(*grey.shape)
    long[0] = False
    rim = long[labels].astype(np.uint8)
    edge = (cv2.dilate(rim, np.ones((3, 3), np.uint8)) - rim) > 0
    edge[[0, -1]] = False
    edge[:, [0, -1]] = False
    gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    y, x = np.nonzero(edge)
    direction = np.stack([gx[y, x], gy[y, x]], axis=1).astype(float)
    length = np.linalg.norm(direction, axis=1)
    steep = length > 0.1 * float(np.percentile(grey, 90))
    return np.stack([x, y], axis=1)[steep].astype(float), direction[steep] / length[steep, None]


def _best_circle(
    points: NDArray[np.float64], inward: NDArray[np.float64], diagonal: float
) -> NDArray[np.float64] | None:
    random = np.random.default_rng(0)
    best, support = None, 0
    for _ in range(_TRIALS):
        circle = _through(points[random.choice(len(points), 3, replace=False)])
        if circle is None or not 0.25 * diagonal < circle[2] < 3 * diagonal:
            continue
        votes = int(_agree(circle, points, inward).sum())
        if votes > support:
            best, support = circle, votes
    for _ in range(5):
        if best is None:
            break
        use = _agree(best, points, inward)
        best = _through(points[use]) if use.sum() >= 20 else None
    return best


def _through(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return x, y, radius of the circle that fits the points best (Kåsa's least squares)."""
    middle = points.mean(axis=0)
    x, y = (points - middle).T
    terms = np.stack([x, y, np.ones_like(x)], axis=1)
    (a, b, c), _, rank, _ = np.linalg.lstsq(terms, x * x + y * y, rcond=None)
    if rank < 3:
        return None
    return np.array([a / 2 + middle[0], b / 2 + middle[1], np.sqrt(max(0.0, c + (a * a + b * b) / 4))])


def _agree(circle: NDArray[np.float64], points: NDArray[np.float64], inward: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which edge points lie on the circle with their bright side to its centre."""
    to_centre = circle[:2] - points
    distance = np.linalg.norm(to_centre, axis=1)
    facing = (to_centre * inward).sum(axis=1) > 0.8 * distance
    return np.asarray(facing & (np.abs(distance - circle[2]) < 2.5))


def _is_rim(
    circle: NDArray[np.float64], points: NDArray[np.float64], inward: NDArray[np.float64], grey: NDArray[np.float32]
) -> bool:
    """Check that most of the circle's visible arc is an edge, and that this is a sizeable piece of a circle."""
    height, width = grey.shape
    angles = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    x, y = circle[0] + circle[2] * np.cos(angles), circle[1] + circle[2] * np.sin(angles)
    visible = (x > 2) & (x < width - 3) & (y > 2) & (y < height - 3)
    on = points[_agree(circle, points, inward)] - circle[:2]
    steps = np.unique((np.arctan2(on[:, 1], on[:, 0]) % (2 * np.pi) / (2 * np.pi) * 180).astype(int))
    wanted = np.unique(np.flatnonzero(visible) // 4)
    return bool(wanted.size >= 15 and np.isin(wanted, steps).mean() >= _ARC)

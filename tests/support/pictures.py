"""Small pictures made in optical density, with truth known by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from osteocount.io.picture import Picture, PixelSize

PURPLE = np.array([0.56, 0.70, 0.44])
GREEN = np.array([0.84, 0.47, 0.27])
WHITE = 205.0


def picture(pixels, um=0.76, kind="rgb", names=None, name="made.png"):
    channels = pixels.shape[2]
    return Picture(
        Path(name), pixels, kind, names or ("",) * channels, PixelSize(um, "made" if um else "unknown"), "made"
    )


def canvas(height=300, width=400):
    return np.zeros((height, width, 3))


def ellipse(od, centre, radii, value, stain=PURPLE, edge=1.0):
    """Add a body of OD ``value`` with an edge of ``edge`` pixels; centres and radii in pixels."""
    y, x = np.ogrid[: od.shape[0], : od.shape[1]]
    far = np.hypot((y - centre[0]) / radii[0], (x - centre[1]) / radii[1])
    inside = np.clip((1 - far) * min(radii) / edge + 0.5, 0, 1)
    od += inside[..., None] * value * np.asarray(stain)


def nucleus(od, centre, radius=5.5):
    """Replace cytoplasm by a bluish disc: less green, as much red."""
    y, x = np.ogrid[: od.shape[0], : od.shape[1]]
    inside = np.clip(radius - np.hypot(y - centre[0], x - centre[1]) + 0.5, 0, 1)[..., None]
    od += inside * (np.array([0.36, 0.28, 0.16]) - od)


def photograph(od, bits=8, noise=0.6, seed=0):
    top = 1 if bits == 8 else 257
    grey = (WHITE * 10.0**-od + np.random.default_rng(seed).normal(0, noise, od.shape)) * top
    return np.clip(np.rint(grey), 0, 255 * top).astype(np.uint8 if bits == 8 else np.uint16)


def osteoclast(od, centre, nuclei=4, radii=(34, 34), value=0.65):
    ellipse(od, centre, radii, value)
    for k in range(nuclei):
        angle = 2 * np.pi * k / nuclei
        nucleus(od, (centre[0] + 14 * np.sin(angle), centre[1] + 14 * np.cos(angle)))


def round_cells(od, centres, radius=6.9, value=1.0):
    for centre in centres:
        ellipse(od, centre, (radius, radius), value)


def low_power_well(height=500, width=500, centre=(600.0, 420.0), radius=520.0):
    """Return a low power picture: dark rim, small cells, two giants, one pale giant."""
    od = canvas(height, width)
    rng = np.random.default_rng(3)
    for y, x in rng.uniform(0, (height, width), (700, 2)):
        ellipse(
            od[max(0, int(y) - 8) : int(y) + 8, max(0, int(x) - 8) : int(x) + 8], (min(y, 8), min(x, 8)), (3, 3), 0.7
        )
    for at, size in (((300, 150), 18), ((400, 380), 25)):
        ellipse(od, at, (size + 3, size + 3), -9.0)
        np.clip(od, 0, None, out=od)
        ellipse(od, at, (size, size), 1.0)
    y, x = np.mgrid[:height, :width]
    far = np.hypot(y - centre[0], x - centre[1])
    od[(far > radius) & (far < radius + 40)] = 1.5
    return photograph(od)

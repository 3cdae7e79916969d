"""Pictures that are no TRAP culture, made by code: what must never be counted in silence."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.simulate import FieldDesign, simulate_field

Rgb = NDArray[np.uint8]
_HEIGHT, _WIDTH = 600, 800


def _smooth(rng: np.random.Generator, sigma: float) -> NDArray[np.float32]:
    """Return noise of mean 0 and SD 1 with blobs of about ``sigma`` px."""
    values = cv2.GaussianBlur(rng.normal(size=(_HEIGHT, _WIDTH)).astype(np.float32), (0, 0), sigma)
    return np.asarray((values - values.mean()) / values.std(), np.float32)


def _picture(values: NDArray[np.floating], rng: np.random.Generator, noise: float = 2.0) -> Rgb:
    return np.clip(values + rng.normal(0, noise, values.shape), 0, 255).astype(np.uint8)


def phase_contrast(seed: int, tint: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Rgb:
    """Grey ground, dark cells with bright halos; ``tint``: the lamp's colour."""
    rng = np.random.default_rng(seed)
    grey = 130 + 4 * _smooth(rng, 60)
    y, x = np.mgrid[:_HEIGHT, :_WIDTH]
    for _ in range(90):
        cy, cx, radius = rng.uniform(0, _HEIGHT), rng.uniform(0, _WIDTH), rng.uniform(5, 16)
        away = np.hypot((y - cy) * rng.uniform(0.6, 1.4), x - cx) - radius
        grey = grey - 55 * (away < 0) * rng.uniform(0.5, 1) + 80 * np.exp(-((away - 2) ** 2) / 8)
    return _picture(grey[..., None] * np.array(tint), rng, 3)


def empty(seed: int, level: tuple[float, float, float] = (215, 215, 212)) -> Rgb:
    """Bare plastic with a little shading."""
    rng = np.random.default_rng(seed)
    return _picture((1 + 0.01 * _smooth(rng, 120))[..., None] * np.array(level), rng)


def noise_only(seed: int) -> Rgb:
    """What a camera gives in the dark with the gain turned up."""
    return np.random.default_rng(seed).integers(0, 256, (_HEIGHT, _WIDTH, 3)).astype(np.uint8)


def blurred(seed: int, sigma: float = 14.0) -> Rgb:
    """A TRAP culture so far out of focus that no cell has an outline."""
    made = simulate_field(FieldDesign(width=_WIDTH, height=_HEIGHT), seed).picture
    return np.asarray(cv2.GaussianBlur(made, (0, 0), sigma), np.uint8)


def tissue(seed: int, eosin: tuple[float, float, float] = (0.05, 0.45, 0.2)) -> Rgb:
    """Haematoxylin nuclei strewn over eosin that covers the picture, as in a section."""
    rng = np.random.default_rng(seed)
    fibres = 1 + 0.35 * _smooth(rng, 6) + 0.2 * _smooth(rng, 2)
    od = np.clip(fibres, 0, None)[..., None] * np.array(eosin)
    blue = np.zeros((_HEIGHT, _WIDTH), np.float32)
    for _ in range(900):
        at = int(rng.uniform(0, _WIDTH)), int(rng.uniform(0, _HEIGHT))
        axes = int(rng.uniform(4, 8)), int(rng.uniform(3, 6))
        cv2.ellipse(blue, at, axes, rng.uniform(0, 180), 0, 360, float(rng.uniform(0.6, 1.1)), -1)
    od = od + cv2.GaussianBlur(blue, (0, 0), 1)[..., None] * np.array((0.75, 0.7, 0.35))
    gaps = cv2.GaussianBlur((_smooth(rng, 30) > 1.2).astype(np.float32), (0, 0), 2)[..., None]
    return _picture(240 * 10 ** -(od * (1 - gaps)), rng)


def text_page(seed: int, ink: tuple[int, ...] = (20, 20, 20), paper: tuple[int, ...] = (250, 250, 248)) -> Rgb:
    """Lines of print."""
    rng = np.random.default_rng(seed)
    page = np.full((_HEIGHT, _WIDTH, 3), paper, np.uint8)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz      "))
    for line in range(30, _HEIGHT, 28):
        words = "".join(rng.choice(letters, 60))
        cv2.putText(page, words, (20, line), cv2.FONT_HERSHEY_SIMPLEX, 0.6, ink, 1, cv2.LINE_AA)
    return _picture(page.astype(float), rng, 1)


def photograph(seed: int) -> Rgb:
    """Sky over a meadow with bushes."""
    rng = np.random.default_rng(seed)
    down = np.linspace(0, 1, _HEIGHT)[:, None]
    sky = np.stack([120 + 80 * down, 160 + 60 * down, 235 - 10 * down], -1) + np.zeros((_HEIGHT, _WIDTH, 1))
    field = np.stack([60 + 20 * _smooth(rng, 3), 120 + 25 * _smooth(rng, 4), 40 + 10 * _smooth(rng, 3)], -1)
    horizon = (down > 0.5 + 0.03 * _smooth(rng, 40)[:1])[..., None]
    return _picture(np.where(horizon, field, sky), rng)


def figure(seed: int) -> Rgb:
    """A bar chart from a paper."""
    rng = np.random.default_rng(seed)
    page = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
    cv2.line(page, (80, 520), (760, 520), (0, 0, 0), 2)
    cv2.line(page, (80, 40), (80, 520), (0, 0, 0), 2)
    for bar in range(8):
        colour = tuple(int(c) for c in rng.integers(0, 220, 3))
        cv2.rectangle(page, (110 + 80 * bar, int(rng.uniform(60, 480))), (160 + 80 * bar, 520), colour, -1)
        cv2.putText(page, f"arm {bar}", (105 + 80 * bar, 550), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    return page


def other_stain(seed: int, colour: tuple[float, float, float]) -> Rgb:
    """A culture in another dye: its red, green and blue density."""
    made = simulate_field(FieldDesign(width=_WIDTH, height=_HEIGHT), seed)
    rng = np.random.default_rng(seed)
    return _picture(205 * 10 ** -(made.od.mean(axis=2)[..., None] * np.array(colour)), rng)


#: By name.
PICTURES: dict[str, Callable[[], Rgb]] = {
    **{f"phase contrast {s}": (lambda s=s: phase_contrast(s)) for s in range(3)},
    "phase contrast, green filter": lambda: phase_contrast(3, (0.55, 1.0, 0.5)),
    "phase contrast, warm lamp": lambda: phase_contrast(4, (1.0, 0.93, 0.8)),
    "phase contrast, violet cast": lambda: phase_contrast(5, (1.0, 0.85, 1.0)),
    "empty": lambda: empty(0),
    "empty, pinkish medium": lambda: empty(1, (225, 190, 195)),
    "empty, dim": lambda: empty(2, (60, 62, 61)),
    "black": lambda: empty(3, (1, 1, 1)),
    "white": lambda: np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8),
    "noise": lambda: noise_only(0),
    **{f"blurred {s}": (lambda s=s: blurred(s, 10 + 4 * s)) for s in range(3)},
    **{f"H&E {s}": (lambda s=s: tissue(s)) for s in range(3)},
    "H&E, strong eosin": lambda: tissue(3, (0.08, 0.8, 0.4)),
    "H&E, pale": lambda: tissue(4, (0.02, 0.25, 0.1)),
    "text": lambda: text_page(0),
    "text, purple ink": lambda: text_page(1, (110, 30, 120)),
    "text on yellow paper": lambda: text_page(2, (30, 25, 20), (245, 235, 190)),
    "photograph": lambda: photograph(0),
    "photograph 2": lambda: photograph(1),
    "chart": lambda: figure(0),
    "chart 2": lambda: figure(1),
    "crystal violet": lambda: other_stain(0, (1.3, 1.1, 0.25)),
    "brown (DAB)": lambda: other_stain(1, (0.4, 0.9, 1.5)),
    "green dye": lambda: other_stain(2, (1.4, 0.4, 0.9)),
}

"""Optical density → the grey levels of a camera."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from osteocount.simulate.design import Optics
from osteocount.simulate.shapes import noise


def blurred(od: NDArray[np.float32], optics: Optics, pixel_size: float) -> NDArray[np.float32]:
    """Blur each colour as much as the lens does; light is blurred, not OD."""
    light = np.power(np.float32(10), -od)
    for channel, sigma in enumerate(optics.blur):
        light[..., channel] = cv2.GaussianBlur(light[..., channel], (0, 0), max(sigma / pixel_size, 0.05))
    return np.asarray(-np.log10(np.maximum(light, 1e-4)), dtype=np.float32)


def photograph(od: NDArray[np.float32], optics: Optics, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light the blurred ``od`` (H, W, 3) with an uneven lamp and record it with a noisy camera as uint8 RGB."""
    height, width = od.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] - np.float32(rng.normal(0, 0.15))
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :] - np.float32(rng.normal(0, 0.15))
    lamp = 1 - optics.vignetting * (y * y + x * x) / 2
    lamp = lamp * (1 + optics.unevenness * noise(rng, (height, width), max(height, width) / 2))
    grey = np.power(np.float32(10), -od) * lamp[..., None] * np.asarray(optics.background, np.float32)
    # Measured on a camera with a colour mosaic: noise is shared between green and blue and a little smooth.
    own = rng.standard_normal(od.shape, dtype=np.float32)
    shared = rng.standard_normal((height, width, 1), dtype=np.float32)
    grain = cv2.GaussianBlur(0.77 * own + 0.63 * shared, (0, 0), 0.5)
    grain /= max(float(grain.std()), 1e-6)
    grey = grey + optics.noise * grain * np.sqrt(np.maximum(grey, 4.0) / 200)
    picture = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return picture if optics.jpeg_quality is None else _through_jpeg(picture, optics.jpeg_quality)


def _through_jpeg(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Compress and decompress, as cameras that save JPEG do."""
    _, packed = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    unpacked = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(unpacked, dtype=np.uint8)[..., ::-1])

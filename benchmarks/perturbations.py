"""A picture and its annotation turned, scaled, cropped, compressed, blurred, made noisy, darker and uneven."""

from __future__ import annotations

import cv2
import numpy as np

SCALES = (0.8, 0.9, 1.11, 1.25, 1.5)
GAMMAS = (0.8, 0.9, 1.1, 1.25)
CROPS = {"left": (0, 0, 1, 0.6), "right": (0, 0.4, 1, 1), "top": (0, 0, 0.6, 1), "bottom": (0.4, 0, 1, 1)}


def changes(pixels, truth):
    """Yield (name, pixels, truth) for the picture as it is and for every change."""
    height, width = pixels.shape[:2]
    grey = pixels.astype(float)
    yield "none", pixels, truth
    yield "turned by 90°", np.rot90(pixels).copy(), moved(truth, lambda p: np.stack([p[:, 1], width - 1 - p[:, 0]], 1))
    yield "turned by 180°", pixels[::-1, ::-1].copy(), moved(truth, lambda p: [width - 1, height - 1] - p)
    yield "mirrored", pixels[:, ::-1].copy(), moved(truth, lambda p: np.stack([width - 1 - p[:, 0], p[:, 1]], 1))
    for scale in SCALES:
        yield f"scaled by {scale:g}", *_scaled(pixels, truth, scale)
    for gamma in GAMMAS:
        yield f"gamma {gamma:g}", _grey(255 * (grey / 255) ** gamma), truth
    for gain in (0.6, 0.8):
        yield f"{gain:g} of the light", _grey(gain * grey), truth
    yield "haze", _grey(0.9 * grey + 10), truth
    for quality in (90, 75, 60):
        yield f"JPEG {quality}", np.dstack([_jpeg(c, quality) for c in np.moveaxis(pixels, 2, 0)]), truth
    for sd in (2, 4, 8):
        yield f"noise, SD {sd}", _grey(grey + np.random.default_rng(1).normal(0, sd, grey.shape)), truth
    for sigma in (0.7, 1.0):
        yield f"blurred by {sigma:g} px", cv2.GaussianBlur(pixels, (0, 0), sigma).reshape(pixels.shape), truth
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    yield "dark corners", _grey(grey * (1 - 0.15 * (x * x + y * y))[..., None]), truth
    yield "lit from one side", _grey(grey * (0.8 + 0.2 * x)[..., None]), truth
    for side, part in CROPS.items():
        yield f"cropped to the {side}", *_cropped(pixels, truth, part)


def moved(truth, where):
    """Move the polygons, and the circle of the well, by a function of (n, 2) x, y."""
    cells = [{**cell, "polygon": where(np.asarray(cell["polygon"], float)).tolist()} for cell in truth["cells"]]
    result = {**truth, "cells": cells}
    if "well_circle" in truth:
        circle = truth["well_circle"]
        ends = where(np.array([[circle["cx"], circle["cy"]], [circle["cx"] + circle["r"], circle["cy"]]]))
        radius = float(np.hypot(*(ends[1] - ends[0])))
        result["well_circle"] = {"cx": ends[0][0], "cy": ends[0][1], "r": radius}
    return result


def _scaled(pixels, truth, scale):
    height, width = pixels.shape[:2]
    size = round(width * scale), round(height * scale)
    made = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    factor = np.array(size) / [width, height]
    return made, moved(truth, lambda p: (p + 0.5) * factor - 0.5)


def _cropped(pixels, truth, part):
    """Cut out a part; a cell of which more than a tenth is lost may be called either way."""
    top, left, bottom, right = (round(s * n) for s, n in zip(part, pixels.shape[:2] * 2, strict=True))
    shifted = moved(truth, lambda p: p - [left, top])
    cells = []
    for cell in shifted["cells"]:
        polygon = np.asarray(cell["polygon"], np.float32)
        kept = np.clip(polygon, 0, [right - left - 1, bottom - top - 1]).astype(np.float32)
        share = cv2.contourArea(kept) / max(cv2.contourArea(polygon), 1)
        if share > 0.02:
            unsure = {"verdict": "ambiguous"} if "verdict" in cell else {"label": "uncertain"}
            cells.append({**cell, "polygon": kept.tolist(), **(unsure if share < 0.9 else {})})
    return pixels[top:bottom, left:right].copy(), {**shifted, "cells": cells}


def _grey(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _jpeg(plane, quality):
    _, packed = cv2.imencode(".jpg", np.ascontiguousarray(plane), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)

"""How much the count of osteoclasts changes when the same pictures are turned, mirrored, shifted or scaled.

    python benchmarks/invariance.py [--plate sample_images] [--fields N] [--out docs/accuracy.md]

Every picture of the plate is counted as it is and in each variant, by both segmenters. All osteoclasts count, those at
the border too, since another border comes to lie at the top. A shifted picture is a window moved over the picture, and
is compared on the osteoclasts whose centre both windows hold, away from their borders.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import doc_sections
import numpy as np
from holdout import METHODS

from osteocount import Settings, analyse, read_picture
from osteocount.io.picture import PixelSize

ROOT = Path(__file__).resolve().parents[1]
SHIFT = (7, 19)
MARGIN = 40
SCALES = (0.5, 1.0)
BAR = 5.0


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--plate", type=Path, default=ROOT / "sample_images")
    options.add_argument("--fields", type=int, help="the first pictures only")
    options.add_argument("--out", type=Path, default=doc_sections.ACCURACY)
    given = options.parse_args()
    paths = sorted(given.plate.glob("*.tif"))[: given.fields]
    jobs = [(path, method) for path in paths for method in METHODS]
    with ProcessPoolExecutor(2) as pool:
        counted = list(pool.map(counts, *zip(*jobs, strict=True)))
    by_method = {m: [c for c, (_, method) in zip(counted, jobs, strict=True) if method == m] for m in METHODS}
    doc_sections.write("invariance", section(by_method, len(paths), given.plate.name), given.out)


def counts(path, method):
    """Count one picture in every variant; give (before, after) by name."""
    cv2.setNumThreads(1)
    picture = read_picture(path)
    settings = Settings.model_validate({"segment": {"segmenter": method}})

    def osteoclasts(pixels, pixel_size=None):
        size = picture.pixel_size if pixel_size is None else PixelSize(pixel_size, "given")
        cells = analyse(replace(picture, pixels=np.ascontiguousarray(pixels), pixel_size=size), settings).cells
        return cells.loc[cells["is_osteoclast"].astype(bool), ["y_px", "x_px"]].to_numpy(float)

    pixels = picture.pixels
    plain = len(osteoclasts(pixels))
    turned = {
        "turned by 90°": np.rot90(pixels),
        "turned by 180°": np.rot90(pixels, 2),
        "mirrored left to right": pixels[:, ::-1],
        "mirrored top to bottom": pixels[::-1],
    }
    found = {name: (plain, len(osteoclasts(variant))) for name, variant in turned.items()}
    found["shifted by 7 and 19 px"] = shifted(pixels, osteoclasts)
    at = {size: len(osteoclasts(scaled(pixels, picture.pixel_size.um, size), size)) for size in SCALES}
    found |= {f"scaled to {size:g} µm per px": (plain, at[size]) for size in SCALES}
    return found | {"scaled from 0.5 to 1 µm per px": (at[0.5], at[1.0])}


def shifted(pixels, osteoclasts):
    """Count with a window over the picture and with the same window moved."""
    (down, right), (height, width) = SHIFT, pixels.shape[:2]
    windows = ((0, 0, pixels[: height - down, : width - right]), (down, right, pixels[down:, right:]))
    low = np.array([down, right]) + MARGIN
    high = np.array([height - down, width - right]) - MARGIN
    held = []
    for y, x, window in windows:
        centres = osteoclasts(window) + np.array([y, x])
        held.append(int(((centres >= low) & (centres < high)).all(axis=1).sum()))
    return tuple(held)


def scaled(pixels, pixel_size, wanted):
    """Resample to another pixel size."""
    ratio = pixel_size / wanted
    size = (round(pixels.shape[1] * ratio), round(pixels.shape[0] * ratio))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC)


def section(by_method, n, plate):
    """Write the section of the page."""
    rows = []
    for name in by_method["learned"][0]:
        said = []
        for found in by_method.values():
            pairs = np.array([one[name] for one in found])
            before, after = pairs.sum(axis=0)
            change = 100 * (after / before - 1)
            kept = "yes" if abs(change) <= BAR else "no"
            said.append(f"{before} → {after} | {change:+.1f} | {np.abs(pairs[:, 1] - pairs[:, 0]).mean():.2f} | {kept}")
        rows.append(f"| {name} | {' | '.join(said)} |")
    heads = " | ".join(f"{m}: osteoclasts | change % | change per picture | within {BAR:g} %" for m in by_method)
    return [
        "## The same pictures turned, mirrored, shifted and scaled",
        "",
        f"{doc_sections.command()}: {n} pictures of `{plate}`. Change per picture: mean absolute change of its count; "
        "a change of the total hides what cancels out.",
        "",
        f"| variant | {heads} |",
        "|---|" + "---|" * 4 * len(by_method),
        *rows,
        "",
    ]


if __name__ == "__main__":
    main()

"""Does the flag `unfamiliar` tell counts that are off? Flag against error, on pictures with truth and changes of them.

python benchmarks/unfamiliar.py [--shared DIR] [--tiles N] [--simulated N] [--out docs/accuracy.md]

Crops of annotated tiles of whole wells, the other annotated pictures, and simulated ones at both powers are counted as
they are and changed: blurred, of other hue and contrast, compressed, noisy, inverted, unevenly lit, and with a wrong
pixel size. Then pictures of other things (tests/support/foreign_*.py): none may be counted in silence.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import doc_sections
import numpy as np
import pandas as pd

from osteocount import OsteoCountError, Settings, analyse, read_picture
from osteocount.io.picture import Picture, PixelSize
from osteocount.simulate import simulate_field
from osteocount.simulate.design import random_design
from osteocount.simulate.whole_well import simulate_crop

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support.foreign_pictures import KINDS  # noqa: E402  the same makers as the tests
from support.foreign_stains import STAINS  # noqa: E402

SEED = 20261130  # no test and no scene of training has it
SIDE = 600  # px of the middle of a tile
FEWEST = 8  # true osteoclasts from which the error of a count says something
FOREIGN = {**KINDS, **STAINS}
FOREIGN_SEEDS = range(40, 44)  # the tests use others
SIZES = {"pixel size × 0.5": 0.5, "pixel size × 0.7": 0.7, "pixel size × 1.4": 1.4, "pixel size × 2": 2.0}


@dataclass(frozen=True)
class Known:
    """A picture with its true number of osteoclasts."""

    source: str
    pixels: np.ndarray
    um: float
    true: int


def contrast(pixels, factor):
    """Multiply the optical density over the light of the brightest tenth."""
    light = np.percentile(pixels.reshape(-1, 3), 90, axis=0)
    return light * (np.maximum(pixels, 1) / light) ** factor


def hue(pixels, degrees):
    turned = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    turned[..., 0] = (turned[..., 0].astype(int) + degrees // 2) % 180
    return cv2.cvtColor(turned, cv2.COLOR_HSV2RGB)


def jpeg(pixels, quality):
    return cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def noise(pixels, sd):
    return pixels + np.random.default_rng(1).normal(0, sd, pixels.shape)


def uneven(pixels):
    return pixels * (0.7 + 0.3 * np.linspace(-1, 1, pixels.shape[1]))[:, None]


CHANGES = {
    "none": lambda p: p,
    "blurred by 2 px": lambda p: cv2.GaussianBlur(p, (0, 0), 2),
    "blurred by 4 px": lambda p: cv2.GaussianBlur(p, (0, 0), 4),
    "hue + 24°": lambda p: hue(p, 24),
    "hue − 40°": lambda p: hue(p, -40),
    "contrast × 0.5": lambda p: contrast(p, 0.5),
    "contrast × 1.6": lambda p: contrast(p, 1.6),
    "JPEG 10": lambda p: jpeg(p, 10),
    "noise, SD 12": lambda p: noise(p, 12),
    "noise, SD 25": lambda p: noise(p, 25),
    "inverted": lambda p: 255 - p,
    "lit from one side": uneven,
}


def tiles(shared, count):
    """Yield the middle of ``count`` tiles of each well."""
    wells = shared / "real" / "wells"
    for well in ("B2", "B3", "C2", "C3"):
        paths = sorted(wells.glob(f"lab{well}*.png"))
        for path in paths[:: max(1, len(paths) // count)][:count]:
            pixels = read_picture(path).pixels
            top, left = ((side - SIDE) // 2 for side in pixels.shape[:2])
            cells = json.loads(path.with_suffix(".truth.json").read_text())["cells"]
            middles = np.array([np.mean(c["polygon"], axis=0) for c in cells if c["verdict"] == "osteoclast"])
            within = (middles >= [left, top]) & (middles < [left + SIDE, top + SIDE])
            cut = pixels[top : top + SIDE, left : left + SIDE]
            yield Known("tiles of whole wells", cut, 2.03, int(within.all(axis=1).sum()))


def others(shared):
    """Yield another lab's part of a whole well; the scale is what fits its cells."""
    yield Known("another whole well", read_picture(shared / "real" / "lowpower_well.png").pixels, 2.2, 29)


def simulated(number):
    """Yield a crop of a whole well and a field, with truth."""
    rng = np.random.default_rng([SEED, number])
    um = float(rng.uniform(1.5, 2.8))
    crop = simulate_crop(rng, 500, um)
    yield Known("simulated whole wells", crop.picture, um, int((crop.osteoclast & ~crop.unsure)[1:].sum()))
    design = random_design(rng, 600.0, 600.0, held_out=number % 3 == 2)
    field = simulate_field(design, number)
    yield Known("simulated fields", field.picture, design.pixel_size, int(field.truth["is_osteoclast"].sum()))


def count(pixels, um):
    """Return what the program says: called osteoclasts, flags, and how unfamiliar; or that it refuses."""
    cv2.setNumThreads(1)
    pixels = np.ascontiguousarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    size = PixelSize(um, "known" if um else "unknown: not told")
    try:
        result = analyse(Picture(Path("made.png"), pixels, "rgb", ("", "", ""), size, "YXC", ()), Settings(), 1)
    except OsteoCountError:
        return {"refused": True, "called": 0, "flags": "", "value": np.nan}
    value = result.quality.row().get("qc_unfamiliar", np.nan)
    called = int(result.cells["is_osteoclast"].astype(bool).sum())
    return {"refused": False, "called": called, "flags": ";".join(result.quality.flags), "value": value}


def changed(known):
    """Count a picture as it is, changed, and with wrong pixel sizes."""
    about = {"source": known.source, "true": known.true}
    rows = [about | {"change": name} | count(change(known.pixels), known.um) for name, change in CHANGES.items()]
    return rows + [about | {"change": name} | count(known.pixels, known.um * times) for name, times in SIZES.items()]


def foreign(kind):
    """Count pictures of something else, whose pixel size nobody tells."""
    return [{"kind": kind, **count(FOREIGN[kind](seed), None)} for seed in FOREIGN_SEEDS]


def judged(rows):
    """Add the error of the count and whether a reader is warned; sparse pictures are left out."""
    rows = rows[rows["true"] >= FEWEST].copy()
    ratio = np.maximum(rows["called"], 0.5) / rows["true"]
    rows["off"] = np.where(rows["refused"], np.nan, np.exp(np.abs(np.log(ratio))) - 1)
    rows["unfamiliar"] = rows["flags"].str.contains("unfamiliar")
    rows["any"] = rows["flags"] != ""
    return rows


def share(rows, column):
    return f"{int(rows[column].sum())} of {len(rows)}"


def told_and_false(rows):
    """Say how many bad counts are warned of, by a flag or a refusal, and how many good ones are doubted."""
    warned = rows["refused"] | rows["unfamiliar"]
    twice, third = (warned[rows["refused"] | (rows["off"] >= bound)] for bound in (1.0, 0.3))
    false = rows.loc[rows["off"] < 0.1, "unfamiliar"]
    return (
        f"Flagged or refused: {twice.sum()} of {twice.size} whose count is off by a factor of 2 or that give none "
        f"({twice.mean():.2f}), {third.sum()} of {third.size} of those off by 30 % and more ({third.mean():.2f}). "
        f"False alarms: {false.sum()} of {false.size} within 10 % ({false.mean():.2f})."
    )


def section(rows, strange):
    """Return the lines of the section."""
    rows = judged(rows)
    lines = [
        "## Unfamiliar pictures",
        "",
        f"{doc_sections.command()}. Pictures with at least {FEWEST} true osteoclasts, as they are and changed. “Off "
        "by” is the larger of called and true over the smaller, less one. The bounds of the flag were set on pictures "
        "of these kinds, in part on these, so on those of a new lab it tells less.",
        "",
        "Flagged `unfamiliar`, by how far the count is off:",
        "",
        "| pictures | n | refused | 100 % and more | 30 to 100 % | 10 to 30 % | within 10 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for source, some in (*rows.groupby("source", sort=False), ("all", rows)):
        done = some[~some["refused"]]
        bands = [done[(done["off"] >= low) & (done["off"] < high)] for low, high in BANDS]
        told = " | ".join(share(band, "unfamiliar") for band in bands)
        lines.append(f"| {source} | {len(some)} | {int(some['refused'].sum())} | {told} |")
    lines += [
        "",
        told_and_false(rows),
        "",
        "| change | n | refused | median off by | flagged `unfamiliar` | any flag |",
        "|---|---|---|---|---|---|",
    ]
    for change, some in rows.groupby("change", sort=False):
        done = some[~some["refused"]]
        off = f"{100 * done['off'].median():.0f} %" if len(done) else ""
        told = f"{share(done, 'unfamiliar')} | {share(done, 'any')}"
        lines.append(f"| {change} | {len(some)} | {int(some['refused'].sum())} | {off} | {told} |")
    lines += ["", "| pictures of other things | n | refused | flagged `unfamiliar` | other flags only | in silence |"]
    lines += ["|---|---|---|---|---|---|"]
    for kind, some in strange.groupby("kind", sort=False):
        told = some["flags"].str.contains("unfamiliar")
        silent = ~some["refused"] & (some["flags"] == "")
        parts = some["refused"], told, ~some["refused"] & ~told & ~silent, silent
        lines.append(f"| {kind} | {len(some)} | " + " | ".join(str(int(part.sum())) for part in parts) + " |")
    return [*lines, ""]


BANDS = ((1.0, np.inf), (0.3, 1.0), (0.1, 0.3), (0.0, 0.1))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options.add_argument("--tiles", type=int, default=3, help="of each well")
    options.add_argument("--simulated", type=int, default=8, help="of either power")
    options.add_argument("--rows", type=Path, help="also write every row as a table")
    options.add_argument("--out", type=Path, default=ROOT / "docs" / "accuracy.md")
    given = options.parse_args()
    known = [each for number in range(given.simulated) for each in simulated(number)]
    if (given.shared / "real").is_dir():
        known = [*tiles(given.shared, given.tiles), *others(given.shared), *known]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        strange = pd.DataFrame([row for rows in pool.map(foreign, FOREIGN) for row in rows])
        rows = pd.DataFrame([row for rows in pool.map(changed, known) for row in rows])
    if given.rows:
        pd.concat([rows, strange]).to_csv(given.rows, index=False)
    doc_sections.write("unfamiliar", section(rows, strange), given.out)


if __name__ == "__main__":
    main()

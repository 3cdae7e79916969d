"""How surely pictures that are no TRAP culture are told from those that are; nothing is counted.

python benchmarks/domain.py [--out docs/out_of_domain.md]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from osteocount.io.picture import Picture, PixelSize
from osteocount.segment.regimes.out_of_domain import measure_domain, rejection_reason
from osteocount.simulate import simulate_field
from osteocount.simulate.design import random_design

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support import out_of_domain as made_up  # noqa: E402  the same makers as the tests

SEEDS = range(100, 108)  # the tests use others
FIELDS = 200
KINDS = {
    "phase contrast": made_up.phase_contrast,
    "bare plastic": made_up.empty,
    "noise": made_up.noise_only,
    "blurred by 14 px": made_up.blurred,
    "H&E": made_up.tissue,
    "text page": made_up.text_page,
    "photograph": made_up.photograph,
    "chart": made_up.figure,
    "blue dye": lambda seed: made_up.other_stain(seed, (1.3, 1.1, 0.25)),
    "brown dye": lambda seed: made_up.other_stain(seed, (0.4, 0.9, 1.5)),
    "green dye": lambda seed: made_up.other_stain(seed, (1.4, 0.4, 0.9)),
}


def refused(pixels, um):
    """Whether a picture is refused, and the seconds that took."""
    picture = Picture(Path("x.png"), pixels, "rgb", ("", "", ""), PixelSize(um, "known"), "YXC", ())
    started = time.perf_counter()
    reason = rejection_reason(measure_domain(picture, np.ones(pixels.shape[:2], bool), um))
    return bool(reason), time.perf_counter() - started


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, default=ROOT / "docs" / "out_of_domain.md")
    given = options.parse_args()
    cv2.setNumThreads(1)
    rows, seconds = [], []
    for name, make in KINDS.items():
        found = [refused(make(seed), 0.76)[0] for seed in SEEDS]
        rows.append(f"| {name} | {sum(found)} of {len(found)} |")
    wrong = 0
    for number in range(FIELDS):
        design = random_design(np.random.default_rng([2026, number]), 500, 600, held_out=number % 2 == 1)
        is_refused, spent = refused(simulate_field(design, number).picture, design.pixel_size)
        wrong, seconds = wrong + is_refused, [*seconds, spent]
    text = [
        "# What is refused",
        "",
        "A picture that cannot be a TRAP-stained culture is refused with the reason: its well stands in the results as "
        "failed, without numbers. Made by `python benchmarks/domain.py`; pictures made by code, so this says that the "
        "bounds lie between the kinds, not how often a microscope gives either.",
        "",
        "| kind | refused |",
        "|---|---|",
        *rows,
        f"| simulated TRAP cultures of all stains and densities | {wrong} of {FIELDS} |",
        "",
        f"The look costs {np.median(seconds):.3f} s (median).",
        "",
        "A well without TRAP-positive cells is no reason for refusal as long as anything, be it debris, can be seen in "
        "it: it counts as 0, with a warning.",
    ]
    given.out.write_text("\n".join(text) + "\n", encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()

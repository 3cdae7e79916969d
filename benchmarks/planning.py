"""Does `osteocount plan` give the power that an experiment has? Against brute force, written to docs/planning.md.

    python benchmarks/planning.py [--runs 4000] [--pilots 60]

Five truths, with unequal imaged areas. Brute force draws every well of the planned experiment from the truth, pools
them and analyses them as `compare` does. Each plan is made from pilots that were drawn from the same truth: large ones
(LARGE of 200 donors, over which the power is averaged, since one of them is off by .02), and small ones as labs have.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from osteocount.stats.counting_noise import CountedCells
from osteocount.stats.planning import DRAW_RUNS, estimate_components, power_range, relative_areas, simulated_power
from osteocount.stats.power_simulation import VarianceComponents, analyse, crossed
from osteocount.stats.wells_input import check_wells

SEED = 20170101
LARGE = 10
PAGE = Path(__file__).resolve().parents[1] / "docs" / "planning.md"


@dataclass(frozen=True)
class Truth:
    """An experiment to plan, the pilot's size, and the smallest share of a well that is imaged."""

    name: str
    components: VarianceComponents
    donors: int
    wells: int
    arms: int
    ratio: float
    pilot: tuple[int, int]
    least_area: float = 1.0


TRUTHS = (
    Truth("4 × 3, ratio 2", VarianceComponents(20, 0.5, 0.2, 10), 4, 3, 4, 2.0, (4, 3)),
    Truth("6 × 3, ratio 1.5, areas 0.3 to 1", VarianceComponents(40, 0.5, 0.15, 10), 6, 3, 4, 1.5, (4, 3), 0.3),
    Truth("5 × 2, ratio 2, areas 0.5 to 1", VarianceComponents(15, 0.7, 0.2, 6), 5, 2, 2, 2.0, (3, 3), 0.5),
    Truth("8 × 2, ratio 1.6, noisy arms", VarianceComponents(60, 0.4, 0.35, 15), 8, 2, 3, 1.6, (5, 2)),
    Truth("6 × 4, ratio 2, sparse, areas 0.3 to 1", VarianceComponents(4, 0.5, 0.2, 10), 6, 4, 3, 2.0, (4, 4), 0.3),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--pilots", type=int, default=60)
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    started = time.perf_counter()
    rows = []
    for number, truth in enumerate(TRUTHS):
        rng = np.random.default_rng([SEED, number])
        dunnett, robust = brute_force(rng, truth, options.runs)
        large = [planned(rng, truth, pilot(rng, truth, 200, 4), options.runs // 4) for _ in range(LARGE)]
        small = [small_pilot(rng, truth, robust) for _ in range(options.pilots)]
        rows.append(
            {
                "planned": truth.name,
                "Dunnett, brute force": dunnett,
                "Dunnett, plan": float(np.mean([one["power_adjusted"] for one in large])),
                "robust, brute force": robust,
                "robust, plan": float(np.mean([one["power_robust"] for one in large])),
                "small pilot": f"{truth.pilot[0]} × {truth.pilot[1]}",
                "robust, mean of small pilots": float(np.mean([one for one, _ in small])),
                "their SD": float(np.std([one for one, _ in small])),
                "range holds it": float(np.mean([inside for _, inside in small])),
            }
        )
        print(rows[-1], flush=True)
    options.out.write_text(page(pd.DataFrame(rows), options, time.perf_counter() - started), encoding="utf-8")


def draw_wells(rng: np.random.Generator, truth: Truth, cells: pd.DataFrame, runs: int, wells: int) -> np.ndarray:
    """Draw areas and counts of every well, shape (2, runs, cells, wells)."""
    components = truth.components
    donors, codes = np.unique(cells["block"].to_numpy(), return_inverse=True)
    level = np.log(components.mean) + components.donor_sd * rng.standard_normal((runs, len(donors)))[:, codes]
    level += components.donor_arm_sd * rng.standard_normal((runs, len(cells)))
    level += np.log(truth.ratio) * (cells["arm"].to_numpy() == "arm 1")
    area = rng.uniform(truth.least_area, 1.0, (runs, len(cells), wells))
    varied = rng.standard_gamma(components.theta, area.shape) / components.theta
    return np.stack([area, rng.poisson(np.exp(level)[:, :, None] * area * varied)])


def brute_force(rng: np.random.Generator, truth: Truth, runs: int) -> tuple[float, float]:
    """How often the planned experiment finds the effect: Dunnett p < .05, and robust."""
    cells = crossed(truth.donors, truth.arms + 1)
    area, counts = draw_wells(rng, truth, cells, runs, truth.wells)
    y = np.log((counts.sum(axis=2) + 0.5) / area.sum(axis=2))
    even = np.mean((area**2).sum(axis=2) / area.sum(axis=2) ** 2, axis=0)
    counted = CountedCells(area.sum(axis=2).mean(axis=0), even, 1 / truth.components.theta)
    tests = analyse(cells, y, "arm 0", counted)
    right = np.sign(tests.estimate[:, 0]) == np.sign(np.log(truth.ratio))
    return float(np.mean(tests.dunnett[:, 0] & right)), float(np.mean(tests.robust[:, 0] & right))


def pilot(rng: np.random.Generator, truth: Truth, donors: int, wells: int) -> pd.DataFrame:
    """Draw a pilot of the truth, checked as `plan` checks it."""
    cells = crossed(donors, truth.arms + 1)
    area, counts = draw_wells(rng, truth, cells, 1, wells)[:, 0]
    frame = pd.DataFrame(
        {
            "donor": cells["block"].repeat(wells),
            "treatment": cells["arm"].repeat(wells),
            "count": counts.ravel(),
            "area_mm2": area.ravel(),
        }
    )
    return check_wells(frame, {}).wells


def planned(
    rng: np.random.Generator, truth: Truth, wells: pd.DataFrame, runs: int, components: VarianceComponents | None = None
) -> dict[str, float]:
    """Return what `plan` says of the experiment from these wells of a pilot, or from components drawn for it."""
    components = components or estimate_components(wells, {"arm 0"}, "mm²").components
    return simulated_power(
        rng, truth.donors, truth.wells, components, runs=runs, arms=truth.arms, log_ratio=float(np.log(truth.ratio)),
        areas=relative_areas(wells),
    )  # fmt: skip


def small_pilot(rng: np.random.Generator, truth: Truth, power: float) -> tuple[float, bool]:
    """Return the power that a small pilot gives, and whether the range it leaves open holds the true one."""
    wells = pilot(rng, truth, *truth.pilot)
    middle = planned(rng, truth, wells, 1000)["power_robust"]
    estimate = estimate_components(wells, {"arm 0"}, "mm²")
    low, high = power_range(
        estimate, lambda drawn: planned(rng, truth, wells, DRAW_RUNS, drawn), int(rng.integers(1e9))
    )
    return middle, low <= power <= high


def page(table: pd.DataFrame, options: argparse.Namespace, seconds: float) -> str:
    head = "| " + " | ".join(table.columns) + " |\n|" + "---|" * len(table.columns) + "\n"
    body = "".join(
        "| " + " | ".join(v if isinstance(v, str) else f"{v:.2f}".removeprefix("0") for v in row) + " |\n"
        for row in table.itertuples(index=False, name=None)
    )
    return f"""# Power by `osteocount plan`, and by brute force

Made by `python benchmarks/planning.py --runs {options.runs} --pilots {options.pilots}` in {seconds:.0f} s; seed {SEED}.
*Brute force* draws every well of the planned experiment (donors × wells, with the imaged areas named) from a known
truth {options.runs} times and analyses it as `compare` does. *Plan* knows only a pilot of 200 donors × 4 wells drawn
from the same truth; the power is the mean over {LARGE} such pilots. A power of .5 has a standard error of
{0.5 / np.sqrt(options.runs):.3f}.

{head}{body}
*Small pilots*: {options.pilots} of donors × wells as named; the mean of them has a standard error of about
{0.16 / np.sqrt(options.pilots):.2f}. On the whole they promise .01 too much, a single one is far off (*their
SD*): how much a donor's arms vary is estimated from a handful of donors. That is why `plan` says, in its
headline, which power a pilot of this size leaves open; *range holds it* is how often that range holds the true power
(wanted: .90). It is drawn from what the pilot leaves open of the variation between a donor's arms (χ²) and of the
control's mean (t); how much wells differ is taken as estimated.
"""


if __name__ == "__main__":
    main()

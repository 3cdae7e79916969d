"""Does the default analysis keep its promises? Null simulations with donor structure, written to docs/calibration.md.

Control + 4 arms; donor SD 0.5 and donor × arm SD 0.2 on the log scale; negative-binomial wells with size 10 and a mean
of 20. No arm has an effect, so every finding is false. Run: ``python benchmarks/calibration.py [--runs 4000]``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from osteocount.stats.power_simulation import SimulatedTests, VarianceComponents, analyse, crossed, simulate_log_rates

ARMS = 5
COMPONENTS = VarianceComponents(mean=20, donor_sd=0.5, donor_arm_sd=0.2, theta=10)
DESIGNS = ((3, 3), (4, 3), (3, 6), (5, 2))
MISSING = 0.10
PATTERNS = 40  # each has a correlation matrix of its own; the runs are shared out among them
SEED = 20170101
PAGE = Path(__file__).resolve().parents[1] / "docs" / "calibration.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    started = time.perf_counter()
    rows = []
    for donors, wells in DESIGNS:
        for missing in (0.0, MISSING):
            rng = np.random.default_rng([SEED, donors, wells, int(100 * missing)])
            rows.append(
                {
                    "design": name(donors, wells, missing),
                    **rates(list(simulate(rng, donors, wells, missing, options.runs))),
                }
            )
            print(rows[-1], flush=True)
    options.out.write_text(page(pd.DataFrame(rows), options.runs, time.perf_counter() - started), encoding="utf-8")


def name(donors: int, wells: int, missing: float) -> str:
    return f"{donors} donors × {wells} wells" + (
        f", {missing:.0%} of cells missing".replace("%", " %") if missing else ""
    )


def simulate(rng: np.random.Generator, donors: int, wells: int, missing: float, runs: int) -> Iterator[SimulatedTests]:
    """Yield the analyses, in one batch where the design is complete, in one per pattern where cells are missing."""
    batches = PATTERNS if missing else 1
    for _ in range(batches):
        cells = without_some(rng, crossed(donors, ARMS), missing)
        y = simulate_log_rates(rng, runs // batches, cells, wells, COMPONENTS, {})
        yield analyse(cells, y, "arm 0")


def without_some(rng: np.random.Generator, cells: pd.DataFrame, share: float) -> pd.DataFrame:
    """Drop a share of the cells at random, keeping two donors for every comparison with the control."""
    if not share:
        return cells
    while True:
        kept = cells[rng.random(len(cells)) >= share].reset_index(drop=True)
        if len(kept) == len(cells):
            continue
        present = kept.assign(one=1).pivot_table(index="block", columns="arm", values="one", fill_value=0)
        if present.shape[1] == ARMS and (present.mul(present["arm 0"], axis=0).sum() >= 2).all():
            return kept


def rates(found: list[SimulatedTests]) -> dict[str, float]:
    """Share of false findings, and of intervals that cover the truth (a log ratio of 0)."""
    raw = np.concatenate([one.raw_p < 0.05 for one in found])
    dunnett = np.concatenate([one.dunnett for one in found])
    robust = np.concatenate([one.robust for one in found])
    paired = np.concatenate([one.paired for one in found])
    covered = np.concatenate([np.abs(one.estimate) <= stats.t.ppf(0.975, one.df) * one.error for one in found])
    together = np.concatenate([(np.abs(one.estimate) <= one.critical * one.error).all(axis=1) for one in found])
    return {
        "raw p < .05": float(raw.mean()),
        "Dunnett, family-wise": float(dunnett.any(axis=1).mean()),
        "robust, family-wise": float(robust.any(axis=1).mean()),
        "robust, per arm": float(robust.mean()),
        "paired t": float(paired.mean()),
        "raw CI covers": float(covered.mean()),
        "simultaneous CIs cover": float(together.mean()),
    }


def page(table: pd.DataFrame, runs: int, seconds: float) -> str:
    head = "| " + " | ".join(table.columns) + " |\n|" + "---|" * len(table.columns) + "\n"
    body = "".join(
        "| " + " | ".join([str(row[0]), *(f"{value:.3f}".removeprefix("0") for value in row[1:])]) + " |\n"
        for row in table.itertuples(index=False, name=None)
    )
    error = np.sqrt(0.05 * 0.95 / runs)
    return f"""# Calibration of the default analysis

Simulated experiments in which no arm has an effect: every finding is false. Control + {ARMS - 1} arms; donor SD
{COMPONENTS.donor_sd} and donor × arm SD {COMPONENTS.donor_arm_sd} on the log scale; negative-binomial wells (size
{COMPONENTS.theta:g}), {COMPONENTS.mean:g} osteoclasts per well on average; {runs} experiments per design, seed {SEED}.
Made by `python benchmarks/calibration.py --runs {runs}` in {seconds:.0f} s.

{head}{body}
Wanted: raw p and Dunnett family-wise .04 to .06, robust at most .06, coverage .94 to .96. A rate of .05 from {runs}
experiments has a standard error of about {error:.4f}.

- *raw p < .05*: per arm, unadjusted. *Dunnett, family-wise*: any arm with adjusted p < .05. *robust*: Dunnett and the
  paired t test of the donors' own ratios both below .05.
- *raw CI covers*: per arm. *simultaneous CIs cover*: all arms at once.
- With missing cells the {PATTERNS} patterns are drawn at random; every arm keeps at least two donors that also carry
  the control, and an arm with only two is never robust.
"""


if __name__ == "__main__":
    main()

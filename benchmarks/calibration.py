"""Does the default analysis keep its promises? Simulations with donor structure, written to docs/calibration.md.

Every design is simulated twice: without any effect, where every finding is false, and with a ratio of 2 in one arm, for
power. Control + 4 arms unless said otherwise; donor SD 0.5 and donor × arm SD 0.2 on the log scale; negative-binomial
wells with size 10 and a mean of 20. Run: ``python benchmarks/calibration.py [--runs 4000]``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import sd_bounds

from osteocount.stats.counting_noise import SPARSE_TOTAL, CountedCells, weighted_by_noise
from osteocount.stats.least_squares import fit
from osteocount.stats.power_simulation import SimulatedTests, VarianceComponents, analyse, crossed, simulate_log_rates
from osteocount.stats.warnings import SD_LEVEL, noisiest_arm

COMPONENTS = VarianceComponents(mean=20, donor_sd=0.5, donor_arm_sd=0.2, theta=10)
PATTERNS = 20  # with missing cells: each has a correlation matrix of its own; the runs are shared out among them
RATIO = 2.0
SEED = 20170101
PAGE = Path(__file__).resolve().parents[1] / "docs" / "calibration.md"


@dataclass(frozen=True)
class Simulation:
    """A design, and what is wrong with it.

    Attributes
    ----------
    name : str
    donors, wells, arms : int
        Treatment arms beside the control.
    arm_sds : dict
        Donor × arm SD of single arms, where it is not that of the others.
    imaged : dict
        Imaged area of the wells of single arms, relative to the others.
    missing : float
        Share of donor × arm cells without wells.
    plates : int
        Plates per donor, over which the treatments are spread; each has a control and a level of its own (SD 0.3).
    components : VarianceComponents
    """

    name: str
    donors: int
    wells: int = 3
    arms: int = 4
    arm_sds: dict[str, float] = field(default_factory=dict)
    imaged: dict[str, float] = field(default_factory=dict)
    missing: float = 0.0
    plates: int = 1
    components: VarianceComponents = COMPONENTS


def noisy(which: str, sd: float, donors: int, arms: int = 4) -> Simulation:
    name = f"{donors} × 3, {'control' if which == 'arm 0' else 'one arm'} SD {sd}"
    return Simulation(name if arms == 4 else f"{name}, {arms} arms", donors, arms=arms, arm_sds={which: sd})


SPARSE = replace(COMPONENTS, mean=3)
DESIGNS = (
    Simulation("3 × 3", 3),
    Simulation("4 × 3", 4),
    Simulation("3 × 6", 3, 6),
    Simulation("5 × 2", 5, 2),
    Simulation("6 × 3", 6),
    Simulation("3 × 3, 1 arm", 3, arms=1),
    Simulation("4 × 3, 2 arms", 4, arms=2),
    Simulation("4 × 3, 10 arms", 4, arms=10),
    Simulation("4 × 3, 31 arms", 4, arms=31),
    Simulation("4 × 3, 10 % of cells missing", 4, missing=0.10),
    Simulation("5 × 2, 10 % of cells missing", 5, 2, missing=0.10),
    Simulation("3 × 3 on 2 plates", 3, plates=2),
    Simulation("4 × 3 on 2 plates", 4, plates=2),
    Simulation("4 × 3, all sparse (3 a well)", 4, components=SPARSE),
    Simulation("3 × 3, control sparse (2 a well)", 3, imaged={"arm 0": 0.1}),
    Simulation("4 × 3, control sparse (2 a well)", 4, imaged={"arm 0": 0.1}),
    Simulation("4 × 3, control sparse (5 a well)", 4, imaged={"arm 0": 0.25}),
    Simulation("6 × 2, another arm sparse (2 a well)", 6, 2, imaged={"arm 4": 0.1}),
    noisy("arm 1", 0.5, 3),
    noisy("arm 1", 0.8, 3),
    noisy("arm 1", 0.8, 4),
    noisy("arm 1", 0.5, 5),
    noisy("arm 1", 0.8, 5),
    noisy("arm 1", 0.5, 4, 10),
    noisy("arm 1", 0.8, 4, 10),
    noisy("arm 0", 0.5, 3),
    noisy("arm 0", 0.8, 3),
    noisy("arm 0", 0.5, 4),
    noisy("arm 0", 0.8, 4),
    noisy("arm 0", 0.5, 6),
    noisy("arm 0", 0.8, 6),
    noisy("arm 0", 0.5, 4, 10),
    noisy("arm 0", 0.8, 4, 10),
    noisy("arm 0", 0.8, 4, 31),
)


NOISE = {
    "sound": {}, "one arm SD .8": {"arm 1": 0.8}, "control SD .8": {"arm 0": 0.8},
    "one arm fourfold": {"arm 1": 1.18}, "control fourfold": {"arm 0": 1.18},
}  # fmt: skip
"""What varies more in the table of the warning on unequal SDs → donor × arm SDs."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument(
        "--warned", type=int, default=600, help="runs in which the warning on unequal SDs is looked for"
    )
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    started = time.perf_counter()
    rows, unweighted = [], []
    for number, design in enumerate(DESIGNS):
        rng = np.random.default_rng([SEED, number])
        none = list(simulate(rng, design, options.runs, 1.0))
        effect = list(simulate(rng, design, options.runs, RATIO))
        rows.append({"design": design.name, **rates([tests for tests, _ in none]), **power([t for t, _ in effect])})
        rows[-1]["SD warning"] = warned([one for _, one in none], options.warned)
        if "sparse" in design.name:
            equal = [[analyse(cells, y, "arm 0") for _, (cells, y, _) in both] for both in (none, effect)]
            unweighted.append({"design": design.name, **compared(rows[-1], {**rates(equal[0]), **power(equal[1])})})
        print(rows[-1], flush=True)
    seconds = time.perf_counter() - started
    options.out.write_text(page(pd.DataFrame(rows), pd.DataFrame(unweighted), options, seconds), encoding="utf-8")


def compared(weighted: dict[str, float], equal: dict[str, float]) -> dict[str, float]:
    """Set the error and the power of weighted and of equal cells side by side."""
    shown = ("Dunnett, family-wise", "robust, family-wise", "power Dunnett", "power robust")
    return {f"{name}, {how}": own[name] for name in shown for how, own in (("equal", equal), ("weighted", weighted))}


Cells = tuple[pd.DataFrame, np.ndarray, CountedCells]


def simulate(
    rng: np.random.Generator, design: Simulation, runs: int, ratio: float
) -> Iterator[tuple[SimulatedTests, Cells]]:
    """Yield the analyses, in one batch where the design is complete, in one per pattern where cells are missing."""
    batches = PATTERNS if design.missing else 1
    for _ in range(batches):
        cells = without_some(rng, design)
        y = draw(rng, runs // batches, cells, design, ratio)
        counted = counted_cells(cells, design)
        yield analyse(cells, y, "arm 0", counted), (cells, y, counted)


def counted_cells(cells: pd.DataFrame, design: Simulation) -> CountedCells:
    """Say how the cells were counted: the wells of an arm have the same area."""
    imaged = cells["arm"].map(lambda arm: design.imaged.get(arm, 1.0)).to_numpy(dtype=np.float64)
    evenness = np.full(len(cells), 1 / design.wells)
    return CountedCells(design.wells * imaged, evenness, 1 / design.components.theta)


def draw(rng: np.random.Generator, runs: int, cells: pd.DataFrame, design: Simulation, ratio: float) -> np.ndarray:
    """Draw log rates of every cell, with SDs and means of their own for single arms, and levels of plates."""
    imaged = np.log(cells["arm"].map(lambda arm: design.imaged.get(arm, 1.0)).to_numpy(dtype=np.float64))
    own_sd = cells["arm"].map(lambda arm: design.arm_sds.get(arm, 0.0)).to_numpy(dtype=np.float64)
    extra = np.sqrt(np.maximum(own_sd**2 - design.components.donor_arm_sd**2, 0))
    noise = extra * rng.standard_normal((runs, len(cells)))
    if design.plates > 1:
        blocks = cells["block"].to_numpy()
        names, codes = np.unique(blocks, return_inverse=True)
        noise += 0.3 * rng.standard_normal((runs, len(names)))[:, codes]
    donors = cells.assign(block=cells["block"].str.split(" | ", regex=False).str[0])
    log_ratio = {"arm 1": float(np.log(ratio))}
    y = simulate_log_rates(rng, runs, donors, design.wells, design.components, log_ratio, noise + imaged)
    return y - imaged


def without_some(rng: np.random.Generator, design: Simulation) -> pd.DataFrame:
    """Return the cells; of missing ones keep two donors for every comparison with the control."""
    cells = crossed(design.donors, design.arms + 1)
    if design.plates > 1:
        plates = []
        for plate in range(design.plates):
            own = cells[cells["arm"].eq("arm 0") | (cells["arm"].str[4:].astype(int) % design.plates == plate)]
            plates.append(own.assign(block=own["block"] + f" | {plate}"))
        return pd.concat(plates, ignore_index=True)
    while design.missing:
        kept = cells[rng.random(len(cells)) >= design.missing].reset_index(drop=True)
        if len(kept) == len(cells):
            continue
        present = kept.assign(one=1).pivot_table(index="block", columns="arm", values="one", fill_value=0)
        if present.shape[1] == design.arms + 1 and (present.mul(present["arm 0"], axis=0).sum() >= 2).all():
            return kept
    return cells


def rates(tests: list[SimulatedTests]) -> dict[str, float]:
    """Share of false findings, and of simultaneous intervals that cover the truth (a log ratio of 0)."""
    raw = np.concatenate([one.raw_p < 0.05 for one in tests])
    dunnett = np.concatenate([one.dunnett for one in tests])
    robust = np.concatenate([one.robust for one in tests])
    before = np.concatenate([by_two_tests(one) for one in tests])
    together = np.concatenate(
        [(np.abs(one.estimate) <= one.critical[:, None] * one.error).all(axis=1) for one in tests]
    )
    return {
        "raw p < .05": float(raw.mean()),
        "Dunnett, family-wise": float(dunnett.any(axis=1).mean()),
        "robust, family-wise": float(robust.any(axis=1).mean()),
        "Dunnett and paired, family-wise": float(before.any(axis=1).mean()),
        "simultaneous CIs cover": float(together.mean()),
    }


def by_two_tests(tests: SimulatedTests) -> np.ndarray:
    """What "robust" was until this test: Dunnett and the arm's own paired t test below .05."""
    return tests.dunnett & (tests.paired_p < 0.05) & (tests.pairs >= 3)


def power(tests: list[SimulatedTests]) -> dict[str, float]:
    """How often the arm with the effect is found."""
    return {
        "power Dunnett": float(np.concatenate([one.dunnett[:, 0] for one in tests]).mean()),
        "power robust": float(np.concatenate([one.robust[:, 0] for one in tests]).mean()),
        "power Dunnett and paired": float(np.concatenate([by_two_tests(one)[:, 0] for one in tests]).mean()),
    }


def warned(batches: list[Cells], runs: int) -> float:
    """Share of experiments in which unequal SDs are warned of, of ``runs`` at most."""
    found: list[bool] = []
    for cells, y, counted in batches:
        arms = cells["arm"].to_numpy(dtype=str)
        for row in y[: max(1, runs // len(batches))]:
            noise = weighted_by_noise(fit(cells.assign(y=row)), cells.assign(y=row), counted)
            found.append(noisiest_arm(noise.fit, arms, noise)[2] < SD_LEVEL)
    return float(np.mean(found))


def markdown(table: pd.DataFrame) -> str:
    head = "| " + " | ".join(table.columns) + " |\n|" + "---|" * len(table.columns) + "\n"
    return head + "".join(
        "| " + " | ".join([str(row[0]), *(f"{value:.3f}".removeprefix("0") for value in row[1:])]) + " |\n"
        for row in table.itertuples(index=False, name=None)
    )


def page(table: pd.DataFrame, unweighted: pd.DataFrame, options: argparse.Namespace, seconds: float) -> str:
    runs, looked = options.runs, options.warned
    error = np.sqrt(0.05 * 0.95 / runs)
    return f"""# Calibration of the default analysis

Simulated experiments: without any effect, where every finding is false, and with a ratio of {RATIO:g} in one arm, for
power. Control + 4 arms unless said otherwise, donors × wells; donor SD {COMPONENTS.donor_sd} and donor × arm SD
{COMPONENTS.donor_arm_sd} on the log scale; negative-binomial wells (size {COMPONENTS.theta:g}), {COMPONENTS.mean:g}
osteoclasts per well on average; {runs} experiments per design, seed {SEED}. "control SD 0.5": the control varies that
much between a donor's plates, the arms 0.2.
Made by `python benchmarks/calibration.py --runs {runs} --warned {looked}` in {seconds:.0f} s.

{markdown(table)}
Wanted: Dunnett family-wise .04 to .06 where all arms vary equally, and at most .06 where some are sparse; robust at
most .06, and at most .07 where one arm or the control has an SD of .8; the SD warning in at most .10 of sound
experiments, and in half of those with a fourfold SD (.8 against .2).
A rate of .05 from {runs} experiments has a standard error of about {error:.4f}; the SD warning was
looked for in {looked} (a rate of .08: {np.sqrt(0.08 * 0.92 / looked):.3f}).

- *raw p < .05*: per arm, unadjusted. *Dunnett, family-wise*: any arm with adjusted p < .05.
- *robust*: Dunnett p < .05, the paired test pooled over the arms (adjusted over them) p < .05, and the arm's own paired
  t test p < .10, on three donors or more. Dunnett's test takes the control to vary between donors as the arms do; where
  it varies more, every arm's p is too small. The pooled paired test takes the variance of the ratios, which holds that
  of the control, and the arm's own paired test holds against a single noisy arm.
- *Dunnett and paired*: both below .05, which "robust" was before. It errs with a noisy control and many arms.
- *simultaneous CIs cover*: all arms at once. They are Dunnett's, and cover less where the SDs differ.
- With missing cells the {PATTERNS} patterns are drawn at random; every arm keeps at least two donors that also carry
  the control, and an arm with only two is never robust. On 2 plates each donor's arms are spread over two plates with a
  control each, whose levels differ (SD 0.3).

{sparse_cells(unweighted)}
{unequal_sds(options.warned)}"""


def sparse_cells(unweighted: pd.DataFrame) -> str:
    """Return the section on cells that hold few osteoclasts."""
    return f"""## Sparse cells

Where an arm has fewer than {SPARSE_TOTAL} osteoclasts in the donor in the middle, every donor × arm cell weighs
1 / (τ² + counting noise): counting noise from the expected total and how much wells differ, τ², the variance between
a donor's arms, from the residuals less that noise. *equal*: all cells weigh the same, as they did before.

{markdown(unweighted)}"""


def warnings_seen(runs: int) -> pd.DataFrame:
    """How often the warning comes in sound experiments, and in those with one noisy arm or control."""
    rows = []
    for donors in (3, 4, 5, 6):
        found: dict[str, float | str] = {"design": f"{donors} donors × 3 wells, 5 arms"}
        for number, (name, sds) in enumerate(NOISE.items()):
            design = Simulation(name, donors, arm_sds=sds)
            rng = np.random.default_rng([SEED, 1000 + donors, number])
            found[name] = warned([one for _, one in simulate(rng, design, runs, 1.0)], runs)
        rows.append(found)
    return pd.DataFrame(rows)


def unequal_sds(runs: int) -> str:
    """Return the section on what the warning on unequal SDs can see."""
    return f"""## How much a warning on unequal SDs can see

Three wells of 20 osteoclasts add .22 by counting to whatever varies between a donor's arms. Where these vary with an
SD of .2 the values of donors vary with .30; a noisy arm of .8 varies with .83 (2.8-fold), one of 1.18 with 1.20
(fourfold).
How often the warning comes, in {runs} experiments each, simulated as counts:

{markdown(warnings_seen(runs))}
In sound experiments it comes in one of fourteen (each rate there has a standard error of about .013). An arm whose
donor values have a fourfold SD is found in half of the experiments with three donors, and in most with more. Where only
what is beyond counting is fourfold (.8 against .2, 2.8-fold in the values), half is reached from five donors on. No
test can reach it with three; with four, one that comes in exactly 10 % of sound experiments would just do so. Power at
a level of 10 % to find one such arm, normal residuals (`benchmarks/sd_bounds.py`):

{markdown(sd_bounds.bounds())}
The same where the SD of the values is fourfold:

{markdown(sd_bounds.bounds(sd_bounds.FOURFOLD))}
*Best of those that hold whatever the SD*: the mean likelihood ratio over the arms, with donors, arms and the common SD
unknown. *No test can find more*: against sound experiments of any one SD the likelihood ratio is the most powerful
test, and a warning that may come in 10 % of all sound experiments may come in 10 % of these; the SD that is hardest
bounds every test, whatever it pools. Wells do not help, since how much a donor's wells differ says nothing of how much
its arms do; counting noise is known from them, but only bounds the SD from below, and the SDs of sound experiments that
decide are above it. Cochran's test is as good as the best. *Knowing both SDs* is what nobody does. The warning
compares its p with .08, so that it stays below .10 where counts are not normal.
"""


if __name__ == "__main__":
    main()

"""Sample size and power of the default analysis, by simulation from a pilot's own variance components."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.settings import ComparisonSettings
from osteocount.stats.arms import choose_controls
from osteocount.stats.endpoints import COUNT, find_endpoints
from osteocount.stats.least_squares import fit
from osteocount.stats.power_simulation import VarianceComponents, analyse, crossed, simulate_log_rates
from osteocount.stats.wells_input import check_wells, refuse_percentages
from osteocount.wells import ColumnNames

DONORS = tuple(range(3, 11))
WELLS = tuple(range(2, 7))
RUNS = 2000
ORIENTATION = (
    "For orientation: with 4 arms, donor × arm SD 0.2 and negative-binomial size 10, 3 donors × 3 wells have 51 % "
    "power for a ratio of 2 and 17 % for 1.5."
)


@dataclass(frozen=True)
class Plan:
    """Power per number of donors and wells.

    Attributes
    ----------
    table : DataFrame
        ``donors, wells, power_raw, power_adjusted, power_robust, total_wells``: how often the arm with the effect
        gets raw p < .05, Dunnett p < .05, and the verdict robust.
    components : VarianceComponents
        What the pilot says about variation.
    ratio : float
    arms : int
        Treatment arms in the Dunnett family (one of them has the effect).
    runs, seed : int
    target : float
    notes : tuple of str
    """

    table: pd.DataFrame
    components: VarianceComponents
    ratio: float
    arms: int
    runs: int
    seed: int
    target: float
    notes: tuple[str, ...]

    def summary(self) -> str:
        """Say what is needed, in one sentence first, then what it rests on."""
        family = f"{self.arms} arms against control" if self.arms > 1 else "one arm against control"
        shape = self.components.theta
        wells = f"negative-binomial size of wells {shape:.3g}" if np.isfinite(shape) else "wells no wider than Poisson"
        lines = [
            f"{self._answer()} (a ratio of {self.ratio:g}, {family}, Dunnett p < .05).",
            f"From the pilot: {self.components.mean:.3g} osteoclasts per control well, SD between donors "
            f"{self.components.donor_sd:.2f} and between a donor's arms {self.components.donor_arm_sd:.2f} on the log "
            f"scale, {wells}. {self.runs} simulated experiments per design, seed {self.seed}.",
        ]
        return "\n".join([*lines, *self.notes])

    def _answer(self) -> str:
        """Fewest donors that reach the target, and the wells they need; the largest design where none does."""
        enough = self.table[self.table["power_adjusted"] >= self.target]
        if enough.empty:
            most = self.table.sort_values("power_adjusted").iloc[-1]
            donors, wells = int(self.table["donors"].max()), int(self.table["wells"].max())
            return (
                f"No design up to {donors} donors × {wells} wells gives "
                f"{100 * self.target:.0f} % power; the best gives {100 * most['power_adjusted']:.0f} %"
            )
        best = enough.sort_values(["donors", "wells"]).iloc[0]
        return (
            f"{int(best['donors'])} donors × {int(best['wells'])} wells give {100 * best['power_adjusted']:.0f} % power"
        )


def plan(
    pilot: pd.DataFrame,
    ratio: float = 1.5,
    *,
    control: str | None = None,
    settings: ComparisonSettings | None = None,
    donors: Sequence[int] = DONORS,
    wells: Sequence[int] = WELLS,
    runs: int = RUNS,
    seed: int = 1,
    target: float = 0.8,
    progress: Callable[[int, int], None] | None = None,
    **columns: Unpack[ColumnNames],
) -> Plan:
    """Simulate the default analysis for every number of donors and wells.

    Parameters
    ----------
    pilot : DataFrame
        Wells as for ``compare``; at least two donors with two arms, and two wells somewhere.
    ratio : float
        The rate ratio that one arm is to have.
    progress : callable, optional
        Called with designs done and designs in all.
    **columns : str
        `ColumnNames`: what the pilot calls columns.

    Raises
    ------
    OsteoCountError
        A malformed pilot, or one too small to hold the variance components; a ratio of 1 or not above 0.
    """
    if not ratio > 0 or ratio == 1:
        raise OsteoCountError(
            f"A ratio of {ratio:g} cannot be planned for: give the ratio that matters, such as 1.5 or 0.67."
        )
    settings = settings or ComparisonSettings()
    checked = check_wells(pilot, columns)
    controls = set(choose_controls(checked.wells, control or settings.control).values())
    refuse_percentages(checked.wells, controls)
    components, notes = estimate_components(checked.wells, controls, checked.area_unit)
    arms = checked.wells["arm"].nunique() - len(controls)
    rng = np.random.default_rng(seed)
    designs = [(n_donors, n_wells) for n_donors in donors for n_wells in wells]
    rows = []
    for done, (n_donors, n_wells) in enumerate(designs, start=1):
        rows.append(_simulated_power(rng, runs, n_donors, n_wells, arms, components, float(np.log(ratio))))
        if progress:
            progress(done, len(designs))
    return Plan(pd.DataFrame(rows), components, ratio, arms, runs, seed, target, tuple(notes))


def _simulated_power(
    rng: np.random.Generator,
    runs: int,
    n_donors: int,
    n_wells: int,
    arms: int,
    components: VarianceComponents,
    log_ratio: float,
) -> dict[str, float]:
    """Return a row of the plan: how often each test finds the effect, in its direction."""
    cells = crossed(n_donors, arms + 1)
    y = simulate_log_rates(rng, runs, cells, n_wells, components, {"arm 1": log_ratio})
    tests = analyse(cells, y, "arm 0")
    right = np.sign(tests.estimate[:, 0]) == np.sign(log_ratio)
    return {
        "donors": n_donors,
        "wells": n_wells,
        "power_raw": float(np.mean((tests.raw_p[:, 0] < 0.05) & right)),
        "power_adjusted": float(np.mean(tests.dunnett[:, 0] & right)),
        "power_robust": float(np.mean(tests.robust[:, 0] & right)),
        "total_wells": n_donors * n_wells * (arms + 1),
    }


def estimate_components(
    wells: pd.DataFrame, controls: set[str], area_unit: str
) -> tuple[VarianceComponents, list[str]]:
    """Estimate the variance components of a pilot by moments.

    Wells: pooled (variance − mean) over mean² within donor × arm gives 1 / theta. Donor × arm: residual mean square of
    the cells' log rates less what wells alone would give. Donor: variance of the donors' means less their share.
    """
    endpoint = find_endpoints(wells.assign(block=wells["donor"]), area_unit, COUNT, ())[0]
    cells = endpoint.cells(wells.assign(block=wells["donor"]))
    model = fit(cells) if len(cells) else None
    groups = wells.dropna(subset=["count"]).groupby(["donor", "arm"])["count"]
    mean, variance, size = groups.mean(), groups.var(ddof=1), groups.size()
    if model is None or model.df < 1 or cells["donor"].nunique() < 2 or not (size > 1).any():
        raise OsteoCountError(
            "The pilot is too small to plan from: it needs at least two donors that carry the same two arms, and at "
            "least two wells in some donor × arm."
        )
    known = (size > 1) & (mean > 0)
    weight = (size - 1)[known]
    excess = (
        float((weight * (variance - mean)[known]).sum() / (weight * mean[known] ** 2).sum()) if known.any() else 0.0
    )
    per_cell = (1 / cells["total"].clip(lower=0.5) + max(excess, 0.0) / cells["n_wells"]).mean()
    donor_arm = max(model.variance - float(per_cell), 0.0)
    arms_per_donor = float(cells.groupby("donor").size().mean())
    centred = cells["y"] - cells.groupby("arm")["y"].transform("mean")
    donor = max(float(centred.groupby(cells["donor"]).mean().var(ddof=1)) - model.variance / arms_per_donor, 0.0)
    control = mean[[arm in controls for arm in mean.index.get_level_values("arm")]]
    notes = [ORIENTATION]
    if donor_arm == 0:
        notes.append(
            "The pilot shows no variation between a donor's arms beyond that of wells; real experiments have some (0.2 "
            "is usual), so take this power as the most to hope for."
        )
    if cells["donor"].nunique() < 4:
        notes.append(
            f"The pilot has {cells['donor'].nunique()} donors: how much donors differ is itself poorly known. "
            "Plan for one donor more than this says."
        )
    level = float(control.mean()) if float(control.mean()) > 0 else 0.5
    theta = 1 / excess if excess > 1e-6 else float("inf")
    return VarianceComponents(level, float(np.sqrt(donor)), float(np.sqrt(donor_arm)), theta), notes

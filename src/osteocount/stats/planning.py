"""Sample size and power of the default analysis, by simulation from a pilot's own variance components."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Unpack

import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.settings import ComparisonSettings
from osteocount.stats.arms import choose_controls
from osteocount.stats.arrays import FloatArray
from osteocount.stats.counting_noise import CountedCells, excess_variance, variances
from osteocount.stats.endpoints import COUNT, find_endpoints
from osteocount.stats.least_squares import fit
from osteocount.stats.power_simulation import VarianceComponents, analyse, crossed, simulate_log_rates
from osteocount.stats.wells_input import check_wells, refuse_percentages
from osteocount.wells import ColumnNames

DONORS = tuple(range(3, 11))
WELLS = tuple(range(2, 7))
RUNS = 2000
RANGE = 0.05, 0.95  # quantiles of the power over what the pilot leaves open
DRAWS, DRAW_RUNS = 60, 300  # components as the pilot may have had them, and simulated experiments for each
WIDEST_LEVEL, LARGEST_SD = (
    4.0,
    2.0,
)  # of what is drawn, on the log scale: beyond it no power changes, but numbers overflow
ALIKE = 1.05  # largest ÷ smallest imaged area that counts as equal; a convention, not measured
ORIENTATION = (
    "For orientation: with 4 arms, 50 osteoclasts per well, donor × arm SD 0.2 and negative-binomial size 10, 3 donors "
    "× 3 wells give the verdict 'robust' in 33 % of experiments for a ratio of 2 and in 9 % for 1.5 (Dunnett p < 0.05 "
    "in 52 % and 17 %)."
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
    power_range : (float, float)
        Power of ``robust`` of the best design: 90 % interval over what the pilot leaves open (`PilotEstimate.drawn`).
    notes : tuple of str
    """

    table: pd.DataFrame
    components: VarianceComponents
    ratio: float
    arms: int
    runs: int
    seed: int
    target: float
    power_range: tuple[float, float]
    notes: tuple[str, ...]

    def summary(self) -> str:
        """Say what is needed, in one sentence first, then what it rests on."""
        shape = self.components.theta
        wells = f"negative-binomial size of wells {shape:.3g}" if np.isfinite(shape) else "wells no wider than Poisson"
        lines = [
            *self._answer(),
            f"From the pilot: {self.components.mean:.3g} osteoclasts per control well, SD between donors "
            f"{self.components.donor_sd:.2f} and between a donor's arms {self.components.donor_arm_sd:.2f} on the log "
            f"scale, {wells}. {self.runs} simulated experiments per design, seed {self.seed}.",
        ]
        return "\n".join([*lines, *self.notes])

    @property
    def best(self) -> pd.Series:
        """The design with the fewest wells, then the fewest donors, that reaches the target; else the most powerful."""
        enough = self.table[self.table["power_robust"] >= self.target]
        if enough.empty:
            return self.table.sort_values("power_robust", kind="stable").iloc[-1]
        return enough.sort_values(["total_wells", "donors"], kind="stable").iloc[0]

    def _answer(self) -> list[str]:
        """Say what the best design gives, and what the size of the pilot leaves open."""
        family = f"{self.arms} arms against control" if self.arms > 1 else "one arm against control"
        best = self.best
        low, high = (100 * end for end in self.power_range)
        power = (
            f"{100 * best['power_robust']:.0f} % power for the verdict 'robust' ({low:.0f} to {high:.0f} % as far as a "
            "pilot of this size can tell)"
        )
        dunnett = f"{100 * best['power_adjusted']:.0f} % for Dunnett p < 0.05"
        design = f"{int(best['donors'])} donors × {int(best['wells'])} wells"
        if best["power_robust"] >= self.target:
            answer = f"{design} ({int(best['total_wells'])} wells in all) give {power} and {dunnett}"
        else:
            donors, wells = int(self.table["donors"].max()), int(self.table["wells"].max())
            answer = (
                f"No design up to {donors} donors × {wells} wells gives {100 * self.target:.0f} % power; the best, "
                f"{design}, gives {power} and {dunnett}"
            )
        return [
            f"{answer} (a ratio of {self.ratio:g}, {family}).",
            "The range comes from how uncertain the pilot leaves the variation between a donor's arms and the number "
            "of osteoclasts in the control (90 % interval); a larger pilot narrows it.",
        ]


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
    checked = check_wells(pilot, columns)
    control = control or (settings or ComparisonSettings()).control
    controls = set(choose_controls(checked.wells, control).values())
    refuse_percentages(checked.wells, controls)
    pilot_says = estimate_components(checked.wells, controls, checked.area_unit)
    components = pilot_says.components
    arms = checked.wells["arm"].nunique() - len(controls)
    simulate = partial(
        simulated_power, runs=runs, arms=arms, log_ratio=float(np.log(ratio)), areas=relative_areas(checked.wells)
    )
    rng, rows = np.random.default_rng(seed), []
    designs = list(product(donors, wells))
    for done, design in enumerate(designs, start=1):
        rows.append(simulate(rng, *design, components))
        if progress:
            progress(done, len(designs))
    planned = Plan(pd.DataFrame(rows), components, ratio, arms, runs, seed, target, (0.0, 1.0), pilot_says.notes)
    size = int(planned.best["donors"]), int(planned.best["wells"])
    of_size = partial(simulate, np.random.default_rng(seed), *size, runs=DRAW_RUNS)
    return replace(planned, power_range=power_range(pilot_says, of_size, seed))


def power_range(
    pilot: PilotEstimate, simulate: Callable[[VarianceComponents], dict[str, float]], seed: int
) -> tuple[float, float]:
    """Return the 5 % and 95 % quantiles of the power of ``robust`` over components that the pilot may have had.

    ``simulate`` returns the row of the plan for components.
    """
    rng = np.random.default_rng(seed)
    power = [simulate(pilot.drawn(rng))["power_robust"] for _ in range(DRAWS)]
    low, high = np.quantile(power, RANGE)
    return float(low), float(high)


def simulated_power(
    rng: np.random.Generator,
    n_donors: int,
    n_wells: int,
    components: VarianceComponents,
    *,
    runs: int,
    arms: int,
    log_ratio: float,
    areas: FloatArray,
) -> dict[str, float]:
    """Return a row of the plan: how often each test finds the effect, in its direction.

    ``areas`` are those of the pilot's wells over their mean (`relative_areas`); the planned wells are drawn from them.
    """
    cells = crossed(n_donors, arms + 1)
    drawn = rng.choice(areas, (runs, len(cells), n_wells))
    size = drawn.sum(axis=2)
    evenness = (drawn**2).sum(axis=2) / size**2
    relative = np.log(size / n_wells)
    y = simulate_log_rates(rng, runs, cells, n_wells, components, {"arm 1": log_ratio}, relative, evenness) - relative
    excess = 1 / components.theta if np.isfinite(components.theta) else 0.0
    tests = analyse(cells, y, "arm 0", CountedCells(size.mean(axis=0), evenness.mean(axis=0), excess))
    right = np.sign(tests.estimate[:, 0]) == np.sign(log_ratio)
    return {
        "donors": n_donors,
        "wells": n_wells,
        "power_raw": float(np.mean((tests.raw_p[:, 0] < 0.05) & right)),
        "power_adjusted": float(np.mean(tests.dunnett[:, 0] & right)),
        "power_robust": float(np.mean(tests.robust[:, 0] & right)),
        "total_wells": n_donors * n_wells * (arms + 1),
    }


def relative_areas(wells: pd.DataFrame) -> FloatArray:
    """Return the imaged areas of the counted wells over their mean; a single 1 where they are alike."""
    area = wells.loc[wells["count"].notna(), "area"].to_numpy(dtype=np.float64)
    if area.max() <= ALIKE * area.min():
        return np.ones(1)
    return np.asarray(area / area.mean(), dtype=np.float64)


@dataclass(frozen=True)
class PilotEstimate:
    """What a pilot says about variation, and how surely.

    Attributes
    ----------
    components : VarianceComponents
    residual, df : float, int
        Mean square of the residuals of the cells' log rates, and its degrees of freedom.
    counting : float
        The part of it that wells alone would give.
    level_error, donors : float, int
        Standard error of the log of the control's mean over so many donors.
    notes : tuple of str
    """

    components: VarianceComponents
    residual: float
    df: int
    counting: float
    level_error: float
    donors: int
    notes: tuple[str, ...]

    def drawn(self, rng: np.random.Generator) -> VarianceComponents:
        """Draw components that may have given this pilot: residual variance by χ², the control's level by t."""
        residual = self.residual * self.df / rng.chisquare(self.df)
        log_level = self.level_error * rng.standard_t(self.donors - 1)
        level = self.components.mean * np.exp(np.clip(log_level, -WIDEST_LEVEL, WIDEST_LEVEL))
        sd = float(np.sqrt(max(residual - self.counting, 0.0)))
        return replace(self.components, mean=float(level), donor_arm_sd=min(sd, LARGEST_SD))


def estimate_components(wells: pd.DataFrame, controls: set[str], area_unit: str) -> PilotEstimate:
    """Estimate the variance components of a pilot by moments.

    Wells: pooled (squared deviation from the rate of the donor × arm − mean) over mean² gives 1 / theta, with the mean
    of each well by its area. Donor × arm: residual mean square of the cells' log rates less what counting explains of
    it (`counting_noise.variances`; at the counts that are expected, since one over those observed is too large where
    they are few). Donor: variance of the donors' means less their share. The control well is that of the donor in the
    middle, of mean area; that wells vary lowers the mean of logs by half their variance, which is added.

    Parameters
    ----------
    wells : DataFrame
        Checked wells.
    controls : set of str
    area_unit : str

    Raises
    ------
    OsteoCountError
        The pilot is too small to hold the components.
    """
    blocked = wells.assign(block=wells["donor"])
    endpoint = find_endpoints(blocked, area_unit, COUNT, ())[0]
    cells = endpoint.cells(blocked)
    model = fit(cells) if len(cells) else None
    counted = blocked.dropna(subset=["count"])
    several = bool((counted.groupby(["donor", "arm"]).size() > 1).any())
    if model is None or model.df < 1 or cells["donor"].nunique() < 2 or not several:
        raise OsteoCountError(
            "The pilot is too small to plan from: it needs at least two donors that carry the same two arms, and at "
            "least two wells in some donor × arm."
        )
    excess = max(excess_variance(endpoint.known_wells(blocked)), 0.0)
    of_wells = excess * cells["evenness"].to_numpy()
    counted_cells = CountedCells(cells["size"].to_numpy(), cells["evenness"].to_numpy(), excess)
    log_expected = cells["y"].to_numpy() - model.residuals + np.log(counted_cells.size)
    between, noise = variances(model, log_expected, np.asarray(model.residuals @ model.residuals), counted_cells)
    counting, donor_arm = float(noise @ np.diag(model.residual_maker)) / model.df, float(between)
    arms_per_donor = float(cells.groupby("donor").size().mean())
    centred = cells["y"] - cells.groupby("arm")["y"].transform("mean")
    donor = max(float(centred.groupby(cells["donor"]).mean().var(ddof=1)) - model.variance / arms_per_donor, 0.0)
    # The donor in the middle: the simulation lets donors vary around it on the log scale.
    control = cells["arm"].isin(controls).to_numpy()
    logs = cells.loc[control].groupby("donor")["y"].mean()
    level = float(np.exp(logs.mean() + np.mean(of_wells[control]) / 2) * counted["area"].mean())
    components = VarianceComponents(
        level, float(np.sqrt(donor)), float(np.sqrt(donor_arm)), 1 / excess if excess > 1e-6 else float("inf")
    )
    error = float(logs.std(ddof=1) / np.sqrt(len(logs))) if len(logs) > 1 else 0.0
    notes = _notes(donor_arm, cells["donor"].nunique())
    return PilotEstimate(components, model.variance, model.df, counting, error, max(len(logs), 2), notes)


def _notes(donor_arm: float, donors: int) -> tuple[str, ...]:
    notes = [ORIENTATION]
    if donor_arm == 0:
        notes.append(
            "The pilot shows no variation between a donor's arms beyond that of wells; real experiments have some (0.2 "
            "is usual), so take this power as the most to hope for."
        )
    if donors < 4:
        notes.append(
            f"The pilot has {donors} donors: how much donors differ is itself poorly known. Plan for one donor more "
            "than this says."
        )
    return tuple(notes)

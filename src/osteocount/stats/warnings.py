"""What a reader must be warned of: everything here travels into the table, the summary and the report."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.columns import INPUT_COLUMNS, WELLS
from osteocount.stats.arms import text_of
from osteocount.stats.arrays import FloatArray
from osteocount.stats.contrasts import level_word
from osteocount.stats.counting_noise import SPARSE_TOTAL, NoiseModel
from osteocount.stats.design import Design, linked_arms
from osteocount.stats.endpoints import SMALL_TOTAL, Endpoint
from osteocount.stats.fitted_endpoint import FittedEndpoint
from osteocount.stats.least_squares import LeastSquaresFit
from osteocount.stats.sentences import number, p_value
from osteocount.stats.table_headings import heading_parts
from osteocount.wells import CONTROL_ROLES

FEW_DF = 6  # Dunnett's critical value for 4 arms is 3.3 at 6 df, 3.8 at 4 and 6.5 at 2 (2.4 with very many)
SD_LEVEL = 0.08  # p below which unequal SDs are warned of: in fewer than 10 % of sound experiments, by simulation
SD_RUNS, SD_SEED = 2000, 20170101
AREA_RATIO = 1.2  # largest ÷ smallest imaged area that goes without a word; a convention, not measured
SHOWN_CELLS = 6
EXPERIMENT_SUFFIX = re.compile(
    r"[\s_.(-]*(?:exp(?:eriment)?|rep(?:eat|licate)?|run|round|day|batch|passage|plate)[\s_.-]*\d+\)?$|\s*\(\d+\)$",
    re.I,
)

REPLICATE_SUFFIX = re.compile(r"[\s_.-]+(?:w|well|dish|slide|r|n)?[\s_.-]*\d{1,2}$|(?<=\d)[\s_.-]?[a-f]$", re.I)
DATE = re.compile(r"\d{2,4}([.-])\d{1,2}\1\d{1,4}")

STANDARD_COLUMNS = ("arm", "count", "area", "batch", "block", "row", "column")
MOST_LEVELS = 6  # of a factor; a column with more is a number of something, or a remark
NO_FACTORS = re.compile(
    r"(?i)rep|^n$|^(?:no|nr)\.?$|note|comment|remark|image|file|path|field|site|row|col|pos|time|operator|experimenter|flag|qc|"
    r"index|id$|date|name|slide|dish|slip|chamber|lane|sample|random|seed|reason|reader|batch"
)

DURATION_COLUMN = re.compile(r"(?i)time|hour|dur|stunden|zeit")
DURATION = re.compile(r"(?i)\d+(?:[.,]\d+)?\s*(?:h|hrs?|hours?|std|d|days?|wk?s?|weeks?|min|mins)?\.?")

TWO_DONORS = "Two donors: everything is exploratory, whatever the p value. Add donors (3 or more)."
PAIRING_LOST = (
    "Different donors per arm: donors are compared between arms and the pairing is lost, which costs much power. "
    "Give every donor every arm."
)


@dataclass(frozen=True)
class ComparisonWarning:
    """A warning and what it is about: all endpoints or one, all arms or some."""

    text: str
    endpoint: str = ""
    arms: frozenset[str] = frozenset()
    in_notes: bool = True

    def concerns(self, endpoint: str, arms: set[str]) -> bool:
        """Whether a row of ``endpoint`` on ``arms`` should carry it in its notes."""
        return self.in_notes and self.endpoint in ("", endpoint) and (not self.arms or bool(self.arms & arms))


def design_warnings(wells: pd.DataFrame, design: Design, controls: set[str]) -> list[ComparisonWarning]:
    """Warn of the layout: donors, missing cells, unequal wells, confounding."""
    warnings = []
    if design.n_donors == 2:
        warnings.append(ComparisonWarning(TWO_DONORS))
    if design.kind == "unblocked":
        warnings.append(ComparisonWarning(PAIRING_LOST))
    warnings += _donors_named_twice(wells) or _replicates_as_donors(wells)
    warnings += [ComparisonWarning(text) for text in design.without_control]
    if design.kind == "blocked":
        warnings += _missing_cells(wells)
    warnings += [*_pooled_days(wells), *_pooled_factors(wells)]
    return [*warnings, *_unequal_wells(wells, design), *_confounded_arms(wells, controls)]


def _pooled_days(wells: pd.DataFrame) -> list[ComparisonWarning]:
    """Say that a donor's wells of several days count as one where the days repeat its arms."""
    if not _differs_in_most_cells(wells, wells["day"]):
        return []
    days = ", ".join(sorted(set(wells["day"]) - {""})[:SHOWN_CELLS])
    text = (
        f"A donor's wells of several days ({days}) are pooled, as experiments of one donor. If they are a time course, "
        "turn on the setting 'time_course'."
    )
    return [ComparisonWarning(text)]


def _pooled_factors(wells: pd.DataFrame) -> list[ComparisonWarning]:
    """Warn of columns in which the wells of a donor and arm differ as if more had been done to them than their arm."""
    known = {*WELLS.by_name, *(column.name for column in INPUT_COLUMNS), *STANDARD_COLUMNS}
    warnings = []
    for name in (str(column) for column in wells.columns):
        texts = wells[name].map(text_of)
        levels = texts[texts != ""].value_counts()
        if {name, heading_parts(name)[0]} & known or (
            NO_FACTORS.search(name) and not _are_durations(name, levels.index)
        ):
            continue
        if 2 <= len(levels) <= MOST_LEVELS and levels.min() > 1 and _differs_in_most_cells(wells, texts):
            text = (
                f"Wells of one donor and arm differ in '{name}' ({', '.join(sorted(levels.index))}) and are pooled. If "
                "that is something done to them, write it into the treatment."
            )
            warnings.append(ComparisonWarning(text))
    return warnings


def _are_durations(name: str, levels: Iterable[str]) -> bool:
    """Say whether a column holds how long something was done (24 h, 48 h), and not the time of day of a picture."""
    return bool(DURATION_COLUMN.search(name)) and all(map(DURATION.fullmatch, levels))


def _differs_in_most_cells(wells: pd.DataFrame, texts: pd.Series) -> bool:
    known = texts != ""
    if not known.any():
        return False
    per_cell = texts[known].groupby([wells["donor"][known], wells["arm"][known]]).nunique()
    return bool((per_cell > 1).mean() > 0.5)


def _donors_named_twice(wells: pd.DataFrame) -> list[ComparisonWarning]:
    """Donors that differ only in case, spaces or the number of an experiment."""
    groups: dict[str, list[str]] = {}
    for donor in sorted(wells["donor"].unique()):
        plain = re.sub(r"[\s_.-]+", "", EXPERIMENT_SUFFIX.sub("", donor)).casefold()
        groups.setdefault(plain, []).append(donor)
    same = [names for plain, names in groups.items() if plain and len(names) > 1]
    if not same:
        return []
    text = (
        f"These look like one donor in several experiments: {_quoted(same)}. If so, give them one name (and a plate or "
        "day column): counted as donors of their own they make the p values too small."
    )
    return [ComparisonWarning(text)]


def _replicates_as_donors(wells: pd.DataFrame) -> list[ComparisonWarning]:
    """Donors with one well of each arm, called alike but for a number or letter at the end: D1-1, D1-2, D2-1, D2-2."""
    ends: dict[str, dict[str, str]] = {}
    for donor in sorted(wells["donor"].unique()):
        end = None if DATE.fullmatch(donor) else REPLICATE_SUFFIX.search(donor)
        if end is None or not end.start():
            return []
        ends.setdefault(donor[: end.start()].casefold(), {})[re.sub(r"\W+", "", end[0]).casefold()] = donor
    several = wells.groupby(["donor", "arm"]).size().max() > 1
    same = len({frozenset(own) for own in ends.values()}) == 1 and min(map(len, ends.values())) > 1
    if several or len(ends) < 2 or not same:
        return []
    text = (
        f"These look like replicates of one donor: {_quoted([list(own.values()) for own in ends.values()])}. If so, "
        "give them one name: counted as donors of their own they make the p values too small."
    )
    return [ComparisonWarning(text)]


def _quoted(groups: list[list[str]]) -> str:
    return "; ".join(" and ".join(f"'{name}'" for name in names) for names in groups)


def _missing_cells(wells: pd.DataFrame) -> list[ComparisonWarning]:
    present = set(zip(wells["donor"], wells["arm"], strict=True))
    missing = [
        (donor, arm)
        for donor in sorted(wells["donor"].unique())
        for arm in sorted(wells["arm"].unique())
        if (donor, arm) not in present
    ]
    if not missing:
        return []
    text = f"Missing donor × arm cells: {_listed_cells(missing)}. Estimates there rest on fewer donors."
    return [ComparisonWarning(text, arms=frozenset(arm for _, arm in missing))]


def _listed_cells(cells: list[tuple[str, str]]) -> str:
    """Join cells: ``D1 × A, D2 × B and 3 more``."""
    shown = ", ".join(f"{donor} × {arm}" for donor, arm in cells[:SHOWN_CELLS])
    return shown + (f" and {len(cells) - SHOWN_CELLS} more" if len(cells) > SHOWN_CELLS else "")


def _unequal_wells(wells: pd.DataFrame, design: Design) -> list[ComparisonWarning]:
    warnings = []
    per_cell = wells.groupby(["block", "arm"]).size()
    cell = f"{design.block_name} × arm"
    if per_cell.min() != per_cell.max():
        warnings.append(
            f"Unequal wells per {cell} ({per_cell.min()} to {per_cell.max()}): every {cell} weighs the same, "
            "whatever its wells, unless counts are sparse."
        )
    low, high = float(wells["area"].min()), float(wells["area"].max())
    if high > AREA_RATIO * low:
        warnings.append(
            f"Unequal imaged areas ({number(low)} to {number(high)} per well): counts are compared as rates per area."
        )
    return [ComparisonWarning(text) for text in warnings]


def _confounded_arms(wells: pd.DataFrame, controls: set[str]) -> list[ComparisonWarning]:
    """Arms that no plate links to a control, or that sit in one row or column without one."""
    by_plate = wells["donor"] + " | " + wells["batch"]
    confounded: dict[str, list[str]] = {"plate": [], "row": [], "column": []}
    control = wells[wells["arm"].isin(controls)]
    linked = set().union(*(arms for arms in linked_arms(zip(by_plate, wells["arm"], strict=True)) if arms & controls))
    for arm, own in wells[~wells["arm"].isin(controls)].groupby("arm"):
        plates = set(own["batch"]) - {""}
        if plates and not plates & set(control["batch"]) and arm not in linked:
            confounded["plate"].append(str(arm))
            continue
        for place in ("row", "column"):
            lines = set(own[place])
            if len(lines) == 1 and "" not in lines and len(own) > 1 and not lines & set(control[place]):
                confounded[place].append(str(arm))
    return [
        ComparisonWarning(_confounding(arms, place), arms=frozenset(arms)) for place, arms in confounded.items() if arms
    ]


def _confounding(arms: list[str], place: str) -> str:
    """Say that the effect of ``arms`` cannot be told from that of their plate, row or column."""
    one = len(arms) == 1
    named = arms[0] if one else f"{', '.join(arms[:-1])} and {arms[-1]}"
    if place == "plate":
        why = f"no plate of {'its' if one else 'their'} wells holds a control well"
    else:
        why = (
            f"all {'its' if one else 'their'} wells sit in one {place}{'' if one else ' each'}, without a control well"
        )
    return (
        f"{named} {'is' if one else 'are'} confounded with {place}: {why}. "
        f"Put controls there, or spread the {'arm' if one else 'arms'}."
    )


def endpoint_warnings(data: FittedEndpoint, endpoints: int = 1) -> list[ComparisonWarning]:
    """Warn of an endpoint's cells and fit: small totals, few degrees of freedom, one arm noisier than another.

    Parameters
    ----------
    data : FittedEndpoint
    endpoints : int
        Over how many endpoints the test of unequal SDs is corrected (Bonferroni): 1 for the primary one.
    """
    warnings = [*_sparse_cells(data), *_clipped_shares(data)]
    if data.fit is None or data.design.kind == "one donor":
        return warnings
    df = data.fit.df
    if 0 < df < FEW_DF:
        text = (
            f"Only {df} residual {'degree' if df == 1 else 'degrees'} of freedom (fewer than {FEW_DF}): intervals are "
            "wide. Add donors."
        )
        warnings.append(ComparisonWarning(text, data.endpoint.name))
    return [*warnings, *_unequal_sds(data, SD_LEVEL / endpoints)]


def _sparse_cells(data: FittedEndpoint) -> list[ComparisonWarning]:
    """Warn of cells with few counted, and of arms in which nothing was counted where others have something."""
    if not data.endpoint.is_count:
        return []
    warnings = []
    name, title, cells = data.endpoint.name, data.endpoint.title, data.cells
    small = cells[cells["total"] < SMALL_TOTAL]
    if len(small):
        text = (
            f"Fewer than {SMALL_TOTAL} {title} in all wells of {_listed_cells(_donor_arms(small))}: the ratio rests "
            "on a handful of cells."
        )
        warnings.append(ComparisonWarning(text, name, frozenset(small["arm"])))
    if data.noise and data.noise.sparse_arms:
        arms = data.noise.sparse_arms
        text = (
            f"Fewer than {SPARSE_TOTAL} {title} in a typical donor in {' and '.join(arms)}, where chance alone moves "
            "counts: donor × arm cells with few weigh less in all estimates and p values. More wells or area of "
            f"{'that arm' if len(arms) == 1 else 'those arms'} would mend it."
        )
        warnings.append(ComparisonWarning(text, name))
    total = cells.groupby("arm")["total"].sum()
    empty = [str(arm) for arm in total.index[total == 0]] if total.max() > 0 else []
    if empty:
        text = (
            f"0 {title} in every well of {' and '.join(empty)}: the 0.5 added to empty counts decides the ratio and "
            "its interval. Read them as 'far fewer', not as a number; image more area to learn how many fewer."
        )
        warnings.append(ComparisonWarning(text, name, frozenset(empty)))
    return warnings


def _clipped_shares(data: FittedEndpoint) -> list[ComparisonWarning]:
    clipped = data.cells[data.cells["clipped"]]
    if clipped.empty:
        return []
    text = (
        f"A share of exactly 0 or 1 has no odds and was moved a little in {_listed_cells(_donor_arms(clipped))}: "
        "ratios there depend on how little. Read the donors' own values."
    )
    return [ComparisonWarning(text, data.endpoint.name, frozenset(clipped["arm"]))]


def _donor_arms(cells: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(cells["donor"], cells["arm"], strict=True))


def _unequal_sds(data: FittedEndpoint, level: float) -> list[ComparisonWarning]:
    """Warn of an arm that varies more between donors than the others, where a test says so (`noisiest_arm`)."""
    if data.fit is None or not data.fit.has_variation:
        return []
    arms = data.cells["arm"].to_numpy(dtype=str)
    arm, ratio, p = noisiest_arm(data.noise.fit if data.noise else data.fit, arms, data.noise)
    if not p < level:
        return []
    times = f"{ratio:.1f} times theirs" if ratio < 100 else "far above theirs"
    control = (data.wells.loc[data.wells["arm"] == arm, "role"].str.casefold().isin(CONTROL_ROLES)).any()
    whose = "the adjusted p of every arm" if control else "its adjusted p"
    text = (
        f"{arm} varies more between donors than the other arms do (SD {times}, {p_value(p)}), so {whose} may be too "
        "small. The paired tests allow for it, and 'robust' asks for them."
    )
    return [ComparisonWarning(text, data.endpoint.name, frozenset({arm}))]


def noisiest_arm(
    fit: LeastSquaresFit, arms: NDArray[np.str_], noise: NoiseModel | None = None
) -> tuple[str, float, float]:
    """Find the arm with the largest residual variance, and test it (Cochran 1941, Ann Eugen 11:47).

    Cochran's statistic is the largest variance over the sum of all. The residuals of the model are neither independent
    nor equally free, so each arm's sum of squares is divided by its own degrees of freedom, and the distribution under
    equal variances is simulated for the design at hand. Weights take out what counting alone makes unequal. In complete
    designs no test that does not know the SD beforehand finds one noisy arm more often (docs/calibration.md).

    Parameters
    ----------
    fit : LeastSquaresFit
    arms : (cells,) array of str
        Arm of each cell.
    noise : NoiseModel, optional
        Of counts, whose errors are simulated as counts: those of few cells are not normal.

    Returns
    -------
    (str, float, float)
        The arm, the ratio of its SD to that of the others, and p.
    """
    names = sorted(set(arms))
    member = np.array([arms == name for name in names], dtype=np.float64)
    maker = fit.residual_maker
    free = member @ np.diag(maker)
    usable = free > 0.5  # an arm with less is all but fitted
    if usable.sum() < 3:  # of two arms each donor's residuals are mirror images
        return names[0], 1.0, 1.0
    names = [name for name, kept in zip(names, usable, strict=True) if kept]
    member, free = member[usable], free[usable]
    if noise is None:
        simulated = _null_shares(maker.tobytes(), member.tobytes(), len(arms))
    else:
        errors = noise.errors(np.random.default_rng(SD_SEED), SD_RUNS) * np.sqrt(fit.weights)
        simulated = _largest_share(errors, maker, member)
    observed = (member @ fit.even_residuals**2) / free
    worst = int(np.argmax(np.round(observed / observed.max(), 9)))
    share = float(observed[worst] / observed.sum())
    p = float((1 + np.sum(simulated >= share)) / (1 + SD_RUNS))
    others = float(np.delete(observed, worst).mean())
    return names[worst], float(np.sqrt(observed[worst] / others)) if others > 0 else math.inf, p


@lru_cache(maxsize=64)
def _null_shares(maker: bytes, member: bytes, cells: int) -> FloatArray:
    """Return Cochran's statistic of simulated experiments whose arms all have one SD, shape (runs,).

    ``maker``, (cells, cells), makes residuals of errors; ``member``, (arms, cells), says which cells are an arm's.
    """
    errors = np.random.default_rng(SD_SEED).standard_normal((SD_RUNS, cells))
    residual_maker = np.frombuffer(maker, dtype=np.float64).reshape(cells, cells)
    return _largest_share(errors, residual_maker, np.frombuffer(member, dtype=np.float64).reshape(-1, cells))


def _largest_share(errors: FloatArray, maker: FloatArray, member: FloatArray) -> FloatArray:
    """Return Cochran's statistic of experiments with these errors, shape (runs,)."""
    variances = ((errors @ maker) ** 2 @ member.T) / (member @ np.diag(maker))
    return np.asarray(variances.max(axis=1) / variances.sum(axis=1), dtype=np.float64)


def multiplicity_warnings(endpoints: list[Endpoint], levels: list[str]) -> list[ComparisonWarning]:
    """Warn that several endpoints, oxygen levels or days were tested."""
    warnings = []
    if len(endpoints) > 1:
        warnings.append(
            f"{len(endpoints)} endpoints were tested. '{endpoints[0].name}' is the primary one; verdicts on the others "
            "use p_across_endpoints, which is adjusted over the secondary endpoints too."
        )
    if len(levels) > 1:
        word = level_word(levels)
        many = f"{len(levels)} {'days' if word == 'day' else 'oxygen levels'}"
        changes = "an effect changes with time" if word == "day" else "oxygen changes an effect"
        warnings.append(
            f"{many} were tested: whether {changes} is the contrast '{word} × arm', not two verdicts side by side."
        )
    return [ComparisonWarning(text) for text in warnings]

"""What a reader must be warned of: everything here travels into the table, the summary and the report."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from osteocount.stats import warning_sentences
from osteocount.stats.design import Design
from osteocount.stats.endpoints import SMALL_TOTAL, Endpoint
from osteocount.stats.inference import EndpointData

FEW_DF = 6
SD_RATIO = 3.0
AREA_RATIO = 1.2
EXPERIMENT_SUFFIX = re.compile(
    r"[\s_.(-]*(?:exp(?:eriment)?|rep(?:eat|licate)?|run|round|day|batch|passage|plate)[\s_.-]*\d+\)?$|\s*\(\d+\)$",
    re.I,
)


@dataclass(frozen=True)
class Warned:
    """A warning and what it is about: all endpoints or one, all arms or some."""

    text: str
    endpoint: str = ""
    arms: frozenset[str] = frozenset()

    def concerns(self, endpoint: str, arms: set[str]) -> bool:
        """Whether a row of ``endpoint`` on ``arms`` should carry it."""
        return self.endpoint in ("", endpoint) and (not self.arms or bool(self.arms & arms))


def design_warnings(wells: pd.DataFrame, design: Design, controls: set[str]) -> list[Warned]:
    """Warn of the layout: donors, missing cells, unequal wells, confounding."""
    found = []
    if design.n_donors == 2:
        found.append(Warned(warning_sentences.TWO_DONORS))
    if design.kind == "unblocked":
        found.append(Warned(warning_sentences.PAIRING_LOST))
    if twins := _donors_named_twice(wells):
        found.append(Warned(warning_sentences.donors_named_twice(twins)))
    if same := _arms_written_twice(wells):
        found.append(
            Warned(warning_sentences.arms_written_twice(same), arms=frozenset(arm for names in same for arm in names))
        )
    if design.kind == "blocked":
        found += _missing_cells(wells)
    return [*found, *_unequal(wells), *_confounded(wells, controls)]


def _donors_named_twice(wells: pd.DataFrame) -> list[list[str]]:
    """Donors that differ only in case, spaces or the number of an experiment."""
    groups: dict[str, list[str]] = {}
    for donor in sorted(wells["donor"].unique()):
        plain = re.sub(r"[\s_.-]+", "", EXPERIMENT_SUFFIX.sub("", donor)).casefold()
        groups.setdefault(plain, []).append(donor)
    return [names for plain, names in groups.items() if plain and len(names) > 1]


def _arms_written_twice(wells: pd.DataFrame) -> list[list[str]]:
    """Arms that differ only in case, spaces, underscores or hyphens."""
    groups: dict[str, list[str]] = {}
    for arm in sorted(wells["arm"].unique()):
        groups.setdefault(re.sub(r"[\s_‐-―-]+", "", arm).casefold(), []).append(arm)
    return [names for plain, names in groups.items() if plain and len(names) > 1]


def _missing_cells(wells: pd.DataFrame) -> list[Warned]:
    present = set(zip(wells["donor"], wells["arm"], strict=True))
    missing = [
        (donor, arm)
        for donor in sorted(wells["donor"].unique())
        for arm in sorted(wells["arm"].unique())
        if (donor, arm) not in present
    ]
    if not missing:
        return []
    return [Warned(warning_sentences.missing_cells(missing), arms=frozenset(arm for _, arm in missing))]


def _unequal(wells: pd.DataFrame) -> list[Warned]:
    found = []
    per_cell = wells.groupby(["donor", "arm"]).size()
    if per_cell.min() != per_cell.max():
        found.append(Warned(warning_sentences.unequal_wells(int(per_cell.min()), int(per_cell.max()))))
    low, high = float(wells["area"].min()), float(wells["area"].max())
    if high > AREA_RATIO * low:
        found.append(Warned(warning_sentences.unequal_areas(low, high)))
    return found


def _confounded(wells: pd.DataFrame, controls: set[str]) -> list[Warned]:
    """Arms that share no plate with a control, or sit in one row or column without one."""
    places: dict[str, list[str]] = {"plate": [], "row": [], "column": []}
    control = wells[wells["arm"].isin(controls)]
    for arm, own in wells[~wells["arm"].isin(controls)].groupby("arm"):
        plates = set(own["batch"]) - {""}
        if plates and not plates & set(control["batch"]):
            places["plate"].append(str(arm))
            continue
        for place in ("row", "column"):
            lines = set(own[place])
            if len(lines) == 1 and "" not in lines and len(own) > 1 and not lines & set(control[place]):
                places[place].append(str(arm))
    return [
        Warned(warning_sentences.confounded(arms, place), arms=frozenset(arms))
        for place, arms in places.items()
        if arms
    ]


def endpoint_warnings(data: EndpointData) -> list[Warned]:
    """Warn of an endpoint's cells and fit: small totals, few degrees of freedom, one arm noisier than another."""
    name, cells = data.endpoint.name, data.cells
    found = []
    small = cells[cells["total"] < SMALL_TOTAL] if data.endpoint.is_count else cells[:0]
    if len(small):
        pairs = list(zip(small["donor"], small["arm"], strict=True))
        found.append(Warned(warning_sentences.small_totals(pairs, data.endpoint.title), name, frozenset(small["arm"])))
    if data.endpoint.is_count and (empty := _empty_arms(data)):
        found.append(Warned(warning_sentences.empty_arms(empty, data.endpoint.title), name, frozenset(empty)))
    if cells["moved"].any():
        moved = cells[cells["moved"]]
        pairs = list(zip(moved["donor"], moved["arm"], strict=True))
        found.append(Warned(warning_sentences.moved(pairs), name, frozenset(moved["arm"])))
    if data.fit is None or data.design.kind == "one donor":
        return found
    if 0 < data.fit.df < FEW_DF:
        found.append(Warned(warning_sentences.few_df(data.fit.df), name))
    if noisy := _noisiest(data):
        found.append(Warned(warning_sentences.unequal_spread(*noisy), name, frozenset({noisy[0]})))
    return found


def _empty_arms(data: EndpointData) -> list[str]:
    """Arms in which nothing was counted, where others have something."""
    total = data.cells.groupby("arm")["total"].sum()
    return [str(arm) for arm in total.index[total == 0]] if total.max() > 0 else []


def _noisiest(data: EndpointData) -> tuple[str, str, float] | None:
    """Noisiest and quietest arm by the residual SD, and their ratio, where it is above 3 (arms of 3 donors or more)."""
    if data.fit is None or not data.fit.has_noise:
        return None
    squares = pd.Series(data.fit.residuals**2).groupby(data.cells["arm"].to_numpy())
    variance = (squares.sum() / (squares.size() - 1).clip(lower=1))[squares.size() >= 3]
    sd = (variance**0.5 / max(variance.max() ** 0.5, 1e-300)).round(9)  # arms alike are named the same on any machine
    if len(sd) < 2 or not sd.max() > SD_RATIO * sd.min():
        return None
    ratio = float(sd.max() / sd.min()) if sd.min() > 0 else float("inf")
    return str(sd.idxmax()), str(sd.idxmin()), ratio


def multiplicity_warnings(endpoints: list[Endpoint], levels: int) -> list[Warned]:
    """Warn that several endpoints or oxygen levels were tested."""
    found = []
    if len(endpoints) > 1:
        found.append(Warned(warning_sentences.several_endpoints(len(endpoints), endpoints[0].name)))
    if levels > 1:
        found.append(Warned(warning_sentences.several_oxygen_levels(levels)))
    return found

"""Every sentence of a comparison, in one place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from osteocount.stats.contrasts import Contrast
    from osteocount.stats.endpoints import Endpoint
    from osteocount.stats.linear import PairedTest

ROBUST = "robust"
INDICATED = "indicated"
NO_EVIDENCE = "no evidence"
EXPLORATORY = "exploratory"
WITHIN_DONOR = "within this donor, n = 1"
REFUSED = "refused"
EQUIVALENT = "equivalent"
NOT_EQUIVALENT = "equivalence not shown"

UNBLOCKED_ONE_DONOR = "An arm has a single donor: no p value or interval for the population. Add donors to that arm."
NO_RESIDUAL = (
    "No variation is left to test against (no residual degrees of freedom, or identical values): no p value or "
    "interval. Add donors, or fill the missing cells."
)


def number(value: float) -> str:
    """Write three significant digits, without an exponent between 0.001 and 100 000: 1.52, 24.4, 0.983."""
    if not math.isfinite(value):
        return "unknown"
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.2e}"
    return f"{value:#.3g}".rstrip(".") if abs(value) < 1000 else f"{value:.0f}"


def method(kind: str, contrast: Contrast, size: int, dunnett: bool) -> str:
    """Name the model and the adjustment."""
    model = "least squares on donor × arm cells, " + ("donor block" if kind == "blocked" else "unblocked")
    if dunnett:
        return f"{model}; Dunnett over {size} arms" if size > 1 else f"{model}; one arm"
    if size > 1:
        return f"{model}; Holm over {size} contrasts"
    return f"{model}; one pre-declared contrast"


def row_notes(row: dict[str, Any], paired: PairedTest, kind: str) -> str:
    """Say what a reader of the row must know: few donors, disagreement of the two tests, lost pairing."""
    notes = []
    adjusted, own = row["p_adjusted"] < 0.05, paired.p < 0.05
    if row["n_donors"] == 2:
        notes.append("Two donors: exploratory. Add donors (3 or more) to test the population.")
    if kind == "unblocked":
        notes.append("Different donors per arm: no paired test, so the verdict is never 'robust'.")
    elif math.isnan(paired.p):
        notes.append("The donors' own ratios do not vary: no paired test.")
    elif adjusted and not own:
        notes.append(f"The paired test of the donors' own ratios does not agree (p = {p_value(paired.p)}).")
    elif own and not adjusted:
        notes.append(f"Only the paired test of the donors' own ratios is below .05 (p = {p_value(paired.p)}).")
    if row["kind"] == "trend":
        notes.append("The estimate is the ratio per dose step (rank of the dose, control lowest).")
    return " ".join(notes)


def p_value(p: float) -> str:
    """Write a p value: three digits, or < .001."""
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def not_estimable(contrast: Contrast, cells: pd.DataFrame) -> str:
    """Say which arm is missing or not linked by donors."""
    absent = [arm for arm in contrast.weights if arm not in set(cells["arm"])]
    if absent:
        return f"No well with a value in {' and '.join(absent)}: not compared."
    return (
        f"No donor links {' and '.join(contrast.weights)}, so they cannot be compared within donors. "
        "Give at least two donors all of these arms."
    )


def zero_denominator(arm: str, title: str) -> str:
    """Refuse a ratio to an arm with nothing in it, where nothing can stand instead."""
    return f"{arm} has 0 {title} in every well, so there is no ratio to it. Image more wells or more area of {arm}."


def zero_control(control: str, arm: str, row: dict[str, Any], endpoint: Endpoint) -> str:
    """Refuse a ratio to an empty control and say what stands instead."""
    said = [
        f"No ratio: every well of {control} has 0 {endpoint.title}, and the 0.5 added to empty counts would decide it.",
        f"Instead: {arm} has any in {row['donors_with_any']} of {row['donors_of_arm']} donors and "
        f"{row['wells_with_any']} of {row['wells_of_arm']} wells;",
    ]
    difference = f"the rate differs by {number(row['rate_difference'])} {endpoint.unit}"
    if "rate_difference_low" in row:
        low, high = number(row["rate_difference_low"]), number(row["rate_difference_high"])
        difference += f" (95 % CI {low} to {high} over donors)"
    bound = row["poisson_ratio_low"]
    if math.isfinite(bound):
        said.append(f"{difference}; the rate ratio is at least {number(bound)} (exact Poisson bound, ignores donors).")
    else:
        said.append(f"{difference}; 0 against 0 bounds no ratio.")
    said.append(f"More imaged area or more wells of {control} would give a ratio.")
    return " ".join(said)


def one_donor(row: dict[str, Any]) -> str:
    """Label the ratio of a single donor."""
    said = "Within this donor, n = 1: no p value or confidence interval for the population."
    if "technical_low" in row:
        said += (
            f" Its wells alone (technical spread) give {number(row['technical_ratio'])} "
            f"({number(row['technical_low'])} to {number(row['technical_high'])})."
        )
    return said + " Add donors: 3 or more."


def equivalence(margin: float, shown: bool, contrast: Contrast) -> str:
    """Say what the two one-sided tests found."""
    limits = f"{number(1 / margin)} to {number(margin)} × {contrast.reference}"
    return f"The 90 % interval lies {'inside' if shown else 'not inside'} {limits}."


def sentence(row: dict[str, Any]) -> str:
    """Put a row into words: "rhIL-32 25 ng/mL: 1.52 × vehicle (95 % CI 1.15 to 1.99), 4 of 4 donors up, robust"."""
    name = str(row["contrast"])
    if row["verdict"] == REFUSED or math.isnan(row["estimate"]):
        return f"{name}: no estimate. {row['notes']}"
    return f"{name}: {_effect(row)}{_interval(row)}, {_donors(row)}{_verdict(row)}"


def _effect(row: dict[str, Any]) -> str:
    value, reference = number(row["estimate"]), row["reference"]
    if row["kind"] == "ec50":
        return f"{value} {row['unit']}".rstrip()
    if row["kind"] == "trend":
        return f"{value} × per dose step"
    if row["link"] == "identity":
        return (
            f"{value} more than {reference}"
            if row["estimate"] >= 0
            else f"{number(-row['estimate'])} less than {reference}"
        )
    return f"odds {value} × {reference}" if row["link"] == "logit" else f"{value} × {reference}"


def _interval(row: dict[str, Any]) -> str:
    if math.isnan(row["ci_low"]):
        return ""
    level = "90" if row["kind"] == "equivalence" else "95"
    return f" ({level} % CI {number(row['ci_low'])} to {number(row['ci_high'])})"


def _donors(row: dict[str, Any]) -> str:
    n, up, down = int(row["n_donors"]), int(row["donors_up"]), int(row["donors_down"])
    if row["verdict"] == WITHIN_DONOR or row["kind"] == "ec50" or up + down == 0:
        return "" if row["verdict"] == WITHIN_DONOR else f"{n} donors, "
    if row["estimate"] >= (0 if row["link"] == "identity" else 1):
        return f"{up} of {n} donors up, "
    return f"{down} of {n} donors down, "


def _verdict(row: dict[str, Any]) -> str:
    return str(row["verdict"])

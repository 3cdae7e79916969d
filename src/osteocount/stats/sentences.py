"""Every sentence of a comparison, in one place."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from osteocount.stats.contrasts import REFERENCE_JOIN, Contrast, contrast_title
from osteocount.stats.design import Design
from osteocount.stats.endpoints import Endpoint

ROBUST = "robust"
INDICATED = "indicated"
NO_EVIDENCE = "no evidence"
EXPLORATORY = "exploratory"
WITHIN_DONOR = "within this donor, n = 1"
REFUSED = "refused"
EQUIVALENT = "equivalent"
NOT_EQUIVALENT = "equivalence not shown"
ESTIMATED = "estimated"
WEIGHTED = " weighted by counting noise"
"""What the name of a model says where few cells weigh less."""

EC50_NO_CURVE = (
    "No EC50: it needs donors that carry the control and the doses, a control that is not empty, and more donor × dose "
    "cells than the curve has parameters. Give every donor every dose."
)

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


def method(design: Design, contrast: Contrast, size: int, dunnett: bool, weighted: bool) -> str:
    """Name the model and the adjustment."""
    block = design.block_name
    squares = f"least squares{WEIGHTED if weighted else ''}"
    model = f"{squares} on {block} × arm cells, " + (f"{block} block" if design.kind == "blocked" else "unblocked")
    if contrast.apart:
        over = f", Dunnett over {size}" if size > 1 else ""
        return f"{model}; positive control, outside the family of the arms{over}"
    if dunnett:
        return f"{model}; Dunnett over {size} arms" if size > 1 else f"{model}; one arm"
    if size > 1:
        return f"{model}; Holm over {size} contrasts"
    return f"{model}; one contrast, not adjusted"


OWN_LIMIT = 0.10  # with the pooled paired test below .05 it holds the error of "robust" under a noisy arm at .07


def is_confirmed(row: dict[str, Any]) -> bool:
    """Whether the donors' own ratios confirm an adjusted p below .05, which pools the variance of arms and control.

    An arm: pooled paired test (adjusted over the arms) below .05, and its own paired test below .10. Any other
    contrast: its own paired test below .05.
    """
    if row["kind"] == "arm":
        return bool(row["p_paired_pooled"] < 0.05 and row["p_paired"] < OWN_LIMIT)
    return bool(row["p_paired"] < 0.05)


def deciding_p(row: dict[str, Any]) -> float:
    """Return the p that the verdict rests on: of a secondary endpoint the one adjusted over the endpoints too."""
    return float(row["p_adjusted"] if row["role"] == "primary" else row["p_across_endpoints"])


def row_notes(row: dict[str, Any], kind: str) -> str:
    """Say what a reader of the row must know: few donors, disagreement of the tests, lost pairing, a single arm."""
    effects = "differences" if row["link"] == "identity" else "ratios"
    notes = [_over_endpoints(row), _paired_notes(row, kind, effects)]
    if row["kind"] == "trend":
        notes.append(f"The estimate is the {effects[:-1]} per dose step (rank of the dose, control lowest).")
    return " ".join(filter(None, notes))


def _over_endpoints(row: dict[str, Any]) -> str:
    """Say where a secondary endpoint loses its evidence by the adjustment over the endpoints."""
    if row["p_adjusted"] < 0.05 <= deciding_p(row):
        return (
            f"Before the correction over the secondary endpoints {p_value(row['p_adjusted'])}, after it "
            f"{p_value(deciding_p(row))}: not enough for evidence."
        )
    return ""


def _paired_notes(row: dict[str, Any], kind: str, effects: str) -> str:
    """Say what the paired tests add to the adjusted p, or that there is none."""
    shown, own, confirmed = deciding_p(row) < 0.05, row["p_paired"], is_confirmed(row)
    pairs = len(row["donor_effects"])
    if kind == "unblocked":
        return "Without pairs there is no paired test, so the verdict is never 'robust'."
    if pairs == 0:
        return (
            "No donor carries all of these arms, so there is no paired test: the donors together link the arms. "
            "Give at least three donors all of them."
        )
    if math.isnan(own):
        return f"The donors' own {effects} do not vary: no paired test."
    if shown and not confirmed and own < OWN_LIMIT and row["kind"] == "arm":
        return (
            f"The paired test of the donors' {effects} pooled over the arms does not agree "
            f"({p_value(row['p_paired_pooled'])}): the finding holds only if the control varies no more between donors "
            "than the arms do. Add donors."
        )
    if shown and not confirmed:
        return (
            f"The paired test of the donors' own {effects} does not agree ({p_value(own)}): the finding holds only if "
            "all arms vary alike between donors. Add donors."
        )
    if own < 0.05 <= row["p_adjusted"]:
        return (
            f"Only the paired test of the donors' own {effects} is below 0.05 ({p_value(own)}; adjusted "
            f"{p_value(row['p_adjusted'])}): not enough for evidence. Add donors."
        )
    if shown and confirmed and row["kind"] == "arm" and row["family_size"] == 1 and pairs > 2:
        return "With one arm the paired test is the same test: 'robust' adds that at least three donors were compared."
    return ""


def p_value(p: float) -> str:
    """Write a p value with its name: "p = 0.057"."""
    return f"p {p_relation(p)}"


def p_relation(p: float) -> str:
    """Write a p value with its sign: "= 0.012", "= 0.0046", "< 0.0001"; never 0.050 where it is below 0.05."""
    if p < 0.0001:
        return "< 0.0001"
    across = (p < 0.05) != (round(p, 3) < 0.05)
    return f"= {p:.4f}" if p < 0.01 or across else f"= {p:.3f}"


def disagreement(row: dict[str, Any]) -> bool:
    """Whether the adjusted p and the paired tests say different things."""
    if math.isnan(row["p_paired"]):
        return False
    return not is_confirmed(row) if deciding_p(row) < 0.05 else bool(row["p_paired"] < 0.05 <= row["p_adjusted"])


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
    return (
        f"No ratio: {title} is 0 in every well of {arm}, and nothing can be a multiple of 0. "
        f"Image more wells or more area of {arm}."
    )


def whole_denominator(arm: str, title: str) -> str:
    """Refuse an odds ratio to an arm in which the share is 1 everywhere."""
    return f"No odds ratio: {title} is 1 in every well of {arm}, whose odds are infinite. Count more cells of {arm}."


def zero_control(control: str, arm: str, row: dict[str, Any], endpoint: Endpoint) -> str:
    """Refuse a ratio to an empty control and say what stands instead."""
    said = [
        f"No ratio: every well of {control} has 0 {endpoint.title}, and the 0.5 added to empty counts would decide it.",
        f"Instead: {arm} has {endpoint.title} in {row['donors_with_any']} of {row['donors_of_arm']} donors and "
        f"{row['wells_with_any']} of {row['wells_of_arm']} wells;",
    ]
    difference = f"the difference of rates is {number(row['rate_difference'])} {endpoint.unit}"
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


def equivalence(row: dict[str, Any]) -> str:
    """Say what the two one-sided tests found."""
    limits = f"{number(1 / row['margin'])} to {number(row['margin'])} × {row['reference']}"
    if deciding_p(row) < 0.05:
        return f"The 90 % interval lies inside {limits}."
    if row["p_tost"] < 0.05:
        over = "the arms" if row["role"] == "primary" else "the arms and the secondary endpoints"
        return (
            f"The 90 % interval lies inside {limits}, but adjusted over {over} {p_value(deciding_p(row))}: not enough "
            "to call it equivalent. More donors narrow it."
        )
    return f"The 90 % interval does not lie inside {limits}. More donors narrow it."


def contrast_sentence(row: dict[str, Any]) -> str:
    """Put a row into words: "rhIL-32 25 ng/mL: 1.52 × vehicle (95 % CI 1.15 to 1.99), 4 of 4 donors up, robust"."""
    return f"{contrast_title(str(row['contrast']))}: {contrast_result(row)}"


def contrast_result(row: dict[str, Any]) -> str:
    """Put a row into words, without its name."""
    if row["verdict"] == REFUSED or math.isnan(row["estimate"]):
        return f"refused. {row['reason']}"
    return f"{_effect(row)}{_interval(row)}, {_donors(row)}{row['verdict']}"


def _effect(row: dict[str, Any]) -> str:
    value, reference, kind = number(row["estimate"]), row["reference"], row["kind"]
    if kind == "ec50":
        return f"{value} {row['unit']}".rstrip()
    against = {
        "trend": "per dose step",
        "interaction": f"the effect at {reference}",
        "dependence": "" if REFERENCE_JOIN in reference else reference,
        "custom": "",
    }.get(kind, reference)
    if row["link"] == "identity":
        size = f"{number(abs(row['estimate']))} {'more' if row['estimate'] >= 0 else 'less'}"
        return f"{size} {against if kind == 'trend' else 'than ' + against}" if against else f"difference {value}"
    ratio = "odds ratio" if row["link"] == "logit" else "ratio"
    if kind == "trend":
        return f"{ratio} {value} {against}"
    if not against:
        return f"{ratio} of ratios {value}" if REFERENCE_JOIN in reference else f"{ratio} {value}"
    return f"odds {value} × {against}" if row["link"] == "logit" else f"{value} × {against}"


def _interval(row: dict[str, Any]) -> str:
    if math.isnan(row["ci_low"]):
        return ""
    level = "90" if row["kind"] == "equivalence" else "95"
    return f" ({level} % CI {number(row['ci_low'])} to {number(row['ci_high'])})"


def _donors(row: dict[str, Any]) -> str:
    n, up, down = int(row["n_donors"]), int(row["donors_up"]), int(row["donors_down"])
    if n == 0:
        return "no donor with all these arms, "
    if row["verdict"] == WITHIN_DONOR or row["kind"] == "ec50" or up + down == 0:
        return "" if row["verdict"] == WITHIN_DONOR else f"{n} donors, "
    if row["estimate"] >= (0 if row["link"] == "identity" else 1):
        return f"{up} of {n} donors up, "
    return f"{down} of {n} donors down, "


def ec50_no_trend(name: str, p: float) -> str:
    """Refuse an EC50 (or IC50, by ``name``) where no dose trend is shown."""
    return (
        f"No {name}: the dose trend is not significant ({p_value(p)}), so there is no effect to halve. Add donors, or "
        "doses further apart."
    )


def ec50_outside(name: str, doses: tuple[float, ...], unit: str) -> str:
    """Refuse an EC50 outside the tested doses."""
    return (
        f"No {name}: the fit puts it outside the tested doses ({number(doses[0])} to {number(doses[-1])} {unit}"
    ).rstrip() + "). Test a wider range."


def ec50_open(name: str) -> str:
    """Refuse an EC50 whose profile interval does not close."""
    return (
        f"No {name}: its interval does not close, the data do not pin it down. Add doses around the half effect, or "
        "donors."
    )


def ec50_no_plateau(name: str, top: float) -> str:
    """Refuse an EC50 without a plateau."""
    return (
        f"No {name}: the highest dose reaches only {100 * top:.0f} % of the fitted effect, so there is no plateau. "
        "Add higher doses."
    )


def ec50_steep(name: str) -> str:
    """Refuse an EC50 of a curve whose slope is at its limit."""
    return f"No {name}: the doses do not tell how steep the curve is. Add doses around the half effect."

"""The rows of one endpoint: estimates, intervals, p values and verdicts of its contrasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from osteocount.stats import empty_control, sentences
from osteocount.stats.contrasts import Contrast, Weights
from osteocount.stats.design import Design
from osteocount.stats.endpoints import Endpoint
from osteocount.stats.linear import Fit, Floats, fit, holm, paired_test
from osteocount.stats.multivariate_t import adjusted_p, critical_value

ALPHA = 0.05
NAN = float("nan")
Row = dict[str, Any]


@dataclass(frozen=True)
class EndpointData:
    """An endpoint's cells, their fit, and the fit of each donor alone (for the donor's own ratios)."""

    endpoint: Endpoint
    design: Design
    wells: pd.DataFrame
    cells: pd.DataFrame
    fit: Fit | None
    by_donor: dict[str, Fit] = field(default_factory=dict)

    @classmethod
    def of(cls, endpoint: Endpoint, wells: pd.DataFrame, design: Design) -> EndpointData:
        """Pool the wells and fit the cells; no fit where one donor or no cell is left."""
        cells = endpoint.cells(wells)
        model_cells = cells
        if design.kind == "unblocked":
            model_cells = cells.assign(block="all")
        whole = fit(model_cells) if len(cells) and cells["donor"].nunique() >= 2 else None
        own = {} if design.kind == "unblocked" else {str(donor): fit(part) for donor, part in cells.groupby("donor")}
        return cls(endpoint, design, wells, cells, whole, own)

    def own_contrasts(self, weights: Weights) -> dict[str, float]:
        """Return the contrast within each donor that carries it, in the order of the donors' names."""
        return {
            donor: float(own.estimates([weights])[0][0])
            for donor, own in sorted(self.by_donor.items())
            if weights and own.estimable(weights)
        }

    def donor_contrasts(self, weights: Weights) -> Floats:
        """Return the values of ``own_contrasts``."""
        return np.array(list(self.own_contrasts(weights).values()), dtype=np.float64)

    def n_donors(self, weights: Weights) -> int:
        """Count the donors that the contrast rests on: those that carry it, or the fewest of any arm if unblocked."""
        if self.design.kind != "unblocked":
            return len(self.donor_contrasts(weights))
        per_arm = self.cells.groupby("arm")["donor"].nunique()
        return int(min((per_arm.get(arm, 0) for arm in weights), default=0))


def endpoint_rows(data: EndpointData, families: list[list[Contrast]]) -> list[Row]:
    """Return the rows of all families: arms against control (Dunnett) first, then those adjusted by Holm."""
    rows: list[Row] = []
    for contrasts in families:
        if not contrasts:
            continue
        dunnett = contrasts[0].kind == "arm"
        refused = {contrast.name: _refusal(data, contrast) for contrast in contrasts}
        kept = [contrast for contrast in contrasts if refused[contrast.name] is None]
        tested = {row["contrast"]: row for row in _tested(data, kept, dunnett)}
        rows += [tested.get(contrast.name) or refused[contrast.name] or {} for contrast in contrasts]
    return rows


def blank_row(data: EndpointData, contrast: Contrast) -> Row:
    """Return a row with nothing known but its name."""
    own = data.own_contrasts(contrast.weights)
    paired = paired_test(np.array(list(own.values()), dtype=np.float64))
    effects = {donor: _natural(value / contrast.per_step, data.endpoint) for donor, value in own.items()}
    return {
        "endpoint": data.endpoint.name,
        "contrast": contrast.name,
        "reference": contrast.reference,
        "estimate": NAN,
        "ci_low": NAN,
        "ci_high": NAN,
        "p_raw": NAN,
        "p_adjusted": NAN,
        "p_paired": NAN,
        "n_donors": data.n_donors(contrast.weights),
        "df": NAN,
        "method": "none",
        "verdict": sentences.REFUSED,
        "notes": "",
        "arm": contrast.arm,
        "arms": tuple(contrast.weights),
        "kind": contrast.kind,
        "link": data.endpoint.link,
        "donors_up": paired.signs_up,
        "donors_down": paired.signs_down,
        "donor_effects": effects,
        "donor_estimates": "; ".join(f"{donor}: {value:.4g}" for donor, value in effects.items()),
    }


def _natural(value: float, endpoint: Endpoint) -> float:
    return float(np.exp(value)) if endpoint.is_ratio else float(value)


def _refusal(data: EndpointData, contrast: Contrast) -> Row | None:
    """Return the row of a contrast that gets no test, with what stands instead; None where it can be tested."""
    below = [arm for arm, weight in contrast.weights.items() if weight < 0]
    if data.endpoint.is_ratio:
        empty = [arm for arm in below if _decided_by_half(data, arm)]
        if empty:
            return empty_control.refused_row(data, contrast, empty[0], blank_row(data, contrast))
    row = blank_row(data, contrast)
    linked = _linking_donors(data, contrast)
    if data.design.kind == "one donor" or (data.design.kind == "blocked" and linked == 1 and row["n_donors"] == 1):
        return _within_donor(data, contrast, row)
    if data.fit is None or linked < 2 or not data.fit.estimable(contrast.weights):
        row["notes"] = sentences.not_estimable(contrast, data.cells)
        return row
    if row["n_donors"] < 2 and data.design.kind == "unblocked":
        row["notes"] = sentences.UNBLOCKED_ONE_DONOR
        return row
    if not data.fit.has_noise:
        row["notes"] = sentences.NO_RESIDUAL
        return row
    return None


def _linking_donors(data: EndpointData, contrast: Contrast) -> int:
    """Count the donors that carry two arms of the contrast or more; of unblocked designs all donors."""
    own = data.cells[data.cells["arm"].isin(contrast.weights)]
    if data.design.kind == "unblocked":
        return int(own["donor"].nunique())
    return int((own.groupby("donor")["arm"].nunique() >= 2).sum())


def _decided_by_half(data: EndpointData, arm: str) -> bool:
    """Whether every cell of the arm is 0, or a share of 1: what keeps the logarithm finite would decide the ratio."""
    own = data.cells[data.cells["arm"] == arm]
    if own.empty:
        return False
    return bool((own["total"] == 0).all() or (data.endpoint.link == "logit" and (own["value"] >= 1).all()))


def _within_donor(data: EndpointData, contrast: Contrast, row: Row) -> Row:
    """Return the ratio of the one donor, with the spread of its wells, and no claim beyond it."""
    values = data.donor_contrasts(contrast.weights) / contrast.per_step
    if len(values) == 0:
        row["notes"] = sentences.not_estimable(contrast, data.cells)
        return row
    row |= {
        "estimate": _natural(float(np.mean(values)), data.endpoint),
        "method": "pooled wells of one donor",
        "verdict": sentences.WITHIN_DONOR,
    }
    row |= empty_control.technical_spread(data, contrast)
    row["notes"] = sentences.one_donor(row)
    return row


def _tested(data: EndpointData, contrasts: list[Contrast], dunnett: bool) -> list[Row]:
    if not contrasts or data.fit is None:
        return []
    df = data.fit.df
    sums, covariance = data.fit.estimates([contrast.weights for contrast in contrasts])
    errors = np.sqrt(np.diag(covariance))
    t = sums / errors
    raw = 2 * stats.t.sf(np.abs(t), df)
    wide = narrow = float(stats.t.ppf(1 - ALPHA / 2, df))
    if dunnett:
        correlation = covariance / np.outer(errors, errors)
        adjusted, wide = adjusted_p(t, correlation, df), critical_value(correlation, df)
    else:
        adjusted = holm(raw)
    paired = [paired_test(data.donor_contrasts(contrast.weights)) for contrast in contrasts]
    paired_holm = holm(np.array([test.p for test in paired]))
    rows = []
    for i, contrast in enumerate(contrasts):
        estimate, error = float(sums[i]) / contrast.per_step, float(errors[i]) / contrast.per_step
        row = blank_row(data, contrast)
        row |= _interval(estimate, error, wide, data.endpoint, "ci_low", "ci_high")
        row |= _interval(estimate, error, narrow, data.endpoint, "ci_raw_low", "ci_raw_high")
        row |= {
            "estimate": _natural(estimate, data.endpoint),
            "p_raw": float(raw[i]),
            "p_adjusted": float(adjusted[i]),
            "p_paired": paired[i].p,
            "df": df,
            "method": sentences.method(data.design.kind, contrast, len(contrasts), dunnett),
            "link_estimate": estimate,
            "link_se": error,
            "t": float(t[i]),
            "p_paired_holm": float(paired_holm[i]),
        }
        row["verdict"] = verdict(row, data.design)
        row["notes"] = sentences.row_notes(row, paired[i], data.design.kind)
        rows.append(row)
    return rows


def _interval(estimate: float, error: float, factor: float, endpoint: Endpoint, low: str, high: str) -> Row:
    return {
        low: _natural(estimate - factor * error, endpoint),
        high: _natural(estimate + factor * error, endpoint),
    }


def verdict(row: Row, design: Design) -> str:
    """Robust: adjusted and paired p below .05. Indicated: only the first. Two donors: never more than exploratory."""
    if not row["p_adjusted"] < ALPHA:
        return sentences.EXPLORATORY if row["n_donors"] <= 2 else sentences.NO_EVIDENCE
    if row["n_donors"] <= 2:
        return sentences.EXPLORATORY
    return sentences.ROBUST if row["p_paired"] < ALPHA and design.kind == "blocked" else sentences.INDICATED


def equivalence_row(data: EndpointData, contrast: Contrast, margin: float) -> Row:
    """Two one-sided tests of ``contrast`` against ``margin`` (a ratio), with the 90 % interval (Schuirmann 1987)."""
    refused = _refusal(data, contrast)
    if refused is not None:
        return refused
    assert data.fit is not None  # noqa: S101 - _refusal has looked
    sums, covariance = data.fit.estimates([contrast.weights])
    estimate, error, df = float(sums[0]), float(np.sqrt(covariance[0, 0])), data.fit.df
    limit = np.log(margin)
    p = float(max(stats.t.sf((estimate + limit) / error, df), stats.t.cdf((estimate - limit) / error, df)))
    row = blank_row(data, contrast)
    row |= _interval(estimate, error, float(stats.t.ppf(0.95, df)), data.endpoint, "ci_low", "ci_high")
    row |= {
        "estimate": _natural(estimate, data.endpoint),
        "p_raw": p,
        "p_adjusted": p,
        "p_tost": p,
        "df": df,
        "method": f"two one-sided tests, margin {margin:g}, 90 % CI",
        "link_estimate": estimate,
        "link_se": error,
        "verdict": sentences.EQUIVALENT if p < ALPHA else sentences.NOT_EQUIVALENT,
        "notes": sentences.equivalence(margin, p < ALPHA, contrast),
    }
    if row["n_donors"] <= 2:
        row["verdict"] = sentences.EXPLORATORY
    return row

"""The rows of one endpoint: estimates, intervals, p values and verdicts of its contrasts."""

from __future__ import annotations

import math

import numpy as np
import scipy

from osteocount.stats import empty_control, sentences
from osteocount.stats.arrays import FloatArray
from osteocount.stats.contrasts import Contrast
from osteocount.stats.design import Design
from osteocount.stats.fitted_endpoint import FittedEndpoint, Row
from osteocount.stats.least_squares import holm, paired_t_test
from osteocount.stats.multivariate_t import adjusted_p, critical_value
from osteocount.stats.pooled_pairs import pooled_paired_p

ALPHA = 0.05


def endpoint_rows(data: FittedEndpoint, families: list[list[Contrast]]) -> list[Row]:
    """Return the rows of all families: arms against control (Dunnett) first, then those adjusted by Holm."""
    rows: list[Row] = []
    for contrasts in families:
        if not contrasts:
            continue
        dunnett = contrasts[0].kind == "arm"
        refused = [_refusal(data, contrast) for contrast in contrasts]
        kept = [contrast for contrast, row in zip(contrasts, refused, strict=True) if row is None]
        tested = iter(_tested(data, kept, dunnett))
        rows += [row or next(tested) for row in refused]
    return rows


def _refusal(data: FittedEndpoint, contrast: Contrast) -> Row | None:
    """Return the row of a contrast that gets no test, with what stands instead; None where it can be tested."""
    below = [arm for arm, weight in contrast.weights.items() if weight < 0]
    if data.endpoint.is_ratio:
        empty = [arm for arm in below if _decided_by_half(data, arm)]
        if empty:
            return empty_control.refused_row(data, contrast, empty[0], data.untested_row(contrast))
    row = data.untested_row(contrast)
    linked = _linking_donors(data, contrast)
    if data.design.kind == "one donor" or (data.design.kind == "blocked" and linked == 1 and row["n_donors"] == 1):
        return _within_donor(data, contrast, row)
    if data.fit is None or linked < 2 or not data.fit.estimable(contrast.weights):
        row["notes"] = sentences.not_estimable(contrast, data.cells)
        return row
    if row["n_donors"] < 2 and data.design.kind == "unblocked":
        row["notes"] = sentences.UNBLOCKED_ONE_DONOR
        return row
    if not data.fit.has_variation:
        row["notes"] = sentences.NO_RESIDUAL
        return row
    return None


def _linking_donors(data: FittedEndpoint, contrast: Contrast) -> int:
    """Count the donors that carry two arms of the contrast or more; of unblocked designs all donors."""
    own = data.cells[data.cells["arm"].isin(contrast.weights)]
    if data.design.kind == "unblocked":
        return int(own["donor"].nunique())
    return int((own.groupby("donor")["arm"].nunique() >= 2).sum())


def _decided_by_half(data: FittedEndpoint, arm: str) -> bool:
    """Whether every cell of the arm is 0, or a share of 1: what keeps the logarithm finite would decide the ratio."""
    own = data.cells[data.cells["arm"] == arm]
    if own.empty:
        return False
    return bool((own["total"] == 0).all() or (data.endpoint.link == "logit" and (own["value"] >= 1).all()))


def _within_donor(data: FittedEndpoint, contrast: Contrast, row: Row) -> Row:
    """Return the ratio of the one donor, with the spread of its wells, and no claim beyond it."""
    values = data.donor_contrasts(contrast.weights) / contrast.per_step
    if len(values) == 0:
        row["notes"] = sentences.not_estimable(contrast, data.cells)
        return row
    row |= {
        "estimate": data.back_transformed(float(np.mean(values))),
        "method": "pooled wells of one donor",
        "verdict": sentences.WITHIN_DONOR,
    }
    row |= empty_control.technical_spread(data, contrast)
    row["notes"] = sentences.one_donor(row)
    return row


def _tested(data: FittedEndpoint, contrasts: list[Contrast], dunnett: bool) -> list[Row]:
    """Return the rows of one family, adjusted over it by single-step Dunnett or by Holm."""
    if not contrasts or data.fit is None:
        return []
    df = data.fit.df
    sums, covariance = data.fit.estimates([contrast.weights for contrast in contrasts])
    errors = np.sqrt(np.diag(covariance))
    t = sums / errors
    raw = 2 * scipy.stats.t.sf(np.abs(t), df)
    simultaneous = pointwise = float(scipy.stats.t.ppf(1 - ALPHA / 2, df))
    if dunnett:
        correlation = covariance / np.outer(errors, errors)
        adjusted, simultaneous = adjusted_p(t, correlation, df), critical_value(correlation, df)
    else:
        adjusted = holm(raw)
    paired = [paired_t_test(data.donor_contrasts(contrast.weights)) for contrast in contrasts]
    paired_holm = holm(np.array([test.p for test in paired]))
    pooled = _pooled_paired(data, contrasts) if dunnett else np.full(len(contrasts), np.nan)
    rows = []
    for i, contrast in enumerate(contrasts):
        estimate, error = float(sums[i]) / contrast.per_step, float(errors[i]) / contrast.per_step
        row = data.untested_row(contrast)
        row["ci_low"], row["ci_high"] = _interval(data, estimate, simultaneous * error)
        row["ci_raw_low"], row["ci_raw_high"] = _interval(data, estimate, pointwise * error)
        row |= {
            "estimate": data.back_transformed(estimate),
            "p_raw": float(raw[i]),
            "p_adjusted": float(adjusted[i]),
            "p_paired": paired[i].p,
            "df": df,
            "method": sentences.method(data.design, contrast, len(contrasts), dunnett, data.is_weighted),
            "link_estimate": estimate,
            "link_se": error,
            "t": float(t[i]),
            "p_paired_holm": float(paired_holm[i]),
            "p_paired_pooled": float(pooled[i]),
            "family_size": len(contrasts),
        }
        rows.append(row)
    return rows


def _pooled_paired(data: FittedEndpoint, contrasts: list[Contrast]) -> FloatArray:
    """Return the adjusted p of the pooled paired test of every arm, over the arms of its control (and the controls)."""
    p = np.full(len(contrasts), np.nan)
    controls = {contrast.reference for contrast in contrasts}
    for control in sorted(controls):
        group = [i for i, contrast in enumerate(contrasts) if contrast.reference == control]
        own = [data.contrast_by_donor(contrasts[i].weights) for i in group]
        donors = sorted({donor for values in own for donor in values})
        ratios = np.array([[values.get(donor, np.nan) for values in own] for donor in donors]).reshape(-1, len(group))
        if len(donors):
            p[group] = np.minimum(len(controls) * pooled_paired_p(ratios), 1.0)  # Bonferroni over oxygen levels
    return p


def _interval(data: FittedEndpoint, estimate: float, half_width: float) -> tuple[float, float]:
    return data.back_transformed(estimate - half_width), data.back_transformed(estimate + half_width)


def judge(rows: list[Row], design: Design) -> None:
    """Adjust over the secondary endpoints, and give every tested row its verdict and its notes.

    Parameters
    ----------
    rows : list of dict
        The rows of all endpoints, with their ``role``.
    design : Design
    """
    across: dict[str, list[Row]] = {}
    for row in rows:
        row["p_across_endpoints"] = math.nan
        if row["role"] == "secondary":
            across.setdefault(row["contrast"], []).append(row)
    for own in across.values():
        adjusted = holm(np.array([row["p_adjusted"] for row in own], dtype=np.float64))
        for row, p in zip(own, adjusted, strict=True):
            row["p_across_endpoints"] = float(p)
    for row in rows:
        if math.isnan(row["p_adjusted"]):
            continue
        if row["kind"] == "equivalence":
            row["verdict"] = _equivalence_verdict(row)
            row["notes"] = sentences.equivalence(row)
        else:
            row["verdict"] = verdict(row, design)
            row["notes"] = sentences.row_notes(row, design.kind)


def _equivalence_verdict(row: Row) -> str:
    if row["n_donors"] <= 2:
        return sentences.EXPLORATORY
    return sentences.EQUIVALENT if sentences.deciding_p(row) < ALPHA else sentences.NOT_EQUIVALENT


def verdict(row: Row, design: Design) -> str:
    """Return the verdict on a tested contrast.

    No evidence: deciding p (`sentences.deciding_p`) of .05 or more. Indicated: below .05, on three donors or more.
    Robust: indicated, and the donors' own ratios confirm it (`sentences.is_confirmed`). Two donors: never more than
    exploratory.
    """
    if row["n_donors"] <= 2:
        return sentences.EXPLORATORY
    if not sentences.deciding_p(row) < ALPHA:
        return sentences.NO_EVIDENCE
    confirmed = sentences.is_confirmed(row) and design.kind == "blocked"
    return sentences.ROBUST if confirmed else sentences.INDICATED


def equivalence_rows(data: FittedEndpoint, contrasts: list[Contrast], margin: float) -> list[Row]:
    """Two one-sided tests of each contrast against ``margin`` (a ratio), with the 90 % interval; Holm over the arms.

    Schuirmann 1987, J Pharmacokinet Biopharm 15:657.
    """
    rows = [_refusal(data, contrast) or _equivalence_row(data, contrast, margin) for contrast in contrasts]
    tested = [row for row in rows if not math.isnan(row["p_adjusted"])]
    for row, p in zip(tested, holm(np.array([row["p_tost"] for row in tested])), strict=True):
        row["p_adjusted"] = float(p)
        row["method"] += f"; Holm over {len(tested)} arms" if len(tested) > 1 else ""
    return rows


def _equivalence_row(data: FittedEndpoint, contrast: Contrast, margin: float) -> Row:
    assert data.fit is not None  # noqa: S101 - _refusal has looked
    sums, covariance = data.fit.estimates([contrast.weights])
    estimate, error, df = float(sums[0]), float(np.sqrt(covariance[0, 0])), data.fit.df
    limit = np.log(margin)
    p = float(max(scipy.stats.t.sf((estimate + limit) / error, df), scipy.stats.t.cdf((estimate - limit) / error, df)))
    row = data.untested_row(contrast)
    row["ci_low"], row["ci_high"] = _interval(data, estimate, float(scipy.stats.t.ppf(0.95, df)) * error)
    row |= {
        "estimate": data.back_transformed(estimate),
        "p_raw": p,
        "p_adjusted": p,
        "p_tost": p,
        "df": df,
        "method": f"two one-sided tests, margin {margin:g}, 90 % CI",
        "link_estimate": estimate,
        "link_se": error,
        "margin": margin,
    }
    return row

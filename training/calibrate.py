"""From what the network sees in scenes of known truth: which parts are one cell, what is a nucleus, how surely."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize
from scipy.spatial import cKDTree

from osteocount.segment.backends.shipped import CellModel, sigmoid
from osteocount.segment.detectors.learned_cells import (
    BOUNDARY_FEATURES,
    Oversegmentation,
    cell_mask,
    merge_fragments,
    oversegment,
)
from osteocount.segment.detectors.learned_nuclei import LEAST_SCORE, candidate_features, rescore_fused_cells
from osteocount.segment.morphology import gaussian
from osteocount.segment.object_tables import count_nuclei
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.preprocess.stains import DENSITY_WEIGHTS

_SAME_UM = 3.5  # a candidate this near a true centre is that nucleus
_SMALLEST_UM = 7.0
_LEAST = 3  # nuclei of an osteoclast
_RIDGE = 1e-4
_MOSTLY = 0.6  # a part that lies in a true cell to less than this belongs to none
_TAILS = (0.3, 0.25, 0.2, 0.15, 0.12, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02, 0.015, 0.01, 0.005, 0.002)
_COVERAGE = 0.9
# How sure the network must be, on simulated pictures, of a nucleus, and of a pixel of a cell or a seam of two cells.
# Real ones are less clear, cells fade out there, and what it only half believes is mostly not so.
_NUCLEUS, _OUTLINE = 0.58, 0.7
ODDS = _NUCLEUS / (1 - _NUCLEUS)
OUTLINE_LOGIT = float(np.log(_OUTLINE / (1 - _OUTLINE)))

Scene = dict[str, NDArray[np.generic]]


class Seen(NamedTuple):
    """What the network sees in one scene, before anything is decided.

    Attributes
    ----------
    parts
        Of cells, with the nuclei of ``sure``.
    y, x, features
        Candidate nuclei; see `candidate_features`.
    is_nucleus
        (n,) whether it is one that can be seen.
    scene
        The truth.
    """

    parts: Oversegmentation
    y: NDArray[np.intp]
    x: NDArray[np.intp]
    features: NDArray[np.float64]
    is_nucleus: NDArray[np.bool_]
    scene: Scene


class Found(NamedTuple):
    """What is found in one scene.

    Attributes
    ----------
    cell
        (n,) our cell of each candidate.
    features
        (n, 8) see `candidate_features`.
    is_nucleus
        (n,) whether it is one that can be seen.
    n_cells
        Number of our cells.
    truth, hidden
        Nuclei of each true cell that are seen, and that nobody can see; entry 0 stands for none.
    covers
        (k, 2) true cell, our cell, of the pairs with an IoU of 0.5 or more.
    """

    cell: NDArray[np.int32]
    features: NDArray[np.float64]
    is_nucleus: NDArray[np.bool_]
    n_cells: int
    truth: NDArray[np.int64]
    hidden: NDArray[np.int64]
    covers: NDArray[np.int64]

    @property
    def unsure(self) -> NDArray[np.bool_]:
        """Of each true cell: nuclei that nobody can see decide whether it is an osteoclast."""
        return (self.truth < _LEAST) & (self.truth + self.hidden >= _LEAST)

    def judged(self) -> NDArray[np.int64]:
        """Return those of our cells that may be called right or wrong."""
        spared = self.covers[self.unsure[self.covers[:, 0]], 1]
        return np.setdiff1d(np.arange(1, self.n_cells + 1), spared)


def look(model: CellModel, scene: Scene, weights: NDArray[np.float64] | None = None) -> Seen:
    """See parts and candidate nuclei in a scene; ``weights`` score them, without them the logit of the centre does."""
    density, scale = scene["density"].astype(np.float32), Scale(float(scene["um"]), 1.0, "simulated")
    maps = model.maps(density)
    mask = cell_mask(maps, None, OUTLINE_LOGIT, scale)
    y, x, features = candidate_features(maps, density, mask > 0, scale)
    sure = features[:, 1] >= 0 if weights is None else features @ weights >= 0
    total = gaussian(density, scale.px(0.76)) @ DENSITY_WEIGHTS
    parts = oversegment(maps, mask, total, (y[sure], x[sure]), scale)
    strength, reach = features[:, 1], scale.px(_SAME_UM)
    is_nucleus = _matched(np.column_stack([y, x]), strength, scene["centres"][:, :2], reach)
    return Seen(parts, y, x, features, is_nucleus, scene)


def find(seen: Seen, seams: NDArray[np.float64]) -> Found:
    """Join the parts of a scene to cells and compare them with its truth."""
    cells, true = merge_fragments(seen.parts, seams, _SMALLEST_UM), seen.scene["cells"]
    return Found(
        cells[seen.y, seen.x],
        seen.features,
        seen.is_nucleus,
        int(cells.max()),
        np.bincount(seen.scene["centres"][:, 2].astype(int), minlength=int(true.max()) + 1),
        seen.scene["hidden_nuclei"].astype(np.int64),
        _covering(true.astype(np.int64), cells),
    )


def fit_nuclei(seen: list[Seen]) -> NDArray[np.float64]:
    """Fit the score of a nucleus; one that nobody can confirm is none."""
    return logistic(np.concatenate([s.features for s in seen]), np.concatenate([s.is_nucleus for s in seen]))


def fit_seams(seen: list[Seen]) -> NDArray[np.float64]:
    """Fit whether two touching parts are one cell, which they are unless the network is sure of a seam.

    Parts of no true cell are left out.
    """
    features, same = [], []
    for s in seen:
        true, shared = _owners(s.parts, s.scene["cells"])
        ends, each = s.parts.boundary_features(np.arange(s.parts.area.size))
        told = (shared[ends] > _MOSTLY).all(axis=1) & (true[ends] > 0).all(axis=1)
        features.append(each[told])
        same.append(true[ends[told, 0]] == true[ends[told, 1]])
    # The first feature of each kind of pair is one.
    one = np.array([name.startswith("one_") for name in BOUNDARY_FEATURES])
    return logistic(np.concatenate(features), np.concatenate(same)) + one * OUTLINE_LOGIT


def logistic(features: NDArray[np.float64], answer: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fit a logistic regression; the first feature is one."""

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logit = features @ weights
        value = np.mean(np.logaddexp(0, logit) - answer * logit) + _RIDGE * weights[1:] @ weights[1:]
        slope = features.T @ (1 / (1 + np.exp(-np.clip(logit, -30, 30))) - answer) / len(answer)
        slope[1:] += 2 * _RIDGE * weights[1:]
        return float(value), slope

    return np.asarray(minimize(loss, np.zeros(features.shape[1]), jac=True, method="L-BFGS-B").x)


def shifted(found: list[Found], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift the score of a nucleus until as many osteoclasts are called as there are; then be as strict as `ODDS`."""
    there = sum(int((f.truth >= _LEAST).sum()) for f in found)

    def moved(shift: float) -> NDArray[np.float64]:
        return weights + shift * (np.arange(weights.size) == 0)

    def too_many(shift: float) -> float:
        return sum(int((counts(f, moved(shift), 1.0)[f.judged()] >= _LEAST).sum()) for f in found) - there

    fair = brentq(too_many, -3.0, 3.0, xtol=1e-3) if too_many(-3.0) < 0 < too_many(3.0) else 0.0
    return moved(fair - np.log(ODDS))


def fit_company(found: list[Found], weights: NDArray[np.float64]) -> float:
    """Return the odds of `rescore_fused_cells` with which as many candidates of fused cells are nuclei as it says."""
    logit, real = [], []
    for f in found:
        each = f.features @ weights
        fused = np.bincount(f.cell[each >= 0], minlength=f.n_cells + 1) >= _LEAST
        fused[0] = False
        logit.append(each[fused[f.cell]])
        real.append(f.is_nucleus[fused[f.cell]])
    each, there = np.concatenate(logit), int(np.concatenate(real).sum())
    return float(np.exp(brentq(lambda more: float(sigmoid(each + more).sum()) - there, -5.0, 5.0, xtol=1e-3)))


def fit_tail(found: list[Found], weights: NDArray[np.float64], company: float) -> float:
    """Choose what is left out on each side so that the intervals of osteoclasts hold the truth nine times of ten."""
    return min(_TAILS, key=lambda tail: abs(coverage(found, weights, company, tail) - _COVERAGE))


def scores(f: Found, weights: NDArray[np.float64], company: float) -> NDArray[np.float32]:
    """Return the score of each candidate in the company of the others of its cell."""
    return rescore_fused_cells(sigmoid(f.features @ weights), f.cell, 0.5, _LEAST, company)


def counts(f: Found, weights: NDArray[np.float64], company: float) -> NDArray[np.int64]:
    """Return the number of nuclei of each of our cells; entry 0 stands for none."""
    return np.bincount(f.cell[scores(f, weights, company) >= 0.5], minlength=f.n_cells + 1)


def _osteoclasts(f: Found, weights: NDArray[np.float64], company: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the true number of nuclei, and ours, of the osteoclasts outlined whose nuclei can all be seen."""
    true, ours = f.covers[(f.truth >= _LEAST)[f.covers[:, 0]] & (f.hidden == 0)[f.covers[:, 0]]].T
    return f.truth[true], counts(f, weights, company)[ours]


def coverage(found: list[Found], weights: NDArray[np.float64], company: float, tail: float) -> float:
    """Return the share of true osteoclasts, of those outlined, whose number of nuclei lies in our interval."""
    held = []
    for f in found:
        score = scores(f, weights, company)
        kept = score >= LEAST_SCORE
        number = count_nuclei(f.n_cells, f.cell[kept], score[kept], 0.5, _LEAST, tail)
        for true, ours in f.covers:
            if f.truth[true] >= _LEAST and not f.hidden[true]:
                held.append(number.low[ours] <= f.truth[true] <= number.high[ours])
    return float(np.mean(held))


def report(found: list[Found], weights: NDArray[np.float64], company: float) -> dict[str, float]:
    """Return figures of merit: F1 of osteoclasts, their nuclei, outlines."""
    called = there = right = outlined = 0
    for f in found:
        n = counts(f, weights, company)
        called, there = called + int((n[f.judged()] >= _LEAST).sum()), there + int((f.truth >= _LEAST).sum())
        for true, ours in f.covers:
            if f.truth[true] >= _LEAST:
                outlined += 1
                right += int(n[ours] >= _LEAST)
    truth, ours = np.concatenate([_osteoclasts(f, weights, company) for f in found], axis=1)
    small = truth <= 10
    return {
        "f1": 2 * right / (called + there),
        "outlined": outlined / there,
        "within_one": float(np.mean(np.abs(ours - truth)[small] <= 1)),
        "within_15_percent": float(np.mean(np.abs(ours - truth)[~small] <= 0.15 * truth[~small])),
        "mean_error": float(np.mean(ours - truth)),
    }


def _owners(parts: Oversegmentation, true: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the true cell most of each part lies in, and the share of the part that does."""
    columns = int(true.max()) + 1
    both = np.bincount(parts.labels.ravel() * np.int64(columns) + true.ravel(), minlength=parts.area.size * columns)
    both = both.reshape(-1, columns)
    return both.argmax(axis=1), both.max(axis=1) / np.maximum(parts.area, 1)


def _matched(
    points: NDArray[np.intp], strength: NDArray[np.float64], centres: NDArray[np.float32], reach: float
) -> NDArray[np.bool_]:
    """Give each true centre to the strongest candidate within ``reach`` that has none yet."""
    is_nucleus = np.zeros(len(points), bool)
    if not len(points) or not len(centres):
        return is_nucleus
    taken = np.zeros(len(centres), bool)
    near = cKDTree(centres).query_ball_point(points, reach)
    for i in np.argsort(-strength, kind="stable"):
        free = [c for c in near[i] if not taken[c]]
        if free:
            nearest = min(free, key=lambda c: float(np.hypot(*(centres[c] - points[i]))))
            taken[nearest] = is_nucleus[i] = True
    return is_nucleus


def _covering(true: NDArray[np.int64], ours: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the pairs (true cell, our cell) with an IoU of at least 0.5."""
    columns = int(ours.max()) + 1
    both = np.bincount((true * columns + ours).ravel(), minlength=(int(true.max()) + 1) * columns)
    both = both.reshape(-1, columns)
    union = both.sum(axis=1)[:, None] + both.sum(axis=0)[None] - both
    a, b = np.nonzero((both / np.maximum(union, 1))[1:, 1:] >= 0.5)
    return np.column_stack([a + 1, b + 1])

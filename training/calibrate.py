"""Calibrate what stands beside the network, on its maps of scenes of known truth.

These are fitted: the score of a nucleus (logistic regression on the features of `candidate_features`), whether two
fragments are one cell (the same on those of `boundary_features`), how much more often a candidate is a nucleus in a
fused cell, and the width of the interval of the number of nuclei.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from data import SceneArrays
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
from osteocount.segment.detectors.learned_nuclei import FEATURES, LEAST_SCORE, candidate_features, rescore_fused_cells
from osteocount.segment.morphology import gaussian
from osteocount.segment.object_tables import count_nuclei
from osteocount.segment.preprocess.scale import Scale
from osteocount.segment.preprocess.stains import DENSITY_WEIGHTS

_SAME_UM = 3.5  # a candidate this near a true centre is that nucleus
_SMALLEST_UM = 7.0  # diameter of the smallest cell, as in the program by default
_MIN_NUCLEI = 3  # nuclei of an osteoclast
_RIDGE = 1e-4  # penalty of the squared weights
_OWNED = 0.6  # a fragment that lies in a true cell to less than this belongs to none
#: Shares left out on each side that are tried; the one whose intervals hold the truth nearest to `_COVERAGE` is taken.
_TAILS = (0.3, 0.25, 0.2, 0.15, 0.12, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02, 0.015, 0.01, 0.005, 0.002)
_COVERAGE = 0.9
# How sure the network must be, on simulated pictures, of a nucleus, and of a pixel of a cell or a seam of two cells.
# Real ones are less clear, cells fade out there, and what it only half believes is mostly not so. Chosen on the
# annotated real picture and 20 changes of it; with .6 for a nucleus the hold-out's count had a bias of -2.1 %
# (docs/model_card.md).
_NUCLEUS, _OUTLINE = 0.58, 0.7
ODDS = _NUCLEUS / (1 - _NUCLEUS)
OUTLINE_LOGIT = float(np.log(_OUTLINE / (1 - _OUTLINE)))


class ScenePrediction(NamedTuple):
    """What the network predicts for one scene, before anything is decided.

    Attributes
    ----------
    fragments
        Of cells, with the nuclei that are surest.
    y, x, features
        Candidate nuclei; see `candidate_features`.
    is_nucleus
        (n,) whether it is one that can be seen.
    scene
        The truth.
    """

    fragments: Oversegmentation
    y: NDArray[np.intp]
    x: NDArray[np.intp]
    features: NDArray[np.float64]
    is_nucleus: NDArray[np.bool_]
    scene: SceneArrays


class MatchedScene(NamedTuple):
    """One scene with what was found there beside its truth.

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
        Nuclei of each true cell that are visible, and that nobody can see; entry 0 stands for none.
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
        return (self.truth < _MIN_NUCLEI) & (self.truth + self.hidden >= _MIN_NUCLEI)

    def judgeable(self) -> NDArray[np.int64]:
        """Return those of our cells that may be called right or wrong."""
        spared = self.covers[self.unsure[self.covers[:, 0]], 1]
        return np.setdiff1d(np.arange(1, self.n_cells + 1), spared)


def calibrate(model: CellModel, scenes: list[SceneArrays]) -> tuple[dict[str, object], dict[str, float]]:
    """Fit all that stands beside the network, and return it with its figures of merit on the same scenes."""
    first = fit_nuclei([predict_scene(model, scene) for scene in scenes])
    predictions = [predict_scene(model, scene, first) for scene in scenes]
    boundary_weights = fit_boundaries(predictions)
    matched = [match_scene(each, boundary_weights) for each in predictions]
    nuclei = shift_to_true_count(matched, first)
    fused_odds = fit_fused_odds(matched, nuclei)
    facts = {
        "features": list(FEATURES),
        "nucleus_weights": [round(float(w), 5) for w in nuclei],
        "cell_logit": round(OUTLINE_LOGIT, 5),
        "company_odds": round(fused_odds, 5),
        "seam_features": list(BOUNDARY_FEATURES),
        "seam_weights": [round(float(w), 5) for w in boundary_weights],
        "interval_tail": fit_tail(matched, nuclei, fused_odds),
    }
    return facts, figures_of_merit(matched, nuclei, fused_odds)


def predict_scene(model: CellModel, scene: SceneArrays, weights: NDArray[np.float64] | None = None) -> ScenePrediction:
    """Predict fragments and candidate nuclei; ``weights`` score them, without them the logit of the centre does."""
    density, scale = scene["density"].astype(np.float32), Scale(float(scene["um"]), 1.0, "simulated")
    maps = model.maps(density)
    mask = cell_mask(maps, None, OUTLINE_LOGIT, scale)
    y, x, features = candidate_features(maps, density, mask > 0, scale)
    sure = features[:, 1] >= 0 if weights is None else features @ weights >= 0
    total = gaussian(density, scale.px(0.76)) @ DENSITY_WEIGHTS
    fragments = oversegment(maps, mask, total, (y[sure], x[sure]), scale)
    strength, radius = features[:, 1], scale.px(_SAME_UM)
    is_nucleus = _match_candidates(np.column_stack([y, x]), strength, scene["centres"][:, :2], radius)
    return ScenePrediction(fragments, y, x, features, is_nucleus, scene)


def match_scene(prediction: ScenePrediction, boundary_weights: NDArray[np.float64]) -> MatchedScene:
    """Merge the fragments of a scene to cells and compare them with its truth."""
    cells, true = merge_fragments(prediction.fragments, boundary_weights, _SMALLEST_UM), prediction.scene["cells"]
    return MatchedScene(
        cells[prediction.y, prediction.x],
        prediction.features,
        prediction.is_nucleus,
        int(cells.max()),
        np.bincount(prediction.scene["centres"][:, 2].astype(int), minlength=int(true.max()) + 1),
        prediction.scene["hidden_nuclei"].astype(np.int64),
        _pairs_at_half_iou(true.astype(np.int64), cells),
    )


def fit_nuclei(predictions: list[ScenePrediction]) -> NDArray[np.float64]:
    """Fit the score of a nucleus; one that nobody can confirm is none."""
    return logistic(
        np.concatenate([s.features for s in predictions]), np.concatenate([s.is_nucleus for s in predictions])
    )


def fit_boundaries(predictions: list[ScenePrediction]) -> NDArray[np.float64]:
    """Fit whether two touching fragments are one cell, which they are unless the network is sure of a seam.

    Fragments of no true cell are left out.
    """
    features, same = [], []
    for s in predictions:
        true, shared = _owners(s.fragments, s.scene["cells"])
        ends, each = s.fragments.boundary_features(np.arange(s.fragments.area.size))
        told = (shared[ends] > _OWNED).all(axis=1) & (true[ends] > 0).all(axis=1)
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


def shift_to_true_count(matched: list[MatchedScene], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift the score of a nucleus until as many osteoclasts are called as there are; then be as strict as `ODDS`."""
    there = sum(int((f.truth >= _MIN_NUCLEI).sum()) for f in matched)

    def moved(shift: float) -> NDArray[np.float64]:
        return weights + shift * (np.arange(weights.size) == 0)

    def too_many(shift: float) -> float:
        return sum(int((counts(f, moved(shift), 1.0)[f.judgeable()] >= _MIN_NUCLEI).sum()) for f in matched) - there

    fair = brentq(too_many, -3.0, 3.0, xtol=1e-3) if too_many(-3.0) < 0 < too_many(3.0) else 0.0
    return moved(fair - np.log(ODDS))


def fit_fused_odds(matched: list[MatchedScene], weights: NDArray[np.float64]) -> float:
    """Return the odds of `rescore_fused_cells` with which as many candidates of fused cells are nuclei as it says."""
    logit, real = [], []
    for f in matched:
        each = f.features @ weights
        fused = np.bincount(f.cell[each >= 0], minlength=f.n_cells + 1) >= _MIN_NUCLEI
        fused[0] = False
        logit.append(each[fused[f.cell]])
        real.append(f.is_nucleus[fused[f.cell]])
    each, there = np.concatenate(logit), int(np.concatenate(real).sum())
    return float(np.exp(brentq(lambda more: float(sigmoid(each + more).sum()) - there, -5.0, 5.0, xtol=1e-3)))


def fit_tail(matched: list[MatchedScene], weights: NDArray[np.float64], fused_odds: float) -> float:
    """Choose what is left out on each side so that the intervals of osteoclasts hold the truth nine times of ten."""
    return min(_TAILS, key=lambda tail: abs(coverage(matched, weights, fused_odds, tail) - _COVERAGE))


def scores(f: MatchedScene, weights: NDArray[np.float64], fused_odds: float) -> NDArray[np.float32]:
    """Return the score of each candidate, raised where its cell is a fused one."""
    return rescore_fused_cells(sigmoid(f.features @ weights), f.cell, 0.5, _MIN_NUCLEI, fused_odds)


def counts(f: MatchedScene, weights: NDArray[np.float64], fused_odds: float) -> NDArray[np.int64]:
    """Return the number of nuclei of each of our cells; entry 0 stands for none."""
    return np.bincount(f.cell[scores(f, weights, fused_odds) >= 0.5], minlength=f.n_cells + 1)


def _osteoclasts(
    f: MatchedScene, weights: NDArray[np.float64], fused_odds: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the true number of nuclei, and ours, of the osteoclasts outlined whose nuclei are all visible."""
    true, ours = f.covers[(f.truth >= _MIN_NUCLEI)[f.covers[:, 0]] & (f.hidden == 0)[f.covers[:, 0]]].T
    return f.truth[true], counts(f, weights, fused_odds)[ours]


def coverage(matched: list[MatchedScene], weights: NDArray[np.float64], fused_odds: float, tail: float) -> float:
    """Return the share of true osteoclasts, of those outlined, whose number of nuclei lies in our interval."""
    held = []
    for f in matched:
        score = scores(f, weights, fused_odds)
        kept = score >= LEAST_SCORE
        number = count_nuclei(f.n_cells, f.cell[kept], score[kept], 0.5, _MIN_NUCLEI, tail)
        for true, ours in f.covers:
            if f.truth[true] >= _MIN_NUCLEI and not f.hidden[true]:
                held.append(number.low[ours] <= f.truth[true] <= number.high[ours])
    return float(np.mean(held))


def figures_of_merit(matched: list[MatchedScene], weights: NDArray[np.float64], fused_odds: float) -> dict[str, float]:
    """Return figures of merit: F1 of osteoclasts, their nuclei, outlines."""
    called = there = right = outlined = 0
    for f in matched:
        n = counts(f, weights, fused_odds)
        called += int((n[f.judgeable()] >= _MIN_NUCLEI).sum())
        there += int((f.truth >= _MIN_NUCLEI).sum())
        for true, ours in f.covers:
            if f.truth[true] >= _MIN_NUCLEI:
                outlined += 1
                right += int(n[ours] >= _MIN_NUCLEI)
    truth, ours = np.concatenate([_osteoclasts(f, weights, fused_odds) for f in matched], axis=1)
    small = truth <= 10
    return {
        "f1": 2 * right / (called + there),
        "outlined": outlined / there,
        "within_one": float(np.mean(np.abs(ours - truth)[small] <= 1)),
        "within_15_percent": float(np.mean(np.abs(ours - truth)[~small] <= 0.15 * truth[~small])),
        "mean_error": float(np.mean(ours - truth)),
    }


def _owners(fragments: Oversegmentation, true: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the true cell most of each fragment lies in, and the share of the fragment that does."""
    columns = int(true.max()) + 1
    both = np.bincount(
        fragments.labels.ravel() * np.int64(columns) + true.ravel(), minlength=fragments.area.size * columns
    )
    both = both.reshape(-1, columns)
    return both.argmax(axis=1), both.max(axis=1) / np.maximum(fragments.area, 1)


def _match_candidates(
    points: NDArray[np.intp], strength: NDArray[np.float64], centres: NDArray[np.float32], radius: float
) -> NDArray[np.bool_]:
    """Give each true centre to the strongest candidate within ``radius`` that has none yet."""
    is_nucleus = np.zeros(len(points), bool)
    if not len(points) or not len(centres):
        return is_nucleus
    taken = np.zeros(len(centres), bool)
    near = cKDTree(centres).query_ball_point(points, radius)
    for i in np.argsort(-strength, kind="stable"):
        free = [c for c in near[i] if not taken[c]]
        if free:
            nearest = min(free, key=lambda c: float(np.hypot(*(centres[c] - points[i]))))
            taken[nearest] = is_nucleus[i] = True
    return is_nucleus


def _pairs_at_half_iou(true: NDArray[np.int64], ours: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the pairs (true cell, our cell) with an IoU of at least 0.5."""
    columns = int(ours.max()) + 1
    both = np.bincount((true * columns + ours).ravel(), minlength=(int(true.max()) + 1) * columns)
    both = both.reshape(-1, columns)
    union = both.sum(axis=1)[:, None] + both.sum(axis=0)[None] - both
    a, b = np.nonzero((both / np.maximum(union, 1))[1:, 1:] >= 0.5)
    return np.column_stack([a + 1, b + 1])

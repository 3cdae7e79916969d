"""The call of a cell at low power: a logistic regression, to which a lab's annotations may add trees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from osteocount.settings import FrozenModel

#: What trees ask of a cell, in this order; see `osteocount.segment.detectors.cell_appearance`.
CELL_APPEARANCE = (
    "mean_osteoclast", "mean_cell", "mean_core", "mean_centre", "mean_darkness", "mean_redness", "mean_blueness",
    "sd_osteoclast", "sd_cell", "sd_core", "sd_centre", "sd_darkness", "sd_redness", "sd_blueness",
    "nuclei", "nuclei_seen", "log_area", "compactness", "touching", "core", "rim", "around",
    "relative_log_area", "relative_darkness", "relative_redness", "relative_osteoclast", "relative_nuclei",
)  # fmt: skip
DEPTH = 4
"""Questions from the root of a tree to its answer."""
HOPELESS = -4.0
"""Logit of the regression below which no trees are asked. None of 1,619 annotated osteoclasts lay there, and seven of
ten cells do (49 tiles of one lab)."""
_MOST_TREES = 500
_QUESTIONS, _ANSWERS = 2**DEPTH - 1, 2**DEPTH

Finite = Annotated[float, Field(allow_inf_nan=False)]
Measure = Annotated[int, Field(ge=0, lt=len(CELL_APPEARANCE))]
_Asked = Annotated[tuple[Measure, ...], Field(min_length=_QUESTIONS, max_length=_QUESTIONS)]
_Thresholds = Annotated[tuple[Finite, ...], Field(min_length=_QUESTIONS, max_length=_QUESTIONS)]
_Answers = Annotated[tuple[Finite, ...], Field(min_length=_ANSWERS, max_length=_ANSWERS)]


class LabTrees(FrozenModel):
    """Regression trees whose answers are added up (gradient boosting; Friedman 2001, Ann Stat 29:1189).

    All are complete: below question n are questions 2 n + 1, where its measure is at most its threshold, and 2 n + 2.
    So a file names no node, and none can lead astray or in circles.

    Attributes
    ----------
    measures
        What is asked for: `CELL_APPEARANCE`.
    asked, thresholds
        (trees, 15) which of the measures each question is about, and what it is compared with.
    answers
        (trees, 16) from left to right, in logits.
    """

    measures: tuple[str, ...]
    asked: tuple[_Asked, ...] = Field(max_length=_MOST_TREES)
    thresholds: tuple[_Thresholds, ...]
    answers: tuple[_Answers, ...]

    @model_validator(mode="after")
    def _fits(self) -> LabTrees:
        if self.measures != CELL_APPEARANCE:
            raise ValueError("of another version of OsteoCount: fine-tune again with this one")
        if not len(self.asked) == len(self.thresholds) == len(self.answers):
            raise ValueError("the numbers of questions and answers differ")
        return self

    def logit(self, measures: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the sum (n,) of the answers for ``measures`` (n, k)."""
        asked = np.array(self.asked, np.intp).reshape(-1, _QUESTIONS)
        thresholds, answers = np.reshape(self.thresholds, asked.shape), np.reshape(self.answers, (-1, _ANSWERS))
        tree, cell = np.arange(len(asked)), np.arange(len(measures))[:, None]
        node = np.zeros((len(measures), len(asked)), np.intp)
        for _ in range(DEPTH):
            node = 2 * node + 1 + (measures[cell, asked[tree, node]] > thresholds[tree, node])
        return np.asarray(answers[tree, node - _QUESTIONS].sum(axis=1))


@dataclass(frozen=True)
class LowPowerCall:
    """What calls a cell.

    Attributes
    ----------
    weights
        (k,) of the logistic regression, see `osteocount.segment.detectors.learned_low_power.cell_features`.
    trees
        Of a lab.
    """

    weights: NDArray[np.float64]
    trees: LabTrees | None = None

    def logit(
        self, features: NDArray[np.float64], appearance: Callable[[], NDArray[np.float32]]
    ) -> NDArray[np.float64]:
        """Return the logit (n,) of being an osteoclast.

        Parameters
        ----------
        features
            (n, k) of each cell.
        appearance
            Gives the measures (n, k) of each cell, where trees ask for them: they take time.
        """
        logit = np.asarray(features @ self.weights)
        if self.trees is not None:
            asked = logit > HOPELESS
            logit[asked] += self.trees.logit(appearance()[asked])
        return logit

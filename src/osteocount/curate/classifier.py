"""A lab's own judge of cells, learned from its corrections: real cell or none.

Logistic regression on what the program measured of each cell. The file is JSON of numbers: loading it runs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from osteocount.curate.log import Edit
from osteocount.errors import OsteoCountError
from osteocount.io.files import written_whole
from osteocount.settings import FrozenModel

FEATURES = ("log_area", "trap_od_mean", "solidity", "eccentricity", "n_nuclei", "roughness")
RIDGE = 1.0
"""Weight of the penalty: some dozens of corrections must not buy wild coefficients."""
FEWEST = 10
"""Corrections of each kind below which nothing is learned."""
LEAST_GAIN = 0.02
"""Gain in balanced accuracy over the wells left out below which the classifier is of no use."""
STANDARD_ERRORS = 2.0
"""The gain must also be larger than this many standard errors, or it may be chance."""
_LARGEST_FILE = 2**20

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Classifier(FrozenModel):
    """Coefficients for standardised ``FEATURES``; ``gain`` and ``n`` say what it was adopted on."""

    format: str = "osteocount-classifier-1"
    features: tuple[str, ...] = FEATURES
    mean: tuple[Finite, ...]
    scale: tuple[Finite, ...]
    weights: tuple[Finite, ...]
    bias: Finite
    n: int
    gain: Finite

    @model_validator(mode="after")
    def _fits(self) -> Classifier:
        if self.format != "osteocount-classifier-1" or self.features != FEATURES:
            raise ValueError("made by another version")
        if not len(self.mean) == len(self.scale) == len(self.weights) == len(FEATURES) or min(self.scale) <= 0:
            raise ValueError("the numbers of features and coefficients differ")
        return self

    def probability(self, cells: pd.DataFrame) -> NDArray[np.float64]:
        """Return the probability that each row of ``cells.csv`` is a real cell."""
        z = (features(cells) - np.array(self.mean)) / np.array(self.scale)
        return _sigmoid(z @ np.array(self.weights) + self.bias)


@dataclass(frozen=True)
class Trained:
    """A classifier and what it gains: balanced accuracy on wells left out in turn, without and with it."""

    classifier: Classifier
    before: float
    after: float
    standard_error: float
    by_well: pd.DataFrame

    @property
    def useful(self) -> bool:
        """True when it helps on wells it has not seen."""
        return self.after - self.before >= max(LEAST_GAIN, STANDARD_ERRORS * self.standard_error)


def examples(automatic: pd.DataFrame, edits: Iterable[Edit]) -> pd.DataFrame:
    """Return the automatic cells a person judged, with ``is_real``: accepted ones are, deleted ones are none.

    Cells merged, split or drawn say nothing on this question.
    """
    said = {
        (edit.image, cell.cell_id): edit.kind == "accept"
        for edit in edits
        if edit.kind in ("accept", "delete")
        for cell in edit.cells
    }
    keys = list(zip(automatic["image"], automatic["cell_id"].astype(int), strict=True))
    judged = automatic[[key in said for key in keys]]
    return judged.assign(is_real=[said[key] for key in keys if key in said])


def judge(cells: pd.DataFrame, nuclei: pd.DataFrame, classifier: Classifier) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out the cells the classifier takes for none; what a person touched stays. Their nuclei are in no cell.

    The ``source`` of automatic cells that stay becomes ``classified``.
    """
    if cells.empty:
        return cells, nuclei
    judged = (cells["source"] == "automatic").to_numpy()
    out = judged & (classifier.probability(cells) < 0.5)
    gone = set(zip(cells.loc[out, "image"], cells.loc[out, "cell_id"].astype(int), strict=True))
    ids = nuclei["cell_id"].fillna(0).astype(int)
    stray = [key in gone for key in zip(nuclei["image"], ids, strict=True)]
    cell_id = nuclei["cell_id"].astype("Int64").mask(np.array(stray, bool))
    kept = cells.assign(source=cells["source"].mask(judged, "classified"))[~out]
    return kept.reset_index(drop=True), nuclei.assign(cell_id=cell_id)


def train(judged: pd.DataFrame) -> Trained:
    """Fit the classifier and measure its gain on wells left out in turn.

    Parameters
    ----------
    judged
        From `examples`.

    Raises
    ------
    OsteoCountError
        There are too few corrections of a kind, or of one well only.
    """
    y = judged["is_real"].to_numpy(bool)
    places = judged["plate"].fillna("").astype(str) + " " + judged["well"].fillna("").astype(str)
    if min(y.sum(), (~y).sum()) < FEWEST or places.nunique() < 2:
        raise OsteoCountError(
            f"{int(y.sum())} accepted and {int((~y).sum())} deleted cells in {places.nunique()} wells: at least "
            f"{FEWEST} of each, from two wells, are needed to learn from."
        )
    x = features(judged)
    held_out = np.zeros(len(y))
    for place in sorted(set(places)):
        test = (places == place).to_numpy()
        held_out[test] = fit(x[~test], y[~test]).probability(judged[test])
    says = held_out >= 0.5
    rows = [(p, int(m.sum()), float((says[m] == y[m]).mean()), float(y[m].mean()))
            for p in sorted(set(places)) if (m := (places == p).to_numpy()).any()]  # fmt: skip
    by_well = pd.DataFrame(rows, columns=["well", "n", "right_with", "right_without"])
    before, after = _balanced(np.ones_like(y), y), _balanced(says, y)
    error = _balanced_error(says, y)
    return Trained(fit(x, y).replace(gain=after - before), before, after, error, by_well)


def fit(x: NDArray[np.float64], y: NDArray[np.bool_]) -> Classifier:
    """Fit ridge logistic regression by Newton's method, both kinds weighing the same."""
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale < 1e-9] = 1.0
    z = np.column_stack([(x - mean) / scale, np.ones(len(x))])
    weight = np.where(y, 0.5 / max(y.mean(), 1e-9), 0.5 / max((~y).mean(), 1e-9))
    penalty = np.diag([RIDGE] * x.shape[1] + [1e-6])
    beta = np.zeros(z.shape[1])
    for _ in range(50):
        p = _sigmoid(z @ beta)
        gradient = z.T @ (weight * (y - p)) - penalty @ beta
        hessian = (z * (weight * p * (1 - p))[:, None]).T @ z + penalty
        step = np.linalg.solve(hessian, gradient)
        beta += step
        if np.abs(step).max() < 1e-8:
            break
    return Classifier(
        mean=tuple(mean.tolist()), scale=tuple(scale.tolist()), weights=tuple(beta[:-1].tolist()), bias=float(beta[-1]),
        n=len(y), gain=0.0,
    )  # fmt: skip


def features(cells: pd.DataFrame) -> NDArray[np.float64]:
    """Return (n, 6) what the classifier looks at; what is unknown is 0 nuclei, else the median."""
    area = cells["area_px"].astype(float)
    perimeter = pd.to_numeric(cells["perimeter_um"]).astype(float)
    area_um2 = pd.to_numeric(cells["area_um2"]).astype(float)
    table = pd.DataFrame({
        "log_area": np.log(area_um2.where(area_um2.notna(), area)),
        "trap_od_mean": cells["trap_od_mean"].astype(float),
        "solidity": cells["solidity"].astype(float),
        "eccentricity": cells["eccentricity"].astype(float),
        "n_nuclei": np.log1p(pd.to_numeric(cells["n_nuclei"]).astype(float).fillna(0.0)),
        "roughness": (perimeter**2 / (4 * np.pi * area_um2)),
    })  # fmt: skip
    return table.fillna(table.median()).fillna(0.0).to_numpy(float)


def save(classifier: Classifier, path: Path) -> None:
    """Write the classifier."""
    with written_whole(path) as part:
        part.write_text(json.dumps(classifier.model_dump(mode="json"), indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Classifier:
    """Read a classifier; nothing in the file is ever executed.

    Raises
    ------
    OsteoCountError
        The file is missing or is no classifier.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise OsteoCountError(f"{path}: larger than 1 MB; this is no classifier.")
        return Classifier.model_validate_json(path.read_bytes())
    except OSError as error:
        raise OsteoCountError(f"{path}: the classifier cannot be read ({error.strerror}).") from error
    except ValidationError as error:
        raise OsteoCountError(
            f"{path}: not a classifier ({error.errors()[0]['msg']}). `osteocount train` writes one."
        ) from error


def _balanced(says: NDArray[np.bool_], y: NDArray[np.bool_]) -> float:
    return float(((says & y).sum() / y.sum() + (~says & ~y).sum() / (~y).sum()) / 2)


def _balanced_error(says: NDArray[np.bool_], y: NDArray[np.bool_]) -> float:
    """Return the standard error of `_balanced`; half a success is added to each side, so that none is never sure."""
    right = [((says == y)[kind].sum() + 0.5, kind.sum() + 1.0) for kind in (y, ~y)]
    return float(0.5 * np.sqrt(sum(k / n * (1 - k / n) / n for k, n in right)))


def _sigmoid(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(value, -30, 30)))

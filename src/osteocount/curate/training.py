"""What a lab's corrections teach: cells and nuclei that are none. The gain is measured on wells left out in turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from osteocount.curate.classifier import FORMAT, Classifier, LogisticModel
from osteocount.curate.edit_log import Edit, reviewed_wells
from osteocount.curate.edited_field import EditedField
from osteocount.errors import OsteoCountError

FEWEST = 10
"""Corrections of each kind below which nothing is learned. Its origin is not recorded."""
LEAST_GAIN = 0.1
"""Share of the errors that must go on wells left out; below, the classifier is of no use. Origin not recorded."""
STANDARD_ERRORS = 2.0
"""The gain must also be larger than this many standard errors, or it may be chance: about 95 % confidence."""


@dataclass(frozen=True)
class Examples:
    """Cells or nuclei that a person judged.

    Attributes
    ----------
    features
        (n, k) what the program measured.
    is_real, wells
        (n,) what the person said, and where.
    weight
        How many real ones each example that is real stands for. A person corrects what is wrong and leaves most of
        what is right alone; without this, a classifier would be too ready to throw away.
    """

    features: NDArray[np.float64]
    is_real: NDArray[np.bool_]
    wells: NDArray[np.str_]
    weight: float = 1.0

    @property
    def enough(self) -> bool:
        """True when there is something to learn from."""
        return min(self.is_real.sum(), (~self.is_real).sum()) >= FEWEST and len(set(self.wells.tolist())) > 1

    def counted(self, what: str) -> str:
        """Say how many there are."""
        return f"{int(self.is_real.sum())} right and {int((~self.is_real).sum())} wrong {what}"


@dataclass(frozen=True)
class CrossValidated:
    """A model of cells or of nuclei, and what it does on wells left out in turn (leave-one-group-out cross-validation).

    Attributes
    ----------
    model
        Fitted to all examples.
    gain, standard_error
        Share of the errors it takes away, right ones it throws away counted as errors.
    by_well
        ``well, wrong, wrong_found, right, right_lost`` of each well when it was left out.
    """

    model: LogisticModel
    gain: float
    standard_error: float
    by_well: pd.DataFrame

    @property
    def useful(self) -> bool:
        """True when it helps on wells it has not seen."""
        return self.gain >= max(LEAST_GAIN, STANDARD_ERRORS * self.standard_error)


@dataclass(frozen=True)
class TrainedClassifier:
    """What was learned of cells and of nuclei; None: too few corrections."""

    cells: CrossValidated | None
    nuclei: CrossValidated | None

    @property
    def classifier(self) -> Classifier:
        """The parts that help."""
        parts = {name: part.model for name, part in self.parts().items() if part.useful}
        return Classifier(format=FORMAT, **parts)

    @property
    def useful(self) -> bool:
        """True when a part helps on wells it has not seen."""
        return any(part.useful for part in self.parts().values())

    def parts(self) -> dict[str, CrossValidated]:
        """Return what was learned, by name."""
        both = {"cells": self.cells, "nuclei": self.nuclei}
        return {name: part for name, part in both.items() if part is not None}


def judged_cells(automatic: pd.DataFrame, edits: Iterable[Edit]) -> pd.DataFrame:
    """Return the automatic cells a person judged, with ``is_real``: accepted ones are, deleted ones are none.

    So are the cells a person left alone in a well marked as reviewed. Cells merged, split or drawn say nothing here.
    """
    edits = list(edits)
    said = {
        (edit.plate, edit.image, cell.cell_id): edit.kind == "accept"
        for edit in edits
        if edit.kind in ("accept", "delete")
        for cell in edit.cells
    }
    touched = {(edit.plate, edit.image, cell.cell_id) for edit in edits for cell in edit.cells}
    done = reviewed_wells(edits)
    rows, real = [], []
    columns = ["image", "cell_id", "plate", "well"]
    for row, (image, cell, plate, well) in enumerate(automatic[columns].fillna("").itertuples(index=False)):
        key = (str(plate), image, int(cell))
        is_left = key not in touched and (str(plate), str(well or image)) in done
        if key in said or is_left:
            rows.append(row)
            real.append(said.get(key, True))
    return automatic.iloc[rows].assign(is_real=real)


def judged_nuclei(automatic: pd.DataFrame, field: EditedField, *, is_done: bool) -> pd.DataFrame:
    """Return the automatic nuclei of one picture that a person judged, with ``is_real``.

    Parameters
    ----------
    automatic
        The nuclei of the picture as the program found them.
    field
        The picture after all corrections. In a cell that was accepted or whose nuclei were corrected, those that are
        left are real and those that were removed are none.
    is_done
        The well is marked as reviewed: all that are left in it are real.
    """
    seen = {cell for cell, mark in field.marks.items() if mark.accepted or mark.recounted}
    rows, real = [], []
    for row, (key, cell) in enumerate(automatic[["nucleus_id", "cell_id"]].itertuples(index=False)):
        left = field.nuclei.get(int(key))
        if (left is None and not pd.isna(cell)) or (left is not None and (is_done or left.cell_id in seen)):
            rows.append(row)
            real.append(left is not None)
    return automatic.iloc[rows].assign(is_real=real)


def train(cells: Examples, nuclei: Examples) -> TrainedClassifier:
    """Fit the models and measure their gain on wells left out in turn.

    Raises
    ------
    OsteoCountError
        There are too few corrections of both cells and nuclei, or of one well only.
    """
    if not cells.enough and not nuclei.enough:
        raise OsteoCountError(
            f"{cells.counted('cells')}, {nuclei.counted('nuclei')}: at least {FEWEST} of each, from two wells, are "
            "needed to learn from. Where hardly anything is wrong, there is nothing to learn."
        )
    return TrainedClassifier(*(_cross_validate(each) if each.enough else None for each in (cells, nuclei)))


def fit(examples: Examples) -> LogisticModel:
    """Fit logistic regression with an L2 penalty; every example that is real weighs as many as it stands for."""
    from sklearn.linear_model import LogisticRegression

    x, y = examples.features, examples.is_real
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale < 1e-9] = 1.0
    weight = np.where(y, examples.weight, 1.0)
    model = LogisticRegression(C=1.0, max_iter=1000).fit((x - mean) / scale, y, weight / weight.mean())
    return LogisticModel(
        mean=tuple(mean.tolist()), scale=tuple(scale.tolist()), weights=tuple(model.coef_[0].tolist()),
        bias=float(model.intercept_[0]), n=len(y), gain=0.0,
    )  # fmt: skip


def _cross_validate(examples: Examples) -> CrossValidated:
    y, wells = examples.is_real, examples.wells
    says = np.ones(len(y), bool)
    for well in sorted(set(wells.tolist())):
        test = wells == well
        others = Examples(examples.features[~test], y[~test], wells[~test], examples.weight)
        if others.is_real.all() or not others.is_real.any():
            continue  # nothing to learn from without this well: it is left as it is
        says[test] = fit(others).probability(examples.features[test]) >= 0.5
    rows = [
        (well, int((~y & at).sum()), int((~y & ~says & at).sum()), int((y & at).sum()), int((y & ~says & at).sum()))
        for well in sorted(set(wells.tolist()))
        if (at := wells == well).any()
    ]
    by_well = pd.DataFrame(rows, columns=["well", "wrong", "wrong_found", "right", "right_lost"])
    gain, error = _gain(by_well, examples.weight)
    return CrossValidated(fit(examples).replace(gain=gain), gain, error, by_well)


def _gain(by_well: pd.DataFrame, weight: float) -> tuple[float, float]:
    """Return the share of the errors that go, and its standard error.

    Half a success is added to each side for the error, so that no small number is ever sure.
    """
    wrong, found, right, lost = (int(by_well[name].sum()) for name in by_well.columns[1:])
    price = weight * right / wrong  # what losing all right ones would cost, in wrong ones
    p, q = (found + 0.5) / (wrong + 1), (lost + 0.5) / (right + 1)
    error = np.sqrt(p * (1 - p) / wrong + price**2 * q * (1 - q) / right)
    return found / wrong - price * lost / right, float(error)

"""A lab's own classifier of cells and nuclei, trained on its corrections: real or none.

Logistic regression on what the program measured of each. The file is JSON of numbers: loading it runs nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from osteocount.errors import OsteoCountError
from osteocount.input_files import check_regular
from osteocount.io.files import write_json
from osteocount.measure.cells import is_borderline, is_osteoclast, with_borderline
from osteocount.segment.object_tables import STAIN_COLUMNS
from osteocount.settings import FrozenModel

FORMAT = "osteocount-classifier-3"
CELL_FEATURES = (
    "log_area", "trap_od_mean", "solidity", "eccentricity", "n_nuclei", "roughness", "confidence", "best_nucleus",
    "unevenness", "log_od", "red_to_green", "blue_to_green",
)  # fmt: skip
NUCLEUS_FEATURES = ("score", "n_nuclei", "area_per_nucleus", "trap_od_mean", "nearest_in_cell_um")
_LARGEST_FILE = 2**20  # bytes; a file of ours has a few thousand
# A typical cell further than so many SD from those learned from is of other pictures; origin not recorded.
_OUT_OF_DOMAIN_SD = 2.0
_FAINTEST = 0.02  # optical densities below this are noise and have no colour; origin not recorded
_FAR_UM = 100.0  # µm; further than this, another nucleus has no say; origin not recorded

Finite = Annotated[float, Field(allow_inf_nan=False)]


class LogisticModel(FrozenModel):
    """Logistic regression on standardised features; ``gain`` and ``n`` say what it was adopted on."""

    mean: tuple[Finite, ...]
    scale: tuple[Finite, ...]
    weights: tuple[Finite, ...]
    bias: Finite
    n: int
    gain: Finite

    def probability(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability (n,) that each row of ``features`` (n, k) is real."""
        z = (features - np.array(self.mean)) / np.array(self.scale)
        return np.asarray(1 / (1 + np.exp(-np.clip(z @ np.array(self.weights) + self.bias, -30, 30))))


class Classifier(FrozenModel):
    """What was learned of cells, of nuclei, or of both."""

    format: str
    cell_features: tuple[str, ...] = CELL_FEATURES
    nucleus_features: tuple[str, ...] = NUCLEUS_FEATURES
    cells: LogisticModel | None = None
    nuclei: LogisticModel | None = None

    @model_validator(mode="after")
    def _fits(self) -> Classifier:
        if (self.format, self.cell_features, self.nucleus_features) != (FORMAT, CELL_FEATURES, NUCLEUS_FEATURES):
            raise ValueError("made by another version of OsteoCount")
        for part, names in ((self.cells, CELL_FEATURES), (self.nuclei, NUCLEUS_FEATURES)):
            if part is None:
                continue
            if not len(part.mean) == len(part.scale) == len(part.weights) == len(names) or min(part.scale) <= 0:
                raise ValueError("the numbers of features and coefficients differ")
        return self

    @property
    def n(self) -> int:
        """Corrections it was learned from."""
        return sum(part.n for part in (self.cells, self.nuclei) if part is not None)


def apply_classifier(
    cells: pd.DataFrame, nuclei: pd.DataFrame, classifier: Classifier, min_nuclei: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out the cells and nuclei the classifier takes for none; cells that a person touched stay as they are.

    Nuclei of a cell that is left out are in no cell. A cell that loses nuclei is counted and classified anew; its
    confidence is then unknown. The ``source`` of automatic cells that stay becomes ``classified``.

    Parameters
    ----------
    cells, nuclei
        Rows of ``cells.csv`` and ``nuclei.csv``.
    classifier
        Of the lab.
    min_nuclei
        Nuclei that make an osteoclast.
    """
    if cells.empty:
        return cells, nuclei
    judged = (cells["source"] == "automatic").to_numpy()
    keep = np.ones(len(cells), bool)
    if classifier.cells is not None:
        keep = ~judged | (classifier.cells.probability(cell_features(cells, nuclei)) >= 0.5)
    owner = _owner(cells, nuclei)
    if classifier.nuclei is not None and len(nuclei):
        features = nucleus_features(cells, nuclei)
        wrong = (owner >= 0) & (classifier.nuclei.probability(features) < 0.5)
        wrong &= np.append(judged & keep, False)[owner]
        cells = _recounted(cells, np.bincount(owner[wrong], minlength=len(cells)), min_nuclei)
        nuclei, owner = nuclei[~wrong], owner[~wrong]
    stray = (owner >= 0) & ~np.append(keep, True)[owner]
    nuclei = nuclei.assign(cell_id=nuclei["cell_id"].astype("Int64").mask(stray))
    kept = cells.assign(source=cells["source"].mask(judged, "classified"))[keep]
    return kept.reset_index(drop=True), nuclei.reset_index(drop=True)


def is_out_of_domain(cells: pd.DataFrame, nuclei: pd.DataFrame, classifier: Classifier) -> bool:
    """Tell whether the cells that are to be judged are out of the domain the classifier was trained on.

    What it says of another stain is a guess. Parameters as for `apply_classifier`.
    """
    if classifier.cells is None or cells.empty:
        return False
    typical = np.median(cell_features(cells, nuclei), axis=0)
    away = (typical - np.array(classifier.cells.mean)) / np.array(classifier.cells.scale)
    return bool((np.abs(away) > _OUT_OF_DOMAIN_SD).any())


def cell_features(cells: pd.DataFrame, nuclei: pd.DataFrame) -> NDArray[np.float64]:
    """Return (n, 12) what is looked at of each cell; what is unknown is the median, of nuclei that are not seen 0."""
    area = cells["area_px"].astype(float)
    perimeter = pd.to_numeric(cells["perimeter_um"]).astype(float)
    area_um2 = pd.to_numeric(cells["area_um2"]).astype(float)
    best = np.zeros(len(cells))
    owner = _owner(cells, nuclei)
    scores = nuclei["score"].to_numpy(float)[owner >= 0]
    np.maximum.at(best, owner[owner >= 0], np.nan_to_num(scores, nan=1.0))
    table = pd.DataFrame({
        "log_area": np.log(area_um2.where(area_um2.notna(), area)),
        "trap_od_mean": cells["trap_od_mean"].astype(float),
        "solidity": cells["solidity"].astype(float),
        "eccentricity": cells["eccentricity"].astype(float),
        "n_nuclei": np.log1p(pd.to_numeric(cells["n_nuclei"]).astype(float).fillna(0.0)),
        "roughness": (perimeter**2 / (4 * np.pi * area_um2)),
        "confidence": pd.to_numeric(cells["confidence"]).astype(float),
        "best_nucleus": best,
        **_stain(cells),
    })  # fmt: skip
    return table.fillna(table.median()).fillna(0.0).to_numpy(float)


def _stain(cells: pd.DataFrame) -> dict[str, pd.Series]:
    """Return how patchy and how dark each cell is, and its hue: debris often has another one."""
    known = cells.reindex(columns=STAIN_COLUMNS).apply(pd.to_numeric).astype(float)  # tables of others may lack them
    trap, spread, red, green, blue = (known[name].clip(lower=_FAINTEST) for name in STAIN_COLUMNS)
    return {
        "unevenness": spread / trap, "log_od": np.log(red + green + blue),
        "red_to_green": np.log(red / green), "blue_to_green": np.log(blue / green),
    }  # fmt: skip


def nucleus_features(cells: pd.DataFrame, nuclei: pd.DataFrame) -> NDArray[np.float64]:
    """Return (n, 5) what is looked at of each nucleus and of its cell; a nucleus in no cell has zeros."""
    owner = _owner(cells, nuclei)
    inside = owner >= 0
    um2 = pd.to_numeric(cells["area_um2"]).astype(float)
    area = um2.where(um2.notna(), cells["area_px"].astype(float)).to_numpy()
    um = float(np.sqrt((um2 / cells["area_px"].astype(float)).median()))
    per_cell = np.maximum(1, np.bincount(owner[inside], minlength=len(cells)))
    features = np.zeros((len(nuclei), len(NUCLEUS_FEATURES)))
    own = owner[inside]
    features[inside, 0] = np.nan_to_num(nuclei["score"].to_numpy(float)[inside], nan=1.0)
    features[inside, 1] = np.log(per_cell[own])
    features[inside, 2] = np.log(area[own] / per_cell[own])
    features[inside, 3] = np.nan_to_num(cells["trap_od_mean"].to_numpy(float)[own])
    features[inside, 4] = _nearest(nuclei[inside], own) * (1.0 if np.isnan(um) else um)
    return np.minimum(features, _FAR_UM)


def save(classifier: Classifier, path: Path) -> None:
    """Write the classifier."""
    write_json(classifier.model_dump(mode="json"), path)


def load(path: Path) -> Classifier:
    """Read a classifier; nothing in the file is ever executed.

    Raises
    ------
    OsteoCountError
        The file is missing or is no classifier.
    """
    try:
        if check_regular(path).st_size > _LARGEST_FILE:
            raise OsteoCountError(f"{path}: larger than 1 MB; this is no classifier.")
        return Classifier.model_validate_json(path.read_bytes())
    except OSError as error:
        raise OsteoCountError(f"{path}: the classifier cannot be read ({error.strerror}).") from error
    except ValidationError as error:
        raise OsteoCountError(f"{path}: not a classifier ({_why(error)}). `osteocount train` writes one.") from error


def _why(error: ValidationError) -> str:
    return str(error.errors()[0]["msg"]).removeprefix("Value error, ")


def _recounted(cells: pd.DataFrame, lost: NDArray[np.intp], min_nuclei: int) -> pd.DataFrame:
    """Take ``lost`` nuclei (n,) off each cell; class, interval and flags follow."""
    if not lost.any():
        return cells
    cells, fewer = cells.copy(), lost > 0
    n = cells["n_nuclei"].astype("Int64") - lost
    high = (cells["n_nuclei_high"].astype("Int64") - lost).clip(lower=n)
    low = cells["n_nuclei_low"].astype("Int64").clip(upper=n)
    cells["n_nuclei"], cells["n_nuclei_low"], cells["n_nuclei_high"] = n, low, high
    by_rule = is_osteoclast(n, min_nuclei).fillna(False).to_numpy(bool)
    cells["is_osteoclast"] = np.where(fewer, by_rule, cells["is_osteoclast"].astype(bool))
    cells["confidence"] = pd.to_numeric(cells["confidence"]).astype(float).mask(fewer)
    flips = is_borderline(low, high, min_nuclei).fillna(False).to_numpy(bool)
    flags = cells["flags"].fillna("").astype(str)
    cells["flags"] = [
        with_borderline(said, borderline=bool(flip)) if new else said
        for said, flip, new in zip(flags, flips, fewer, strict=True)
    ]
    return cells


def _owner(cells: pd.DataFrame, nuclei: pd.DataFrame) -> NDArray[np.intp]:
    """Return the row (n,) of each nucleus's cell in ``cells``; -1: in none of them."""
    ids = nuclei["cell_id"].astype("Int64").fillna(0).astype(int)
    keys = pd.MultiIndex.from_arrays([nuclei["image"].astype(str), ids])
    index = pd.MultiIndex.from_arrays([cells["image"].astype(str), cells["cell_id"].astype(int)])
    return np.asarray(index.get_indexer(keys))


def _nearest(nuclei: pd.DataFrame, owner: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the distance (n,) in pixels from each nucleus to the nearest other one of its cell."""
    distance = np.full(len(nuclei), _FAR_UM)
    places = nuclei[["y_px", "x_px"]].to_numpy(float)
    order = np.argsort(owner, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(owner[order])) + 1):
        if len(rows) > 1:
            distance[rows] = np.asarray(scipy.spatial.KDTree(places[rows]).query(places[rows], k=2)[0])[:, 1]
    return distance

"""The tables of a segmentation: nuclei with their cell, cells with their interval of nuclei."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: How a cell is stained: mean and spread (SD) of its TRAP optical density, and its mean density in each colour.
STAIN_COLUMNS = ("trap_od_mean", "trap_od_sd", "red_od_mean", "green_od_mean", "blue_od_mean")
# A pale giant is a spread cell with weak TRAP: at least this large (a disc of about 50 µm), and with a mean density
# below this many times the threshold of TRAP-positive. That is 0.3 at the default, and stayed so when the threshold
# fell from 0.15 to 0.08. What chose the area and 0.3 is not recorded; the flag changes no number.
_GIANT_UM2 = 2000.0
_PALE = 3.75
_OPAQUE_OD = 0.75  # mean density through which no nucleus is seen; what chose it is not recorded
_SPREAD = 0.215  # of the logistic confidence of a call by size, so that it is 0.9 at 1.6 times the size rule

#: What the class of a cell can be told by.
CalledBy = Literal["nuclei", "appearance", "size"]


@dataclass(frozen=True)
class NucleiCount:
    """How many nuclei each cell has.

    Attributes
    ----------
    counted
        (n + 1,) nuclei that count; entry 0 stands for the background.
    low, high
        (n + 1,) the central 90 % of the number of nuclei.
    confidence
        (n + 1,) probability that the cell is on the right side of the osteoclast rule.
    """

    counted: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    confidence: NDArray[np.float64]


def count_nuclei(
    n_cells: int,
    cell_of_spot: NDArray[np.int32],
    score: NDArray[np.float32],
    threshold: float,
    min_nuclei: int,
    tail: float = 0.05,
) -> NucleiCount:
    """Turn the scores of a cell's spots into an interval of its number of nuclei.

    Each spot is a nucleus with the probability its score says, independently of the others, so the number follows a
    Poisson binomial distribution; its quantiles ``tail`` and 1 − ``tail`` are the interval, widened to hold the count
    itself. Where spots of one cell err together, another ``tail`` than that of a 90 % interval may hold the truth nine
    times of ten.

    Parameters
    ----------
    n_cells
        Number of cells; labels are 1..n_cells.
    cell_of_spot, score
        One entry per candidate nucleus; 0 means in no cell.
    threshold
        Candidates with at least this score are counted.
    min_nuclei
        Nuclei in an osteoclast.
    tail
        Probability left out on each side.
    """
    spots = np.bincount(cell_of_spot, minlength=n_cells + 1)
    spots[0] = 0  # those in no cell
    counted = np.bincount(cell_of_spot[score >= threshold], minlength=n_cells + 1)
    total = np.cumsum(_poisson_binomial(spots, cell_of_spot, score), axis=1)
    # The first number whose cumulated chance reaches the quantile.
    low, high = (np.minimum((total < quantile).sum(axis=1), spots) for quantile in (tail, 1 - tail))
    below = total[np.arange(n_cells + 1), np.minimum(min_nuclei - 1, spots)]
    confidence = np.where(counted >= min_nuclei, 1 - below, below)
    low, high = np.minimum(counted, low), np.maximum(counted, high)
    counted[0], low[0], high[0], confidence[0] = 0, 0, 0, 1
    return NucleiCount(counted, low, high, np.clip(confidence, 0, 1))


def nuclei_table(
    y: NDArray[np.floating], x: NDArray[np.floating], score: NDArray[np.float32], cell: NDArray[np.int32]
) -> pd.DataFrame:
    """Return the table of nuclei, numbered 1..n in the order given; coordinates in pixels of the file."""
    return pd.DataFrame(
        {
            "nucleus_id": np.arange(1, len(y) + 1, dtype=np.int64),
            "cell_id": cell.astype(np.int64),
            "y_px": np.asarray(y, float),
            "x_px": np.asarray(x, float),
            "score": np.asarray(score, float),
        }
    )


def cell_table(
    confidence: NDArray[np.float64],
    flags: list[str],
    by: CalledBy,
    count: NucleiCount | None = None,
    is_large: NDArray[np.bool_] | None = None,
    stain: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Return the table of cells; what is not known (nuclei at low power, size class elsewhere) is ``pd.NA``.

    Parameters
    ----------
    confidence, flags, is_large
        One entry per cell 1..n.
    by
        What they are called by.
    stain
        (n, 5) in the order of `STAIN_COLUMNS`, left out where it is None.
    count
        From `count_nuclei`, None when nuclei are not resolved.
    """
    n = len(flags)
    empty = pd.array([pd.NA] * n, dtype="Int64")
    table = pd.DataFrame(
        {
            "cell_id": np.arange(1, n + 1, dtype=np.int64),
            "confidence": np.asarray(confidence, float),
            "flags": pd.array(flags, dtype="str"),
            "n_nuclei_low": empty if count is None else pd.array(count.low[1:], dtype="Int64"),
            "n_nuclei_high": empty if count is None else pd.array(count.high[1:], dtype="Int64"),
            "is_large": pd.array([pd.NA] * n if is_large is None else is_large, dtype="boolean"),
            "by": pd.array([by] * n, dtype="str"),
        }
    )
    return table if stain is None else table.assign(**dict(zip(STAIN_COLUMNS, stain.T, strict=True)))


def with_hidden_nuclei(
    cells: pd.DataFrame, hidden: NDArray[np.bool_], area_um2: NDArray[np.floating], large_um: float
) -> pd.DataFrame:
    """Return the table of cells where those whose nuclei are ``hidden`` have no number of nuclei, and go by size.

    Parameters
    ----------
    cells
        From `cell_table`.
    hidden, area_um2
        (n,) the cell is opaque, and not one nucleus is seen in it; its area.
    large_um
        Diameter, of a disc of its area, from which such a cell is called an osteoclast.
    """
    diameter = np.sqrt(area_um2 * 4 / np.pi)
    cells = cells.copy()
    cells.loc[hidden, ["n_nuclei_low", "n_nuclei_high"]] = pd.NA
    cells.loc[hidden, "is_large"] = (diameter >= large_um)[hidden]
    cells.loc[hidden, "confidence"] = size_confidence(diameter, large_um)[hidden]
    cells.loc[hidden, "by"] = "size"
    return cells


def size_confidence(diameter: NDArray[np.float64], large: float) -> NDArray[np.float64]:
    """Return how far each cell's diameter lies from the size rule: 0.5 at the rule, 0.9 at 1.6 times or 1/1.6 of it."""
    ratio = np.log(np.maximum(diameter, 1e-3 * large) / large)
    return np.asarray(1 / (1 + np.exp(-np.abs(ratio) / _SPREAD)))


def opaque_cells(cells: NDArray[np.integer], density: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell for each cell 0..n whether nuclei cannot be seen through most of it; False for the background.

    Parameters
    ----------
    cells
        (height, width) labels 1..n.
    density
        (height, width) mean optical density.
    """
    size = int(cells.max(initial=0)) + 1
    dark = np.bincount(cells[density > _OPAQUE_OD], minlength=size)
    opaque = dark > 0.5 * np.bincount(cells.ravel(), minlength=size)
    opaque[0] = False
    return np.asarray(opaque, np.bool_)


def stain_flags(
    opaque: NDArray[np.bool_], area_um2: NDArray[np.floating], trap_od: NDArray[np.float64], trap_threshold: float
) -> list[str]:
    """Return the ";"-joined flags of cells 1..n.

    Parameters
    ----------
    opaque
        (n + 1,) from `opaque_cells`; entry 0 stands for the background.
    area_um2, trap_od
        (n + 1,) area of each cell, and its mean TRAP optical density.
    trap_threshold
        Optical density above which a cell is TRAP-positive.
    """
    pale = (area_um2 >= _GIANT_UM2) & (trap_od < _PALE * trap_threshold)
    named = (("opaque", opaque), ("pale_giant", pale))
    return [";".join(word for word, has in named if has[i]) for i in range(1, opaque.size)]


def mean_per_label(labels: NDArray[np.integer], values: NDArray[np.float32], size: int = 0) -> NDArray[np.float64]:
    """Return the mean of ``values`` over each label 0..n, at least ``size`` means; 0 for labels that are not there."""
    flat = labels.ravel()
    total = np.bincount(flat, weights=values.ravel(), minlength=size)
    return np.asarray(total / np.maximum(np.bincount(flat, minlength=size), 1))


def _poisson_binomial(
    spots: NDArray[np.int64], cell_of_spot: NDArray[np.int32], score: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return P(0), P(1), … (cells, most spots + 1) of the number of nuclei of each cell; all cells grow together."""
    own = np.flatnonzero(cell_of_spot)
    own = own[np.argsort(cell_of_spot[own], kind="stable")]
    first = np.searchsorted(cell_of_spot[own], np.arange(spots.size))
    spots = np.where(np.arange(spots.size) > 0, spots, 0)
    chance = np.zeros((spots.size, int(spots.max(initial=0)) + 1))
    chance[:, 0] = 1
    for n in range(chance.shape[1] - 1):
        cells = np.flatnonzero(spots > n)
        p = score[own[first[cells] + n], None].astype(float)
        grown = chance[cells, : n + 2] * (1 - p)
        grown[:, 1:] += chance[cells, : n + 1] * p
        chance[cells, : n + 2] = grown
    return chance

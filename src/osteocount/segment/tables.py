"""The tables of a segmentation: nuclei with their cell, cells with their interval of nuclei."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_GIANT_UM2 = 2000.0  # area from which a weakly stained cell is called a pale giant
_OPAQUE_OD = 0.75  # mean density through which no nucleus is seen


@dataclass(frozen=True)
class NucleiCount:
    """How many nuclei each cell has.

    Attributes
    ----------
    low, high
        (n + 1,) the central 90 % of the number of nuclei; entry 0 stands for the background.
    confidence
        (n + 1,) probability that the cell is on the right side of the osteoclast rule.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    confidence: NDArray[np.float64]


def count_nuclei(
    n_cells: int, cell_of_spot: NDArray[np.int32], score: NDArray[np.float32], threshold: float, min_nuclei: int
) -> NucleiCount:
    """Turn the scores of a cell's spots into an interval of its number of nuclei.

    Each spot is a nucleus with the probability its score says, independently of the others, so the number follows a
    Poisson binomial distribution; its 5 % and 95 % quantiles are the interval, widened to hold the count itself.

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
    """
    low, high = np.zeros(n_cells + 1, np.int64), np.zeros(n_cells + 1, np.int64)
    confidence = np.ones(n_cells + 1)
    order = np.argsort(cell_of_spot, kind="stable")
    bounds = np.searchsorted(cell_of_spot[order], np.arange(n_cells + 2))
    for cell in range(1, n_cells + 1):
        probabilities = score[order[bounds[cell] : bounds[cell + 1]]].astype(float)
        chance = _poisson_binomial(probabilities)
        counted = int((probabilities >= threshold).sum())
        total = np.cumsum(chance)
        low[cell] = min(counted, int(np.searchsorted(total, 0.05)))
        high[cell] = max(counted, int(np.searchsorted(total, 0.95)))
        below = float(total[min(min_nuclei, chance.size) - 1])
        confidence[cell] = 1 - below if counted >= min_nuclei else below
    return NucleiCount(low, high, np.clip(confidence, 0, 1))


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
    count: NucleiCount | None = None,
    is_large: NDArray[np.bool_] | None = None,
    trap: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Return the table of cells; what is not known (nuclei at low power, size class elsewhere) is ``pd.NA``.

    Parameters
    ----------
    confidence, flags, is_large, trap
        One entry per cell 1..n; ``trap`` is the mean TRAP optical density, left out where it is None.
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
        }
    )
    return table if trap is None else table.assign(trap_od_mean=trap)


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
    cells: NDArray[np.integer],
    opaque: NDArray[np.bool_],
    trap: NDArray[np.float32],
    trap_threshold: float,
    um: float,
) -> list[str]:
    """Return the ";"-joined flags of cells 1..n.

    Parameters
    ----------
    cells, trap
        (height, width) labels, and TRAP optical density.
    opaque
        From `opaque_cells`.
    trap_threshold
        Optical density above which a cell is TRAP-positive.
    um
        Micrometres per pixel.
    """
    area = np.bincount(cells.ravel(), minlength=opaque.size)
    mean = np.bincount(cells.ravel(), weights=trap.ravel(), minlength=opaque.size) / np.maximum(area, 1)
    pale = (area * um**2 >= _GIANT_UM2) & (mean < 3 * trap_threshold)
    named = (("opaque", opaque), ("pale_giant", pale))
    return [";".join(word for word, has in named if has[i]) for i in range(1, opaque.size)]


def _poisson_binomial(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(0), P(1), … of the number of successes of independent trials."""
    chance = np.ones(1)
    for p in probabilities:
        chance = np.convolve(chance, [1 - p, p])
    return chance

"""Does the place on the plate matter? Edge, row and column effects, and the B-score where it may be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osteocount.errors import OsteoCountError
from osteocount.wells import PLATE_SHAPES, parse_well, row_letters, smallest_plate

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

CONFOUNDED = 0.25
"""Share of an arm's placing that rows and columns may explain, beyond chance, before the B-score is refused.

An arm spread over the plate gives below 0.05, one laid by columns 1 (the tests draw both); a quarter is a choice.
"""

_MIN_WELLS = 16  # fewer leave hardly any residuals to scale by; a choice, not measured
_MAX_ROUNDS = 50  # some plates of counts swing between two states for ever


@dataclass(frozen=True)
class PositionEffects:
    """Medians by place, of the wells that were measured and not excluded.

    ``edge_ratio`` is the median of the outermost wells ÷ the median of the others, NaN when either is missing or 0;
    the medians are keyed by row letter and by column number.
    """

    edge_ratio: float
    row_medians: dict[str, float]
    column_medians: dict[int, float]


def position_effects(wells: pd.DataFrame, measure: str) -> PositionEffects:
    """Return edge ratio and row and column medians of one plate's ``measure`` (needs ``well``, ``role``)."""
    rows, columns, values = _placed(wells, measure)
    if not values.size:
        return PositionEffects(float("nan"), {}, {})
    height, width = PLATE_SHAPES[smallest_plate(int(rows.max()), int(columns.max()))]
    edge = (rows == 1) | (rows == height) | (columns == 1) | (columns == width)
    inner = float(np.median(values[~edge])) if (~edge).any() else 0.0
    ratio = float(np.median(values[edge])) / inner if edge.any() and inner else float("nan")
    return PositionEffects(
        edge_ratio=ratio,
        row_medians={row_letters(int(r)): float(np.median(values[rows == r])) for r in np.unique(rows)},
        column_medians={int(c): float(np.median(values[columns == c])) for c in np.unique(columns)},
    )


def b_score(wells: pd.DataFrame, measure: str) -> pd.Series[float]:
    """Return the B-score (Brideau 2003) of one plate: residuals of a median polish, in units of their scaled MAD.

    Excluded and unmeasured wells are NaN.

    Raises
    ------
    OsteoCountError
        An arm's place is explained by rows and columns, so that the polish would remove its effect; or there are too
        few wells.
    """
    import pandas as pd

    rows, columns, values = _placed(wells, measure)
    if values.size < _MIN_WELLS or np.unique(rows).size < 3 or np.unique(columns).size < 3:
        raise OsteoCountError(f"A B-score needs at least {_MIN_WELLS} measured wells in 3 rows and 3 columns.")
    used = _used(wells, measure)
    for (treatment, dose), members in wells[used].groupby(["treatment", "dose"], dropna=False):
        share = explained_by_place(wells.index[used].isin(members.index), rows, columns)
        if share > CONFOUNDED:
            arm = f"{treatment} {dose:g}" if dose == dose else str(treatment)
            raise OsteoCountError(
                f"No B-score: rows and columns explain {100 * share:.0f} % of where {arm!r} lies, so that removing "
                "their effects would remove its effect too. Spread the arms over the plate."
            )
    residuals = _median_polish(rows, columns, values)
    spread = 1.4826 * np.median(np.abs(residuals - np.median(residuals)))
    if spread == 0:
        raise OsteoCountError("No B-score: the wells do not differ once rows and columns are taken out.")
    scores = pd.Series(np.nan, index=wells.index, name=f"{measure}_b_score")
    scores[used] = residuals / spread
    return scores


def explained_by_place(member: NDArray[np.bool_], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> float:
    """Return the adjusted R² of membership in an arm on row and column: about 0 when spread, 1 when laid by them."""
    design = np.column_stack(
        [np.ones(member.size)]
        + [(rows == r).astype(float) for r in np.unique(rows)[1:]]
        + [(columns == c).astype(float) for c in np.unique(columns)[1:]]
    )
    target = member.astype(float)
    total = float(((target - target.mean()) ** 2).sum())
    degrees = member.size - int(np.linalg.matrix_rank(design))
    if total == 0:
        return 0.0
    if degrees <= 0:
        return 1.0
    fitted = design @ np.linalg.lstsq(design, target, rcond=None)[0]
    left = float(((target - fitted) ** 2).sum())
    return 1 - (left / degrees) / (total / (member.size - 1))


def _median_polish(
    rows: NDArray[np.int64], columns: NDArray[np.int64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Take row and column medians out in turn until nothing changes (Tukey)."""
    residuals = values - np.median(values)
    for _ in range(_MAX_ROUNDS):
        before = residuals.copy()
        for place in (rows, columns):
            for level in np.unique(place):
                residuals[place == level] -= np.median(residuals[place == level])
        if np.allclose(before, residuals, rtol=0, atol=1e-9 * (np.abs(values).max() + 1)):
            break
    return residuals


def _used(wells: pd.DataFrame, measure: str) -> pd.Series[bool]:
    placed = wells["well"].map(lambda well: parse_well(str(well)) is not None)  # samples of a sheet have no place
    return wells[measure].notna() & (wells["role"] != "excluded") & placed.astype(bool)


def _placed(wells: pd.DataFrame, measure: str) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return row, column and value of the used wells."""
    used = wells[_used(wells, measure)]
    places = [parse_well(str(well)) or (0, 0) for well in used["well"]]
    array = np.array(places, dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1], used[measure].to_numpy(dtype=np.float64)

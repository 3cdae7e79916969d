"""Edge, row and column effects, and the B-score."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.plate.position_effects import b_score, explained_by_place, position_effects
from osteocount.wells import well_name


def plate(value, treatment, rows=8, columns=12):
    places = [(r, c) for r in range(1, rows + 1) for c in range(1, columns + 1)]
    return pd.DataFrame(
        {
            "well": [well_name(r, c) for r, c in places],
            "role": "treatment",
            "treatment": [treatment(r, c) for r, c in places],
            "dose": np.nan,
            "count": [float(value(r, c)) for r, c in places],
        }
    )


def test_position_effects():
    wells = plate(lambda r, c: 2.0 if r in (1, 8) or c in (1, 12) else 1.0, lambda r, c: "x")
    effects = position_effects(wells, "count")
    assert effects.edge_ratio == 2.0
    assert effects.row_medians == {"A": 2.0, "B": 1.0, "C": 1.0, "D": 1.0, "E": 1.0, "F": 1.0, "G": 1.0, "H": 2.0}
    assert effects.column_medians[12] == 2.0
    wells["role"] = "excluded"
    assert math.isnan(position_effects(wells, "count").edge_ratio)


def test_b_score_removes_row_and_column_effects_of_spread_arms():
    rng = np.random.default_rng(0)
    arms = rng.permutation(np.repeat(["a", "b", "c", "d"], 24)).reshape(8, 12)
    noise = rng.normal(0, 1, (8, 12))
    wells = plate(
        lambda r, c: 10 * r - 5 * c + noise[r - 1, c - 1] + 20 * (r == 4 and c == 5), lambda r, c: arms[r - 1, c - 1]
    )
    scores = b_score(wells, "count")
    assert scores.idxmax() == wells.index[wells["well"] == "D05"][0]
    assert scores.drop(scores.idxmax()).abs().max() < 5


def test_b_score_is_refused_when_arms_are_laid_by_columns_or_rows():
    for treatment in (lambda r, c: f"dose {c}", lambda r, c: f"arm {r}", lambda r, c: "low" if c < 7 else "high"):
        with pytest.raises(OsteoCountError, match=r"No B-score: rows and columns explain \d+ % of where"):
            b_score(plate(lambda r, c: r * c, treatment), "count")


def test_b_score_needs_wells_and_differences():
    with pytest.raises(OsteoCountError, match="at least 16 measured wells"):
        b_score(plate(lambda r, c: r, lambda r, c: "x", 2, 3), "count")
    with pytest.raises(OsteoCountError, match="do not differ"):
        b_score(plate(lambda r, c: r + c, lambda r, c: "x"), "count")


def test_samples_without_a_place_have_no_position_effects():
    wells = plate(lambda r, c: r, lambda r, c: "x").assign(well=[f"D1 IL-32 {n}" for n in range(96)])
    effects = position_effects(wells, "count")
    assert (effects.row_medians, effects.column_medians) == ({}, {})
    with pytest.raises(OsteoCountError, match="at least 16 measured wells"):
        b_score(wells, "count")


def test_share_explained_by_place():
    rows, columns = np.repeat(np.arange(8), 12), np.tile(np.arange(12), 8)
    assert explained_by_place(columns == 3, rows, columns) == pytest.approx(1.0)
    assert explained_by_place((rows + columns) % 2 == 0, rows, columns) < 0.05
    assert explained_by_place(np.ones(96, dtype=bool), rows, columns) == 0

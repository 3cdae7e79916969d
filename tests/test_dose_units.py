"""Units of doses, and what a dose is in another unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteocount.dose_units import canonical_unit, common_unit, convert, split_dose


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("ug/ml", "µg/mL"), ("μg/mL", "µg/mL"), ("mcg/ml", "µg/mL"),
        ("microg/ml", "µg/mL"), ("NG/ML", "ng/mL"), ("ng/mL", "ng/mL"),
        ("um", None),
        ("uM", "µM"), ("nM", "nM"), ("nm", None), ("/mL", "particles/mL"), ("EVs/mL", "particles/mL"), ("ul", "µL"),
        ("cells/well", "cells/well"), ("particles per cell", "particles/cell"), ("ng ml-1", "ng/mL"), ("U/ml", "U/mL"),
        ("%", "%"), ("% v/v", "% (v/v)"), ("moi", "MOI"), ("furlong", None), ("mg/kg", "mg/kg"), ("nmol/L", "nmol/L"),
    ],
)  # fmt: skip
def test_units_are_spelled_one_way(text, unit):
    assert canonical_unit(text) == unit


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (1, "µg/mL", "ng/mL", 1000), (1, "mg/L", "µg/mL", 1), (500, "nM", "µM", 0.5), (1, "nmol/mL", "µM", 1),
        (1, "U/mL", "U/L", 1000), (2, "particles/µL", "particles/mL", 2000), (1, "ng/mL", "nM", None),
        (1, "U/mL", "IU/mL", None), (1, "ng/well", "ng/mL", None), (5, "µL", "mL", 0.005), (1, "%", "ng/mL", None),
    ],
)  # fmt: skip
def test_conversion(value, unit, to, expected):
    assert convert(value, unit, to) == expected


def test_the_most_frequent_unit_is_the_common_one():
    assert common_unit(["ng/mL", "ng/mL", "µg/mL"]) == "ng/mL"
    assert common_unit(["ng/mL", "nM"]) is None
    assert common_unit([]) == ""


@given(
    st.floats(1e-6, 1e6), st.sampled_from(["ng/mL", "µg/mL", "pg/µL", "mg/L", "g/L"]), st.sampled_from(["ng/mL", "g/L"])
)
def test_conversion_there_and_back(value, unit, to):
    there = convert(value, unit, to)
    assert there is not None
    assert convert(there, to, unit) == pytest.approx(value, rel=1e-9)


@given(st.text("0123456789.,-+ eExX×*^µngmLlM/:()<>~%", max_size=14))
def test_any_text_is_a_dose_or_not(text):
    written = split_dose(text)
    assert written is None or written.number

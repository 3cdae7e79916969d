"""The grammar of well names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from osteocount.wells import canonical_well, parse_well, row_letters, row_number, well_name


@given(row=st.integers(1, 32), column=st.integers(1, 48), pad=st.booleans())
def test_well_names_round_trip(row, column, pad):
    name = well_name(row, column, pad=pad)
    assert parse_well(name) == parse_well(name.lower()) == (row, column)
    assert canonical_well(name) == well_name(row, column)
    assert row_number(row_letters(row)) == row

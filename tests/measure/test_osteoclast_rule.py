"""The class rule where nuclei are seen, and its borderline flag."""

import pandas as pd
import pytest

from osteocount.measure.osteoclast_rule import is_borderline, is_osteoclast, with_borderline


def test_three_nuclei_by_default_make_an_osteoclast():
    assert [bool(is_osteoclast(n, 3)) for n in (0, 2, 3, 9)] == [False, False, True, True]


def test_a_cell_is_borderline_when_its_class_flips_inside_the_interval():
    low, high = pd.Series([2, 3, 0], dtype="Int64"), pd.Series([3, 5, 2], dtype="Int64")
    assert is_borderline(low, high, 3).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("flags", "borderline", "expected"),
    [
        ("", True, "borderline"),
        ("opaque;pale_giant", True, "opaque;pale_giant;borderline"),
        ("borderline;opaque", False, "opaque"),
        ("borderline", True, "borderline"),
    ],
)
def test_the_flag_is_there_once_or_not_at_all(flags, borderline, expected):
    assert with_borderline(flags, borderline=borderline) == expected

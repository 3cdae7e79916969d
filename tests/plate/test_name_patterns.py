"""Patterns of file names."""

from __future__ import annotations

import pytest

from osteocount.errors import OsteoCountError
from osteocount.plate.name_patterns import custom_pattern


@pytest.mark.parametrize(
    ("regex", "said"),
    [
        ("(?P<well>", "is not a regular expression"),
        ("(?P<wel>A1)", "has the group wel; the groups are plate, well"),
        (r"(?P<field>\d)", "names no well"),
    ],
)
def test_bad_custom_patterns(regex, said):
    with pytest.raises(OsteoCountError, match=said):
        custom_pattern(regex)

"""A person's own pattern: an ordinary regular expression, and one that would take years."""

from __future__ import annotations

import pytest

from osteocount.errors import OsteoCountError
from osteocount.plate.index import index_pictures
from osteocount.plate.own_pattern import OwnPattern
from osteocount.plate.samples import match_paths

FOR_EVER = r"(?P<well>[A-H]\d\d?)_(a|a)*[bc]"


def test_an_ordinary_pattern():
    pattern = OwnPattern(r"(?P<well>[A-H]\d+)_(?P<donor>\w+)")
    assert set(pattern.groupindex) == {"well", "donor"}
    match = pattern.fullmatch("B03_D1")
    assert match is not None and match.groupdict() == {"well": "B03", "donor": "D1"}
    assert pattern.fullmatch("B03") is None


@pytest.mark.parametrize("text", ["(", "(?P<well", "a{2,1}", "[z-a]", "(?P=nothing)"])
def test_what_is_no_expression_is_said(text):
    with pytest.raises(OsteoCountError, match="is not a regular expression"):
        _ = OwnPattern(text).groupindex


def test_an_expression_that_would_take_years_is_given_up(tmp_path):
    name = f"A1_{'a' * 60}.tif"
    with pytest.raises(OsteoCountError, match=r"takes more than 0\.05 s for 'A1_a+': it can be read in too many ways"):
        OwnPattern(FOR_EVER, 0.05).fullmatch(name.removesuffix(".tif"))
    (tmp_path / name).write_bytes(b"II*\0")
    with pytest.raises(OsteoCountError, match="a repetition inside a repetition"):
        index_pictures(tmp_path, pattern=FOR_EVER)
    with pytest.raises(OsteoCountError, match="a repetition inside a repetition"):
        match_paths(tmp_path, FOR_EVER.replace("well", "donor"))

"""Numbers as the page writes them."""

from __future__ import annotations

import math
from typing import get_args

import pandas as pd
import pytest

from osteocount.columns import Style
from osteocount.report import number_format


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234567, "1\u202f234\u202f567"), (3.0, "3"), (None, "–"), (float("nan"), "–"), (pd.NA, "–"), ("", "–")],
)
def test_whole_number(value, text):
    assert number_format.whole_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (0.798474, "0.798"), (12.345, "12.3"), (123.4, "123"), (98765.0, "98800"), (-0.5, "−0.500"),
        (0.00012345, "0.000123"), (math.inf, "∞"), (-math.inf, "−∞"), (None, "–"), (float("nan"), "–"),
    ],
)  # fmt: skip
def test_rounded(value, text):
    assert number_format.rounded(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "= 0.500"),
        (0.0504, "= 0.050"),
        (0.0496, "= 0.0496"),
        (0.0123, "= 0.012"),
        (0.00456, "= 0.0046"),
        (0.0, "< 0.0001"),
        (float("nan"), "–"),
    ],
)
def test_p_value(value, text):
    assert number_format.p_value(value) == text


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (["A", "B", "C"], "A, B and C"),
        (list("ABCD"), "A, B and 2 more"),
    ],
)
def test_listed(items, text):
    assert number_format.listed(items, most=2 if len(items) > 3 else 12) == text


@pytest.mark.parametrize("style", get_args(Style))
def test_every_style_has_a_writer_and_a_dash_for_what_is_not_known(style):
    assert number_format.WRITERS[style](None) == "–"

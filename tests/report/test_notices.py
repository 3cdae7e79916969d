"""Notices begin like sentences."""

from __future__ import annotations

import pytest

from osteocount.report.notices import sentence_case


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("the focus is poor", "The focus is poor"),
        ("rhIL-32: few", "rhIL-32: few"),
        ("a_b c", "a_b c"),
        ("µm", "Μm"),
        ("", ""),
    ],
)
def test_sentence_case(text, wanted):
    assert sentence_case(text) == wanted

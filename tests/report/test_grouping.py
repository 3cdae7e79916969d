"""Sentences of one kind become one, with the range of their numbers."""

from __future__ import annotations

import pytest

from osteocount.report.grouping import grouped


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ([], []),
        ([("Uneven light: 51 %.", "a")], [("Uneven light: 51 %.", ("a",))]),
        (
            [("Uneven light: 57 %, above 50 %.", "a"), ("Blur.", "b"), ("Uneven light: 51 %, above 50 %.", "c")],
            [("Uneven light: 51 to 57 %, above 50 %.", ("a", "c")), ("Blur.", ("b",))],
        ),
        ([("At 0.10.", "a"), ("At 0.1.", "b")], [("At 0.10.", ("a", "b"))]),
        ([("In A01_f1.tif.", "a"), ("In A02_f1.tif.", "b")], [("In A01_f1.tif.", ("a",)), ("In A02_f1.tif.", ("b",))]),
        ([("IL-32 is low.", "a"), ("IL-6 is low.", "b")], [("IL-32 is low.", ("a",)), ("IL-6 is low.", ("b",))]),
        ([("Blur.", "a"), ("Blur.", "a")], [("Blur.", ("a",))]),
    ],
    ids=["none", "one", "range", "equal", "file names", "names", "twice"],
)
def test_grouped(said, found):
    assert grouped(said) == found

"""The headings of a layout."""

from __future__ import annotations

import pytest

from osteocount.plate.layout.headings import column_of


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Dose (ng/mL)", ("dose", "ng/mL")), ("dose (ng per mL)", ("dose", "ng/mL")),
        ("Well ID", ("well", "")), ("EV-batch", ("ev_batch", "")),
        ("Donor_ID", ("donor", "")), ("µM", ("µm", "")),
    ],
)  # fmt: skip
def test_headings(heading, expected):
    assert column_of(heading) == expected

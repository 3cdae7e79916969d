"""A recorded request read again: what strangers wrote into it is refused with a sentence."""

from __future__ import annotations

import pytest

from osteocount.errors import OsteoCountError
from osteocount.pipeline.provenance import asked_again, found_source
from osteocount.settings import Settings

RECORDED = {
    "folder": "", "source": "plate", "layout": None, "samples": None, "treatment_column": "", "readers": [],
    "pattern": None, "plate_wells": None,
}  # fmt: skip
NOT_UNDERSTOOD, NOT_THERE = "the request in the record cannot be understood", "is not there any more"


@pytest.fixture
def record(tmp_path):
    (tmp_path / "plate").mkdir()
    return tmp_path / "run.json"


def test_what_lies_beside_the_record_is_found(record, tmp_path):
    again = asked_again(RECORDED, record, Settings(), tmp_path / "again")
    assert again.source == tmp_path / "plate"
    assert found_source(RECORDED, record, "cure") == tmp_path / "plate"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"folder": ["x"]}, NOT_UNDERSTOOD),
        ({"source": 3}, NOT_UNDERSTOOD),
        ({"source": "x" * 6000}, NOT_THERE),
        ({"source": "a\0b"}, NOT_THERE),
        ({"layout": 5}, NOT_UNDERSTOOD),
        ({"layout": "y" * 6000}, NOT_THERE),
        ({"readers": "x"}, NOT_UNDERSTOOD),
        ({"readers": [5]}, NOT_UNDERSTOOD),
        ({"readers": [{"path": "e.txt", "role": "trap", "volume_ul": "much"}]}, NOT_UNDERSTOOD),
        ({"readers": [{"path": "e.txt", "role": "taste"}]}, NOT_UNDERSTOOD),
        ({"pattern": 5}, NOT_UNDERSTOOD),
        ({"pattern": ["a"]}, NOT_UNDERSTOOD),
        ({"treatment_column": ["treatment"]}, NOT_UNDERSTOOD),
        ({"plate_wells": "many"}, NOT_UNDERSTOOD),
    ],
)
def test_a_request_of_strangers_is_refused(record, tmp_path, changes, said):
    with pytest.raises(OsteoCountError, match=said):
        asked_again(RECORDED | changes, record, Settings(), tmp_path / "again")


@pytest.mark.parametrize("changes", [{"folder": ["x"]}, {"folder": "x" * 6000}, {"source": None}])
def test_pictures_are_looked_for_as_safely(record, changes):
    with pytest.raises(OsteoCountError, match=r"run\.json"):
        found_source({"source": "none"} | changes, record, "cure")

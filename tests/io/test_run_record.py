"""One shape for run.json and the record of a field: what was given is written, in one order, and read back alike."""

import json
import pickle
import re

import pytest
from pydantic import ValidationError

from osteocount.errors import OsteoCountError
from osteocount.io.run_record import FieldRecord, RunRecord, first_problem, in_order, read_run_record

DONE = FieldRecord(key="a", plate="p", well="A01", field="1", image="a.tif", status="ok", reason="", seconds=None)


def test_what_was_given_is_written_in_one_order_and_read_back():
    record = FieldRecord(seconds=1.5, qc={"qc_focus": None}, status="ok", key="a", newer=[1])
    assert list(record.model_dump()) == ["key", "status", "qc", "seconds", "newer"]
    assert FieldRecord.model_validate_json(json.dumps(record.model_dump())).model_dump() == record.model_dump()
    assert pickle.loads(pickle.dumps(record)).model_dump() == record.model_dump()  # noqa: S301  our own
    assert DONE.model_dump()["seconds"] is None


def test_a_picture_without_a_well_stands_for_itself():
    assert DONE.well_key == ("p", "A01")
    assert FieldRecord(key="b", image="b.tif").well_key == ("", "b.tif")


def test_records_are_in_the_order_of_the_tables_whichever_came_first():
    other = DONE.model_copy(update={"well": "A02"})
    assert in_order([other, DONE]) == (DONE, other)


WHOLE = RunRecord(settings={}, inputs=(DONE,), failed=()).model_dump()


def test_a_record_that_is_whole_is_read(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps(WHOLE))
    assert read_run_record(tmp_path / "run.json").inputs == (DONE,)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({}, "'settings' is missing"),
        ({"settings": {}, "inputs": []}, "'failed' is missing"),
        ({"settings": {}, "inputs": [{"image": "a"}], "failed": []}, "'key' is missing"),
        (WHOLE | {"failed": [{"key": "../secret"}]}, "the key '../secret' is no file name"),
        (WHOLE | {"inputs": [{"key": 3}]}, "inputs.0.key: "),
    ],
)
def test_what_is_no_whole_record_of_ours_is_refused(tmp_path, content, why):
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(OsteoCountError, match=re.escape(f"run.json: not a run record ({why}")):
        read_run_record(tmp_path / "run.json")


def test_the_first_problem_is_named_with_its_place():
    with pytest.raises(ValidationError) as caught:
        RunRecord.model_validate({"inputs": [{"image": 3}]})
    assert first_problem(caught.value).startswith("inputs.0.image: ")

"""A damaged result folder is refused with the cure."""

from __future__ import annotations

import json

import pytest

from osteocount.errors import OsteoCountError
from osteocount.report import write_report
from osteocount.report.results import read_results


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("wells.csv", None, "wells.csv is missing."),
        ("cells.csv", "a,b\n1,2\n", "cells.csv lacks the columns plate, well, image, is_osteoclast, counted."),
        ("run.json", None, "run.json is missing."),
        ("run.json", "{", "run.json is not a run record (Invalid JSON"),
        ("run.json", '{"inputs": [{"image": 3}]}', "run.json is not a run record (inputs.0.image: "),
        ("run.json", '{"settings": {"count": 3}}', "run.json is not a run record (settings.count: "),
        ("comparisons.csv", "", "comparisons.csv is not a table ("),
        (
            "wells.csv",
            "plate,well,status,n_osteoclasts\np,A1,ok,many\n",
            "line 2: 'many' is impossible as n_osteoclasts",
        ),
    ],
)
def test_a_damaged_folder_is_refused_with_the_cure(counted_copy, file, content, message):
    if content is None:
        (counted_copy / file).unlink()
    else:
        (counted_copy / file).write_text(content)
    with pytest.raises(OsteoCountError) as caught:
        write_report(counted_copy)
    assert message in str(caught.value)
    assert str(caught.value).endswith(
        "Give the folder that `osteocount run` or `osteocount count` wrote, complete and unedited."
    )
    assert not (counted_copy / "report.html").exists()


@pytest.mark.parametrize("least", ["many", None, [3]])
def test_a_rule_of_strangers_is_taken_for_unknown(counted_copy, least):
    record = json.loads((counted_copy / "run.json").read_text())
    record["settings"]["count"]["min_nuclei"] = least
    (counted_copy / "run.json").write_text(json.dumps(record))
    assert read_results(counted_copy).min_nuclei is None

"""A recorded run done again: the same bytes, or what differs in sentences."""

from __future__ import annotations

import json
import shutil

import pytest
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.pipeline.repeat import repeat
from osteocount.pipeline.runner import run
from osteocount.settings import Settings
from support.pictures import canvas, osteoclast, photograph

SETTINGS = Settings.model_validate({"picture": {"pixel_size": 1.0}, "segment": {"segmenter": "classical"}})
LAYOUT = "well,treatment,donor,role\nA1,vehicle,D1,vehicle\nA2,RANKL,D1,treatment\n"


def to_the_end(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def picture(path, *places):
    od = canvas(120, 150)
    for place in places:
        osteoclast(od, place)
    tifffile.imwrite(path, photograph(od), photometric="rgb")


@pytest.fixture
def counted(tmp_path):
    """A small plate and the results of a run over it."""
    plate = tmp_path / "plate"
    plate.mkdir()
    picture(plate / "A1.tif", (60, 60))
    picture(plate / "A2.tif", (60, 90))
    (plate / "layout.csv").write_text(LAYOUT)
    to_the_end(run(plate, tmp_path / "out", SETTINGS, layout=plate / "layout.csv"))
    return tmp_path


def test_the_same_again(counted):
    found = to_the_end(repeat(counted / "out" / "run.json", counted / "again"))
    assert found.is_same and found.changed == ()
    tables = "cells.csv, nuclei.csv, wells.csv, comparisons.csv, donor_values.csv"
    assert found.sentences() == (f"The same bytes in {tables}.",)
    for name in found.tables:
        assert (counted / "again" / name).read_bytes() == (counted / "out" / name).read_bytes()


def test_what_differs_is_said(counted):
    picture(counted / "plate" / "A2.tif", (60, 40), (60, 110))
    (counted / "plate" / "layout.csv").write_text(LAYOUT.replace("RANKL", "IL-32"))
    record = json.loads((counted / "out" / "run.json").read_text())
    record["libraries"]["numpy"] = "1.0"
    (counted / "out" / "run.json").write_text(json.dumps(record))
    found = to_the_end(repeat(counted / "out", counted / "again"))
    said = " ".join(found.sentences())
    assert not found.is_same
    for part in (
        "numpy was 1.0, is ", "Changed: layout.", "The picture A2.tif changed or could not be counted.",
        "Other numbers in cells.csv, nuclei.csv, wells.csv", "A02: 1 osteoclasts then, 2 now.",
    ):  # fmt: skip
        assert part in said


def test_corrections_go_with_it(counted):
    edit = {
        "id": "0123456789ab", "who": "a", "when": "2026-01-01T00:00:00Z", "kind": "exclude_well", "plate": "",
        "well": "A02", "reason": "a hair",
    }  # fmt: skip
    (counted / "out" / "edits.jsonl").write_text(json.dumps(edit) + "\n")
    found = to_the_end(repeat(counted / "out", counted / "again"))
    assert "Added: edits." in found.changed
    assert (counted / "again" / "edits.jsonl").read_text() == json.dumps(edit) + "\n"


def test_pictures_that_moved_are_found_beside_the_results_or_named(counted):
    (counted / "elsewhere").mkdir()
    shutil.move(counted / "plate", counted / "elsewhere" / "plate")
    with pytest.raises(OsteoCountError, match=r"plate is not there any more; give it as --source"):
        to_the_end(repeat(counted / "out", counted / "again"))
    shutil.move(counted / "out", counted / "elsewhere" / "out")
    assert to_the_end(repeat(counted / "elsewhere" / "out", counted / "again")).is_same is True


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: record.pop("request"), "did not keep where its inputs were"),
        (lambda record: record.pop("inputs"), "not a run record \\('inputs' is missing\\)"),
        (lambda record: record["settings"].update(count={"min_nuclei": -1}), "its settings are not of this version"),
        (lambda record: record["request"].pop("readers"), "the request in the record cannot be understood"),
        (lambda record: record["request"].update(source=3), "the request in the record cannot be understood"),
    ],
)
def test_a_record_that_cannot_be_repeated(counted, change, said):
    path = counted / "out" / "run.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    with pytest.raises(OsteoCountError, match=said):
        to_the_end(repeat(path, counted / "again"))


def test_it_never_writes_over_anything(counted):
    with pytest.raises(OsteoCountError, match="holds something already"):
        to_the_end(repeat(counted / "out", counted / "out"))

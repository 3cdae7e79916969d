"""`osteocount repeat` as a person runs it: from a paper's folder to the same bytes, or to a list of what differs."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
import tifffile
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.curate import CellRef, Edit, EditLog
from support.edits import WHEN
from support.pictures import canvas, osteoclast, photograph

LAYOUT = "well,treatment,donor,role\nA1,vehicle,D1,vehicle\nA2,RANKL,D1,treatment\n"


def osteocount(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def picture(path, *places):
    od = canvas(120, 150)
    for place in places:
        osteoclast(od, place)
    tifffile.imwrite(path, photograph(od), photometric="rgb")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Pictures and layout in one folder, results beside it, one cell corrected, in a folder that is passed on."""
    paper = tmp_path_factory.mktemp("lab") / "paper"
    (paper / "plate" / "meta").mkdir(parents=True)
    picture(paper / "plate" / "A1.tif", (60, 60))
    picture(paper / "plate" / "A2.tif", (60, 90))
    (paper / "plate" / "meta" / "layout.csv").write_text(LAYOUT)
    asked = ["run", paper / "plate", "--layout", paper / "plate" / "meta" / "layout.csv", "--out", paper / "out"]
    assert osteocount(*asked, "--segmenter", "classical", "--pixel-size", "1").exit_code == 0
    row = next(pd.read_csv(paper / "out" / "cells.csv").itertuples())
    cell = CellRef(cell_id=row.cell_id, y=round(row.y_px), x=round(row.x_px), area_px=row.area_px)
    edit = Edit(
        who="MZ", when=WHEN, kind="set_class", plate="" if pd.isna(row.plate) else row.plate, well=row.well,
        image=row.image, cells=[cell], is_osteoclast=False, reason="seen",
    )  # fmt: skip
    EditLog(paper / "out" / "edits.jsonl").append(edit)
    (paper / "out" / "report.pdf").write_bytes(b"%PDF- of the numbers before")
    done = osteocount("apply-edits", paper / "out")
    assert (done.exit_code, "report.pdf was of the page before and was removed" in " ".join(done.stderr.split())) == (
        0,
        True,
    )
    assert not (paper / "out" / "report.pdf").exists()
    return paper


@pytest.fixture
def paper(made, tmp_path):
    """A copy of all of it at another place; at the first place nothing is left to be found by chance."""
    shutil.copytree(made, tmp_path / "paper")
    hidden = made.with_name("hidden")
    made.rename(hidden)
    yield tmp_path / "paper"
    hidden.rename(made)


def test_a_whole_folder_that_moved_gives_the_same_bytes(paper, tmp_path):
    done = osteocount("repeat", paper / "out" / "run.json", "--out", tmp_path / "again")
    assert (done.exit_code, done.stdout) == (
        0, "The same bytes in cells.csv, nuclei.csv, wells.csv, comparisons.csv, donor_values.csv.\n"
    )  # fmt: skip
    for name in ("cells.csv", "nuclei.csv", "wells.csv", "comparisons.csv", "donor_values.csv", "edits.jsonl"):
        assert (tmp_path / "again" / name).read_bytes() == (paper / "out" / name).read_bytes()


def test_a_moved_folder_is_resumed_without_counting_anything_again(paper):
    before = {path.name: path.stat().st_mtime_ns for path in (paper / "out" / "labels").glob("A?_cells.tif")}
    asked = ["run", paper / "plate", "--layout", paper / "plate" / "meta" / "layout.csv", "--out", paper / "out"]
    assert osteocount(*asked, "--segmenter", "classical", "--pixel-size", "1", "--resume").exit_code == 0
    assert {path.name: path.stat().st_mtime_ns for path in (paper / "out" / "labels").glob("A?_cells.tif")} == before


def test_a_report_written_anew_leaves_no_pdf_of_another_page(paper):
    pdf, page = paper / "out" / "report.pdf", paper / "out" / "report.html"
    pdf.write_bytes(b"%PDF- of this page")
    same = osteocount("report", paper / "out")
    assert (same.exit_code, same.stderr, pdf.exists()) == (0, "", True)
    page.write_text(page.read_text(encoding="utf-8").replace("osteoclasts", "cells", 1), encoding="utf-8")
    other = osteocount("report", paper / "out")
    assert (other.exit_code, pdf.exists()) == (0, False)
    assert "report.pdf was of the page before and was removed; `osteocount report" in " ".join(other.stderr.split())


def test_inputs_are_named_from_one_folder(made):
    text = (made / "out" / "run.json").read_text()
    request = json.loads(text)["request"]
    assert request["folder"] == made.resolve().as_posix()
    assert (request["source"], request["layout"]) == ("plate", "plate/meta/layout.csv")
    command = json.loads(text)["command"] or ""
    assert text.replace(json.dumps(command)[1:-1], "").count(made.resolve().as_posix()) == 1


def test_pictures_at_another_place_are_named_and_what_lies_in_them_is_found(paper, tmp_path):
    (paper / "plate").rename(tmp_path / "pictures")
    done = osteocount("repeat", paper / "out", "--out", tmp_path / "again", "--source", tmp_path / "pictures")
    assert done.exit_code == 0
    assert done.stdout.startswith("The same bytes in cells.csv")


def test_everything_that_differs_is_said(paper, tmp_path):
    picture(paper / "plate" / "A2.tif", (60, 40), (60, 110))
    picture(paper / "plate" / "A3.tif", (60, 75))
    (paper / "plate" / "meta" / "layout.csv").write_text(LAYOUT.replace("RANKL", "IL-32"))
    (paper / "out" / "edits.jsonl").write_text("")
    record = json.loads((paper / "out" / "run.json").read_text())
    record["osteocount"], record["libraries"]["numpy"], record["hashes"]["model"] = "0.0.9", "1.0", "0" * 64
    (paper / "out" / "run.json").write_text(json.dumps(record))
    done = osteocount("repeat", paper / "out", "--out", tmp_path / "again")
    assert done.exit_code == 3
    for said in (
        "OsteoCount was 0.0.9, is ", "numpy was 1.0, is ", "Changed: edits.", "Changed: layout.", "Changed: model.",
        "The picture A2.tif changed or could not be counted.", "The picture A3.tif is new.",
        "Other numbers in cells.csv, nuclei.csv, wells.csv, comparisons.csv, donor_values.csv.",
        "A01: 0 osteoclasts then, 1 now.", "A02: 1 osteoclasts then, 2 now.", "A03: 1 osteoclasts, was not there then.",
    ):  # fmt: skip
        assert said in done.stdout, said


def test_one_that_cannot_be_repeated_says_what_is_missing(paper, tmp_path):
    from osteocount.errors import OsteoCountError

    (paper / "plate").rename(tmp_path / "pictures")
    with pytest.raises(OsteoCountError, match=r"plate is not there any more; give it as --source"):
        osteocount("repeat", paper / "out", "--out", tmp_path / "again")
    assert not (tmp_path / "again").exists()

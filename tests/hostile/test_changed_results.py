"""Files of a result folder that were swapped or changed by somebody: said, never believed, and mended by `--resume`."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
import tifffile
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.curate import CellRef, Edit, EditLog
from osteocount.errors import OsteoCountError
from osteocount.evaluation.evaluate import evaluate_folder
from osteocount.io.label_image import read_labels, write_labels
from osteocount.pipeline.runner import run
from osteocount.pipeline.write_results import apply_edits
from osteocount.report.notices import notices
from osteocount.report.results import read_results
from osteocount.settings import Settings
from support.edits import WHEN
from support.pictures import canvas, osteoclast, photograph

SETTINGS = Settings.model_validate({"picture": {"pixel_size": 1.0}, "segment": {"segmenter": "classical"}})


def count(source, out, if_present="refuse"):
    return [step.message for step in run(source, out, SETTINGS, if_present=if_present)]


def files(out):
    paths = [*out.glob("*.csv"), *out.glob("labels/*"), *out.glob("overlays/*"), *out.glob(".parts/*.csv")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(autouse=True, scope="module")
def _no_page():
    """Draw no report: what is asked here is what becomes of the tables and images."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("osteocount.report.write_report", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def once_counted(tmp_path_factory):
    """Two pictures of one osteoclast each, in different places, and their results."""
    made = tmp_path_factory.mktemp("counted")
    (made / "plate").mkdir()
    for number in (1, 2):
        od = canvas(120, 150)
        osteoclast(od, (60, 30 + 30 * number))
        tifffile.imwrite(made / "plate" / f"A{number}.tif", photograph(od), photometric="rgb")
    count(made / "plate", made / "out")
    return made


@pytest.fixture
def counted(once_counted, tmp_path):
    """A copy of them, to be changed."""
    return shutil.copytree(once_counted, tmp_path, dirs_exist_ok=True)


def swap(one, two):
    kept = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(kept)


def repaint(path):
    labels = read_labels(path)
    labels[:, :70] = 0
    write_labels(labels, path, 1.0)


CHANGES = {
    "label images swapped": lambda out: swap(out / "labels/A1_cells.tif", out / "labels/A2_cells.tif"),
    "nuclei swapped": lambda out: swap(out / "labels/A1_nuclei.tif", out / "labels/A2_nuclei.tif"),
    "label image repainted": lambda out: repaint(out / "labels/A1_cells.tif"),
    "overlays swapped": lambda out: swap(out / "overlays/A1.png", out / "overlays/A2.png"),
    "tables swapped": lambda out: swap(out / ".parts/A1.cells.csv", out / ".parts/A2.cells.csv"),
    "table changed": lambda out: (out / ".parts/A1.nuclei.csv").write_text("image,nucleus_id\n"),
    "records swapped": lambda out: swap(out / ".parts/A1.field.json", out / ".parts/A2.field.json"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_is_done_anew_by_resume(counted, name):
    out = counted / "out"
    before = files(out)
    CHANGES[name](out)
    count(counted / "plate", out, "resume")
    assert files(out) == before


@pytest.mark.parametrize("name", ["label images swapped", "label image repainted", "tables swapped", "table changed"])
def test_corrections_are_not_put_on_what_was_changed(counted, name):
    out = counted / "out"
    row = next(pd.read_csv(out / "cells.csv").itertuples())
    cell = CellRef(cell_id=row.cell_id, y=round(row.y_px), x=round(row.x_px), area_px=row.area_px)
    edit = Edit(who="MZ", when=WHEN, kind="delete", well=row.well, image=row.image, cells=[cell])
    EditLog(out / "edits.jsonl").append(edit)
    CHANGES[name](out)
    before = files(out)
    with pytest.raises(OsteoCountError, match=r"A1.*: not as the run wrote it for A1\.tif: swapped.*with --resume"):
        apply_edits(out)
    assert files(out) == before


def test_tables_that_were_changed_are_said_or_refused_and_written_anew_by_corrections(counted):
    out = counted / "out"
    before = files(out)
    for name in ("cells.csv", "wells.csv"):
        table = pd.read_csv(out / name)
        table.assign(**{"well": table["well"].iloc[::-1].to_numpy()}).to_csv(out / name, index=False)
    results = read_results(out)
    assert results.changed == ("cells.csv", "wells.csv")
    first = notices(results, (), "osteoclast_count")[0]
    assert (first.level, first.items) == ("grave", ("cells.csv", "wells.csv"))
    with pytest.raises(OsteoCountError, match=r"cells\.csv: not as OsteoCount wrote it.*`osteocount apply-edits`"):
        evaluate_folder(out, out / "labels" / "A1_cells.tif")
    said = CliRunner().invoke(app, ["agree", str(out), str(counted / "none.csv"), "--out", str(counted / "agree")])
    assert "wells.csv was changed since OsteoCount wrote it" in said.output
    apply_edits(out)
    assert files(out) == before
    assert read_results(out).changed == ()


def test_results_of_a_version_that_kept_no_hashes_are_read(counted):
    out = counted / "out"
    before = files(out)
    for path in (out / "run.json", *out.glob(".parts/*.field.json")):
        record = json.loads(path.read_text())
        for field in record.get("inputs", [record]):
            del field["results"]
        path.write_text(json.dumps(record))
    apply_edits(out)
    count(counted / "plate", out, "resume")
    assert files(out) == before

"""Who may write into a result folder, and what of it may be deleted."""

from __future__ import annotations

import json

import pytest

from osteocount.errors import OsteoCountError
from osteocount.io.result_folder import OWN_NAMES, ResultFolder
from osteocount.io.run_record import FieldRecord


def mine(root, name):
    """Something of the user's under a name of ours."""
    path = root / name
    if "." in name.strip("."):
        path.write_text("mine")
        return path
    path.mkdir()
    (path / "A1_cells.tif").write_text("mine")
    return path / "A1_cells.tif"


@pytest.mark.parametrize("if_present", ["refuse", "overwrite", "resume"])
@pytest.mark.parametrize("name", sorted({*OWN_NAMES} - {".parts"}))
def test_what_no_record_names_is_refused_and_left_alone(tmp_path, name, if_present):
    path = mine(tmp_path, name)
    with pytest.raises(OsteoCountError, match="which no run record here names: they may be yours"):
        ResultFolder(tmp_path).claim(if_present)
    assert path.read_text() == "mine"
    assert not (tmp_path / ".parts").exists()


@pytest.mark.parametrize(
    "content", ["{}", "[]", "no JSON", '{"settings": {}, "inputs": [{"key": "../x"}], "failed": []}']
)
def test_a_foreign_run_record_gives_nothing_away(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(OsteoCountError, match="no run record here names"):
        ResultFolder(tmp_path).claim("overwrite")
    assert (tmp_path / "run.json").read_text() == content


def a_run(root, *, finished):
    """A result folder with two fields, as a finished or a killed run leaves it."""
    folder = ResultFolder(root)
    folder.claim("refuse")
    records = [FieldRecord(key=key, plate="p/1", image=f"{key}.tif", status="ok") for key in ("A1", "A2")]
    for record in records:
        for path in (*folder.files_of(record.key), folder.corrected_image(record.key)):
            path.write_text("ours")
        folder.write_field(record)
    folder.tiles("B1").mkdir()
    (folder.tiles("B1") / "0.npz").write_text("ours")
    (folder.ome_zarr("p/1") / "A").mkdir(parents=True)
    (root / "cellprofiler").mkdir()
    (root / "cellprofiler" / "Image.csv").write_text("ours")
    if finished:
        (root / "cells.csv").write_text("ours")
        fields = [record.model_dump() for record in records]
        (root / "run.json").write_text(json.dumps({"settings": {}, "inputs": fields, "failed": []}))
    return folder


@pytest.mark.parametrize("finished", [True, False])
def test_overwriting_deletes_what_the_records_name_and_nothing_else(tmp_path, finished):
    folder = a_run(tmp_path, finished=finished)
    kept = [
        tmp_path / name
        for name in ("labels/A3_cells.tif", "overlays/figure 1.png", "ome_zarr/other.zarr/zarr.json", "notes.txt",
                     "edits.jsonl", "labels/A1_cells.tif.bak")
    ]  # fmt: skip
    for path in kept:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    folder.claim("overwrite")
    left = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert left == sorted(kept)
    assert folder.labels.is_dir() and folder.overlays.is_dir() and folder.parts.is_dir()


def test_a_run_is_refused_and_resumed(tmp_path):
    folder = a_run(tmp_path, finished=True)
    with pytest.raises(OsteoCountError, match=r"already holds a run \(cells.csv, run.json, labels …\)"):
        folder.claim("refuse")
    folder.claim("resume")
    assert (tmp_path / "cells.csv").read_text() == "ours"


def test_a_linked_folder_is_not_followed_with_force(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.tif").write_text("mine")
    folder = a_run(tmp_path / "out", finished=True)
    for path in folder.overlays.iterdir():
        path.unlink()
    folder.overlays.rmdir()
    try:
        folder.overlays.symlink_to(outside, target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    folder.claim("overwrite")
    assert (outside / "mine.tif").read_text() == "mine"

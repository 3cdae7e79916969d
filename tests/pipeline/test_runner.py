"""The real command on real files, end to end."""

import json
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
import tifffile

from osteocount.cli import main

PROGRAM = Path(sys.executable).with_name("osteocount")
TABLES = ("cells.csv", "nuclei.csv", "wells.csv", "comparisons.csv")


def started(*arguments):
    """Run the program as a person would, in a process of its own."""
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False)


def osteocount(*arguments):
    """Run what the program runs, in this process, which has all its libraries already."""
    with pytest.MonkeyPatch.context() as patch, StringIO() as out, StringIO() as err:
        for name, value in {"argv": ["osteocount", *map(str, arguments)], "stdout": out, "stderr": err}.items():
            patch.setattr(sys, name, value)
        with pytest.raises(SystemExit) as ended:
            main()
        return subprocess.CompletedProcess(arguments, ended.value.code or 0, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def result(plate, tmp_path_factory):
    """One finished run of the small plate: the folder, and what the program said."""
    out = tmp_path_factory.mktemp("result") / "out"
    return out, started("run", plate, "--layout", plate / "layout.csv", "--out", out)


def test_a_plate_gives_every_file_of_the_contract(result):
    out, said = result
    assert said.returncode == 0, said.stderr
    assert f"report: {out.resolve() / 'report.html'}" in said.stdout
    assert "[6/6]" in said.stderr
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} == {
        *TABLES,
        "labels",
        "donor_values.csv",
        "figures",
        "overlays",
        "report.html",
        "results.xlsx",
        "run.json",
    }
    wells = pd.read_csv(out / "wells.csv")
    assert wells["well"].tolist() == ["A01", "A02", "B01", "B02", "C01", "C02"]
    assert set(wells["status"]) == {"ok"}
    assert wells["imaged_area_mm2"].tolist() == [pytest.approx(300 * 240 * 0.76**2 * 1e-6, rel=1e-4)] * 6


def test_label_images_and_tables_speak_of_the_same_cells(result):
    out, _ = result
    cells = pd.read_csv(out / "cells.csv")
    assert len(cells) > 20
    for image, own in cells.groupby("image"):
        labels = tifffile.imread(out / "labels" / f"{Path(image).stem}_cells.tif")
        assert set(labels[labels > 0]) == set(own["cell_id"])
        assert own.set_index("cell_id")["area_px"].to_dict() == pd.Series(labels[labels > 0]).value_counts().to_dict()


def test_the_wells_table_is_the_sum_of_the_cells_table(result):
    out, _ = result
    cells, wells = pd.read_csv(out / "cells.csv"), pd.read_csv(out / "wells.csv").set_index("well")
    counted = cells[cells["counted"] & cells["is_osteoclast"]]
    assert (
        wells["n_osteoclasts"].to_dict() == counted["well"].value_counts().reindex(wells.index, fill_value=0).to_dict()
    )


def test_the_comparison_names_the_arm(result):
    table = pd.read_csv(result[0] / "comparisons.csv")
    count = table[table["endpoint"] == "osteoclast_count"].iloc[0]
    assert "rhIL-32 25 ng/mL" in count["contrast"]
    assert count["n_donors"] == 3


def test_the_record_says_how_to_repeat_it(result):
    record = json.loads((result[0] / "run.json").read_text(encoding="utf-8"))
    assert record["settings"]["count"]["min_nuclei"] == 3
    assert len(record["inputs"]) == 6
    assert all(entry["pixel_size_um"] == pytest.approx(0.76) for entry in record["inputs"])


def test_two_workers_give_the_same_bytes(plate, result, tmp_path):
    said = started("run", plate, "--layout", plate / "layout.csv", "--out", tmp_path / "two", "--workers", 2)
    assert said.returncode == 0, said.stderr
    names = [*TABLES, *(f"labels/{path.name}" for path in (result[0] / "labels").iterdir())]
    for name in names:
        assert (tmp_path / "two" / name).read_bytes() == (result[0] / name).read_bytes(), name


def test_a_folder_in_use_is_refused_and_left_alone(plate, result):
    before = (result[0] / "cells.csv").read_bytes()
    said = osteocount("count", plate, "--out", result[0])
    assert said.returncode == 1
    assert "already holds a run" in said.stderr
    assert "--overwrite to replace it, or --resume to finish it" in said.stderr
    assert (result[0] / "cells.csv").read_bytes() == before


def test_resume_does_only_what_is_missing_and_ends_with_the_same_bytes(plate, result, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(result[0], out)
    untouched = (out / "labels" / "A01_f1_cells.tif").stat().st_mtime_ns
    (out / ".parts" / "B01_f1.field.json").unlink()
    (out / "wells.csv").unlink()
    said = osteocount("run", plate, "--layout", plate / "layout.csv", "--out", out, "--resume")
    assert said.returncode == 0, said.stderr
    assert (out / "labels" / "A01_f1_cells.tif").stat().st_mtime_ns == untouched
    for name in TABLES:
        assert (out / name).read_bytes() == (result[0] / name).read_bytes(), name


def test_overwrite_replaces_and_keeps_what_is_not_ours(plate, result, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(result[0], out)
    (out / "my_notes.txt").write_text("mine")
    (out / "labels" / "my_cells.tif").write_text("mine")
    said = osteocount("count", plate / "A01_f1.tif", "--out", out, "--overwrite")
    assert said.returncode == 0, said.stderr
    assert (out / "my_notes.txt").read_text() == (out / "labels" / "my_cells.tif").read_text() == "mine"
    left = sorted(path.name for path in (out / "labels").iterdir())
    assert left == ["A01_f1_cells.tif", "A01_f1_nuclei.tif", "my_cells.tif"]
    assert not (out / "comparisons.csv").exists()


def test_bad_files_cost_only_themselves(plate, tmp_path):
    """One truncated TIFF, one text file called .tif, one well that the layout does not name."""
    source = tmp_path / "plate"
    shutil.copytree(plate, source)
    whole = (source / "A01_f1.tif").read_bytes()
    (source / "A01_f1.tif").write_bytes(whole[: len(whole) // 2])
    (source / "B01_f1.tif").write_text("this is no picture")
    tifffile.imwrite(source / "D05_f1.tif", tifffile.imread(source / "C01_f1.tif")[::-1], photometric="rgb")
    out = tmp_path / "out"
    said = osteocount("run", source, "--layout", source / "layout.csv", "--out", out)
    assert said.returncode == 3
    wells = pd.read_csv(out / "wells.csv").set_index("well")
    assert wells["status"].to_dict() == {
        "A01": "failed", "A02": "ok", "B01": "failed", "B02": "ok", "C01": "ok", "C02": "ok", "D05": "not_in_layout",
    }  # fmt: skip
    assert wells.loc[["A01", "B01"], "n_osteoclasts"].isna().all()
    for well in ("A01", "B01", "D05"):
        assert f"well not done: {well}: " in said.stderr
    assert "Traceback" not in said.stderr
    assert (out / "report.html").exists()


def test_a_stray_text_file_called_tif_is_named_too(plate, tmp_path):
    source = tmp_path / "plate"
    shutil.copytree(plate, source)
    (source / "notes.tif").write_text("feed the cells on Tuesday")
    said = osteocount("run", source, "--layout", source / "layout.csv", "--out", tmp_path / "out")
    assert said.returncode == 3
    assert "notes.tif" in said.stderr
    wells = pd.read_csv(tmp_path / "out" / "wells.csv")
    assert wells[wells["image"] == "notes.tif"]["status"].tolist() == ["failed"]
    assert (wells["status"] == "ok").sum() == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--control", "vehicel"], "The layout has no arm 'vehicel'; did you mean 'vehicle'?"),
        (["--min-nuclei", "1"], "min_nuclei"),
        (["--layout", "nowhere.csv"], "nowhere.csv"),
        (["--settings", "nowhere.toml"], "nowhere.toml: the settings file cannot be read"),
    ],
)
def test_a_bad_option_is_refused_before_anything_is_written(plate, tmp_path, arguments, message):
    out = tmp_path / "out"
    said = osteocount("run", plate, "--layout", plate / "layout.csv", *arguments, "--out", out)
    assert said.returncode == 1
    assert message in said.stderr
    assert not out.exists()


def test_pictures_without_wells_have_a_row_each(plate, tmp_path):
    source = tmp_path / "pictures"
    source.mkdir()
    for name, original in (("first.tif", "A01_f1.tif"), ("second.tif", "B02_f1.tif")):
        shutil.copy(plate / original, source / name)
    said = osteocount("count", source, "--out", tmp_path / "out", "--json")
    assert said.returncode == 0, said.stderr
    wells = pd.read_csv(tmp_path / "out" / "wells.csv")
    assert wells["image"].tolist() == ["first.tif", "second.tif"]
    assert wells["well"].isna().all()
    assert json.loads(said.stdout)["n_osteoclasts"] == wells["n_osteoclasts"].sum()


def test_an_empty_folder_says_what_can_be_read(tmp_path):
    (tmp_path / "nothing").mkdir()
    said = osteocount("count", tmp_path / "nothing", "--out", tmp_path / "out")
    assert said.returncode == 1
    assert "no pictures here. Pictures end in .ome.tiff" in said.stderr

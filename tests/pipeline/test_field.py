"""Fields have names of their own, and parts that were swapped are not believed."""

import unicodedata

import pandas as pd
import pytest
from pydantic import ValidationError

from osteocount.columns import CELLS
from osteocount.errors import OsteoCountError
from osteocount.io.result_folder import ResultFolder
from osteocount.io.run_record import FieldRecord
from osteocount.io.tables import write_table
from osteocount.pipeline.corrections import automatic_table
from osteocount.pipeline.field import field_tasks
from osteocount.plate.index import PlateIndex
from osteocount.plate.picture_files import PictureFile


def index(tmp_path, *names):
    entries = (PictureFile(tmp_path / name, "", "", "", None, str(n), "", "", "", "") for n, name in enumerate(names))
    return PlateIndex(tmp_path, tuple(entries))


@pytest.mark.parametrize(
    "names",
    [
        ("[ctrl+].tif", "[ctrl#].tif"),
        ("ctrl.tif", "Ctrl.tif", "CTRL.png"),
        (unicodedata.normalize("NFC", "é.tif"), unicodedata.normalize("NFD", "é.png")),
        ("a/x.tif", "b/x.tif", "a/X.tif"),
        ("straße.tif", "STRASSE.tif"),
    ],
)
def test_names_that_become_one_file_name_get_keys_of_their_own(tmp_path, names):
    tasks = field_tasks(index(tmp_path, *names), tmp_path)
    keys = {unicodedata.normalize("NFC", task.key).casefold() for task in tasks}
    assert len(keys) == len(names)


@pytest.mark.parametrize(
    "wrong", [{"pixel_size_um": -0.76}, {"pixel_size_um": 0}, {"pixel_size_um": float("inf")}, {"area_px": -5}]
)
def test_records_of_impossible_sizes_are_refused(wrong):
    with pytest.raises(ValidationError):
        FieldRecord(key="a", **wrong)


def test_files_that_were_swapped_or_changed_are_refused(tmp_path):
    folder = ResultFolder(tmp_path)
    folder.claim("refuse")
    records = []
    for name in ("a", "b"):
        row = dict.fromkeys(CELLS.names) | {"image": f"{name}.tif", "cell_id": 1}
        write_table(pd.DataFrame([row]), folder.part(name, "cells.csv"))
        for path in folder.files_of(name):
            if not path.exists():
                path.write_text(f"{path.name}")
        records.append(FieldRecord(key=name, image=f"{name}.tif", status="ok", results=folder.hashes_of(name)))
        folder.write_field(records[-1])
    assert automatic_table(folder, records, CELLS)["image"].tolist() == ["a.tif", "b.tif"]
    for suffix in ("field.json", "cells.csv"):
        one, two = (folder.part(key, suffix) for key in "ab")
        kept = one.read_bytes()
        one.write_bytes(two.read_bytes())
        two.write_bytes(kept)
    assert folder.read_field("a") is None
    with pytest.raises(OsteoCountError, match=r"a\.cells\.csv: not as the run wrote it for a\.tif: swapped"):
        automatic_table(folder, records, CELLS)

"""The further forms of the results, in a run of a small plate."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import tifffile

from osteocount import pipeline
from osteocount.settings import Settings


def finished(steps):
    """Go through all steps of a run and return what it gave."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def exported(plate, tmp_path_factory):
    """Return a run of the first two wells with both exports, in a folder with one picture of no well."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("exported") / "out"
    for name in ("A01_f1.tif", "A02_f1.tif"):
        (source / name).write_bytes((plate / name).read_bytes())
    (source / "layout.csv").write_text(
        "well,treatment,donor,role\nA01,vehicle,A,vehicle\nA02,=1+1,A,treatment\n", encoding="utf-8"
    )
    steps = pipeline.run(
        source, out, Settings(), layout=source / "layout.csv", exports=["ome-zarr", "cellprofiler"], plate_wells=96
    )
    return source, out, finished(steps)


def test_the_ome_zarr_plate_is_valid(exported):
    import yaozarrs

    _, out, _ = exported
    (path,) = (out / "ome_zarr").iterdir()
    assert path.name == "plate.zarr"
    group = yaozarrs.validate_zarr_store(str(path))
    plate = group.ome_metadata().plate
    assert [well.path for well in plate.wells] == ["A/1", "A/2"]
    assert [row.name for row in plate.rows] == ["A"]


def test_the_ome_zarr_plate_holds_pictures_and_labels(exported):
    import zarr

    source, out, _ = exported
    root = zarr.open_group(out / "ome_zarr" / "plate.zarr", mode="r")
    pixels = tifffile.imread(source / "A02_f1.tif")
    assert np.array_equal(root["A/2/0/0"][:], np.moveaxis(pixels, 2, 0))
    labels = tifffile.imread(out / "labels" / "A02_f1_cells.tif")
    assert np.array_equal(root["A/2/0/labels/osteoclasts/0"][:], labels)
    about = root["A/2/0"].attrs["ome"]["multiscales"][0]
    (transform,) = about["datasets"][0]["coordinateTransformations"]
    assert transform["scale"] == pytest.approx([1, 0.76, 0.76])
    assert root["A/2/0/labels/osteoclasts"].attrs["ome"]["image-label"] == {"source": {"image": "../../"}}


def test_the_tables_are_in_the_form_of_ngio(exported):
    _, out, _ = exported
    image = out / "ome_zarr" / "plate.zarr" / "A" / "2" / "0"
    about = json.loads((image / "tables" / "osteoclasts" / "zarr.json").read_text())["attributes"]
    assert about == {
        "type": "feature_table", "region": {"path": "../labels/osteoclasts"}, "instance_key": "label",
        "index_key": "label", "index_type": "int", "table_version": "1", "backend": "csv",
    }  # fmt: skip
    table = pd.read_csv(image / "tables" / "osteoclasts" / "table.csv")
    labels = tifffile.imread(out / "labels" / "A02_f1_cells.tif")
    assert set(table["label"]) == set(np.unique(labels)) - {0}
    conditions = pd.read_csv(out / "ome_zarr" / "plate.zarr" / "tables" / "condition_table" / "table.csv")
    assert conditions[["row", "column", "treatment"]].to_numpy().tolist() == [["A", 1, "vehicle"], ["A", 2, "'=1+1"]]


def test_cellprofiler_tables_have_its_names(exported):
    _, out, outcome = exported
    images = pd.read_csv(out / "cellprofiler" / "Image.csv")
    cells = pd.read_csv(out / "cellprofiler" / "Cells.csv")
    assert images["Metadata_Well"].tolist() == ["A01", "A02"]
    assert images["Metadata_Treatment"].tolist() == ["vehicle", "'=1+1"]
    assert images["Count_Osteoclasts"].tolist() == outcome.wells["n_osteoclasts"].tolist()
    assert {"ImageQuality_focus", "Metadata_Plate", "Metadata_Site", "FileName_Original"} <= set(images)
    assert cells.groupby("ImageNumber").size().tolist() == [
        len(pd.read_csv(out / "cells.csv").query("well == @well")) for well in ("A01", "A02")
    ]
    assert {"ObjectNumber", "AreaShape_Area", "AreaShape_Center_X", "Children_Nuclei_Count"} <= set(cells)

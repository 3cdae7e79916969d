"""A run whose pictures say no pixel size: one scale, recorded, whatever the workers, and again on resuming."""

import json

import pandas as pd
import tifffile

from osteocount.pipeline.runner import run
from osteocount.settings import Settings
from support.pictures import canvas, osteoclast, photograph, round_cells


def picture(path, radius):
    od = canvas(260, 340)
    osteoclast(od, (150, 170))
    round_cells(od, [(y, x) for y in range(25, 260, 45) for x in range(25, 340, 50) if abs(y - 150) > 50], radius)
    tifffile.imwrite(path, photograph(od, seed=int(10 * radius)), photometric="rgb")


def test_a_run_counts_all_on_one_scale_with_any_workers_and_on_resuming(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for number, radius in enumerate((6.0, 6.9, 7.4), start=1):
        picture(source / f"A{number}.tif", radius)
    settings = Settings.model_validate({"segment": {"segmenter": "classical"}})
    records = {}
    for name, options in (("one", {}), ("two", {"workers": 2})):
        list(run(source, tmp_path / name, settings, **options))
        records[name] = json.loads((tmp_path / name / "run.json").read_text())
    one, two = records["one"], records["two"]
    assert len({field["record"]["analysed_um_per_px"] for field in one["inputs"]}) == 1
    assert one["scales"] == two["scales"] and len(one["scales"]) == 1
    assert not one["scales"][0]["measured"]
    assert any("all taken alike are analysed at about" in text for text in one["warnings"])
    assert (tmp_path / "one" / "wells.csv").read_bytes() == (tmp_path / "two" / "wells.csv").read_bytes()
    assert pd.read_csv(tmp_path / "one" / "cells.csv")["area_um2"].isna().all()  # an estimate is no measure
    before = (tmp_path / "one" / ".parts" / "A1.field.json").stat().st_mtime_ns
    list(run(source, tmp_path / "one", settings, if_present="resume"))
    assert (tmp_path / "one" / ".parts" / "A1.field.json").stat().st_mtime_ns == before
    given = settings.replace(picture=settings.picture.replace(pixel_size=0.76))
    list(run(source, tmp_path / "given", given))
    assert json.loads((tmp_path / "given" / "run.json").read_text())["scales"] == []

"""The same picture under several names counts once."""

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from osteocount.io.run_record import FieldRecord
from osteocount.pipeline.duplicates import pixels_hash, without_duplicates
from osteocount.pipeline.runner import run
from osteocount.settings import Settings
from support.pictures import canvas, osteoclast, photograph

SETTINGS = Settings.model_validate({"picture": {"pixel_size": 1.0}, "segment": {"segmenter": "classical"}})


def record(name, pixels="", files=(), status="ok"):
    return FieldRecord(
        key=name, plate="P", well=name, field="1", image=f"{name}.tif", status=status, pixels_hash=pixels, sha256=files
    )


@pytest.mark.parametrize(
    ("records", "counted"),
    [
        ([record("A01", "x"), record("A02", "y")], [True, True]),
        ([record("A01", "x"), record("A02", "x"), record("A03", "x")], [True, False, False]),
        ([record("A01", files=("f",)), record("A02", files=("f",))], [True, False]),  # too large for the memory
        ([record("A01"), record("A02")], [True, True]),  # of a version that kept no hash
        ([record("A01", "x", status="failed"), record("A02", "x")], [False, True]),
    ],
)
def test_each_picture_is_counted_under_its_first_name(records, counted):
    kept = without_duplicates(records)
    assert [each.is_done for each in kept] == counted
    assert [each.key for each in kept] == [each.key for each in records]
    for each in kept[1:]:
        if not each.is_done:
            assert each.reason.startswith(f"{each.image}: the same picture, to the last pixel, as A01.tif (P A01)")


def test_the_hash_is_that_of_the_pixels_and_their_shape():
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert pixels_hash(pixels) == pixels_hash(np.asfortranarray(pixels))
    assert (
        len({pixels_hash(each) for each in (pixels, pixels[::-1], pixels.reshape(2, 8, 3), pixels + np.uint8(1))}) == 4
    )


def test_the_same_batch_twice_makes_no_new_wells(tmp_path):
    """Saved again in another format and under another name; the counts of the run are those of one batch."""
    od = canvas(120, 150)
    osteoclast(od, (60, 70))
    for name in ("batch1", "batch2"):
        (tmp_path / "in" / name).mkdir(parents=True)
    pixels = photograph(od)
    tifffile.imwrite(tmp_path / "in" / "batch1" / "A01.tif", pixels, photometric="rgb")
    Image.fromarray(pixels).save(tmp_path / "in" / "batch2" / "A01.png")
    list(run(tmp_path / "in", tmp_path / "out", SETTINGS))
    wells = pd.read_csv(tmp_path / "out" / "wells.csv")
    assert wells["status"].tolist() == ["ok", "failed"]
    assert wells["n_osteoclasts"].dropna().tolist() == [1]
    assert "the same picture, to the last pixel" in wells["status_reason"][1]
    assert len(pd.read_csv(tmp_path / "out" / "cells.csv")) == 1

"""What a run would count, said before it does."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.pipeline import RunRequest
from osteocount.pipeline.dry_run import look_ahead
from osteocount.settings import Settings
from osteocount.simulate.design import FieldDesign
from osteocount.simulate.simulated_field import simulate_field


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plate")
    field = simulate_field(FieldDesign(width=360, height=280), 7)
    resolution = {"resolution": (1e4 / field.pixel_size,) * 2, "resolutionunit": "CENTIMETER"}
    for name in ("A01_f1", "A01_f2", "A02_f1"):
        tifffile.imwrite(folder / f"{name}.tif", field.picture, photometric="rgb", **resolution)
    return folder


def test_pictures_scale_and_regime_are_known_before_the_count(plate, tmp_path):
    dry_run = look_ahead(RunRequest(plate, tmp_path / "out"))
    assert (dry_run.fields, dry_run.samples, dry_run.fields_each, dry_run.on_plates) == (3, 2, (1, 2), True)
    assert (dry_run.arms, dry_run.donors, dry_run.control) == ((), (), "")
    assert {picture.regime for picture in dry_run.pictures} == {"brightfield"}
    assert {round(picture.um, 2) for picture in dry_run.pictures} == {0.76}
    assert not (tmp_path / "out").exists()


def test_treatments_and_what_does_not_fit_are_known(plate, tmp_path):
    layout = tmp_path / "layout.csv"
    layout.write_text("well,treatment,donor,role\nA01,vehicle,d1,vehicle\nC05,RANKL,d2,\nH12,no cells,,blank\n")
    dry_run = look_ahead(RunRequest(plate, tmp_path / "out", layout=layout))
    assert (dry_run.arms, dry_run.donors, dry_run.control) == (("vehicle", "RANKL"), ("d1", "d2"), "vehicle")
    assert "Without a picture, though the layout names them (1): C05." in dry_run.notes
    assert "Not in the layout, though there are pictures (1): A02." in dry_run.notes


def test_a_scale_that_is_given_is_the_one_that_is_used(plate, tmp_path):
    settings = Settings.model_validate({"picture": {"pixel_size": 3.0}})
    picture = look_ahead(RunRequest(plate, tmp_path / "out", settings)).pictures[0]
    assert (picture.um, picture.origin, picture.regime) == (3.0, "given by the user", "low_power")


def test_a_picture_that_would_be_refused_says_why(tmp_path):
    folder = tmp_path / "grey"
    folder.mkdir()
    tifffile.imwrite(folder / "A01.tif", np.full((60, 60), 90, np.uint8), photometric="minisblack")
    (folder / "A02.tif").write_text("no picture")
    dry_run = look_ahead(RunRequest(folder, tmp_path / "out"))
    assert "one grey channel" in dry_run.pictures[0].refusal


def test_what_the_run_refuses_is_refused(tmp_path):
    with pytest.raises(OsteoCountError, match="no such file or folder"):
        look_ahead(RunRequest(tmp_path / "none", tmp_path / "out"))

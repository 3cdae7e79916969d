"""Simulated fields as files."""

import numpy as np
import pytest

from osteocount.errors import OsteoCountError
from osteocount.io.label_image import read_labels
from osteocount.io.read import read_picture
from osteocount.simulate import Densities, FieldDesign, SimulatedField, simulate_field, write_field


@pytest.fixture(scope="module")
def field() -> SimulatedField:
    return simulate_field(FieldDesign(width=700, height=520, densities=Densities(osteoclast=40)), 5)


def test_a_written_field_is_read_back_with_its_pixel_size(tmp_path, field: SimulatedField) -> None:
    write_field(field, tmp_path / "A01_f1.tif", truth=tmp_path / "truth")
    picture = read_picture(tmp_path / "A01_f1.tif")
    assert picture.kind == "rgb"
    assert picture.pixel_size.um == pytest.approx(0.76, rel=1e-4)
    assert np.abs(picture.pixels.astype(float) - field.picture).mean() < 3
    assert np.array_equal(read_labels(tmp_path / "truth" / "A01_f1_cells.tif"), field.cells)
    assert np.array_equal(read_labels(tmp_path / "truth" / "A01_f1_nuclei.tif"), field.nuclei)
    once = (tmp_path / "A01_f1.tif").read_bytes()
    write_field(field, tmp_path / "A01_f1.tif")
    assert (tmp_path / "A01_f1.tif").read_bytes() == once


def test_png_is_without_loss_and_other_endings_are_refused(tmp_path, field: SimulatedField) -> None:
    write_field(field, tmp_path / "x.png")
    assert np.array_equal(read_picture(tmp_path / "x.png").pixels, field.picture)
    with pytest.raises(OsteoCountError, match=r"x\.bmp: a simulated picture is written as \.tif or \.png"):
        write_field(field, tmp_path / "x.bmp")

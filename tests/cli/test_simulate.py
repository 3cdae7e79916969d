"""Pixel sizes of simulated pictures, as people type them."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.io.read import read_picture


@pytest.mark.parametrize(("typed", "um"), [("0,5", 0.5), ("0.5 um", 0.5), ("500 nm", 0.5)])
def test_a_pixel_size_is_read_as_people_type_it(tmp_path, typed, um):
    size = ["--width", "80", "--height", "70", "--pixel-size", typed]
    done = CliRunner().invoke(app, ["simulate", "field", "--out", str(tmp_path), *size])
    assert done.exit_code == 0, done.output
    assert read_picture(tmp_path / "field_7.tif").pixel_size.um == pytest.approx(um)


@pytest.mark.parametrize("typed", ["5", "x", "0"])
def test_a_pixel_size_that_cannot_be_drawn_is_refused(tmp_path, typed):
    done = CliRunner().invoke(app, ["simulate", "field", "--out", str(tmp_path), "--pixel-size", typed])
    assert done.exit_code == 2
    assert "is no pixel size from 0.2 to 2.0 µm" in " ".join(done.output.replace("│", " ").split())

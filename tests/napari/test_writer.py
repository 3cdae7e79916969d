"""Cells and nuclei are saved with their pixel size and their tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tifffile

from osteocount.errors import OsteoCountError
from osteocount.io.label_image import read_labels
from osteocount.napari.writer import write_cells, write_nuclei


def test_cells_are_saved_with_pixel_size_and_table(tmp_path):
    labels = np.zeros((30, 40), np.uint16)
    labels[5:15, 5:20] = 300
    about = {
        "features": pd.DataFrame({"index": [300], "n_nuclei": [4]}), "scale": [0.5, 0.5],
        "units": ("micrometer", "micrometer"), "multiscale": False,
    }  # fmt: skip
    written = write_cells(str(tmp_path / "a.tif"), labels, about)
    assert written == [str(tmp_path / "a.tif"), str(tmp_path / "a.csv")]
    np.testing.assert_array_equal(read_labels(tmp_path / "a.tif"), labels)
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        pixels, centimetres = tiff.pages[0].tags["XResolution"].value
    assert pixels / centimetres == pytest.approx(1e4 / 0.5)
    assert (tmp_path / "a.csv").read_text().splitlines()[:2] == ["cell_id,n_nuclei", "300,4"]


@pytest.mark.parametrize(
    ("data", "about", "message"),
    [
        (np.zeros((2, 3, 4), int), {}, "stack of 2 × 3 × 4"),
        ([np.zeros((3, 4), int)], {"multiscale": True}, "too large"),
    ],
)
def test_what_cannot_be_saved_is_said(tmp_path, data, about, message):
    with pytest.raises(OsteoCountError, match=message):
        write_cells(str(tmp_path / "a.tif"), data, about)


def test_nuclei_are_saved_as_a_table(tmp_path):
    about = {"features": pd.DataFrame({"cell_id": [7, 8]})}
    write_nuclei(str(tmp_path / "n.csv"), np.array([[1.0, 2.0], [3.5, 4.0]]), about)
    saved = pd.read_csv(tmp_path / "n.csv")
    assert saved.to_dict("list") == {"cell_id": [7, 8], "y_px": [1.0, 3.5], "x_px": [2.0, 4.0]}

"""Small pictures, and a viewer with the dock in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from osteocount.simulate.design import FieldDesign
from osteocount.simulate.simulated_field import simulate_field

# napari and vispy still use what NumPy, Qt and Python have deprecated; not ours to mend, and only these tests meet it.
FOREIGN_WARNINGS = (
    "ignore::DeprecationWarning:napari.*",
    "ignore::DeprecationWarning:vispy.*",
    "ignore::FutureWarning:napari.*",
)


HERE = Path(__file__).parent
NO_SCREEN = sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"} & set(os.environ)
NO_LAYERS = NO_SCREEN or os.environ.get("QT_QPA_PLATFORM") == "offscreen"


def pytest_collection_modifyitems(items):
    """Skip what needs a screen where there is none: Qt would end the whole test run."""
    for item in items:
        if HERE not in item.path.parents:
            continue
        for text in FOREIGN_WARNINGS:
            item.add_marker(pytest.mark.filterwarnings(text))
        if NO_SCREEN or (NO_LAYERS and item.get_closest_marker("window")):
            item.add_marker(pytest.mark.skip(reason="no screen; `make test` gives the tests a virtual one"))


@pytest.fixture(scope="session")
def field():
    """Return a simulated field of a few cells, with a known pixel size."""
    return simulate_field(FieldDesign(width=360, height=280), 7)


@pytest.fixture(scope="session")
def field_scale(field):
    """Return the scale and the units of a layer of the field; without them its scale is estimated, which takes long."""
    return {"scale": (field.pixel_size, field.pixel_size), "units": ("um", "um")}


@pytest.fixture(scope="session")
def write_field(field):
    """Return a function that writes pixels of the field to a file that says their size."""
    resolution = (1e4 / field.pixel_size,) * 2

    def write(path, pixels):
        tifffile.imwrite(path, pixels, photometric="rgb", resolution=resolution, resolutionunit="CENTIMETER")
        return path

    return write


@pytest.fixture
def picture_file(tmp_path, field, write_field):
    return write_field(tmp_path / "B02_f1.tif", field.picture)


@pytest.fixture
def plate_folder(tmp_path, field, write_field):
    folder = tmp_path / "plate"
    folder.mkdir()
    for well, picture in (("A01", field.picture), ("A02", np.ascontiguousarray(field.picture[::-1]))):
        write_field(folder / f"{well}_f1.tif", picture)
    return folder

"""One small simulated plate for all end-to-end tests."""

import pytest
import tifffile

from osteocount.pipeline.workers import process_all
from osteocount.settings import Settings
from osteocount.simulate import FieldDesign, simulate_field
from osteocount.simulate.design import Densities
from support.runs import claimed, tasks_of

ARMS = (("vehicle", 0, "vehicle", 60), ("rhIL-32", 25, "treatment", 120))
DONORS = "ABC"


@pytest.fixture(scope="session")
def plate(tmp_path_factory):
    """Six wells, three donors, two arms, one field of 300 × 240 pixels each, with layout.csv."""
    folder = tmp_path_factory.mktemp("plate")
    rows = ["well,treatment,dose,dose_unit,donor,role"]
    for row, donor in enumerate(DONORS):
        for column, (treatment, dose, role, density) in enumerate(ARMS, start=1):
            well = f"{'ABC'[row]}{column:02d}"
            design = FieldDesign(width=300, height=240, densities=Densities(osteoclast=density))
            write_picture(folder / f"{well}_f1.tif", simulate_field(design, 10 * row + column).picture)
            rows.append(f"{well},{treatment},{dose},ng/mL,{donor},{role}")
    (folder / "layout.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def undisturbed(plate, tmp_path_factory):
    """Every field of the plate done by this process."""
    folder = claimed(tmp_path_factory.mktemp("undisturbed"))
    records = list(process_all(tasks_of(plate), folder, Settings()))
    assert [record.status for record in records] == ["ok"] * 6
    return folder


def write_picture(path, pixels):
    """Write a field of 0.76 µm per pixel."""
    resolution = (1e4 / 0.76, 1e4 / 0.76)
    tifffile.imwrite(path, pixels, photometric="rgb", resolution=resolution, resolutionunit="CENTIMETER")

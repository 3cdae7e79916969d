"""Simulated plates in the naming and with the metadata of instruments, from the pictures to the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tifffile

from osteocount import pipeline
from osteocount.settings import Settings
from osteocount.simulate import FieldDesign, simulate_field
from osteocount.simulate.design import Densities
from support.multi_image_files import ome_xml, write_czi, write_hcs

UM = 0.76
WELLS = ("B02", "C03")
SHAPE = (240, 300)

GEN5 = """<BTIImageMetaData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<ImageReference><PlateName>Plate 1</PlateName>
<Well>{well}</Well></ImageReference><ImageAcquisition><Channel Color="Bright Field"/><ObjectiveSize>10</ObjectiveSize>
<PixelWidth>{width}</PixelWidth><PixelHeight>{height}</PixelHeight><ImageWidthMicrons>{um_wide}</ImageWidthMicrons>
<ImageHeightMicrons>{um_high}</ImageHeightMicrons></ImageAcquisition></BTIImageMetaData>"""

METAXPRESS = """<MetaData><PlaneInfo><prop id="spatial-calibration-state" type="bool" value="on"/>
<prop id="spatial-calibration-x" type="float" value="{um}"/><prop id="spatial-calibration-y" type="float" value="{um}"/>
<prop id="spatial-calibration-units" type="string" value="um"/></PlaneInfo></MetaData>"""

HARMONY = """<?xml version="1.0" encoding="utf-8"?><EvaluationInputData xmlns="http://www.perkinelmer.com/PEHH/HarmonyV5">
<Plates><Plate><PlateID>P1</PlateID></Plate></Plates><Images><Image><id>0202K1F1P1R1</id><URL>r02c02f01p01-ch1sk1fk1fl1.tiff</URL>
<ImageResolutionX Unit="m">{um}E-06</ImageResolutionX><ImageResolutionY Unit="m">{um}E-06</ImageResolutionY></Image>
</Images></EvaluationInputData>"""


@pytest.fixture(scope="module")
def pictures():
    """Return one simulated field per well, (240, 300, 3) uint8, with a few osteoclasts each."""
    design = FieldDesign(width=SHAPE[1], height=SHAPE[0], pixel_size=UM, densities=Densities(osteoclast=120))
    return [simulate_field(design, seed).picture for seed in (3, 4)]


def tiff(path, pixels, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, pixels, photometric="rgb", **more)


def gen5(folder, pictures):
    for (well, um), pixels in zip((("B2", UM), ("C3", UM)), pictures, strict=True):
        size = {"width": SHAPE[1], "height": SHAPE[0], "um_wide": SHAPE[1] * um, "um_high": SHAPE[0] * um}
        about = GEN5.format(well=well, **size)
        tiff(folder / f"{well}_02_1_1_Bright Field_001.tif", pixels, description=about, metadata=None)


def metaxpress(folder, pictures):
    for well, pixels in zip(WELLS, pictures, strict=True):
        tiff(
            folder / "TimePoint_1" / f"9987_{well}_s1_w1.TIF",
            pixels,
            description=METAXPRESS.format(um=UM),
            metadata=None,
        )


def harmony(folder, pictures):
    for name, pixels in zip(("r02c02", "r03c03"), pictures, strict=True):
        tiff(folder / "Images" / f"{name}f01p01-ch1sk1fk1fl1.tiff", pixels)
    (folder / "Images" / "Index.idx.xml").write_text(HARMONY.format(um=UM), encoding="utf-8")


def ome_plate(folder, pictures):
    images = [(f"Image:{n}", SHAPE, "") for n in range(len(pictures))]
    xml = ome_xml(images, {(1, 1): ["Image:0"], (2, 2): ["Image:1"]}, um=UM)
    with tifffile.TiffWriter(folder / "plate.ome.tif") as file:
        for n, pixels in enumerate(pictures):
            file.write(pixels, photometric="rgb", description=xml.encode() if n == 0 else None, metadata=None)


def ome_zarr(folder, pictures):
    planes = [np.moveaxis(pixels, 2, 0) for pixels in pictures]
    write_hcs(folder / "plate.zarr", [("B", "2", "0"), ("C", "3", "0")], planes, um=UM)


def czi(folder, pictures):
    write_czi(folder / "plate.czi", ["B2", "C3"], pictures, um=UM)


def imagej(folder, pictures):
    for well, pixels in zip(WELLS, pictures, strict=True):
        tiff(folder / f"{well}_f1.tif", pixels, imagej=True, resolution=(1 / UM, 1 / UM), metadata={"unit": "um"})


ORIGINS = {
    gen5: "Gen5 BTIImageMetaData", metaxpress: "MetaXpress spatial-calibration-x", harmony: "Harmony ImageResolutionX",
    ome_plate: "OME-XML PhysicalSizeX", ome_zarr: "OME-Zarr scale", czi: "CZI Scaling", imagej: "ImageJ calibration",
}  # fmt: skip


def counted(folder, out, **options):
    steps = pipeline.run(folder, out, Settings(), **options)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        return end.value


@pytest.mark.parametrize("plate", list(ORIGINS), ids=lambda plate: plate.__name__)
def test_a_plate_of_each_vendor_runs_end_to_end(tmp_path, pictures, plate):
    folder = tmp_path / "plate"
    folder.mkdir()
    plate(folder, pictures)
    outcome = counted(folder, tmp_path / "out")
    assert outcome.exit_code == 0, outcome.bad_wells
    wells = pd.read_csv(tmp_path / "out" / "wells.csv")
    assert wells["well"].tolist() == list(WELLS)
    assert wells["status"].tolist() == ["ok", "ok"]
    assert wells["imaged_area_mm2"].tolist() == [pytest.approx(SHAPE[0] * SHAPE[1] * UM**2 * 1e-6, rel=1e-4)] * 2
    assert wells["n_trap_positive"].min() > 0
    record = pd.read_json(tmp_path / "out" / "run.json", typ="series")
    assert {entry["pixel_size_origin"] for entry in record["inputs"]} == {ORIGINS[plate]}
    assert len({entry["sha256"][0] for entry in record["inputs"]}) == (1 if plate in (czi, ome_plate) else 2)


def test_all_vendors_give_the_same_counts(tmp_path, pictures):
    counts = []
    for plate in (gen5, ome_zarr):
        folder = tmp_path / plate.__name__
        folder.mkdir()
        plate(folder, pictures)
        counts.append(counted(folder, tmp_path / f"out_{plate.__name__}").wells["n_trap_positive"].tolist())
    assert counts[0] == counts[1]


def test_a_printing_resolution_is_refused_and_nothing_is_invented(tmp_path, pictures):
    tiff(tmp_path / "in" / "B02_f1.tif", pictures[0], resolution=(300, 300), resolutionunit="INCH")
    outcome = counted(tmp_path / "in", tmp_path / "out")
    wells = pd.read_csv(tmp_path / "out" / "wells.csv")
    assert wells["imaged_area_mm2"].isna().all()
    assert any("300 dpi is made for printing" in text for text in outcome.warnings)

"""A simulated plate: its files, and whether its truth holds the effect that was asked for."""

import json

import numpy as np
import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.io.label_image import read_labels
from osteocount.plate.layout.read import read_layout
from osteocount.simulate import ARMS, Arm, Densities, FieldDesign, PlateDesign, default_plate, simulate_plate
from osteocount.simulate.simulated_plate import LAYOUT_COLUMNS

TINY = PlateDesign(donors=2, wells=1, field=FieldDesign(width=160, height=128, densities=Densities(osteoclast=80)))
SPARSE = Densities(
    round=0, spindle=0, mononuclear_large=0, binucleate=0, refractile=0, debris=0, fibre=0, osteoclast=40
)


def test_a_plate_writes_its_files_the_same_each_time(tmp_path) -> None:
    wells = simulate_plate(TINY, 7, tmp_path / "one")
    simulate_plate(TINY, 7, tmp_path / "two")
    files = sorted(p.relative_to(tmp_path / "one").as_posix() for p in (tmp_path / "one").rglob("*") if p.is_file())
    tables = {f"truth/{name}.csv" for name in ("cells", "nuclei", "wells", "arms", "counts")}
    assert {"layout.csv", "design.json", *tables} < set(files)
    assert {"A01_f1.tif", "B05_f1.tif", "truth/A01_f1_cells.tif", "truth/A01_f1_nuclei.tif"} < set(files)
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    record = json.loads((tmp_path / "one" / "design.json").read_text("utf-8"))
    assert record["seed"] == 7
    assert PlateDesign.model_validate(record["design"]) == TINY
    cells = pd.read_csv(tmp_path / "one" / "truth" / "cells.csv")
    nuclei = pd.read_csv(tmp_path / "one" / "truth" / "nuclei.csv")
    assert cells["n_nuclei"].isna().equals(cells["n_nuclei_hidden"] > 0)  # what nobody can know is empty
    for image, rows in cells.groupby("image"):
        labels = read_labels(tmp_path / "one" / "truth" / f"{image[:-4]}_cells.tif")
        assert sorted(rows["cell_id"]) == list(range(1, int(labels.max()) + 1))
    cells = cells.join(nuclei.groupby(["image", "cell_id"]).size().rename("seen"), on=["image", "cell_id"])
    large = cells[cells["in_frame"] & (cells["is_osteoclast"] == True)]  # noqa: E712 - empty where unsure
    by_well, in_large = large.groupby("well").size(), large.groupby("well")["seen"].sum()
    all_nuclei = cells[cells["in_frame"]].groupby("well")["seen"].sum().reindex(wells["well"])
    fusion = in_large.reindex(wells["well"], fill_value=0) / all_nuclei.where(all_nuclei > 0)
    assert fusion.tolist() == pytest.approx(wells["fusion_index"].tolist(), abs=1e-4, nan_ok=True)
    assert by_well.reindex(wells["well"], fill_value=0).tolist() == wells["n_osteoclasts"].tolist()


def test_the_layout_is_one_that_the_plate_room_reads(tmp_path) -> None:
    simulate_plate(TINY, 1, tmp_path)
    table = pd.read_csv(tmp_path / "layout.csv")
    assert table.columns.tolist() == LAYOUT_COLUMNS
    layout = read_layout(tmp_path / "layout.csv").wells
    assert len(layout) == 10
    assert set(layout["role"]) == {"vehicle", "positive control", "treatment"}
    assert layout.loc[layout["well"] == "A03", ["treatment", "dose", "dose_unit"]].iloc[0].tolist() == [
        "rhIL-32",
        25.0,
        "ng/mL",
    ]


def test_count_and_fusion_effects_are_in_the_truth(tmp_path) -> None:
    arms = (
        Arm(treatment="vehicle", role="vehicle"),
        Arm(treatment="more", count_effect=2.0),
        Arm(treatment="larger", fusion_effect=1.6),
    )
    field = FieldDesign(width=640, height=560, pixel_size=1.2, densities=SPARSE, nuclei_mean=6)
    wells = simulate_plate(
        PlateDesign(arms=arms, donors=3, wells=1, fields=3, donor_log_sd=0.2, well_shape=1e4, field=field), 11, tmp_path
    )
    wells["nuclei"] = wells["n_osteoclasts"] * wells["nuclei_per_osteoclast_mean"]
    arm = wells.groupby("treatment")
    count = arm["n_osteoclasts"].sum()
    fusion = arm["nuclei"].sum() / count
    told = pd.read_csv(tmp_path / "truth" / "arms.csv").set_index("treatment")
    assert told["count_effect"].to_dict() == {"vehicle": 1.0, "more": 2.0, "larger": 1.0}
    assert told["n_osteoclasts"].to_dict() == count.to_dict()
    assert told.loc["more", "count_ratio"] == pytest.approx(count["more"] / count["vehicle"], abs=1e-4)
    assert told.loc["larger", "nuclei_ratio"] == pytest.approx(fusion["larger"] / fusion["vehicle"], abs=1e-3)
    assert count["more"] / count["vehicle"] == pytest.approx(2.0, rel=0.3)
    assert count["larger"] / count["vehicle"] == pytest.approx(1.0, rel=0.3)
    assert fusion["larger"] / fusion["vehicle"] == pytest.approx(1.6, rel=0.2)
    assert fusion["more"] / fusion["vehicle"] == pytest.approx(1.0, rel=0.2)


def test_donors_differ_and_share_their_level_over_arms(tmp_path) -> None:
    arms = (Arm(treatment="vehicle", role="vehicle"), Arm(treatment="again"))
    field = FieldDesign(width=480, height=400, pixel_size=1.2, densities=SPARSE)
    design = PlateDesign(arms=arms, donors=4, wells=1, donor_log_sd=1.0, well_shape=1e4, field=field)
    wells = simulate_plate(design, 3, tmp_path).pivot_table(index="donor", columns="treatment", values="n_osteoclasts")
    assert np.corrcoef(wells["vehicle"], wells["again"])[0, 1] > 0.8


def test_a_folder_with_a_plate_is_refused(tmp_path) -> None:
    (tmp_path / "layout.csv").write_text("plate\n")
    with pytest.raises(OsteoCountError, match="already holds a plate"):
        simulate_plate(TINY, 1, tmp_path)
    simulate_plate(TINY.replace(donors=1, arms=ARMS[:1]), 1, tmp_path, overwrite=True)
    assert len(pd.read_csv(tmp_path / "layout.csv")) == 1


def test_too_many_columns_are_refused(tmp_path) -> None:
    with pytest.raises(OsteoCountError, match="5 arms × 3 wells per donor need 15 columns; a 96-well plate has 12"):
        simulate_plate(default_plate(wells=3), 1, tmp_path)

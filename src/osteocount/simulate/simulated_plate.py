"""A whole synthetic plate: donors, arms with a known effect, wells, fields."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from osteocount.errors import OsteoCountError
from osteocount.io.files import atomic_write
from osteocount.measure import measure_shapes
from osteocount.measure.counting_frame import LEAST_COUNTED, CountingFrame
from osteocount.settings import FrozenModel, PictureSettings
from osteocount.simulate.design import Densities, FieldDesign
from osteocount.simulate.simulated_field import (
    judgeable_truth,
    simulate_field,
    write_picture,
    write_truth_labels,
)
from osteocount.wells import well_name

_COLUMNS = 12
LAYOUT_COLUMNS = ["plate", "well", "treatment", "dose", "dose_unit", "donor", "role"]
PLATE_NAME = "simulated"
_QUALITY = 80  # of the JPEG in the TIFF: 60 pictures of the sample plate then take 5 MB, and cameras save worse


class Arm(FrozenModel):
    """A treatment at one dose and what it does, relative to vehicle."""

    treatment: str
    """Name of the treatment."""
    dose: float | None = None
    """Empty for vehicle."""
    dose_unit: str = ""
    """Unit of the dose."""
    role: Literal["vehicle", "positive control", "treatment"] = "treatment"
    """Role."""
    count_effect: float = Field(1.0, ge=0)
    """Factor on osteoclasts per mm²."""
    fusion_effect: float = Field(1.0, gt=0)
    """Factor on nuclei per osteoclast."""


# Of an order that is published; where each is from, and what is not known, stands in sample_images/README.md.
ARMS = (
    Arm(treatment="vehicle", role="vehicle"),
    Arm(treatment="RANKL", dose=50, dose_unit="ng/mL", role="positive control", count_effect=2.8, fusion_effect=1.25),
    Arm(treatment="rhIL-32", dose=25, dose_unit="ng/mL", count_effect=2.0, fusion_effect=1.4),
    Arm(treatment="EV wild type", dose=5, dose_unit="µL", count_effect=2.0, fusion_effect=1.25),
    Arm(treatment="EV IL-32 KO", dose=5, dose_unit="µL"),
)


class PlateDesign(FrozenModel):
    """One plate: a row per donor, a column per arm and repeat."""

    arms: tuple[Arm, ...] = Field(ARMS, min_length=1)
    """The first is the reference."""
    donors: int = Field(6, ge=1, le=8)
    """Biological replicates."""
    donor_log_sd: float = Field(0.35, ge=0, le=2)
    """SD of the natural logarithm of the density."""
    wells: int = Field(2, ge=1, le=12)
    """Wells per donor and arm."""
    fields: int = Field(1, ge=1, le=99)
    """Pictures per well."""
    well_shape: float = Field(20.0, gt=0)
    """Shape k of the gamma factor of a well; counts are then negative binomial with size k."""
    field: FieldDesign = FieldDesign(width=704, height=704, densities=Densities(osteoclast=45))
    """Of the reference arm."""


def default_plate(
    wells: int = 2, fields: int = 1, width: int = 704, height: int = 704, donors: int = 6, pixel_size: float = 0.76
) -> PlateDesign:
    """Describe the plate of ``sample_images``, in another size. Sizes in pixels, ``pixel_size`` in µm."""
    design = FieldDesign(width=width, height=height, pixel_size=pixel_size, densities=Densities(osteoclast=45))
    return PlateDesign(wells=wells, fields=fields, donors=donors, field=design)


def simulate_plate(design: PlateDesign, seed: int, out: Path, overwrite: bool = False) -> pd.DataFrame:
    """Write the pictures of a plate, ``layout.csv``, ``design.json`` and ``truth/`` into ``out``.

    ``truth/`` holds the label images of every picture, ``cells.csv``, ``nuclei.csv``, ``wells.csv``, ``arms.csv``
    (the effects that were asked for, and those that the pictures hold) and ``counts.csv`` (the true counts as a
    reader's, for `osteocount agree`). The same ``design`` and ``seed`` give the same bytes.

    Returns
    -------
    pandas.DataFrame
        ``wells.csv``: one row per well with its true counts, of the cells ``in_frame``: those that the pipeline counts
        with its default guard zone, per area of that frame.

    Raises
    ------
    OsteoCountError
        The plate has too few columns for the design, or ``out`` already holds a plate.
    """
    if len(design.arms) * design.wells > _COLUMNS:
        raise OsteoCountError(
            f"{len(design.arms)} arms × {design.wells} wells per donor need {len(design.arms) * design.wells} columns; "
            f"a 96-well plate has {_COLUMNS}. Ask for fewer wells or arms."
        )
    if (out / "layout.csv").exists() and not overwrite:
        raise OsteoCountError(f"{out}: already holds a plate (layout.csv). Choose another folder or allow overwriting.")
    donor_factor = np.exp(np.random.default_rng([seed, 0]).normal(0.0, design.donor_log_sd, design.donors))
    wells, cells, nuclei = [], [], []
    for index, (well, donor, arm) in enumerate(_places(design)):
        density = design.field.densities.osteoclast * float(donor_factor[donor])
        made = _make_well(design, well, arm, density, np.random.SeedSequence([seed, 1, index]), out)
        cells += made[0]
        nuclei += made[1]
        layout = (PLATE_NAME, well, arm.treatment, arm.dose, arm.dose_unit, f"donor {donor + 1}", arm.role)
        wells.append({**dict(zip(LAYOUT_COLUMNS, layout, strict=True)), **_well_truth(design, pd.concat(made[0]))})
    table = pd.DataFrame(wells)
    _write_csv(table[LAYOUT_COLUMNS], out / "layout.csv")
    _write_csv(judgeable_truth(pd.concat(cells)), out / "truth" / "cells.csv")
    _write_csv(pd.concat(nuclei), out / "truth" / "nuclei.csv")
    _write_csv(table, out / "truth" / "wells.csv")
    _write_csv(_arms_truth(design, table), out / "truth" / "arms.csv")
    counts = table.assign(count=table["n_osteoclasts"], reader="truth")
    _write_csv(counts[["plate", "well", "reader", "count"]], out / "truth" / "counts.csv")
    record = json.dumps({"seed": seed, "design": design.model_dump(mode="json")}, indent=2, ensure_ascii=False)
    with atomic_write(out / "design.json") as part:
        part.write_text(record + "\n", encoding="utf-8")
    return table


def arm_field(design: PlateDesign, arm: Arm, density: float) -> FieldDesign:
    """Describe the field of an arm, with ``density`` osteoclasts per mm² before the effect of the arm."""
    densities = design.field.densities.replace(osteoclast=density * arm.count_effect)
    mean = float(np.clip(design.field.nuclei_mean * arm.fusion_effect, 3.0, 30.0))
    return design.field.replace(densities=densities, nuclei_mean=mean)


def _places(design: PlateDesign) -> list[tuple[str, int, Arm]]:
    """List the name, donor (from 0) and arm of every well, row by row.

    Each row begins with another arm, as a careful lab does.
    """
    arms = len(design.arms)
    return [
        (well_name(d + 1, 1 + (a + d) % arms * design.wells + w), d, arm)
        for d in range(design.donors)
        for a, arm in enumerate(design.arms)
        for w in range(design.wells)
    ]


def _make_well(
    design: PlateDesign, well: str, arm: Arm, density: float, seed: np.random.SeedSequence, out: Path
) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Make and write the fields of a well; give their tables."""
    of_well, *of_fields = seed.spawn(design.fields + 1)
    luck = np.random.default_rng(of_well).gamma(design.well_shape, 1 / design.well_shape)
    field_design = arm_field(design, arm, density * float(luck))
    cells, nuclei = [], []
    for number, of_field in enumerate(of_fields, start=1):
        made = simulate_field(field_design, of_field)
        frame = counting_frame(design)
        inside = {
            shape.label: frame.counts(shape, cut_first=shape.top == 0 or shape.left == 0)
            for shape in measure_shapes(made.cells)
        }
        stem = f"{well}_f{number}"
        write_picture(made, out / f"{stem}.tif", _QUALITY)
        write_truth_labels(made, out / "truth", stem)
        where: dict[str, Any] = {"plate": PLATE_NAME, "well": well, "field": number, "image": f"{stem}.tif"}
        told = made.truth.assign(**where, in_frame=made.truth["cell_id"].map(inside).astype(bool))
        cells.append(told[[*where, *made.truth.columns, "in_frame"]])
        nuclei.append(made.nuclei_truth.assign(**where)[[*where, *made.nuclei_truth.columns]])
    return cells, nuclei


def counting_frame(design: PlateDesign) -> CountingFrame:
    """Return the frame that the pipeline counts these fields with when nothing else is asked for."""
    shape = design.field.height, design.field.width
    guard = math.ceil(PictureSettings().guard_zone / design.field.pixel_size)
    frame = CountingFrame(shape, "guard zone", guard)
    analysed, counted = frame.pixels()
    return frame if counted >= LEAST_COUNTED * analysed else CountingFrame(shape)


def _well_truth(design: PlateDesign, cells: pd.DataFrame) -> dict[str, Any]:
    """Count the truth of a well."""
    counted = cells[cells["in_frame"]]
    large = counted[counted["is_osteoclast"]]
    area = design.fields * counting_frame(design).pixels()[1] * design.field.pixel_size**2 / 1e6
    nuclei, in_large = int(counted["n_nuclei"].sum()), int(large["n_nuclei"].sum())
    return {
        "n_fields": design.fields,
        "imaged_area_mm2": round(area, 6),
        "n_osteoclasts": len(large),
        "n_osteoclasts_ge2": int((counted["n_nuclei"] >= 2).sum()),
        "n_osteoclasts_ge4": int((counted["n_nuclei"] >= 4).sum()),
        "osteoclast_density_per_mm2": round(len(large) / area, 4),
        "osteoclast_area_fraction": round(float(large["area_px"].sum()) * design.field.pixel_size**2 / 1e6 / area, 6),
        "nuclei_per_osteoclast_mean": round(float(large["n_nuclei"].mean()), 4) if len(large) else None,
        "fusion_index": round(in_large / nuclei, 4) if nuclei else None,
        "n_trap_positive": len(counted),
        "n_nuclei": nuclei,
    }


def _arms_truth(design: PlateDesign, wells: pd.DataFrame) -> pd.DataFrame:
    """Say of every arm which effect was asked for, and which one its wells hold against those of the first arm.

    The second differs from the first by chance, and since a cell counts with the nuclei that can be seen, and where
    large cells lie close there is no room for as many as were asked for.
    """
    rows = []
    for arm, own in zip(design.arms, (wells[wells["treatment"] == arm.treatment] for arm in design.arms), strict=True):
        seen = own["n_osteoclasts"] * own["nuclei_per_osteoclast_mean"].fillna(0.0)
        count = int(own["n_osteoclasts"].sum())
        rows.append(
            {
                "treatment": arm.treatment,
                "count_effect": arm.count_effect,
                "fusion_effect": arm.fusion_effect,
                "n_wells": len(own),
                "n_osteoclasts": count,
                "nuclei_per_osteoclast_mean": round(float(seen.sum()) / count, 4) if count else None,
            }
        )
    table = pd.DataFrame(rows)
    for name, ratio in (("n_osteoclasts", "count_ratio"), ("nuclei_per_osteoclast_mean", "nuclei_ratio")):
        values = table[name].astype(float)
        table[ratio] = (values / values.iloc[0]).round(4) if values.iloc[0] else None
    return table


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    with atomic_write(path) as part:
        table.to_csv(part, index=False, lineterminator="\n", encoding="utf-8")

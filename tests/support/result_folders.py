"""A finished result folder made up from a seed: 20 wells, 5 arms × 4 donors, one of them failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.settings import Settings
from osteocount.stats import compare

ARMS = (
    ("vehicle", 0.0, "", "vehicle", 1.0),
    ("RANKL", 50.0, "ng/mL", "positive control", 5.0),
    ("rhIL-32", 25.0, "ng/mL", "treatment", 1.6),
    ("EV wild type", 5.0, "µL", "treatment", 1.8),
    ("EV IL-32 KO", 5.0, "µL", "treatment", 1.05),
)
DONORS = ("D1", "D2", "D3", "D4")
FAILED = "C04"
UM = 0.76
AREA_PX = 1920 * 720


def build(
    folder: Path,
    *,
    layout: bool = True,
    resolved: bool = True,
    um: float | None = UM,
    arms: tuple[tuple[str, float, str, str, float], ...] = ARMS,
    donors: tuple[str, ...] = DONORS,
    overlays: int = 6,
    **changes: Any,
) -> Path:
    """Write the folder, a row of wells for each donor; ``changes`` go into ``run.json``."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(32)
    cells, wells, inputs = [], [], []
    for row, donor in enumerate(donors):
        for column, arm in enumerate(arms, start=1):
            well = f"{'ABCDEFGH'[row]}{(column + row) % len(arms) + 1:02d}"
            described = dict(zip(("treatment", "dose", "dose_unit", "role"), arm[:4], strict=True)) | {"donor": donor}
            base = {"plate": "plate1", "well": well, "status": "ok", "status_reason": ""} | (
                described if layout else {}
            )
            if well == FAILED:
                wells.append(base | {"status": "failed", "status_reason": f"{well}_f1.tif: the file ends early."})
                continue
            own = _cells(rng, well, 11 * (1 + 0.15 * row) * arm[4], resolved=resolved, um=um)
            cells.append(own)
            wells.append(base | _well(own, resolved=resolved, um=um))
            inputs.append(_input(well, resolved=resolved, um=um))
    pd.concat(cells).to_csv(folder / "cells.csv", index=False)
    table = pd.DataFrame(wells).sort_values("well", ignore_index=True)
    table.to_csv(folder / "wells.csv", index=False)
    warnings: list[str] = []
    if layout:
        warnings = write_comparison(folder, table)
    write_run(folder, inputs=inputs, warnings=warnings, **changes)
    for entry in inputs[:overlays]:
        draw_overlay(rng, folder / "overlays" / f"{entry['key']}.png")
    return folder


def write_comparison(folder: Path, wells: pd.DataFrame) -> list[str]:
    """Compare as the pipeline does; return its warnings."""
    try:
        comparison = compare(wells)
    except OsteoCountError as error:
        return [f"No comparison: {error}"]
    comparison.table.to_csv(folder / "comparisons.csv", index=False)
    return list(comparison.warnings)


def write_run(folder: Path, **changes: Any) -> None:
    """Write ``run.json`` as the pipeline does."""
    record = {
        "osteocount": "0.1.0",
        "created": "2026-11-23T21:04:11+00:00",
        "command": "osteocount run pictures --layout layout.csv --out results",
        "layout": "layout.csv",
        "workers": 2,
        "seconds": 61.25,
        "settings": Settings().model_dump(mode="json"),
        "inputs": [],
        "failed": [
            {"key": f"{FAILED}_f1", "image": f"{FAILED}_f1.tif", "well": FAILED, "reason": "the file ends early."}
        ],
        "libraries": {"numpy": "2.4.0", "scipy": "1.17.0"},
        "warnings": [],
        "seed": 0,
    }
    (folder / "run.json").write_text(json.dumps(record | changes), encoding="utf-8")


def _cells(rng: np.random.Generator, well: str, expected: float, *, resolved: bool, um: float | None) -> pd.DataFrame:
    n_osteoclasts, n_small = rng.poisson(expected), rng.poisson(60)
    nuclei = np.concatenate([3 + rng.poisson(3, n_osteoclasts), 1 + (rng.random(n_small) < 0.1)])
    borderline = np.where((nuclei == 3) & (rng.random(len(nuclei)) < 0.6), "borderline", "")
    size = nuclei * 900 + rng.integers(0, 500, len(nuclei))
    table = pd.DataFrame(
        {
            "plate": "plate1", "well": well, "field": "1", "image": f"{well}_f1.tif",
            "cell_id": np.arange(1, len(nuclei) + 1), "y_px": rng.random(len(nuclei)) * 720,
            "x_px": rng.random(len(nuclei)) * 1920, "area_px": size, "area_um2": size * (um or np.nan) ** 2,
            "n_nuclei": nuclei, "n_nuclei_low": np.where(borderline == "", nuclei, 2),
            "n_nuclei_high": np.where(borderline == "", nuclei, 4), "is_osteoclast": nuclei >= 3, "counted": True,
            "flags": borderline, "source": "classical",
        }
    )  # fmt: skip
    if not resolved:
        table[["n_nuclei", "n_nuclei_low", "n_nuclei_high"]] = np.nan
    return table


def _well(cells: pd.DataFrame, *, resolved: bool, um: float | None) -> dict[str, Any]:
    found = cells[cells["is_osteoclast"]]
    area = AREA_PX * um**2 * 1e-6 if um else None
    nuclei = {
        "n_osteoclasts_ge2": int((cells["n_nuclei"] >= 2).sum()),
        "n_osteoclasts_ge4": int((cells["n_nuclei"] >= 4).sum()),
        "nuclei_per_osteoclast_mean": found["n_nuclei"].mean(),
        "nuclei_per_osteoclast_median": found["n_nuclei"].median(),
        "fusion_index": found["n_nuclei"].sum() / cells["n_nuclei"].sum() if resolved else None,
        "n_nuclei": int(cells["n_nuclei"].sum()),
        "n_borderline": int((cells["flags"] == "borderline").sum()),
        "n_nuclei_in_osteoclasts": int(found["n_nuclei"].sum()),
    }
    return {
        "n_fields": 1, "imaged_area_mm2": area, "n_osteoclasts": len(found), "n_trap_positive": len(cells),
        "osteoclast_density_per_mm2": len(found) / area if area else None,
        "osteoclast_area_fraction": found["area_px"].sum() / AREA_PX, "imaged_area_px": AREA_PX,
        "osteoclast_area_px": int(found["area_px"].sum()), "osteoclast_area_mean_um2": found["area_um2"].mean(),
        "qc_flags": "", **(nuclei if resolved else dict.fromkeys(nuclei)),
    }  # fmt: skip


def _input(well: str, *, resolved: bool, um: float | None) -> dict[str, Any]:
    return {
        "key": f"{well}_f1", "image": f"{well}_f1.tif", "sha256": ["ab" * 32], "plate": "plate1", "well": well,
        "field": "1", "status": "ok", "axes": "1920 × 720 px, RGB, 8 bit", "pixel_size_um": um,
        "pixel_size_origin": "given by the user" if um else "the file names none",
        "regime": "brightfield" if resolved else "low_power", "nuclei_resolved": resolved,
        "record": {"trap_threshold": 0.15, "white_point": [241, 239, 236]}, "warnings": [], "qc_flags": [],
        "seconds": 2.5,
    }  # fmt: skip


def draw_overlay(rng: np.random.Generator, path: Path) -> None:
    """Draw purple cells with outlines on a pale ground."""
    path.parent.mkdir(exist_ok=True)
    picture = np.full((720, 1280, 3), (238, 240, 242), np.uint8)
    for _ in range(40):
        centre = tuple(int(value) for value in rng.integers((0, 0), (1280, 720)))
        axes = tuple(int(value) for value in rng.integers(12, 60, 2))
        cv2.ellipse(picture, centre, axes, float(rng.integers(0, 180)), 0, 360, (150, 95, 140), -1, cv2.LINE_AA)
        colour = (40, 130, 255) if max(axes) > 38 else (200, 170, 60)
        cv2.ellipse(picture, centre, axes, float(rng.integers(0, 180)), 0, 360, colour, 3, cv2.LINE_AA)
    cv2.imwrite(str(path), picture)

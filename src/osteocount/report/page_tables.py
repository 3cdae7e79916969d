"""The tables of the page, ready to print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import pandas as pd

from osteocount.io.run_record import FieldRecord
from osteocount.report import number_format, sentences
from osteocount.report.number_format import count, figure, known, plural
from osteocount.report.results import Results
from osteocount.stats.arms import arm_names
from osteocount.stats.sentences import REFUSED, finding, number

MAX_PICTURE_ROWS = 400

COMPARISON_COLUMNS = ("endpoint", "role", "contrast", "reference", "estimate", "ci_low", "ci_high", "p_raw",
                      "p_adjusted", "p_paired", "n_donors", "donors_up", "donors_down", "df", "verdict", "link",
                      "method")  # fmt: skip

# Column of wells.csv → heading and how its values are written. Columns not named here follow as they are.
WELL_COLUMNS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "plate": ("Plate", str),
    "well": ("Well", str),
    "image": ("Picture", str),
    "status": ("Status", lambda value: str(value).replace("_", " ")),
    "arm": ("Arm", str),
    "donor": ("Donor", str),
    "n_fields": ("Fields", count),
    "imaged_area_mm2": ("Imaged, mm²", figure),
    "n_osteoclasts": ("Osteoclasts", count),
    "n_osteoclasts_ge2": ("≥ 2 nuclei", count),
    "n_osteoclasts_ge4": ("≥ 4 nuclei", count),
    "osteoclast_density_per_mm2": ("per mm²", figure),
    "osteoclast_area_fraction": ("Area fraction", figure),
    "nuclei_per_osteoclast_mean": ("Nuclei per OC, mean", figure),
    "nuclei_per_osteoclast_median": ("Nuclei per OC, median", lambda value: f"{value:g}"),
    "fusion_index": ("Fusion index", figure),
    "n_trap_positive": ("TRAP+ cells", count),
    "n_nuclei": ("Nuclei", count),
    "n_borderline": ("Borderline", count),
    "qc_flags": ("Quality flags", lambda value: str(value).replace("_", " ").replace(";", ", ")),
}

MAIN_WELL_COLUMNS = ("plate", "well", "image", "status", "arm", "donor", "n_osteoclasts", "osteoclast_density_per_mm2",
                     "osteoclast_area_fraction", "nuclei_per_osteoclast_mean", "fusion_index", "n_borderline",
                     "qc_flags")  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Headings and rows of text; ``numeric`` marks the columns set flush right, ``bad`` the rows to stand out."""

    headings: list[str]
    rows: list[list[str]]
    numeric: list[bool]
    bad: list[bool]


def arm_of_wells(wells: pd.DataFrame) -> pd.Series:
    """Name the arm of every well; empty without a layout."""
    return arm_names(wells) if "treatment" in wells else pd.Series("", index=wells.index, dtype=object)


def total(results: Results) -> str:
    """Say what was counted: "12 osteoclasts in 3 counted wells"."""
    counted = results.counted_wells
    place = "counted well" if counted["well"].notna().any() else "picture"
    return f"{plural(int(counted['n_osteoclasts'].sum()), 'osteoclast')} in {plural(len(counted), place)}"


def flagged_cells(results: Results) -> list[str]:
    """Say how many cells carry which flag, and how many were left to the neighbouring field."""
    cells = results.cells
    flags = cells["flags"].dropna().str.split(";").explode() if "flags" in cells else pd.Series(dtype=object)
    said = [f"{number} {str(flag).replace('_', ' ')}" for flag, number in flags.value_counts().sort_index().items()]
    outside = int((~cells["counted"].astype(bool)).sum())
    return [*said, *([f"{outside} cut by the top or left border, not counted"] if outside else [])]


def tiles(results: Results) -> list[tuple[str, str]]:
    """Sum the run up in a handful of numbers."""
    counted = results.counted_wells
    donors = counted["donor"].nunique() if "donor" in counted else 0
    shown = [
        (count(counted["n_osteoclasts"].sum()), "osteoclasts"),
        (_total(counted, "n_trap_positive"), "TRAP-positive cells"),
        (_total(counted, "n_nuclei"), "nuclei in them"),
        (f"{len(counted)} of {len(results.wells)}", "wells counted"),
        (count(len(results.run.inputs)), "picture" if len(results.run.inputs) == 1 else "pictures"),
    ]
    return [*shown, (count(donors), "donor" if donors == 1 else "donors")] if donors else shown


def arm_table(results: Results, arms: pd.Series) -> list[dict[str, str]]:
    """Per arm: how much was looked at and what was found, summed over wells."""
    counted = results.counted_wells
    named = arms.loc[counted.index]
    table = results.comparisons
    controls = set(table.loc[table["kind"] == "arm", "reference"].dropna()) if table is not None else set()
    groups = counted[named != ""].groupby(named[named != ""], sort=False)
    rows = []
    for arm, wells in sorted(groups, key=lambda group: group[0] not in controls):
        rows.append(
            {
                "arm": str(arm),
                "donors": count(wells["donor"].nunique()) if "donor" in wells else number_format.UNKNOWN,
                "wells": count(len(wells)),
                "area": figure(_sum(wells, "imaged_area_mm2")),
                "osteoclasts": _total(wells, "n_osteoclasts"),
                "ge2": _total(wells, "n_osteoclasts_ge2"),
                "ge4": _total(wells, "n_osteoclasts_ge4"),
                "density": figure(_density(wells)),
                "trap": _total(wells, "n_trap_positive"),
                "nuclei": _total(wells, "n_nuclei"),
            }
        )
    return rows


def contrasts(table: pd.DataFrame | None, primary: str) -> list[dict[str, Any]]:
    """Contrasts in words, grouped by endpoint, the primary one first."""
    if table is None:
        return []
    groups = []
    for endpoint, rows in table.groupby("endpoint", sort=False):
        name = sentences.endpoint_name(str(endpoint))
        said = [_contrast(row) for _, row in rows.iterrows()]
        groups.append({"endpoint": name, "primary": endpoint == primary, "rows": said})
    return sorted(groups, key=lambda group: not group["primary"])


def endpoint_matrix(table: pd.DataFrame | None, primary: str) -> dict[str, Any] | None:
    """Endpoints by contrasts: estimate and verdict of each, to see at a glance what moved together."""
    if table is None or table.empty:
        return None
    shown = table[table["kind"].isin(sentences.ANSWERS)]
    order = sorted(shown["endpoint"].unique(), key=lambda endpoint: endpoint != primary)
    names = list(shown["contrast"].unique())
    cells = {(row["endpoint"], row["contrast"]): row for _, row in shown.iterrows()}
    rows = [
        {
            "endpoint": sentences.endpoint_name(endpoint),
            "primary": endpoint == primary,
            "cells": [_matrix_cell(cells.get((endpoint, name))) for name in names],
        }
        for endpoint in order
    ]
    return {"contrasts": [sentences.contrast_name(name) for name in names], "rows": rows}


def _matrix_cell(row: pd.Series | None) -> dict[str, str]:
    if row is None or not known(row["estimate"]):
        return {"estimate": number_format.UNKNOWN, "verdict": str(row["verdict"]) if row is not None else ""}
    sign = {"identity": "", "logit": "odds × "}.get(str(row["link"]), "× ")
    return {"estimate": f"{sign}{number(row['estimate'])}", "verdict": str(row["verdict"])}


def _contrast(row: pd.Series) -> dict[str, str]:
    """Split the sentence of a contrast into its name and the rest, and put what belongs beside it."""
    values = {str(key): value if known(value) else None for key, value in row.items()}
    texts = {key: "" for key in ("reason", "unit", "kind", "link", "verdict") if values.get(key) is None}
    gaps = {key: float("nan") for key in ("estimate", "ci_low", "ci_high") if values[key] is None}
    said = finding({**values, **texts, **gaps})
    refused = values["verdict"] == REFUSED
    return {
        "contrast": sentences.contrast_name(str(values["contrast"])),
        "said": said,
        "verdict": str(values["verdict"] or "no verdict"),
        "p": sentences.p_words(row),
        "reason": "" if refused else str(values["reason"] or ""),
    }


def comparison_table(table: pd.DataFrame | None) -> Table | None:
    """Every endpoint and contrast in numbers; the notes stand in words above."""
    if table is None or table.empty:
        return None
    table = table[[name for name in COMPARISON_COLUMNS if name in table]]
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in table.columns]
    writers = [_writer(name, is_number) for name, is_number in zip(table.columns, numeric, strict=True)]
    rows = [[write(value) for write, value in zip(writers, row, strict=True)] for row in table.itertuples(index=False)]
    return Table([name.replace("_", " ") for name in table.columns], rows, numeric, [False] * len(rows))


def wells_tables(wells: pd.DataFrame, arms: pd.Series) -> dict[str, Table]:
    """Every well twice: ``main`` with what one reads first, ``all`` with every column that holds anything."""
    table = wells.assign(arm=arms.where(arms != "", pd.NA))
    filled = [name for name in table.columns if table[name].notna().any()]
    main = [name for name in MAIN_WELL_COLUMNS if name in filled]
    if wells["plate"].nunique() < 2 and "plate" in main:
        main.remove("plate")
    first = [name for name in WELL_COLUMNS if name in filled]
    return {
        "main": _wells_table(table, main),
        "all": _wells_table(table, [*first, *(name for name in filled if name not in first)]),
    }


def _wells_table(table: pd.DataFrame, names: list[str]) -> Table:
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in names]
    writers = [WELL_COLUMNS[name][1] if name in WELL_COLUMNS else _plain for name in names]
    rows = [
        [write(value) if known(value) else number_format.UNKNOWN for write, value in zip(writers, row, strict=True)]
        for row in table[names].itertuples(index=False)
    ]
    headings = [WELL_COLUMNS[name][0] if name in WELL_COLUMNS else name.replace("_", " ") for name in names]
    return Table(headings, rows, numeric, list(~table["status"].isin(["ok", "excluded"])))


def median_seconds(inputs: Sequence[FieldRecord]) -> float | None:
    """Return the median time of a picture, where it was recorded."""
    seconds = [entry.seconds for entry in inputs if entry.seconds is not None]
    return median(seconds) if seconds else None


def pictures(inputs: Sequence[FieldRecord]) -> dict[str, Any]:
    """List what is known of every picture, up to ``MAX_PICTURE_ROWS``."""
    rows = [
        {
            "image": entry.image,
            "well": " ".join(filter(None, [entry.plate, entry.well])) or number_format.UNKNOWN,
            "axes": entry.axes or number_format.UNKNOWN,
            "pixel": figure(entry.pixel_size_um),
            "origin": entry.pixel_size_origin,
            "regime": (entry.regime or number_format.UNKNOWN).replace("_", " "),
            "nuclei": {True: "yes", False: "no", None: number_format.UNKNOWN}[entry.nuclei_resolved],
            "hash": " ".join(entry.sha256),
            "seconds": figure(entry.seconds, 2),
            "record": "; ".join(f"{key}: {value}" for key, value in entry.record.items()),
        }
        for entry in inputs[:MAX_PICTURE_ROWS]
    ]
    return {"rows": rows, "left_out": max(0, len(inputs) - MAX_PICTURE_ROWS)}


def _writer(name: str, is_number: bool) -> Callable[[Any], str]:
    if name.startswith("p_"):
        return lambda value: number_format.p_value(value).removeprefix("= ")
    if name in ("n_donors", "donors_up", "donors_down", "df"):
        return count
    return figure if is_number else _plain


def _plain(value: Any) -> str:
    if not known(value):
        return number_format.UNKNOWN
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _sum(wells: pd.DataFrame, name: str) -> float | None:
    """Sum of a column, unknown as soon as one value is."""
    return float(wells[name].sum()) if name in wells and wells[name].notna().all() else None


def _total(wells: pd.DataFrame, name: str) -> str:
    return count(_sum(wells, name)) if len(wells) else number_format.UNKNOWN


def _density(wells: pd.DataFrame) -> float | None:
    area = _sum(wells, "imaged_area_mm2")
    return float(wells["n_osteoclasts"].sum()) / area if area else None

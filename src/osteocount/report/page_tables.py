"""The tables of the page, ready to print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import BaseModel

from osteocount.columns import (
    ARM,
    COMPARISONS,
    PLATE_QUALITY,
    REPORT_ARMS,
    REPORT_COMPARISONS,
    REPORT_PLATES,
    REPORT_WELLS,
    REPORT_WELLS_MAIN,
    UNKNOWN,
    WELLS,
    Column,
)
from osteocount.io.run_record import FieldRecord
from osteocount.plate.plate_quality import plate_quality
from osteocount.report import sentences
from osteocount.report.number_format import WRITERS, is_known, plural, rounded, whole_number
from osteocount.report.results import Results
from osteocount.sample_words import PLURALS
from osteocount.settings import Settings, unit_of
from osteocount.stats.arms import arm_names
from osteocount.stats.endpoints import TITLES
from osteocount.stats.plain_words import contrast_name, endpoint_name, in_words
from osteocount.stats.sentences import REFUSED, contrast_result, number

if TYPE_CHECKING:
    from osteocount.stats import Comparison

MAX_PICTURE_ROWS = 400  # more than one field in each well of a 384-well plate; run.json has them all

_WELL_COLUMNS = {**WELLS.by_name, ARM.name: ARM}


@dataclass(frozen=True)
class PageTable:
    """Headings and rows of text; ``numeric`` marks the columns set flush right, ``bad`` the rows to stand out.

    ``places`` names the well of every row where rows are wells.
    """

    headings: list[str]
    rows: list[list[str]]
    numeric: list[bool]
    bad: list[bool]
    places: tuple[str, ...] = ()


def arm_of_wells(wells: pd.DataFrame) -> pd.Series:
    """Name the arm of every well; empty without a layout."""
    return arm_names(wells) if "treatment" in wells else pd.Series("", index=wells.index, dtype=object)


def total_text(results: Results) -> str:
    """Say what was counted: "12 osteoclasts in 3 counted wells"."""
    counted = results.counted_wells
    place = "counted well" if counted["well"].notna().any() else "picture"
    return f"{plural(int(counted['n_osteoclasts'].sum()), 'osteoclast')} in {plural(len(counted), place)}"


def flagged_cells(results: Results) -> list[str]:
    """Say how many cells carry which flag, and how many were left to the neighbouring field."""
    cells = results.cells
    flags = cells["flags"].dropna().str.split(";").explode() if "flags" in cells else pd.Series(dtype=object)
    said = [
        f"{whole_number(number)} {str(flag).replace('_', ' ')}"
        for flag, number in flags.value_counts().sort_index().items()
    ]
    outside = int((~cells["counted"].astype(bool)).sum())
    return [*said, *([f"{whole_number(outside)} outside the counting frame, not counted"] if outside else [])]


def key_numbers(results: Results) -> list[tuple[str, str]]:
    """Sum the run up in a handful of numbers."""
    counted = results.counted_wells
    donors = counted["donor"].nunique() if "donor" in counted else 0
    shown = [
        (whole_number(counted["n_osteoclasts"].sum()), "osteoclasts"),
        (_total(counted, "n_trap_positive"), "TRAP-positive cells"),
        (_total(counted, "n_nuclei"), "nuclei in them"),
        (f"{len(counted)} of {len(results.wells)}", f"{PLURALS[results.sample_word]} counted"),
        (whole_number(len(results.run.inputs)), "picture" if len(results.run.inputs) == 1 else "pictures"),
    ]
    return [*shown, (whole_number(donors), "donor" if donors == 1 else "donors")] if donors else shown


def arm_order(results: Results, arms: pd.Series, comparison: Comparison | None) -> list[str]:
    """Return every arm in the one order of the page: that of the comparison, then those that are in none."""
    compared: list[str] = []
    if comparison is not None:
        compared = comparison.arm_order
    elif results.comparisons is not None:
        tested = results.comparisons[results.comparisons["kind"] == "arm"]
        compared = [str(arm) for arm in dict.fromkeys([*tested["reference"].dropna(), *tested["contrast"]])]
    return list(dict.fromkeys([*compared, *(str(arm) for arm in arms if arm != "")]))


def arm_table(results: Results, arms: pd.Series, order: Sequence[str]) -> PageTable | None:
    """Per arm: how much was looked at and what was found, summed over wells; None without arms."""
    counted = results.counted_wells
    named = arms.loc[counted.index]
    columns = [WELLS.by_name[name] for name in REPORT_ARMS]
    rows = []
    for arm, wells in sorted(counted[named != ""].groupby(named[named != ""]), key=lambda group: order.index(group[0])):
        donors = whole_number(wells["donor"].nunique()) if "donor" in wells else UNKNOWN
        numbers = [WRITERS[column.style](_over_wells(wells, column.name)) for column in columns]
        rows.append([str(arm), donors, whole_number(len(wells)), *numbers])
    headings = [
        ARM.heading,
        "Donors",
        PLURALS[results.sample_word].capitalize(),
        *(column.heading for column in columns),
    ]
    return PageTable(headings, rows, [n > 0 for n in range(len(headings))], [False] * len(rows)) if rows else None


def contrasts(table: pd.DataFrame | None, primary: str) -> list[dict[str, Any]]:
    """Contrasts in words, grouped by endpoint, the primary one first."""
    if table is None:
        return []
    groups = []
    for endpoint, rows in table.groupby("endpoint", sort=False):
        name = endpoint_name(str(endpoint))
        said = _without_repetition([_contrast(row) for _, row in rows.iterrows()])
        groups.append({"endpoint": name, "primary": endpoint == primary, "rows": said})
    return sorted(groups, key=lambda group: not group["primary"])


def _without_repetition(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Keep a reason that all rows share for the last of them."""
    if len({row["reason"] for row in rows}) > 1:
        return rows
    return [row | {"reason": ""} for row in rows[:-1]] + rows[-1:]


def endpoint_matrix(table: pd.DataFrame | None, primary: str) -> dict[str, Any] | None:
    """Contrasts by endpoints: estimate and verdict of each, to see at a glance what moved together."""
    if table is None or table.empty:
        return None
    shown = table[table["kind"].isin(sentences.ANSWERS)]
    endpoints = sorted(shown["endpoint"].unique(), key=lambda endpoint: endpoint != primary)
    cells = {(row["endpoint"], row["contrast"]): row for _, row in shown.iterrows()}
    rows = [
        {"contrast": contrast_name(name), "cells": [_matrix_cell(cells.get((one, name))) for one in endpoints]}
        for name in shown["contrast"].unique()
    ]
    return {"endpoints": [endpoint_name(name) for name in endpoints], "rows": rows}


def _matrix_cell(row: pd.Series | None) -> dict[str, str]:
    if row is None or not is_known(row["estimate"]):
        return {"estimate": UNKNOWN, "verdict": str(row["verdict"]) if row is not None else ""}
    sign = {"identity": "", "logit": "odds\u00a0×\u00a0"}.get(str(row["link"]), "×\u00a0")  # in one line
    return {"estimate": f"{sign}{number(row['estimate'])}", "verdict": str(row["verdict"])}


def _contrast(row: pd.Series) -> dict[str, str]:
    """Split the sentence of a contrast into its name and the rest, and put what belongs beside it."""
    values = {str(key): value if is_known(value) else None for key, value in row.items()}
    texts = {key: "" for key in ("reason", "unit", "kind", "link", "verdict") if values.get(key) is None}
    gaps = {key: float("nan") for key in ("estimate", "ci_low", "ci_high") if values[key] is None}
    said = contrast_result({**values, **texts, **gaps})
    refused = values["verdict"] == REFUSED
    return {
        "contrast": contrast_name(str(values["contrast"])),
        "said": said.removesuffix(f", {values['verdict']}").removeprefix("refused. "),  # the verdict stands beside it
        "verdict": str(values["verdict"] or "no verdict"),
        "p": sentences.p_values_text(row),
        "reason": "" if refused else in_words(str(values["reason"] or "")),
    }


def comparison_table(table: pd.DataFrame | None) -> PageTable | None:
    """Every endpoint and contrast in numbers; the notes stand in words above."""
    if table is None or table.empty:
        return None
    shown = [COMPARISONS.by_name[name] for name in REPORT_COMPARISONS if name in table]
    said = table.assign(endpoint=table["endpoint"].map(endpoint_name), contrast=table["contrast"].map(contrast_name))
    return _table(said, shown, [False] * len(table))


def endpoint_formulas(results: Results) -> list[tuple[str, str]]:
    """Say of every endpoint that was compared what it is and on which scale; without a comparison, of those known."""
    table = results.comparisons
    blind = all(entry.nuclei_resolved is False for entry in results.run.inputs)
    known = [name for name in TITLES if not (blind and ("nuclei" in TITLES[name].formula))]
    compared = list(table["endpoint"].unique()) if table is not None and not table.empty else known
    other = "a column of the layout or of a reader's export, mean of the wells of a donor and arm"
    return [(endpoint_name(name), TITLES[name].formula if name in TITLES else other) for name in compared]


def wells_tables(wells: pd.DataFrame, arms: pd.Series) -> dict[str, PageTable]:
    """Every well twice: ``main`` with what one reads first, ``all`` with every column that holds anything."""
    table = wells.assign(arm=arms.where(arms != "", pd.NA))
    filled = [name for name in table.columns if table[name].notna().any()]
    main = [name for name in REPORT_WELLS_MAIN if name in filled]
    if wells["plate"].nunique() < 2 and "plate" in main:
        main.remove("plate")
    first = [name for name in REPORT_WELLS if name in filled]
    bad = list(~table["status"].isin(["ok", "excluded"]))
    both = {"main": main, "all": [*first, *(name for name in filled if name not in first)]}
    places = tuple(sentences.well_name(row) for _, row in wells.iterrows())
    return {
        key: replace(_table(table, [_well_column(name) for name in names], bad), places=places)
        for key, names in both.items()
    }


def _well_column(name: str) -> Column:
    """Return the column of this name; further ones of the layout are written as they are."""
    return _WELL_COLUMNS.get(name) or Column(name, "str", "")


def quality_table(wells: pd.DataFrame) -> PageTable | None:
    """Return what is known of every plate and measure, None without a layout."""
    quality = plate_quality(wells)
    if quality.empty:
        return None
    texts = {name: [_quality_text(row, name) for _, row in quality.iterrows()] for name in REPORT_PLATES}
    shown = {name: column for name, column in texts.items() if any(column)}
    headings = [REPORT_PLATES[name] for name in shown]
    rows = [list(row) for row in zip(*shown.values(), strict=True)]
    numeric = [PLATE_QUALITY.by_name[name].dtype != "str" for name in shown]
    return PageTable(headings, rows, numeric, [False] * len(rows))


def _quality_text(row: pd.Series, name: str) -> str:
    """Write a value, with its interval or that of the other controls beside it; text that is missing is empty."""
    column = PLATE_QUALITY.by_name[name]
    write = WRITERS[column.style]
    if name == "measure" and row[name] in WELLS.by_name:
        return WELLS.by_name[row[name]].heading
    if column.dtype == "str":
        return write(row[name]) if is_known(row[name]) else ""
    if "positive" in name:
        return f"{write(row[name])} / {write(row[name.replace('positive', 'negative')])}"
    if f"{name}_low" in row and is_known(row[name]):
        return f"{write(row[name])} ({write(row[f'{name}_low'])} to {write(row[f'{name}_high'])})"
    return write(row[name])


def _table(frame: pd.DataFrame, shown: list[Column], bad: list[bool]) -> PageTable:
    names = [column.name for column in shown]
    writers = [WRITERS[column.style] for column in shown]
    values = frame[names].itertuples(index=False)
    rows = [[write(value) for write, value in zip(writers, row, strict=True)] for row in values]
    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in names]
    return PageTable([column.heading for column in shown], rows, numeric, bad)


def median_seconds(inputs: Sequence[FieldRecord]) -> float | None:
    """Return the median time of a picture, where it was recorded."""
    seconds = [entry.seconds for entry in inputs if entry.seconds is not None]
    return median(seconds) if seconds else None


def pictures(inputs: Sequence[FieldRecord]) -> dict[str, Any]:
    """List what is known of every picture, up to ``MAX_PICTURE_ROWS``."""
    rows = [
        {
            "image": entry.image,
            "well": " ".join(filter(None, [entry.plate, entry.well])) or UNKNOWN,
            "axes": entry.axes or UNKNOWN,
            "pixel": rounded(entry.pixel_size_um),
            "origin": entry.pixel_size_origin,
            "regime": (entry.regime or UNKNOWN).replace("_", " "),
            "nuclei": {True: "yes", False: "no", None: UNKNOWN}[entry.nuclei_resolved],
            "hash": " ".join(entry.sha256),
            "seconds": rounded(entry.seconds, 2),
            "record": "; ".join(f"{key}: {value}" for key, value in entry.record.items()),
        }
        for entry in inputs[:MAX_PICTURE_ROWS]
    ]
    return {"rows": rows, "left_out": max(0, len(inputs) - MAX_PICTURE_ROWS)}


def _sum(wells: pd.DataFrame, name: str) -> float | None:
    """Sum of a column, unknown as soon as one value is."""
    return float(wells[name].sum()) if name in wells and wells[name].notna().all() else None


def _total(wells: pd.DataFrame, name: str) -> str:
    return whole_number(_sum(wells, name)) if len(wells) else UNKNOWN


def _over_wells(wells: pd.DataFrame, name: str) -> float | None:
    """Return the density of all wells together, or the sum of another column."""
    if name != "osteoclast_density_per_mm2":
        return _sum(wells, name)
    area = _sum(wells, "imaged_area_mm2")
    return float(wells["n_osteoclasts"].sum()) / area if area else None


@dataclass(frozen=True)
class SettingRow:
    """One setting as used; ``default`` is empty for a setting this version does not know."""

    group: str
    title: str
    key: str
    value: str
    default: str
    changed: bool
    help: str


def setting_rows(used: dict[str, Any]) -> list[SettingRow]:
    """List every recorded setting, in the order of the settings model, unknown ones last."""
    rows: list[SettingRow] = []
    for group, field in Settings.model_fields.items():
        recorded = used.get(group)
        if isinstance(recorded, dict) and isinstance(field.default, BaseModel):
            rows += _rows(recorded, field.default, field.title or group, group)
    unknown = {key: value for key, value in used.items() if key not in Settings.model_fields}
    return rows + [SettingRow("Other", key, key, setting_text(value), "", True, "") for key, value in unknown.items()]


def _rows(recorded: dict[str, Any], defaults: BaseModel, group: str, prefix: str) -> Iterator[SettingRow]:
    fields = type(defaults).model_fields
    for name, value in recorded.items():
        key = f"{prefix}.{name}"
        if name not in fields:
            yield SettingRow(group, name, key, setting_text(value), "", True, "Not a setting of this version.")
            continue
        default = defaults.model_dump(mode="json")[name]
        unit = f" {unit_of(fields[name])}" if unit_of(fields[name]) and value is not None else ""
        shown = setting_text(default)
        yield SettingRow(
            group, fields[name].title or name, key, setting_text(value) + unit, shown, value != default,
            fields[name].description or "",
        )  # fmt: skip


def setting_text(value: Any) -> str:
    """Write the value of a setting."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(setting_text(item) for item in value) or UNKNOWN
    return str(value)

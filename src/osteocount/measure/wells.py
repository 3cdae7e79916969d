"""Cells of all fields of a well to the numbers of one well."""

from __future__ import annotations

import pandas as pd

from osteocount.columns import WELL_NUMBERS, names_of
from osteocount.measure.cells import BORDERLINE

MM2_PER_UM2 = 1e-6


def summarise(cells: pd.DataFrame, fields: pd.DataFrame, min_nuclei: int) -> dict[str, int | float | None]:
    """Numbers of one well (or of one picture).

    Parameters
    ----------
    cells
        Rows of the cells table that belong to the well.
    fields
        One row per analysed picture: ``area_px`` in which cells are counted, ``analysed_px``, ``pixel_size_um`` (empty
        when unknown), ``nuclei_resolved``, and ``guarded``: cells are counted by one point.
    min_nuclei
        Nuclei that make an osteoclast.

    Returns
    -------
    dict
        A value for each of `osteocount.columns.WELL_NUMBERS`; None where it is unknown. Counts are of cells inside the
        counting frame. The area fraction takes the whole of every counted osteoclast where cells are counted by one
        point, which is unbiased; else every osteoclast pixel, since all of them lie in the imaged area. The fusion
        index is nuclei in osteoclasts ÷ nuclei of all TRAP-positive cells.
    """
    counted = cells[cells["counted"]]
    osteoclasts = counted[counted["is_osteoclast"]]
    area_px, analysed_px = int(fields["area_px"].sum()), int(fields["analysed_px"].sum())
    covering = osteoclasts if bool(fields["guarded"].any()) else cells[cells["is_osteoclast"]]
    osteoclast_px = min(int(covering["area_px"].sum()), area_px)
    known_scale = bool(fields["pixel_size_um"].notna().all()) and area_px > 0
    area_mm2 = float((fields["area_px"] * fields["pixel_size_um"] ** 2).sum()) * MM2_PER_UM2 if known_scale else None
    resolved = bool(fields["nuclei_resolved"].all())
    return dict.fromkeys(names_of(WELL_NUMBERS)) | {
        "n_fields": len(fields),
        "imaged_area_mm2": area_mm2,
        "n_osteoclasts": len(osteoclasts),
        "osteoclast_density_per_mm2": len(osteoclasts) / area_mm2 if area_mm2 else None,
        "osteoclast_area_fraction": osteoclast_px / area_px if area_px else None,
        "n_trap_positive": len(counted),
        "guard_zone_share": 1 - area_px / analysed_px if analysed_px else None,
        "imaged_area_px": area_px,
        "osteoclast_area_px": osteoclast_px,
        "osteoclast_area_mean_um2": _or_none(osteoclasts["area_um2"].mean()) if known_scale else None,
        **(_nuclei_numbers(counted, osteoclasts, min_nuclei) if resolved else {}),
    }


def _nuclei_numbers(counted: pd.DataFrame, osteoclasts: pd.DataFrame, min_nuclei: int) -> dict[str, int | float | None]:
    nuclei = counted["n_nuclei"].astype("Int64")
    hidden = int(osteoclasts["n_nuclei"].isna().sum())  # called osteoclasts: min_nuclei or more, and at least 2
    in_osteoclasts = int(osteoclasts["n_nuclei"].sum())
    total = int(nuclei.sum())
    return {
        "n_osteoclasts_ge2": int((nuclei >= 2).sum()) + hidden,
        "n_osteoclasts_ge4": int((nuclei >= 4).sum()) + (hidden if min_nuclei >= 4 else 0),
        "nuclei_per_osteoclast_mean": _or_none(osteoclasts["n_nuclei"].astype(float).mean()),
        "nuclei_per_osteoclast_median": _or_none(osteoclasts["n_nuclei"].astype(float).median()),
        "fusion_index": in_osteoclasts / total if total else None,
        "n_nuclei": total,
        "n_borderline": _n_with(BORDERLINE, counted["flags"]),
        "n_nuclei_in_osteoclasts": in_osteoclasts,
    }


def _n_with(word: str, flags: pd.Series[str]) -> int:
    """Count the rows flagged with ``word``; the same flags come many times, so they are looked at once."""
    return sum(n for words, n in flags.astype(str).value_counts().items() if word in str(words).split(";"))


def _or_none(value: float) -> float | None:
    return None if pd.isna(value) else float(value)

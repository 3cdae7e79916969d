"""All results in one Excel workbook, for people who live there."""

from __future__ import annotations

import pandas as pd

from osteocount.columns import CELLS_SUMMARY, NUCLEI_CLASSES
from osteocount.plate.plate_quality import plate_quality
from osteocount.settings import Settings, help_text
from osteocount.version import __version__

README = (
    ("wells", "One row per well: what happened to it and its numbers. The same as wells.csv."),
    ("cells summary", "Per well: how many counted TRAP-positive cells have how many nuclei, and how large they are."),
    ("plates", "Per plate and measure: how well its controls are told apart (Z′, SSMD), edge, rows and columns."),
    ("comparisons", "One row per endpoint and contrast. The same as comparisons.csv; empty without a layout."),
    ("settings", "Every setting of this run, with its meaning."),
    ("empty cells", "A value that is not known is empty, never 0."),
    ("every cell", "cells.csv and nuclei.csv hold every single cell and nucleus; Excel would be too slow for them."),
    ("made by", f"OsteoCount {__version__}"),
)


def workbook(
    wells: pd.DataFrame, cells: pd.DataFrame, comparisons: pd.DataFrame, settings: Settings
) -> dict[str, pd.DataFrame]:
    """Return the sheets of ``results.xlsx`` by title."""
    return {
        "readme": pd.DataFrame(README, columns=["what", "meaning"]),
        "wells": wells,
        "cells summary": cells_summary(cells),
        "plates": plate_quality(wells),
        "comparisons": comparisons,
        "settings": _settings(settings),
    }


def cells_summary(cells: pd.DataFrame) -> pd.DataFrame:
    """Count the cells of every well by their number of nuclei: the columns of `CELLS_SUMMARY`.

    Cells whose nuclei are not resolved have a column of their own and are in no class.
    """
    rows = []
    for (plate, well), own in cells[cells["counted"].astype(bool)].groupby(["plate", "well"], sort=True, dropna=False):
        nuclei, area = own["n_nuclei"], own["area_um2"]
        classes = [int(nuclei.between(*interval).sum()) for interval in NUCLEI_CLASSES.values()]
        unclassed = int((nuclei == 0).sum()), int(nuclei.isna().sum())
        values = (plate, well, len(own), *classes, *unclassed, area.quantile(0.5), area.quantile(0.9))
        rows.append(dict(zip(CELLS_SUMMARY.names, values, strict=True)))
    return pd.DataFrame(rows)


def _settings(settings: Settings) -> pd.DataFrame:
    rows = []
    for section in type(settings).model_fields:
        values = getattr(settings, section)
        for name, info in type(values).model_fields.items():
            value = values.model_dump(mode="json")[name]
            text = "; ".join(map(str, value)) if isinstance(value, list) else value
            rows.append((section, name, text, help_text(info)))
    return pd.DataFrame(rows, columns=["section", "setting", "value", "meaning"])

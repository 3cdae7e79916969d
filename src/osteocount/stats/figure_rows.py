"""What the figures of a comparison draw: the rows of an endpoint, and its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osteocount.errors import OsteoCountError
from osteocount.stats.figure_style import plain

if TYPE_CHECKING:
    import pandas as pd

    from osteocount.stats.comparison import Comparison

TITLES = {
    "osteoclast_count": "Osteoclasts",
    "osteoclast_count_ge2": "Cells with ≥ 2 nuclei",
    "osteoclast_count_ge4": "Cells with ≥ 4 nuclei",
    "osteoclast_area_fraction": "Osteoclast area ÷ imaged area",
    "fusion_index": "Fusion index",
    "nuclei_per_osteoclast": "Nuclei per osteoclast",
    "osteoclast_area": "Mean osteoclast area",
}


def rows_of(comparison: Comparison, endpoint: str) -> pd.DataFrame:
    """Return the rows of the comparison table of one endpoint.

    Raises
    ------
    OsteoCountError
        The comparison has no such endpoint.
    """
    rows = comparison.table[comparison.table["endpoint"] == endpoint]
    if rows.empty:
        known = ", ".join(comparison.table["endpoint"].unique())
        raise OsteoCountError(f"No endpoint '{endpoint}' in this comparison. It has: {known}.")
    return rows


def title_of(endpoint: str) -> str:
    """Return what an axis calls an endpoint."""
    return TITLES.get(endpoint) or plain(endpoint)

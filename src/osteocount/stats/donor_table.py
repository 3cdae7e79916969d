"""Donor × arm values as Prism and papers want them: one column per arm, one row per donor."""

from __future__ import annotations

import pandas as pd

from osteocount.columns import DONOR_VALUES
from osteocount.stats.comparison import Comparison


def donor_table(comparison: Comparison) -> pd.DataFrame:
    """Return the pooled value of every donor in every arm.

    Returns
    -------
    DataFrame
        One row per endpoint and donor, the primary endpoint first: ``endpoint, unit, donor``, then one column per arm,
        each control before its arms. A donor without an arm has none there. The rows of one endpoint and the columns of
        the arms are what Prism takes as a grouped or column table, and pairs by row.
    """
    arms = comparison.arm_order
    parts = []
    for endpoint, own in comparison.donor_values.groupby("endpoint", sort=False):
        wide = own.pivot_table(index="donor", columns="arm", values="value", sort=True).reindex(columns=arms)
        unit = str(comparison.table.loc[comparison.table["endpoint"] == endpoint, "unit"].iloc[0])
        head = pd.DataFrame({"endpoint": endpoint, "unit": unit, "donor": wide.index})
        parts.append(pd.concat([head, wide.reset_index(drop=True)], axis=1))
    table = pd.concat(parts, ignore_index=True)
    assert tuple(table.columns[:3]) == DONOR_VALUES.names[:3]  # noqa: S101 - the file and its documentation are one
    return table

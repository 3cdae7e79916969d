"""The order in which a person should look at cells: uncertain ones first (uncertainty sampling)."""

from __future__ import annotations

import pandas as pd

from osteocount.measure.cells import BORDERLINE


def most_uncertain_first(cells: pd.DataFrame) -> list[int]:
    """Return the cells nobody has touched yet, most uncertain first.

    Borderline cells come first, then those with another flag, then the others; within each by the program's
    confidence, lowest first.

    Parameters
    ----------
    cells
        Rows of ``cells.csv`` of one picture.
    """
    waiting = cells[(cells["source"] == "automatic") & cells["counted"].astype(bool)]
    flags = waiting["flags"].fillna("").astype(str)
    rank = flags.map(lambda text: 0 if BORDERLINE in text.split(";") else 1 if text else 2)
    confidence = pd.to_numeric(waiting["confidence"]).fillna(0.5)
    order = pd.DataFrame({"rank": rank, "confidence": confidence, "cell_id": waiting["cell_id"].astype(int)})
    return [int(cell) for cell in order.sort_values(["rank", "confidence", "cell_id"])["cell_id"]]

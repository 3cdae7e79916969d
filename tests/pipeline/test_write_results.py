"""The workbook counts cells by their nuclei, those without any and those that cannot be told apart."""

import pandas as pd

from osteocount.columns import CELLS_SUMMARY
from osteocount.pipeline.write_results import cells_summary


def test_cells_of_a_well_are_counted_by_their_nuclei():
    cells = pd.DataFrame(
        {
            "plate": "P1",
            "well": ["A01"] * 6 + ["A02"],
            "counted": [True] * 5 + [False, True],
            "n_nuclei": pd.array([0, 1, 3, 5, 11, 4, None], dtype="Int64"),
            "area_um2": [1.0, 2.0, 3.0, 4.0, 5.0, 600.0, 7.0],
        }
    )
    summary = cells_summary(cells)
    assert tuple(summary.columns) == CELLS_SUMMARY.names
    first, second = summary.to_dict("records")
    assert first == dict(zip(CELLS_SUMMARY.names, ("P1", "A01", 5, 1, 0, 2, 0, 1, 1, 0, 3.0, 4.6), strict=True))
    assert second["cells with nuclei not resolved"] == 1

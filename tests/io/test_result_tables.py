"""Tables of a result folder that hold what they cannot are refused by line, column and value."""

from __future__ import annotations

import pandas as pd
import pytest

from osteocount.columns import CELLS, COMPARISONS, WELLS
from osteocount.errors import OsteoCountError
from osteocount.io.result_tables import changed_tables, check_values
from osteocount.io.run_record import RunRecord


@pytest.mark.parametrize(
    ("known", "column", "values", "shown"),
    [
        (WELLS, "n_osteoclasts", [3, "many"], "'many'"),
        (WELLS, "n_osteoclasts", [3, -1], "'-1'"),
        (WELLS, "n_osteoclasts", [3, float("inf")], "'inf'"),
        (WELLS, "n_osteoclasts", [3, 2.5], "'2.5'"),
        (WELLS, "imaged_area_mm2", [1.5, -0.5], "'-0.5'"),
        (WELLS, "imaged_area_mm2", [1.5, float("inf")], "'inf'"),
        (WELLS, "fusion_index", [0.5, "0,5"], "'0,5'"),
        (CELLS, "is_osteoclast", ["WAHR", "FALSCH"], "'WAHR'"),
        (CELLS, "is_osteoclast", [True, None], "'None'"),
        (CELLS, "counted", ["yes", "no"], "'yes'"),
        (CELLS, "n_nuclei", [3, -5], "'-5'"),
        (CELLS, "area_um2", [3.0, -5.0], "'-5.0'"),
        (COMPARISONS, "estimate", [1.5, "x"], "'x'"),
        (COMPARISONS, "n_donors", [3, -3], "'-3'"),
    ],
)
def test_what_cannot_be_is_refused(known, column, values, shown):
    line = 2 if shown in ("'WAHR'", "'yes'") else 3
    with pytest.raises(OsteoCountError, match=f"{known.file}, line {line}: {shown} is impossible as {column}"):
        check_values(pd.DataFrame({column: values}), known)


def test_what_can_be_is_taken():
    check_values(pd.DataFrame({"n_osteoclasts": [0, None], "imaged_area_mm2": [0.0, None], "own": ["x", -1]}), WELLS)
    check_values(pd.DataFrame({"is_osteoclast": [True, False], "counted": [1, 0], "plate": ["x", None]}), CELLS)
    check_values(pd.DataFrame({"estimate": [-1.5, float("inf")], "n_donors": [3, None]}), COMPARISONS)
    check_values(pd.DataFrame(columns=["is_osteoclast", "n_nuclei"]), CELLS)


def test_no_file_outside_the_folder_is_looked_at(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "secret").write_text("x")
    assert changed_tables(tmp_path / "out", RunRecord(results={"../secret": "0" * 64, "gone.csv": "0" * 64})) == []

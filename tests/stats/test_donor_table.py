"""Donor × arm values for Prism: one column per arm, one row per donor."""

import pandas as pd

from osteocount.stats import compare
from support.well_tables import COUNTS, table


def test_one_row_per_donor_and_one_column_per_arm():
    frame = table(COUNTS).assign(fusion_index=0.5)
    found = compare(frame, control="vehicle").donor_table()
    assert list(found.columns) == ["endpoint", "unit", "donor", "vehicle", "IL32", "RANKL"]
    counts = found[found["endpoint"] == "osteoclast_count"].set_index("donor")
    assert counts["unit"].eq("per mm²").all()
    assert counts.loc["D2"].tolist()[2:] == [38 / 4, 72 / 4, 136 / 4]
    assert (found.loc[found["endpoint"] == "fusion_index", ["vehicle", "IL32", "RANKL"]] == 0.5).all(axis=None)


def test_an_arm_that_a_donor_lacks_is_empty_and_plates_are_pooled():
    again = table().query("treatment == 'vehicle'").assign(plate=lambda t: "second " + t["plate"], count=40)
    frame = pd.concat([table()[2:], again])
    counts = compare(frame, control="vehicle").donor_table().set_index("donor")
    assert counts.loc["D1", "vehicle"] == 80 / 4
    assert counts.loc["D2", "vehicle"] == (38 + 80) / 8
    without = compare(table()[2:], control="vehicle").donor_table().set_index("donor")
    assert without["vehicle"].isna().tolist() == [True, False, False]

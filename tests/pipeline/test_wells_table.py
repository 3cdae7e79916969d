"""Wells that quality control flags: marked, and left out only when a setting says so."""

import pandas as pd

from osteocount.io.run_record import FieldRecord
from osteocount.pipeline.wells_table import exclude_flagged, wells_table
from osteocount.wells import LEFT_OUT_ROLES


def record(well, flags, reasons):
    """Return a finished field of a well."""
    return FieldRecord(
        key=well, plate="P", well=well, field="1", image=f"{well}.tif", status="ok", reason="", area_px=100,
        pixel_size_um=1.0, nuclei_resolved=True, qc={"qc_focus": 0.1}, qc_flags=flags, qc_reasons=reasons,
    )  # fmt: skip


def wells():
    """Return two wells, the second out of focus."""
    types = {"image": str, "flags": str, "is_osteoclast": bool, "counted": bool}
    names = ["n_nuclei", "n_nuclei_low", "n_nuclei_high", "area_px", "area_um2"]
    cells = pd.DataFrame({name: pd.Series(dtype=types.get(name, float)) for name in [*types, *names]})
    layout = pd.DataFrame(
        {"plate": "P", "well": ["A01", "A02"], "treatment": "drug", "role": "treatment", "exclude_reason": ""}
    )
    reasons = ["Out of focus: fine detail is 0.10 of the coarse, below 0.11."]
    return wells_table([record("A01", [], []), record("A02", ["out_of_focus"], reasons)], cells, layout)


def test_a_flagged_well_keeps_its_numbers_and_says_why():
    table = wells()
    assert table["status"].tolist() == ["ok", "ok"]
    assert table["qc_flags"].tolist() == ["", "out_of_focus"]
    assert table["qc_reasons"].tolist() == ["", "Out of focus: fine detail is 0.10 of the coarse, below 0.11."]
    assert exclude_flagged(table, ()).equals(table)
    assert exclude_flagged(table, ("debris",)).equals(table)


def test_an_explicit_setting_leaves_flagged_wells_out_of_the_comparison():
    table = exclude_flagged(wells(), ("out_of_focus",))
    assert table["status"].tolist() == ["ok", "excluded"]
    assert table["role"].tolist() == ["treatment", "excluded"]
    assert "excluded" in LEFT_OUT_ROLES
    assert table["status_reason"].tolist()[1] == "Left out by the setting exclude_flags: out_of_focus"
    assert table["n_osteoclasts"].tolist() == [0, 0]

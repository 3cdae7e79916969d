"""Wells that quality control flags: marked, and left out only when a setting says so."""

import pandas as pd

from osteocount.io.run_record import FieldRecord
from osteocount.pipeline.wells_table import exclude_flagged, part_regimes, wells_table
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
    return wells_table([record("A01", [], []), record("A02", ["out_of_focus"], reasons)], cells, layout, 3)


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


def of_regimes(*regimes, is_compared=True):
    records = [replace(n, regime) for n, regime in enumerate(regimes)]
    table = pd.DataFrame({
        "plate": "", "well": [record.well for record in records], "image": "", "status": "ok", "status_reason": "",
        "role": "treatment", "exclude_reason": "", "qc_flags": "debris",
    })  # fmt: skip
    return part_regimes(table, records, is_compared=is_compared)


def replace(number, regime):
    return record(f"A{number:02d}", [], []).model_copy(update={"regime": regime, "plate": ""})


def test_wells_of_another_regime_are_flagged_and_not_compared():
    table, said = of_regimes("brightfield", "low_power", "brightfield")
    assert table["status"].tolist() == ["ok", "excluded", "ok"]
    assert table["qc_flags"].tolist() == ["debris", "debris;other_regime", "debris"]
    assert table["exclude_reason"].tolist()[1] == "Left out: analysed as low power, the others as brightfield."
    assert said == (
        "1 of 3 are analysed as low power, the others as brightfield (A01): osteoclasts are not called alike there, so "
        "they are left out of the comparison. Give --pixel-size, or --regime for all.",
    )


def test_without_a_comparison_such_wells_are_only_flagged():
    table, said = of_regimes("brightfield", "low_power", is_compared=False)
    assert table["status"].tolist() == ["ok", "ok"]
    assert (table["qc_flags"].str.contains("other_regime")).sum() == 1
    assert "left out" not in said[0]


def test_wells_of_one_regime_are_left_alone():
    table, said = of_regimes("low_power", "low_power")
    assert table["status"].tolist() == ["ok", "ok"]
    assert said == ()

"""A malformed table gets one message that names line, column and cure."""

import numpy as np
import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.stats import compare
from support.well_tables import COUNTS, table


def broken(**cells) -> pd.DataFrame:
    """Set single cells of the small table: column = (position, value)."""
    frame = table().astype(object)
    for column, (position, value) in cells.items():
        frame.loc[position, column] = value
    return frame


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (
            broken(count=(3, "many")),
            "line 5 (plate D1 D1), column 'count': 'many' is not a number; correct it, or leave it empty if unknown",
        ),
        (broken(count=(0, -4)), "line 2 (plate D1 A1), column 'count': -4 is negative, which it cannot be; correct it"),
        (
            broken(count=(0, 4.5)),
            "line 2 (plate D1 A1), column 'count': 4.5 is not a whole number; give the counted cells, "
            "not a mean or a density",
        ),
        (
            broken(area_mm2=(1, 0)),
            "line 3 (plate D1 B1), column 'area_mm2': 0 is not an area; the imaged area must be above 0",
        ),
        (
            broken(area_mm2=(1, "?")),
            "line 3 (plate D1 B1), column 'area_mm2': '?' is not a number; give the imaged area",
        ),
        (
            broken(area_mm2=(1, None)),
            "line 3 (plate D1 B1), column 'area_mm2': no imaged area; fill it in, a count without its area has no rate",
        ),
        (
            broken(well=(1, "A01")),
            "line 3 (plate D1 A01), column 'well': the same well is also on line 2; keep one row per well",
        ),
        (
            broken(donor=(4, " ")),
            "line 6 (plate D1 E1), column 'donor': no donor; fill it in, or give the well the role 'excluded'",
        ),
        (broken(dose=(2, "high")), "line 4 (plate D1 C1), column 'dose': 'high' is not a number"),
        (broken(count=(2, "NaN")), "line 4 (plate D1 C1), column 'count': 'NaN' is not a number; correct it, or leave"),
        (
            broken(count=(2, np.inf)),
            "line 4 (plate D1 C1), column 'count': 'inf' is not a number; correct it, or leave",
        ),
        (broken(count=(2, "1e300")), "line 4 (plate D1 C1), column 'count': 1e300 is too large to be true; correct it"),
        (broken(area_mm2=(2, "2,5")), "line 4 (plate D1 C1), column 'area_mm2': '2,5' has a decimal comma; write 2.5"),
        (
            broken(fusion_index=(2, 35)),
            "line 4 (plate D1 C1), column 'fusion_index': 35 is not a share between 0 and 1; divide a "
            "percentage by 100",
        ),
        (
            broken(n_osteoclasts_ge2=(2, 1.5)),
            "line 4 (plate D1 C1), column 'n_osteoclasts_ge2': 1.5 is not a whole number; give the counted cells",
        ),
        (
            broken(osteoclast_area_mean_um2=(2, 0)),
            "line 4 (plate D1 C1), column 'osteoclast_area_mean_um2': 0 is no mean over the osteoclasts of this well; "
            "correct it, or leave it empty if unknown",
        ),
    ],
)
def test_a_bad_cell_is_named(frame, said):
    with pytest.raises(OsteoCountError) as error:
        compare(frame, control="vehicle")
    assert said in str(error.value)
    assert str(error.value).startswith("The table cannot be compared:\n  - line ")


def test_the_same_complaint_about_many_lines_is_one():
    frame = table().assign(donor=lambda t: t["donor"].where(t.index % 2 == 0, ""))
    with pytest.raises(OsteoCountError) as error:
        compare(frame, control="vehicle")
    assert str(error.value) == (
        "The table cannot be compared:\n  - line 3 (plate D1 B1), line 5 (plate D1 D1), line 7 (plate D1 F1), "
        "line 9 (plate D2 B1), line 11 (plate D2 D1), line 13 (plate D2 F1) and 3 more lines, column 'donor': no "
        "donor; fill it in, or give the well the role 'excluded'"
    )


def test_r_and_spreadsheets_write_na_for_an_empty_cell():
    """A number that is NA is unknown; a donor that is NA is missing, not a donor of that name."""
    frame = broken(count=(2, "NA")).assign(dose="NA")
    assert (
        "1 well without a count left out of the counts: line 4 (plate D1 C1)."
        in compare(frame, control="vehicle").warnings
    )
    with pytest.raises(OsteoCountError, match="column 'donor': no donor"):
        compare(broken(donor=(2, "NA")), control="vehicle")


def test_a_well_without_a_count_needs_no_area():
    assert len(compare(broken(count=(2, None), area_mm2=(2, None)), control="vehicle").table) == 2


def test_headings_may_have_spaces_around_them():
    frame = table().rename(columns=lambda name: f" {name} ")
    pd.testing.assert_frame_equal(compare(frame, control="vehicle").table, compare(table(), control="vehicle").table)


def test_a_plate_of_two_days_has_each_well_twice():
    frame = pd.concat([table().assign(day=day, plate="P") for day in (7, 14)])
    frame["well"] = [f"{'ABCDEFGHIJKLMNOPQR'[i % 18]}1" for i in range(36)]
    assert compare(frame, control="vehicle").donor_values["n_wells"].eq(4).all()


def test_everything_wrong_is_said_at_once():
    with pytest.raises(OsteoCountError) as error:
        compare(broken(count=(0, "x"), area_mm2=(1, -1), donor=(2, "")), control="vehicle")
    assert str(error.value).count("\n  - ") == 3


@pytest.mark.parametrize(
    ("frame", "control", "said"),
    [
        (
            table(),
            "vehicel",
            "No arm is called 'vehicel'; did you mean 'vehicle'? The table holds: IL32, RANKL, vehicle.",
        ),
        (table(), "PBS", "No arm is called 'PBS'. The table holds: IL32, RANKL, vehicle."),
        (
            table(),
            None,
            "No control: no well has the role 'vehicle' or 'negative control', and none was named. Name the arm "
            "to compare with (--control); the table holds: IL32, RANKL, vehicle.",
        ),
        (
            table().drop(columns="donor"),
            "vehicle",
            "The table cannot be compared:\n  - no column 'donor' (the biological replicate: donor, animal or "
            "independent experiment. Wells are technical replicates, so without donors there is no comparison). "
            "Name it with --donor-column\nIt has the columns: plate, well, treatment, count, area_mm2. One row per "
            "well is needed.",
        ),
        (table()[:0], "vehicle", "The table has a heading but no rows. Give it one row per well."),
        (
            table().assign(extra=1).rename(columns={"extra": "count.1"}),
            "vehicle",
            "The table cannot be compared:\n  - two columns are called 'count'; keep one\nIt has the columns: ",
        ),
        (
            table().rename(columns={"donor": "Doner"}),
            "vehicle",
            "column 'Doner' looks like 'donor' (the biological replicate), which the table does not have: name it "
            "with --donor-column",
        ),
        (
            table().rename(columns={"plate": "plaet"}),
            "vehicle",
            "column 'plaet' looks like 'plate' (the plate), which the table does not have: name it with "
            "--plate-column, or rename it",
        ),
        (
            table().rename(columns={"plate": "Plate ID"}).assign(plate_no="1"),
            "vehicle",
            "columns 'Plate ID' and 'plate_no' could each be the plate; keep one, or name it with --plate-column",
        ),
        (
            table().assign(count=lambda t: np.where(t["treatment"] == "vehicle", 100, 150)),
            "vehicle",
            "The control is 100 in every donor: these look like percentages of the control, not counts.",
        ),
        (
            table().assign(
                count=lambda t: t["count"].where(
                    (t["treatment"] != "vehicle") | t.duplicated(["donor", "treatment"]), 100
                )
            ),
            "vehicle",
            "The first control well is 100 in every donor: these look like percentages of the control, not counts.",
        ),
        (  # of a single donor only where every control well is 100
            table({"D1": {"vehicle": (100, 100), "A": (150, 160)}}),
            "vehicle",
            "The control is 100 in every donor: these look like percentages of the control, not counts.",
        ),
        (  # two donors with a control well each
            table({"D1": {"vehicle": (100,), "A": (150, 160)}, "D2": {"vehicle": (100,), "A": (170, 160)}}),
            "vehicle",
            "The control is 100 in every donor: these look like percentages of the control, not counts.",
        ),
        (
            table({"D1": {"vehicle": (100, 90), "A": (150,)}, "D2": {"vehicle": (100, 99), "A": (160,)}}),
            "vehicle",
            "The first control well is 100 in every donor: these look like percentages of the control, not counts.",
        ),
        (
            table().rename(columns={"count": "Osteoclasts (%)"}),
            "vehicle",
            "Column 'Osteoclasts (%)' holds percentages, not counts.",
        ),
        (
            table().assign(area_mm2=[2.0] * 9 + [2e6] * 9),
            "vehicle",
            "line 2 (plate D1 A1), column 'area_mm2': areas from 2 to 2e+06 cannot be in one unit; give them all in "
            "mm², or write the unit behind each",
        ),
        (
            table().assign(rep1=1, rep2=2),
            "vehicle",
            "columns 'rep1' and 'rep2' look like the counts of single wells, beside 'count'; keep either",
        ),
        (
            broken(treatment=(2, "Mean")),
            "vehicle",
            "line 4 (plate D1 C1): the treatment or donor reads like a summary of wells",
        ),
        (table().assign(donor=""), "vehicle", "The donor column 'donor' is empty."),
        (table().drop(columns="count"), "vehicle", "no column 'n_osteoclasts' (osteoclasts per well)"),
        (
            table().query("treatment == 'vehicle'"),
            "vehicle",
            "Only one arm is left (vehicle): nothing to compare it with.",
        ),
        (
            table(role="blank"),
            "vehicle",
            "No well is left to compare. 18 wells with the role blank or excluded left out.",
        ),
        (table().assign(role=["vehicle"] * 4 + [""] * 14), None, "Several arms could be the control: IL32, vehicle."),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(frame, control, said):
    with pytest.raises(OsteoCountError) as error:
        compare(frame, control=control)
    assert said in str(error.value)


def test_where_every_well_has_failed_it_is_said():
    with pytest.raises(OsteoCountError, match=r"No well is left to compare.*the status is not 'ok'"):
        compare(table().assign(status="failed", role=""), control="vehicle")


def test_failed_blank_and_untreated_wells_are_left_out_and_named():
    frame = table().assign(status="ok", role="")
    frame.loc[0, ["status", "count"]] = ["failed: truncated file", None]
    frame.loc[2, "role"] = "blank"
    frame.loc[4, "treatment"] = ""
    frame = frame.astype({"count": object})
    frame.loc[6, "count"] = None
    found = compare(frame, control="vehicle").warnings
    assert found[:4] == (
        "1 well left out because the status is not 'ok': line 2 (plate D1 A1) failed: truncated file.",
        "1 well with the role blank or excluded left out.",
        "1 well without a treatment left out: line 6 (plate D1 E1).",
        "1 well without a count left out of the counts: line 8 (plate D2 A1).",
    )


def test_the_marked_control_is_found_and_the_unmarked_table_is_not_changed():
    frame = table()
    frame["role"] = ["vehicle" if name == "vehicle" else "treatment" for name in frame["treatment"]]
    before = frame.copy()
    assert compare(frame).control == "vehicle"
    pd.testing.assert_frame_equal(frame, before)


def test_pixels_stand_in_for_an_unknown_area():
    frame = table().drop(columns="area_mm2").assign(imaged_area_mm2=None, imaged_area_px=5000)
    found = compare(frame, control="vehicle")
    wanted = compare(table(), control="vehicle")
    assert "The pixel size is unknown: rates are per pixel." in found.warnings[0]
    assert list(found.table["estimate"]) == pytest.approx(list(wanted.table["estimate"]), rel=1e-12)


def test_without_any_area_wells_are_equally_large():
    found = compare(table().drop(columns="area_mm2"), control="vehicle")
    assert found.warnings[0] == "The table has no imaged area: every well is taken as equally large."


def test_named_columns():
    frame = table().rename(columns={"count": "N", "area_mm2": "A", "donor": "animal", "treatment": "compound"})
    found = compare(
        frame, control="vehicle", count_column="N", area_column="A", donor_column="animal", treatment_column="compound"
    )
    assert list(found.table["contrast"]) == ["IL32", "RANKL"]


def same_results(frame, wanted, **columns):
    found, wanted = compare(frame, control="vehicle", **columns), compare(wanted, control="vehicle")
    pd.testing.assert_frame_equal(found.table, wanted.table)
    return found


HEADINGS = {"count": "Osteoclasts", "donor": "Donor ID", "treatment": "Condition", "plate": "Plate", "well": "Well ID"}


def test_headings_are_matched_without_case_blanks_underscores_and_units():
    frame = table(role="treatment", status="ok", oxygen="21", dose=0.0, dose_unit="ng/mL")
    renamed = frame.rename(
        columns=HEADINGS
        | {"area_mm2": "Area (mm²)", "role": "Role", "status": "STATUS", "oxygen": "Oxygen_%", "dose": "Dose (ng/mL)"}
    )
    same_results(renamed.drop(columns="dose_unit"), frame)


def test_roles_plates_and_status_under_other_headings_count():
    """An ignored `Role` would test blanks as an arm; an ignored `Status` would count failed wells."""
    frame = table(status="ok", role="")
    frame.loc[frame["treatment"] == "RANKL", "role"] = "blank"
    frame.loc[0, "status"] = "failed"
    found = compare(frame.rename(columns={"role": "Well type", "status": "Status"}), control="vehicle")
    assert set(found.table["contrast"]) == {"IL32"}
    assert sum("status is not 'ok'" in text for text in found.warnings) == 1


def test_a_column_that_was_named_and_is_not_there_is_said():
    with pytest.raises(OsteoCountError) as error:
        compare(table(), control="vehicle", plate_column="plaet")
    assert "no column 'plaet' (the plate); did you mean 'plate'? Name it with --plate-column" in str(error.value)


def test_columns_named_by_the_user():
    frame = table(dose=3.0, dose_unit="nM", role="treatment")
    renamed = frame.rename(columns={"dose": "x", "plate": "tray", "role": "use"})
    same_results(renamed, frame, dose_column="x", plate_column="tray", role_column="use")


@pytest.mark.parametrize(
    ("heading", "factor"), [("area_um2", 1e6), ("Area [cm2]", 0.01), ("Imaged area (µm²)", 1e6), ("AREA", 1)]
)
def test_areas_in_other_units_are_converted(heading, factor):
    frame = table().rename(columns={"area_mm2": heading})
    frame[heading] = frame[heading] * factor
    found = compare(frame, control="vehicle")
    np.testing.assert_allclose(found.donor_values["value"], compare(table(), control="vehicle").donor_values["value"])


def test_numbers_may_carry_their_unit():
    frame = table().assign(fusion_index=np.linspace(0.2, 0.6, 18))
    texts = frame.assign(
        area_mm2=["2 mm²", "2e6 µm2"] * 9, fusion_index=[f"{100 * value:.6f} %" for value in frame["fusion_index"]]
    )
    found, wanted = compare(texts, control="vehicle"), compare(frame, control="vehicle")
    np.testing.assert_allclose(found.table["estimate"], wanted.table["estimate"], rtol=1e-6)


def test_replicate_columns_are_wells():
    wide = pd.DataFrame(
        [
            {"donor": donor, "treatment": arm, "rep1": wells[0], "rep2": wells[1], "rep 3": None}
            for donor, arms in COUNTS.items()
            for arm, wells in arms.items()
        ]
    )
    found = compare(wide, control="vehicle")
    wanted = compare(table().drop(columns="area_mm2"), control="vehicle")
    np.testing.assert_allclose(found.table["p_raw"], wanted.table["p_raw"], rtol=1e-9)
    assert found.warnings[0] == (
        "Columns 'rep1', 'rep2' and 'rep 3' are read as the counts of single wells (18 wells)."
    )


@pytest.mark.parametrize(
    "word", ["mean", "Mean", "SD", "total", "Total:", "average", "S.E.M.", "Grand total", "mean of D3"]
)
@pytest.mark.parametrize("column", ["donor", "treatment", "well"])
def test_summary_rows_are_no_wells(word, column):
    row = {"plate": "", "well": "", "donor": "D3", "treatment": "IL32", "count": 17, "area_mm2": 2.0} | {column: word}
    frame = pd.concat([table(), pd.DataFrame([row])], ignore_index=True)
    found = same_results(frame, table())
    assert found.warnings[0].startswith("Left out as a summary of wells (mean, SD, total …), not a well: line 20")


@pytest.mark.parametrize("spelling", ["d1", "D 1", "D_1", "D-01", "Donor 1", "donor1", " D1 ", "donor no. 1"])
def test_a_donor_spelt_twice_is_one(spelling):
    frame = table().assign(donor=lambda t: t["donor"].where(~((t["donor"] == "D1") & (t.index % 2 == 1)), spelling))
    found = compare(frame, control="vehicle")
    pd.testing.assert_frame_equal(
        found.table.drop(columns="notes"), compare(table(), control="vehicle").table.drop(columns="notes")
    )


@pytest.mark.parametrize("donors", [("1", "2", "3"), ("D1", "D10", "D100"), ("A1", "B1", "C1"), ("m1", "f1", "D1")])
def test_different_donors_stay_apart(donors):
    frame = table().assign(donor=lambda t: t["donor"].replace(dict(zip(("D1", "D2", "D3"), donors, strict=True))))
    assert compare(frame, control="vehicle").donor_values["donor"].nunique() == 3


@pytest.mark.parametrize(("one", "other"), [("A1", "\u04101"), ("DO1", "D01"), ("Dl", "D1"), ("ß1", "β1")])
def test_donors_that_look_alike_are_refused(one, other):
    frame = table()
    names = sorted(frame["donor"].unique())
    frame["donor"] = frame["donor"].replace({names[0]: one, names[1]: other})
    with pytest.raises(OsteoCountError, match="look alike: are they one or two"):
        compare(frame, control="vehicle")


@pytest.mark.parametrize("change", ["{}\u200b", "\ufeff{}", " {}\u00a0"])
@pytest.mark.parametrize("column", ["donor", "treatment", "plate"])
def test_what_nobody_sees_makes_no_name_of_its_own(change, column):
    frame = table()
    wanted = compare(frame, control="vehicle").table
    frame.loc[frame.index[1], column] = change.format(frame[column].iloc[1])
    pd.testing.assert_frame_equal(
        compare(frame, control="vehicle").table[["contrast", "p_raw", "n_donors"]],
        wanted[["contrast", "p_raw", "n_donors"]],
    )

"""Layouts: every shape they come in, every problem at once, and template → filled → read."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from osteocount.plate.layout.read import check_layout, compare_wells, read_layout
from osteocount.plate.layout.template import write_template
from osteocount.wells import row_letters
from support.layout_files import records, refusal, write

LONG = "well,treatment,dose,donor\nA1,vehicle,0,D1\nB02,RANKL,50,D2\n"
SAME = [("A01", "vehicle", 0.0, "D1"), ("B02", "RANKL", 50.0, "D2")]


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("a.csv", LONG, "utf-8"),
        ("a.csv", LONG, "utf-8-sig"),
        ("a.tsv", LONG.replace(",", "\t"), "utf-16"),
        ("a.csv", LONG.replace(",", ";"), "cp1252"),
        ("a.csv", LONG.replace("well,", "Well ID,"), "utf-8"),
        ("a.csv", LONG.replace("well,", "Position,"), "utf-8"),
        ("a.csv", "row,column,treatment,dose,donor\nA,1,vehicle,0,D1\nB,02,RANKL,50,D2\n", "utf-8"),
        ("a.csv", "row,column,treatment,dose,donor\n1,1,vehicle,0,D1\n2,2,RANKL,50,D2\n", "utf-8"),
        ("a.csv", "My experiment\n\n" + LONG + "A5,,,\n", "utf-8"),
        ("a.csv", LONG.replace("treatment", "Compound").replace("dose", "Concentration"), "utf-8"),
        ("a.csv", "treatment,1,2\n", "utf-8"),
    ][:-1],
)
def test_long_tables(tmp_path, name, text, encoding):
    assert records(write(tmp_path, text, name, encoding), "treatment", "dose", "donor") == SAME


def test_stacked_grids_with_names_in_the_corner(tmp_path):
    text = (
        "treatment,1,2,3\nA,vehicle,,\nB,,RANKL,\n\ndose (ng/mL),1,2,3\nA,vehicle,,\nB,,50,\n\n"
        "Donor\n,1,2,3\nA,D1,,\nB,,D2,\n"
    )
    assert records(write(tmp_path, text), "treatment", "dose", "donor") == SAME
    assert set(read_layout(tmp_path / "layout.csv").wells["dose_unit"]) == {"ng/mL"}


def test_one_grid_without_a_name_is_the_treatment(tmp_path):
    numbers = ",".join(map(str, range(1, 13)))
    text = f",{numbers}\n" + "".join(f"{row_letters(r)},vehicle" + ",RANKL" * 11 + "\n" for r in range(1, 9))
    table = read_layout(write(tmp_path, text)).wells
    assert len(table) == 96
    assert table["treatment"].value_counts().to_dict() == {"RANKL": 88, "vehicle": 8}


def test_several_grids_without_a_name_are_refused(tmp_path):
    text = "treatment,1,2,3\nA,vehicle,,\n\n,1,2,3\nA,D1,,\n"
    assert "line 4 column 1: this grid has no name" in refusal(write(tmp_path, text))


def test_plates_and_free_columns(tmp_path):
    text = "plate,well,treatment,EV batch,Oxygen (%)\nP2,A1,vehicle,b1,5\nP10,A1,vehicle,b2,21\nP2,A2,EV,b1,\n"
    table = read_layout(write(tmp_path, text)).wells
    assert list(table) == [
        "plate", "well", "treatment", "dose", "dose_unit", "donor", "role", "exclude_reason", "ev_batch", "oxygen",
    ]  # fmt: skip
    assert table[["plate", "well", "ev_batch", "oxygen"]].to_numpy().tolist()[-1] == ["P2", "A02", "b1", ""]


def bad_workbook(path: Path) -> None:
    book = Workbook()
    sheets = {name: book.create_sheet(name) for name in ("treatment", "dose", "donor")}
    book.remove(book["Sheet"])
    for name, sheet in sheets.items():
        sheet.append([name, *range(1, 14)])
        for r in range(1, 9):
            sheet.append([row_letters(r)])
    for column in range(2, 12):
        for row in range(2, 8):
            sheets["treatment"].cell(row, column, "RANKL" if column < 7 else "rhIL-32")
            sheets["dose"].cell(row, column, 50)
            sheets["donor"].cell(row, column, "D1")
    sheets["donor"]["C3"] = "D1/D2"
    sheets["treatment"]["N3"] = "RANKL"
    sheets["dose"].merge_cells("E4:H4")
    sheets["donor"]["D5"] = "=B5"
    book.save(path)


def test_every_problem_of_a_workbook_is_said_at_once_with_sheet_and_cell(tmp_path):
    path = tmp_path / "bad.xlsx"
    bad_workbook(path)
    said = refusal(path)
    assert "5 problems in the layout" in said
    for expected in (
        "sheet 'donor' cell C3: two donors in one well (D1/D2)",
        "sheet 'treatment' cell N3: well B13 does not exist on a 96-well plate",
        "sheet 'dose' cell E4: the merged cell '50' (dose) lies over two treatments (RANKL, rhIL-32)",
        "sheet 'donor' cell D5: a formula whose value is not in the file",
        "No control: no well has the role 'negative control' or 'vehicle'",
    ):
        assert expected in said
    assert len(check_layout(path).problems) == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "well,treatment,donor\nA1,vehicle,D1\nA01,vehicle,D2\n",
            "line 3 column 1: well A01 is there already at line 2 column 1: two donors in one well (donor D1 and D2)",
        ),
        ("well,treatment\nA1,vehicle\nA49,RANKL\n", "line 3 column 1: 'A49' is not a well"),
        ("well,treatment,role\nA1,RANKL,treatment\n", "No control"),
        ("well,treatment,role\nA1,vehicle,boss\n", "line 2 column 3: the role 'boss' is none of negative control"),
        ("well,dose\nA1,5\n", "No treatments"),
        ("well,treatment,dose\nA1,vehicle,\nA2,,5\n", "line 3 column 3: well A02 has a dose but no treatment"),
        ("well,treatment,donor\nA1,vehicle,D1 + D2\n", "two donors in one well (D1 + D2)"),
        ("well,treatment,n_fields\nA1,vehicle,3\n", "The column 'n_fields' is a name of the results"),
        ("well,treatment,qc_flags\nA1,vehicle,x\n", "The column 'qc_flags' is a name of the results"),
        (
            "well,treatment,osteoclast_area_fraction\nA1,vehicle,0.5\n",
            "The column 'osteoclast_area_fraction' is a name of the results",
        ),
        ("well,treatment,compound\nA1,vehicle,x\n", "two columns mean 'treatment'"),
        ("nothing,here\n1,2\n", "no layout in this file"),
    ],
)  # fmt: skip
def test_problems_of_text_layouts(tmp_path, text, said):
    assert said in refusal(write(tmp_path, text))


def test_plate_size_can_be_given(tmp_path):
    path = write(tmp_path, "well,treatment\nA1,vehicle\nD7,RANKL\n")
    assert "well D07 does not exist on a 24-well plate" in refusal(path, wells=24)
    assert len(read_layout(path, wells=48).wells) == 2
    assert "No plate has 100 wells" in refusal(path, wells=100)


def test_a_well_outside_the_drawn_plate_or_far_from_all_others_is_a_slip(tmp_path):
    assert "well B13 does not exist on a 96-well plate" in refusal(
        write(tmp_path, "well,treatment\nA1,vehicle\nA2,EV\nB13,EV\n")
    )
    drawn = (
        "treatment," + ",".join(map(str, range(1, 25))) + "\nA,vehicle\n" + "\n".join("BCDEFGHIJKLMNO") + "\nP,,,EV\n"
    )
    assert [w[0] for w in records(write(tmp_path, drawn))] == ["A01", "P03"]


def test_a_whole_384_well_plate_is_no_slip(tmp_path):
    lines = [f"{row_letters(r)}{c},vehicle" for r in range(1, 17) for c in range(1, 25)]
    layout = read_layout(write(tmp_path, "well,treatment\n" + "\n".join(lines)))
    assert (len(layout.wells), layout.plate_wells) == (384, 384)


def test_merged_donor_over_treatments_is_fine_and_merged_control_over_doses_is_not(tmp_path):
    path = tmp_path / "layout.xlsx"
    write_template(path, wells=6, grid=True)
    book = load_workbook(path)
    book["treatment"]["B2"], book["treatment"]["D2"] = "vehicle", "RANKL"
    book["treatment"].merge_cells("B2:C2")
    book["donor"]["B2"] = "D1"
    book["donor"].merge_cells("B2:D2")
    book.save(path)
    assert records(path, "treatment", "donor") == [
        ("A01", "vehicle", "D1"),
        ("A02", "vehicle", "D1"),
        ("A03", "RANKL", "D1"),
    ]
    dose = book.worksheets[1]
    dose["B2"], dose["C2"] = 0, 50
    book.save(path)
    assert "sheet 'treatment' cell B2: the merged cell 'vehicle' lies over two treatments" in refusal(path)


def test_values_hidden_below_a_merged_cell_are_named(tmp_path):
    from openpyxl.worksheet.cell_range import CellRange

    path = tmp_path / "layout.xlsx"
    book = Workbook()
    sheet = book.active
    for line in (["treatment", 1, 2, 3], ["A", "vehicle", "RANKL", "EV"]):
        sheet.append(line)
    sheet.merged_cells.add(CellRange("B2:C2"))
    book.save(path)
    assert "sheet 'Sheet' cell B2: a merged cell over several values (vehicle, RANKL)" in refusal(path)


def test_check_draws_the_plate_and_compares_with_pictures(tmp_path):
    path = write(tmp_path, "well,treatment,dose,donor\nA1,vehicle,,D1\nB3,EV,5 µL,D2\n")
    check = check_layout(path, pictures={("P9", "A01"), ("P9", "B02")})
    assert check.problems == ()
    assert check.grids[""] == [["vehicle\nD1\nvehicle", "", ""], ["", "", "EV\n5 µL\nD2\ntreatment"]]
    assert check.roles[""] == [["vehicle", "", ""], ["", "", "treatment"]]
    assert check.warnings[-2:] == (
        "Well P9 B03 of the layout has no picture.", "Pictures of well P9 B02 have no layout well.",
    )  # fmt: skip


def test_check_of_a_missing_file_is_a_problem(tmp_path):
    assert "cannot be read" in check_layout(tmp_path / "none.csv").problems[0]


@pytest.mark.parametrize(
    ("layout", "pictures", "missing", "extra"),
    [
        ({("", "A01")}, {("P1", "A01"), ("P2", "A02")}, [("P2", "A01")], [("P2", "A02")]),
        ({("P1", "A01"), ("P2", "A01")}, {("P1", "A01")}, [("P2", "A01")], []),
        ({("", "A01")}, {("", "A01")}, [], []),
    ],
)
def test_wells_without_pictures_and_the_reverse(layout, pictures, missing, extra):
    assert compare_wells(layout, pictures) == (missing, extra)


def test_wells_that_are_blank_or_excluded_need_no_picture(tmp_path):
    path = write(tmp_path, "well,treatment,role\nA1,vehicle,vehicle\nA2,medium,blank\nA3,EV,excluded\nA4,EV,\n")
    check = check_layout(path, pictures={("", "A01"), ("", "A03")})
    assert [text for text in check.warnings if "picture" in text] == ["Well A04 of the layout has no picture."]


def test_zip_bombs_and_strangers_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "layout.xlsx"
    write_template(path)
    monkeypatch.setattr("osteocount.plate.spreadsheets.MAX_UNPACKED_BYTES", 1000)
    assert "too large for a table of wells" in refusal(path)
    monkeypatch.setattr("osteocount.plate.spreadsheets.MAX_FILE_BYTES", 10)
    assert "too large" in refusal(path)


@pytest.mark.parametrize(
    ("layout_plate", "picture_plate"), [("P1", "Images"), ("Plate 1", "plate1"), ("", "x"), ("P1", ""), ("P1", "P1")]
)
def test_one_plate_of_pictures_and_one_in_the_layout_are_the_same(layout_plate, picture_plate):
    layout = {(layout_plate, "A01"), (layout_plate, "A02")}
    pictures = {(picture_plate, "A01"), (picture_plate, "B01")}
    missing, extra = compare_wells(layout, pictures)
    assert [well for _, well in missing] == ["A02"]
    assert [well for _, well in extra] == ["B01"]

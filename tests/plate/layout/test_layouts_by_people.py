"""Layouts as people arrange them in sheets, in several languages: understood, or asked about with cell and cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from osteocount.errors import OsteoCountError
from osteocount.plate.layout.read import read_layout


def layout(tmp_path: Path, text: str, name="layout.csv", encoding="utf-8", **options):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return read_layout(path, **options)


def refusal(tmp_path: Path, text: str, **options) -> str:
    with pytest.raises(OsteoCountError) as refused:
        layout(tmp_path, text, **options)
    return str(refused.value)


def workbook(tmp_path: Path, **sheets: list[list[object]]):
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "layout.xlsx")
    return read_layout(tmp_path / "layout.xlsx")


def by_well(read, column="treatment") -> dict[str, object]:
    return {f"{row.plate} {row.well}".strip(): getattr(row, column) for row in read.wells.itertuples()}


@pytest.mark.parametrize(
    ("heading", "encoding"),
    [
        ("Well;Treatment;Dose ng/mL;Donor", "utf-8"), ("well;treatment;dose_ng_ml;mouse id", "utf-8"),
        ("Vertiefung;Behandlung;Konzentration (ng/ml);Spender", "cp1252"),
        ("Puits;Traitement;Dose (ng/mL);Donneur", "utf-16"), ("Pocillo;Tratamiento;Dosis (ng/mL);Donante", "cp1252"),
        ("Poço;Tratamento;Concentração (ng/mL);Doador", "cp1252"),
        ("Pozzetto;Trattamento;Dose (ng/mL);Donatore", "utf-8"),
        ("ウェル;処理;濃度 (ng/mL);ドナー", "shift_jis"), ("孔;处理;浓度 (ng/mL);供体", "utf-8"),
        ("Well;Stimulation;Stimulation concentration (ng/ml);Donor no.", "utf-8"),
    ],
)  # fmt: skip
def test_headings_in_several_languages(tmp_path, heading, encoding):
    read = layout(tmp_path, f"{heading}\nA1;vehicle;0;D1\nA2;IL-32;0,5;D1\nA3;IL-32;12,5;D2\n", encoding=encoding)
    assert read.wells["dose"].tolist() == [0, 0.5, 12.5]
    assert set(read.wells["dose_unit"]) == {"ng/mL"}
    assert read.wells["donor"].tolist() == ["D1", "D1", "D2"]
    assert read.wells["role"].tolist() == ["vehicle", "treatment", "treatment"]


@pytest.mark.parametrize(
    ("heading", "cells", "cure"),
    [
        ("ng/mL", ("10", "100"), "Call it 'dose (ng/mL)'"), ("[IL-32] nM", ("1", "5"), "Call it 'dose (nM)'"),
        ("RANKL (ng/mL)", ("50", "100"), "Call it 'dose (ng/mL)'"),
        ("particles/mL", ("1e9", "1e10"), "Call it 'dose ("),
        ("dilution", ("1:2", "1:10"), "Call it 'dose' and write 1:2, 1:10"), ("EV conc", ("1", "5"), "Call it 'dose'"),
        ("dilution factor", ("2", "10"), "Call it 'dose' and write 1:2, 1:10"),
        ("log10 [M]", ("-9", "-8"), "write the doses themselves, not their logarithms"),
    ],
)  # fmt: skip
def test_doses_under_other_names_are_not_pooled(tmp_path, heading, cells, cure):
    said = refusal(tmp_path, f"well,treatment,{heading}\nA1,vehicle,\nA2,X,{cells[0]}\nA3,X,{cells[1]}\n")
    assert "line 3 column 3" in said
    assert f"({cells[0]}, {cells[1]}); they would be pooled" in said
    assert cure in said
    assert len(layout(tmp_path, f"well,treatment,{heading}\nA1,vehicle,\nA2,X,{cells[0]}\n").wells) == 2


SHEET = [["treatment", 1, 2, 3], ["A", "vehicle", "x", "y"]]
OTHER = [["treatment", 1, 2, 3], ["A", "y", "vehicle", "x"]]
PLATES = {"Plate 1 A01": "vehicle", "Plate 1 A02": "x", "Plate 1 A03": "y",
          "Plate 2 A01": "y", "Plate 2 A02": "vehicle", "Plate 2 A03": "x"}  # fmt: skip


def test_a_sheet_for_each_plate(tmp_path):
    read = workbook(tmp_path, Plate_1=SHEET, Plate_2=OTHER)
    assert by_well(read) == PLATES
    assert "Sheets or titles are read as plates of their own: Plate 1, Plate 2." in read.warnings
    donors = [["donor", 1, 2, 3], ["A", "D1", "D1", "D1"]]
    assert set(by_well(workbook(tmp_path, Plate_1=SHEET, Plate_2=OTHER, all=donors), "donor").values()) == {"D1"}
    long = [["Well", "Treatment"], ["A1", "vehicle"], ["A2", "x"]]
    assert by_well(workbook(tmp_path, P1=long, P2=long)) == {
        "P1 A01": "vehicle", "P1 A02": "x", "P2 A01": "vehicle", "P2 A02": "x",
    }  # fmt: skip
    assert by_well(workbook(tmp_path, Plate_1=SHEET)) == {"A01": "vehicle", "A02": "x", "A03": "y"}


@pytest.mark.parametrize(
    "text",
    [
        "Plate 1\ntreatment,1,2,3\nA,vehicle,x,y\n\nPlate 2\ntreatment,1,2,3\nA,y,vehicle,x\n",
        "Plate 1: treatment,1,2,3\nA,vehicle,x,y\n\nPlate 2: treatment,1,2,3\nA,y,vehicle,x\n",
        "Plate 1,,,,,Plate 2\ntreatment,1,2,3,,treatment,1,2,3\nA,vehicle,x,y,,A,y,vehicle,x\n",
    ],
)
def test_a_title_for_each_plate(tmp_path, text):
    assert by_well(layout(tmp_path, text)) == PLATES


@pytest.mark.parametrize(
    "text",
    [
        "Treatment,,,,,Dose (nM)\n,1,2,3,,,1,2,3\nA,vehicle,x,x,,A,0,5,7\n",
        "Treatment\n\n,1,2,3\nA,vehicle,x,x\n\nDose (nM)\n\n,1,2,3\nA,0,5,7\n",
        "treatment,1,2,3,,4\nA,vehicle,x,x,,\n\ndose nM,1,2,3,,4\nA,0,5,7,,\n",
        "treatment,Col 1,Col 2,Col 3\nA,vehicle,x,x\n\ndose nM,C1,C2,C3\nA,0,5,7\n",
        "# header plate,well,s,d\nWell,Treatment,dose_nM\nA1,vehicle,0\nA2,x,5\nA3,x,7\n",
        'well,treatment,dose nM,note\nA1,vehicle,0,\nA2,x,5,"B1; B2"\nA3,x,7,\n',
    ],
)
def test_where_titles_and_gaps_stand(tmp_path, text):
    read = layout(tmp_path, text)
    assert by_well(read) == {"A01": "vehicle", "A02": "x", "A03": "x"}
    assert read.wells["dose"].tolist() == [0, 5, 7]
    assert set(read.wells["dose_unit"]) == {"nM"}


def test_a_plate_in_parts_is_whole(tmp_path):
    read = layout(tmp_path, "treatment,1,2,3,,4,5\nA,vehicle,x,y,,z,q\nB,vehicle,x,y,,z,q\n")
    assert [row[:1] for row in by_well(read)] == list("AAAAABBBBB")
    assert by_well(read)["B05"] == "q"


@pytest.mark.parametrize("corner", ["Row", "Row/Column", "Reihe", "rows \\ cols"])
def test_a_corner_that_names_the_axes_names_no_variable(tmp_path, corner):
    assert by_well(layout(tmp_path, f"{corner},1,2,3\nA,vehicle,x,y\n")) == {"A01": "vehicle", "A02": "x", "A03": "y"}


@pytest.mark.parametrize(
    ("heading", "word", "left_out"),
    [
        ("include", "no", True), ("include", "yes", False), ("use", "0", True), ("Used", "x", False),
        ("keep", "", False),
        ("omit", "yes", True), ("outlier", "x", True), ("Ausschluss", "ja", True), ("Ausschluss", "nein", False),
        ("Exclude?", "y", True), ("Excluded (y/n)", "n", False),
    ],
)  # fmt: skip
def test_wells_left_out_under_other_headings(tmp_path, heading, word, left_out):
    read = layout(tmp_path, f"well,treatment,{heading}\nA1,vehicle,\nA2,x,{word}\n")
    assert (by_well(read, "role")["A02"] == "excluded") == left_out


def test_an_unclear_inclusion_is_asked_about(tmp_path):
    said = refusal(tmp_path, "well,treatment,include\nA1,vehicle,\nA2,x,maybe\n")
    assert "line 3 column 3: 'maybe' says neither yes nor no" in said


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("Kontrolle", "negative control"), ("vehicle ctrl", "vehicle"), ("positive ctl", "positive control"),
        ("Blank control", "blank"), ("témoin", "negative control"), ("Vehikel", "vehicle"), ("SAM", "treatment"),
        ("ausgeschlossen", "excluded"),
    ],
)  # fmt: skip
def test_roles_in_other_words(tmp_path, word, role):
    read = layout(tmp_path, f"well,treatment,role\nA1,PBS,vehicle\nA2,x,{word}\n")
    assert by_well(read, "role")["A02"] == role


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("well,treatment\nA1-A3,x\n", "'A1-A3' is not a well (A1 … P24; one on each line)"),
        ('well,treatment\n"A1, A2",x\n', "'A1, A2' is not a well (A1 … P24; one on each line)"),
        ("well,treatment,dose\n,,ng/mL\nA1,vehicle,0\n", "Units belong into the heading, as in 'dose (ng/mL)'"),
    ],
)
def test_lines_without_one_well(tmp_path, text, said):
    answer = refusal(tmp_path, text)
    assert said in answer
    assert "No treatments" not in answer


@pytest.mark.parametrize(("text", "encoding"), [("孔,处理\nA1,x\n", "gbk"), ("Лунка,Обработка\nA1,x\n", "cp1251")])
def test_headings_in_an_unknown_code_page_say_so(tmp_path, text, encoding):
    with pytest.raises(OsteoCountError, match=r"line 1: .* is in a code page that is not known"):
        layout(tmp_path, text, encoding=encoding)


@pytest.mark.parametrize(
    ("cell", "dose", "unit"),
    [
        ("50 ng.mL-1", 50, "ng/mL"), ("50 ng mL⁻¹", 50, "ng/mL"), ("10 microliters", 10, "µL"),
        ("5 nanomolar", 5, "nM"), ("5 µg protein/mL", 5, "µg/mL"),
        ("2·10^9 part./ml", 2e9, "particles/mL"),
        ("3 mmoles per liter", 3, "mmol/L"),
    ],
)  # fmt: skip
def test_units_written_out(tmp_path, cell, dose, unit):
    read = layout(tmp_path, f"well;treatment;dose\nA1;vehicle;\nA2;x;{cell}\n")
    assert by_well(read, "dose")["A02"] == dose
    assert by_well(read, "dose_unit")["A02"] == unit


DONOR_GRID = [["treatment", 1, 2, 3, 4], ["A", "vehicle", "RANKL", "IL-32"], ["B", "vehicle", "RANKL", "IL-32"]]
OTHER_ROWS = [["treatment", 1, 2, 3, 4], ["C", "vehicle", "RANKL", "IL-32", ""], ["D", "vehicle", "RANKL", "IL-32", ""]]
NO_CORNER = [["", *DONOR_GRID[0][1:]], *DONOR_GRID[1:]]
LINES = [["well", "treatment"], ["A1", "vehicle"], ["A2", "RANKL"], ["A3", "IL-32"]]


@pytest.mark.parametrize("table", [DONOR_GRID, NO_CORNER, LINES], ids=["grid", "no corner", "lines"])
@pytest.mark.parametrize(
    "names",
    [("Donor 1", "Donor 2"), ("Spender A", "Spender B"), ("patient_07", "patient_12"), ("Mouse M1", "Mouse M2")],
)
def test_sheets_of_donors_with_the_same_wells_are_donors_with_a_plate_each(tmp_path, names, table):
    read = workbook(tmp_path, **dict.fromkeys(names, table))
    shown = [name.replace("_", " ") for name in names]
    assert set(zip(read.wells["plate"], read.wells["donor"], strict=True)) == set(zip(shown, shown, strict=True))
    assert len(read.wells) == 2 * 3 * (len(table) - 1 if table is not LINES else 1)
    assert any("donors with a plate of their own each" in text for text in read.warnings)


def test_sheets_of_donors_with_wells_of_their_own_are_one_plate(tmp_path):
    read = workbook(tmp_path, **{"Donor 1": DONOR_GRID, "Donor 2": OTHER_ROWS})
    assert set(read.wells["plate"]) == {""}
    assert by_well(read, "donor")["A01"] == "Donor 1"
    assert by_well(read, "donor")["D03"] == "Donor 2"


def test_titles_of_donors_over_stacked_grids(tmp_path):
    rows = [["Donor 1"], *DONOR_GRID, [], ["Donor 2"], *DONOR_GRID]
    read = workbook(tmp_path, Layout=rows)
    assert sorted(set(read.wells["donor"])) == ["Donor 1", "Donor 2"]
    assert len(read.wells) == 12


def test_a_donor_column_wins_over_the_name_of_its_sheet(tmp_path):
    def lines(donor):
        return [["well", "treatment", "donor"], ["A1", "vehicle", donor], ["A2", "RANKL", donor]]

    read = workbook(tmp_path, **{"Donor 1": lines("HD7"), "Donor 2": lines("HD9")})
    assert by_well(read, "donor") == {
        "Donor 1 A01": "HD7", "Donor 1 A02": "HD7", "Donor 2 A01": "HD9", "Donor 2 A02": "HD9"
    }  # fmt: skip


@pytest.mark.parametrize(
    "names", [("Exp 1", "Exp 2"), ("normoxia", "hypoxia"), ("D1", "D2"), ("2024-05-01", "2024-05-08"), ("n=1", "n=2")]
)
@pytest.mark.parametrize("table", [DONOR_GRID, LINES], ids=["grid", "lines"])
def test_two_tables_of_the_same_wells_are_asked_about(tmp_path, names, table):
    with pytest.raises(OsteoCountError, match=r"has too \(A01\). If they are two plates, call sheets or titles"):
        workbook(tmp_path, **dict.fromkeys(names, table))


PLATE = [
    ["treatment", 1, 2, 3, 4, 5, 6],
    ["A", "vehicle", "vehicle", "RANKL", "RANKL", "IL-32", "IL-32"],
    ["B", "vehicle", "vehicle", "RANKL", "RANKL", "IL-32", "IL-32"],
]


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        ([["dose", 0, 0, 25, 25, 50, 50], *PLATE], "cell B1: the line above the grid (0, 25, 50)"),
        ([["ng/mL", 0, 0, 25, 25, 50, 50], [], *PLATE], "cell B1: the line above"),
        ([["", "D1", "D1", "D1", "D2", "D2", "D2"], *PLATE], "cell B1: the line above the grid (D1, D2)"),
        ([[*row, end] for row, end in zip(PLATE, ("donor", "D1", "D2"), strict=True)], "cell H2: the column beside"),
        (
            [[*row, end] for row, end in zip(PLATE, ("donor", 1, 2), strict=True)],
            "cell H2: the column beside the grid (1, 2)",
        ),
        ([[*row, "", end] for row, end in zip(PLATE, ("", "D1", "D2"), strict=True)], "cell I2: the column beside"),
        ([[start, *row] for row, start in zip(PLATE, ("", "D1", "D2"), strict=True)], "cell A2: the column beside"),
    ],
)
def test_doses_and_donors_around_a_grid_are_not_lost_in_silence(tmp_path, rows, where):
    with pytest.raises(OsteoCountError, match=r"is not read\. Give it a grid of its own") as refused:
        workbook(tmp_path, Sheet1=rows)
    assert where in str(refused.value)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([[*row, end] for row, end in zip(PLATE, ("Total", 6, 6), strict=True)], ""),
        ([[*row, end] for row, end in zip(PLATE, ("", "A", "B"), strict=True)], ""),
        ([["TRAP assay", "", "", "2026-05-01"], *PLATE], ""),
        (
            [[*row, "", end] for row, end in zip(PLATE, ("note", "check", "edge"), strict=True)],
            "(check, edge) is not read",
        ),
    ],
)
def test_totals_labels_and_notes_around_a_grid_lose_nothing(tmp_path, rows, said):
    read = workbook(tmp_path, Sheet1=rows)
    assert len(read.wells) == 12
    assert [said in text for text in read.warnings if "not read" in text] == ([True] if said else [])


@pytest.mark.parametrize(
    "mark", ['"', "''", "″", "〃", "dito", "Ditto", "idem", "s.o.", "->", "→", "↓", ",", "*", "same as above"]
)
@pytest.mark.parametrize("column", ["treatment", "donor"])
def test_ditto_marks_are_no_names(tmp_path, mark, column):
    line = {"treatment": "RANKL", "donor": "D1", column: mark}
    cell = '"' + line[column].replace('"', '""') + '"'
    said = refusal(
        tmp_path, "well,treatment,donor\nA1,vehicle,D1\nA2,{treatment},{donor}\n".format(**{**line, column: cell})
    )
    assert "is no name, or stands for that of another cell" in said
    assert "line 3 column" in said


def test_wells_without_a_donor_among_others_are_named(tmp_path):
    read = layout(tmp_path, "donor,well,treatment,role\nD1,A1,vehicle,\n,A2,RANKL,\nD2,B1,vehicle,\n,B2,,blank\n")
    assert "No donor, though other wells have one: A02. They cannot be compared" in " ".join(read.warnings)


@pytest.mark.parametrize("ends", [("D1", "D2"), ("donor 1", "donor 2"), ("(P7)", "(P9)"), ("HD3", "HD4")])
def test_donors_in_the_names_of_treatments_are_asked_about(tmp_path, ends):
    first, second = ends
    text = f"well,treatment\nA1,vehicle {first}\nA2,vehicle {second}\nB1,IL-32 {first}\nB2,IL-32 {second}\n"
    assert "Treatments end in what may be donors or days" in refusal(tmp_path, text)


def test_vitamin_d3_is_no_donor(tmp_path):
    assert len(layout(tmp_path, "well,treatment\nA1,vehicle\nA2,vitamin D3\nA3,vitamin K2\n").wells) == 3


@pytest.mark.parametrize("note", ["Note: well A3 was contaminated", "* dose in ng/mL", "IL-32 wells"])
def test_lines_that_name_no_well_are_said(tmp_path, note):
    read = layout(tmp_path, f"well,treatment,donor\nA1,vehicle,D1\n{note},,\nA2,RANKL,D1\n")
    assert f"line 3 column 1: a line without a well is not read ({note})." in read.warnings


def test_cells_that_are_struck_through_and_comments_are_said(tmp_path):
    from openpyxl.comments import Comment
    from openpyxl.styles import Font

    book = Workbook()
    for row in PLATE:
        book.active.append(row)
    book.active["C3"].font = Font(strike=True)
    book.active["D3"].comment = Comment("contaminated", "A")
    book.save(tmp_path / "layout.xlsx")
    warnings = read_layout(tmp_path / "layout.xlsx").warnings
    assert "Struck through, and read all the same: sheet 'Sheet' cell C3." in " ".join(warnings)
    assert "Cells have comments, which are not read." in warnings


def test_wells_of_several_experiments_are_told_how_to_be_told_apart(tmp_path):
    text = "experiment,well,treatment,donor\n1,A1,vehicle,D1\n2,A1,vehicle,D2\n"
    assert "Wells of several plates or experiments need a column 'plate'." in refusal(tmp_path, text)

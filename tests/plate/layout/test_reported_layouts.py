"""Layouts as labs hand them in: each the right wells, or a refusal that names the cell and the cure."""

from __future__ import annotations

import io
import math
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from osteocount.errors import OsteoCountError
from osteocount.plate.layout.read import read_layout


def layout(tmp_path: Path, text: str, name="layout.csv", encoding="utf-8", **options):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return read_layout(path, **options)


def treatments(read) -> dict[str, str]:
    return dict(zip(read.wells["well"], read.wells["treatment"], strict=True))


def refusal(tmp_path: Path, text: str, **options) -> str:
    with pytest.raises(OsteoCountError) as refused:
        layout(tmp_path, text, **options)
    return str(refused.value)


ROWS = "vehicle,vehicle,x,x"


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (["A", "B", "", "D", "E"], "ABDE"),
        (["A", "", "C"], "AC"),
        (["A", "", "", "D"], "AD"),
        (["", "B", "C"], "BC"),
        (["A", ",,,,", "C", "D"], "ACD"),
        (["A", "B", "", "D", "", "F", "G"], "ABDFG"),
        (["A", "C", "B", "D"], "ABCD"),
        (["D", "C", "B", "A"], "ABCD"),
        (["H", "A"], "AH"),
        (["B", "A", "D", "C", "F", "E"], "ABCDEF"),
        (["A ", " B", "Row C", "D"], "ABCD"),
        (["row A", "row B", "row C"], "ABC"),
        (["a", "b", "c"], "ABC"),
        (["A:", "B:", "C."], "ABC"),
        (["(A)", "(B)"], "AB"),
        (["Row_A", "Row_B", "Row-C"], "ABC"),
    ],
)
def test_rows_of_a_grid(tmp_path, lines, rows):
    text = "treatment,1,2,3,4\n" + "\n".join(f"{line},{ROWS}" if line.strip(",") else line for line in lines) + "\n"
    wells = treatments(layout(tmp_path, text))
    assert sorted({well[0] for well in wells}) == list(rows)
    assert {wells[f"{row}03"] for row in rows} == {"x"}


@pytest.mark.parametrize("label", ["Mean", "B2", "row", "AZ9", "B"])
def test_a_strange_row_inside_a_grid_is_named(tmp_path, label):
    text = f"treatment,1,2,3,4\nA,{ROWS}\nB,{ROWS}\n{label},{ROWS}\nD,{ROWS}\n"
    assert f"line 4 column 1: {label!r} is no row of the grid, or one that is there already" in refusal(tmp_path, text)


def test_a_legend_below_a_grid_is_no_row(tmp_path):
    text = f"treatment,1,2,3,4\nA,{ROWS}\nB,{ROWS}\n\nV,means vehicle\nX,means drug\n"
    assert set(treatments(layout(tmp_path, text))) == {f"{r}0{c}" for r in "AB" for c in range(1, 5)}


def test_a_row_with_one_well_or_a_note_is_asked_about(tmp_path):
    text = f"treatment,1,2,3,4\nA,{ROWS}\n\nC,x,,,\n"
    assert "line 4 column 1: 'C' is no row of the grid" in refusal(tmp_path, text)
    assert len(treatments(layout(tmp_path, f"treatment,1,2,3,4\nA,{ROWS}\nB,x,,,\n"))) == 5


def test_doses_without_a_unit_beside_others_with_one_are_asked_about(tmp_path):
    text = "well,treatment,dose\nA1,vehicle,0\nA2,X,25 ng/mL\nA3,X,50\n"
    assert "Doses of X without a unit (A03) beside others in ng/mL" in refusal(tmp_path, text)


def test_grids_beside_each_other_are_all_read(tmp_path):
    text = "treatment,1,2,3,,dose,1,2,3\nA,vehicle,x,x,,A,0,5,7\nB,vehicle,x,x,,B,0,6,8\n"
    wells = layout(tmp_path, text).wells.set_index("well")
    assert wells["dose"].tolist() == [0, 5, 7, 0, 6, 8]


@pytest.mark.parametrize(
    "word",
    ["NA", "nan", "#N/A", "-", "n/a", "N.A.", "NaN", "null", ".", "#NV", "–", "n.d.", "?", " na ", "<NA>", "N\u00a0A"],
)
@pytest.mark.parametrize("column", ["treatment", "donor", "oxygen"])
def test_words_for_nothing_are_nothing_in_every_column(tmp_path, word, column):
    text = f"well,treatment,donor,oxygen\nA1,vehicle,D1,5\nA2,IL-32,D1,5\nA3,{word},{word},{word}\n"
    if column != "treatment":
        text = f"well,treatment,donor,oxygen\nA1,vehicle,D1,5\nA2,IL-32,D1,5\nA3,IL-32,{word},{word}\n"
    read = layout(tmp_path, text)
    table = read.wells.set_index("well")
    assert word.strip() not in set(table[column])
    assert ("A03" in table.index) == (column != "treatment")
    assert "taken for empty" in read.warnings[0]


@pytest.mark.parametrize("word", ["none", "None", "nothing", "keine", "nichts", "NONE"])
def test_a_treatment_none_is_asked_about(tmp_path, word):
    said = refusal(tmp_path, f"well,treatment\nA1,vehicle\nB3,{word}\n")
    assert "line 3 column 2" in said
    assert "Write 'untreated', or leave the cell empty" in said


@pytest.mark.parametrize(
    ("word", "excluded"),
    [
        ("nein", False), ("no", False), ("0", False), ("ok", False), ("OK", False), ("Nein", False), ("falsch", False),
        ("non", False), ("included", False), ("NA", False), ("-", False), ("keep", False), ("ja", True), ("oui", True),
        ("x", True), ("TRUE", True), ("1", True), ("contaminated", True),
    ],
)  # fmt: skip
def test_what_excludes_a_well(tmp_path, word, excluded):
    table = layout(tmp_path, f"well,treatment,exclude\nA1,vehicle,\nA2,x,{word}\n").wells.set_index("well")
    assert (table.loc["A02", "role"] == "excluded") == excluded


@pytest.mark.parametrize(
    "heading",
    [
        "drug",
        "Drug",
        "compound",
        "stimulus",
        "condition",
        "Metadata_treatment",
        "Metadata_Compound",
        "Treatment name",
        "agent",
    ],
)
def test_treatments_under_other_names(tmp_path, heading):
    text = f"row,col,{heading},dose\nA,1,vehicle,0\nA,2,IL-32,25\n"
    assert treatments(layout(tmp_path, text)) == {"A01": "vehicle", "A02": "IL-32"}


@pytest.mark.parametrize("heading", ["group", "sample", "genotype", "EV type", "Substanz"])
def test_unsure_treatment_columns_are_listed_and_chosen(tmp_path, heading):
    text = f"well,{heading},batch\nA1,vehicle,1\nA2,IL-32,1\n"
    said = refusal(tmp_path, text)
    assert heading.lower().replace(" ", "_") in said
    assert "--treatment-column" in said
    assert treatments(layout(tmp_path, text, treatment_column=heading)) == {"A01": "vehicle", "A02": "IL-32"}


def test_of_two_treatment_columns_one_is_chosen(tmp_path):
    text = "well,compound,condition\nA1,vehicle,5\nA2,IL-32,21\n"
    assert "two columns mean 'treatment'; keep one, or say which it is (--treatment-column)" in refusal(tmp_path, text)
    read = layout(tmp_path, text, treatment_column="compound")
    assert treatments(read) == {"A01": "vehicle", "A02": "IL-32"}
    assert read.wells["condition"].tolist() == ["5", "21"]


LOAD_DATA = (
    "FileName_OrigColor,PathName_OrigColor,Metadata_Plate,Metadata_Well,Metadata_Site,Metadata_treatment,Metadata_donor\n"
    "a.tif,/x,P1,A01,1,vehicle,D1\nb.tif,/x,P1,A01,2,vehicle,D1\nc.tif,/x,P1,A02,1,IL-32,D1\n"
)
PLATE_MAP = (
    '<plateMap><wellStore><wells rows="8" cols="12">'
    '<well row="0" col="0"><items><wellItem type="Compound"><referenceItem displayName="vehicle"/></wellItem></items>'
    "</well>"
    '<well row="0" col="1"><items><wellItem type="Compound" concentration="25" concentrationUnits="ng/mL">'
    '<referenceItem displayName="IL-32"/></wellItem></items></well></wells></wellStore></plateMap>'
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("LoadData.csv", LOAD_DATA),
        ("load_data.csv", LOAD_DATA.replace("Metadata_", "Image_Metadata_")),
        ("omero.csv", "Plate,Well,Treatment,Donor\nP1,A1,vehicle,D1\nP1,A2,IL-32,D1\n"),
        ("omero.csv", "Plate Name,Well Name,Treatment\nP1,a1,vehicle\nP1,a2,IL-32\n"),
        ("plater.csv", "treatment,1,2,3\nA,vehicle,IL-32,\nB,,,\n"),
        ("plate.PlateMap", PLATE_MAP),
        ("layout.toml", '[well.A1]\ntreatment="vehicle"\n[well.A2]\ntreatment="IL-32"\n'),
    ],
)
def test_layouts_of_other_programs(tmp_path, name, text):
    assert treatments(layout(tmp_path, text, name)) == {"A01": "vehicle", "A02": "IL-32"}


@pytest.mark.parametrize(
    ("text", "name", "encoding"),
    [
        ("sep=;\nwell;treatment\nA1;vehicle\nA2;IL-32\n", "a.csv", "utf-8"),
        ('"sep=,"\nwell,treatment\nA1,vehicle\nA2,IL-32\n', "a.csv", "utf-8-sig"),
        ("SEP=\t\nwell\ttreatment\nA1\tvehicle\nA2\tIL-32\n", "a.csv", "utf-16"),
        ("well\ttreatment\nA1\tvehicle\nA2\tIL-32\n", "a.txt", "utf-16-le"),
        ("well,treatment\r\nA1,vehicle\r\nA2,IL-32\r\n", "a.csv", "utf-16-be"),
        ('[well.A1]\ntreatment="vehicle"\n[well.A2]\ntreatment="IL-32"\n', "a.toml", "utf-16"),
        ('[well.A1]\ntreatment="vehicle"\n[well.A2]\ntreatment="IL-32"\n', "a.toml", "utf-8-sig"),
    ],
)
def test_text_as_programs_save_it(tmp_path, text, name, encoding):
    assert treatments(layout(tmp_path, text, name, encoding)) == {"A01": "vehicle", "A02": "IL-32"}


def dose_of(tmp_path, cell, heading="dose", others=()):
    more = "".join(f"A{n};Y;{other}\n" for n, other in enumerate(others, 3))
    read = layout(tmp_path, f"well;treatment;{heading}\nA1;vehicle;0\nA2;X;{cell}\n{more}")
    row = read.wells.set_index("well").loc["A02"]
    return row["dose"], row["dose_unit"]


@pytest.mark.parametrize(
    ("cell", "dose", "unit"),
    [
        ("2 x 10^9/mL", 2e9, "particles/mL"), ("2×10⁹ particles/mL", 2e9, "particles/mL"), ("10^-8 M", 1e-8, "M"),
        ("10⁻⁸ M", 1e-8, "M"), ("1:1000", 0.001, "dilution"), ("1/200", 0.005, "dilution"), ("100 U/ml", 100, "U/mL"),
        ("0.5 %", 0.5, "%"), ("10 MOI", 10, "MOI"), ("5 ul", 5, "µL"), ("25ng/ml", 25, "ng/mL"),
        ("3 µg·mL-1", 3, "µg/mL"),
        ("50 ng per mL", 50, "ng/mL"), ("1e-8 M", 1e-8, "M"), ("1 000 nM", 1000, "nM"), ("5 IU/mL", 5, "IU/mL"),
        ("10 ng/well", 10, "ng/well"), ("25\u00a0ng/mL", 25, "ng/mL"), ("5 μM", 5, "µM"), ("2 Gy", 2, "Gy"),
    ],
)  # fmt: skip
def test_doses_as_they_are_written(tmp_path, cell, dose, unit):
    assert dose_of(tmp_path, cell) == (pytest.approx(dose, rel=1e-12), unit)


@pytest.mark.parametrize(
    "cell",
    [
        "25-50",
        "25–50 ng/mL",
        "<5",
        "~25",
        "25 to 50",
        "25+10",
        "10 foo/mL",
        "ten",
        "5 nm",
        "5 mm",
        "1-2",
        "01.Feb",
        "1-Sep",
    ],
)
def test_what_is_no_one_dose_is_refused_with_its_cell(tmp_path, cell):
    with pytest.raises(OsteoCountError, match="line 3 column 3"):
        dose_of(tmp_path, cell)


@pytest.mark.parametrize(
    ("cell", "others", "dose"),
    [
        ("1,000", ["0.5"], 1000), ("1,000", ["0,5"], 1), ("1.000", ["0,5"], 1000), ("1.000", ["0.5"], 1),
        ("1,234,567", [], 1234567), ("1.234.567", [], 1234567), ("3.125", ["12.5"], 3.125), ("0,125", [], 0.125),
        ("12,5", [], 12.5), ("1.234,5", [], 1234.5), ("1,234.5", [], 1234.5),
    ],
)  # fmt: skip
def test_the_decimal_mark_is_that_of_the_column(tmp_path, cell, others, dose):
    assert dose_of(tmp_path, cell, others=others)[0] == dose


@pytest.mark.parametrize("cell", ["1,000", "25.000", "1.000", "10,500", "100,000 ng/mL"])
def test_a_number_that_fits_both_ways_is_asked_about(tmp_path, cell):
    with pytest.raises(OsteoCountError, match="may mean"):
        dose_of(tmp_path, cell, others=["25"])


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10**6), st.sampled_from(["ng/mL", "µg/mL", "nM", "µM", "U/mL", "%", "µL"]), st.booleans())
def test_any_whole_dose_reads_back(tmp_path_factory, number, unit, space):
    cell = f"{number}{' ' if space else ''}{unit}"
    assert dose_of(tmp_path_factory.mktemp("dose"), cell) == (number, unit)


def test_doses_are_converted_to_one_unit(tmp_path):
    read = layout(tmp_path, "well,treatment,dose\nA1,vehicle,0\nA2,X,50 ng/mL\nA3,X,100 ng/mL\nA4,X,1 µg/mL\n")
    assert read.wells["dose"].tolist() == [0, 50, 100, 1000]
    assert set(read.wells["dose_unit"]) == {"", "ng/mL"}
    assert "all are converted to ng/mL" in " ".join(read.warnings)


def test_doses_that_cannot_be_converted_are_said(tmp_path):
    read = layout(tmp_path, "well,treatment,dose\nA1,vehicle,0\nA2,X,50 ng/mL\nA3,X,10 nM\n")
    assert read.wells["dose_unit"].tolist()[1:] == ["ng/mL", "nM"]
    assert "cannot be converted into each other" in " ".join(read.warnings)


@pytest.mark.parametrize(
    "other",
    [
        "il-32", "IL-32 ", "IL–32", "IL−32", "IL-32\u200b", "\ufeffIL-32", "IL\u00a0-32", "ＩＬ-32", "Il-32", "IL_-32",
    ],
)  # fmt: skip
def test_spellings_of_one_treatment_are_one(tmp_path, other):
    read = layout(tmp_path, f"well,treatment\nA1,vehicle\nA2,IL-32\nA3,IL-32\nA4,{other}\n")
    assert set(read.wells["treatment"]) == {"vehicle", "IL-32"}
    assert any("taken for one" in warning for warning in read.warnings) or other.strip() == "IL-32"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("D1", "d1"),
        ("1", "01"),
        ("1", "1.0"),
        ("Müller", unicodedata.normalize("NFD", "Müller")),
        ("D 1", "D1"),
        ("D1", "D01"),
    ],
)
def test_a_donor_has_one_name(tmp_path, one, other):
    read = layout(tmp_path, f"well,treatment,donor\nA1,vehicle,{one}\nA2,x,{one}\nA3,x,{other}\n")
    assert set(read.wells["donor"]) == {one}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A1", "\u04101"),
        ("TGFβ", "TGFß"),
        ("D1", "Dl"),
        ("DO1", "D01"),
        ("IL-32", "lL-32"),
        ("DI", "Dl"),
    ],
)
@pytest.mark.parametrize("column", ["donor", "treatment"])
def test_names_that_look_alike_are_refused_with_both(tmp_path, one, other, column):
    values = {"donor": ("x,{}", "x,{}"), "treatment": ("{},D", "{},D")}[column]
    text = f"well,treatment,donor\nA1,vehicle,Q\nA2,{values[0].format(one)}\nA3,{values[1].format(other)}\n"
    assert "look alike: are they one or two?" in refusal(tmp_path, text)


def workbook(tmp_path, change) -> Path:
    book = Workbook()
    sheet = book.active
    sheet.title = "treatment"
    for row in (["treatment", 1, 2, 3], ["A", "vehicle", "x", "x"], ["B", "vehicle", "x", "x"]):
        sheet.append(row)
    change(book)
    path = tmp_path / "layout.xlsx"
    book.save(path)
    return path


def test_a_hidden_sheet_and_hidden_rows_are_said(tmp_path):
    def change(book):
        other = book.create_sheet("dose (nM)")
        for row in (["dose", 1, 2, 3], ["A", 0, 5, 5], ["B", 0, 6, 6]):
            other.append(row)
        other.sheet_state = "hidden"
        book["treatment"].row_dimensions[3].hidden = True

    read = read_layout(workbook(tmp_path, change))
    assert read.wells["dose"].tolist() == [0, 5, 5, 0, 6, 6]
    assert "Sheet 'treatment': rows 3 are hidden or filtered out, and are read all the same." in read.warnings
    assert "Sheet 'dose (nM)' is hidden, and is read all the same." in read.warnings


def test_numbers_of_excel_are_not_asked_about(tmp_path):
    def change(book):
        other = book.create_sheet("dose (nM)")
        for row in (["dose", 1, 2, 3], ["A", 0, 3.125, 1.5625], ["B", 0, 1.125, 25]):
            other.append(row)

    assert read_layout(workbook(tmp_path, change)).wells["dose"].tolist() == [0, 3.125, 1.5625, 0, 1.125, 25]


def test_percentages_of_excel_are_percentages(tmp_path):
    def change(book):
        other = book.create_sheet("dose")
        for row in (["dose", 1, 2, 3], ["A", 0, 0.25, 0.05]):
            other.append(row)
        for cell in other[2]:
            cell.number_format = "0%"

    table = read_layout(workbook(tmp_path, change)).wells.set_index("well")
    assert table.loc["A02", ["dose", "dose_unit"]].tolist() == [25, "%"]


@pytest.mark.parametrize(
    ("number_format", "dose", "unit"),
    [
        ('0" ng/mL"', 25, "ng/mL"), ('0\\ "nM"', 25, "nM"), ('0.0" µg/mL";-0', 25, "µg/mL"),
        ("General", 25, ""), ("#,##0", 25, ""), ('0.0"%"', 25, "%"), ("0%", 2500, "%"), ('[Red]0" U/mL"', 25, "U/mL"),
        ('"dose "0', 25, ""),
    ],
)  # fmt: skip
def test_units_that_only_the_number_format_shows(tmp_path, number_format, dose, unit):
    def change(book):
        other = book.create_sheet("dose")
        for row in (["dose", 1, 2, 3], ["A", 0, 25, None]):
            other.append(row)
        other["C2"].number_format = number_format

    table = read_layout(workbook(tmp_path, change)).wells.set_index("well")
    assert table.loc["A02", ["dose", "dose_unit"]].tolist() == [dose, unit]


def test_hidden_columns_are_said(tmp_path):
    def change(book):
        book["treatment"].column_dimensions["D"].hidden = True

    said = read_layout(workbook(tmp_path, change)).warnings
    assert "Sheet 'treatment': columns D are hidden, and are read all the same." in said


@pytest.mark.parametrize(
    ("below", "where"),
    [
        ("A,veh,y,y\n", "line 3 column 1: 'A'"), ("B,veh,x,x\nA,veh,y,y\n", "line 4 column 1: 'A'"),
        ("\n\n\n\n\nF,veh,x,x\n", "line 8 column 1: 'F'"),
        ("\n\n\n\n\nRow F,,x,\n", "line 8 column 1: 'Row F'"),
        ("C,veh,x,x\nB,x,x,x\nC,y,y,y\n", "line 5 column 1: 'C'"),
    ],
)  # fmt: skip
def test_rows_that_come_again_or_too_late_are_named(tmp_path, below, where):
    assert where in refusal(tmp_path, "treatment,1,2,3\nA,veh,x,x\n" + below)


def test_lines_below_a_grid_are_said(tmp_path):
    read = layout(tmp_path, "treatment,1,2,3\nA,veh,x,x\nNote,see,lab,book\n")
    assert read.warnings[0] == "line 3 column 1: a line below the grid is not read (Note)."


def test_a_grid_of_numbers_without_a_name_is_no_layout(tmp_path):
    said = refusal(tmp_path, ",1,2,3\nA,0.1,0.2,0.3\nB,0.2,0.1,0.4\n")
    assert "this grid has no name. Write the variable" in said


@pytest.mark.parametrize("word", ["unknown", "unbekannt", "inconnu", "blank", "empty", "none", "Unknown "])
def test_an_unknown_donor_is_no_donor(tmp_path, word):
    read = layout(tmp_path, f"well,treatment,donor\nA1,vehicle,{word}\nA2,IL-32,D1\n")
    assert read.wells["donor"].tolist() == ["", "D1"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("3", "03"), ("5 %", "5%"), ("Batch 1", "batch1"), ("EV–1", "EV-1"), ("hypoxia", "Hypoxia")],
)
def test_spellings_in_other_columns_are_one(tmp_path, one, other):
    read = layout(tmp_path, f"well,treatment,day\nA1,vehicle,{one}\nA2,x,{one}\nA3,x,{other}\n")
    assert set(read.wells["day"]) == {one}
    assert "they are taken for one" in read.warnings[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [("IL-32", "IL32"), ("wild-type", "wildtype"), ("EV-KO", "EVKO"), ("rh-IL-32", "rhIL-32"), ("Müller", "Mueller")],
)
def test_names_that_differ_in_a_dash_or_an_umlaut_are_asked_about(tmp_path, one, other):
    said = refusal(tmp_path, f"well,treatment\nA1,vehicle\nA2,{one}\nA3,{other}\n")
    assert "look alike: are they one or two?" in said


@pytest.mark.parametrize(("one", "other"), [("EV+", "EV-"), ("IL-1b", "IL-18"), ("EV 1", "EV 2"), ("WT 1-1", "WT 11")])
def test_names_that_are_two_are_two(tmp_path, one, other):
    read = layout(tmp_path, f"well,treatment\nA1,vehicle\nA2,{one}\nA3,{other}\n")
    assert set(read.wells["treatment"]) == {"vehicle", one, other}


@pytest.mark.parametrize(
    ("text", "page"), [("IL-32 µg", "cp1252"), ("Kälte", "cp1252"), ("TGF-β", "cp1253"), ("М-КСФ", "cp1251")]
)
def test_code_pages(tmp_path, text, page):
    path = tmp_path / "layout.csv"
    path.write_bytes(f"well,treatment\nA1,vehicle\nA2,{text}\n".encode(page))
    if page == "cp1252":
        read = read_layout(path)
        assert read.wells["treatment"].tolist() == ["vehicle", text]
        assert "The file is no Unicode text; it is read as Windows-1252." in read.warnings
    else:
        with pytest.raises(OsteoCountError, match=r"line 3: .* is in a code page that is not known"):
            read_layout(path)


def test_dates_of_excel_are_asked_about(tmp_path):
    from datetime import datetime

    def change(book):
        book["treatment"]["C2"] = datetime(2026, 9, 1)

    with pytest.raises(OsteoCountError, match=r"sheet 'treatment' cell C2: '2026-09-01' is a date, which Excel makes"):
        read_layout(workbook(tmp_path, change))


def test_values_of_formulas_are_taken_with_a_note(tmp_path):
    import zipfile

    def change(book):
        other = book.create_sheet("dose (nM)")
        for row in (["dose", 1, 2, 3], ["A", 0, 100, "=C2/2"], ["B", 0, 100, "=C3/2"]):
            other.append(row)

    path = workbook(tmp_path, change)
    with pytest.raises(OsteoCountError, match=r"sheet 'dose \(nM\)' cell D2 and 1 more: a formula whose value"):
        read_layout(path)
    saved = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(saved, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            for row in "23":
                content = content.replace(f"<f>C{row}/2</f><v />".encode(), f"<f>C{row}/2</f><v>50</v>".encode())
                content = content.replace(f"<f>C{row}/2</f><v></v>".encode(), f"<f>C{row}/2</f><v>50</v>".encode())
            new.writestr(name, content)
    path.write_bytes(saved.getvalue())
    read = read_layout(path)
    assert read.wells["dose"].tolist() == [0, 100, 50, 0, 100, 50]
    assert "2 cells are formulas" in read.warnings[0]


@pytest.mark.parametrize("row", [1000, 100_000, 1_048_576])
def test_a_sheet_costs_what_it_holds(tmp_path, row):
    path = workbook(tmp_path, lambda book: setattr(book["treatment"].cell(row, 20), "number_format", "0.00"))
    assert len(read_layout(path).wells) == 6


def test_a_dose_unit_column(tmp_path):
    read = layout(
        tmp_path,
        "well,treatment,dose,unit\nA1,vehicle,,\nA2,x,5,ng/ml\nA3,x,5,furlongs\n".replace("A3,x,5,furlongs\n", ""),
    )
    assert read.wells["dose_unit"].tolist() == ["", "ng/mL"]
    assert math.isnan(read.wells["dose"][0])
    said = refusal(tmp_path, "well,treatment,dose,unit\nA1,vehicle,,\nA3,x,5,furlongs\n")
    assert "the dose unit 'furlongs' is not known" in said

"""Plate-reader exports: the real ones, look-alikes of other vendors', and every encoding and separator."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from osteocount.errors import OsteoCountError
from osteocount.plate.reader import chosen_blocks, read_export, tidy
from osteocount.plate.reader_values import is_computed, read_value, wavelength_of
from osteocount.plate.wells import PLATE_SHAPES, row_letters

REAL = Path(__file__).parents[3] / "shared" / "plate_reader"


def sources():
    path = REAL / "SOURCES.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def value(row, column, scale=1000.0):
    """Return a value that tells its place."""
    return round(row + column / scale, 3)


def grid(rows=8, columns=12, *, sep="\t", corner="", labels=True, behind="", add=0.0):
    header = sep.join([corner, *map(str, range(1, columns + 1))])
    lines = [
        sep.join([row_letters(r) if labels else ""] + [f"{value(r, c) + add:.3f}" for c in range(1, columns + 1)])
        + (sep + behind if behind else "")
        for r in range(1, rows + 1)
    ]
    return "\n".join([header, *lines])


def read_text(tmp_path, text, name="export.txt", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return read_export(path)


def at(block, row, column):
    return next(r for r in block.readings if (r.row, r.column) == (row, column))


def check_values(block, rows=8, columns=12, add=0.0):
    assert len(block.readings) == rows * columns
    for r in block.readings:
        assert r.value == pytest.approx(value(r.row, r.column) + add)


@pytest.mark.skipif(not REAL.exists(), reason="the shared exports are not here")
@pytest.mark.parametrize("source", sources(), ids=lambda s: s["file"])
def test_real_exports(source):
    blocks = read_export(REAL / source["file"])
    table = tidy(blocks)
    assert list(table) == ["block", "well", "value", "wavelength_nm", "flag"]
    assert table["block"].nunique() == int(source["n_plates"])
    assert len(table) == int(source["n_wells"])
    assert set(table["wavelength_nm"]) == {float(source["wavelength_nm"])}
    by_well = table.set_index("well")
    for well, expected in json.loads(source["expected_values_json"]).items():
        if expected is None:
            assert np.isnan(by_well.loc[well, "value"])
            assert by_well.loc[well, "flag"] in ("overflow", "missed")
        else:
            assert by_well.loc[well, "value"] == expected


@pytest.mark.skipif(not REAL.exists(), reason="the shared exports are not here")
def test_real_traps():
    flags = {name: tidy(read_export(REAL / name)).set_index("well")["flag"] for name in (s["file"] for s in sources())}
    gen5 = flags["gen5_synergyH1_abs450_ovrflw.txt"]
    assert (gen5["A8"], gen5["D12"], gen5["A1"]) == ("overflow", "missed", "")
    softmax = tidy(read_export(REAL / "softmaxpro_abs450_grid_masked.txt")).set_index("well")
    assert softmax.loc["A2", ["value", "flag"]].tolist() == [1.672, "masked"]
    assert softmax.loc["F2", ["value", "flag"]].tolist() == [0.135, "out_of_range"]
    skanit = read_export(REAL / "thermo_skanit_multiskan_abs450.xlsx")
    kinds = {b.name: b.kind for b in skanit}
    assert kinds["Absorbance 1_01"] == "raw"
    assert kinds["Blank Subtraction 1_02"] == "computed"
    assert at(chosen_blocks(skanit, "Blank Subtraction 1_02")[0], 1, 1).value == 1.655


def test_gen5_layout_grid_and_several_wavelengths(tmp_path):
    layout = "\n".join(
        f"{row_letters(r)}\t" + "\t".join(f"SPL{c}" for c in range(1, 13)) + "\tWell ID\n\t" + "10\t" * 12 + "Conc/Dil"
        for r in range(1, 9)
    )
    lines = []
    for r in range(1, 9):
        for i, label in enumerate(("Read 1:450", "Read 1:570", "Blank Read 1:450")):
            first = row_letters(r) if i == 0 else ""
            lines.append("\t".join([first, *(f"{value(r, c) + i / 10:.3f}" for c in range(1, 13)), label]))
    numbers = "\t" + "\t".join(map(str, range(1, 13)))
    head = "Plate Number\tPlate 1\n\nProcedure Details\nRead\tAbsorbance Endpoint\n\tWavelengths:  450, 570\n\n"
    text = f"{head}Layout\n{numbers}\n{layout}\n\nResults\n{numbers}\n"
    blocks = read_text(tmp_path, text + "\n".join(lines) + "\n")
    assert [(b.kind, b.wavelength_nm, b.plate) for b in blocks] == [
        ("raw", 450, "Plate 1"), ("raw", 570, "Plate 1"), ("computed", 450, "Plate 1"),
    ]  # fmt: skip
    for i, block in enumerate(blocks):
        check_values(block, add=i / 10)


def test_gen5_excel_with_two_wavelengths(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet["A2"], sheet["B2"] = "Software Version", "3.11.19"
    sheet["A4"], sheet["B4"] = "Plate Number", "Plate 1"
    sheet["A6"] = "Results"
    for c in range(1, 13):
        sheet.cell(8, c + 2, c)
    for r in range(1, 9):
        top = 7 + 2 * r
        sheet.cell(top, 2, row_letters(r))
        sheet.merge_cells(start_row=top, end_row=top + 1, start_column=2, end_column=2)
        for i, nm in enumerate((405, 620)):
            for c in range(1, 13):
                sheet.cell(top + i, c + 2, value(r, c) + i)
            sheet.cell(top + i, 15, nm)
    book.save(tmp_path / "gen5.xlsx")
    blocks = read_export(tmp_path / "gen5.xlsx")
    assert [b.wavelength_nm for b in blocks] == [405, 620]
    check_values(blocks[0])
    check_values(blocks[1], add=1)
    assert blocks[0].where == "sheet 'Sheet' cell C9"


def test_gen5_two_plates_and_kinetic_lines(tmp_path):
    wells = [f"{row_letters(r)}{c}" for r in range(1, 9) for c in range(1, 13)]
    plate = (
        "Plate Number\tPlate {p}\n\nOD600:450\n\nTime\tT OD600:450\t{w}\n0:00:00\t\t{v}\n\n"
        "Blank OD600:450\n\nTime\t{w}\n0:00:00\t{v}\n\n"
    )
    values = "\t".join(f"{value(r, c)}" for r in range(1, 9) for c in range(1, 13))
    blocks = read_text(tmp_path, "".join(plate.format(p=p, w="\t".join(wells), v=values) for p in (1, 2)))
    assert [(b.plate, b.kind, b.wavelength_nm) for b in blocks] == [
        ("Plate 1", "raw", 450), ("Plate 1", "computed", 450), ("Plate 2", "raw", 450), ("Plate 2", "computed", 450),
    ]  # fmt: skip
    for block in blocks:
        check_values(block)


def test_envision_stacks_plates_and_prints_an_empty_platemap(tmp_path):
    part = (
        'Plate information\nPlate,Repeat,Barcode,Label,Kinetics,\n{p},1,="",A450(1),0,\n\n'
        "Results for A450(1) - channel 1 (A)\n{g}\n\n"
    )
    numbers = grid(sep=",", behind=" ").replace("1,2,3", "01,02,03", 1)
    empty = "\n".join(
        [",01,02,03,04,05,06,07,08,09,10,11,12,", *(f"{row_letters(r)}" + ",- " * 12 for r in range(1, 9))]
    )
    blocks = read_text(
        tmp_path,
        part.format(p=1, g=numbers) + part.format(p=2, g=numbers) + "Platemap:\nPlate,,,,1\n\n" + empty,
        "e.csv",
    )
    assert [(b.plate, b.wavelength_nm, b.kind) for b in blocks] == [("Plate 1", 450, "raw"), ("Plate 2", 450, "raw")]
    assert len({b.name for b in blocks}) == 2
    check_values(blocks[1])


def test_envision_without_any_headings(tmp_path):
    bare = "\n".join(",".join(f"{value(r, c)}" for c in range(1, 25)) + "," for r in range(1, 17))
    table = (
        "Plate,Repeat,Barcode,{h},Measurement date,\n1,1,,x,7/17/2026,\n\n"
        "Plate,Label,MeasInfo,\n1,OD450,De=Abs Em=450 nm,\n\n"
    )
    blocks = read_text(
        tmp_path, table.format(h="Formula") + bare + "\n\n" + table.format(h="Group") + bare + "\n\n", "e.csv"
    )
    assert [(b.kind, b.wavelength_nm, b.plate) for b in blocks] == [
        ("computed", 450, "Plate 1"),
        ("raw", 450, "Plate 1"),
    ]
    check_values(blocks[1], 16, 24)


def test_kaleido_names_its_wavelength_after_the_grid(tmp_path):
    text = (
        f"\n\nResults for ABS mono 1\n\nBarcode: V-1, PlateRepeat: 1, WellRepeat: 1\n{grid(sep=',')}\n\n"
        "Analysis Result\n\nTech,,,,ABS mono 1\nExcitation wavelength [nm],,,,450\n"
    )
    (block,) = read_text(tmp_path, text, "k.csv")
    assert (block.wavelength_nm, block.plate, block.title) == (450, "V-1", "Results for ABS mono 1")
    check_values(block)


def test_magellan_list_is_column_major(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["Well positions", "Layout", "Replicate Info", "Raw data"])
    for c in range(1, 13):
        for r in range(1, 9):
            sheet.append([f"{row_letters(r)}{c}", f"SM{c}", "1/1", value(r, c)])
    for line in (
        "",
        "Date of measurement: 2021-07-06/Time of measurement: 09:43:07",
        "Measurement mode: Absorbance",
        "Measurement wavelength: 595 nm",
    ):
        sheet.append([line])
    book.save(tmp_path / "m.xlsx")
    (block,) = read_export(tmp_path / "m.xlsx")
    assert block.wavelength_nm == 595
    check_values(block)


def test_magellan_text_without_headings(tmp_path):
    text = "\n".join(f"{row_letters(r)}{c}\t{value(r, c)}".replace(".", ",") for c in range(1, 13) for r in range(1, 9))
    (block,) = read_text(tmp_path, text, "m.asc")
    check_values(block)


def test_letters_across_and_numbers_down(tmp_path):
    lines = ["\t" + "\t".join("ABCDEFGH")]
    lines += ["\t".join([str(c), *(f"{value(r, c)}" for r in range(1, 9))]) for c in range(1, 13)]
    (block,) = read_text(tmp_path, "OD405\n" + "\n".join(lines))
    check_values(block)


def test_tecan_icontrol_corner(tmp_path):
    text = f"Mode\tAbsorbance\nMeasurement Wavelength\t405\tnm\n\n{grid(corner='<>')}\n\nEnd Time:\t1\n"
    (block,) = read_text(tmp_path, text)
    assert block.wavelength_nm == 405
    check_values(block)


def test_bmg_list_with_row_and_column(tmp_path):
    lines = ["Well Row,Well Col,Content,Raw Data (405),Blank corrected based on Raw Data (405)"]
    lines += [
        f"{row_letters(r)},{c},Sample X1,{value(r, c)},{value(r, c) - 0.04:.3f}"
        for r in range(1, 9)
        for c in range(1, 13)
    ]
    blocks = read_text(tmp_path, "\n".join(lines), "bmg.csv")
    assert [(b.kind, b.wavelength_nm) for b in blocks] == [("raw", 405), ("computed", 405)]
    check_values(blocks[0])


def test_gen5_list_whose_samples_look_like_wells(tmp_path):
    lines = ["Well ID\tName\tWell\tConc/Dil\tRead:405\tBlank Read:405"]
    places = [(r, c) for r in range(1, 9) for c in range(1, 13)]
    lines += [f"S{i}\tx\t{row_letters(r)}{c}\t10\t{value(r, c)}\t{value(r, c)}" for i, (r, c) in enumerate(places, 1)]
    blocks = read_text(tmp_path, "Plate Number\tPlate 1\n\n" + "\n".join(lines))
    assert [(b.kind, b.wavelength_nm, b.plate) for b in blocks] == [
        ("raw", 405, "Plate 1"),
        ("computed", 405, "Plate 1"),
    ]
    check_values(blocks[0])


def test_skanit_two_plates_and_two_wavelengths_on_one_sheet(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.title = "Absorbance 1_01"
    for plate in ("Plate 1", "Plate 2"):
        for nm in (450, 620):
            sheet.append([f"Wavelength: {nm} nm"])
            sheet.append([" "])
            sheet.append([plate])
            sheet.append(["Abs", *range(1, 13)])
            for r in range(1, 9):
                sheet.append([row_letters(r), *(value(r, c) for c in range(1, 13))])
            sheet.append([])
    book.save(tmp_path / "s.xlsx")
    blocks = read_export(tmp_path / "s.xlsx")
    assert [(b.plate, b.wavelength_nm) for b in blocks] == [
        ("Plate 1", 450), ("Plate 1", 620), ("Plate 2", 450), ("Plate 2", 620),
    ]  # fmt: skip
    assert len({b.name for b in blocks}) == 4


def test_bmg_partial_384_plate_without_trailing_separators(tmp_path):
    text = (
        "Raw Data  (484)\n\n,"
        + ",".join(map(str, range(1, 25)))
        + "\nA,0.031,0.032\nB,,0.5,,0.1\n"
        + "".join(f"{row_letters(r)}\n" for r in range(3, 17))
    )
    (block,) = read_text(tmp_path, text, "m.csv")
    assert len(block.readings) == 384
    assert block.n_values == 4
    assert at(block, 2, 1).flag == "empty"
    assert at(block, 2, 4).value == 0.1


def test_list_of_two_plates(tmp_path):
    lines = ["Plate;Well;OD 540"]
    lines += [
        f"{p};{row_letters(r)}{c:02d};{value(r, c) + p}".replace(".", ",")
        for p in (1, 2)
        for r in (1, 2)
        for c in (1, 2, 3)
    ]
    blocks = read_text(tmp_path, "\n".join(lines), "l.csv", "cp1252")
    assert [(b.plate, b.wavelength_nm) for b in blocks] == [("1", 540), ("2", 540)]
    assert at(blocks[1], 2, 3).value == value(2, 3) + 2


def softmax_plate(name, form, body, wavelengths="450 570"):
    count = len(wavelengths.split())
    head = [
        "Plate:",
        name,
        "1.3",
        form,
        "Endpoint",
        "Absorbance",
        "Raw",
        "FALSE",
        "1",
        "",
        "",
        "",
        "",
        "",
        str(count),
        wavelengths,
        "1",
        "12",
        "96",
        "1",
        "8",
    ]
    return "\t".join(head) + "\n" + body + "\n~End\n"


def test_softmax_wavelengths_side_by_side_on_two_plates(tmp_path):
    numbers = "\t".join(map(str, range(1, 13)))
    lines = [f"\tTemperature(¡C)\t{numbers}\t\t{numbers}"]
    for r in range(1, 9):
        cells = "\t".join(f"{value(r, c)}" for c in range(1, 13))
        lines.append(f"\t{'35' if r == 1 else ''}\t{cells}\t\t{cells}")
    lines += ["", f"\t\t{numbers}"] + ["\t\t" + "\t".join(["9"] * 12)] * 8
    text = (
        "##BLOCKS= 2\n"
        + softmax_plate("P1", "PlateFormat", "\n".join(lines))
        + softmax_plate("P2", "PlateFormat", "\n".join(lines))
    )
    text += "Group: Std\nSample\tWells\tOD\tWellPlateName\nSt1\tA1\tMasked\tP2\n~End\n"
    blocks = read_text(tmp_path, text, encoding="utf-16")
    raw = chosen_blocks(blocks)
    assert [(b.plate, b.wavelength_nm) for b in raw] == [("P1", 450), ("P1", 570), ("P2", 450), ("P2", 570)]
    for block in raw:
        check_values(block)
    assert [at(b, 1, 1).flag for b in raw] == ["", "", "masked", "masked"]


def test_softmax_one_long_line(tmp_path):
    wells = "\t".join(f"{row_letters(r)}{c}" for r in range(1, 9) for c in range(1, 13))
    values = "\t".join(f"{value(r, c)}" for r in range(1, 9) for c in range(1, 13))
    body = f"Time\tTemperature(¡C)\t{wells}\t\n0:00:00\t24.5\t{values}\t\n"
    blocks = read_text(
        tmp_path, "##BLOCKS= 1\n" + softmax_plate("Plate#1", "TimeFormat", body, "450"), encoding="utf-16"
    )
    assert [(b.plate, b.wavelength_nm) for b in blocks] == [("Plate#1", 450)]
    check_values(blocks[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.073", (0.073, "")), ("0,073", (0.073, "")), ("1.234,5", (1234.5, "")),
        ("-0.06", (-0.06, "")), ("−0.06", (-0.06, "")),
        ("", (None, "empty")), ("NaN", (None, "empty")), ("OVRFLW", (None, "overflow")), ("OVER", (None, "overflow")),
        ("****", (None, "overflow")), ("#####", (None, "overflow")),
        (">3.5", (None, "overflow")), ("<0.000", (None, "underflow")),
        ("MISSED", (None, "missed")), ("Range?", (None, "out_of_range")),
        ("?????", (None, "invalid")), ("*0.356*", (0.356, "masked")),
        ("SPL1", None), ("-", None), ("0:02:00", None),
    ],
)  # fmt: skip
def test_one_cell(text, expected):
    assert read_value(text) == expected


@pytest.mark.parametrize(
    ("text", "nm"),
    [
        ("450 nm", 450), ("Raw Data (450 1)", 450), ("Raw Data  (484)", 484), ("A450(1)", 450), ("abs450:450", 450),
        ("OD600:450", 450), ("260:977 [Test]", 977), ("Wavelength: 405 nm", 405),
        ("Excitation wavelength [nm] 450", 450), ("570", 570),
        ("Wavelengths:  450, 570", None), ("Test run no.: 445", None),
        ("Plate 384", None), ("2024-04-11", None), ("5000 nm", None),
    ],
)  # fmt: skip
def test_wavelength_of_a_heading(text, nm):
    assert wavelength_of(text) == nm


@pytest.mark.parametrize(
    "text", ["Blank 450", "Corrected [Blank 260:260]", "Mean", "% CV", "Dilution Factor 1_04", "R-Squared [x]"]
)
def test_computed_headings(text):
    assert is_computed(text)
    assert not is_computed("Absorbance 1_01 450 nm")


def test_high_densities_are_flagged_but_kept(tmp_path):
    (block,) = read_text(tmp_path, grid(3, 6).replace("2.006", "3.100"))
    assert (at(block, 2, 6).value, at(block, 2, 6).flag) == (3.1, "above_3_od")
    assert at(block, 1, 1).flag == ""


def test_choice_of_blocks(tmp_path):
    blocks = read_text(tmp_path, f"First\n{grid()}\n\nBlank corrected\n{grid(add=1)}\n")
    assert [b.name for b in blocks] == ["First", "Blank corrected"]
    assert tidy(blocks)["block"].unique().tolist() == ["First"]
    assert tidy(blocks, "2").equals(tidy(blocks, "Blank corrected"))
    with pytest.raises(
        OsteoCountError, match=r"no block 'Third' in this file\. The blocks are 1: First; 2: Blank corrected"
    ):
        tidy(blocks, "Third")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"nothing here", "no readings found"),
        ("a.xlsx", b"nothing here", "not an Excel workbook"),
        ("a.xlsx", b"PK\x03\x04 broken", "not an Excel workbook"),
        ("a.xls", b"\xd0\xcf\x11\xe0 old", "old Excel file"),
        ("a.txt", b"ab\x00cd" + b"x" * 50, "binary data"),
        ("none.txt", None, "cannot be read"),
    ],
)
def test_not_an_export(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(OsteoCountError, match=said):
        read_export(tmp_path / name)


cells = st.one_of(
    st.integers(-60, 4000).map(lambda n: n / 1000), st.sampled_from(["OVRFLW", "MISSED", "****", "", "Range?"])
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    wells=st.sampled_from([24, 48, 96]),
    sep=st.sampled_from(["\t", ";", ","]),
    comma=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    data=st.data(),
)
def test_a_grid_reads_the_same_in_every_encoding_and_separator(
    tmp_path_factory, wells, sep, comma, encoding, newline, data
):
    rows, columns = PLATE_SHAPES[wells]
    table = data.draw(st.lists(st.lists(cells, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
    table[0][0] = 1.5
    path = tmp_path_factory.mktemp("grid") / "export.txt"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=sep, lineterminator=newline)
        writer.writerow(["Gerät µ", "Raw Data (405 1)"])
        writer.writerow([])
        writer.writerow(["", *range(1, columns + 1)])
        for r, line in enumerate(table, 1):
            words = [f"{v:.3f}".replace(".", "," if comma else ".") if isinstance(v, float) else v for v in line]
            writer.writerow([row_letters(r), *words])
    (block,) = read_export(path)
    assert block.wavelength_nm == 405
    for r in block.readings:
        expected = table[r.row - 1][r.column - 1]
        if isinstance(expected, float):
            assert r.value == expected
        else:
            assert r.value is None
            assert r.flag

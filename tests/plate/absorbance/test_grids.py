"""Look-alikes of exports of many vendors, made after the shapes of real ones."""

from __future__ import annotations

from openpyxl import Workbook

from osteocount.plate.absorbance.model import chosen_blocks
from osteocount.plate.absorbance.read import read_export
from osteocount.wells import row_letters
from support.absorbance_files import at, check_values, grid, read_text, value


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
        ("raw", 450, "Plate 1"), ("raw", 570, "Plate 1"), ("blank-subtracted", 450, "Plate 1"),
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
        (plate, kind, 450) for plate in ("Plate 1", "Plate 2") for kind in ("raw", "blank-subtracted")
    ]
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


def test_kaleido_3_as_csv_with_two_measurements(tmp_path):
    part = (
        "Result for Absorbance {n},,,\nBarcode,Repeat,Loop no,Exc wl / filter,,\nBC 1 12:10:14,1,,,\n,,,,\n{g}\n,,,,\n"
    )
    settings = "Operation,,,Absorbance {n},,\nExcitation Wavelength [nm],,,{nm},,\n"
    text = "EnSight Results from,,,,\n" + "".join(part.format(n=n, g=grid(sep=",", add=n)) for n in (1, 2))
    blocks = read_text(tmp_path, text + settings.format(n=1, nm=405) + settings.format(n=2, nm=620), "k.csv")
    assert [(b.plate, b.wavelength_nm) for b in blocks] == [("BC 1 12:10:14", 405), ("BC 1 12:10:14", 620)]
    check_values(blocks[1], add=2)


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


def test_two_plates_as_grids_in_one_file(tmp_path):
    text = "".join(f"Plate {p}\nRaw Data (450)\n{grid(sep=';', add=p)}\n\n" for p in (1, 2)).replace(".", ",")
    blocks = read_text(tmp_path, text, "two.csv", encoding="cp1252")
    assert [(b.plate, b.wavelength_nm) for b in blocks] == [("Plate 1", 450), ("Plate 2", 450)]
    check_values(blocks[1], add=2)


def test_spectramax_excel_heading(tmp_path):
    lines = ["Well\tSample\tRaw Data{Wavelength:415.0}"]
    lines += [f"{row_letters(r)}{c}\tUn{c}\t{value(r, c)}" for r in range(1, 9) for c in range(1, 13)]
    (block,) = chosen_blocks(read_text(tmp_path, "\n".join(lines)))
    assert block.wavelength_nm == 415
    check_values(block)

"""Readings printed as lists, by the programs that print them."""

from __future__ import annotations

from openpyxl import Workbook

from osteocount.plate.absorbance.model import chosen_blocks
from osteocount.plate.absorbance.read import read_export
from osteocount.wells import row_letters
from support.absorbance_files import at, check_values, read_text, value


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


def test_magellan_with_samples_first_and_two_labels(tmp_path):
    lines = ["Layout\tWell positions\tPlate\tRaw data\tRaw data(2)"]
    places = [(r, c) for c in range(1, 13) for r in range(1, 9)]
    lines += [
        f"SM{i}\t{row_letters(r)}{c}\t{'P7' if i == 0 else ''}\t{value(r, c)}\t{value(r, c) + 1:.3f}\t"
        for i, (r, c) in enumerate(places)
    ]
    lines += ["Date of measurement: 2021-07-06", "Measurement 1:", "  Measurement wavelength: 485 nm", "Measurement 2:"]
    lines += ["  Measurement wavelength: 560 nm", "Meas. temperature: Raw data: 24.8 °C"]
    blocks = read_text(tmp_path, "\n".join(lines), "m.asc", "cp1252")
    assert [(b.plate, b.wavelength_nm, b.kind) for b in blocks] == [("P7", 485, "raw"), ("P7", 560, "raw")]
    check_values(blocks[0])
    check_values(blocks[1], add=1)


def test_magellan_text_without_headings(tmp_path):
    text = "\n".join(
        f"SM1_{c}\t{row_letters(r)}{c}\t{value(r, c)}\t".replace(".", ",") for c in range(1, 13) for r in range(1, 9)
    )
    (block,) = read_text(tmp_path, text, "m.asc")
    check_values(block)


def test_bmg_list_with_row_and_column(tmp_path):
    lines = ["Well Row,Well Col,Content,Raw Data (405),Blank corrected based on Raw Data (405)"]
    lines += [
        f"{row_letters(r)},{c},Sample X1,{value(r, c)},{value(r, c) - 0.04:.3f}"
        for r in range(1, 9)
        for c in range(1, 13)
    ]
    blocks = read_text(tmp_path, "\n".join(lines), "bmg.csv")
    assert [(b.kind, b.wavelength_nm) for b in blocks] == [("raw", 405), ("blank-subtracted", 405)]
    check_values(blocks[0])


def test_gen5_list_whose_samples_look_like_wells(tmp_path):
    lines = ["Well ID\tName\tWell\tConc/Dil\tRead:405\tBlank Read:405"]
    places = [(r, c) for r in range(1, 9) for c in range(1, 13)]
    lines += [f"S{i}\tx\t{row_letters(r)}{c}\t10\t{value(r, c)}\t{value(r, c)}" for i, (r, c) in enumerate(places, 1)]
    blocks = read_text(tmp_path, "Plate Number\tPlate 1\n\n" + "\n".join(lines))
    assert [(b.kind, b.wavelength_nm, b.plate) for b in blocks] == [
        ("raw", 405, "Plate 1"),
        ("blank-subtracted", 405, "Plate 1"),
    ]
    check_values(blocks[0])


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


def test_multiskan_list_with_a_column_of_wavelengths(tmp_path):
    lines = ["Photometric1", "", "Barcode\tWell\tType\tDescription\tSampleNo\tValue\tTime\tWavelength [nm]\tRead"]
    for nm, add in ((405, 0), (620, 1)):
        lines += [
            f"P7\t{row_letters(r)}{c:02d}\tUnknown\t\t{c}\t{value(r, c) + add}\t0\t{nm}\t1"
            for r in range(1, 9)
            for c in range(1, 13)
        ]
    blocks = read_text(tmp_path, "\n".join(lines))
    blocks = chosen_blocks(blocks)
    assert [(b.plate, b.wavelength_nm, b.kind) for b in blocks] == [("P7", 405, "raw"), ("P7", 620, "raw")]
    check_values(blocks[0])
    check_values(blocks[1], add=1)


def test_list_whose_wells_come_again_for_every_wavelength(tmp_path):
    lines = ["Well,Wavelength,Absorbance"]
    lines += [
        f"{row_letters(r)}{c},{nm},{value(r, c) + nm / 1000}"
        for r in range(1, 9)
        for c in range(1, 13)
        for nm in (450, 570)
    ]
    blocks = chosen_blocks(read_text(tmp_path, "\n".join(lines), "list.csv"))
    assert [b.wavelength_nm for b in blocks] == [450, 570]
    check_values(blocks[1], add=0.57)

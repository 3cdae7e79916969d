"""Exports as instruments save them: every value in its well, and what is no reading never taken for one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.blank_subtraction import absorbance_columns
from osteocount.plate.absorbance.model import chosen_blocks
from osteocount.plate.absorbance.read import read_export
from osteocount.plate.layout.read import read_layout
from osteocount.wells import PLATE_SHAPES, row_letters
from support.absorbance_files import at, check_values, grid, read_text, value

CASES = Path(__file__).parents[4] / "shared" / "cases" / "plates"
NUMBERS = "\t".join(map(str, range(1, 13)))
WELLS = [f"{row_letters(r)}{c}" for r in range(1, 9) for c in range(1, 13)]


def values_of(block):
    return {(r.row, r.column): r.value for r in block.readings if r.value is not None}


def softmax(
    body, *, form="PlateFormat", first_row=1, rows=8, wavelengths="405", data="Raw", mode="Absorbance", wells=96
):
    count = len(wavelengths.split())
    head = ["Plate:", "P1", "1.3", form, "Endpoint", mode, data, "FALSE", "1", "", "", "", "", "", str(count)]
    head += [wavelengths + " ", "1", "12", str(wells), str(first_row), str(rows)]
    return "##BLOCKS= 1\n" + "\t".join(head) + "\n" + body + "\n~End\n"


@pytest.mark.parametrize(("first_row", "rows"), [(1, 8), (3, 4), (2, 6), (8, 1), (1, 1), (5, 4)])
@pytest.mark.parametrize("empty_lines", [True, False])
def test_softmax_lines_are_of_the_rows_that_were_read(tmp_path, first_row, rows, empty_lines):
    lines = []
    for r in range(1, 9):
        read = first_row <= r < first_row + rows
        cells = "\t".join(f"{value(r, c)}" if read else "" for c in range(1, 13))
        if read or empty_lines:
            lines.append(f"\t\t{cells}")
    body = f"\tTemperature(C)\t{NUMBERS}\n" + "\n".join(lines) + "\n"
    (block,) = read_text(tmp_path, softmax(body, first_row=first_row, rows=rows))
    assert values_of(block) == {(r, c): value(r, c) for r in range(first_row, first_row + rows) for c in range(1, 13)}


def test_softmax_lines_that_fit_no_rows_are_refused(tmp_path):
    body = f"\t\t{NUMBERS}\n" + "\n".join("\t\t" + "\t".join(["0.1"] * 12) for _ in range(3)) + "\n"
    with pytest.raises(OsteoCountError, match=r"line 4 column 1: the lines of this SoftMax plate do not fit the rows"):
        read_text(tmp_path, softmax(body, first_row=5, rows=4))


def long_line(factor=1.0):
    return "\t22.0\t" + "\t".join(f"{factor * value(r, c):.6f}" for r in range(1, 9) for c in range(1, 13))


@pytest.mark.parametrize("wavelengths", ["405 650", "450 570", "405 450 650"])
@pytest.mark.parametrize("gap", ["\n\n", "\n"])
def test_softmax_wavelengths_below_each_other(tmp_path, wavelengths, gap):
    nms = [float(nm) for nm in wavelengths.split()]
    body = "\tTemperature(C)\t" + "\t".join(WELLS) + "\n" + gap.join(long_line(n) for n in range(1, len(nms) + 1))
    body += "\n\n\t\t" + "\t".join(WELLS) + "\n" + long_line(7) + "\n"
    blocks = read_text(tmp_path, softmax(body, form="TimeFormat", wavelengths=wavelengths), encoding="utf-16")
    assert [(b.kind, b.wavelength_nm) for b in blocks] == [*(("raw", nm) for nm in nms), ("computed", None)]
    for factor, block in enumerate(chosen_blocks(blocks), 1):
        assert at(block, 3, 4).value == pytest.approx(factor * value(3, 4))


@pytest.mark.parametrize("form", ["TimeFormat", "PlateFormat"])
def test_softmax_reduced_values_are_computed(tmp_path, form):
    body = "\t\t" + "\t".join(WELLS) + "\n" + long_line() + "\n"
    if form == "PlateFormat":
        body = f"\t\t{NUMBERS}\n" + "\n".join("\t\t" + "\t".join(["0.5"] * 12) for _ in range(8)) + "\n"
    (block,) = read_text(tmp_path, softmax(body, form=form, data="Reduced", wavelengths="450 650"))
    assert (block.kind, block.wavelength_nm, block.title) == ("computed", None, "reduced")


def gen5(skipped, labels=("405", "Blank 405")):
    lines = []
    for r in range(1, 9):
        for n, label in enumerate(labels):
            cells = ["" if r in skipped else f"{value(r, c) / 10 - n / 100:.4f}" for c in range(1, 13)]
            lines.append("\t".join([row_letters(r) if n == 0 else "", *cells, label]))
    return f"Software Version\t3.11.19\n\nPlate Number\tPlate 1\n\nResults\n\t{NUMBERS}\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("skipped", [(1, 8), (4,), (1,), (8,), (1, 2, 3), (3, 4, 5), (1, 3, 5, 7), (2, 3, 4, 5, 6, 7)])
@pytest.mark.parametrize("labels", [("405", "Blank 405"), ("405",), ("405", "650", "Blank 405")])
def test_rows_left_empty_lose_nobody(tmp_path, skipped, labels):
    blocks = read_text(tmp_path, gen5(skipped, labels))
    assert [b.kind for b in blocks] == ["blank-subtracted" if "Blank" in label else "raw" for label in labels]
    for n, block in enumerate(blocks):
        places = [(r, c) for r in range(1, 9) for c in range(1, 13) if r not in skipped]
        expected = {place: round(value(*place) / 10 - n / 100, 4) for place in places}
        assert values_of(block) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "label",
    [
        "[Concentration]", "Concentration", "Integral", "Log(405)", "Polarization", "Purity 260/280", "% Inhibition",
        "Ratio", "Mean 405", "Std Dev", "CV (%)", "Max V [405]", "Delta 405", "Pathlength", "Anisotropy",
        "405 minus 650",
    ],
)  # fmt: skip
def test_computed_blocks_are_said_and_never_taken_for_readings(tmp_path, label):
    (block,) = read_text(tmp_path, gen5((), (label,)))
    assert block.kind == "computed"
    layout = pd.DataFrame({"plate": "", "well": ["A01"], "role": ["blank"]})
    with pytest.raises(OsteoCountError, match=r"holds no readings as they were measured, only 1: .*\(computed\)"):
        absorbance_columns([block], layout, "viability")
    assert len(absorbance_columns([block], layout, "viability", block="1")) == 96


@pytest.mark.parametrize("label", ["normDAPI", "NormLum", "meanNorm", "Viability", "My transformation"])
@pytest.mark.parametrize("light", ["DAPI:360/40,460/40", "LUM:Lum", "405", "OD600:600"])
def test_what_gen5_made_of_its_readings_is_computed(tmp_path, light, label):
    blocks = read_text(tmp_path, gen5((), (light, label)))
    assert [block.kind for block in blocks] == ["raw", "computed"]


@pytest.mark.parametrize(
    ("label", "nm"), [("260:280", 280), ("405:450", 450), ("A260:230", 230), ("Read 2:570", 570), ("450:650", 650)]
)
def test_a_name_before_the_wavelength_is_no_excitation(tmp_path, label, nm):
    (block,) = read_text(tmp_path, gen5((), (label,)))
    assert (block.wavelength_nm, block.emission_nm, block.signal, block.kind) == (nm, None, "absorbance", "raw")


@pytest.mark.parametrize(
    "label", ["450-570", "OD 450 - 570", "A260/A280", "450 nm − 650 nm", "Abs 405-Abs 650", "260/280"]
)
def test_differences_and_ratios_of_wavelengths_are_computed(tmp_path, label):
    (block,) = read_text(tmp_path, gen5((), (label,)))
    assert (block.kind, block.emission_nm) == ("computed", None)


@pytest.mark.parametrize("heading", ["Wavelengths: 450, 570", "Absorbance 450, 570", "OD 405,490", "450, 570"])
def test_two_wavelengths_above_optical_densities_are_no_fluorescence(tmp_path, heading):
    (block,) = read_text(tmp_path, f"{heading}\n\t{NUMBERS}\nA\t" + "\t".join(["0.105"] * 12) + "\nB\t0.2\n")
    assert (block.signal, block.emission_nm) == ("absorbance", None)


@pytest.mark.parametrize(
    ("filters", "signal"),
    [("Ex=Top Em=Top", "fluorescence"), ("Ex=N/A Em=Top", "luminescence"), ("Ex=Btm Em=N/A", "absorbance")],
)
@pytest.mark.parametrize("filled", [8, 12, 3])
def test_envision_says_which_light_and_may_leave_wells_empty(tmp_path, filters, signal, filled):
    lines = [
        ",".join(f"{value(r, c)}" if c <= filled and r < 5 else "" for c in range(1, 13)) + "," for r in range(1, 9)
    ]
    text = (
        "Plate information\nPlate,Repeat,Barcode,Group,Label,MeasInfo,\n"
        f"3,1,,1,BCA @ 562(1),De=1st {filters} Wdw=N/A,\n"
        "\nBackground information\nPlate,Label,Result,MeasInfo,\n3,BCA @ 562,0,De=1st,\n\n"
    )
    (block,) = read_text(tmp_path, text + "\n".join(lines) + "\n")
    assert (block.plate, block.signal, block.kind, block.title) == ("Plate 3", signal, "raw", "BCA @ 562")
    assert values_of(block) == {(r, c): value(r, c) for r in range(1, 5) for c in range(1, filled + 1)}


@pytest.mark.parametrize(
    ("mode", "wavelengths", "behind", "expected"),
    [
        ("Fluorescence\tFALSE", "505", "380\tAutomatic\t495\t\t\t6\t\t\t\t1\t8", (380, 505)),
        ("Fluorescence\tFALSE", "445", "404\tManual\t\t\t\t6\t\t\t\t1\t8\t404", (404, 445)),
        ("Luminescence", "0", "\t\t\t\t\t1\t\t\t\t1\t8", (None, None)),
        ("Absorbance", "450", "1\t8", (450, None)),
    ],
)
def test_the_plate_line_of_softmax_for_every_light(tmp_path, mode, wavelengths, behind, expected):
    head = f"Plate:\tP1\t1.3\tPlateFormat\tEndpoint\t{mode}\tRaw\tFALSE\t1\t\t\t\t\t\t1"
    head += f"\t{wavelengths} \t1\t12\t96\t{behind}"
    lines = ["\t\t" + "\t".join(f"{value(r, c)}" for c in range(1, 13)) for r in range(1, 9)]
    (block,) = read_text(tmp_path, f"##BLOCKS= 1\n{head}\n\t\t{NUMBERS}\n" + "\n".join(lines) + "\n\n~End\n")
    check_values(block)
    assert (block.wavelength_nm, block.emission_nm) == expected
    assert block.signal == mode.split("\t")[0].lower()


def test_a_list_with_columns_beside_its_readings(tmp_path):
    lines = [f"A{n},0,1.{n},0.{n},2.{n},0.5" for n in range(1, 7)]
    blocks = read_text(tmp_path, "Well,Pump,Background (A260),A260,A260/A280,Volume\n" + "\n".join(lines) + "\n")
    assert [(b.kind, b.title) for b in blocks] == [
        ("reference", "Background (A260)"), ("raw", "A260"), ("computed", "A260/A280"),
    ]  # fmt: skip


def test_times_of_several_readings_keep_what_was_read(tmp_path):
    text = ""
    for light in ("OD:600", "485,528"):
        rows = [f"A{n}\t{n}20\t{n}21\t" for n in range(1, 7)]
        text += f"{light}\n\nTime\t0:01:48\t0:06:48\t\nT° {light}\t30.0\t30.0\t\n" + "\n".join(rows) + "\n\n"
    blocks = read_text(tmp_path, text)
    assert [(b.name, b.wavelength_nm, b.emission_nm) for b in blocks] == [
        ("OD:600 Time 0:01:48", 600, None), ("OD:600 Time 0:06:48", 600, None),
        ("485,528 Time 0:01:48", 485, 528), ("485,528 Time 0:06:48", 485, 528),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda lines: [*lines[:3], lines[1], *lines[3:]], "line 4 column 1: 'A'"),
        (lambda lines: [*lines[:5], *[""] * 5, *lines[5:]], "line 11 column 1: 'E'"),
        (lambda lines: [*lines, lines[2]], "line 10 column 1: 'B'"),
    ],
)
def test_rows_that_come_again_or_far_below_are_refused(tmp_path, change, where):
    with pytest.raises(OsteoCountError, match=f"{where} is a row that is there already, or stands far below"):
        read_text(tmp_path, "\n".join(change(grid().split("\n"))) + "\n")


def test_column_numbers_from_zero_are_no_columns_from_one(tmp_path):
    _, *lines = grid().split("\n")
    numbers = "\t".join(map(str, range(12)))
    with pytest.raises(OsteoCountError, match="no readings found"):
        read_text(tmp_path, "\n".join(["\t" + numbers, *lines]) + "\n")


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("TRAP activity (mU/mL)", "computed"), ("nmol pNP / min", "computed"), ("IL-6 ng/mL", "computed"),
        ("ln(OD)", "computed"), ("Dose (ng/mL)", "computed"), ("Temperature", "computed"),
        ("Net OD 405", "blank-subtracted"),
        ("Temperature (°C)", "computed"), ("Absorbance 405 nm", "raw"), ("OD 405", "raw"), ("TRAP 540", "raw"),
    ],
)  # fmt: skip
def test_amounts_are_no_readings(tmp_path, title, kind):
    (block,) = read_text(tmp_path, f"{title}\n{grid()}\n")
    assert block.kind == kind
    lines = "\n".join(f"A{n}\t0.{n}" for n in range(1, 7))
    (block,) = read_text(tmp_path, f"Well\t{title}\n{lines}\n", "list.txt") if "Temp" not in title else (block,)
    assert block.kind == kind


@pytest.mark.parametrize("title", ["alamarBlue absorbance 570 nm", "Resazurin, Absorbance at 600 nm"])
def test_the_absorbance_of_a_fluorescent_dye_is_absorbance(tmp_path, title):
    (block,) = read_text(tmp_path, f"{title}\n{grid()}\n")
    assert (block.signal, block.emission_nm) == ("absorbance", None)


def test_percentages_are_computed(tmp_path):
    lines = [f"{row_letters(r)}\t" + "\t".join(f"{r}{c % 10}.5%" for c in range(1, 13)) for r in range(1, 9)]
    (block,) = read_text(tmp_path, f"\t{NUMBERS}\n" + "\n".join(lines) + "\n")
    assert block.kind == "computed"
    assert at(block, 2, 3).value == 23.5


def rfu(template, factor=1):
    rows = [[980 + r, 1234 + r, 12345 + r, 123456 + r, 1234567 + r] + [5000 + r] * 7 for r in range(8)]
    lines = ["\t".join([row_letters(n), *(template(factor * v) for v in row)]) for n, row in enumerate(rows, 1)]
    return f"Results for alamarBlue RFU\n\t{NUMBERS}\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "template",
    [
        lambda v: f"{v:,}", lambda v: f"{v:,}".replace(",", "."), str, lambda v: f"{v:,}".replace(",", "\u00a0"),
        lambda v: f"{v:,}".replace(",", "'"), lambda v: f"{v:,}.50", lambda v: f"{v:,}".replace(",", ".") + ",25",
    ],
)  # fmt: skip
def test_thousands_are_thousands(tmp_path, template):
    (block,) = read_text(tmp_path, rfu(template))
    assert int(at(block, 1, 3).value) == 12345
    assert int(at(block, 8, 5).value) == 1234574
    assert int(at(block, 1, 1).value) == 980
    assert block.signal == "fluorescence"


@pytest.mark.parametrize("mark", [",", "."])
def test_thousands_that_may_be_decimals_are_asked_about(tmp_path, mark):
    lines = [
        f"{row_letters(r)}\t" + "\t".join(f"{r}{mark}{c + 100}" for c in range(1, 12)) + "\t980" for r in range(1, 9)
    ]
    with pytest.raises(OsteoCountError, match="line 2 column 2: a number whose comma or point may part thousands"):
        read_text(tmp_path, f"\t{NUMBERS}\n" + "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    "values", [["0,073", "1,234"], ["12,5", "1,234"], ["1,2345", "1,234"], ["0,1", "2,000"], ["1,234e0", "0,9"]]
)
def test_a_decimal_comma_is_seen_from_the_others(tmp_path, values):
    lines = [f"{row_letters(r)}\t" + "\t".join(values[c % 2] for c in range(12)) for r in range(1, 9)]
    (block,) = read_text(tmp_path, f"\t{NUMBERS}\n" + "\n".join(lines) + "\n")
    assert at(block, 1, 2).value == float(values[1].replace(",", "."))


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("label", ["Read 2:405", "405", "OD:405"])
def test_an_endpoint_and_a_kinetic_in_one_file(tmp_path, times, label):
    kinetic = [f"Time\tT {label}\t" + "\t".join(WELLS)]
    kinetic += [
        f"0:0{t}:00\t37.0\t" + "\t".join(f"{value(r, c) + t:.3f}" for r in range(1, 9) for c in range(1, 13))
        for t in range(times)
    ]
    text = (
        f"Plate Number\tPlate 1\n\nRead 1:405\n{grid(behind='Read 1:405')}\n\n{label}\n\n" + "\n".join(kinetic) + "\n"
    )
    blocks = read_text(tmp_path, text)
    assert [b.wavelength_nm for b in blocks] == [405] * (times + 1)
    check_values(blocks[0])
    for t, block in enumerate(blocks[1:]):
        assert f"0:0{t}:00" in block.name
        check_values(block, add=t)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("times", [(0, 60, 120), (0.0, 61.3), (0, 900, 1800, 2700)])
def test_kinetics_of_icontrol(tmp_path, turned, times):
    columns = [["Cycle Nr.", "Time [s]", "Temp. [°C]", *WELLS]]
    for n, time in enumerate(times):
        cells = [f"{value(r, c) + n:.3f}" for r in range(1, 9) for c in range(1, 13)]
        columns.append([str(n + 1), str(time), "37.1", *cells])
    rows = columns if turned else list(map(list, zip(*columns, strict=True)))
    text = "Application: Tecan i-control\nMeasurement Wavelength\t405\tnm\n\n" + "\n".join(map("\t".join, rows)) + "\n"
    blocks = read_text(tmp_path, text)
    assert [b.wavelength_nm for b in blocks] == [405] * len(times)
    for n, (block, time) in enumerate(zip(blocks, times, strict=True)):
        assert f"Time [s] {time}" in block.name
        check_values(block, add=n)


def test_wells_across_with_labels_in_any_column(tmp_path):
    for column in (1, 2, 3):
        book = Workbook()
        sheet = book.active
        sheet["A1"] = "Results"
        for n, label in enumerate(("Well", "OD405:405", "OD650:650", "Blank OD405:405")):
            sheet.cell(2 + n, column, label)
            for i, well in enumerate(WELLS):
                sheet.cell(2 + n, column + 1 + i, well if n == 0 else n + i / 1000)
        path = tmp_path / f"{column}.xlsx"
        book.save(path)
        blocks = read_export(path)
        assert [(b.kind, b.wavelength_nm) for b in blocks] == [("raw", 405), ("raw", 650), ("blank-subtracted", 405)]
        assert at(blocks[1], 1, 2).value == 2.001
        assert all(
            label in block.name for label, block in zip(("OD405:405", "OD650:650", "Blank"), blocks, strict=True)
        )


@pytest.mark.parametrize(
    ("heading", "ex", "em"),
    [
        ("485,528", 485, 528), ("Ex 560 nm / Em 590 nm", 560, 590), ("Fluorescence 530/590", 530, 590),
        ("Read 1:485/20,528/20", 485, 528), ("Excitation: 544 Emission: 590", 544, 590),
    ],
)  # fmt: skip
def test_excitation_and_emission_are_both_kept(tmp_path, heading, ex, em):
    (block,) = read_text(tmp_path, gen5((), (heading,)).replace("0.", ""))
    assert (block.wavelength_nm, block.emission_nm, block.signal, block.kind) == (ex, em, "fluorescence", "raw")


@pytest.mark.parametrize(
    ("title", "column"),
    [("alamarBlue RFU", "viability_rfu"), ("Luminescence CellTiter-Glo", "viability_rlu"), ("", "viability_signal"),
     ("Fluorescence", "viability_rfu"), ("RLU", "viability_rlu")],
)  # fmt: skip
def test_light_is_no_optical_density(tmp_path, title, column):
    (block,) = read_text(tmp_path, rfu(str).replace("Results for alamarBlue RFU", title))
    layout = pd.DataFrame({"plate": "", "well": ["A01"], "role": ["blank"]})
    table = absorbance_columns([block], layout, "viability").set_index("well")
    assert list(table) == ["plate", column, "viability_net", "viability_flag"]
    assert table.loc["B03", "viability_net"] == 12346 - 980
    assert "above_3_od" not in "".join(table["viability_flag"])
    with pytest.raises(OsteoCountError, match="no amount of p-nitrophenol"):
        absorbance_columns([block], layout, "viability", volume_ul=100, path_cm=0.3)


@pytest.mark.parametrize("wells", [6, 12, 24, 48, 96, 384, 1536])
@pytest.mark.parametrize("sep", ["\t", ";", ","])
def test_plates_of_every_size(tmp_path, wells, sep):
    rows, columns = PLATE_SHAPES[wells]
    (block,) = read_text(tmp_path, f"450 nm\n{grid(rows, columns, sep=sep)}\n")
    check_values(block, rows, columns)


@pytest.mark.parametrize("gap", [1, 2, 3])
def test_plates_below_each_other_without_headers_of_their_own(tmp_path, gap):
    first, *lines = grid().split("\n")
    second = grid(add=10).split("\n")[1:]
    blocks = read_text(tmp_path, "\n".join([first, *lines, *[""] * gap, *second]) + "\n")
    assert len(blocks) == 2
    check_values(blocks[0])
    check_values(blocks[1], add=10)


@pytest.mark.parametrize("missing", [(), ((1, 1),), ((2, 5), (2, 6)), ((1, 12), (2, 12)), ((1, 2), (1, 3), (2, 1))])
@pytest.mark.parametrize("width", [7, 8, 10])
def test_columns_aligned_by_blanks(tmp_path, missing, width):
    lines = [" " + "".join(f"{c:>{width}}" for c in range(1, 13))]
    for r in (1, 2):
        cells = ["" if (r, c) in missing else f"{value(r, c):.3f}" for c in range(1, 13)]
        lines.append(row_letters(r) + "".join(f"{cell:>{width}}" for cell in cells))
    (block,) = read_text(
        tmp_path, "Testname: pNPP\nDate: 21/03/2024  Time: 15:27:47\n\nChromatic: 1\n" + "\n".join(lines) + "\n"
    )
    assert values_of(block) == {(r, c): value(r, c) for r in (1, 2) for c in range(1, 13) if (r, c) not in missing}


def test_a_blank_above_the_control_and_negative_net_values_are_flagged(tmp_path):
    layout = pd.DataFrame({"plate": "", "well": ["A01", "A02", "A03"], "role": ["blank", "vehicle", "treatment"]})
    for blank, control, treated, flags in (
        (0.1, 0.5, 0.05, ["", "", "negative_net"]),
        (0.6, 0.5, 0.9, ["blank_above_control", "blank_above_control;negative_net", "blank_above_control"]),
        (0.1, 0.5, 0.4, ["", "", ""]),
    ):
        text = f"Well\tRaw 405\nA1\t{blank}\nA2\t{control}\nA3\t{treated}\nA4\t{treated}\n"
        table = absorbance_columns(read_text(tmp_path, text), layout, "viability")
        assert table["viability_flag"].tolist()[:3] == flags


def test_formulas_without_values_in_an_export_are_named(tmp_path):
    book = Workbook()
    sheet = book.active
    for line in grid().split("\n"):
        sheet.append(
            [float(cell) if "." in cell else int(cell) if cell.isdecimal() else cell for cell in line.split("\t")]
        )
    sheet["C4"] = "=B4*2"
    book.save(tmp_path / "e.xlsx")
    with pytest.raises(OsteoCountError, match="cell C4: a formula whose value is not in the file"):
        read_export(tmp_path / "e.xlsx")


REPORTED = {
    "m1_softmax_plateformat_rows_C_to_F.txt": [("raw", 405, {(3, 2): 0.301, (6, 10): 0.609}, 36)],
    "m2_softmax_timeformat_two_wavelengths.txt": [
        ("raw", 405, {(1, 1): 0.113}, 96), ("raw", 650, {(1, 1): 0.04}, 96), ("computed", None, {(1, 1): 0.073}, 96),
    ],
    "m3_softmax_reduced_timeformat.txt": [("computed", None, {(1, 1): 1.8566}, 6)],
    "m5_gen5_outer_rows_empty.txt": [
        ("raw", 405, {(2, 2): 0.202}, 60), ("blank-subtracted", None, {(7, 11): 0.661}, 60),
    ],
    "m5_gen5_row_D_empty.txt": [("raw", 405, {(8, 11): 0.811}, 70), ("blank-subtracted", None, {(8, 11): 0.761}, 70)],
    "m6_gen5_only_concentration.txt": [("computed", None, {(8, 12): 18.2}, 96)],
    "m7_rfu_thousands_separator.txt": [("raw", None, {(1, 2): 1234, (8, 6): 1234574}, 96)],
    "m8_gen5_endpoint_then_kinetic.txt": [("raw", 405, {(8, 12): 0.17}, 96)] + [("raw", 405, {}, 96)] * 5,
    "m9_gen5_xlsx_wells_across_label_in_B.xlsx": [
        ("raw", 405, {(8, 12): 0.595}, 96), ("raw", 650, {(1, 1): 0.04}, 96),
        ("blank-subtracted", 405, {(1, 1): 0.45}, 96),
    ],
    "h1_workbook_declares_a_million_rows.xlsx": [("raw", None, {(1, 1): 0.1, (2, 1): 0.22}, 96)],
    "r_bmg_fixed_width.txt": [("raw", None, {(2, 12): 0.212}, 24)],
}  # fmt: skip


@pytest.mark.skipif(not CASES.exists(), reason="the reported cases are not here")
@pytest.mark.parametrize("name", REPORTED)
def test_reported_exports(name):
    blocks = read_export(CASES / name)
    assert [(b.kind, b.wavelength_nm, b.n_values) for b in blocks] == [(k, nm, n) for k, nm, _, n in REPORTED[name]]
    for block, (_, _, expected, _) in zip(blocks, REPORTED[name], strict=True):
        assert {place: values_of(block)[place] for place in expected} == expected


@pytest.mark.skipif(not CASES.exists(), reason="the reported cases are not here")
@pytest.mark.parametrize(
    ("name", "wells"),
    [("L1.csv", 16), ("L2.csv", 16), ("L3.csv", 16), ("L5_drug.csv", 2), ("r_LoadData.csv", 2), ("r_omero.csv", 2),
     ("L4_na.csv", "line 10 column 2: the treatment 'none'"),
     ("r_layout_formula_serial_dilution.xlsx", "cell E2 and 71 more: a formula whose value is not in the file")],
)  # fmt: skip
def test_reported_layouts(name, wells):
    if isinstance(wells, int):
        assert len(read_layout(CASES / name).wells) == wells
    else:
        with pytest.raises(OsteoCountError) as refused:
            read_layout(CASES / name)
        assert wells in str(refused.value)

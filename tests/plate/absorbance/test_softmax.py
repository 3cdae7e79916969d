"""Sections of SoftMax Pro."""

from __future__ import annotations

from osteocount.plate.absorbance.model import chosen_blocks
from osteocount.wells import row_letters
from support.absorbance_files import at, check_values, read_text, value


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


def test_softmax_spectrum_with_decimal_commas_and_a_concentration_before_the_value(tmp_path):
    head = "Plate:\tP1\t1.3\tPlateFormat\tSpectrum\tAbsorbance\tRaw\tFALSE\t2\t\t\t525\t527\t2\t\t\t1\t12\t96\t1\t8"
    lines = [head, "\tTemperature(¡C)\t" + "\t".join(map(str, range(1, 13)))]
    for nm in (525, 527):
        lines += [
            "\t".join([str(nm) if r == 1 else "", "26,2" if r == 1 else "", *(f"{value(r, c)}" for c in range(1, 13))])
            for r in range(1, 9)
        ] + [""]
    lines += ["~End", "Group: G", "Sample\tWell\tConcentration\tValues", "01\tE5\t4000.000\tMasked", "~End"]
    blocks = read_text(tmp_path, "##BLOCKS= 2\n" + "\n".join(lines).replace(".", ","))
    assert [(b.wavelength_nm, b.kind) for b in blocks] == [(525, "raw"), (527, "raw")]
    check_values(blocks[1])
    assert "masked" in at(blocks[0], 5, 5).flag


def test_softmax_one_long_line(tmp_path):
    wells = "\t".join(f"{row_letters(r)}{c}" for r in range(1, 9) for c in range(1, 13))
    values = "\t".join(f"{value(r, c)}" for r in range(1, 9) for c in range(1, 13))
    body = f"Time\tTemperature(¡C)\t{wells}\t\n0:00:00\t24.5\t{values}\t\n"
    blocks = read_text(
        tmp_path, "##BLOCKS= 1\n" + softmax_plate("Plate#1", "TimeFormat", body, "450"), encoding="utf-16"
    )
    assert [(b.plate, b.wavelength_nm) for b in blocks] == [("Plate#1", 450)]
    check_values(blocks[0])

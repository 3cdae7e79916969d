"""Small exports in the shapes that programs of readers write: kinetics, strips, small and large plates."""

from __future__ import annotations

import pytest

from osteocount.wells import well_name
from support.absorbance_files import grid, read_text, value

WELLS = [(row, column) for row in range(1, 9) for column in range(1, 13)]
ACROSS = "\t".join(well_name(*place, pad=False) for place in WELLS)
MARS = "User: A\tPath: C:\\x\tTest ID: 12\nTest Name: pNPP\tDate: 1/2/2024\nAbsorbance\n\n"
ICONTROL = "Application: Tecan i-control\nMode\t\t\t\tAbsorbance\nWavelength\t\t\t\t405\tnm\n\n"
SKANIT = "Measurement results\nx.skax\n\nKinetic absorbance 1\nWavelength: 405 nm\n\nPlate 1\n\n"


def read_at(place, time: int) -> str:
    """Return a value that tells its place and the number of its reading."""
    return f"{value(*place) + time / 10:.3f}"


def down(before: str = "{well}\tX1", times: int = 2) -> str:
    """Write a line per well, with its readings beside each other."""
    return "\n".join(
        "\t".join(
            [
                before.format(well=well_name(*place), row="ABCDEFGH"[place[0] - 1], column=place[1]),
                *(read_at(place, time) for time in range(times)),
            ]
        )
        for place in WELLS
    )


def across(before: str = "{number}\t{seconds}", times: int = 2) -> str:
    """Write a line per reading, with its wells beside each other."""
    return "\n".join(
        "\t".join([before.format(number=n + 1, seconds=30 * n), *(read_at(place, n) for place in WELLS)])
        for n in range(times)
    )


def bare(time: int) -> str:
    return "\n".join("\t".join(read_at((row, column), time) for column in range(1, 13)) for row in range(1, 9))


def strip(columns: range) -> str:
    head = "\t".join(["", *map(str, columns)])
    return "\n".join(
        [head, *("\t".join(["ABCDEFGH"[r - 1], *(read_at((r, c), 0) for c in columns)]) for r in range(1, 9))]
    )


KINETICS = {
    "MARS, row and column": MARS + "Well\tWell\tContent\tRaw Data (405)\tRaw Data (405)\nRow\tCol\t\t0 h\t0 h 5 min\n"
    + down("{row}\t{column}\tX1"),
    "MARS, times in a line": MARS + "Well\tContent\tRaw Data (405 1)\tRaw Data (405 1)\n\tTime [s]\t0\t30\n" + down(),
    "MARS, written once": MARS + "Well Row\tWell Col\tContent\tRaw Data (405)\t\n\t\tTime\t0 h\t0 h 5 min\n"
    + down("{row}\t{column}\tX1"),
    "MARS, in one heading": MARS + "Well\tContent\tRaw Data (405) 1 - 0 h\tRaw Data (405) 2 - 0 h 5 min\n" + down(),
    "MARS, wells across": MARS + "Raw Data (405)\n\nTime [s]\t" + ACROSS + "\n" + across("{seconds}"),
    "SkanIt, a grid each": SKANIT + "\n\n".join(
        f"Reading {n + 1}\nTime: {30 * n} s\n" + grid(corner="Abs", add=n / 10) for n in (0, 1)),
    "SkanIt, wells across": SKANIT + "Reading\tavg. time [s]\t" + ACROSS + "\n" + across(),
    "SkanIt, wells down": SKANIT + "Well\tSample\t0 s\t30 s\n" + down(),
    "SkanIt, a line each": SKANIT + "Well\tReading\tTime [s]\tAbs\n" + "\n".join(
        f"{well_name(*place)}\t{n + 1}\t{30 * n}\t{read_at(place, n)}" for place in WELLS for n in (0, 1)),
    "i-control, wells across": ICONTROL
    + "OD405:405\nCycle Nr.\tTime [s]\tTemp. [°C]\t" + ACROSS + "\n" + across("{number}\t{seconds}\t37"),
    "i-control, wells down": ICONTROL
    + "Label: A\nCycle Nr.\t1\t2\nTime [s]\t0\t300\nTemp. [°C]\t37\t37.1\n" + down("{well}"),
    "Multiskan, filters": "\n".join(f"Measurement count: {n + 1} Filter: 405 Time: {n} s\n" + bare(n) for n in (0, 1)),
}  # fmt: skip


@pytest.mark.parametrize("text", KINETICS.values(), ids=KINETICS)
def test_a_kinetic_keeps_every_value_its_wavelength_and_its_time(tmp_path, text):
    blocks = read_text(tmp_path, text)
    assert [(block.kind, block.wavelength_nm) for block in blocks] == [("raw", 405)] * 2
    for number, block in enumerate(blocks):
        assert {r.position: r.value for r in block.readings} == {p: float(read_at(p, number)) for p in WELLS}
    assert len({block.name for block in blocks}) == 2


@pytest.mark.parametrize(
    ("columns", "n"), [(range(1, 4), 24), (range(1, 5), 32), (range(7, 10), 24), (range(10, 13), 24)]
)
def test_strips_of_a_plate_are_read(tmp_path, columns, n):
    (block,) = read_text(tmp_path, "405 nm\n" + strip(columns))
    assert {r.position: r.value for r in block.readings} == {
        (r, c): float(read_at((r, c), 0)) for r in range(1, 9) for c in columns
    }
    assert len(block.readings) == n


@pytest.mark.parametrize("shape", [(2, 3), (3, 4), (4, 6), (6, 8), (16, 24), (32, 48)])
def test_plates_of_all_sizes_are_read(tmp_path, shape):
    (block,) = read_text(tmp_path, "OD 405\n" + grid(*shape))
    assert {r.position: r.value for r in block.readings} == {
        (r, c): value(r, c) for r in range(1, shape[0] + 1) for c in range(1, shape[1] + 1)
    }


def test_a_wavelength_that_was_measured_to_be_subtracted_is_not_that_of_the_readings(tmp_path):
    text = "Programm: Tecan i-control\nWellenlänge\t405\tnm\nReferenzwellenlänge\t650\tnm\n" + grid(corner="<>")
    (block,) = read_text(tmp_path, text)
    assert (block.wavelength_nm, block.kind) == (405, "computed")


def test_a_temperature_does_not_hide_the_label_of_a_reading(tmp_path):
    (block,) = read_text(
        tmp_path, "Label: TRAP\nMeasurement Wavelength 405 nm\nTemperature: 23 °C\n" + grid(corner="<>")
    )
    assert "23" not in block.name

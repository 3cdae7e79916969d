"""Readings in sheets that people have arranged, and what programs print beside readings."""

from __future__ import annotations

import pytest

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.model import chosen_blocks
from support.absorbance_files import at, check_values, grid, read_text, value

WELLS = [(r, c) for r in range(1, 9) for c in range(1, 13)]
NAMES = [f"{'ABCDEFGH'[r - 1]}{c}" for r, c in WELLS]


def beside(*tables: str) -> str:
    """Put tables of lines beside each other, with an empty column between."""
    lines = [table.split("\n") for table in tables]
    return "\n".join("\t\t".join(parts) for parts in zip(*lines, strict=True))


def titled(title: str, add: float) -> str:
    return title + "\t" * 12 + "\n" + grid(add=add)


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("405 nm", "650 nm", [("raw", 405), ("raw", 650)]),
        ("Raw OD405", "Blank corrected OD405", [("raw", 405), ("blank-subtracted", 405)]),
        ("OD405", "Dose (ng/mL)", [("raw", 405), ("computed", None)]),
        ("Mean OD405", "OD405", [("computed", 405), ("raw", 405)]),
        ("OD405", "", [("raw", 405), ("raw", 405)]),
    ],
)
def test_of_tables_beside_each_other_each_has_its_own_heading(tmp_path, left, right, said):
    blocks = read_text(tmp_path, beside(titled(left, 0), titled(right, 10)))
    assert [(block.kind, block.wavelength_nm) for block in blocks] == said
    check_values(blocks[0])
    check_values(blocks[1], add=10)


@pytest.mark.parametrize("cut", [3, 4, 6, 8])
def test_a_plate_in_two_halves_is_one_plate(tmp_path, cut):
    rows = [line.split("\t") for line in grid(behind="405").split("\n")]
    text = "\n".join("\t".join([*cells[: cut + 1], "", *cells[cut + 1 :]]) for cells in rows)
    (block,) = read_text(tmp_path, "Absorbance\n" + text)
    assert (block.kind, block.wavelength_nm) == ("raw", 405)
    check_values(block)


@pytest.mark.parametrize(
    "behind",
    [
        lambda r: ("Mean\tSD", f"{r + 0.065}\t0.03"), lambda r: ("", "ABCDEFGH"[r - 1]), lambda r: ("", f"0.{r}65"),
        lambda r: ("Mean", "0.5"), lambda r: ("Donor", f"D{r}"),
    ],
)  # fmt: skip
def test_what_stands_behind_a_row_is_no_label_of_readings(tmp_path, behind):
    head, *rows = grid().split("\n")
    lines = [f"{head}\t{behind(1)[0]}", *(f"{row}\t{behind(n)[1]}" for n, row in enumerate(rows, 1))]
    (block,) = read_text(tmp_path, "OD 405\n" + "\n".join(lines))
    check_values(block)
    assert block.wavelength_nm == 405


@pytest.mark.parametrize("word", ["C{}", "Col {}", "Column {}", "col_{}", "Spalte {}", "{:02d}"])
def test_columns_with_a_word_before_their_number(tmp_path, word):
    _, *rows = grid().split("\n")
    head = "\t" + "\t".join(word.format(n) for n in range(1, 13))
    (block,) = read_text(tmp_path, "OD 405\n" + "\n".join([head, *rows]))
    check_values(block)


@pytest.mark.parametrize(
    "title",
    [
        "3. Volume 1", "4. Temperature", "2. Sample IDs", "Path length", "Gain", "Well volume (µL)", "5. Weights",
        "z-score", "TRAP / DNA", "TRAP per protein", "Percent of vehicle", "Mittelwert 405 nm", "Prozent der Kontrolle",
        "Standardabweichung", "Moyenne 405 nm", "Écart-type 405 nm", "Promedio 405 nm", "平均値 405 nm", "標準偏差",
        "Konzentration", "濃度", "Temperatur [°C]", "Relative activity",
    ],
)  # fmt: skip
def test_what_is_no_reading_is_none_in_any_language(tmp_path, title):
    blocks = read_text(tmp_path, f"Raw 405 nm\n{grid()}\n\n{title}\n{grid(add=1)}\n")
    assert [block.kind for block in blocks] == ["raw", "computed"]
    assert len(chosen_blocks(blocks)) == 1


@pytest.mark.parametrize(
    "title",
    ["Temperature: 25 °C", "Gain: 80", "Time: 5", "Replicate 1", "Relative Fluorescence Units (RFU)",
     "Relative light units", "Plate 2, read 1", "Sample plate", "Layout of 12.3., OD405"],
)  # fmt: skip
def test_settings_and_units_above_readings_make_them_no_less(tmp_path, title):
    (block,) = read_text(tmp_path, f"Absorbance 405 nm\n{title}\n{grid()}\n")
    assert block.kind == "raw"


@pytest.mark.parametrize("title", ["Leerwert abgezogen", "Blanc soustrait", "Blanco restado", "Leerwertkorrigiert 405"])
def test_blanks_are_subtracted_in_any_language(tmp_path, title):
    (block,) = read_text(tmp_path, f"{title}\n{grid()}\n")
    assert block.kind == "blank-subtracted"


def test_a_reference_filter_is_not_what_was_measured(tmp_path):
    (block,) = read_text(tmp_path, f"Meas. Filter: 405 nm\nRef. Filter: 655 nm\n{grid()}\n")
    assert (block.kind, block.wavelength_nm) == ("computed", 405)
    (block,) = read_text(tmp_path, f"Reader 405/630 nm\n{grid()}\n")
    assert (block.kind, block.wavelength_nm) == ("computed", None)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("Mode\tFluorescence Top\nExcitation wavelength\t485\tnm\nEmission wavelength\t535\tnm",
         (485, 535, "fluorescence")),
        ("Modus\tFluoreszenz\nAnregungswellenlänge\t560\tnm\nEmissionswellenlänge\t590\tnm",
         (560, 590, "fluorescence")),
        ("Mode\tAbsorbance\nMeasurement wavelength\t600\tnm", (600, None, "absorbance")),
        ("Modus\tAbsorption\nWellenlänge\t405\tnm\nBandbreite\t9\tnm", (405, None, "absorbance")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["grid", "list"])
def test_settings_above_readings(tmp_path, settings, said, form):
    rows = "\n".join(f"{name}\t{value(*place)}\t0" for name, place in zip(NAMES, WELLS, strict=True))
    body = grid(corner="<>") if form == "grid" else f"<>\tValue\tTime [ms]\n{rows}"
    (block,) = read_text(tmp_path, f"Name\tLabel1\n{settings}\nGain\t80\n\tTemperature: 24 °C\n{body}\n")
    assert (block.wavelength_nm, block.emission_nm, block.signal, block.kind) == (*said, "raw")
    check_values(block)


def test_of_several_positions_in_a_well_the_mean_is_the_reading(tmp_path):
    rows = "\n".join(
        f"{name}\t{value(*place)}\t0.1\t{value(*place) - 1}\t{value(*place) + 1}"
        for name, place in zip(NAMES, WELLS, strict=True)
    )
    text = f"Mode\tAbsorbance\nWavelength\t405\tnm\nWell\tMean\tStDev\t0;1\t1;0\n{rows}\n"
    blocks = read_text(tmp_path, text)
    assert [(block.kind, block.title) for block in blocks] == [("raw", "Mean"), ("computed", "StDev")]
    assert blocks[0].wavelength_nm == 405
    check_values(blocks[0])


@pytest.mark.parametrize(("cycles", "mean", "time"), [("Cycles / Well", "Mean", "Time [s]"),
                                                      ("Zyklen / Well", "Mittelwert", "Zeit [s]")])  # fmt: skip
def test_cycles_well_by_well(tmp_path, cycles, mean, time):
    text = "Label: Label1\nWavelength\t600\tnm\n\n"
    for name, place in zip(NAMES, WELLS, strict=True):
        x = value(*place)
        text += f"{cycles}\n{name}\t1\t2\n{time}\t0\t60\nTemp. [°C]\t37\t37\n{mean}\t{x}\t{x + 1}\n0;1\t{x}\t{x}\n\n"
    blocks = read_text(tmp_path, text)
    assert [(b.kind, b.title, b.wavelength_nm) for b in blocks] == [
        ("raw", f"{time} 0", 600),
        ("raw", f"{time} 60", 600),
    ]
    check_values(blocks[0])
    check_values(blocks[1], add=1)


def test_a_few_wells_below_their_heading_are_a_list(tmp_path):
    (block,) = read_text(tmp_path, "Well,OD540\nA1,0.1\nA2,0.2\nB1,0.3\n", "list.csv")
    assert [at(block, 1, 1).value, at(block, 1, 2).value, at(block, 2, 1).value] == [0.1, 0.2, 0.3]


def test_headings_in_letters_that_are_not_known_are_refused(tmp_path):
    with pytest.raises(OsteoCountError, match=r"line 1: .* is in a code page that is not known"):
        read_text(tmp_path, f"平均值 405 nm\n{grid()}\n", encoding="gbk")
    (block,) = read_text(tmp_path, f"平均値 405 nm\n{grid()}\n", encoding="shift_jis")
    assert block.kind == "computed"
    (block,) = read_text(tmp_path, f"Temperature 24 °C\n{grid()}\n", encoding="mac_roman")
    assert block.kind == "raw"  # a setting above readings, whatever became of its sign of degrees

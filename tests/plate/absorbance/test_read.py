"""Plate-reader exports: the real ones, single cells and headings, and every encoding and separator."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.model import chosen_blocks
from osteocount.plate.absorbance.read import read_export, tidy
from osteocount.wells import PLATE_SHAPES, row_letters
from support.absorbance_files import at, grid, read_text

REAL = Path(__file__).parents[4] / "shared" / "plate_reader"


def sources():
    path = REAL / "SOURCES.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
    assert kinds["Blank Subtraction 1_02"] == "blank-subtracted"
    assert at(chosen_blocks(skanit, "Blank Subtraction 1_02")[0], 1, 1).value == 1.655


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

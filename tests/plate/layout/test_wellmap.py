"""Layouts in wellmap's form."""

from __future__ import annotations

import pytest

from osteocount.plate.layout.read import read_layout
from support.layout_files import refusal, write


def test_wellmap(tmp_path):
    text = """
    [expt]
    donor = "D1"
    [row."A,B"]
    treatment = "RANKL"
    [col."1,...,4"]
    dose = 50
    [block.2x1.C1]
    treatment = "EV"
    [well.A1]
    treatment = "vehicle"
    dose = 0
    """
    path = write(tmp_path, text, "layout.toml")
    table = read_layout(path).wells.set_index("well")
    assert list(table.index) == ["A01", "A02", "A03", "A04", "B01", "B02", "B03", "B04", "C01", "C02"]
    assert table.loc["A01", ["treatment", "dose", "donor", "role"]].tolist() == ["vehicle", 0.0, "D1", "vehicle"]
    assert table.loc["B04", ["treatment", "dose"]].tolist() == ["RANKL", 50.0]


def test_wellmap_plates(tmp_path):
    text = (
        '[row.A]\ntreatment="vehicle"\n[col."1,2"]\n[plate.P1]\ndonor="D1"\n[plate.P2]\ndonor="D2"\n'
        '[plate.P2.well.A2]\ntreatment="EV"\n'
    )
    table = read_layout(write(tmp_path, text, "layout.toml")).wells
    assert table[["plate", "well", "treatment", "donor"]].to_numpy().tolist() == [
        ["P1", "A01", "vehicle", "D1"], ["P1", "A02", "vehicle", "D1"],
        ["P2", "A01", "vehicle", "D2"], ["P2", "A02", "EV", "D2"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[well.A1\n", "not a TOML file"),
        ('[well.Z99]\ntreatment="a"\n', "'Z99' names no well"),
        ('[meta]\ninclude="../secret.toml"\n[well.A1]\ntreatment="vehicle"\n', "other files are not read"),
        ('[irow.A]\ntreatment="a"\n', r"[irow]: not read"),
        ('[block.big.A1]\ntreatment="a"\n', "a block is named by its width and height"),
        ("x = 1\n", "[x]: not read"),
    ],
)
def test_bad_wellmap(tmp_path, text, said):
    assert said in refusal(write(tmp_path, text, "layout.toml"))

"""Blanks, reference wavelength and p-nitrophenol: against numbers worked out by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.plate.absorbance.blank_subtraction import absorbance_columns, pnpp_nmol
from osteocount.plate.absorbance.model import Reading, ReadingBlock


def block(values, plate="", nm=405.0, kind="raw", name=None):
    readings = tuple(Reading(*place, *(v if isinstance(v, tuple) else (v, ""))) for place, v in sorted(values.items()))
    return ReadingBlock(name or f"{plate} {nm:g}", "", "", plate, nm, kind, "", readings)


def layout(**roles):
    return pd.DataFrame({"plate": "", "well": list(roles), "role": list(roles.values())})


def test_blank_and_reference_are_subtracted_and_masked_wells_have_no_net_value():
    values = {(1, 1): 0.10, (1, 2): 0.12, (2, 1): 1.0, (2, 2): (0.9, "masked"), (2, 3): (None, "overflow")}
    reference = dict.fromkeys(values, 0.04)
    table = absorbance_columns(
        [block(values), block(reference, nm=620.0)],
        layout(A01="blank", A02="blank", B01="treatment"),
        "trap_activity",
        reference_nm=620,
        volume_ul=200,
        path_cm=0.5,
    ).set_index("well")
    assert table.loc["B01", "trap_activity_od"] == 1.0
    net = 1.0 - 0.04 - (0.10 + 0.12 - 0.08) / 2
    assert table.loc["B01", "trap_activity_net"] == pytest.approx(net)
    assert table.loc["B01", "trap_activity_nmol"] == pytest.approx(net * 200 / (18.0 * 0.5))
    assert table.loc["B02", "trap_activity_od"] == 0.9
    assert table.loc[["B02", "B03"], "trap_activity_net"].isna().all()
    assert table["trap_activity_flag"].tolist() == ["", "", "", "masked", "overflow"]


def test_without_blanks_nothing_is_subtracted_and_the_flag_says_so():
    table = absorbance_columns([block({(1, 1): 0.5})], layout(A01="treatment"), "viability")
    assert list(table) == ["plate", "well", "viability_od", "viability_net", "viability_flag"]
    assert table.iloc[0].tolist() == ["", "A01", 0.5, 0.5, "no_blank"]


def test_blanks_are_those_of_the_plate():
    wells = pd.DataFrame({"plate": ["P1", "P2"], "well": ["A01", "A01"], "role": ["blank", "blank"]})
    blocks = [block({(1, 1): 0.1, (1, 2): 1.0}, "P1"), block({(1, 1): 0.3, (1, 2): 1.0}, "P2")]
    table = absorbance_columns(blocks, wells, "viability").set_index(["plate", "well"])
    assert table.loc[("P1", "A02"), "viability_net"] == pytest.approx(0.9)
    assert table.loc[("P2", "A02"), "viability_net"] == pytest.approx(0.7)


def test_unclear_blocks_and_missing_references_are_refused():
    two = [block({(1, 1): 0.1}, nm=405.0), block({(1, 1): 0.2}, nm=450.0)]
    with pytest.raises(OsteoCountError, match=r"several readings of one plate; say which one is meant \(--block\)"):
        absorbance_columns(two, layout(A01="blank"), "viability")
    assert absorbance_columns(two, layout(A01="blank"), "viability", block="2")["viability_od"].tolist() == [0.2]
    with pytest.raises(OsteoCountError, match="no reading at 620 nm to subtract; its wavelengths are 405, 450"):
        absorbance_columns(two, layout(A01="blank"), "viability", block="1", reference_nm=620)


def test_pnpp():
    assert pnpp_nmol(0.9, 100, 0.25) == pytest.approx(20.0)
    assert pnpp_nmol(None, 100, 0.25) is None
    with pytest.raises(OsteoCountError, match="above zero"):
        pnpp_nmol(0.9, 0, 0.25)

"""The template of a layout, and filled in."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from osteocount.errors import OsteoCountError
from osteocount.plate.layout.headings import INSTRUCTIONS
from osteocount.plate.layout.read import read_layout
from osteocount.plate.layout.rules import ROLES
from osteocount.plate.layout.template import write_template
from osteocount.wells import PLATE_SHAPES, well_name


@pytest.mark.parametrize(
    ("wells", "name", "said"), [(95, "t.xlsx", "No plate has 95 wells"), (96, "t.csv", "ends in .xlsx")]
)
def test_template_refusals(tmp_path, wells, name, said):
    with pytest.raises(OsteoCountError, match=said):
        write_template(tmp_path / name, wells=wells)
    write_template(tmp_path / "there.xlsx")
    with pytest.raises(OsteoCountError, match="exists already; give another name"):
        write_template(tmp_path / "there.xlsx")


@pytest.mark.parametrize(
    ("grid", "sheets", "cells"),
    [
        (False, ["layout"], "E2:E7"),
        (True, ["treatment", "dose (ng per mL)", "donor", "role", "exclude"], "B2:D3"),
    ],
)
def test_template_is_of_one_form_explains_itself_and_lists_roles(tmp_path, grid, sheets, cells):
    write_template(tmp_path / "layout.xlsx", wells=6, grid=grid)
    book = load_workbook(tmp_path / "layout.xlsx")
    assert book.sheetnames == [*sheets, INSTRUCTIONS]
    (offered,) = book[sheets[min(3, len(sheets) - 1)]].data_validations.dataValidation
    assert (str(offered.sqref), offered.formula1) == (cells, f'"{",".join(ROLES)}"')
    said = [[cell.value for cell in row if cell.value is not None] for row in book[INSTRUCTIONS]]
    assert ["A03", "rhIL-32", 25, "D1", "treatment"] in said
    assert {"treatment", "dose (ng/mL)", "donor", "role", "exclude"} <= {line[0] for line in said if len(line) == 2}


def test_example_of_the_template_is_a_layout_that_reads(tmp_path):
    write_template(tmp_path / "layout.xlsx", wells=6)
    with pytest.raises(OsteoCountError, match="No treatments"):
        read_layout(tmp_path / "layout.xlsx")
    book = load_workbook(tmp_path / "layout.xlsx")
    del book["layout"]
    book[INSTRUCTIONS].title = "mine"
    book.save(tmp_path / "example.xlsx")
    wells = read_layout(tmp_path / "example.xlsx").wells
    assert wells["well"].tolist() == ["A01", "A02", "A03", "B01"]
    assert wells["role"].tolist() == ["vehicle", "positive control", "treatment", "excluded"]
    assert wells["exclude_reason"].tolist()[-1] == "pipetting error"


# Letters alone tell them apart: treatments that differ in a dash or a blank only are asked about.
names = st.sampled_from(["a", "-bX", " c 7", "µ", "-Y Z", "7 ab", "XYZ"])


filled = st.fixed_dictionaries(
    {
        "treatment": names.map(lambda s: "T" + s),
        "dose (ng/mL)": st.one_of(st.none(), st.integers(0, 500), st.decimals(0, 100, places=2).map(float)),
        "donor": st.sampled_from(["D1", "D2", "donor 7"]),
        "role": st.sampled_from(["vehicle", "treatment", "blank", "positive control"]),
    }
)


@settings(max_examples=25, deadline=None)
@given(wells=st.sampled_from([6, 12, 24, 48, 96, 384]), grid=st.booleans(), data=st.data())
def test_template_filled_in_reads_back(tmp_path_factory, wells, grid, data):
    rows, columns = PLATE_SHAPES[wells]
    places = st.tuples(st.integers(1, rows), st.integers(1, columns))
    content = data.draw(st.dictionaries(places, filled, min_size=1, max_size=6))
    content[1, 1] = {"treatment": "vehicle", "dose (ng/mL)": 0, "donor": "D1", "role": "vehicle"}
    path = tmp_path_factory.mktemp("layout") / "layout.xlsx"
    write_template(path, wells=wells, grid=grid)
    book = load_workbook(path)
    variables = ["treatment", "dose (ng/mL)", "donor", "role"]
    for (r, c), values in content.items():
        for number, name in enumerate(variables):
            if grid:
                book.worksheets[number].cell(r + 1, c + 1, values[name])
            else:
                book["layout"].cell(1 + (r - 1) * columns + c, number + 2, values[name])
    book.save(path)
    table = read_layout(path, wells=wells).wells.set_index("well")
    assert list(table.index) == [well_name(r, c) for r, c in sorted(content)]
    for (r, c), values in content.items():
        row = table.loc[well_name(r, c)]
        assert row[["treatment", "donor", "role"]].tolist() == [values["treatment"], values["donor"], values["role"]]
        dose = values["dose (ng/mL)"]
        assert math.isnan(row["dose"]) if dose is None else row["dose"] == pytest.approx(dose)
        assert row["dose_unit"] == ("" if dose is None else "ng/mL")

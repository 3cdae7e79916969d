"""What single entries of a layout mean: doses, roles, exclusions."""

from __future__ import annotations

import math

import pytest

from osteocount.plate.layout.read import read_layout
from support.layout_files import records, refusal, write


@pytest.mark.parametrize(
    ("cell", "heading", "dose", "unit"),
    [
        ("25", "dose", 25.0, ""), ("2,5", "dose", 2.5, ""), ("2.5", "dose (ng/mL)", 2.5, "ng/mL"),
        ("25 ng/mL", "dose", 25.0, "ng/mL"),
        ("5µL", "dose", 5.0, "µL"), ("5 ul", "dose", 5.0, "µL"), ("vehicle", "dose [ng/ml]", 0.0, "ng/mL"),
        ("0", "Dose", 0.0, ""),
        ("1e-8 M", "conc", 1e-8, "M"), ("0,05 μg/ml", "dose (µg/mL)", 0.05, "µg/mL"), ("", "dose", math.nan, ""),
    ],
)  # fmt: skip
def test_doses(tmp_path, cell, heading, dose, unit):
    path = write(tmp_path, f"well;treatment;{heading}\nA1;vehicle;\nA2;X;{cell}\n")
    row = read_layout(path).wells.set_index("well").loc["A02"]
    assert row["dose"] == pytest.approx(dose, nan_ok=True)
    assert row["dose_unit"] == unit


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("lots", "line 3 column 3: the dose 'lots' is not a number"),
        ("-5", "the dose '-5' is negative"),
        ("25 pg/mL", "the dose '25 pg/mL' has another unit than its heading (ng/mL)"),
        ("1,000", "the dose '1,000' may mean 1 or 1000"),
    ],
)
def test_bad_doses(tmp_path, cell, said):
    assert said in refusal(write(tmp_path, f"well;treatment;dose (ng/mL)\nA1;vehicle;\nA2;X;{cell}\n"))


@pytest.mark.parametrize(
    ("treatment", "role", "expected"),
    [
        ("vehicle", "", "vehicle"), ("Untreated", "", "negative control"), ("RANKL", "", "treatment"),
        ("RANKL", "Positive_Control", "positive control"), ("medium", "neg ctrl", "negative control"),
        ("", "blank", "blank"),
        ("RANKL", "sample", "treatment"), ("RANKL", "excluded", "excluded"), ("no cells", "", "blank"),
    ],
)  # fmt: skip
def test_roles(tmp_path, treatment, role, expected):
    path = write(tmp_path, f"well,treatment,role\nA1,vehicle,vehicle\nA2,{treatment},{role}\n")
    assert records(path, "role")[1] == ("A02", expected)


@pytest.mark.parametrize(
    ("mark", "reason", "expected"),
    [
        ("bubble", "", "bubble"), ("x", "", "excluded in the layout"),
        ("yes", "dried out", "dried out"), ("no", "", ""), ("", "", ""),
    ],
)  # fmt: skip
def test_exclusion_keeps_its_reason(tmp_path, mark, reason, expected):
    path = write(tmp_path, f"well,treatment,exclude,exclude_reason\nA1,vehicle,,\nA2,RANKL,{mark},{reason}\n")
    row = read_layout(path).wells.set_index("well").loc["A02"]
    assert (row["exclude_reason"], row["role"]) == (expected, "excluded" if expected else "treatment")


def test_no_control_is_a_warning_when_no_roles_are_given(tmp_path):
    layout = read_layout(write(tmp_path, "well,treatment\nA1,RANKL\nA2,EV\n"))
    assert layout.warnings[0].startswith("No control:")


@pytest.mark.parametrize(
    ("name", "said"), [("D2", "Donor D2"), ("donor 3", "Donor 3"), ("Donor_3", "Donor 3"), ("donor", "Donor donor")]
)
def test_donor_without_a_control_is_a_warning(tmp_path, name, said):
    layout = read_layout(write(tmp_path, f"well,treatment,donor\nA1,vehicle,D1\nA2,EV,D1\nA3,EV,{name}\n"))
    assert layout.warnings == (f"{said} has treated wells but no control well.",)

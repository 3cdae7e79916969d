"""Contrasts by name: the parser, IL-32 dependence, oxygen × treatment, equivalence."""

import numpy as np
import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.settings import ComparisonSettings
from osteocount.stats import compare
from osteocount.stats.contrasts import natural_name_key, parse
from support.well_tables import simulated

ARMS = ["EV_WT", "EV_KO", "A", "B", "C", "vehicle", "IL-32 25 ng/mL", "RANKL (50 ng/mL)", "A/D"]


@pytest.mark.parametrize(
    ("text", "weights", "name", "below"),
    [
        ("EV_WT / EV_KO", {"EV_WT": 1, "EV_KO": -1}, "EV_WT / EV_KO", "EV_KO"),
        ("EV_WT/EV_KO", {"EV_WT": 1, "EV_KO": -1}, "EV_WT/EV_KO", "EV_KO"),
        ("(A/B)/(C/vehicle)", {"A": 1, "B": -1, "C": -1, "vehicle": 1}, "(A/B)/(C/vehicle)", "B × C"),
        ("(A/vehicle)/(B/vehicle)", {"A": 1, "B": -1}, "(A/vehicle)/(B/vehicle)", "B"),
        ("((A))/B", {"A": 1, "B": -1}, "((A))/B", "B"),
        ("IL-32 25 ng/mL / vehicle", {"IL-32 25 ng/mL": 1, "vehicle": -1}, "IL-32 25 ng/mL / vehicle", "vehicle"),
        ("RANKL (50 ng/mL)/A", {"RANKL (50 ng/mL)": 1, "A": -1}, "RANKL (50 ng/mL)/A", "A"),
        ("A/D/B", {"A/D": 1, "B": -1}, "A/D/B", "B"),  # the longest arm that fits
        ('"A" / "vehicle"', {"A": 1, "vehicle": -1}, '"A" / "vehicle"', "vehicle"),
        ("ev_wt / ev_ko", {"EV_WT": 1, "EV_KO": -1}, "ev_wt / ev_ko", "EV_KO"),
        ("il32_dependence = A / B", {"A": 1, "B": -1}, "il32_dependence", "B"),
    ],
)
def test_parse(text, weights, name, below):
    found = parse(text, ARMS)
    assert (found.weights, found.name, found.reference) == (weights, name, below)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "EV_WD / EV_KO",
            "Contrast 'EV_WD / EV_KO': no arm is called 'EV_WD'; did you mean 'EV_WT'? The table holds: ",
        ),
        ("A / (B / C", "a bracket does not close"),
        ("A /", "an arm is missing at the end"),
        ("", "an arm is missing at the end"),
        ("/ A", "an arm is expected before '/'"),
        ("A / B)", "nothing is expected after ')'"),
        ("A / A", "every arm above the line needs one below it"),
        ("A", "every arm above the line needs one below it"),
        ('"A / B', "a quotation mark does not close"),
        ("__import__('os').system('x')", "no arm is called '__import__'"),
    ],
)
def test_what_cannot_be_read_is_said(text, said):
    with pytest.raises(OsteoCountError) as error:
        parse(text, ARMS)
    assert said in str(error.value)


def test_recognition_is_said_and_a_declared_contrast_wins():
    frame = simulated(("vehicle", "EV_WT", "EV_KO"), 4)
    said = "IL-32 dependence recognised by the arms' names: EV_WT / EV_KO."
    assert said in compare(frame, control="vehicle").design
    settings = ComparisonSettings(contrasts=("il32_dependence = EV_KO / EV_WT",))
    found = compare(frame, control="vehicle", settings=settings)
    assert said not in found.design
    assert found.table.query("contrast == 'il32_dependence'")["reference"].tolist() == ["EV_WT"]


def test_custom_contrasts_are_one_holm_family():
    frame = simulated(("vehicle", "A", "B"), 5, fold={"A": 2})
    settings = ComparisonSettings(contrasts=("A / B", "B / A"))
    found = compare(frame, control="vehicle", settings=settings).table.query("kind == 'custom'")
    np.testing.assert_allclose(found["p_adjusted"], np.minimum(2 * found["p_raw"], 1))
    assert found["estimate"].prod() == pytest.approx(1)


def test_oxygen_changes_an_effect():
    low = simulated(("vehicle", "A", "B"), 5, fold={"A": 4}, seed=1).assign(oxygen=2)
    high = simulated(("vehicle", "A", "B"), 5, seed=2).assign(oxygen=21)
    high["plate"] += " high"
    found = compare(pd.concat([low, high]), control="vehicle").table.set_index("contrast")
    assert list(found.index) == ["A, 2 % O2", "B, 2 % O2", "A, 21 % O2", "B, 21 % O2", "oxygen × A", "oxygen × B"]
    assert found.loc["A, 21 % O2", "reference"] == "vehicle, 21 % O2"
    ratio = found.loc["A, 2 % O2", "estimate"] / found.loc["A, 21 % O2", "estimate"]
    assert found.loc["oxygen × A", "estimate"] == pytest.approx(ratio, rel=1e-12)
    assert found.loc["oxygen × A", "verdict"] == "robust"
    assert found.loc["oxygen × A", "p_adjusted"] == pytest.approx(2 * found.loc["oxygen × A", "p_raw"])
    sentence = next(
        line for line in compare(pd.concat([low, high]), control="vehicle").summary().splitlines() if "× A:" in line
    )
    assert "× the effect at 21 % O2 (95 % CI" in sentence


def test_equivalence_needs_a_margin_and_a_known_arm():
    frame = simulated(("vehicle", "A"), 6, wells=6, sd=0.02)
    with pytest.raises(OsteoCountError, match="Equivalence needs a margin declared beforehand"):
        compare(frame, control="vehicle", settings=ComparisonSettings(equivalence_arms=("A",)))
    with pytest.raises(OsteoCountError, match="Setting 'equivalence_arms': no arm is called 'AA'; did you mean 'A'"):
        compare(frame, control="vehicle", settings=ComparisonSettings(equivalence_arms=("AA",), equivalence_margin=1.5))
    settings = ComparisonSettings(equivalence_arms=("A",), equivalence_margin=1.5)
    found = compare(frame, control="vehicle", settings=settings).table.set_index("contrast").loc["equivalence A"]
    assert found["verdict"] == "equivalent"
    assert found["notes"].startswith("The 90 % interval lies inside 0.667 to 1.50 × vehicle.")


def test_arms_come_in_natural_order():
    assert sorted(["IL 100", "IL 20", "il 3", "EV"], key=natural_name_key) == ["EV", "il 3", "IL 20", "IL 100"]

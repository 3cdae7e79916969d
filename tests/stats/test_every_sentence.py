"""The sentences that are rare in tables of people, each word for word: notes, refusals, methods, p values."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.settings import ComparisonSettings
from osteocount.stats import compare, sentences
from osteocount.stats.agreement import agree
from osteocount.stats.contrasts import Contrast
from osteocount.stats.endpoints import TITLES
from osteocount.stats.figures import bland_altman, power_curve, superplot
from osteocount.stats.planning import plan
from support.well_tables import simulated, table

ROW = {
    "kind": "arm", "role": "primary", "link": "log rate", "p_adjusted": 0.01, "p_across_endpoints": float("nan"),
    "p_paired": 0.03, "p_paired_pooled": 0.02, "family_size": 3, "donor_effects": {"D1": 2.0, "D2": 2.1, "D3": 1.9},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        ({}, ""),
        (
            {"p_paired_pooled": 0.21},
            "The paired test of the donors' ratios pooled over the arms does not agree (p = 0.210): the finding "
            "holds only "
            "if the control varies no more between donors than the arms do. Add donors.",
        ),
        (
            {"p_paired": 0.12, "link": "identity"},
            "The paired test of the donors' own differences does not agree (p = 0.120): the finding holds only if "
            "all arms "
            "vary alike between donors. Add donors.",
        ),
        ({"p_paired": float("nan")}, "The donors' own ratios do not vary: no paired test."),
        (
            {"family_size": 1},
            "With one arm the paired test is the same test: 'robust' adds that at least three donors were compared.",
        ),
        (
            {"kind": "trend"},
            "The estimate is the ratio per dose step (rank of the dose, control lowest).",
        ),
        (
            {"p_adjusted": 0.2, "link": "identity", "kind": "trend"},
            "Only the paired test of the donors' own differences is below 0.05 (p = 0.030; adjusted p = 0.200): not "
            "enough "
            "for evidence. Add donors. The estimate is the difference per dose step (rank of the dose, control "
            "lowest).",
        ),
        (
            {"role": "secondary", "p_across_endpoints": 0.07, "p_adjusted": 0.035},
            "Before the correction over the secondary endpoints p = 0.035, after it p = 0.070: not enough for "
            "evidence.",
        ),
    ],
)
def test_notes_of_a_row(changed, note):
    assert sentences.row_notes(ROW | changed, "blocked") == note


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.00004, "p < 0.0001"),
        (0.0001, "p = 0.0001"),
        (0.0046, "p = 0.0046"),
        (0.0123, "p = 0.012"),
        (0.04996, "p = 0.0500"),
        (0.05, "p = 0.050"),
        (0.0501, "p = 0.050"),
        (1.0, "p = 1.000"),
    ],
)
def test_p_values(p, text):
    assert sentences.p_value(p) == text


ARM, PAIR = Contrast("A", "vehicle", {}, "arm", "A"), Contrast("x", "y", {}, "custom")


@pytest.mark.parametrize(
    ("kind", "contrast", "size", "dunnett", "weighted", "text"),
    [
        ("blocked", ARM, 3, True, False, "least squares on donor × arm cells, donor block; Dunnett over 3 arms"),
        ("blocked", ARM, 1, True, False, "least squares on donor × arm cells, donor block; one arm"),
        ("unblocked", ARM, 2, True, False, "least squares on donor × arm cells, unblocked; Dunnett over 2 arms"),
        ("blocked", PAIR, 2, False, False, "least squares on donor × arm cells, donor block; Holm over 2 contrasts"),
        (
            "blocked", PAIR, 1, False, True,
            "least squares weighted by counting noise on donor × arm cells, donor block; one contrast, not adjusted",
        ),
        (
            "blocked", Contrast("P", "v", {}, "arm", "P", apart=True), 2, True, False,
            "least squares on donor × arm cells, donor block; positive control, outside the family of the arms, "
            "Dunnett "
            "over 2",
        ),
    ],
)  # fmt: skip
def test_methods(kind, contrast, size, dunnett, weighted, text):
    design = SimpleNamespace(kind=kind, block_name="donor")
    assert sentences.method(design, contrast, size, dunnett, weighted) == text


TOST = {"margin": 1.5, "reference": "vehicle", "role": "primary", "p_tost": 0.01, "p_adjusted": 0.02,
        "p_across_endpoints": 0.08}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, "The 90 % interval lies inside 0.667 to 1.50 × vehicle."),
        (
            {"p_adjusted": 0.06},
            "The 90 % interval lies inside 0.667 to 1.50 × vehicle, but adjusted over the arms p = 0.060: not enough "
            "to call "
            "it equivalent. More donors narrow it.",
        ),
        (
            {"role": "secondary"},
            "The 90 % interval lies inside 0.667 to 1.50 × vehicle, but adjusted over the arms and the secondary "
            "endpoints "
            "p = 0.080: not enough to call it equivalent. More donors narrow it.",
        ),
        (
            {"p_tost": 0.3, "p_adjusted": 0.3},
            "The 90 % interval does not lie inside 0.667 to 1.50 × vehicle. More donors narrow it.",
        ),
    ],
)
def test_equivalence(changed, text):
    assert sentences.equivalence(TOST | changed) == text


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            sentences.ec50_no_trend("EC50", 0.2),
            "No EC50: the dose trend is not significant (p = 0.200), so there is no effect to halve. Add donors, or "
            "doses "
            "further apart.",
        ),
        (
            sentences.ec50_outside("IC50", (1.0, 100.0), "ng/mL"),
            "No IC50: the fit puts it outside the tested doses (1.00 to 100 ng/mL). Test a wider range.",
        ),
        (
            sentences.ec50_open("EC50"),
            "No EC50: its interval does not close, the data do not pin it down. Add doses around the half effect, or "
            "donors.",
        ),
        (
            sentences.ec50_no_plateau("EC50", 0.6),
            "No EC50: the highest dose reaches only 60 % of the fitted effect, so there is no plateau. Add higher "
            "doses.",
        ),
        (
            sentences.ec50_steep("EC50"),
            "No EC50: the doses do not tell how steep the curve is. Add doses around the half effect.",
        ),
        (
            sentences.not_estimable(Contrast("A", "v", {"A": 1.0, "v": -1.0}, "arm"), pd.DataFrame({"arm": ["v"]})),
            "No well with a value in A: not compared.",
        ),
    ],
)
def test_refusals_of_curves_and_contrasts(said, text):
    assert said == text


@pytest.mark.parametrize(
    ("frame", "settings", "message"),
    [
        (
            table().rename(columns={"count": "count (%)"}),
            {},
            "Column 'count (%)' holds percentages, not counts. Give the counted cells of every well.",
        ),
        (
            table().assign(donor=""),
            {},
            "The donor column 'donor' is empty. Wells are technical replicates: without donors (animals, independent "
            "experiments) there is no comparison. Fill in the donor of every well.",
        ),
        (
            table().assign(count=lambda t: t["count"].where(t["treatment"] != "vehicle", 100)),
            {},
            "The control is 100 in every donor: these look like percentages of the control, not counts. Give the "
            "counted "
            "cells of every well, those of the control too; the comparison needs how much the control varies.",
        ),
        (
            table(),
            {"extra_endpoints": ("viability",)},
            "No column 'viability' to compare. Mend the setting 'extra_endpoints'.",
        ),
        (
            table(),
            {"contrasts": ("IL32 / ",)},
            "Contrast 'IL32 / ' cannot be read: an arm is missing at the end. Write it like 'EV_WT / EV_KO' or "
            "'(A/B)/(C/D)'.",
        ),
        (
            table().assign(treatment=lambda t: t["treatment"].replace("RANKL", "mean")),
            {},
            "The table cannot be compared:\n  - line 6 (plate D1 E1), line 7 (plate D1 F1), line 12 (plate D2 E1), "
            "line 13 "
            "(plate D2 F1), line 18 (plate D3 E1) and line 19 (plate D3 F1): the treatment or donor reads like a "
            "summary "
            "of wells (mean, SD, total …), but the row has a well; delete the row, or call the treatment or donor "
            "otherwise",
        ),
    ],
)
def test_tables_that_are_refused(frame, settings, message):
    with pytest.raises(OsteoCountError) as refused:
        compare(frame, control="vehicle", settings=ComparisonSettings(**settings))
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("frame", "note"),
    [
        (
            table().assign(donor=lambda t: t["donor"].where(t.index > 3, "d 1")),
            "Donors spelt in several ways are taken as one: 'D1' as 'd 1'.",
        ),
        (
            table().drop(columns="area_mm2").assign(imaged_area_px=1000.0),
            "The pixel size is unknown: rates are per pixel. Ratios between arms hold if all pictures share one.",
        ),
        (
            table().assign(dose=np.tile([0, 0, 1, 1, 2, 2], 3), dose_unit=np.tile(["", "", "nM", "ng/mL", "", ""], 3)),
            "Doses of IL32 are in nM and ng/mL, which do not convert into each other: they are compared apart, "
            "without a "
            "dose trend. Give all of them in one unit.",
        ),
    ],
)
def test_what_is_assumed_of_a_table(frame, note):
    assert note in compare(frame, control="vehicle").warnings


def test_a_plan_says_what_the_pilot_showed():
    calm = table(
        {d: {"vehicle": (50 + i, 52 + i), "A": (51 + i, 52 + i)} for i, d in enumerate(("D1", "D2", "D3", "D4"))}
    )
    said = plan(calm, 2, control="vehicle", donors=(3,), wells=(2,), runs=100).summary()
    assert (
        "The pilot shows no variation between a donor's arms beyond that of wells; real experiments have some (0.2 is "
        "usual), so take this power as the most to hope for."
    ) in said
    assert "wells no wider than Poisson. 100 simulated experiments per design, seed 1." in said
    assert (
        "For orientation: with 4 arms, 50 osteoclasts per well, donor × arm SD 0.2 and negative-binomial size 10, 3 "
        "donors × 3 wells give the verdict 'robust' in 33 % of experiments for a ratio of 2 and in 9 % for 1.5 "
        "(Dunnett p < 0.05 in 52 % and 17 %)."
    ) in said


def test_agreement_says_what_it_could_not_compare():
    ours = simulated(("vehicle", "A"), 3).assign(field="1")
    found = agree(ours, ours[["plate", "well", "field", "count"]], control="vehicle")
    assert found.warnings == (
        "The treatment effect was not compared: our table has a row per field, not per well.",
    )  # fmt: skip
    with pytest.raises(OsteoCountError) as refused:
        agree(table(), pd.DataFrame({"plate": ["plate D1"], "well": ["H12"], "count": [3]}), control="vehicle")
    assert str(refused.value) == "No well is in both tables. They are matched by plate and name (A1 and A01 are one)."
    with pytest.raises(OsteoCountError) as refused:
        agree(table(), pd.DataFrame({"well": ["A1"], "count": [3]}), control="vehicle")
    assert str(refused.value) == "Our table holds several plates: add a column 'plate' to the manual counts."


def test_an_error_that_grows_with_density_is_said():
    ours = simulated(("vehicle",), 4, wells=6, sd=0.6)
    manual = ours[["plate", "well"]].assign(count=(ours["count"] ** 0.8).round().astype(int))
    (text,) = agree(ours, manual, control="vehicle").warnings[:1]
    shape = (
        r"Against manual, the counting error changes with density: \+\d+ % per doubling \(p < 0\.0001\), so dense and "
        r"sparse arms are not counted alike\."
    )
    assert re.fullmatch(shape, text)


RATE = "÷ imaged area, wells of a donor and arm pooled; compared as log((count + 0.5) ÷ area), a ratio of rates"


@pytest.mark.parametrize(
    ("name", "noun", "axis", "quantity", "formula"),
    [
        ("osteoclast_count", "osteoclasts", "Osteoclasts", "osteoclast count",
         f"number of osteoclasts {RATE}"),
        ("osteoclast_count_ge2", "TRAP-positive cells with ≥ 2 nuclei", "Cells with ≥ 2 nuclei",
         "count of cells with ≥ 2 nuclei", f"number of TRAP-positive cells with at least 2 nuclei {RATE}"),
        ("osteoclast_count_ge4", "TRAP-positive cells with ≥ 4 nuclei", "Cells with ≥ 4 nuclei",
         "count of cells with ≥ 4 nuclei", f"number of TRAP-positive cells with at least 4 nuclei {RATE}"),
        ("osteoclast_area_fraction", "osteoclast area ÷ imaged area", "Osteoclast area ÷ imaged area",
         "osteoclast area fraction",
         "area of all osteoclasts ÷ imaged area, 0 to 1; compared as its logit, a ratio of odds"),
        ("fusion_index", "nuclei in osteoclasts ÷ nuclei", "Fusion index", "fusion index",
         "nuclei in osteoclasts ÷ nuclei of all TRAP-positive cells, 0 to 1; compared as its logit, a ratio of odds"),
        ("nuclei_per_osteoclast", "nuclei per osteoclast", "Nuclei per osteoclast", "nuclei per osteoclast",
         "nuclei in osteoclasts ÷ number of osteoclasts; compared as its logarithm, a ratio of means"),
        ("osteoclast_area", "mean osteoclast area", "Mean osteoclast area", "mean osteoclast area",
         "area of all osteoclasts ÷ number of osteoclasts; compared as its logarithm, a ratio of means"),
    ],
)  # fmt: skip
def test_titles_of_endpoints(name, noun, axis, quantity, formula):
    title = TITLES[name]
    assert (title.noun, title.axis, title.quantity, title.formula) == (noun, axis, quantity, formula)


def test_titles_of_figures():
    pilot = simulated(("vehicle", "A", "B"), 4)
    wanted = {3: "To show a ratio of 2 in one of 2 arms", 2: "To show a ratio of 2 in one arm"}
    for arms, title in wanted.items():
        own = pilot[pilot["treatment"].isin(("vehicle", "A", "B")[:arms])]
        figure = power_curve(plan(own, 2, control="vehicle", donors=(3,), wells=(2, 3), runs=100))
        assert figure.axes[0].get_title("left") == title
    sparse = simulated(("vehicle", "A"), 4).assign(count=lambda t: t["count"].where(t.index % 5 != 1, 0))
    figure = superplot(compare(sparse, control="vehicle"))
    lie = int((sparse["count"] == 0).sum())
    assert figure.axes[0].get_title("left") == f"{lie} wells with 0 lie below the log axis"
    found = agree(pilot, pilot[["plate", "well", "count"]], control="vehicle")
    assert bland_altman(found).axes[0].get_title("left") == f"bias and limits of agreement, n = {len(pilot)}"

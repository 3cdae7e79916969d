"""Designs, verdicts, warnings and refusals: recognised, and said word for word."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from osteocount.columns import COMPARISONS
from osteocount.errors import OsteoCountError
from osteocount.settings import ComparisonSettings
from osteocount.stats import compare
from osteocount.stats.arms import arm_names
from support.well_tables import COUNTS, simulated, table


def row(comparison, contrast, endpoint="osteoclast_count"):
    found = comparison.table[(comparison.table["contrast"] == contrast) & (comparison.table["endpoint"] == endpoint)]
    assert len(found) == 1
    return found.iloc[0]


def test_the_contract_columns_come_first():
    assert tuple(compare(table(), control="vehicle").table.columns) == COMPARISONS.names


def test_one_arm_is_the_paired_t_test_of_scipy():
    counts = {donor: {arm: arms[arm] for arm in ("vehicle", "IL32")} for donor, arms in COUNTS.items()}
    found = row(compare(table(counts), control="vehicle"), "IL32")
    y = {arm: [np.log((sum(arms[arm]) + 0.5) / 4) for arms in counts.values()] for arm in ("vehicle", "IL32")}
    reference = stats.ttest_rel(y["IL32"], y["vehicle"])
    interval = np.exp(reference.confidence_interval(0.95))
    assert found["p_raw"] == pytest.approx(reference.pvalue, rel=1e-9)
    assert found["p_adjusted"] == found["p_raw"]
    assert found["p_paired"] == pytest.approx(reference.pvalue, rel=1e-9)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx(tuple(interval), rel=1e-9)


def test_summary_in_words():
    assert compare(table(), control="vehicle").summary().splitlines() == [
        "Donors crossed with arms (3 donors × 3 arms, 18 wells): every donor carries every arm, so arms are compared "
        "within donors.",
        "Warning: Osteoclast count: Only 4 residual degrees of freedom (fewer than 6): intervals are wide. Add donors.",
        "",
        "Osteoclast count (primary)",
        "  IL32: 1.82 × vehicle (95 % CI 1.54 to 2.15), 3 of 3 donors up, robust",
        "  RANKL: 3.71 × vehicle (95 % CI 3.15 to 4.38), 3 of 3 donors up, robust",
    ]


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (
            table(),
            "Donors crossed with arms (3 donors × 3 arms, 18 wells): every donor carries every arm, so arms are "
            "compared within donors.",
        ),
        (
            table()[2:],
            "Donors crossed with arms (3 donors × 3 arms, 16 wells): 1 of 9 donor × arm cells is missing, so arms "
            "are compared within donors.",
        ),
        (
            table()[:6],
            "One donor (1 donor × 3 arms, 6 wells): described within this donor, without p values or confidence "
            "intervals for the population, because wells are technical replicates.",
        ),
        (
            table().assign(donor=lambda t: t["donor"] + t["treatment"]),
            "Different donors per arm (9 donors × 3 arms, 18 wells): no donor carries two arms, so donors are "
            "compared between "
            "arms (unblocked) and the pairing is lost.",
        ),
        (
            pd.concat(
                [
                    table().query("treatment != 'IL32'"),
                    table().query("treatment != 'RANKL'").assign(plate=lambda t: t["plate"] + "b"),
                ]
            ),
            "Donors crossed with arms over several plates or days (3 donors × 3 arms, 24 wells): a donor's arms "
            "are spread "
            "over plates that each carry their own control, so every arm is compared within donor × plate.",
        ),
    ],
)
def test_the_design_is_recognised_and_said(frame, sentence):
    assert compare(frame, control="vehicle").design == sentence


def test_different_donors_per_arm_are_compared_as_scipy_does():
    frame = table().assign(donor=lambda t: t["donor"] + t["treatment"])
    found = compare(frame, control="vehicle")
    y = {arm: [np.log((sum(arms[arm]) + 0.5) / 4) for arms in COUNTS.values()] for arm in ("vehicle", "IL32", "RANKL")}
    reference = stats.dunnett(y["IL32"], y["RANKL"], control=y["vehicle"], random_state=1)
    assert [row(found, arm)["t"] for arm in ("IL32", "RANKL")] == pytest.approx(list(reference.statistic), rel=1e-9)
    assert [row(found, arm)["p_adjusted"] for arm in ("IL32", "RANKL")] == pytest.approx(
        list(reference.pvalue), abs=2e-4
    )
    assert set(found.table["verdict"]) <= {"indicated", "no evidence"}
    assert np.isnan(row(found, "IL32")["p_paired"])
    assert "so the verdict is never 'robust'" in row(found, "IL32")["notes"]


def test_repeated_plates_of_a_donor_are_pooled():
    again = pd.concat([table(), table().assign(plate=lambda t: t["plate"] + "b")])
    found = compare(again[:-2], control="vehicle")  # one arm is on the second plate of the third donor no more
    assert found.design.endswith("so arms are compared within donors.")
    assert row(found, "IL32")["df"] == 4


def test_separate_controls_make_the_dependence_a_four_cell_contrast():
    arms = {"vehicle": (50, 50), "EV_WT": (100, 100)}
    other = {"vehicle": (20, 20), "EV_KO": (20, 20)}
    first = table({f"D{i}": {k: tuple(x + i for x in v) for k, v in arms.items()} for i in range(4)})
    second = table({f"D{i}": {k: tuple(x + 2 * i for x in v) for k, v in other.items()} for i in range(4)})
    found = compare(pd.concat([first, second.assign(plate=lambda t: t["plate"] + "b")]), control="vehicle")
    ratio = row(found, "EV_WT")["estimate"] / row(found, "EV_KO")["estimate"]
    assert row(found, "il32_dependence")["estimate"] == pytest.approx(ratio, rel=1e-12)
    assert ratio == pytest.approx(2, abs=0.1)  # and not the 5 that EV_WT over EV_KO alone would say
    assert row(found, "il32_dependence")["n_donors"] == 4


@pytest.mark.parametrize(
    ("frame", "warning"),
    [
        (
            simulated(("vehicle", "A"), 2),
            "Two donors: everything is exploratory, whatever the p value. Add donors (3 or more).",
        ),
        (table()[2:], "Missing donor × arm cells: D1 × vehicle. Estimates there rest on fewer donors."),
        (
            table()[1:],
            "Unequal wells per donor × arm (1 to 2): every donor × arm weighs the same, whatever its wells, "
            "unless counts are sparse.",
        ),
        (
            table().assign(area_mm2=lambda t: [1.0] + [2.0] * (len(t) - 1)),
            "Unequal imaged areas (1.00 to 2.00 per well): counts are compared as rates per area.",
        ),
        (
            table({**COUNTS, "D4": {"vehicle": (1, 2), "IL32": (20, 21), "RANKL": (30, 33)}}),
            "osteoclast_count: Fewer than 5 osteoclasts in all wells of D4 × vehicle: the ratio rests on a "
            "handful of cells.",
        ),
        (
            table(),
            "osteoclast_count: Only 4 residual degrees of freedom (fewer than 6): intervals are wide. Add donors.",
        ),
        (
            table().assign(donor=lambda t: t["donor"].replace({"D1": "Ann exp1", "D2": "ann exp2"})),
            "These look like one donor in several experiments: 'Ann exp1' and 'ann exp2'. If so, give them one name "
            "(and a plate or day column): counted as donors of their own they make the p values too small.",
        ),
        (
            table().assign(plate=lambda t: np.where(t["treatment"] == "RANKL", "second", "first"), well=range(18)),
            "RANKL is confounded with plate: no plate of its wells holds a control well. Put controls there, or spread "
            "the arm.",
        ),
        (
            table().assign(
                well=lambda t: [
                    ("C" if arm == "RANKL" else "B") + str(i % 6 + 1) for i, arm in enumerate(t["treatment"])
                ]
            ),
            "RANKL is confounded with row: all its wells sit in one row, without a control well. Put controls there, "
            "or spread the arm.",
        ),
        (
            table(oxygen="").assign(oxygen=lambda t: np.where(t["well"].str[0].isin(list("ACE")), "2", "21")),
            "2 oxygen levels were tested: whether oxygen changes an effect is the contrast 'oxygen × arm', not "
            "two verdicts side "
            "by side.",
        ),
        (
            table(n_osteoclasts_ge2=40),
            "2 endpoints were tested. 'osteoclast_count' is the primary one; verdicts on the others use "
            "p_across_endpoints, which is adjusted over the secondary endpoints too.",
        ),
        (
            table().assign(donor=lambda t: t["donor"] + t["treatment"]),
            "Different donors per arm: donors are compared between arms and the pairing is lost, which costs "
            "much power. Give "
            "every donor every arm.",
        ),
    ],
)
def test_warnings_are_said_and_travel_into_the_notes(frame, warning):
    found = compare(frame, control="vehicle")
    assert warning in found.warnings
    assert found.table["notes"].str.contains(warning.removeprefix("osteoclast_count: "), regex=False).any()


def test_unequal_spread_is_warned_of():
    loud = {
        f"D{i}": {"vehicle": (101,), "A": (110,), "C": (120,), "E": (130,), "B": (round(100 * 6 ** (i % 2)),)}
        for i in range(6)
    }
    (found,) = [text for text in compare(table(loud), control="vehicle").warnings if "varies more" in text]
    assert found.startswith("osteoclast_count: B varies more between donors than the other arms do (SD ")
    assert found.endswith(
        "p = 0.0005), so its adjusted p may be too small. The paired tests allow for it, and 'robust' asks for them."
    )
    marked = table(loud).assign(role=lambda t: np.where(t["treatment"] == "B", "vehicle", "treatment"))
    (found,) = [text for text in compare(marked).warnings if "varies more" in text]
    assert "so the adjusted p of every arm may be too small" in found


def test_the_spread_of_a_sparse_arm_is_set_against_what_counting_explains():
    """Without the weights of counting noise B, of some 26 cells, would seem only 2.9 times as wide as the others."""
    counts = {
        "vehicle": (2005, 2048, 1955, 2011, 2066), "A": (2481, 2384, 2540, 2488, 2472),
        "C": (2224, 2255, 2132, 2194, 2109), "B": (28, 27, 19, 40, 15),
    }  # fmt: skip
    frame = table({f"D{i}": {arm: (of[i],) for arm, of in counts.items()} for i in range(5)})
    (found,) = [text for text in compare(frame, control="vehicle").warnings if "varies more" in text]
    assert "B varies more between donors than the other arms do (SD 3.8 times theirs, p = 0.0005)" in found


@pytest.mark.parametrize(
    ("frame", "contrast", "sentence"),
    [
        (table(), "IL32", "IL32: 1.82 × vehicle (95 % CI 1.54 to 2.15), 3 of 3 donors up, robust"),
        (table()[:6], "IL32", "IL32: 1.89 × vehicle, within this donor, n = 1"),
        (table()[:12], "IL32", "IL32: 1.89 × vehicle (95 % CI 1.80 to 1.97), 2 of 2 donors up, exploratory"),
        (
            table({d: {"vehicle": (0, 0), "A": (3, 2)} for d in ("D1", "D2", "D3")}),
            "A",
            "A: refused. No ratio: every well of vehicle has 0 osteoclasts, and the 0.5 added to empty counts "
            "would decide it. "
            "Instead: A has osteoclasts in 3 of 3 donors and 6 of 6 wells; the difference of rates is 1.25 per "
            "mm²; the rate "
            "ratio is at least "
            "3.59 (exact Poisson bound, ignores donors). More imaged area or more wells of vehicle would give a ratio.",
        ),
    ],
)
def test_sentences(frame, contrast, sentence):
    summary = compare(frame, control="vehicle").summary().splitlines()
    assert f"  {sentence}" in summary, "\n".join(line for line in summary if line.startswith(f"  {contrast}"))


def test_a_single_donor_says_its_technical_spread():
    note = row(compare(table()[:6], control="vehicle"), "IL32")["notes"]
    assert note.startswith(
        "Within this donor, n = 1: no p value or confidence interval for the population. Its wells alone "
        "(technical spread) "
        "give 1.87 (1.45 to 2.43). Add donors: 3 or more."
    )


def test_indicated_where_the_paired_t_test_does_not_agree():
    counts = {
        "D1": {"vehicle": (50, 50), "A": (57, 57), "B": (100, 100), "C": (50, 52)},
        "D2": {"vehicle": (50, 50), "A": (100, 100), "B": (100, 104), "C": (50, 50)},
        "D3": {"vehicle": (50, 50), "A": (100, 120), "B": (100, 98), "C": (52, 50)},
    }
    found = compare(table(counts), control="vehicle")
    assert row(found, "A")["verdict"] == "indicated"
    assert row(found, "B")["verdict"] == "robust"
    assert row(found, "C")["verdict"] == "no evidence"
    assert row(found, "A")["notes"].startswith("The paired test of the donors' own ratios does not agree (p = 0.1")
    assert any(text.startswith("osteoclast_count: A: The paired test") for text in found.warnings)


def test_arms_with_one_linked_donor_get_no_p():
    frame = table()
    found = compare(frame[~((frame["treatment"] == "IL32") & (frame["donor"] != "D1"))], control="vehicle")
    assert row(found, "IL32")["verdict"] == "within this donor, n = 1"
    assert row(found, "RANKL")["n_donors"] == 3
    assert np.isnan(row(found, "IL32")["p_adjusted"])


def test_every_endpoint_has_its_link_and_its_place_in_the_family():
    frame = simulated(("vehicle", "A", "B"), 4, fold={"A": 2}).rename(columns={"count": "n_osteoclasts"})
    frame = frame.assign(
        n_osteoclasts_ge2=frame["n_osteoclasts"] * 2, n_osteoclasts_ge4=frame["n_osteoclasts"] // 2,
        osteoclast_area_fraction=frame["n_osteoclasts"] / 500, fusion_index=0.3 + frame["n_osteoclasts"] / 1000,
        nuclei_per_osteoclast_mean=4 + frame["n_osteoclasts"] / 100,
        osteoclast_area_mean_um2=20.0 * frame["n_osteoclasts"],
        trap_405=frame["n_osteoclasts"] / 100 - 0.6, viability=1.0 + frame["n_osteoclasts"] / 50,
    )  # fmt: skip
    found = compare(frame, control="vehicle", settings=ComparisonSettings(extra_endpoints=("trap_405", "viability")))
    first = found.table.drop_duplicates("endpoint").set_index("endpoint")
    assert first["link"].to_dict() == {
        "osteoclast_count": "log rate", "osteoclast_count_ge2": "log rate", "osteoclast_count_ge4": "log rate",
        "osteoclast_area_fraction": "logit", "fusion_index": "logit", "nuclei_per_osteoclast": "log",
        "osteoclast_area": "log", "trap_405": "identity", "viability": "log",
    }  # fmt: skip
    assert list(first["role"]) == ["primary"] + ["secondary"] * 8
    secondary = found.table[(found.table["contrast"] == "A") & (found.table["role"] == "secondary")]
    assert secondary["p_across_endpoints"].min() == pytest.approx(min(8 * secondary["p_adjusted"].min(), 1))
    assert found.table.loc[found.table["role"] == "primary", "p_across_endpoints"].isna().all()
    assert " more than vehicle (95 % CI" in found.summary()
    assert "A: odds " in found.summary()


def test_a_secondary_endpoint_is_judged_after_correction_over_the_endpoints():
    """A is below 0.05 by itself on both secondary endpoints, and on none once it is adjusted over the two."""
    frame = table(
        {
            "D1": {"vehicle": (50, 50), "A": (57, 57), "B": (100, 100), "C": (50, 52)},
            "D2": {"vehicle": (50, 50), "A": (88, 88), "B": (100, 104), "C": (50, 50)},
            "D3": {"vehicle": (50, 50), "A": (72, 72), "B": (100, 98), "C": (52, 50)},
            "D4": {"vehicle": (50, 50), "A": (50, 52), "B": (110, 98), "C": (50, 54)},
        }
    ).assign(n_osteoclasts_ge2=lambda t: t["count"], n_osteoclasts_ge4=lambda t: t["count"])
    found = compare(frame, control="vehicle")
    primary, secondary = row(found, "A"), row(found, "A", "osteoclast_count_ge2")
    assert primary["p_adjusted"] == pytest.approx(secondary["p_adjusted"])
    assert primary["p_adjusted"] < 0.05 < secondary["p_across_endpoints"]
    assert primary["verdict"] == "indicated"
    assert secondary["verdict"] == "no evidence"
    assert secondary["reason"] == (
        f"Before the correction over the secondary endpoints p = {secondary['p_adjusted']:.3f}, after it "
        f"p = {secondary['p_across_endpoints']:.3f}: not enough for evidence."
    )
    assert row(found, "B", "osteoclast_count_ge2")["verdict"] == "robust"


def test_positive_controls_apart_leave_the_family_of_the_others():
    frame = simulated(("vehicle", "A", "B", "RANKL"), 4, fold={"RANKL": 3}).assign(
        role=lambda t: t["treatment"].map({"vehicle": "vehicle", "RANKL": "positive control"}).fillna("treatment")
    )
    together = compare(frame)
    apart = compare(frame, settings=ComparisonSettings(positive_controls_apart=True))
    assert row(together, "A")["method"].endswith("Dunnett over 3 arms")
    assert row(apart, "A")["method"].endswith("Dunnett over 2 arms")
    assert row(apart, "RANKL")["method"].endswith("positive control, outside the family of the arms")
    assert row(apart, "RANKL")["p_adjusted"] == row(apart, "RANKL")["p_raw"]
    assert row(apart, "A")["p_adjusted"] < row(together, "A")["p_adjusted"]
    assert row(apart, "A")["p_raw"] == row(together, "A")["p_raw"]
    assert apart.design.endswith("Compared apart, outside the family of the other arms (positive control): RANKL.")
    only = compare(
        frame[frame["treatment"].isin(["vehicle", "RANKL"])], settings=ComparisonSettings(positive_controls_apart=True)
    )
    assert row(only, "RANKL")["method"].endswith("one arm")


def test_equivalence_has_margins_of_endpoints_and_is_adjusted_over_its_arms():
    frame = simulated(("vehicle", "A", "B"), 6, sd=0.05).assign(
        fusion_index=lambda t: 0.3 + t["count"] / 1000, n_nuclei=200
    )
    settings = ComparisonSettings(
        equivalence_arms=("A", "B"), equivalence_margin=1.5, equivalence_margins=("fusion_index = 1.2",)
    )
    found = compare(frame, control="vehicle", settings=settings)
    counts = [row(found, f"equivalence {arm}") for arm in "AB"]
    assert [one["arm"] for one in counts] == ["A", "B"]
    p = sorted(one["p_tost"] for one in counts)
    assert sorted(one["p_adjusted"] for one in counts) == pytest.approx([2 * p[0], max(2 * p[0], p[1])])
    assert counts[0]["method"] == "two one-sided tests, margin 1.5, 90 % CI; Holm over 2 arms"
    assert row(found, "equivalence A", "fusion_index")["method"].startswith("two one-sided tests, margin 1.2")
    alone = ComparisonSettings(equivalence_arms=("A",), equivalence_margins=("fusion_index = 1.2",))
    shown = compare(frame, control="vehicle", settings=alone).table.query("kind == 'equivalence'")
    assert list(shown["endpoint"]) == ["fusion_index"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"equivalence_margins": ("fusion_index",)},
            r"Setting 'equivalence_margins': 'fusion_index' gives no margin above 1 and up to 10\. Write it like "
            r"'fusion_index = 1\.3'\.",
        ),
        ({"equivalence_margins": ("osteoclast_count = 0.8",)}, "gives no margin above 1"),
        (
            {"equivalence_margins": ("osteoclast_counts = 1.5",)},
            r"no endpoint is called 'osteoclast_counts'; did you mean 'osteoclast_count'\? The table holds: "
            r"osteoclast_count\.",
        ),
        (
            {"equivalence_arms": ("IL32",)},
            r"Equivalence needs a margin declared beforehand: set 'equivalence_margin', such as 1\.5 for 1\.5-fold\.",
        ),
        (
            {"equivalence_arms": ("IL-32",), "equivalence_margin": 1.5},
            r"Setting 'equivalence_arms': no arm is called 'IL-32'; did you mean 'IL32'\? The table holds: IL32, "
            r"RANKL, vehicle\.",
        ),
    ],
)
def test_margins_that_cannot_be_used_are_refused(settings, message):
    with pytest.raises(OsteoCountError, match=message):
        compare(table(), control="vehicle", settings=ComparisonSettings(**settings))


def test_a_proportion_is_the_logit_of_the_pooled_wells():
    frame = table().assign(imaged_area_px=1000, osteoclast_area_px=lambda t: t["count"] * 5)
    found = row(compare(frame, control="vehicle"), "IL32", "osteoclast_area_fraction")
    pooled = {arm: [sum(arms[arm]) * 5 / 2000 for arms in COUNTS.values()] for arm in ("vehicle", "IL32")}
    logit = {arm: np.log(np.array(p) / (1 - np.array(p))) for arm, p in pooled.items()}
    assert found["estimate"] == pytest.approx(np.exp(np.mean(logit["IL32"] - logit["vehicle"])), rel=1e-10)


def test_the_primary_endpoint_must_exist():
    with pytest.raises(
        OsteoCountError, match=r"The primary endpoint 'fusion' is not in the table\. It holds: osteoclast_count\."
    ):
        compare(table(), control="vehicle", settings=ComparisonSettings(primary_endpoint="fusion"))


@pytest.mark.parametrize(
    ("columns", "arms"),
    [
        (
            {"treatment": ["v", "IL32", "IL32"], "dose": [0, 25, 100], "dose_unit": "ng/mL"},
            ["v", "IL32 25 ng/mL", "IL32 100 ng/mL"],
        ),
        ({"treatment": ["v", "IL32_25"], "dose": [0, 25]}, ["v", "IL32_25"]),
        ({"treatment": ["v", "RANKL"], "dose": [None, 50.0], "dose_unit": [None, "ng/mL"]}, ["v", "RANKL 50 ng/mL"]),
        ({"treatment": ["IL32", "IL32"], "dose": [0, 2.5]}, ["IL32 0", "IL32 2.5"]),
        ({"treatment": ["v", "v", "A"], "oxygen": [2.0, 21.0, "hypoxia"]}, ["v, 2 % O2", "v, 21 % O2", "A, hypoxia"]),
        ({"treatment": ["v", "A"], "oxygen": [2, 2]}, ["v", "A"]),
        ({"treatment": ["v", "", "A"], "oxygen": ["2", "21", ""]}, ["v, 2 % O2", "", "A"]),
        ({"treatment": ["", None]}, ["", ""]),
    ],
)
def test_arm_names(columns, arms):
    assert list(arm_names(pd.DataFrame(columns))) == arms

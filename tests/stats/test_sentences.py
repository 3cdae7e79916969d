"""Every sentence word for word: verdicts, warnings and refusals as a person reads them."""

import numpy as np
import pandas as pd
import pytest

from osteocount.settings import ComparisonSettings
from osteocount.stats import compare
from support.well_tables import COUNTS, series, simulated, table

DONORS = ("D1", "D2", "D3", "D4")
EV = {"vehicle": (20, 21), "EV_WT": (44, 40), "EV_KO": (24, 26)}


def levels(arms=EV, donors=DONORS, step=3):
    """Each donor a little higher than the one before, and a little different in its arms."""
    return table(
        {
            donor: {
                arm: tuple(c + step * i + (i * j) % 3 for c in wells) for j, (arm, wells) in enumerate(arms.items())
            }
            for i, donor in enumerate(donors)
        }
    )


def lines(frame, **settings):
    return [
        line.strip()
        for line in compare(frame, control="vehicle", settings=ComparisonSettings(**settings)).summary().splitlines()
    ]


def shares(column, values, **columns):
    return simulated(("vehicle", "A"), 4).assign(**{column: np.tile(values, 4)}, **columns)


VERDICTS = [
    ("robust", levels(), {}, "EV_WT: 1.89 × vehicle (95 % CI 1.75 to 2.05), 4 of 4 donors up, robust"),
    ("dependence", levels(), {}, "IL-32 dependence: 1.56 × EV_KO (95 % CI 1.46 to 1.67), 4 of 4 donors up, robust"),
    (
        "within donor",
        table()[:6],
        {},
        "IL32: 1.89 × vehicle, within this donor, n = 1",
    ),
    ("exploratory", table()[:12], {}, "IL32: 1.89 × vehicle (95 % CI 1.80 to 1.97), 2 of 2 donors up, exploratory"),
    (
        "custom",
        levels(),
        {"contrasts": ("EV_KO / EV_WT",)},
        "EV_KO / EV_WT: ratio 0.640 (95 % CI 0.598 to 0.684), 4 of 4 donors down, robust",
    ),
    (
        "four cells",
        levels({**EV, "other": (10, 11)}),
        {"contrasts": ("(EV_WT/vehicle)/(EV_KO/other)",)},
        "(EV_WT/vehicle)/(EV_KO/other): ratio of ratios 0.929 (95 % CI 0.781 to 1.10), 4 of 4 donors down, no evidence",
    ),
    (
        "equivalent",
        levels(),
        {"equivalence_arms": ("EV_KO",), "equivalence_margin": 1.5},
        "equivalence of EV_KO: 1.21 × vehicle (90 % CI 1.15 to 1.28), 4 of 4 donors up, equivalent",
    ),
    (
        "equivalence not shown",
        levels(),
        {"equivalence_arms": ("EV_WT",), "equivalence_margin": 1.5},
        "equivalence of EV_WT: 1.89 × vehicle (90 % CI 1.79 to 2.00), 4 of 4 donors up, equivalence not shown",
    ),
]


@pytest.mark.parametrize(
    ("frame", "settings", "sentence"), [case[1:] for case in VERDICTS], ids=[c[0] for c in VERDICTS]
)
def test_verdicts(frame, settings, sentence):
    assert sentence in lines(frame, **settings)


def test_dose_sentences():
    said = [line for line in lines(series()) if line.startswith(("dose trend", "EC50"))]
    assert said == [
        "dose trend of IL32: ratio 1.26 per dose step (95 % CI 1.25 to 1.27), 4 of 4 donors up, robust",
        "EC50 of IL32: 17.6 ng/mL (95 % CI 15.6 to 20.0), 4 donors, estimated",
    ]


def test_an_ec50_without_a_curve_is_refused_and_says_what_would_mend_it():
    assert lines(series(donors=1))[-1] == (
        "EC50 of IL32: refused. No EC50: it needs donors that carry the control and the doses, a control that is not "
        "empty, and more donor × dose cells than the curve has parameters. Give every donor every dose."
    )


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (
            table({d: {"vehicle": (0, 0), "A": (0, 0)} for d in DONORS}),
            "A: refused. No ratio: every well of vehicle has 0 osteoclasts, and the 0.5 added to empty counts would "
            "decide it. Instead: A has osteoclasts in 0 of 4 donors and 0 of 8 wells; the difference of rates is 0.00 "
            "per mm²; 0 against 0 bounds no ratio. More imaged area or more wells of vehicle would give a ratio.",
        ),
        (
            table({d: {"vehicle": (0, 0), "A": (0, 2 * i)} for i, d in enumerate(DONORS)}, area=1.0),
            "A: refused. No ratio: every well of vehicle has 0 osteoclasts, and the 0.5 added to empty counts would "
            "decide it. Instead: A has osteoclasts in 3 of 4 donors and 3 of 8 wells; the difference of rates is 1.50 "
            "per mm² (95 % CI -0.554 to 3.55 over donors); the rate ratio is at least 2.78 (exact Poisson bound, "
            "ignores donors). More imaged area or more wells of vehicle would give a ratio.",
        ),
        (
            table({d: {"vehicle": (0,), "A": (n,)} for d, n in (("D1", 4), ("D2", 8))}),
            "A: refused. No ratio: every well of vehicle has 0 osteoclasts, and the 0.5 added to empty counts would "
            "decide it. Instead: A has osteoclasts in 2 of 2 donors and 2 of 2 wells; the difference of rates is 3.00 "
            "per mm² (95 % CI -9.71 to 15.7 over donors); the rate ratio is at least 2.78 (exact Poisson bound, "
            "ignores donors). More imaged area or more wells of vehicle would give a ratio.",
        ),
        (  # no donor has both arms
            table({"D1": {"vehicle": (0,)}, "D2": {"vehicle": (0,)}, "D3": {"A": (4,)}, "D4": {"A": (8,)}}),
            "A: refused. No ratio: every well of vehicle has 0 osteoclasts, and the 0.5 added to empty counts would "
            "decide it. Instead: A has osteoclasts in 2 of 2 donors and 2 of 2 wells; the difference of rates is 3.00 "
            "per mm²; the rate ratio is at least 2.78 (exact Poisson bound, ignores donors). More imaged area or more "
            "wells of vehicle would give a ratio.",
        ),
        (
            table({"D1": {"vehicle": (0,), "A": (12,)}}),
            "A: refused. No ratio: every well of vehicle has 0 osteoclasts, and the 0.5 added to empty counts would "
            "decide it. Instead: A has osteoclasts in 1 of 1 donors and 1 of 1 wells; the difference of rates is 6.00 "
            "per mm²; the rate ratio is at least 2.78 (exact Poisson bound, ignores donors). More imaged area or more "
            "wells of vehicle would give a ratio.",
        ),
        (
            table({d: {"vehicle": (10, 10), "A": (20, 20)} for d in DONORS}),
            "A: refused. No variation is left to test against (no residual degrees of freedom, or identical values): "
            "no p value or interval. Add donors, or fill the missing cells.",
        ),
        (
            table({"D1": {"vehicle": (10, 12)}, "D2": {"A": (20, 22)}, "D3": {"A": (21, 22)}}),
            "A: refused. An arm has a single donor: no p value or interval for the population. Add donors to that arm.",
        ),
        (
            table(
                {
                    "D1": {"vehicle": (10, 12), "A": (20, 25)},
                    "D2": {"vehicle": (14, 12), "A": (22, 25)},
                    "D3": {"A": (20, 21), "B": (30, 33)},
                    "D4": {"A": (26, 25), "B": (31, 39)},
                }
            ),
            "B: refused. No donor links B and vehicle, so they cannot be compared within donors. Give at least two "
            "donors all of these arms.",
        ),
        (
            shares("fusion_index", [0, 0, 0, 1, 0.5, 0.4]),
            "A: refused. No ratio: nuclei in osteoclasts ÷ nuclei is 0 in every well of vehicle, and nothing can be a "
            "multiple of 0. Image more wells or more area of vehicle.",
        ),
        (
            shares("fusion_index", [1, 1, 1, 0.3, 0.5, 0.4], n_nuclei=50),
            "A: refused. No odds ratio: nuclei in osteoclasts ÷ nuclei is 1 in every well of vehicle, whose odds are "
            "infinite. Count more cells of vehicle.",
        ),
    ],
)
def test_refusals(frame, sentence):
    assert sentence in lines(frame)


@pytest.mark.parametrize(
    ("frame", "warning"),
    [
        (
            levels({"vehicle": (20, 21), "A": (0, 0)}).assign(
                count=lambda t: t["count"].where(t["treatment"] == "vehicle", 0)
            ),
            "osteoclast_count: 0 osteoclasts in every well of A: the 0.5 added to empty counts decides the ratio and "
            "its interval. Read them as 'far fewer', not as a number; image more area to learn how many fewer.",
        ),
        (
            shares("fusion_index", [0.2, 0.1, 0.1, 0, 0, 0]).assign(
                fusion_index=lambda t: t["fusion_index"] + 0.1 * (t["donor"] == "D1")
            ),
            "fusion_index: A share of exactly 0 or 1 has no odds and was moved a little in D2 × A, D3 × A, D4 × A: "
            "ratios there depend on how little. Read the donors' own values.",
        ),
        (
            simulated(("vehicle", "A"), 2),
            "osteoclast_count: Only 1 residual degree of freedom (fewer than 6): intervals are wide. Add donors.",
        ),
        (
            table().assign(well=lambda t: ["ABC"[i // 2 % 3] + str(i % 2 + 1) for i in range(len(t))]),
            "IL32 and RANKL are confounded with row: all their wells sit in one row each, without a control well. Put "
            "controls there, or spread the arms.",
        ),
        (
            table(
                {
                    "D1": {"vehicle": (50, 50), "A": (57, 57), "B": (100, 100), "C": (50, 52)},
                    "D2": {"vehicle": (50, 50), "A": (100, 100), "B": (100, 104), "C": (50, 50)},
                    "D3": {"vehicle": (50, 50), "A": (100, 120), "B": (100, 98), "C": (52, 50)},
                }
            ),
            "osteoclast_count: A: The paired test of the donors' own ratios does not agree (p = 0.120): the finding "
            "holds only if all arms vary alike between donors. Add donors.",
        ),
    ],
)
def test_warnings(frame, warning):
    found = compare(frame, control="vehicle")
    assert warning in found.warnings, found.warnings


def test_only_the_paired_t_test():
    arms = {"vehicle": (40, 40), "A": (44, 44), "B": (60, 60)}
    noisy = {d: {**arms, "B": (b, b)} for d, b in zip(DONORS, (20, 60, 90, 140), strict=True)}
    frame = table({d: {**own, "A": (44 + i % 2, 44)} for i, (d, own) in enumerate(noisy.items())})
    found = compare(frame, control="vehicle").table.set_index("contrast").loc["A", "reason"]
    assert found == (
        "Only the paired test of the donors' own ratios is below 0.05 (p < 0.0001; adjusted p = 0.938): not enough for "
        "evidence. Add donors."
    )


def test_a_trend_that_no_donor_carries_whole_says_so():
    frame = series(doses=(1.0, 10.0, 100.0))
    holes = {"D0": 1.0, "D1": 10.0, "D2": 100.0, "D3": 1.0}
    said = compare(frame[frame["dose"] != frame["donor"].map(holes)], control="vehicle")
    row = said.table.set_index("contrast").loc["dose_trend IL32"]
    assert row["verdict"] == "exploratory"
    assert np.isfinite(row["p_adjusted"])
    assert row["reason"].startswith(
        "No donor carries all of these arms, so there is no paired test: the donors together link the arms. Give at "
        "least three donors all of them."
    )
    assert ", no donor with all these arms, exploratory" in said.summary()


def test_identity_links_speak_of_differences():
    frame = levels().assign(trap_405=lambda t: t["count"] / 100 - 0.3, oxygen="")
    said = lines(frame, extra_endpoints=("trap_405",), contrasts=("EV_WT / EV_KO",))
    start = said.index("Trap 405 (secondary)")
    assert said[start + 1].startswith("EV_KO: 0.0")
    assert " more than vehicle (95 % CI " in said[start + 1]
    assert said[start + 3].startswith("IL-32 dependence: 0.1")
    assert " more than EV_KO (95 % CI " in said[start + 3]
    assert said[start + 4].startswith("EV_WT / EV_KO: difference 0.1")


def test_half_a_unit_never_makes_a_share_large():
    """An area fraction of 0 is moved to half the smallest seen, not by half a mm²."""
    zero = np.r_[[0.0] * 3, np.linspace(0.05, 0.07, 21)]
    frame = simulated(("vehicle", "A"), 4).assign(osteoclast_area_fraction=zero)
    found = compare(frame, control="vehicle")
    own = found.donor_effects.query("endpoint == 'osteoclast_area_fraction' and donor == 'D1'")["estimate"].item()
    assert own == pytest.approx(2, rel=0.1)  # the smallest share above 0, over half of it


def test_equal_counts_warn_of_no_noise():
    found = compare(table({d: {"vehicle": (10, 10), "A": (10, 10), "B": (10, 10)} for d in DONORS}), control="vehicle")
    assert found.warnings == ()
    assert (found.table["verdict"] == "refused").all()


def test_unblocked_says_why_it_is_never_robust():
    frame = table().assign(donor=lambda t: t["donor"] + t["treatment"])
    reasons = compare(frame, control="vehicle").table["reason"]
    assert set(reasons) == {"Without pairs there is no paired test, so the verdict is never 'robust'."}


@pytest.mark.parametrize(
    "frame", [table(), table()[2:], simulated(("vehicle", "A", "B"), 5), pd.DataFrame(table(COUNTS))]
)
def test_the_design_is_said_first(frame):
    found = compare(frame, control="vehicle")
    assert found.summary().splitlines()[0] == found.design

"""Agreement with manual counts: published examples, hand-known answers, and the sentences."""

import numpy as np
import pandas as pd
import pytest

from osteocount.errors import OsteoCountError
from osteocount.stats.agreement import agree
from osteocount.stats.agreement_measures import as_ratios, concordance, describe, icc_2_1, over_donors
from support.well_tables import simulated, table


def test_icc_is_that_of_shrout_and_fleiss():
    """Their table 2: six targets, four judges; ICC(2,1) = .29."""
    ratings = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
    )
    value, low, high = icc_2_1(ratings)
    assert value == pytest.approx(0.2898, abs=5e-5)
    assert (low, high) == pytest.approx((0.0188, 0.7611), abs=5e-5)


def test_concordance_by_hand():
    """s12 = 2, s1² = 2, s2² = 2 (n in the denominator), means 3 and 4: 4 / (4 + 1)."""
    value, low, high = concordance(np.array([1, 2, 3, 4, 5.0]), np.array([2, 3, 4, 5, 6.0]))
    assert value == pytest.approx(0.8)
    assert low < value < high


def test_bland_altman_by_hand():
    """Errors 1, 2, 3: bias 2, SD 1; t(.975, 2) = 4.3027."""
    found = describe(pd.DataFrame({"first": [10.0, 20, 30], "second": [11.0, 22, 33]}))
    assert (found["bias"], found["bias_percent"]) == pytest.approx((2, 10))
    assert (found["limit_low"], found["limit_high"]) == pytest.approx((2 - 1.96, 2 + 1.96))
    assert found["bias_high"] == pytest.approx(2 + 4.302653 / np.sqrt(3))
    assert found["limit_high_ci_high"] == pytest.approx(3.96 + 4.302653 * np.sqrt(1 / 3 + 1.96**2 / 4))


@pytest.mark.parametrize(
    ("wells", "known"),
    [
        (0, set()),
        (1, {"bias"}),
        (2, {"bias", "limit_low", "bias_low"}),
        (3, {"bias", "limit_low", "bias_low", "icc", "r"}),
        (4, {"bias", "limit_low", "bias_low", "icc", "r", "concordance"}),
    ],
)
def test_what_is_known_of_few_wells(wells, known):
    pairs = pd.DataFrame({"first": [10.0, 20, 30, 45], "second": [11.0, 19, 33, 48]})[:wells]
    found = describe(pairs)
    assert found["n"] == wells
    for name in ("bias", "limit_low", "bias_low", "icc", "r", "concordance"):
        assert np.isfinite(found[name]) == (name in known), name


@pytest.mark.parametrize(
    ("counts", "thirds"),
    [
        (range(1, 9), {}),
        (range(1, 10), {"sparse third": 3, "middle third": 3, "dense third": 3}),
        ([5] * 9, {"sparse third": 9}),  # a third in which no well is has no row
        ([5] * 6 + [6, 7, 8], {"sparse third": 6, "dense third": 3}),
    ],
)
def test_thirds_of_density(counts, thirds):
    ours = pd.DataFrame({"well": [f"A{i + 1}" for i in range(len(counts))], "count": list(counts)})
    found = agree(ours, ours).table.set_index("subset")["n"].to_dict()
    assert found == {"all": len(counts)} | thirds


@pytest.mark.parametrize(
    ("ours", "manual", "arms", "said"),
    [
        ([10, 22, 48, 105, 230], [10, 20, 40, 80, 160], "", ["changes with density"]),
        ([10, 22, 48, 105], [10, 20, 40, 80], "", []),  # four wells show no slope
        ([100, 101, 100, 101], [100, 100, 50, 51], "AABB", ["differs between arms"]),
        ([100, 101, 100], [100, 100, 50], "AAB", []),  # an arm of one well has no spread
        ([100, 101, 100, 101], [100, 100, 100, 100], "AABB", []),
        ([100, 101, 100, 101], [100, 101, 100, 101], "AABB", []),
    ],
)
def test_uneven_errors_of_the_fewest_wells_that_show_them(ours, manual, arms, said):
    wells = pd.DataFrame({"well": [f"A{i + 1}" for i in range(len(ours))], "count": ours})
    frame = wells.assign(treatment=list(arms)) if arms else wells
    found = [text for text in agree(frame, wells.assign(count=manual)).warnings if "counting error" in text]
    assert len(found) == len(said) and all(part in text for part, text in zip(said, found, strict=True)), found


def test_plates_without_a_name_are_matched_where_no_well_is_on_both():
    ours = pd.DataFrame({"plate": ["P1", "P2"], "well": ["A1", "A2"], "count": [3, 4]})
    found = agree(ours, pd.DataFrame({"well": ["A2", "A1"], "count": [5, 3]})).pairs
    assert found[["well", "first", "second"]].to_numpy().tolist() == [["A1", 3, 3], ["A2", 5, 4]]


def test_limits_as_ratios_by_hand():
    """Second is 2, 2.5 and 3.125 times the first, with 0.5 added to both: geometric mean 2.5, SD log 1.25."""
    first = np.array([9.5, 19.5, 39.5])
    found = as_ratios(pd.DataFrame({"first": first, "second": (first + 0.5) * np.array([2, 2.5, 3.125]) - 0.5}))
    assert found["ratio"] == pytest.approx(2.5)
    assert found["ratio_limit_high"] == pytest.approx(2.5 * 1.25**1.96)
    assert found["ratio_low"] == pytest.approx(2.5 * 1.25 ** (-4.302653 / np.sqrt(3)), rel=1e-6)


def test_donors_as_clusters_by_hand():
    """Errors 1 3, 5 7 and 9 11: means 2, 6, 10; within 2, between 32, so total √(2 + 15)."""
    pairs = pd.DataFrame({"first": 10.0, "second": 10.0 + np.array([1, 3, 5, 7, 9, 11]), "donor": list("AABBCC")})
    found = over_donors(pairs)
    assert (found["n_donors"], found["bias_donors"]) == (3, pytest.approx(6))
    assert found["bias_donors_high"] == pytest.approx(6 + 4.302653 * 4 / np.sqrt(3), rel=1e-6)
    assert found["limit_donors_high"] == pytest.approx(6 + 1.96 * np.sqrt(17))
    assert np.isnan(over_donors(pairs.assign(donor=""))["bias_donors"])
    assert np.isnan(over_donors(pairs.assign(donor="A"))["limit_donors_low"])


def test_perfect_agreement():
    ours = table()
    found = agree(ours, ours[["plate", "well", "count"]], control="vehicle")
    whole = found.table.iloc[0]
    assert (whole["bias"], whole["concordance"], whole["icc"], whole["n"]) == (0, 1, 1, 18)
    assert found.warnings == ()
    assert found.summary().splitlines()[0] == (
        "automatic against manual, 18 wells: bias +0 osteoclasts (95 % CI +0 to +0; +0 %), limits of agreement "
        "+0 to +0, "
        "concordance 1.000 (1.000 to 1.000), ICC 1.000 (1.000 to 1.000). As ratios: 1.00 (95 % CI 1.00 to 1.00), "
        "limits of agreement 1.00 to 1.00. With 3 donors as clusters: bias +0 (95 % CI +0 to +0), limits of agreement "
        "for a further donor +0 to +0."
    )


def test_the_effect_is_given_from_both_and_an_uneven_error_is_warned_of():
    ours = simulated(("vehicle", "RANKL"), 4, wells=4, fold={"RANKL": 4}, sd=0.01)
    manual = ours[["plate", "well"]].assign(
        count=np.where(ours["treatment"] == "RANKL", ours["count"] * 2, ours["count"])
    )
    found = agree(ours, manual, control="vehicle")
    assert list(found.effects["counted_by"]) == ["automatic", "manual"]
    assert found.effects["estimate"].iloc[1] == pytest.approx(2 * found.effects["estimate"].iloc[0], rel=0.01)
    assert found.warnings[0] == (
        "Against manual, the counting error differs between arms (p < 0.0001): the treatment effect is biased by it. "
        "Read the effect from both ways of counting, and curate the arms that differ."
    )
    assert "the counting error changes with density" in found.warnings[1]
    assert {"all", "RANKL", "vehicle", "sparse third", "dense third"} <= set(found.table["subset"])


def test_readers_are_compared_with_each_other():
    ours = table()
    manual = pd.concat([ours.assign(reader=name, count=ours["count"] + i) for i, name in enumerate(("Ann", "Bo"))])
    found = agree(ours, manual[["plate", "well", "reader", "count"]], control="vehicle")
    biases = found.table[found.table["subset"] == "all"].set_index("comparison")["bias"].to_dict()
    assert biases == {"automatic against Ann": 0, "automatic against Bo": -1, "Bo against Ann": 1}


def test_fields_are_matched_or_summed():
    ours = pd.DataFrame({"well": ["A1", "A1", "B1", "B1"], "field": [1, 2, 1, 2], "count": [3, 4, 5, 6]})
    manual = ours.assign(well=["a01", "a01", "b01", "b01"])
    assert list(agree(ours, manual).pairs["second"]) == [3, 4, 5, 6]
    wells = pd.DataFrame({"well": ["A1", "B1"], "n_osteoclasts": [7, 11], "n_fields": [2, 2]})
    assert list(agree(wells, manual).pairs["first"]) == [7, 11]
    part = agree(wells, manual[:3])
    assert part.pairs["well"].tolist() == ["A1"]
    assert part.warnings[0] == "Left out, not every field was counted by hand: B1."


def test_our_fields_are_counted_from_the_cells_and_an_empty_field_has_none():
    wells = pd.DataFrame({"well": ["A1", "B1"], "n_osteoclasts": [3, 0], "n_fields": [2, 2]})
    cells = pd.DataFrame(
        [("A1", "1", True, True), ("A1", "1", True, True), ("A1", "2", True, True), ("A1", "2", False, True),
         ("A1", "2", True, False), ("B1", "2", True, False)],
        columns=["well", "field", "counted", "is_osteoclast"],
    )  # fmt: skip
    manual = pd.DataFrame({"well": ["A1", "A1", "B1", "B1"], "field": [1, 2, 1, 2], "count": [2, 2, 0, 0]})
    found = agree(wells, manual, cells=cells)
    assert found.pairs[["well", "field", "first", "second"]].to_numpy().tolist() == [
        ["A1", "1", 2.0, 2.0], ["A1", "2", 2.0, 1.0], ["B1", "1", 0.0, 0.0], ["B1", "2", 0.0, 0.0],
    ]  # fmt: skip
    strange = agree(wells, manual.assign(field=[1, 9, 1, 2]), cells=cells)
    assert strange.warnings[0] == "Counted by hand but not in our table: A1 9."


@pytest.mark.parametrize(
    ("ours", "manual", "said"),
    [
        (table(), pd.DataFrame({"well": ["A1"]}), "No column 'count' in the manual counts. It has: well."),
        (
            table(),
            pd.DataFrame({"well": ["A1"], "count": ["lots"]}),
            "column 'count': line 2: 'lots' is not a count. Correct",
        ),
        (table()[:6], pd.DataFrame({"well": ["H12"], "count": [3]}), "No well is in both tables."),
        (
            table(),
            pd.DataFrame({"well": ["A1"], "count": [3]}),
            "several plates: add a column 'plate' to the manual counts.",
        ),
        (  # two plates are several
            table()[:12],
            pd.DataFrame({"well": ["A1"], "count": [3]}),
            "several plates: add a column 'plate' to the manual counts.",
        ),
    ],
)
def test_what_cannot_be_compared_is_said(ours, manual, said):
    with pytest.raises(OsteoCountError) as error:
        agree(ours, manual)
    assert said in str(error.value)


def test_wells_only_counted_by_hand_are_named():
    ours = table()[:6]
    manual = pd.concat([ours[["plate", "well", "count"]], pd.DataFrame({"plate": ["x"], "well": ["H9"], "count": [1]})])
    assert agree(ours, manual, control="vehicle").warnings[0] == "Counted by hand but not in our table: x H9."


def test_two_wells_say_what_is_unknown():
    ours = pd.DataFrame({"well": ["A1", "A2"], "count": [10, 20]})
    said = agree(ours, ours.assign(count=[11, 22])).summary()
    assert "concordance unknown (too few or equal counts), ICC unknown (too few or equal counts)." in said
    assert "The treatment effect was not compared: our table has no column donor and treatment." in said


def test_readers_of_other_wells_are_set_against_our_counts_of_those_wells():
    ours = simulated(("vehicle", "A"), 3, wells=4)
    half = ours["well"].str[0].isin(list("ABEF"))
    people = pd.concat([ours[half].assign(reader="Ann"), ours.assign(reader="Bo")])
    found = agree(ours, people[["plate", "well", "reader", "count"]], control="vehicle").effects
    assert list(found["counted_by"]) == ["automatic", "Ann", "automatic, wells of Bo", "Bo"]
    assert found["estimate"].iloc[0] == found["estimate"].iloc[1]
    assert found["estimate"].iloc[2] == found["estimate"].iloc[3]
    assert found["estimate"].iloc[0] != found["estimate"].iloc[2]


@pytest.mark.parametrize(
    ("ours", "manual", "said"),
    [
        (
            table()[:6],
            pd.concat([table()[:6], table()[2:3]]),
            "Counted twice in the manual counts: line 8 (manual plate D1 C1). Keep one row per well (and field, and "
            "reader), or name the fields or readers in a column of that name.",
        ),
        (pd.concat([table()[:6], table()[:1]]), table()[:6], "Counted twice in our table: line 8 (plate D1 A1)."),
        (
            table()[:6],
            table()[:6].assign(reader="automatic"),
            "A reader cannot be called 'automatic', which are our own counts. Rename the reader.",
        ),
    ],
)
def test_places_are_counted_once(ours, manual, said):
    with pytest.raises(OsteoCountError) as error:
        agree(ours, manual)
    assert said in str(error.value)

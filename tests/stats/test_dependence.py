"""Knock-outs, wild types and rescues by the arms' names, and what is asked where they are unclear."""

import pandas as pd
import pytest

from osteocount.settings import ComparisonSettings
from osteocount.stats import compare
from osteocount.stats.dependence import find_dependences, read_genotype
from support.well_tables import simulated


def dependences(treatments, oxygen=("",), **columns):
    rows = [
        {"treatment": treatment, "oxygen": level, "arm": f"{treatment}, {level}" if level else treatment}
        for level in oxygen
        for treatment in treatments
    ]
    frame = pd.DataFrame(rows).assign(dose=float("nan"), dose_unit="").assign(**columns)
    return find_dependences(frame, {level: f"vehicle, {level}" if level else "vehicle" for level in oxygen})


def contrasts(treatments):
    return {one.name: " / ".join(one.weights) for one in dependences(treatments).contrasts}


@pytest.mark.parametrize(
    ("treatments", "wanted"),
    [
        (["EV_WT", "EV_KO"], {"il32_dependence": "EV_WT / EV_KO"}),
        (["EV wild type", "EV IL-32 KO"], {"il32_dependence": "EV wild type / EV IL-32 KO"}),
        (["EV wild-type 5 µL", "EV knock-out 5 µL"], {"il32_dependence": "EV wild-type 5 µL / EV knock-out 5 µL"}),
        (["EVs WT", "EVs KO"], {"il32_dependence": "EVs WT / EVs KO"}),
        (["sEV WT", "sEV CD81 KO"], {"cd81_dependence": "sEV WT / sEV CD81 KO"}),
        (["sEV_WT", "sEV_CD81KO"], {"cd81_dependence": "sEV_WT / sEV_CD81KO"}),
        (["EV", "EV IL32KO"], {"il32_dependence": "EV / EV IL32KO"}),
        (["EV_ctrl", "EV_KO-CD9"], {"cd9_dependence": "EV_ctrl / EV_KO-CD9"}),
        (["siCtrl", "siCD81"], {"cd81_dependence": "siCtrl / siCD81"}),
        (["siControl EV", "siIL32 EV"], {"il32_dependence": "siControl EV / siIL32 EV"}),
        (["control siRNA", "CD81 siRNA"], {"cd81_dependence": "control siRNA / CD81 siRNA"}),
        (["shScr", "shTSG101"], {"tsg101_dependence": "shScr / shTSG101"}),
        (["WT", "IL32-/-"], {"il32_dependence": "WT / IL32-/-"}),
        (
            ["EV_WT", "EV_KO_clone1", "EV_KO_clone2"],
            {
                "il32_dependence clone 1": "EV_WT / EV_KO_clone1",
                "il32_dependence clone 2": "EV_WT / EV_KO_clone2",
            },
        ),
        (
            ["EV WT", "EV IL32KO", "EV IL32KO rescue"],
            {"il32_dependence": "EV WT / EV IL32KO", "il32_rescue": "EV IL32KO rescue / EV IL32KO"},
        ),
        (
            ["JJN3 EV WT", "JJN3 EV IL32KO", "RPMI8226 EV WT", "RPMI8226 EV IL32KO"],
            {
                "il32_dependence jjn3": "JJN3 EV WT / JJN3 EV IL32KO",
                "il32_dependence rpmi8226": "RPMI8226 EV WT / RPMI8226 EV IL32KO",
            },
        ),
        (["vehicle", "EV_WT", "EV_KO", "RANKL"], {"il32_dependence": "EV_WT / EV_KO"}),
        (["EV_WT", "RANKL"], {}),
        (["rhIL32", "RANKL"], {}),
        (["simvastatin", "sirolimus", "shikonin", "tokyo"], {}),
    ],
)
def test_dependences_are_named_after_what_was_knocked_out(treatments, wanted):
    assert contrasts(treatments) == wanted


def test_what_is_unclear_is_asked_about():
    found = dependences(["EV_KO", "RANKL"])
    assert found.unclear == (
        "EV_KO looks like a knock-out, but no arm looks like its wild type at the same dose and oxygen: no dependence "
        "was computed. Declare it in the setting 'contrasts', such as 'il32_dependence = WILD TYPE / EV_KO'.",
    )
    found = dependences(["EV_WT_1", "EV_WT_2", "EV_CD81KO"])
    assert found.contrasts == ()
    assert found.unclear[0].startswith(
        "EV_CD81KO looks like a knock-out, but which of EV_WT_1, EV_WT_2 is its wild type is unclear"
    )
    frame = simulated(("vehicle", "EV_KO"), 3)
    assert any(text.startswith("EV_KO looks like a knock-out") for text in compare(frame, control="vehicle").warnings)
    declared = ComparisonSettings(contrasts=("cd9_dependence = vehicle / EV_KO",))
    found = compare(frame, control="vehicle", settings=declared)
    assert not any("looks like a knock-out" in text for text in found.warnings)
    assert found.table.set_index("contrast").loc["cd9_dependence", "kind"] == "dependence"
    assert any(line.strip().startswith("CD9 dependence: ") for line in found.summary().splitlines())


def test_a_dependence_is_given_within_oxygen_levels_and_over_them():
    low = simulated(("vehicle", "sEV WT", "sEV CD81KO"), 5, fold={"sEV WT": 4}, seed=1).assign(oxygen=1)
    high = simulated(("vehicle", "sEV WT", "sEV CD81KO"), 5, seed=2).assign(oxygen=21)
    high["plate"] += " high"
    found = compare(pd.concat([low, high]), control="vehicle").table.set_index("contrast")
    names = ["cd81_dependence, 1 % O2", "cd81_dependence, 21 % O2", "oxygen × cd81_dependence"]
    assert set(names) <= set(found.index)
    ratio = found.loc[names[0], "estimate"] / found.loc[names[1], "estimate"]
    assert found.loc[names[2], "estimate"] == pytest.approx(ratio, rel=1e-12)
    assert found.loc[names[2], "reference"] == "21 % O2"


def test_what_a_dependence_cannot_tell_is_said():
    found = dependences(["EV WT", "EV IL32KO rescue"])
    assert found.unclear == (
        "EV IL32KO rescue looks like a rescue, but no arm looks like its knock-out at the same dose and oxygen: no "
        "rescue was computed. Declare it in the setting 'contrasts', such as 'il32_rescue = EV IL32KO rescue / "
        "KNOCK-OUT'.",
    )
    wild_is_control = pd.DataFrame(
        {"treatment": ["siCtrl", "siCD81"], "arm": ["siCtrl", "siCD81"], "dose": float("nan"), "dose_unit": "",
         "oxygen": ""}
    )  # fmt: skip
    found = find_dependences(wild_is_control, {"": "siCtrl"})
    assert found.contrasts == ()
    assert found.recognised == (
        "CD81 dependence: siCtrl is the control, so the ratio of siCD81 to it is the inverse of the dependence.",
    )
    rows = [(name, level) for level in ("2", "21") for name in ("sEV WT", "sEV CD81KO")][:-1]
    frame = pd.DataFrame(rows, columns=["treatment", "oxygen"]).assign(dose=float("nan"), dose_unit="")
    found = find_dependences(
        frame.assign(arm=frame["treatment"] + ", " + frame["oxygen"]), {"2": "vehicle, 2", "21": "vehicle, 21"}
    )
    assert found.by_oxygen == ()
    assert (
        "CD81 dependence is not known at 21 % O2, where an arm of it is missing: what oxygen does to it cannot be told "
        "there. Give every level all arms."
    ) in found.unclear


def test_a_dose_of_its_own_each():
    frame = pd.DataFrame(
        {
            "treatment": ["EV_WT", "EV_WT", "EV_KO", "EV_KO"],
            "dose": [1.0, 5.0, 1.0, 5.0],
            "dose_unit": "µg/mL",
            "oxygen": "",
            "arm": ["EV_WT 1", "EV_WT 5", "EV_KO 1", "EV_KO 5"],
        }
    )
    found = find_dependences(frame, {"": "vehicle"})
    assert {one.name: one.reference for one in found.contrasts} == {
        "il32_dependence 1 µg/mL": "EV_KO 1",
        "il32_dependence 5 µg/mL": "EV_KO 5",
    }


@pytest.mark.parametrize(
    ("name", "genotype", "words", "clone"),
    [
        ("sEV CD81KO clone 2", "knock-out", {"sev", "cd81"}, "2"),
        ("EV_WT", "wild type", {"ev"}, ""),
        ("EV knockdown IL-32", "knock-out", {"ev", "il32"}, ""),
        ("siIL32", "knock-out", {"il32"}, ""),
        ("vehicle", "", {"vehicle"}, ""),
        ("EV 5", "", {"ev"}, ""),
        ("IL-10", "", {"il10"}, ""),
    ],
)
def test_names_are_read(name, genotype, words, clone):
    found = read_genotype(name)
    assert (found.genotype, set(found.words), found.clone) == (genotype, words, clone)

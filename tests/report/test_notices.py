"""What a reader must know is said first, and once."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from osteocount.curate import Edit
from osteocount.report import write_report
from osteocount.report.notices import sentence_case
from support import result_folders
from support.report_pages import Page, edit, edit_wells


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("the focus is poor", "The focus is poor"),
        ("rhIL-32: few", "rhIL-32: few"),
        ("a_b c", "a_b c"),
        ("µm", "Μm"),
        ("", ""),
    ],
)
def test_sentence_case(text, wanted):
    assert sentence_case(text) == wanted


def test_a_failed_well_is_named_with_its_reason(page):
    assert "plate1 C04: C04_f1.tif: the file ends early." in page.text
    assert "could not be counted" not in page.text  # the picture of a well already named


def test_a_refused_comparison_is_a_problem_said_first(compared_copy):
    (compared_copy / "comparisons.csv").write_text(
        (compared_copy / "comparisons.csv").read_text().splitlines()[0] + "\n"
    )
    edit(compared_copy, warnings=["No comparison: No control: no well has the role 'vehicle'."])
    page = Page(write_report(compared_copy))
    assert "Problem No comparison: No control: no well has the role 'vehicle'." in page.text
    assert "The warnings above say why." in page.text


def one_donor(wells: pd.DataFrame) -> pd.DataFrame:
    return wells.assign(donor="D1")


def two_donors(wells: pd.DataFrame) -> pd.DataFrame:
    return wells[wells["donor"].isin(["D1", "D2"])]


def empty_control(wells: pd.DataFrame) -> pd.DataFrame:
    wells.loc[(wells["treatment"] == "vehicle") & (wells["status"] == "ok"), "n_osteoclasts"] = 0
    return wells


@pytest.mark.parametrize(
    ("change", "answer", "first"),
    [
        (
            one_donor,
            "Within one donor only (n = 1), not tested, osteoclast count: ",
            "Problem One donor only: there is no",
        ),
        (two_donors, "Exploratory only (too few donors): ", "Caution Two donors: everything is exploratory"),
        (
            empty_control,
            "Could not be tested: EV IL-32 KO 5 µL, EV wild type 5 µL, RANKL 50 ng/mL and rhIL-32 25 ng/mL.",
            "Problem Could not be tested on the primary endpoint: EV IL-32 KO 5 µL, EV wild type 5 µL, RANKL 50",
        ),
    ],
)
def test_what_the_design_does_not_allow_is_not_claimed(compared_copy, change, answer, first):
    wells = change(pd.read_csv(compared_copy / "wells.csv"))
    wells.to_csv(compared_copy / "wells.csv", index=False)
    edit(compared_copy, warnings=result_folders.write_comparison(compared_copy, wells))
    page = Page(write_report(compared_copy))
    assert answer in page.text
    assert first in page.text
    assert page.text.index(first) < page.text.index("What was counted")
    assert page.text.count("residual degrees of freedom (fewer than 6)") <= 1  # not once more for every endpoint
    claims = page.text[: page.text.index("Read this first")].split(". ")
    assert not [claim for claim in claims if "RANKL" in claim and re.search("Robust|Indicated", claim)]


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ("no_picture", "no picture was found", "Caution 1 well in the layout, but without a picture."),
        ("not_in_layout", "not named", "Caution 1 well with a picture, but not in the layout: counted, not compared."),
        ("excluded", "bubble", "Note 1 well excluded."),
        ("incomplete", "1 of 2 fields failed", "Caution 1 well counted from some of their pictures only."),
        ("failed", None, "Problem 1 well failed and is in no number below."),
    ],
)
def test_every_well_that_is_not_done_is_named(counted_copy, status, reason, words):
    edit_wells(
        counted_copy, pd.read_csv(counted_copy / "wells.csv")["status"] == "failed", status=status, status_reason=reason
    )
    edit(counted_copy, failed=[])
    text = Page(write_report(counted_copy)).text
    assert words in text
    assert f"plate1 C04: {reason or 'no reason was recorded'}" in text


def test_warnings_of_pictures_are_said_once_with_their_pictures(counted_copy):
    inputs = json.loads((counted_copy / "run.json").read_text())["inputs"]
    for entry in inputs[:2]:
        entry |= {"warnings": ["the focus is poor."], "qc_flags": ["focus"]}
    edit(counted_copy, inputs=inputs, warnings=["2 of 19 pictures: the focus is poor."])
    edit_wells(
        counted_copy, pd.read_csv(counted_copy / "wells.csv")["well"].isin(["A01", "B05"]), qc_flags="focus;edge_light"
    )
    text = Page(write_report(counted_copy)).text
    names = [entry["image"] for entry in inputs[:2]]
    assert f"Caution The focus is poor. (2 of 19 pictures) {' '.join(names)}" in text
    assert text.lower().count("the focus is poor.") == 1
    assert "Caution Quality flag “edge light” on 2 wells. plate1 A01 plate1 B05" in text
    assert "Quality flag “focus”" not in text


def test_many_borderline_cells_are_a_caution_with_both_totals(counted_copy):
    cells = pd.read_csv(counted_copy / "cells.csv")
    unsure = cells["n_nuclei"] == 3
    cells.loc[unsure, ["n_nuclei_low", "n_nuclei_high"]] = [2, 4]
    cells["flags"] = np.where(unsure, "borderline", "")
    cells.head(60).to_csv(counted_copy / "cells.csv", index=False)
    shown = cells.head(60)
    low, high = (int((shown[name] >= 3).sum()) for name in ("n_nuclei_low", "n_nuclei_high"))
    n, total = int(unsure.head(60).sum()), int(shown["is_osteoclast"].sum())
    assert 0 < 0.1 * total < n
    words = f"{n} cell{'s are' if n > 1 else ' is'} borderline, against {total} osteoclasts"
    text = Page(write_report(counted_copy)).text
    assert words in text
    assert f"If all fell on one side the total would be {low} or {high}." in text


def test_corrections_by_a_person_are_said(counted_copy):
    said = [
        Edit(who="Ada", when="2026-11-03T09:00:00Z", kind="add_nucleus", image="a", points=[(1, n)]) for n in range(3)
    ]
    said.append(Edit(who="Ada", when="2026-11-03T09:01:00Z", kind="undo", image="a", of=said[0].id))
    lines = "".join(f"{edit.model_dump_json()}\n" for edit in said)
    (counted_copy / "edits.jsonl").write_text(lines, encoding="utf-8")
    text = Page(write_report(counted_copy)).text
    assert "Note A person corrected this result: 2 edits in edits.jsonl" in text
    assert "A person corrected the automatic result (2 logged edits)." in text


def test_unresolved_nuclei_are_said_and_never_counted(tmp_path):
    page = Page(write_report(result_folders.build(tmp_path / "results", resolved=False, um=None)))
    assert "Where nuclei could not be seen, osteoclasts were called without them, by size and appearance." in page.text
    assert "Problem Nuclei could not be seen in any picture." in page.text
    assert "no nucleus was counted, and the columns for nuclei are empty" in page.text
    assert "Nuclei cannot be seen at this magnification and were not counted: a TRAP-positive cell" in page.text
    assert "The pixel size is unknown for every picture (the file names none)." in page.text
    assert "of unknown pixel size" in page.text
    assert "Fusion index" not in page.text
    assert re.search(r"– ?nuclei in them", page.text)


def test_no_warning_is_said_too(counted_copy):
    wells = pd.read_csv(counted_copy / "wells.csv")
    wells[wells["status"] == "ok"].to_csv(counted_copy / "wells.csv", index=False)
    edit(counted_copy, failed=[])
    assert "No warning Every well was counted, and no check raised a flag." in Page(write_report(counted_copy)).text

"""Figures stand beside each other in one page."""

from __future__ import annotations

import re

import pandas as pd

from osteocount.report import write_report
from support import result_folders
from support.report_pages import Page, edit_wells


def test_ids_are_unique_and_every_reference_has_its_target(page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    drawings = [tag for tag, _ in page.tags if tag == "svg"]
    assert len(drawings) == 3
    references = re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", page.source)
    assert references
    assert {first or second for first, second in references} <= set(ids)


def test_a_name_with_broken_mathematics_costs_a_figure_not_the_report(compared_copy):
    edit_wells(compared_copy, pd.read_csv(compared_copy / "wells.csv")["treatment"] == "rhIL-32", treatment=r"$\frac$")
    result_folders.write_comparison(compared_copy, pd.read_csv(compared_copy / "wells.csv"))
    page = Page(write_report(compared_copy))
    assert r"$\frac$ 25 ng/mL: " in page.text

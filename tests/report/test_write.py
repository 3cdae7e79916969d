"""The page as a reader, a browser and an attacker see it."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd

from osteocount.report import write_report
from support import result_folders
from support.report_pages import ATTACK, Page, edit


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(page):
    assert not page.names() & {"script", "link", "iframe", "object", "embed", "base", "form", "audio", "video"}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    addresses = page.values("src", "href", "xlink:href", "srcset", "action", "data")
    assert addresses
    assert all(
        address.startswith(("data:image/jpeg;base64,", "data:image/png;base64,", "#", "overlays/"))
        for address in addresses
    )
    assert all(address.startswith("data:") for address in page.values("src"))
    assert not re.search(r"@import|url\((?!#)", page.source)


def test_a_browser_is_told_to_load_and_run_nothing(page):
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_order_answer_warnings_then_results(page):
    wanted = ["Robust change of osteoclast count", "Read this first", "1 well failed and is in no number below.",
              "Sums over the counted wells of an arm", "Osteoclasts per well",
              "Did the treatment change osteoclast count?",
              "Every well, every donor", "Size of the effects", "All endpoints side by side", "Look for yourself",
              "Methods, to paste", "Provenance Version"]  # fmt: skip
    places = [page.text.index(words) for words in wanted]
    assert places == sorted(places)


def test_the_same_folder_gives_the_same_bytes(full):
    first = (full / "report.html").read_bytes()
    assert write_report(full).read_bytes() == first


def test_a_given_comparison_gives_the_same_page(full):
    from osteocount.report.results import read_results
    from osteocount.stats import compare

    first = (full / "report.html").read_bytes()
    assert write_report(full, compare(read_results(full).wells)).read_bytes() == first


def test_hostile_names_stay_text(compared_copy):
    wells = pd.read_csv(compared_copy / "wells.csv")
    wells["treatment"] = wells["treatment"].replace({"rhIL-32": ATTACK})
    wells["donor"] = wells["donor"] + ATTACK
    wells[ATTACK] = ATTACK
    wells.to_csv(compared_copy / "wells.csv", index=False)
    warnings = result_folders.write_comparison(compared_copy, wells)
    record = json.loads((compared_copy / "run.json").read_text())
    for entry in record["inputs"]:
        entry |= {"image": ATTACK, "axes": ATTACK, "warnings": [ATTACK], "record": {ATTACK: ATTACK}, "regime": ATTACK}
    everything = dict.fromkeys(("command", "osteocount", "layout"), ATTACK) | {"libraries": {ATTACK: ATTACK}}
    everything |= {"settings": {ATTACK: ATTACK, "segment": {ATTACK: ATTACK}}, "warnings": [*warnings, ATTACK]}
    edit(compared_copy, inputs=record["inputs"], **everything)
    name = 'x" onerror="alert(1).png'
    result_folders.draw_overlay(np.random.default_rng(0), compared_copy / "overlays" / name)
    page = Page(write_report(compared_copy))
    assert "script" not in page.names()
    assert "<script" not in page.source
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert ATTACK in page.text


def test_without_a_layout_there_is_no_comparison_and_the_page_says_what_makes_one(counted_copy):
    page = Page(write_report(counted_copy))
    assert "No comparison of treatments was made." in page.text
    assert "A layout with treatment, donor and control makes one" in page.text
    assert "robust" not in page.text
    assert "was compared with" not in page.text
    assert [tag for tag, _ in page.tags].count("svg") == 1

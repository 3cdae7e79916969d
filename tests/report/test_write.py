"""The page as a reader, a browser and an attacker see it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from urllib.parse import unquote

import numpy as np
import pandas as pd

from osteocount.report import write_report
from support import result_folders
from support.report_pages import ATTACK, Page, edit

OWN_FILES = (
    "overlays/",
    "figures/",
    "wells.csv",
    "cells.csv",
    "nuclei.csv",
    "comparisons.csv",
    "results.xlsx",
    "run.json",
)


def script_of(page: Page) -> str:
    """Return the one script of the page."""
    (script,) = re.findall(r"<script>(.*?)</script>", page.source, re.DOTALL)
    return script


def test_nothing_is_loaded_from_elsewhere(page):
    assert not page.names() & {"link", "iframe", "object", "embed", "base", "form", "audio", "video"}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    addresses = page.values("src", "href", "xlink:href", "srcset", "action", "data")
    assert addresses
    assert all(
        address.startswith(("data:image/jpeg;base64,", "data:image/png;base64,", "#", *OWN_FILES))
        for address in addresses
    )
    assert all(address.startswith("data:") for address in page.values("src"))
    assert not re.search(r"@import|url\((?!#)", page.source)


def test_every_link_leads_to_a_file(full, page):
    links = [address for address in page.values("href") if address.startswith(OWN_FILES)]
    assert {"wells.csv", "comparisons.csv", "figures/superplot.svg", "figures/plate_map.svg"} < set(links)
    assert [address for address in links if not (full / unquote(address)).is_file()] == []


def test_a_browser_is_told_to_run_our_script_alone_and_to_load_nothing(page):
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(script_of(page).encode()).digest()).decode()
    assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert not re.search(r"https?:|fetch|XMLHttpRequest|import\(|innerHTML|eval", script_of(page))


def test_order_answer_warnings_then_results(page):
    wanted = ["Robust change of osteoclast count", "Read this first", "1 well failed and is in no number below.",
              "Sums over the counted wells of an arm", "Osteoclasts per well",
              "Did the treatment change osteoclast count?",
              "Every well, every donor", "Size of the effects", "Does the answer depend on the number of nuclei?",
              "All counted osteoclasts of an arm together", "All endpoints side by side", "What each endpoint is",
              "Look for yourself", "Methods, to paste", "To cite", "Provenance Version"]  # fmt: skip
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
    everything |= {"settings": {ATTACK: {ATTACK: ATTACK}, "segment": {ATTACK: ATTACK}}, "warnings": [*warnings, ATTACK]}
    edit(compared_copy, inputs=record["inputs"], **everything)
    name = 'x" onerror="alert(1).png'
    result_folders.draw_overlay(np.random.default_rng(0), compared_copy / "overlays" / name)
    page = Page(write_report(compared_copy))
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "alert" not in script_of(page)
    assert "<script>alert" not in page.source
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert ATTACK in page.text


def test_without_a_layout_there_is_no_comparison_and_the_page_says_what_makes_one(counted_copy):
    page = Page(write_report(counted_copy))
    assert "No comparison of treatments was made." in page.text
    assert "A layout with treatment, donor and control makes one" in page.text
    assert "robust" not in page.text
    assert "was compared with" not in page.text
    assert [tag for tag, _ in page.tags].count("svg") == 2  # the plate and the nuclei per osteoclast


def test_names_of_columns_and_endpoints_are_in_no_sentence(page):
    prose = re.sub(r"All settings .*? Osteoclasts per well", "", page.text)
    prose = prose[: prose.index("Provenance Version")]
    assert not re.search(r"osteoclast_(count|area)|n_osteoclasts|nuclei_per_osteoclast|p_across|fusion_index", prose)


def test_every_endpoint_is_defined(page):
    assert "Osteoclast a TRAP-positive cell with at least 3 nuclei" in page.text
    assert (
        "Fusion index nuclei in osteoclasts ÷ nuclei of all TRAP-positive cells, 0 to 1; compared as its" in page.text
    )
    assert "Osteoclast area fraction area of all osteoclasts ÷ imaged area" in page.text

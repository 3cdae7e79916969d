"""Figures stand beside each other in one page."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from osteocount.io.files import NotWritableError
from osteocount.report import write_report
from support import result_folders
from support.report_pages import Page, edit_wells


def test_ids_are_unique_and_every_reference_has_its_target(page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    drawings = [tag for tag, _ in page.tags if tag == "svg"]
    assert len(drawings) == 6
    references = re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", page.source)
    assert references
    assert {first or second for first, second in references} <= set(ids)


def test_a_name_with_broken_mathematics_costs_a_figure_not_the_report(compared_copy):
    edit_wells(compared_copy, pd.read_csv(compared_copy / "wells.csv")["treatment"] == "rhIL-32", treatment=r"$\frac$")
    result_folders.write_comparison(compared_copy, pd.read_csv(compared_copy / "wells.csv"))
    page = Page(write_report(compared_copy))
    assert r"$\frac$ 25 ng/mL: " in page.text


def test_figures_are_saved_in_three_formats_the_same_each_time(compared_copy, monkeypatch):
    monkeypatch.setattr("osteocount.report.figures.FORMATS", ("svg", "png", "pdf"))
    page = Page(write_report(compared_copy))
    names = {"superplot", "effects", "estimation", "nuclei_rule", "nuclei_per_osteoclast", "plate_map"}
    files = {path.name: path.read_bytes() for path in (compared_copy / "figures").iterdir()}
    assert set(files) == {f"{name}.{kind}" for name in names for kind in ("svg", "png", "pdf")}
    assert {address for address in page.values("href") if address.startswith("figures/")} == {
        f"figures/{name}" for name in files
    }
    assert all(files[f"{name}.svg"].startswith(b"<?xml") for name in names)
    assert all(files[f"{name}.png"].startswith(b"\x89PNG") for name in names)
    assert all(files[f"{name}.pdf"].startswith(b"%PDF") for name in names)
    write_report(compared_copy)
    assert {path.name: path.read_bytes() for path in (compared_copy / "figures").iterdir()} == files


def test_a_figure_that_is_drawn_no_more_does_not_stay(counted_copy):
    (counted_copy / "figures").mkdir()
    (counted_copy / "figures" / "effects.svg").write_text("old")
    (counted_copy / "figures" / "figure 3 of the paper.svg").write_text("made of it by hand")
    write_report(counted_copy)
    kept = {"plate_map", "nuclei_per_osteoclast", "figure 3 of the paper"}
    assert {path.stem for path in (counted_copy / "figures").iterdir()} == kept


def test_where_figures_cannot_be_written_it_is_said(counted_copy):
    (counted_copy / "figures").write_text("a file of somebody")
    with pytest.raises(NotWritableError, match=r"figures.* cannot be written"):
        write_report(counted_copy)
    assert (counted_copy / "figures").read_text() == "a file of somebody"


def test_wells_say_what_they_are_under_the_pointer(page):
    titles = re.findall(r'<use [^>]*data-well="plate1 A02"><title>([^<]+)</title>', page.source)
    assert len(titles) == 1
    assert re.fullmatch(r"plate1 A02 · vehicle · D1 · [\d.]+", titles[0])
    assert re.search(r'<g id="map0-well-A02" data-well="plate1 A02"><title>A02 · vehicle', page.source)
    assert '<tr data-well="plate1 A02">' in page.source


def test_arms_come_in_one_order(page):
    wanted = ["vehicle", "EV IL-32 KO 5 µL", "EV wild type 5 µL", "RANKL 50 ng/mL", "rhIL-32 25 ng/mL"]
    table = page.source[page.source.index('class="sortable arms"') :]
    assert re.findall(r"<tr><td>([^<]+)</td>", table[: table.index("</table>")]) == wanted
    for label in ("Osteoclasts per well of plate plate1", "Nuclei per osteoclast"):
        start = page.source.index(f'aria-label="{label}"')
        written = re.findall(r">([^<]+)</text>", page.source[start : page.source.index("</svg>", start)])
        firsts = [next(n for n, text in enumerate(written) if text.startswith(arm[:9])) for arm in wanted]
        assert firsts == sorted(firsts), label

"""Overlays are shown, or linked where there are too many."""

from __future__ import annotations

import re

from osteocount.report import overlays, write_report
from support.report_pages import Page


def test_relative_links_lead_to_files(full, page):
    links = [address for address in page.values("href") if address.startswith("overlays/")]
    assert len(links) == 6
    assert all((full / link).is_file() for link in links)
    assert re.search(r"plate1 A02 field 1 · vehicle · donor D1 · \d+ osteoclasts in the well", page.text)


def test_a_big_plate_shows_some_overlays_and_links_the_rest(counted_copy, monkeypatch):
    monkeypatch.setattr(overlays, "MAX_THUMBNAILS", 2)
    monkeypatch.setattr("osteocount.report.write.MAX_THUMBNAILS", 2)
    (counted_copy / "overlays" / "broken.png").write_bytes(b"not a picture")
    page = Page(write_report(counted_copy))
    assert len(page.values("src")) == 2
    assert "2 of 7 are shown, spread over the wells; the others are linked." in page.text
    assert sum(link.startswith("overlays/") for link in page.values("href")) == 7


def test_an_overlay_that_cannot_be_read_is_linked_and_said(counted_copy):
    (counted_copy / "overlays" / "broken.png").write_bytes(b"not a picture")
    assert "broken.png broken (cannot be read)" in Page(write_report(counted_copy)).text

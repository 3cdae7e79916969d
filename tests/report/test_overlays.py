"""Overlays are shown, or linked where there are too many."""

from __future__ import annotations

import base64
import re

import pytest

from osteocount.io.result_folder import ResultFolder
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


@pytest.mark.parametrize(
    ("kept", "is_shown"), [(b"\xff\xd8\xffsmall", True), (b"<script>", False), (b"\xff\xd8\xff" + bytes(2**20), False)]
)
def test_the_thumbnail_that_the_run_kept_is_shown_where_it_is_one(counted_copy, kept, is_shown):
    small = ResultFolder(counted_copy).thumbnail("A02_f1")
    small.parent.mkdir(exist_ok=True)
    small.write_bytes(kept)
    sources = Page(write_report(counted_copy)).values("src")
    assert len(sources) == 6
    assert (f"data:image/jpeg;base64,{base64.b64encode(kept).decode()}" in sources) is is_shown

"""The report printed by a browser, here one that is made up."""

from __future__ import annotations

import os
import sys

import pytest

from osteocount.errors import OsteoCountError
from osteocount.report import pdf

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a made-up browser is a script")


def browser(folder, body):
    path = folder / "chromium"
    path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pdf, "_PLACES", ())
    (tmp_path / "a b").mkdir()
    path = tmp_path / "a b" / "report.html"
    path.write_text("<!doctype html>")
    return path


def test_the_page_is_printed_beside_itself_without_a_sound(page, tmp_path):
    browser(tmp_path, """
to = next(a for a in sys.argv if a.startswith("--print-to-pdf=")).partition("=")[2]
open(to, "w").write("%PDF-1.4\\n" + " ".join(sys.argv[1:]) + "\\n%%EOF\\n")
""")  # fmt: skip
    printed = pdf.print_pdf(page)
    assert printed == page.with_name("report.pdf")
    said = printed.read_text()
    assert said.endswith("/a%20b/report.html\n%%EOF\n")
    assert {"--headless", "--disable-background-networking", "--no-pdf-header-footer"} <= set(said.split())


def test_without_a_browser_it_says_what_to_do(page):
    with pytest.raises(OsteoCountError, match=r"No browser that prints by itself was found .* print it to a PDF"):
        pdf.print_pdf(page)


HALF = """
to = next(a for a in sys.argv if a.startswith("--print-to-pdf=")).partition("=")[2]
open(to, "w").write("%PDF-1.4 half of it")
"""


@pytest.mark.parametrize("before_it_fails", ["", HALF], ids=["nothing printed", "half printed"])
def test_a_browser_that_fails_is_no_pdf(page, tmp_path, before_it_fails):
    browser(tmp_path, f'{before_it_fails}\nprint("no display", file=sys.stderr); sys.exit(1)')
    page.with_suffix(".pdf").write_text("old")
    with pytest.raises(OsteoCountError, match=r"could not print .* \(no display\)"):
        pdf.print_pdf(page)
    assert [path.name for path in page.parent.iterdir()] == ["report.html"]

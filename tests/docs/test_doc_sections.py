"""Writing one section of a measured page leaves everything else as it is."""

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "doc_sections.py"
PAGE = "# Accuracy\n\n<!-- one -->\nold\n<!-- end of one -->\n\nBetween.\n\n<!-- two -->\n2\n<!-- end of two -->\n"


@pytest.fixture
def write():
    spec = importlib.util.spec_from_file_location("doc_sections", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.write


def test_a_section_is_replaced_in_its_place(write, tmp_path):
    page = tmp_path / "accuracy.md"
    page.write_text(PAGE, encoding="utf-8")
    write("one", ["new", r"\1"], page)
    assert page.read_text(encoding="utf-8") == PAGE.replace("old", "new\n\\1")


def test_a_new_section_comes_last_and_a_new_page_has_its_head(write, tmp_path):
    page = tmp_path / "performance.md"
    write("one", ["new", ""], page)
    write("two", ["2"], page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Performance\n")
    assert text.endswith("<!-- one -->\nnew\n<!-- end of one -->\n\n<!-- two -->\n2\n<!-- end of two -->\n")

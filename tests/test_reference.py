"""The reference of columns and settings in docs/ is up to date."""

import runpy
from pathlib import Path

import pytest

REFERENCES = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "reference.py"))["REFERENCES"]


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.name)
def test_the_reference_is_up_to_date(path):
    assert path.read_text(encoding="utf-8") == REFERENCES[path](), "run: python scripts/reference.py"

"""What holds for every view."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from osteocount.napari.views import plate_view

ROOM = Path(plate_view.__file__).parent
VIEWS = sorted(path.name for path in ROOM.glob("*_view.py"))


@pytest.mark.parametrize("name", VIEWS)
def test_no_view_imports_napari(name):
    imported = [node.module or "" for node in ast.walk(ast.parse((ROOM / name).read_text()))
                if isinstance(node, ast.ImportFrom)]  # fmt: skip
    assert not [module for module in imported if module.split(".")[0] == "napari"]


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_tested_without_a_viewer(name):
    module = f"osteocount.napari.views.{name.removesuffix('.py')}"
    texts = [path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py")]
    viewer = "make_" + "napari_viewer"
    assert any(f"from {module} import" in text and viewer not in text for text in texts)

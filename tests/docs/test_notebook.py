"""The tutorial notebook runs from its first cell to its last."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from support.patience import PATIENCE_S

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


# Of the libraries that run notebooks, not of ours.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_notebook_runs_and_says_what_it_promises(tmp_path):
    if sys.platform == "win32":  # their sockets need it
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs are not kept in the repository"
    NotebookClient(
        notebook, timeout=PATIENCE_S, startup_timeout=PATIENCE_S, kernel_name="python3",
        resources={"metadata": {"path": tmp_path}},
    ).execute()  # fmt: skip
    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ()))
    assert "Osteoclast count (primary)" in printed
    assert "DMSO" in printed

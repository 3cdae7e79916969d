"""Result folders with and without a comparison, built once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from osteocount.report import write_report
from support import result_folders
from support.report_pages import Page


@pytest.fixture(scope="session")
def full(tmp_path_factory) -> Path:
    folder = result_folders.build(tmp_path_factory.mktemp("report") / "IL-32 plate")
    write_report(folder)
    return folder


@pytest.fixture(scope="session")
def uncompared(tmp_path_factory) -> Path:
    return result_folders.build(tmp_path_factory.mktemp("report") / "results", layout=False)


@pytest.fixture
def compared_copy(full, tmp_path) -> Path:
    """Copy a folder with a comparison, to be changed."""
    return Path(shutil.copytree(full, tmp_path / "results", ignore=shutil.ignore_patterns("report.html")))


@pytest.fixture
def counted_copy(uncompared, tmp_path) -> Path:
    """Copy a folder without a layout, to be changed."""
    return Path(shutil.copytree(uncompared, tmp_path / "results"))


@pytest.fixture(scope="session")
def page(full) -> Page:
    return Page(full / "report.html")

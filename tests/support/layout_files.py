"""Layouts written as text, what they say, and with which words they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from osteocount.errors import OsteoCountError
from osteocount.plate.layout.read import read_layout


def write(tmp_path: Path, text: str, name: str = "layout.csv", encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    return path


def records(path: Path, *columns: str) -> list[tuple]:
    return [tuple(row) for row in read_layout(path).wells[["well", *columns]].itertuples(index=False)]


def refusal(path: Path, **options) -> str:
    with pytest.raises(OsteoCountError) as refused:
        read_layout(path, **options)
    return str(refused.value)

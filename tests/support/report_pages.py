"""A page of the report as a browser sees it, and changes to the folder it is made of."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd

ATTACK = "<script>alert(1)</script>\"'&"


class Page(HTMLParser):
    """Text, tags and attributes of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.text = re.sub(r"\s+", " ", self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the tag."""
        self.text += " " if tag == "span" else ""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Keep cells and blocks apart."""
        self.text += " " if tag in ("td", "th", "div", "span", "strong", "li", "p", "h3", "dt", "dd", "summary") else ""

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self.text += "" if self.lasttag in ("style", "script") else data

    def names(self) -> set[str]:
        """All tags of the page."""
        return {tag for tag, _ in self.tags}

    def values(self, *names: str) -> list[str]:
        """All values of these attributes."""
        return [value for _, attrs in self.tags for name, value in attrs.items() if name in names and value]


def edit(folder: Path, **changes) -> None:
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | changes))


def edit_wells(folder: Path, rows, **values) -> None:
    wells = pd.read_csv(folder / "wells.csv")
    for name, value in values.items():
        wells[name] = wells[name].astype(object) if name in wells else pd.Series(None, wells.index, dtype=object)
        wells.loc[rows, name] = value
    wells.to_csv(folder / "wells.csv", index=False)

#!/usr/bin/env python
"""Write the reference of columns and of settings, docs/columns.md and docs/settings.md, from the program.

    python scripts/reference.py

A test says when they are out of date.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from osteocount.columns import TABLES, Column
from osteocount.settings import Settings, bounds, unit_of

DOCS = Path(__file__).resolve().parents[1] / "docs"
MADE = "<!-- Made by scripts/reference.py; change {source} and run it again. -->"
KINDS = {
    "str": "text",
    "int64": "whole number",
    "Int64": "whole number",
    "float64": "number",
    "bool": "True or False",
}


def columns_reference() -> str:
    """Return docs/columns.md."""
    parts = [
        MADE.format(source="src/osteocount/columns.py"),
        "# Columns of the tables",
        "Every column of every table. A value that is not known is empty, never 0. Rows are sorted and numbers have a "
        "fixed precision, so the same input gives the same bytes.",
    ]
    for table in TABLES:
        title = table.file if "`" in table.file or " " in table.file else f"`{table.file}`"
        rows = [(f"`{column.name}`", KINDS[column.dtype], column.unit, _help(column)) for column in table.columns]
        parts += [f"## {title}", table.help, _markdown_table(("Column", "Kind", "Unit", "What it holds"), rows)]
    return "\n\n".join(parts) + "\n"


def _help(column: Column) -> str:
    return f"{column.help} ({column.only[:1].upper()}{column.only[1:]}.)" if column.only else column.help


def settings_reference() -> str:
    """Return docs/settings.md."""
    parts = [
        MADE.format(source="src/osteocount/settings.py"),
        "# Settings",
        "Every setting, by the sections of the settings file. `osteocount settings > settings.toml` writes one to "
        "start from; `osteocount run --settings settings.toml` takes it, and so does the window.",
    ]
    for section, about in Settings.model_fields.items():
        values = getattr(Settings(), section)
        rows = []
        for name, info in type(values).model_fields.items():
            default = values.model_dump(mode="json")[name]
            rows.append(
                (
                    f"`{name}`",
                    ""
                    if default in (None, [])
                    else f"`{str(default).lower() if isinstance(default, bool) else default}`",
                    unit_of(info),
                    ", ".join(bounds(info)),
                    f"{info.title}. {info.description}",
                )
            )
        parts += [
            f"## `[{section}]` {about.title}",
            _markdown_table(("Setting", "Default", "Unit", "Range", "What it is"), rows),
        ]
    return "\n\n".join(parts) + "\n"


def _markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


REFERENCES = {DOCS / "columns.md": columns_reference, DOCS / "settings.md": settings_reference}

if __name__ == "__main__":
    for path, make in REFERENCES.items():
        path.write_text(make(), encoding="utf-8", newline="\n")

"""Plates in the page: the map with hints under the pointer, controls told apart, effects of the place."""

from __future__ import annotations

import pandas as pd

from osteocount.report.number_format import figure, known
from osteocount.report.page_tables import Table

_COLUMNS = (
    ("plate", "Plate"), ("measure", "Measure"), ("controls", "Controls (+ / −)"), ("z_prime", "Z′ (5 to 95 %)"),
    ("robust_z_prime", "Robust Z′"), ("ssmd", "SSMD (5 to 95 %)"), ("cv", "CV of controls, % (+ / −)"),
    ("edge_ratio", "Edge ÷ inner wells"), ("row_medians", "Row medians"), ("column_medians", "Column medians"),
    ("note", "Note"),
)  # fmt: skip
_TEXT = ("plate", "measure", "row_medians", "column_medians", "note")


def quality_table(wells: pd.DataFrame) -> Table | None:
    """Return what is known of every plate and measure, None without a layout."""
    from osteocount.plate.plate_quality import plate_quality

    quality = plate_quality(wells)
    if quality.empty:
        return None
    rows = [[_cells(row)[name] for name, _ in _COLUMNS] for _, row in quality.iterrows()]
    shown = [n for n in range(len(_COLUMNS)) if any(row[n] for row in rows)]
    return Table(
        [_COLUMNS[n][1] for n in shown],
        [[row[n] for n in shown] for row in rows],
        [_COLUMNS[n][0] not in _TEXT for n in shown],
        [False] * len(rows),
    )


def _cells(row: pd.Series) -> dict[str, str]:
    texts = {name: str(row[name]) if known(row[name]) else "" for name in _TEXT}
    texts["measure"] = texts["measure"].replace("_", " ")
    return texts | {
        "controls": f"{row['n_positive']} / {row['n_negative']}",
        "z_prime": _with_interval(row, "z_prime"),
        "robust_z_prime": figure(row["robust_z_prime"]),
        "ssmd": _with_interval(row, "ssmd"),
        "cv": f"{figure(row['cv_positive_percent'])} / {figure(row['cv_negative_percent'])}",
        "edge_ratio": figure(row["edge_ratio"]),
    }


def _with_interval(row: pd.Series, name: str) -> str:
    if not known(row[name]):
        return figure(None)
    return f"{figure(row[name])} ({figure(row[f'{name}_low'])} to {figure(row[f'{name}_high'])})"


def with_hints(svg: str, name: str, hints: dict[str, str]) -> str:
    """Put a title, which browsers show under the pointer, into every well of an inline plate map."""
    from markupsafe import escape

    for well, text in hints.items():
        start = f'<g id="{name}-well-{well}">'
        svg = svg.replace(start, f"{start}<title>{escape(text)}</title>", 1)
    return svg
